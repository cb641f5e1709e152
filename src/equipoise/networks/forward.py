# SPDX-License-Identifier: Apache-2.0
"""The forward pass, with a leading member axis on every tensor.

Gradients are written out in batched products, segment sums and running sums, which
agree bit for bit whatever the stack and the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from equipoise.networks.spec import NetworkSpec

Tensor = Any
Mask = Callable[[Tensor, int], Tensor]


def forward(
    spec: NetworkSpec,
    parameters: Mapping[str, Tensor],
    dense: Tensor,
    positions: Tensor,
    codes: Tensor,
    last: Tensor,
    mask: Mask | None = None,
) -> Tensor:
    """Return the logits of stacked networks, `[members, batch]`.

    Args:
        spec: The network.
        parameters: `[members, ...]` each, by the names of `parameters.shapes`.
        dense: `[members, batch, dense]`.
        positions: `[members, batch, numbers]`.
        codes: `[members, batch, embedded]` int32.
        last: `[members, numbers]`: the number of the last interval between knots.
        mask: Multiplies the output of a hidden layer, given with the layer's
            number: dropout. None leaves it as it is.
    """
    parts = [dense]
    if "steps" in parameters:
        parts.append(_flat(piecewise_linear(parameters["steps"], positions, last)))
    if "levels" in parameters:
        parts.append(_flat(lookup(parameters["levels"], codes)))
    h = tf.concat(parts, axis=2) if len(parts) > 1 else dense
    for i in range(len(spec.hidden)):
        h = affine(h, parameters[f"kernel_{i}"], parameters[f"bias_{i}"])
        h = tf.nn.relu(h)
        if mask is not None:
            h = mask(h, i)
    last = len(spec.hidden)
    return affine(h, parameters[f"kernel_{last}"], parameters[f"bias_{last}"])[..., 0]


def affine(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return x W + b for each member.

    Args:
        x: `[members, batch, in]`.
        kernel: `[members, in, out]`.
        bias: `[members, out]`.
    """
    # The sum over the batch is a product with ones. A sum over a middle axis adds
    # in another order in the body of a vector loop than in its tail, where a
    # member may be or not, depending on its place (measured at widths that are no
    # multiples of 16); a product does not, and is a little faster.
    ones = tf.ones_like(x[:, None, :, 0])

    def product(x: Tensor, kernel: Tensor, bias: Tensor) -> Any:
        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return (
                tf.matmul(upstream, kernel, transpose_b=True),
                tf.matmul(x, upstream, transpose_a=True),
                tf.matmul(ones, upstream)[:, 0],
            )

        return tf.matmul(x, kernel) + bias[:, None, :], gradient

    return tf.custom_gradient(product)(x, kernel, bias)


def piecewise_linear(steps: Tensor, positions: Tensor, last: Tensor) -> Tensor:
    """Return the piecewise-linear embedding of numbers.

    The value at knot t is the sum of the steps up to t; between knots it is
    interpolated, and outside it goes on with the slope of the last interval. That
    is the linear map of the piecewise-linear encoding (Gorishniy et al. 2022,
    equation 1) without its zeros and ones.

    Args:
        steps: `[members, numbers, knots, width]`.
        positions: `[members, batch, numbers]`, index plus fraction.
        last: `[members, numbers]`: the number of the last interval between knots.

    Returns:
        `[members, batch, numbers, width]`.
    """
    numbers, most = steps.shape[1], steps.shape[2]
    whole = tf.maximum(tf.minimum(tf.floor(positions), last[:, None, :]), 0.0)
    fraction = (positions - whole)[..., None]
    index = tf.cast(whole, tf.int32) + tf.range(numbers) * most
    members = tf.range(tf.shape(positions)[0])[:, None, None]
    return _interpolate(steps, index + members * (numbers * most), fraction)


def _interpolate(steps: Tensor, index: Tensor, fraction: Tensor) -> Tensor:
    width, most = steps.shape[3], steps.shape[2]

    def interpolate(steps: Tensor) -> Any:
        values = tf.reshape(tf.cumsum(steps, axis=2), [-1, width])
        slopes = tf.reshape(steps, [-1, width])
        low = tf.gather(values, index)
        result = low + fraction * tf.gather(slopes, index + 1)

        def gradient(upstream: Tensor) -> Tensor:
            both = tf.concat([upstream, fraction * upstream], axis=-1)
            sums = tf.math.unsorted_segment_sum(
                tf.reshape(both, [-1, 2 * width]),
                tf.reshape(index, [-1]),
                tf.shape(slopes)[0],
            )
            sums = tf.reshape(sums, [-1, steps.shape[1], most, 2 * width])
            levels = tf.cumsum(sums[..., :width], axis=2, reverse=True)
            slope = sums[:, :, :-1, width:]
            return levels + tf.pad(slope, [[0, 0], [0, 0], [1, 0], [0, 0]])

        return result, gradient

    return tf.custom_gradient(interpolate)(steps)


def lookup(levels: Tensor, codes: Tensor) -> Tensor:
    """Return the embedding of categories, `[members, batch, embedded, width]`.

    Args:
        levels: `[members, levels, width]`.
        codes: `[members, batch, embedded]` int32.
    """
    count, width = levels.shape[1], levels.shape[2]
    index = codes + tf.range(tf.shape(codes)[0])[:, None, None] * count

    def gather(levels: Tensor) -> Any:
        rows = tf.reshape(levels, [-1, width])

        def gradient(upstream: Tensor) -> Tensor:
            sums = tf.math.unsorted_segment_sum(
                tf.reshape(upstream, [-1, width]),
                tf.reshape(index, [-1]),
                tf.shape(rows)[0],
            )
            return tf.reshape(sums, [-1, count, width])

        return tf.gather(rows, index), gradient

    return tf.custom_gradient(gather)(levels)


def _flat(values: Tensor) -> Tensor:
    """Join the last two axes."""
    shape = tf.shape(values)
    width = values.shape[2] * values.shape[3]
    return tf.reshape(values, [shape[0], shape[1], width])
