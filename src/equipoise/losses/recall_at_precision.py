# SPDX-License-Identifier: Apache-2.0
"""The missed positives at a threshold that reaches a precision."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.set_loss import (
    SetLoss,
    both_classes,
    class_masses,
    class_weights_of,
    dtype_of,
    per_batch,
)
from equipoise.losses.thresholds import Bounds
from equipoise.priors import Link


def recall_at_precision_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    precision: Tensor = 0.8,
    penalty: Tensor = 4.0,
) -> Tensor:
    """Return the least over thresholds of missed positives plus a missing precision.

    Precision d is reached if FP <= TP (1 - d) / d. With the logistic loss in place of 0
    and 1, missed and FP become bounds, and the loss is the least over all thresholds t
    of missed + c (k alarms + missed - 1)_+, where k = (d / (1 - d)) (n_0 / n_1) is what
    a share of the negatives counts against a share of the positives. If the precision
    can be reached and c is large enough, the second term is 0 at the minimum, and the
    first is a bound on 1 - recall. It is convex in the scores, and its threshold is
    found by bisection. In O(n) memory.

    The precision is that of the batch. If batches hold more positives than the
    population, the precision of the population is lower.

    Source: Eban et al. (2017), "Scalable learning of non-decomposable objectives",
    equation 8, solved for its threshold, with a penalty that bounds its multiplier.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        precision: d, strictly between 0 and 1. A number, or numbers that broadcast to
            the leading axes.
        penalty: c, above 0: what missing the precision costs, against missing
            positives.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = recall_at_precision_loss([1.0, 0.0], [9.0, -9.0])
        >>> print(f"{float(value):.4f}")
        0.0000
    """
    check_options("recall_at_precision", precision=precision, penalty=penalty)
    z, positive, negative = class_masses(targets, logits, weights)
    _, *each = class_weights_of(targets, logits, weights)
    n1, n0 = (ops.sum(mass, axis=-1, keepdims=True) for mass in each)
    d, c = per_batch(precision, z.dtype), per_batch(penalty, z.dtype)
    k = d / (1 - d) * n0 / ops.where(n1 > 0, n1, ops.ones_like(n1))
    bounds = Bounds(z, positive, negative)

    def excess(bounds: Bounds, t: Tensor) -> Tensor:
        return k * bounds.alarms(t) + bounds.missed(t) - 1

    def slopes(bounds: Bounds, t: Tensor) -> tuple[Tensor, Tensor]:
        miss = bounds.missed_slope(t)
        return miss, k * bounds.alarms_slope(t) + miss

    def beyond(fixed: Bounds, t: Tensor) -> Tensor:
        miss, over = slopes(fixed, t)
        pull = ops.where(excess(fixed, t) > 0, c * over, ops.zeros_like(over))
        return miss + pull > 0

    t = bounds.threshold_at(beyond)
    miss, over = slopes(bounds, t)
    # At the minimum missed' + u excess' = 0: u is c, or less where excess is just 0.
    falling = over < 0
    pull = ops.where(falling, -miss / ops.where(falling, over, -ops.ones_like(over)), c)
    pull = ops.stop_gradient(ops.minimum(pull, c))
    value = bounds.missed(t) + pull * excess(bounds, t)
    both = both_classes(positive, negative)
    return ops.cast(both * ops.relu(ops.squeeze(value, -1)), dtype_of(logits))


@keras.saving.register_keras_serializable("equipoise")
class RecallAtPrecisionLoss(SetLoss):
    """The missed positives of a batch at a precision, for `model.compile`.

    When to use: if a precision must be reached and recall is what counts there, on
    batches that hold many positives at the share of the population, after a start with
    the cross-entropy. When not: on even batches, whose precision is another.

    Args:
        precision: The precision, strictly between 0 and 1.
        penalty: What missing the precision costs, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = RecallAtPrecisionLoss()
        >>> print(f"{float(loss([1.0, 0.0], [9.0, -9.0])):.4f}")
        0.0000
    """

    function = staticmethod(recall_at_precision_loss)

    def __init__(
        self,
        precision: float = 0.8,
        penalty: float = 4.0,
        name: str = "recall_at_precision",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("recall_at_precision", precision=precision, penalty=penalty)
        super().__init__(name, dtype, link, precision=precision, penalty=penalty)
