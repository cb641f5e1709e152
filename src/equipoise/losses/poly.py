# SPDX-License-Identifier: Apache-2.0
"""The Poly-1 loss: the cross-entropy plus a multiple of 1 - p."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_log_odds, class_targets
from equipoise.losses.option_checks import check_options
from equipoise.priors import Link


def poly_loss(targets: Tensor, logits: Tensor, *, epsilon: Tensor = 1.0) -> Tensor:
    """Return -log p_y + e (1 - p_y), where p_y is the probability of the true class.

    The cross-entropy is the sum of (1 - p_y)^j / j; this changes the first term. Its
    minimiser is not the log-odds; `loss.link` returns their probabilities.

    Source: Leng et al. (2022), "PolyLoss: a polynomial expansion perspective of
    classification loss functions", equation 3.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        epsilon: e, above -1: a number, or numbers that broadcast against the logits. 0
            is the cross-entropy, 1 the paper's choice for two classes and more.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The option is out of range, the last axes differ, or the logits are
            not floating point.

    Example:
        >>> values = poly_loss([1.0, 0.0], [0.0, 2.0])
        >>> [round(float(value), 4) for value in values]
        [1.1931, 3.0077]
    """
    check_options("poly", epsilon=epsilon)
    t, z = prepared(targets, logits)
    e = as_type(epsilon, z.dtype)
    positive = ops.softplus(-z) + e * ops.sigmoid(-z)
    negative = ops.softplus(z) + e * ops.sigmoid(z)
    return t * positive + (1 - t) * negative


def softmax_poly_loss(
    targets: Tensor, logits: Tensor, *, epsilon: Tensor = 1.0
) -> Tensor:
    """Return -sum_c t_c (log p_c - e (1 - p_c)) at p = softmax(z), per example.

    Source: Leng et al. (2022), equation 3.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        epsilon: e, above -1: a number, or numbers that broadcast against the logits.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_poly_loss([2, 0], [[0.0, 0.0, 2.0], [0.0] * 3])
        >>> [round(float(value), 4) for value in values]
        [0.4526, 1.7653]
    """
    check_options("poly", epsilon=epsilon)
    t, z = class_targets(targets, logits)
    odds = class_log_odds(z)
    values = ops.softplus(-odds) + as_type(epsilon, z.dtype) * ops.sigmoid(-odds)
    return ops.sum(t * values, axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class Poly(ExampleLoss):
    """The Poly-1 loss, for `model.compile`.

    When to use: as the focal loss, with the opposite effect: at an epsilon above 0
    examples that are nearly right count more, not less. When not: without
    `loss.link`, if you want probabilities; the raw ones are too extreme.

    Args:
        epsilon: Above -1; 0 is the cross-entropy.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> Poly(epsilon=1.0).link([0.0, 2.0]).round(4).tolist()
        [0.5, 0.8147]
    """

    record = "poly"
    function = staticmethod(poly_loss)
    softmax = staticmethod(softmax_poly_loss)

    def __init__(
        self,
        epsilon: float = 1.0,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "poly",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("poly", epsilon=epsilon)
        super().__init__(reduction, name, dtype, link, epsilon=epsilon)
