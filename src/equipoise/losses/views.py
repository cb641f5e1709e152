# SPDX-License-Identifier: Apache-2.0
"""A loss over pairs of examples for several classes or labels: one problem each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import as_type


def mean_over_views(
    function: Callable[..., Tensor],
    targets: Tensor,
    log_odds: Tensor,
    weights: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Return a set loss of each class against the rest, or of each label, averaged.

    A problem without a positive or without a negative example of weight above 0 has no
    pair. It is left out of the mean, which is 0 if no problem is left.

    Args:
        function: A set loss, see `LossRecord.function`.
        targets: `[..., batch, views]`, 0 or 1.
        log_odds: `[..., batch, views]`: of each class against the rest
            (`classes.class_log_odds`), or of each label.
        weights: `[..., batch]` or `[..., batch, views]` example weights, at least 0,
            or None.
        **options: Options of the loss: numbers, or numbers that broadcast to `[...]`.

    Returns:
        `[...]` of the log-odds' type.

    Example:
        >>> from equipoise.losses.pairwise_auc import pairwise_auc_loss
        >>> one_hot = ops.array([[1.0, 0.0], [0.0, 1.0]])
        >>> odds = ops.array([[0.5, -0.5], [0.0, 0.0]])
        >>> float(mean_over_views(pairwise_auc_loss, one_hot, odds))
        0.25
    """
    z = ops.convert_to_tensor(log_odds)
    t = as_type(targets, z.dtype)
    w = ops.ones_like(t) if weights is None else as_type(weights, z.dtype)
    if len(w.shape) < len(z.shape):
        w = ops.expand_dims(w, -1)
    w = ops.broadcast_to(w, ops.shape(z))
    t, z, w = (ops.swapaxes(each, -1, -2) for each in (t, z, w))
    spread = {name: _one_axis_more(value) for name, value in options.items()}
    values = function(t, z, w, **spread)
    sides = (ops.any(w * side > 0, axis=-1) for side in (t, 1 - t))
    judged = ops.cast(ops.logical_and(*sides), values.dtype)
    count = ops.sum(judged, axis=-1)
    return ops.sum(values * judged, axis=-1) / ops.maximum(count, ops.ones_like(count))


def _one_axis_more(option: Any) -> Any:
    """Return an option of leading axes `[...]` so that it broadcasts to the views."""
    shape = getattr(option, "shape", ())
    return ops.expand_dims(option, -1) if len(shape) else option
