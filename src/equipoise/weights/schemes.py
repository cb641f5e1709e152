# SPDX-License-Identifier: Apache-2.0
"""Every weight scheme by name, and the weights they give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.types import FloatArray
from equipoise.metrics.inputs import check_labels
from equipoise.weights.balanced import BALANCED_SCHEME
from equipoise.weights.capped import CAPPED_SCHEME
from equipoise.weights.effective_number import EFFECTIVE_NUMBER_SCHEME
from equipoise.weights.fixed import FIXED_SCHEME
from equipoise.weights.log import LOG_SCHEME
from equipoise.weights.scheme import Scheme
from equipoise.weights.sqrt import SQRT_SCHEME

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        BALANCED_SCHEME,
        LOG_SCHEME,
        SQRT_SCHEME,
        EFFECTIVE_NUMBER_SCHEME,
        CAPPED_SCHEME,
        FIXED_SCHEME,
    )
}


def scheme_names() -> list[str]:
    """Return the names of all weight schemes.

    Example:
        >>> scheme_names()
        ['balanced', 'log', 'sqrt', 'effective_number', 'capped', 'fixed']
    """
    return list(SCHEMES)


def class_weights(scheme: str, totals: npt.ArrayLike, **options: float) -> FloatArray:
    """Return how much an example of each class counts, `[classes]`.

    They are normalised so that the mean weight over the training rows is 1:
    sum(n_c w_c) = sum(n_c). As a Keras `class_weight` they read
    `dict(enumerate(weights))`.

    Weights belong on the *loss* of each example. Multiplied into the *logits*
    they do something else: see `equipoise.losses.CrossEntropy`.

    Args:
        scheme: One of `scheme_names()`.
        totals: `[classes]` the number of training rows of each class, or their total
            weight.
        **options: The scheme's options: `beta` for "effective_number", `cap`
            for "capped", `positive_weight` for "fixed".

    Raises:
        InputTypeError: A total is not a number.
        InputError: The scheme or an option is unknown, or a class is empty.

    Example:
        >>> class_weights("balanced", [90, 10]).tolist()
        [0.5555555555555556, 5.0]
    """
    record = SCHEMES[one_of(scheme, SCHEMES, "weights")]
    return record.weights(totals, **options)


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
        InputError: The scheme or an option is unknown, a label is neither 0
            nor 1, or a class is empty.

    Example:
        >>> example_weights([0, 0, 0, 1], "balanced").round(3).tolist()
        [0.667, 0.667, 0.667, 2.0]
    """
    positive = check_labels(labels)
    n1 = int(np.count_nonzero(positive))
    weights = class_weights(scheme, [positive.size - n1, n1], **options)
    return np.asarray(weights[positive.astype(np.int64)])
