# SPDX-License-Identifier: Apache-2.0
"""The weights of one network as NumPy arrays: first values, and their places.

A network has, in this order: "steps" (the embedding of numbers, if there is
one), "levels" (of categories, if there is one), then "kernel_0", "bias_0" and so
on up to the output.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.networks.layout import Layout, number_places, places
from equipoise.networks.spec import NetworkSpec

Array = npt.NDArray[np.floating]
Parameters = dict[str, Array]


def shapes(
    spec: NetworkSpec, layout: Layout, width: int = 1
) -> dict[str, tuple[int, ...]]:
    """Return the name and the shape of each array of weights, in order.

    Args:
        spec: The network.
        layout: The places of its inputs.
        width: How many logits it gives per row.

    Example:
        >>> shapes(NetworkSpec("x", hidden=(4,)), Layout(("a", "b"), (), (), ()))
        {'kernel_0': (2, 4), 'bias_0': (4,), 'kernel_1': (4, 1), 'bias_1': (1,)}
    """
    result: dict[str, tuple[int, ...]] = {}
    if layout.positions:
        result["steps"] = (
            len(layout.positions),
            layout.most_knots,
            spec.number_width,
        )
    if layout.embedded:
        result["levels"] = (layout.levels, spec.category_width)
    widths = (layout.width(spec), *spec.hidden, width)
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
        result[f"kernel_{i}"] = (fan_in, fan_out)
        result[f"bias_{i}"] = (fan_out,)
    return result


def outputs(spec: NetworkSpec, parameters: Mapping[str, Any]) -> int:
    """Return how many logits a network gives per row.

    Args:
        spec: The network.
        parameters: Its weights by name, with or without a leading axis.
    """
    return int(parameters[f"bias_{len(spec.hidden)}"].shape[-1])


def initial(
    spec: NetworkSpec, layout: Layout, seed: int, bias: npt.ArrayLike
) -> Parameters:
    """Return first weights, float32.

    Kernels are Glorot uniform (Glorot and Bengio 2010, equation 16), as in Keras'
    `Dense`; biases are 0 but for the output's.

    Args:
        spec: The network.
        layout: The exact layout, so that fan-in counts real inputs only.
        seed: The member's seed; each array has a stream of its own.
        bias: The output's bias: the log-odds at which training starts, or `[width]`.
    """
    result: Parameters = {}
    width = np.size(bias)
    for name, shape in shapes(spec, layout, width).items():
        random = generator(seed, "network", name)
        if name == "steps":
            values = _first_steps(random, layout, spec.number_width)
        elif name == "levels":
            values = random.normal(0.0, 1 / math.sqrt(shape[1]), shape)
        elif name.startswith("kernel"):
            limit = math.sqrt(6.0 / max(1, sum(shape)))
            values = random.uniform(-limit, limit, shape)
        else:
            values = np.zeros(shape)
        result[name] = values.astype(np.float32)
    result[f"bias_{len(spec.hidden)}"][:] = bias
    return result


def _first_steps(random: np.random.Generator, layout: Layout, width: int) -> Array:
    """Return increments whose sum over a feature's knots has variance 1."""
    values = np.zeros((len(layout.positions), layout.most_knots, width))
    for j, knots in enumerate(layout.knots):
        values[j, :knots] = random.normal(0.0, 1 / math.sqrt(knots), (knots, width))
    return values


def to_common_layout(
    parameters: Mapping[str, Array], spec: NetworkSpec, exact: Layout, common: Layout
) -> Parameters:
    """Put the weights of an exact layout into the common one; the rest is 0."""
    result: Parameters = {}
    where = _index(spec, exact, common)
    width = outputs(spec, parameters)
    for name, shape in shapes(spec, common, width).items():
        values = np.zeros(shape, parameters[name].dtype)
        values[where.get(name, ...)] = parameters[name]
        result[name] = values
    return result


def to_exact_layout(
    parameters: Mapping[str, Array], spec: NetworkSpec, exact: Layout, common: Layout
) -> Parameters:
    """Take the weights of an exact layout out of the common one."""
    where = _index(spec, exact, common)
    width = outputs(spec, parameters)
    return {
        name: np.ascontiguousarray(parameters[name][where.get(name, ...)])
        for name in shapes(spec, exact, width)
    }


def _index(
    spec: NetworkSpec, exact: Layout, common: Layout
) -> dict[str, tuple[IntArray, ...]]:
    """Return, for each array whose shape differs, where the exact part lies."""
    features = places(exact.positions, common.positions)
    embedded = [c.name for c in common.embedded]
    columns = places([c.name for c in exact.embedded], embedded)
    first = len(common.positions) * spec.number_width
    kernel = np.concatenate(
        [
            _dense_places(exact, common),
            common.dense + _blocks(features, spec.number_width),
            common.dense + first + _blocks(columns, spec.category_width),
        ]
    )
    result: dict[str, tuple[IntArray, ...]] = {"kernel_0": (kernel,)}
    if exact.positions:
        result["steps"] = (features[:, None], np.arange(exact.most_knots)[None])
    if exact.embedded:
        result["levels"] = (_level_places(exact, common),)
    return result


def _blocks(which: IntArray, width: int) -> IntArray:
    return (which[:, None] * width + np.arange(width)).ravel()


def _dense_places(exact: Layout, common: Layout) -> IntArray:
    parts = [number_places(exact, common)]
    start = len(common.numbers)
    for mine, theirs in zip(exact.one_hot, common.one_hot, strict=True):
        parts.append(start + np.arange(mine.levels))
        start += theirs.levels
    return np.concatenate(parts)


def _level_places(exact: Layout, common: Layout) -> IntArray:
    parts, start = [], 0
    for mine, theirs in zip(exact.embedded, common.embedded, strict=True):
        parts.append(start + np.arange(mine.levels))
        start += theirs.levels
    return np.concatenate(parts)
