# SPDX-License-Identifier: Apache-2.0
"""Every weighting scheme by name, and the weights they give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise.metrics.inputs import check_labels
from equipoise.weights import (
    balanced,
    capped,
    effective_number,
    fixed,
    log,
    sqrt,
)
from equipoise.weights.scheme import Scheme

SCHEMES: dict[str, Scheme] = {
    module.SCHEME.name: module.SCHEME
    for module in (balanced, log, sqrt, effective_number, capped, fixed)
}


def scheme_names() -> list[str]:
    """Return the names of all weighting schemes.

    Example:
        >>> scheme_names()
        ['balanced', 'log', 'sqrt', 'effective_number', 'capped', 'fixed']
    """
    return list(SCHEMES)


def class_weights(
    scheme: str, negatives: float, positives: float, **options: float
) -> tuple[float, float]:
    """Return the weights of a negative and of a positive example.

    They are normalised so that the mean weight over the training rows is 1:
    (n0 w0 + n1 w1) / (n0 + n1) = 1. As a Keras `class_weight` they read
    `{0: w0, 1: w1}`.

    Weights belong on the *loss* of each example. Multiplied into the *logits*
    they do something else: see `equipoise.losses.CrossEntropy`.

    Args:
        scheme: One of `scheme_names()`.
        negatives: The number of negative training rows, or their total weight.
        positives: The number of positive training rows, or their total weight.
        **options: The scheme's own numbers: `beta` for "effective_number", `cap`
            for "capped", `positive_weight` for "fixed".

    Raises:
        InputError: The scheme or an option is not known, or a class is empty.

    Example:
        >>> class_weights("balanced", 90, 10)
        (0.5555555555555556, 5.0)
    """
    record = SCHEMES[one_of(scheme, SCHEMES, "weights")]
    return record.weights(negatives, positives, **options)


def example_weights(
    labels: npt.ArrayLike, scheme: str, **options: float
) -> npt.NDArray[np.float64]:
    """Return one weight per row, for `model.fit(..., sample_weight=...)`.

    Args:
        labels: `[rows]`, 0 or 1.
        scheme: One of `scheme_names()`.
        **options: As in `class_weights`.

    Returns:
        `[rows]` float64 with mean 1.

    Raises:
        InputError: The scheme or an option is not known, a label is neither 0
            nor 1, or a class is empty.

    Example:
        >>> example_weights([0, 0, 0, 1], "balanced").round(3).tolist()
        [0.667, 0.667, 0.667, 2.0]
    """
    positive = check_labels(labels)
    n1 = int(np.count_nonzero(positive))
    w0, w1 = class_weights(scheme, positive.size - n1, n1, **options)
    return np.where(positive, w1, w0)
