# SPDX-License-Identifier: Apache-2.0
"""The asymmetric loss of several labels: easy negatives count nothing."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.option_checks import check_options
from equipoise.priors import Link


def asymmetric_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    gamma_negative: Tensor = 4.0,
    gamma_positive: Tensor = 1.0,
    cutoff: Tensor = 0.05,
) -> Tensor:
    """Return -t (1 - p)^g1 log p - (1 - t) q^g0 log(1 - q) at q = (p - m)_+.

    A focal loss with an exponent for each side, and negatives below the probability m
    cut off. With one negative after the other fading, p is pushed up: a label that one
    row in a thousand has gets a raw p of about .2. `loss.link` returns its probability,
    exactly at p > m. Below m the loss of a negative is flat, and so is what a trained
    network says there: the link gives 0.

    The focusing factors are part of the loss and of its gradient. (The authors' code
    can keep them out of the gradient, which then is that of no loss.)

    Source: Ridnik et al. (2021), "Asymmetric loss for multi-label classification",
    equations 4 to 7.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        gamma_negative: g0, at least 0: how fast negatives fade that are right.
        gamma_positive: g1, at least 0: how fast positives fade that are right.
        cutoff: m, in [0, 1): probabilities below it are right enough for a negative.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits are
            not floating point.

    Example:
        >>> values = asymmetric_loss([1.0, 0.0, 0.0], [0.0, 0.0, -3.0])
        >>> [round(float(value), 4) for value in values]
        [0.3466, 0.0245, 0.0]
    """
    named = {"gamma_negative": gamma_negative, "gamma_positive": gamma_positive}
    check_options("asymmetric", **named, cutoff=cutoff)
    t, z = prepared(targets, logits)
    g0, g1 = as_type(gamma_negative, z.dtype), as_type(gamma_positive, z.dtype)
    m = as_type(cutoff, z.dtype)
    right, wrong = ops.softplus(-z), ops.softplus(z)
    high = z > 0
    # 1 - p, and its slope, keep their digits where p rounds to 1.
    rest = ops.sigmoid(-z)
    above = ops.where(high, (1 - m) - rest, ops.sigmoid(z) - m)
    here = above > 0
    q = ops.where(here, above, ops.ones_like(z) / 2)
    # log(1 - q): of m + 1 - p where p is near 1, which log1p(-q) would round to 0
    some = m > 0
    log_high = ops.where(some, ops.log(ops.where(some, m, 1 - m) + rest), -wrong)
    small = ops.where(high, ops.ones_like(q) / 2, q)
    log_rest = ops.where(high, log_high, ops.log1p(-small))
    faded = ops.where(here, ops.exp(g0 * ops.log(q)) * -log_rest, ops.zeros_like(z))
    return t * ops.exp(-g1 * wrong) * right + (1 - t) * faded


@keras.saving.register_keras_serializable("equipoise")
class Asymmetric(ExampleLoss):
    """The asymmetric loss, for `model.compile`.

    When to use: with many labels, of which each example has few. When not: with
    several classes that exclude each other; or if raw outputs are read as
    probabilities.

    Args:
        gamma_negative: How fast negatives fade that are right, at least 0.
        gamma_positive: How fast positives fade that are right, at least 0.
        cutoff: Probabilities below it are right enough for a negative, in [0, 1).
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: "sigmoid"; the loss is not defined for classes that exclude each other.

    Example:
        >>> Asymmetric().link([-1.25]).round(4).tolist()
        [0.001]
    """

    function = staticmethod(asymmetric_loss)

    def __init__(
        self,
        gamma_negative: float = 4.0,
        gamma_positive: float = 1.0,
        cutoff: float = 0.05,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "asymmetric",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        options = {"gamma_negative": gamma_negative, "gamma_positive": gamma_positive}
        check_options("asymmetric", **options, cutoff=cutoff)
        super().__init__(reduction, name, dtype, link, **options, cutoff=cutoff)
