# SPDX-License-Identifier: Apache-2.0
"""The squared hinge over all pairs: a surrogate of the area under the ROC curve."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from equipoise.losses.base import Tensor, as_type
from equipoise.losses.options import checked
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of


def pairwise_auc_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return the mean of (m - (z_i - z_j))_+^2 over positives i and negatives j.

    Exact over all pairs, in O(n log n) time and linear memory. A pair counts
    w_i w_j. It wants batches with several of each class; a batch with one class
    only gives value 0 and gradient 0.

    Sort u = z for positives, z + m for negatives. A negative pays for every
    positive below it, (u_j - z_i)^2. Going up through the gaps d_k = u_k - u_(k-1)
    with the positives' mass P_k so far, the sums over positives of the distance
    and of its square follow A_k = A_(k-1) + P_(k-1) d_k and
    B_k = B_(k-1) + (A_(k-1) + A_k) d_k. Every term is at least 0, so
    float32 loses nothing to cancellation, as the expanded square would.

    Source: Rust & Hocking (2023), "A log-linear gradient descent algorithm for
    unbalanced binary classification using the all pairs squared hinge loss",
    section 3; the recurrence over gaps is in place of their coefficients.

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
        >>> value = pairwise_auc_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])
        >>> print(f"{float(value):.3f}")  # (0.5^2 + 2.5^2) / 2
        3.250
    """
    checked("pairwise_auc", margin=margin)
    z, positive, negative = class_masses(targets, logits, weights)
    lead = as_type(margin, z.dtype)
    lead = lead if len(lead.shape) == 0 else ops.expand_dims(lead, -1)

    def with_gradient(scores: Tensor) -> tuple[Tensor, Callable[..., Tensor]]:
        value, slope = _value_and_slope(scores, positive, negative, lead)

        def gradient(*upstreams: Tensor, upstream: Tensor | None = None) -> Tensor:
            outer = upstreams[0] if upstream is None else upstream
            return ops.expand_dims(outer, -1) * slope

        return value, gradient

    return ops.cast(ops.custom_gradient(with_gradient)(z), dtype_of(logits))


def _value_and_slope(
    z: Tensor, positive: Tensor, negative: Tensor, margin: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the loss `[...]` and its gradient `[..., batch]`.

    The slope of a negative is 2 q A, and that of a positive the same sum taken
    from above: -2 p sum_j q_j (u_j - z_i)_+.
    """
    mass = positive - negative  # no example has both
    shifted = ops.where(mass < 0, z + margin, z)
    order = ops.argsort(shifted, axis=-1)
    u, mass = (ops.take_along_axis(x, order, axis=-1) for x in (shifted, mass))
    p, q = ops.relu(mass), ops.relu(-mass)
    gap = u[..., 1:] - u[..., :-1]
    step = ops.cumsum(p[..., :-1], axis=-1) * gap
    distance = ops.cumsum(step, axis=-1)
    square = ops.cumsum((2 * distance - step) * gap, axis=-1)
    from_above = ops.cumsum(ops.flip(q[..., 1:], -1), axis=-1) * ops.flip(gap, -1)
    excess = ops.flip(ops.cumsum(from_above, axis=-1), -1)
    # the lowest example has nothing below it, the highest nothing above
    zero = ops.zeros_like(z[..., :1])
    below = ops.concatenate([zero, q[..., 1:] * distance], axis=-1)
    above = ops.concatenate([p[..., :-1] * excess, zero], axis=-1)
    value = ops.sum(q[..., 1:] * square, axis=-1)
    return value, _restored(2 * (below - above), order)


def _restored(values: Tensor, order: Tensor) -> Tensor:
    """Return sorted values in their places before the sorting."""
    size = values.shape[-1] or ops.shape(values)[-1]
    flat = ops.reshape(order, (-1, size))
    first = ops.arange(0, ops.shape(flat)[0], dtype=flat.dtype)[:, None] * size
    places = ops.reshape(flat + first, (-1, 1))
    moved = ops.scatter(places, ops.reshape(values, (-1,)), (ops.size(values),))
    return ops.reshape(moved, ops.shape(values))


@keras.saving.register_keras_serializable("equipoise")
class PairwiseAUC(SetLoss):
    """The squared hinge over all pairs of a batch, for `model.compile`.

    When to use: where only the ranking counts, on batches that hold several
    positives, after a start with the cross-entropy. When not: where probabilities
    are wanted; its scores need a calibrator.

    Args:
        margin: By how much a positive should lead, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default where None.

    Example:
        >>> print(f"{float(PairwiseAUC()([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.3f}")
        3.250
    """

    function = staticmethod(pairwise_auc_loss)

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "pairwise_auc",
        dtype: str | None = None,
    ) -> None:
        checked("pairwise_auc", margin=margin)
        super().__init__(name, dtype, margin=margin)


LOSS = PairwiseAUC
