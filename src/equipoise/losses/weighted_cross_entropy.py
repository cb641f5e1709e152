# SPDX-License-Identifier: Apache-2.0
"""The cross-entropy with a weight for each class or label."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_targets, number_by_class
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.priors import Link


def weighted_cross_entropy_loss(
    targets: Tensor, logits: Tensor, *, class_weight: Tensor = 1.0
) -> Tensor:
    """Return -w t log p - (1 - t) log(1 - p) at p = sigmoid(z), per example.

    The population's log-odds are z - log w.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        class_weight: w, above 0: how many negatives a positive counts for. A number,
            or numbers that broadcast against the logits, such as one per label.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The weight is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = weighted_cross_entropy_loss([1.0, 0.0], [0.0, 0.0], class_weight=9)
        >>> [round(float(value), 4) for value in values]
        [6.2383, 0.6931]
    """
    check_options("weighted_cross_entropy", class_weight=class_weight)
    t, z = prepared(targets, logits)
    w = as_type(class_weight, z.dtype)
    return w * t * ops.softplus(-z) + (1 - t) * ops.softplus(z)


def softmax_weighted_cross_entropy_loss(
    targets: Tensor, logits: Tensor, *, class_weight: Tensor
) -> Tensor:
    """Return -sum_c w_c t_c log p_c at p = softmax(z), per example.

    The population's posterior is softmax(z - log w).

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        class_weight: w, `[classes]` above 0.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: There is not one weight per class, the shapes do not belong
            together, or the logits are not floating point.

    Example:
        >>> values = softmax_weighted_cross_entropy_loss(
        ...     [0, 2], [[0.0, 0.0, 0.0]] * 2, class_weight=[1.0, 2.0, 4.0]
        ... )
        >>> [round(float(value), 4) for value in values]
        [1.0986, 4.3944]
    """
    t, z = class_targets(targets, logits)
    w = number_by_class(class_weight, z, "class_weight")
    return -ops.sum(w * t * ops.log_softmax(z, axis=-1), axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class WeightedCrossEntropy(ExampleLoss):
    """The cross-entropy with weights of its own, for `model.compile`.

    When to use: if weights cannot go to `fit`: for models of several outputs, targets
    of several labels, or each point of an image or a sequence, where Keras'
    `class_weight` does not apply. When not: to rank better; with enough data weights
    only move the threshold. `loss.link(logits)` takes them out again.

    Args:
        class_weight: How many negatives a positive counts for, above 0; a sequence
            for one number per label; with link="softmax" one number per class.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = WeightedCrossEntropy(class_weight=9.0)
        >>> round(float(loss([1.0, 0.0], [0.0, 0.0])), 4)
        3.4657
        >>> loss.link([0.0]).round(4).tolist()
        [0.1]
    """

    record = "weighted_cross_entropy"
    function = staticmethod(weighted_cross_entropy_loss)
    softmax = staticmethod(softmax_weighted_cross_entropy_loss)

    def __init__(
        self,
        class_weight: float | Sequence[float] = 1.0,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "weighted_cross_entropy",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        several = link == "softmax"
        class_weight = number_or_numbers(class_weight, "class_weight", several)
        check_options("weighted_cross_entropy", class_weight=class_weight)
        super().__init__(reduction, name, dtype, link, class_weight=class_weight)
