# SPDX-License-Identifier: Apache-2.0
"""What a tabular network promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.networks.layout import Category, Layout
from equipoise.networks.parameters import Parameters, initial, shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.testing.promises import require


def check_network(spec: NetworkSpec) -> None:
    """Check a network against every network contract; nothing is trained.

    Args:
        spec: The network, as `equipoise.networks.network` returns it, or your own.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> check_network(NetworkSpec("tiny", hidden=(8,), number_width=2))
    """
    for check in NETWORK_CHECKS:
        check(spec)


def network_is_a_record(spec: NetworkSpec) -> None:
    """It is equal to its copy from plain data."""
    require(NetworkSpec.from_dict(spec.to_dict()) == spec, f"{spec.name}: a round trip")


def network_starts_by_its_seed(spec: NetworkSpec) -> None:
    """A seed gives the first parameters; another seed gives others."""
    layout = _layout(spec)
    one, again, other = (initial(spec, layout, seed, -1.0) for seed in (0, 0, 1))
    for name, shape in shapes(spec, layout).items():
        require(one[name].shape == shape, f"{spec.name}: {name} of shape {shape}")
        np.testing.assert_array_equal(one[name], again[name])
    differs = any(not np.array_equal(one[name], other[name]) for name in one)
    require(differs, f"{spec.name}: other parameters for another seed")


def network_gives_a_logit_per_row(spec: NetworkSpec) -> None:
    """One finite logit for each network and row; one row, and none, are no error."""
    for rows in (9, 1, 0):
        logits = _logits(spec, [0, 1], rows)
        require(logits.shape == (2, rows), f"{spec.name}: logits [networks, rows]")
        require(np.isfinite(logits).all(), f"{spec.name}: finite logits")


def network_rows_are_alone(spec: NetworkSpec) -> None:
    """A row's logit depends neither on other rows nor on other networks."""
    both = _logits(spec, [0, 1], 9)
    np.testing.assert_allclose(_logits(spec, [1], 9)[0], both[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        _logits(spec, [0, 1], 4), both[:, :4], rtol=1e-5, atol=1e-6
    )


def network_is_its_keras_layer(spec: NetworkSpec) -> None:
    """The layer for export gives the same logits, also from its own configuration."""
    import keras

    from equipoise.networks.layer import TabularNetwork

    layout = _layout(spec)
    layer = TabularNetwork(spec, layout, networks=2)
    layer.assign(_stacked(spec, [0, 1]))
    copy = TabularNetwork.from_config(layer.get_config())
    copy.set_weights(layer.get_weights())
    expected = _logits(spec, [0, 1], 9).T
    for each in (layer, copy):
        logits = keras.ops.convert_to_numpy(each(_inputs(9)))
        np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


NETWORK_CHECKS: tuple[Callable[[NetworkSpec], None], ...] = (
    network_is_a_record,
    network_starts_by_its_seed,
    network_gives_a_logit_per_row,
    network_rows_are_alone,
    network_is_its_keras_layer,
)
"""The contracts of a network, each to be called alone: `check(spec)`."""

_NUMBERS, _KNOTS = ("a", "b"), (6, 4)


def _layout(spec: NetworkSpec) -> Layout:
    """Return a layout of two numbers and two categories."""
    embeds = spec.number_width > 0
    categories = tuple(
        Category(name, levels, levels > spec.one_hot)
        for name, levels in (("few", 3), ("many", 40))
    )
    return Layout(
        _NUMBERS, _NUMBERS if embeds else (), _KNOTS if embeds else (), categories
    )


def _inputs(rows: int) -> tuple[Any, Any, Any]:
    """Return numbers, positions among the knots, and codes of categories."""
    random = np.random.default_rng(2)
    numbers = random.normal(size=(9, 2)).astype(np.float32)
    positions = random.uniform(0, [5, 3], (9, 2)).astype(np.float32)
    codes = random.integers(0, [3, 40], (9, 2)).astype(np.int32)
    return numbers[:rows], positions[:rows], codes[:rows]


def _stacked(spec: NetworkSpec, seeds: list[int]) -> Parameters:
    each = [initial(spec, _layout(spec), seed, -1.0) for seed in seeds]
    return {name: np.stack([one[name] for one in each]) for name in each[0]}


def _logits(spec: NetworkSpec, seeds: list[int], rows: int) -> FloatArray:
    from equipoise.networks.layer import TabularNetwork

    layer = TabularNetwork(spec, _layout(spec), networks=len(seeds))
    layer.assign(_stacked(spec, seeds))
    return np.asarray(layer(_inputs(rows))).T
