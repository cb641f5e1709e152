# SPDX-License-Identifier: Apache-2.0
"""The forward pass, with a leading member axis on every tensor.

Gradients are written out in batched products, segment sums and running sums, which
agree bit for bit whatever the stack and the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from equipoise._core.types import Tensor
from equipoise.networks.bfloat16 import multiplied
from equipoise.networks.parameters import outputs
from equipoise.networks.spec import NetworkSpec

Mask = Callable[[Tensor, int], Tensor]


def forward(
    spec: NetworkSpec,
    parameters: Mapping[str, Tensor],
    dense: Tensor,
    positions: Tensor,
    codes: Tensor,
    last: Tensor,
    mask: Mask | None = None,
    inside: bool = False,
    factors: Any = None,
) -> Tensor:
    """Return the logits of stacked networks, `[members, batch]`.

    Networks of several outputs give `[members, batch, width]`.

    Args:
        spec: The network.
        parameters: `[members, ...]` each, by the names of `parameters.shapes`.
        dense: `[members, batch, dense]`.
        positions: `[members, batch, numbers]`.
        codes: `[members, batch, embedded]` int32.
        last: `[members, numbers]`: the number of the last interval between knots.
        mask: Multiplies the output of a hidden layer, given with the layer's
            number: dropout. None leaves it as it is.
        inside: Whether all positions are known to lie between the first and the
            last knot, as those of training rows do: embeddings of numbers are then
            products, whose gradients are far cheaper.
        factors: The type to which the factors and the results of the products between
            hidden layers, and of embedded numbers with the first of them, are rounded,
            also those of their gradients; None for their own. Biases, their gradients,
            and the products of numbers and categories as they are and of the last
            layer, keep their own type.
    """
    parts = [dense]
    if "levels" in parameters:
        parts.append(_flat(lookup(parameters["levels"], codes)))
    kernel, bias = parameters["kernel_0"], parameters["bias_0"]
    layers = len(spec.hidden)
    if "steps" not in parameters:
        h = affine(_joined(parts), kernel, bias)
    elif inside:
        numbers = ramp_embedding(parameters["steps"], positions)
        h = _first_affine(numbers, parts, kernel, bias, factors if layers else None)
    else:
        numbers = _flat(piecewise_linear(parameters["steps"], positions, last))
        h = affine(_joined([dense, numbers, *parts[1:]]), kernel, bias)
    alone = outputs(spec, parameters) == 1
    for i in range(layers):
        h = tf.nn.relu(h)
        if mask is not None:
            h = mask(h, i)
        kernel, bias = parameters[f"kernel_{i + 1}"], parameters[f"bias_{i + 1}"]
        if i + 1 < layers:
            h = affine(h, kernel, bias, factors)
        else:
            h = output(h, kernel, bias) if alone else affine(h, kernel, bias)
    return h if layers or not alone else h[..., 0]


def arranged(
    numbers: Tensor, codes: Tensor, categories: Sequence[tuple[int, bool]]
) -> tuple[Tensor, Tensor]:
    """Return the dense and the embedded inputs, as `layout.arrange` gives them.

    Args:
        numbers: `[..., numbers]` scaled numbers and indicators.
        codes: `[..., categories]` int32.
        categories: By categorical column, the number of its codes and whether it is
            embedded; the others enter as columns of zeros and ones.

    Returns:
        `[..., dense]` and `[..., embedded]` int32: rows of the table of levels.
    """
    dense, embedded, start = [numbers], [], 0
    for column, (levels, embeds) in enumerate(categories):
        code = codes[..., column]
        if embeds:
            embedded.append(code + start)
            start += levels
        else:
            dense.append(tf.one_hot(code, levels, dtype=numbers.dtype))
    return (
        dense[0] if len(dense) == 1 else tf.concat(dense, axis=-1),
        tf.stack(embedded, axis=-1) if embedded else codes[..., :0],
    )


def product(
    x: Tensor, kernel: Tensor, turned: bool = False, factors: Any = None
) -> Tensor:
    """Return x W for each member, `[members, batch, out]`.

    Args:
        x: `[members, batch, in]`, or `[members, in, batch]` where it is turned.
        kernel: `[members, in, out]`.
        turned: Whether the batch is the last axis of `x`.
        factors: The type to which the factors and the result are rounded, also those
            of both gradients; None for their own. What is returned has the type of `x`.
    """
    inner, outer = factors or x.dtype, x.dtype

    def multiply(x: Tensor, kernel: Tensor) -> Any:
        left, right = tf.cast(x, inner), tf.cast(kernel, inner)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            above = tf.cast(upstream, inner)
            if turned:
                slope = multiplied(right, above, transpose_b=True)
            else:
                slope = multiplied(above, right, transpose_b=True)
            others = multiplied(left, above, transpose_a=not turned)
            return tf.cast(slope, outer), tf.cast(others, outer)

        return tf.cast(multiplied(left, right, transpose_a=turned), outer), gradient

    return tf.custom_gradient(multiply)(x, kernel)


def _first_affine(
    numbers: Tensor,
    parts: list[Tensor],
    kernel: Tensor,
    bias: Tensor,
    factors: Any = None,
) -> Tensor:
    """Return the first layer on numbers `[members, numbers, width, batch]`.

    The bias is a row of the kernel of the other inputs, so that no pass over the
    output adds it and no pass over its gradient sums it.
    """
    shape = tf.shape(numbers)
    turned = tf.reshape(
        numbers, [shape[0], numbers.shape[1] * numbers.shape[2], shape[3]]
    )
    sizes = [parts[0].shape[2], turned.shape[1], sum(p.shape[2] for p in parts[1:])]
    low, middle, high = tf.split(kernel, sizes, axis=1)
    others = _joined([*parts, tf.ones_like(parts[0][:, :, :1])])
    row = tf.concat([low, high, bias[:, None]], axis=1)
    embedded = product(turned, middle, turned=True, factors=factors)
    return embedded + product(others, row)


def output(h: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return the last layer, `[members, batch]`.

    Products of a row are several times faster than those of a column.

    Args:
        h: `[members, batch, in]`.
        kernel: `[members, in, 1]`.
        bias: `[members, 1]`.
    """

    def product(h: Tensor, kernel: Tensor, bias: Tensor) -> Any:
        row = kernel[:, :, 0][:, None]

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            left = upstream[:, None]
            ones = tf.ones_like(upstream)[:, :, None]
            return (
                upstream[:, :, None] * row,
                tf.matmul(left, h)[:, 0, :, None],
                tf.matmul(left, ones)[:, 0],
            )

        return tf.matmul(row, h, transpose_b=True)[:, 0] + bias, gradient

    return tf.custom_gradient(product)(h, kernel, bias)


