# SPDX-License-Identifier: Apache-2.0
"""Labels and probabilities of two classes in the forms that scikit-learn has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import listing, sentence
from equipoise.errors import InputError
from equipoise.metrics.inputs import require_labelled
from equipoise.metrics.task_rows import SUMS
from equipoise.reading.class_names import class_number
from equipoise.verbs.named_columns import by_name, names_of_columns


def binary_arrays(
    y: Any,
    probability: Any,
    *,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
) -> tuple[Any, Any, tuple[str, ...]]:
    """Return labels of 0 and 1, the positive's probabilities, and what was assumed.

    Args:
        y: `[rows]` labels of two classes: 0 and 1, or any two values.
        probability: `[rows]` of the positive class; or `[rows, 2]` that sum to 1. The
            columns of a data frame that are called like the classes are found by
            their names.
        positive: The label of the positive class; None for 1, or for that of the
            second column.
        classes: The labels in the order of the two columns; None for their own
            order, as scikit-learn's `predict_proba` has it.

    Raises:
        InputError: It does not follow which class is positive, or a label is none of
            the two.

    Example:
        >>> y, p, _ = binary_arrays(["a", "b"], [[0.9, 0.1], [0.2, 0.8]])
        >>> y.tolist(), p.tolist()
        ([0, 1], [0.1, 0.8])
    """
    if np.ndim(probability) != 2 and positive is None and classes is None:
        _require_numbers(np.asarray(unmasked(y, "labels")))
        return _column(y, "labels"), probability, ()
    labels = np.asarray(unmasked(_column(y, "labels"), "labels"))
    require_labelled(labels, "a label in every row")
    p = np.asarray(_column(probability, "probabilities"))
    names = _two(labels, classes)
    columns = names_of_columns(probability)
    if p.ndim == 2:
        p = np.asarray(by_name(probability, names))
        _require_sums(p)
    chosen = _place(positive, names)
    if unknown := sorted({str(v) for v in _distinct(labels) if v not in names}):
        raise InputError(
            sentence(
                f"labels {listing(unknown)} that are none of the classes",
                f"{names[0]!r} and {names[1]!r}",
            )
        )
    on = (labels == names[chosen]).astype(np.int64)
    if p.ndim == 1:
        return on, p, ()
    word = str(names[chosen])
    place = columns.index(word) if word in columns else chosen
    note = (
        f"Column {place + 1} of the probabilities was taken for class "
        f"{names[chosen]!r}, which is the positive one; the other is "
        f"{names[1 - chosen]!r}."
    )
    return on, p[:, chosen], (note,)


def _column(values: Any, what: str) -> Any:
    """Return values of one column as `[rows]`, others as they are."""
    if np.ndim(values) != 2 or np.shape(values)[1] != 1:
        return values
    return np.asarray(unmasked(values, what))[:, 0]


def _require_numbers(labels: npt.NDArray[Any]) -> None:
    """Raise if labels are strings, of which either may be the positive one."""
    if labels.dtype.kind not in "OUS":
        return
    require_labelled(labels, "labels of 0 and 1")
    texts = sorted({str(value) for value in labels.tolist()})
    if set(texts) <= {"0", "1", "True", "False", "0.0", "1.0"}:
        return
    raise InputError(
        sentence(
            f"labels {listing(texts, 4)} with one probability per row",
            "labels of 0 and 1, or the name of the positive class",
            f"Pass positive={texts[-1]!r} if the probabilities are of that class.",
        )
    )


def _two(labels: npt.NDArray[Any], classes: Sequence[Any] | None) -> list[Any]:
    """Return the two classes in the order of the columns."""
    if classes is not None:
        names = list(classes)
    elif labels.dtype.kind in "biuf" and set(np.unique(labels)) <= {0, 1}:
        names = [0, 1]
    else:
        names = _distinct(labels)
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(
            sentence(
                f"{len(names)} classes ({listing(map(str, names), 4)}) for "
                "probabilities of two",
                "two classes",
                "Pass classes=[first, second] in the order of the columns.",
            )
        )
    return names


def _distinct(labels: npt.NDArray[Any]) -> list[Any]:
    try:
        return list(np.unique(labels).tolist())
    except TypeError:  # numbers beside strings have no order
        return sorted(set(labels.ravel().tolist()), key=str)


def _place(positive: Any, names: Sequence[Any]) -> int:
    """Return the place of the positive class, spelled as it is or as in a table."""
    if positive is None:
        return 1
    if positive in names:
        return list(names).index(positive)
    place = class_number(positive, [" ".join(str(name).split()) for name in names])
    if place is None:
        raise InputError(
            sentence(f"positive={positive!r}", f"one of {names[0]!r} and {names[1]!r}")
        )
    return place


def _require_sums(p: npt.NDArray[Any]) -> None:
    sums = p.sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(sums - 1) <= SUMS))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            sentence(
                f"probabilities of two classes that sum to {sums[row]:.3g} in row "
                f"{row}",
                "probabilities that sum to 1 in each row",
                "For two labels that do not exclude each other pass y as a matrix.",
            )
        )
