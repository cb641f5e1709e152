# SPDX-License-Identifier: Apache-2.0
"""Cross-entropy or focal loss, weighted by the effective number of examples."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_targets, number_by_class
from equipoise.losses.focal import focal_loss, softmax_focal_loss
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.priors import Link


def class_balanced_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    rows: Tensor,
    beta: Tensor = 0.9999,
    gamma: Tensor = 0.0,
) -> Tensor:
    """Return the focal loss with class weights (1 - b) / (1 - b^n_c), of mean 1.

    Rows overlap, so n rows are worth (1 - b^n) / (1 - b) distinct ones. At b = 0 both
    classes count 1, towards 1 they count by their inverse frequency.

    Source: Cui et al. (2019), "Class-balanced loss based on effective number of
    samples", section 4 and equations 5, 12 and 13.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        prior: The share of positives among the examples drawn, strictly between 0
            and 1: a number, or numbers that broadcast against the logits.
        rows: How many training examples there are, so that n_1 = prior * rows.
        beta: b, in [0, 1). The paper tries .9, .99, .999 and .9999.
        gamma: The focal loss' exponent, at least 0; 0 is the cross-entropy.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = class_balanced_loss(
        ...     [1.0, 0.0], [0.0, 0.0], prior=0.1, rows=100, beta=0.99
        ... )
        >>> [round(float(value), 4) for value in values]
        [1.1944, 0.1919]
    """
    named = {"prior": prior, "rows": rows, "beta": beta, "gamma": gamma}
    check_options("class_balanced", **named)
    t, z = prepared(targets, logits)
    share, total, b = _with_digits(z, prior, rows, beta)
    positive = distinct_share(share * total, b)
    negative = distinct_share((1 - share) * total, b)
    alpha = negative / (positive + negative)  # half the weight of a positive
    return 2 * focal_loss(t, z, gamma=gamma, alpha=ops.cast(alpha, z.dtype))


def softmax_class_balanced_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    rows: Tensor,
    beta: Tensor = 0.9999,
    gamma: Tensor = 0.0,
) -> Tensor:
    """Return the same for several classes, by a softmax.

    Source: As `class_balanced_loss`.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        prior: `[classes]` the share of each class among the examples drawn, above 0.
        rows: How many training examples there are.
        beta: b, in [0, 1).
        gamma: The focal loss' exponent, at least 0; 0 is the cross-entropy.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_class_balanced_loss(
        ...     [0, 2], [[0.0] * 3] * 2, prior=[0.7, 0.2, 0.1], rows=100, beta=0.9
        ... )
        >>> [round(float(value), 4) for value in values]
        [0.8975, 1.3772]
    """
    check_options("class_balanced", rows=rows, beta=beta, gamma=gamma)
    t, z = class_targets(targets, logits)
    number_by_class(prior, z, "prior")
    shares, total, b = _with_digits(z, prior, rows, beta)
    inverse = 1 / distinct_share(shares * total, b)
    alpha = inverse / ops.mean(inverse, axis=-1, keepdims=True)
    return softmax_focal_loss(t, z, gamma=gamma, alpha=ops.cast(alpha, z.dtype))


def _with_digits(logits: Tensor, *options: Tensor) -> list[Tensor]:
    """Return options of at least float32: .9999 is 1 in the types of half the size."""
    dtype = "float64" if logits.dtype == "float64" else "float32"
    return [as_type(option, dtype) for option in options]


def distinct_share(count: Tensor, beta: Tensor) -> Tensor:
    """Return 1 - b^n, with its digits if b is close to 1.

    Args:
        count: n, above 0.
        beta: b, in [0, 1).

    Example:
        >>> round(float(distinct_share(ops.array(100.0), ops.array(0.99))), 4)
        0.634
    """
    return -ops.expm1(count * ops.log(beta))


@keras.saving.register_keras_serializable("equipoise")
class ClassBalanced(ExampleLoss):
    """The class-balanced cross-entropy or focal loss, for `model.compile`.

    When to use: on long tails, in which the inverse frequency would give a class of
    ten rows a weight without bound. When not: with two classes and many rows, for
    which it is the inverse frequency.

    Args:
        prior: The share of positives among the training examples; of each class, or
            with each label, if there are several.
        rows: How many training examples there are.
        beta: In [0, 1): rows up to about 1 / (1 - beta) count as distinct.
        gamma: The focal loss' exponent, at least 0.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = ClassBalanced(prior=0.1, rows=100, beta=0.99)
        >>> round(float(loss([1.0, 0.0], [0.0, 0.0])), 4)
        0.6931
    """

    record = "class_balanced"
    function = staticmethod(class_balanced_loss)
    softmax = staticmethod(softmax_class_balanced_loss)

    def __init__(
        self,
        prior: float | Sequence[float],
        rows: float,
        beta: float = 0.9999,
        gamma: float = 0.0,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "class_balanced",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        prior = number_or_numbers(prior, "prior", link == "softmax")
        options = {"prior": prior, "rows": rows, "beta": beta, "gamma": gamma}
        check_options("class_balanced", **options)
        super().__init__(reduction, name, dtype, link, **options)
