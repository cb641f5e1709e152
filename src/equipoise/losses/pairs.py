# SPDX-License-Identifier: Apache-2.0
"""Sums over all pairs of examples in O(n log n): sorted once, then running sums.

Each term is a gap between neighbours times masses below and above it, all at least 0,
so float32 loses nothing to cancellation, as an expanded square would.
"""

from __future__ import annotations

from collections.abc import Callable

from keras import ops

from equipoise._core.types import Tensor

Slope = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From scores `[..., batch]` to the value `[...]` and its gradient `[..., batch]`."""


def with_its_slope(scores: Tensor, value_and_slope: Slope) -> Tensor:
    """Return a value whose gradient is computed along with it.

    Args:
        scores: `[..., batch]`.
        value_and_slope: Gives both.

    Returns:
        `[...]`.

    Example:
        >>> float(with_its_slope(ops.ones((3,)), lambda z: (ops.sum(z), z * 0 + 1)))
        3.0
    """

    def with_gradient(z: Tensor) -> tuple[Tensor, Callable[..., Tensor]]:
        value, slope = value_and_slope(z)

        def gradient(*upstreams: Tensor, upstream: Tensor | None = None) -> Tensor:
            outer = upstreams[0] if upstream is None else upstream
            return ops.expand_dims(outer, -1) * slope

        return value, gradient

    return ops.custom_gradient(with_gradient)(scores)


def squared_hinge_of_pairs(
    scores: Tensor, positive: Tensor, negative: Tensor, margin: Tensor
) -> Tensor:
    """Return the sum of p_i q_j (m - (z_i - z_j))_+^2 over all pairs, `[...]`.

    Args:
        scores: `[..., batch]`.
        positive: `[..., batch]` the mass p of each example as a positive.
        negative: `[..., batch]` its mass q as a negative; no example has both.
        margin: m, which broadcasts to `[..., batch]`.

    Example:
        >>> z, one = ops.array([0.5, 0.0]), ops.array([1.0, 0.0])
        >>> float(squared_hinge_of_pairs(z, one, 1 - one, 1.0))
        0.25
    """
    mass = positive - negative

    def value_and_slope(z: Tensor) -> tuple[Tensor, Tensor]:
        # A negative of mass q is pushed down by 2 q times its distances to the
        # positives below it, a positive up by 2 p times those to the negatives above.
        u, places = ascending(ops.where(mass < 0, z + margin, z))
        p, q, gap = _sides(mass, places, u)
        mass_below, from_below = running_distances(p[..., :-1], gap)
        mass_above, from_above = _from_above(q, gap)
        # the lowest example has nothing below it, the highest nothing above
        zero = ops.zeros_like(u[..., :1])
        below = ops.concatenate([zero, from_below], axis=-1)
        above = ops.concatenate([from_above, zero], axis=-1)
        terms = mass_below * above[..., :-1] + below[..., :-1] * mass_above
        slope = restored(2 * (q * below - p * above), places)
        return ops.sum(gap * terms, axis=-1), slope

    return with_its_slope(scores, value_and_slope)


def hinge_of_pairs(
    scores: Tensor, positive: Tensor, negative: Tensor, margin: Tensor
) -> Tensor:
    """Return the sum of p_i q_j (m - (z_i - z_j))_+ over all pairs, `[...]`.

    Args:
        scores: As in `squared_hinge_of_pairs`.
        positive: As there.
        negative: As there.
        margin: As there.

    Example:
        >>> z, one = ops.array([0.5, 0.0]), ops.array([1.0, 0.0])
        >>> float(hinge_of_pairs(z, one, 1 - one, 1.0))
        0.5
    """
    mass = positive - negative

    def value_and_slope(z: Tensor) -> tuple[Tensor, Tensor]:
        u, places = ascending(ops.where(mass < 0, z + margin, z))
        p, q, gap = _sides(mass, places, u)
        below, above = masses_around(p, q)
        slope = restored(q * below - p * above, places)
        return ops.sum(gap * below[..., 1:] * above[..., :-1], axis=-1), slope

    return with_its_slope(scores, value_and_slope)


def _sides(
    mass: Tensor, places: Tensor, ordered: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the masses of either class in the order, and the gaps between."""
    mass = taken(mass, places, ordered)
    gap = ordered[..., 1:] - ordered[..., :-1]
    return ops.relu(mass), ops.relu(-mass), gap


def masses_around(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positive mass below each example and the negative mass above it.

    Args:
        p: `[..., n]` the positive masses in ascending order.
        q: `[..., n]` the negative ones.

    Example:
        >>> below, above = masses_around(ops.array([1.0, 2.0]), ops.array([3.0, 4.0]))
        >>> below.numpy().tolist(), above.numpy().tolist()
        ([0.0, 1.0], [4.0, 0.0])
    """
    zero = ops.zeros_like(p[..., :1])
    below = ops.concatenate([zero, ops.cumsum(p, axis=-1)[..., :-1]], axis=-1)
    above = ops.flip(ops.cumsum(ops.flip(q, -1), axis=-1), -1)
    return below, ops.concatenate([above[..., 1:], zero], axis=-1)


def ascending(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values `[..., n]` sorted, and the place of each among all, flat.

    Args:
        values: `[..., n]`.

    Example:
        >>> u, places = ascending(ops.array([3.0, 1.0, 2.0]))
        >>> u.numpy().tolist(), places.numpy().tolist()
        ([1.0, 2.0, 3.0], [1, 2, 0])
    """
    size = values.shape[-1] or ops.shape(values)[-1]
    # unlike argsort, top_k gives the values along with their order
    negated, order = ops.top_k(-values, size)
    rows = ops.reshape(order, (-1, size))
    first = ops.arange(0, ops.shape(rows)[0], dtype=rows.dtype)[:, None] * size
    return -negated, ops.reshape(rows + first, (-1,))


def taken(values: Tensor, places: Tensor, like: Tensor) -> Tensor:
    """Return values `[..., n]` in the order that `ascending` gave.

    Args:
        values: `[..., n]`.
        places: From `ascending`.
        like: A tensor of the shape of the result.
    """
    return ops.reshape(ops.take(ops.reshape(values, (-1,)), places), ops.shape(like))


def restored(values: Tensor, places: Tensor) -> Tensor:
    """Return values in ascending order as they were before.

    Args:
        values: `[..., n]`.
        places: From `ascending`.

    Example:
        >>> u, places = ascending(ops.array([3.0, 1.0, 2.0]))
        >>> restored(u, places).numpy().tolist()
        [3.0, 1.0, 2.0]
    """
    flat = ops.reshape(values, (-1,))
    each = ops.segment_sum(flat, places, ops.size(flat))  # each place once
    return ops.reshape(each, ops.shape(values))


def running_distances(mass: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    """Return the masses so far, and the sums of their distances to the gaps' ends.

    Args:
        mass: `[..., n - 1]` masses in order, but for the last.
        gap: `[..., n - 1]` the distance from each to the next.
    """
    so_far = ops.cumsum(mass, axis=-1)
    return so_far, ops.cumsum(so_far * gap, axis=-1)


def _from_above(mass: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    """Return the same from the other end, of masses `[..., n]`."""
    sums = running_distances(ops.flip(mass[..., 1:], -1), ops.flip(gap, -1))
    return ops.flip(sums[0], -1), ops.flip(sums[1], -1)
