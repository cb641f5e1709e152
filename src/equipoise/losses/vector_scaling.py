# SPDX-License-Identifier: Apache-2.0
"""The vector-scaling loss: logits of each class multiplied and shifted."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_targets, number_by_class
from equipoise.losses.cross_entropy import softmax_cross_entropy_loss
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.priors import Link


def vector_scaling_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    tau: Tensor = 1.0,
    gamma: Tensor = 0.3,
) -> Tensor:
    """Return t softplus(-(d_1 z + i)) + (1 - t) softplus(d_0 z + i), per example.

    d_c = (n_c / n_max)^g is 1 for the larger class and less for the smaller one, which
    is so asked for a larger logit; i = tau log(n_1 / n_0). At g = 0 it is the logit
    adjustment. Its minimiser is not the log-odds; `loss.link` returns their
    probabilities.

    Source: Kini et al. (2021), "Label-imbalanced and group-sensitive classification
    under overparameterization", equation 5, with the parameters of its section 5.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        prior: The share of positives among the examples drawn, strictly between 0
            and 1: a number, or numbers that broadcast against the logits.
        tau: How much of the prior is added, at least 0.
        gamma: g, at least 0: how much the logits of the smaller class shrink.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = vector_scaling_loss([1.0, 0.0], [2.0, 2.0], prior=0.1)
        >>> [round(float(value), 4) for value in values]
        [1.4347, 0.5994]
    """
    check_options("vector_scaling", prior=prior, tau=tau, gamma=gamma)
    t, z = prepared(targets, logits)
    share = as_type(prior, z.dtype)
    odds = ops.log(share) - ops.log1p(-share)
    shift, power = as_type(tau, z.dtype) * odds, as_type(gamma, z.dtype)
    slope1 = ops.exp(power * ops.minimum(odds, 0.0))
    slope0 = ops.exp(power * ops.minimum(-odds, 0.0))
    positive, negative = slope1 * z + shift, slope0 * z + shift
    return t * ops.softplus(-positive) + (1 - t) * ops.softplus(negative)


def softmax_vector_scaling_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    tau: Tensor = 1.0,
    gamma: Tensor = 0.3,
) -> Tensor:
    """Return the softmax cross-entropy at d_c z_c + tau log(prior_c), per example.

    d_c = (n_c / n_max)^g. The population's posterior is the softmax of these logits of
    the training.

    Source: Kini et al. (2021), equation 3 and section 5.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        prior: `[classes]` the share of each class among the examples drawn, above 0.
        tau: How much of the prior is added, at least 0.
        gamma: g, at least 0: how much the logits of smaller classes shrink.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_vector_scaling_loss(
        ...     [0, 2], [[1.0, 0.0, 1.0]] * 2, prior=[0.7, 0.2, 0.1]
        ... )
        >>> [round(float(value), 4) for value in values]
        [0.1797, 2.5679]
    """
    check_options("vector_scaling", tau=tau, gamma=gamma)
    t, z = class_targets(targets, logits)
    logs = ops.log(number_by_class(prior, z, "prior"))
    below = logs - ops.max(logs, axis=-1, keepdims=True)
    slopes = ops.exp(as_type(gamma, z.dtype) * below)
    return softmax_cross_entropy_loss(t, slopes * z + as_type(tau, z.dtype) * logs)


@keras.saving.register_keras_serializable("equipoise")
class VectorScaling(ExampleLoss):
    """The vector-scaling loss, for `model.compile`.

    When to use: on long tails, with networks that fit every training example, where
    weights and shifts of the logits lose their effect and slopes keep it. When not:
    with models that do not; there its posterior is that of the cross-entropy.

    Args:
        prior: The share of positives among the training examples; of each class, or
            with each label, if there are several.
        tau: How much of the prior is added, at least 0.
        gamma: How much the logits of smaller classes shrink, at least 0.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = VectorScaling(prior=0.1, tau=0.0, gamma=0.3)
        >>> loss.link([0.0, 2.0]).round(4).tolist()
        [0.6591, 0.8666]
    """

    record = "vector_scaling"
    function = staticmethod(vector_scaling_loss)
    softmax = staticmethod(softmax_vector_scaling_loss)

    def __init__(
        self,
        prior: float | Sequence[float],
        tau: float = 1.0,
        gamma: float = 0.3,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "vector_scaling",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        prior = number_or_numbers(prior, "prior", link == "softmax")
        check_options("vector_scaling", prior=prior, tau=tau, gamma=gamma)
        super().__init__(
            reduction, name, dtype, link, prior=prior, tau=tau, gamma=gamma
        )