def affine(x: Tensor, kernel: Tensor, bias: Tensor, factors: Any = None) -> Tensor:
    """Return x W + b for each member.

    Args:
        x: `[members, batch, in]`.
        kernel: `[members, in, out]`.
        bias: `[members, out]`.
        factors: As in `product`, for x W; the bias and its gradient keep their type.
    """
    inner, outer = factors or x.dtype, x.dtype
    # The sum over the batch is a product with ones. A sum over a middle axis adds
    # in another order in the body of a vector loop than in its tail, where a
    # member may be or not, depending on its place (measured at widths that are no
    # multiples of 16); a product does not, and is a little faster.
    ones = tf.ones_like(x[:, None, :, 0])

    def product(x: Tensor, kernel: Tensor, bias: Tensor) -> Any:
        left, right = tf.cast(x, inner), tf.cast(kernel, inner)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            above = tf.cast(upstream, inner)
            return (
                tf.cast(multiplied(above, right, transpose_b=True), outer),
                tf.cast(multiplied(left, above, transpose_a=True), outer),
                tf.matmul(ones, upstream)[:, 0],
            )

        return tf.cast(multiplied(left, right), outer) + bias[:, None, :], gradient

    return tf.custom_gradient(product)(x, kernel, bias)


def ramp_embedding(steps: Tensor, positions: Tensor) -> Tensor:
    """Return the piecewise-linear embedding of numbers between their knots.

    The value at a position is the sum of the steps, each times how much of its
    interval lies below: a product with ramps, and so is its gradient, where
    `piecewise_linear` needs a segment sum. Outside the knots it is constant.

    Args:
        steps: `[members, numbers, knots, width]`.
        positions: `[members, batch, numbers]`, index plus fraction.

    Returns:
        `[members, numbers, width, batch]`: the batch last, as the products have it.
    """
    starts = tf.range(-1, steps.shape[2] - 1, dtype=steps.dtype)[:, None]
    turned = tf.transpose(positions, [0, 2, 1])[:, :, None, :]
    low, high = (tf.constant(end, steps.dtype) for end in (0.0, 1.0))
    ramps = tf.raw_ops.ClipByValue(  # one pass, where tf.clip_by_value takes two
        t=turned - starts, clip_value_min=low, clip_value_max=high
    )

    def embed(steps: Tensor) -> Any:
        def gradient(upstream: Tensor) -> Tensor:
            return tf.matmul(ramps, upstream, transpose_b=True)

        return tf.matmul(steps, ramps, transpose_a=True), gradient

    return tf.custom_gradient(embed)(steps)


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


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=2)
