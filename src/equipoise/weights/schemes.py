# SPDX-License-Identifier: Apache-2.0
"""Every weight scheme by name, and the weights they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows, is_missing, unmasked
from equipoise._core.checks import one_of, sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.task import UNKNOWN_LABEL, label_matrix
from equipoise.weights.balanced import BALANCED_SCHEME
from equipoise.weights.capped import CAPPED_SCHEME
from equipoise.weights.effective_number import EFFECTIVE_NUMBER_SCHEME
from equipoise.weights.fixed import FIXED_SCHEME
from equipoise.weights.log import LOG_SCHEME
from equipoise.weights.log_inverse import LOG_INVERSE_SCHEME
from equipoise.weights.row_classes import row_classes
from equipoise.weights.scheme import Scheme, totals_shape
from equipoise.weights.sqrt import SQRT_SCHEME

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        BALANCED_SCHEME,
        LOG_SCHEME,
        LOG_INVERSE_SCHEME,
        SQRT_SCHEME,
        EFFECTIVE_NUMBER_SCHEME,
        CAPPED_SCHEME,
        FIXED_SCHEME,
    )
}


def scheme_names() -> list[str]:
    """Return the names of all weight schemes.

    Example:
        >>> scheme_names()[:4]
        ['balanced', 'log', 'log_inverse', 'sqrt']
    """
    return list(SCHEMES)


def class_weights(
    scheme: str, totals: npt.ArrayLike | Mapping[str, float], **options: Any
) -> FloatArray:
    """Return how much an example of each class counts, `[classes]`.

    They are normalised so that the mean weight over the training rows is 1:
    sum(n_c w_c) = sum(n_c). As a Keras `class_weight` they read
    `dict(enumerate(weights))`; see also `keras_class_weight`.

    Weights belong on the *loss* of each example. Multiplied into the *logits*
    they do something else: see `equipoise.losses.CrossEntropy`.

    Args:
        scheme: One of `scheme_names()`.
        totals: `[classes]` the number of training rows of each class, or their total
            weight; or a mapping of the classes' names to them. Of labels,
            `[labels, 2]` rows without and with each.
        **options: The scheme's options: `beta` for "effective_number"; `cap`, or
            `most`, for "capped"; for "fixed" `positive_weight`, `by_class` (weights in
            the order of the classes, or by name) or `costs` (a matrix, rows for
            the true class and columns for the decision).

    Returns:
        `[classes]`, in the order of the totals. Of labels `[labels, 2]`, each weighted
        as a problem of its own; 1 and 1 for a label that all rows have or none has.

    Raises:
        InputTypeError: A total is not a number.
        InputError: The scheme or an option is unknown, or a class is empty.

    Example:
        >>> class_weights("balanced", [90, 10]).tolist()
        [0.5555555555555556, 5.0]
        >>> class_weights("balanced", {"CYT": 50, "MIT": 30, "POX": 20}).round(3)
        array([0.667, 1.111, 1.667])
    """
    record = SCHEMES[one_of(scheme, SCHEMES, "weights")]
    if isinstance(totals, Mapping):
        return record.weights(list(totals.values()), tuple(totals), **options)
    if len(totals_shape(totals)) == 2:
        return record.task_weights(totals, **options)
    return record.weights(totals, **options)


def example_weights(
    labels: npt.ArrayLike,
    scheme: str,
    *,
    labelled: npt.ArrayLike | None = None,
    **options: Any,
) -> FloatArray:
    """Return a weight for each label, for `model.fit(..., sample_weight=...)`.

    Args:
        labels: `[rows]` class numbers, 0 or 1 for two classes, or the names of the
            classes; or a matrix `[rows, labels]` of 0 and 1, with NaN or -1 where it
            is not known whether a row has a label.
        scheme: One of `scheme_names()`.
        labelled: `[rows, labels]` whether each entry of a matrix is known; None if all
            are but NaN and -1.
        **options: As in `class_weights`.

    Returns:
        Float64 of the labels' shape, with mean 1. Each column of a matrix has mean 1
        over its known entries; the others weigh 0.

    Raises:
        InputTypeError: The labels are neither numbers nor names.
        InputError: The scheme or an option is unknown, a label is not accepted, or a
            class is empty.

    Example:
        >>> example_weights([0, 0, 0, 1], "balanced").round(3).tolist()
        [0.667, 0.667, 0.667, 2.0]
        >>> example_weights(["a", "b", "a", "a"], "balanced").round(3).tolist()
        [0.667, 2.0, 0.667, 0.667]
        >>> labels = [[1, 0], [0, 0], [0, 1], [0, float("nan")]]
        >>> example_weights(labels, "capped", most=0.7).round(3).tolist()
        [[1.75, 0.75], [0.75, 0.75], [0.75, 1.5], [0.75, 0.0]]
    """
    if np.ndim(labels) == 2:
        return _matrix_weights(labels, scheme, labelled, options)
    if labelled is not None:
        raise InputError(
            sentence(
                "labelled=... for one label per row",
                "a mask for a matrix [rows, labels]",
                "Leave out the rows that have no label.",
            )
        )
    number, names = _numbered(labels)
    sizes = np.bincount(number, minlength=len(names) or 2)
    totals: Any = dict(zip(names, sizes.tolist(), strict=True)) if names else sizes
    return np.asarray(class_weights(scheme, totals, **options)[number])


def keras_class_weight(
    labels: npt.ArrayLike, scheme: str, **options: Any
) -> dict[int, float]:
    """Return weights for `model.fit(..., class_weight=...)`.

    Args:
        labels: `[rows]` class numbers, 0 or 1 for two classes.
        scheme: One of `scheme_names()`.
        **options: As in `class_weights`.

    Returns:
        The weight of each class, by its number; their mean over the rows is 1.

    Raises:
        InputTypeError: The labels are not numbers.
        InputError: As in `class_weights`, or a label is no class number.

    Example:
        >>> keras_class_weight([0, 0, 0, 1, 1, 2], "balanced")
        {0: 0.6666666666666666, 1: 1.0, 2: 2.0}
    """
    number, count = row_classes(labels)
    weights = class_weights(scheme, np.bincount(number, minlength=count), **options)
    return {place: float(weight) for place, weight in enumerate(weights)}


def _matrix_weights(
    labels: npt.ArrayLike,
    scheme: str,
    labelled: npt.ArrayLike | None,
    options: Mapping[str, Any],
) -> FloatArray:
    """Return the weights of a label matrix, each label as a problem of its own."""
    entries = label_matrix(unmasked(labels, "labels"))
    if labelled is not None:
        mask = np.asarray(labelled)
        if mask.shape != entries.shape or mask.dtype != np.bool_:
            raise InputError(
                sentence(
                    f"labelled of shape {mask.shape} and type {mask.dtype}",
                    f"Booleans of the labels' shape {entries.shape}",
                )
            )
        entries = np.where(mask, entries, np.int8(UNKNOWN_LABEL))
    one_of(scheme, SCHEMES, "weights")
    weights = np.zeros(entries.shape)
    for column, entry in zip(weights.T, entries.T, strict=True):
        totals = np.array([np.count_nonzero(entry == side) for side in (0, 1)])
        if totals.any():
            both = SCHEMES[scheme].task_weights(totals[None], **options)[0]
            column[entry >= 0] = both[entry[entry >= 0]]
    return weights


def _numbered(labels: npt.ArrayLike) -> tuple[IntArray, tuple[str, ...]]:
    """Return the class number of each row, and the names if there are names."""
    values = np.asarray(unmasked(labels, "labels"))
    if values.dtype.kind not in "OSU" or values.ndim != 1 or not values.size:
        return row_classes(values)[0], ()
    missing = np.flatnonzero([is_missing(value) for value in values.tolist()])
    if len(missing):
        raise InputError(
            sentence(
                f"{len(missing):,} labels that are missing ({in_rows(missing)})",
                "a class for each row",
                "Leave out the rows that have no label.",
            )
        )
    if not any(isinstance(value, str) for value in values.tolist()):
        return row_classes(floats(values, "labels"))[0], ()
    names, number = np.unique(values.astype(str), return_inverse=True)
    return number.astype(np.int64), tuple(names.tolist())
