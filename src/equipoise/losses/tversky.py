# SPDX-License-Identifier: Apache-2.0
"""The Tversky loss: one minus an overlap of soft counts."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import as_type
from equipoise.losses.option_checks import check_options
from equipoise.losses.set_loss import SetLoss, both_classes, class_weights_of, dtype_of
from equipoise.priors import Link


def tversky_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    false_positives: Tensor = 0.5,
    false_negatives: Tensor = 0.5,
) -> Tensor:
    """Return 1 - TP / (TP + a FP + b FN), with p = sigmoid(z) in place of decisions.

    TP is the sum of p over positives, FN of 1 - p; FP the sum of p over negatives. At
    a = b = 1/2 it is the Dice loss, at a = b = 1 the Jaccard index.

    *It learns a decision, not a probability*: its minimum is p = 0 or 1, so scores end
    in ties and rank worse than those of the cross-entropy. Add it to a cross-entropy
    (`Combined`), or take the cross-entropy and the threshold of best F1. A batch of one
    class gives 0: an overlap with nothing says nothing.

    Source: Salehi et al. (2017), "Tversky loss function for image segmentation using 3D
    fully convolutional deep networks", equation 3.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        false_positives: a, above 0. A number, or numbers that broadcast to the leading
            axes.
        false_negatives: b, above 0.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = tversky_loss([1.0, 0.0], [0.0, 0.0], false_negatives=1.5)
        >>> print(f"{float(value):.4f}")  # 1 - .5 / (.5 + .25 + .75)
        0.6667
    """
    named = {"false_positives": false_positives, "false_negatives": false_negatives}
    check_options("tversky", **named)
    return soft_overlap(targets, logits, weights, false_positives, false_negatives)


def soft_overlap(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None,
    false_positives: Tensor,
    false_negatives: Tensor,
) -> Tensor:
    """Return 1 - TP / (TP + a FP + b FN) of soft counts, see `tversky_loss`.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        weights: Example weights, or None.
        false_positives: a, `[...]`.
        false_negatives: b, `[...]`.
    """
    z, positive, negative = class_weights_of(targets, logits, weights)
    total = ops.sum(positive + negative, axis=-1, keepdims=True)
    total = ops.where(total > 0, total, ops.ones_like(total))
    positive, negative = positive / total, negative / total
    a, b = as_type(false_positives, z.dtype), as_type(false_negatives, z.dtype)
    hit = ops.sum(positive * ops.sigmoid(z), axis=-1)
    missed = ops.sum(positive * ops.sigmoid(-z), axis=-1)
    alarms = ops.sum(negative * ops.sigmoid(z), axis=-1)
    wrong = a * alarms + b * missed
    both = both_classes(positive, negative)
    whole = ops.where(both > 0, hit + wrong, ops.ones_like(wrong))
    return ops.cast(both * wrong / whole, dtype_of(logits))


@keras.saving.register_keras_serializable("equipoise")
class Tversky(SetLoss):
    """The Tversky loss of a batch, for `model.compile`.

    When to use: beside a cross-entropy, for masks of images in which few points are
    positive. When not: alone, if you rank or want probabilities.

    Args:
        false_positives: What a false positive counts, above 0.
        false_negatives: What a false negative counts, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = Tversky(false_negatives=1.5)
        >>> print(f"{float(loss([1.0, 0.0], [0.0, 0.0])):.4f}")
        0.6667
    """

    function = staticmethod(tversky_loss)

    def __init__(
        self,
        false_positives: float = 0.5,
        false_negatives: float = 0.5,
        name: str = "tversky",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        named = {"false_positives": false_positives, "false_negatives": false_negatives}
        check_options("tversky", **named)
        super().__init__(name, dtype, link, **named)
