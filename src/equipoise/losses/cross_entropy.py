# SPDX-License-Identifier: Apache-2.0
"""The cross-entropy of logits."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, prepared
from equipoise.losses.classes import class_targets
from equipoise.priors import Link


def cross_entropy_loss(targets: Tensor, logits: Tensor) -> Tensor:
    """Return -t log p - (1 - t) log(1 - p) at p = sigmoid(z), per example.

    With -log p = softplus(-z) both terms keep their digits at any z: at z = 40 the
    loss of a positive is exp(-40), not 0.

    Args:
        targets: `[..., batch]`, from 0 to 1; a blend of two examples has the blend
            of their targets.
        logits: `[..., batch]`.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The last axes differ, or the logits are not floating point.

    Example:
        >>> values = cross_entropy_loss([1.0, 0.0, 0.5], [0.0, 2.0, 1.0])
        >>> [round(float(value), 4) for value in values]
        [0.6931, 2.1269, 0.8133]
    """
    t, z = prepared(targets, logits)
    return t * ops.softplus(-z) + (1 - t) * ops.softplus(z)


def softmax_cross_entropy_loss(targets: Tensor, logits: Tensor) -> Tensor:
    """Return -sum_c t_c log p_c at p = softmax(z), per example.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The shapes do not belong together, or the logits are not floating
            point.

    Example:
        >>> values = softmax_cross_entropy_loss([2, 0], [[0.0, 0.0, 2.0], [0.0] * 3])
        >>> [round(float(value), 4) for value in values]
        [0.2395, 1.0986]
    """
    t, z = class_targets(targets, logits)
    return -ops.sum(t * ops.log_softmax(z, axis=-1), axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class CrossEntropy(ExampleLoss):
    """The cross-entropy of logits, for `model.compile`.

    The model's last layer has no sigmoid. Weights go to `fit` as `sample_weight`
    or `class_weight` and are applied to the loss of each example.

    *Why weights do not belong on the logits.* Weighting the loss multiplies an
    example's gradient: w (p - t). Multiplying the logit by w gives w (sigmoid(w z)
    - t) instead, which vanishes as soon as w z is large: a positive at z = 2 with
    w = 5 counts a five-hundredth of what an unweighted one does. And the factor
    depends on the label, so at prediction nobody knows by what to multiply:

        >>> l = cross_entropy_loss
        >>> weighted, scaled = 5 * l([1.0], [2.0]), l([1.0], [5 * 2.0])
        >>> print(f"{float(weighted[0]):.4f} {float(scaled[0]):.4f}")
        0.6346 0.0000

    *Why the mean is over the weights.* Keras' usual reduction divides by the batch
    size, so class weights rescale the loss and with it the learning rate;
    "mean_with_sample_weight" divides by the sum of the weights.

    Args:
        reduction: "mean_with_sample_weight" by default; see `keras.losses.Loss`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: "softmax" for several classes, of which an example has one: one logit
            per class, and targets that are class numbers or one-hot. "sigmoid" for two
            classes, or several labels: each logit is a problem of its own, and a
            label that is not known has the target NaN or -1.

    Example:
        >>> loss = CrossEntropy()
        >>> round(float(loss([1.0, 0.0], [0.0, 2.0], sample_weight=[3.0, 1.0])), 4)
        1.0516
        >>> three = CrossEntropy(link="softmax")
        >>> round(float(three([2, 0], [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])), 4)
        0.6691
    """

    record = "cross_entropy"
    function = staticmethod(cross_entropy_loss)
    softmax = staticmethod(softmax_cross_entropy_loss)

    def __init__(
        self,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "cross_entropy",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        super().__init__(reduction, name, dtype, link)
