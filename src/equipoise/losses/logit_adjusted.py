# SPDX-License-Identifier: Apache-2.0
"""The cross-entropy of logits adjusted by the prior."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_targets
from equipoise.losses.cross_entropy import (
    cross_entropy_loss,
    softmax_cross_entropy_loss,
)
from equipoise.losses.option_checks import check_options, positive_numbers
from equipoise.priors import Link


def logit_adjusted_loss(
    targets: Tensor, logits: Tensor, *, prior: Tensor, tau: Tensor = 1.0
) -> Tensor:
    """Return the cross-entropy at z + tau log(prior / (1 - prior)), per example.

    The score z is then what is left beyond the prior: at tau = 1 its sign is the
    decision of least balanced error. With a single logit per example the
    adjustment only moves the bias, so ranking stays as it is in the limit; the
    population's log-odds are z plus the adjustment.

    Source: Menon et al. (2021), "Long-tail learning via logit adjustment",
    equation 10.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        prior: The share of positives among the examples drawn, strictly between 0
            and 1: a number, or numbers that broadcast against the logits.
        tau: How much of the prior is taken out, at least 0; 0 is the
            cross-entropy, 1 the paper's choice.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = logit_adjusted_loss([1.0, 0.0], [0.0, 0.0], prior=0.1)
        >>> [round(float(value), 4) for value in values]
        [2.3026, 0.1054]
    """
    check_options("logit_adjusted", prior=prior, tau=tau)
    t, z = prepared(targets, logits)
    share = as_type(prior, z.dtype)
    odds = ops.log(share) - ops.log1p(-share)
    return cross_entropy_loss(t, z + as_type(tau, z.dtype) * odds)


def softmax_logit_adjusted_loss(
    targets: Tensor, logits: Tensor, *, prior: Tensor, tau: Tensor = 1.0
) -> Tensor:
    """Return the softmax cross-entropy at z + tau log(prior), per example.

    The population's posterior is softmax(z + tau log(prior)); at tau = 1 the class of
    the largest z is the decision of least balanced error.

    Source: Menon et al. (2021), equation 10.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        prior: `[classes]` the share of each class among the examples drawn, above 0;
            or numbers that broadcast against the logits.
        tau: How much of the prior is taken out, at least 0.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_logit_adjusted_loss(
        ...     [0, 2], [[0.0, 0.0, 0.0]] * 2, prior=[0.7, 0.2, 0.1]
        ... )
        >>> [round(float(value), 4) for value in values]
        [0.3567, 2.3026]
    """
    check_options("logit_adjusted", tau=tau)
    t, z = class_targets(targets, logits)
    shares = as_type(prior, z.dtype)
    if not len(shares.shape) or shares.shape[-1] != z.shape[-1]:
        raise InputError(
            sentence(
                f"prior of shape {tuple(shares.shape)} for {z.shape[-1]} classes",
                "the share of each class",
            )
        )
    return softmax_cross_entropy_loss(t, z + as_type(tau, z.dtype) * ops.log(shares))


@keras.saving.register_keras_serializable("equipoise")
class LogitAdjusted(ExampleLoss):
    """The cross-entropy of adjusted logits, for `model.compile`.

    When to use: if the raw scores themselves should decide with the least balanced
    error. When not: to rank better; it only moves the threshold, at training time.

    Args:
        prior: The share of positives among the training examples; of each class, if
            there are several.
        tau: How much of the prior is taken out, at least 0.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> round(float(LogitAdjusted(prior=0.1)([1.0, 0.0], [0.0, 0.0])), 4)
        1.204
    """

    record = "logit_adjusted"
    function = staticmethod(logit_adjusted_loss)
    softmax = staticmethod(softmax_logit_adjusted_loss)

    def __init__(
        self,
        prior: float | Sequence[float],
        tau: float = 1.0,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "logit_adjusted",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        if link == "softmax":
            prior = positive_numbers(prior, "prior")
            check_options("logit_adjusted", tau=tau)
        else:
            check_options("logit_adjusted", prior=prior, tau=tau)
        super().__init__(reduction, name, dtype, link, prior=prior, tau=tau)
