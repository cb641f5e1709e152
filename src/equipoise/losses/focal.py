# SPDX-License-Identifier: Apache-2.0
"""The focal loss: examples that are already right count less."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_log_odds, class_targets
from equipoise.losses.option_checks import check_options, positive_numbers
from equipoise.priors import Link


def focal_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    gamma: Tensor = 2.0,
    alpha: Tensor | None = None,
) -> Tensor:
    """Return -t a (1-p)^g log p - (1-t) (1-a) p^g log(1-p), per example.

    Computed in log space: (1 - p)^g = exp(-g softplus(z)). Its minimiser is not
    the log-odds; `equipoise.priors.focal_link` returns them.

    Source: Lin et al. (2017), "Focal loss for dense object detection", equations
    4 and 5.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        gamma: g, at least 0: a number, or numbers that broadcast against the
            logits. 0 is the cross-entropy, 2 the paper's choice.
        alpha: a, the weight of positives as a share, strictly between 0 and 1;
            without it both classes count 1.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = focal_loss([1.0, 1.0], [0.0, 3.0], gamma=2.0)
        >>> [round(float(value), 5) for value in values]
        [0.17329, 0.00011]
    """
    check_options("focal", gamma=gamma, alpha=alpha)
    t, z = prepared(targets, logits)
    g = as_type(gamma, z.dtype)
    right, wrong = ops.softplus(-z), ops.softplus(z)
    positive, negative = t * ops.exp(-g * wrong), (1 - t) * ops.exp(-g * right)
    if alpha is not None:
        a = as_type(alpha, z.dtype)
        positive, negative = a * positive, (1 - a) * negative
    return positive * right + negative * wrong


def softmax_focal_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    gamma: Tensor = 2.0,
    alpha: Tensor | None = None,
) -> Tensor:
    """Return -sum_c t_c a_c (1 - p_c)^g log p_c at p = softmax(z), per example.

    Its minimiser is not the log of the probabilities; `equipoise.losses.link_of` and
    `equipoise.priors` return them.

    Source: Lin et al. (2017), equations 4 and 5, with a softmax in place of their
    sigmoids; Charoenphakdee et al. (2021), equation 3.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        gamma: g, at least 0: a number, or numbers that broadcast against the logits. 0
            is the cross-entropy.
        alpha: a, `[classes]` the weight of each class, or None for 1 each.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_focal_loss([2, 0], [[0.0, 0.0, 2.0], [0.0] * 3], gamma=1.0)
        >>> [round(float(value), 4) for value in values]
        [0.051, 0.7324]
    """
    check_options("focal", gamma=gamma)
    t, z = class_targets(targets, logits)
    odds = class_log_odds(z)
    values = t * ops.exp(-as_type(gamma, z.dtype) * ops.softplus(odds))
    if alpha is not None:
        values = values * _class_alphas(alpha, z)
    return ops.sum(values * ops.softplus(-odds), axis=-1)


def _class_alphas(alpha: Tensor, logits: Tensor) -> Tensor:
    """Return `[classes]` weights, or numbers that broadcast against the logits."""
    weights = as_type(alpha, logits.dtype)
    if len(weights.shape) and weights.shape[-1] == logits.shape[-1]:
        return weights
    raise InputError(
        sentence(
            f"alpha of shape {tuple(weights.shape)} for {logits.shape[-1]} classes",
            "one weight for each class, or None",
        )
    )


@keras.saving.register_keras_serializable("equipoise")
class Focal(ExampleLoss):
    """The focal loss of logits, for `model.compile`.

    When to use: if most examples are easy and a few hard ones matter. When not: if you
    want probabilities without `equipoise.priors.focal_link`, since the raw ones are
    too close to one half.

    Args:
        gamma: How fast examples that are right fade, at least 0.
        alpha: The weight of positives as a share, or None; `[classes]` weights for
            several classes.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> round(float(Focal(gamma=1.0)([1.0, 0.0], [0.0, 2.0])), 4)
        1.11
    """

    record = "focal"
    function = staticmethod(focal_loss)
    softmax = staticmethod(softmax_focal_loss)

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "focal",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        if link == "softmax" and alpha is not None:
            alpha = positive_numbers(alpha, "alpha")
            check_options("focal", gamma=gamma)
        else:
            check_options("focal", gamma=gamma, alpha=alpha)
        super().__init__(reduction, name, dtype, link, gamma=gamma, alpha=alpha)
