# SPDX-License-Identifier: Apache-2.0
"""A surrogate of the average precision over all examples of a batch."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.pairs import ascending, restored, running_distances, taken
from equipoise.losses.set_loss import (
    SetLoss,
    both_classes,
    class_weights_of,
    dtype_of,
    per_batch,
)
from equipoise.priors import Link


def average_precision_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return 1 less the mean over positives i of a smooth precision at i.

    The precision at i is the share of positives among the examples k that score at
    least as high. Here k counts (m - (z_i - z_k))_+^2 instead of 0 or 1: all that does
    not lie below i by the margin counts, the higher the more. Exact over all pairs, in
    O(n log n) time and linear memory.

    The precision depends on all examples of a batch, so that the loss is biased on
    small ones. A table can be one batch; else `SOAP` remembers the sums of each
    positive.

    Source: Qi et al. (2021), "Stochastic optimization of areas under precision-recall
    curves with provable convergence", equations 4 and 5, of a whole batch.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        margin: m, above 0: by how much a positive should lead. A number, or
            numbers that broadcast to the leading axes.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = average_precision_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])
        >>> print(f"{float(value):.4f}")  # 1 - 1 / (1 + .25 + 6.25)
        0.8667
    """
    check_options("average_precision", margin=margin)
    z, positive, negative = class_weights_of(targets, logits, weights)
    hits, alarms = squares_above(z, positive, negative, per_batch(margin, z.dtype))
    total = ops.sum(positive, axis=-1)
    each = hits + alarms
    share = alarms / ops.where(each > 0, each, ops.ones_like(each))
    value = ops.sum(positive * share, axis=-1)
    value = value / ops.where(total > 0, total, ops.ones_like(total))
    return ops.cast(both_classes(positive, negative) * value, dtype_of(logits))


def squares_above(
    scores: Tensor, positive: Tensor, negative: Tensor, margin: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sums of p_k (m - (z_i - z_k))_+^2 and of q_k of it, for each i.

    Sort v = z for every i along with z + m for every k. Then three running sums from
    above, of masses, distances and squared distances, are the sums. Where an i has no
    positive mass its sums are 0, and so are its gradients.

    Args:
        scores: `[..., batch]`.
        positive: `[..., batch]` the mass p of each example as a positive.
        negative: `[..., batch]` its mass q as a negative.
        margin: m, which broadcasts to `[..., batch]`.

    Returns:
        Two tensors `[..., batch]`.

    Example:
        >>> z, one = ops.array([0.5, 0.0]), ops.array([1.0, 0.0])
        >>> hits, alarms = squares_above(z, one, 1 - one, 1.0)
        >>> hits.numpy().tolist(), alarms.numpy().tolist()
        ([1.0, 0.0], [0.25, 0.0])
    """
    batch = scores.shape[-1] or ops.shape(scores)[-1]
    here = ops.cast(positive > 0, scores.dtype)
    none = ops.zeros_like(positive)

    def with_gradient(
        z: Tensor,
    ) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        v, places = ascending(ops.concatenate([z, z + margin], axis=-1))
        masses = [
            taken(ops.concatenate([none, mass], axis=-1), places, v)
            for mass in (positive, negative)
        ]
        gap = v[..., 1:] - v[..., :-1]
        sums = [_distances_above(mass, gap) for mass in masses]

        def of_examples(values: Tensor) -> Tensor:
            return here * restored(values, places)[..., :batch]

        def gradient(*upstreams: Tensor, upstream: Tensor | None = None) -> Tensor:
            outer = upstreams if upstream is None else upstream
            slope = ops.zeros_like(v)
            for pull, mass, (distance, _) in zip(outer, masses, sums, strict=True):
                pull_each = ops.concatenate([here * pull, none], axis=-1)
                pulls = taken(pull_each, places, v)
                slope = slope + 2 * (mass * _distances_below(pulls, gap))
                slope = slope - 2 * pulls * distance
            both = restored(slope, places)
            return both[..., :batch] + both[..., batch:]

        values = of_examples(sums[0][1]), of_examples(sums[1][1])
        return values, gradient

    hits, alarms = ops.custom_gradient(with_gradient)(scores)
    return hits, alarms


def _distances_above(mass: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sums of distances, and of their squares, to all that lies above."""
    step, zero = ops.flip(gap, -1), ops.zeros_like(mass[..., :1])
    so_far, distance = running_distances(ops.flip(mass[..., 1:], -1), step)
    before = ops.concatenate([zero, distance[..., :-1]], axis=-1)
    square = ops.cumsum(step * (2 * before + step * so_far), axis=-1)
    return tuple(
        ops.concatenate([ops.flip(each, -1), zero], axis=-1)
        for each in (distance, square)
    )


def _distances_below(mass: Tensor, gap: Tensor) -> Tensor:
    """Return the sum of the distances to all that lies below."""
    _, distance = running_distances(mass[..., :-1], gap)
    return ops.concatenate([ops.zeros_like(mass[..., :1]), distance], axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class AveragePrecisionLoss(SetLoss):
    """A surrogate of the average precision of a batch, for `model.compile`.

    When to use: if only the top of the ranking counts, on large batches that hold many
    positives, after a start with the cross-entropy. When not: on batches with one or
    two positives (`SOAP`); or if you want probabilities.

    Args:
        margin: By how much a positive should lead, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = AveragePrecisionLoss()
        >>> print(f"{float(loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.4f}")
        0.8667
    """

    function = staticmethod(average_precision_loss)

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "average_precision",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("average_precision", margin=margin)
        super().__init__(name, dtype, link, margin=margin)
