# SPDX-License-Identifier: Apache-2.0
"""The squared hinge over the pairs that a part of the ROC curve consists of."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.pairs import ascending, restored, squared_hinge_of_pairs, taken
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of, per_batch
from equipoise.priors import Link


def partial_auc_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    max_fpr: Tensor = 0.1,
    min_tpr: Tensor = 0.0,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return the mean of (m - (z_i - z_j))_+^2 over hard positives and hard negatives.

    The part of the ROC curve at false positive rates of at most b is made by the share
    b of the negatives that scores highest; the part at true positive rates of at least
    a by the share 1 - a of the positives that scores lowest. With both it is the
    two-way partial area. The example at the edge counts in part, so that the shares are
    exact. At b = 1 and a = 0 it is `pairwise_auc_loss`.

    The mean is over these pairs: the area as a share of what can be reached, as with
    McClish's standardisation but for its shift, and not the area itself.

    Source: Yang et al. (2021), "When all we need is a piece of the pie: a generic
    framework for optimizing two-way partial AUC", section 3; the choice of examples by
    sorting is exact, where theirs is weighted.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        max_fpr: b, above 0 and at most 1. A number, or numbers that broadcast to the
            leading axes.
        min_tpr: a, at least 0 and below 1.
        margin: m, above 0: by how much a positive should lead.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = partial_auc_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0], max_fpr=0.5)
        >>> print(f"{float(value):.3f}")  # of the negative at 2 alone: 2.5^2
        6.250
    """
    options = {"max_fpr": max_fpr, "min_tpr": min_tpr, "margin": margin}
    check_options("partial_auc", **options)
    z, positive, negative = class_masses(targets, logits, weights)
    high, low = per_batch(max_fpr, z.dtype), 1 - per_batch(min_tpr, z.dtype)
    order = ops.stop_gradient(z)
    hard_negative = lowest(-order, negative, high) / high
    hard_positive = lowest(order, positive, low) / low
    lead = per_batch(margin, z.dtype)
    value = squared_hinge_of_pairs(z, hard_positive, hard_negative, lead)
    return ops.cast(value, dtype_of(logits))


def lowest(scores: Tensor, mass: Tensor, share: Tensor) -> Tensor:
    """Return the mass of the examples that score lowest, up to a share of 1.

    Args:
        scores: `[..., batch]`.
        mass: `[..., batch]`, which sums to 1.
        share: How much is kept, which broadcasts to `[..., batch]`.

    Returns:
        `[..., batch]`: the mass, a part of it, or 0.

    Example:
        >>> z, third = ops.array([3.0, 1.0, 2.0]), ops.ones((3,)) / 3
        >>> [round(float(part), 3) for part in lowest(z, third, 0.5)]
        [0.0, 0.333, 0.167]
    """
    u, places = ascending(scores)
    each = taken(mass, places, u)
    before = ops.cumsum(each, axis=-1) - each
    left = ops.maximum(share - before, ops.zeros_like(each))
    return restored(ops.minimum(each, left), places)


@keras.saving.register_keras_serializable("equipoise")
class PartialAUC(SetLoss):
    """The squared hinge over the pairs of a part of the ROC curve, for `model.compile`.

    When to use: if only few false alarms can be looked at, after a start with the
    cross-entropy, on batches that hold many negatives: of a batch of 512 a `max_fpr` of
    .01 keeps five. When not: if you want probabilities; its scores need a calibrator.

    Args:
        max_fpr: The largest false positive rate that counts, above 0 and at most 1.
        min_tpr: The smallest true positive rate that counts, at least 0 and below 1.
        margin: By how much a positive should lead, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = PartialAUC(max_fpr=0.5)
        >>> print(f"{float(loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.3f}")
        6.250
    """

    function = staticmethod(partial_auc_loss)

    def __init__(
        self,
        max_fpr: float = 0.1,
        min_tpr: float = 0.0,
        margin: float = 1.0,
        name: str = "partial_auc",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        options = {"max_fpr": max_fpr, "min_tpr": min_tpr, "margin": margin}
        check_options("partial_auc", **options)
        super().__init__(name, dtype, link, **options)
