# SPDX-License-Identifier: Apache-2.0
"""The false alarms at the threshold that reaches a recall."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.set_loss import (
    SetLoss,
    both_classes,
    class_masses,
    dtype_of,
    per_batch,
)
from equipoise.losses.thresholds import Bounds
from equipoise.priors import Link


def precision_at_recall_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    recall: Tensor = 0.8,
) -> Tensor:
    """Return a bound on the false positive rate at a threshold of at least a recall.

    At a given recall the precision is the higher the fewer false alarms there are. With
    the logistic loss in place of 0 and 1, the threshold t at which the bound on missed
    positives is 1 - r follows from the scores, and the loss is the bound on false
    alarms at t. It is convex in the scores. Its gradient counts that t moves with the
    positives: for the multiplier u = -alarms'(t) / missed'(t) it is the gradient of
    alarms + u missed at a fixed t. So nothing is learned beside the model, where the
    authors learn t and u by a game of two players. In O(n) memory.

    Source: Eban et al. (2017), "Scalable learning of non-decomposable objectives",
    equation 7, solved for its threshold and multiplier.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        recall: r, strictly between 0 and 1. A number, or numbers that broadcast to the
            leading axes.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = precision_at_recall_loss([1.0, 0.0], [0.0, 0.0], recall=0.5)
        >>> print(f"{float(value):.4f}")
        1.7716
    """
    check_options("precision_at_recall", recall=recall)
    z, positive, negative = class_masses(targets, logits, weights)
    bounds = Bounds(z, positive, negative)
    most = 1 - per_batch(recall, z.dtype)
    t = bounds.threshold_at(lambda fixed, t: fixed.missed(t) > most)
    slope = bounds.missed_slope(t)
    slope = ops.where(slope > 0, slope, ops.ones_like(slope))
    pull = ops.stop_gradient(-bounds.alarms_slope(t) / slope)
    missed = bounds.missed(t)
    value = bounds.alarms(t) + pull * (missed - ops.stop_gradient(missed))
    both = both_classes(positive, negative)
    return ops.cast(both * ops.squeeze(value, -1), dtype_of(logits))


@keras.saving.register_keras_serializable("equipoise")
class PrecisionAtRecallLoss(SetLoss):
    """The false alarms of a batch at a recall, for `model.compile`.

    When to use: if a recall must be reached and precision is what counts there, on
    batches that hold many positives, after a start with the cross-entropy. When not:
    with few positives, which then set the threshold by chance.

    Args:
        recall: The recall, strictly between 0 and 1.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = PrecisionAtRecallLoss(recall=0.5)
        >>> print(f"{float(loss([1.0, 0.0], [0.0, 0.0])):.4f}")
        1.7716
    """

    function = staticmethod(precision_at_recall_loss)

    def __init__(
        self,
        recall: float = 0.8,
        name: str = "precision_at_recall",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("precision_at_recall", recall=recall)
        super().__init__(name, dtype, link, recall=recall)
