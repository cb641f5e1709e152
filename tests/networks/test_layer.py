# SPDX-License-Identifier: Apache-2.0
"""Trained networks as Keras layers: the arrays' own logits, corrections, averages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.networks.layer import AverageLogOdds, CorrectedLogOdds, TabularNetwork
from equipoise.networks.layout import Category, Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction
from equipoise.training.average import average_log_odds

CATEGORIES = (Category("few", 3, False), Category("many", 7, True))
ROWS = 25
LAYOUTS = {
    "all": Layout(("a", "b"), ("a", "b"), (6, 4), CATEGORIES),
    "one-hot": Layout(("a", "b"), (), (), CATEGORIES[:1]),
    "embedded": Layout(("a", "b"), (), (), CATEGORIES[1:]),
    "numbers": Layout(("a", "b"), ("a", "b"), (6, 4), ()),
    "plain": Layout(("a", "b"), (), (), ()),
}


def spec_of(layout: Layout, hidden: tuple[int, ...] = (6, 5)) -> NetworkSpec:
    width = 3 if layout.positions else 0
    return NetworkSpec("x", hidden=hidden, number_width=width, category_width=2)


def drawn_inputs(layout: Layout) -> tuple[np.ndarray, ...]:
    """Numbers, positions beyond the knots as well, and codes."""
    random = np.random.default_rng(0)
    codes = [random.integers(0, c.levels, ROWS) for c in layout.categories]
    return (
        random.normal(size=(ROWS, 2)).astype(np.float32),
        random.uniform(-1.5, 6.5, (ROWS, 2)).astype(np.float32),
        np.array(codes, np.int32).reshape(len(codes), ROWS).T,
    )


def drawn_weights(spec: NetworkSpec, layout: Layout, networks: int) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        name: random.normal(size=(networks, *shape)).astype(np.float32)
        for name, shape in shapes(spec, layout).items()
    }


def by_hand(
    spec: NetworkSpec, layout: Layout, weights: dict[str, Any], inputs: Any
) -> np.ndarray:
    """The logits of one network, row by row in NumPy, `[rows]`."""
    logits = []
    for numbers, positions, codes in zip(*inputs, strict=True):
        parts = [numbers.astype(float)]
        for category, code in zip(layout.categories, codes, strict=True):
            if not category.embedded:
                parts.append(np.eye(category.levels)[code])
        for j, place in enumerate(positions if layout.positions else ()):
            values = np.cumsum(weights["steps"][j].astype(float), axis=0)
            k = int(np.clip(np.floor(place), 0, layout.knots[j] - 2))
            parts.append(values[k] + (place - k) * (values[k + 1] - values[k]))
        start = 0
        for category, code in zip(layout.categories, codes, strict=True):
            if category.embedded:
                parts.append(weights["levels"][start + code].astype(float))
                start += category.levels
        h = np.concatenate(parts)
        layers = len(spec.hidden) + 1
        for i in range(layers):
            h = h @ weights[f"kernel_{i}"].astype(float) + weights[f"bias_{i}"]
            h = np.maximum(h, 0.0) if i + 1 < layers else h
        logits.append(h[0])
    return np.array(logits)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=str)
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_network_equals_numpy(name: str, hidden: tuple[int, ...]) -> None:
    layout = LAYOUTS[name]
    spec = spec_of(layout, hidden)
    weights, inputs = drawn_weights(spec, layout, 3), drawn_inputs(layout)
    layer = TabularNetwork(spec, layout, 3)
    layer.assign(weights)
    logits = layer(inputs)
    assert logits.shape == (ROWS, 3)
    for network in range(3):
        alone = {name: value[network] for name, value in weights.items()}
        expected = by_hand(spec, layout, alone, inputs)
        assert np.ptp(expected) > 1.0
        np.testing.assert_allclose(logits[:, network], expected, rtol=1e-4, atol=1e-4)


def test_networks_of_a_layer_do_not_meet() -> None:
    layout = LAYOUTS["all"]
    spec, inputs = spec_of(layout), drawn_inputs(layout)
    weights = drawn_weights(spec, layout, 3)
    three, one = TabularNetwork(spec, layout, 3), TabularNetwork(spec, layout)
    three.assign(weights)
    one.assign({name: value[1:2] for name, value in weights.items()})
    np.testing.assert_allclose(three(inputs)[:, 1:2], one(inputs), atol=1e-5)


def model_of(layout: Layout, networks: int, correction: CorrectedLogOdds) -> Any:
    inputs = (
        keras.Input((2,), name="numbers"),
        keras.Input((2,), name="positions"),
        keras.Input((len(layout.categories),), dtype="int32", name="codes"),
    )
    layer = TabularNetwork(spec_of(layout), layout, networks)
    layer.assign(drawn_weights(layer.spec, layout, networks))
    logits = layer(inputs)
    corrected = correction(logits)
    average = AverageLogOdds()(corrected)
    shapes = [tensor.shape for tensor in (logits, corrected, average)]
    assert shapes == [(None, networks), (None, networks), (None, 1)]
    return keras.Model(inputs, average)


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", LAYOUTS)
def test_the_three_layers_travel_in_a_keras_file(name: str, tmp_path: Path) -> None:
    """What was loaded equals the arithmetic in NumPy, not only what was saved."""
    layout = LAYOUTS[name]
    model = model_of(layout, 2, CorrectedLogOdds("focal", -1.5, 2.0))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    inputs = drawn_inputs(layout)
    found = np.asarray(again(list(inputs)))
    np.testing.assert_array_equal(found, model(list(inputs)))
    spec = spec_of(layout)
    weights = drawn_weights(spec, layout, 2)
    correction = Correction("focal", (-1.5,), 2.0)
    each = [
        correction.apply(
            by_hand(spec, layout, {k: v[i] for k, v in weights.items()}, inputs)
        )
        for i in range(2)
    ]
    expected = average_log_odds(each)[:, None]
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_a_layer_is_rebuilt_from_its_config() -> None:
    layout = LAYOUTS["all"]
    layer = TabularNetwork(spec_of(layout), layout, 2, name="nets")
    again = TabularNetwork.from_config(layer.get_config())
    assert (again.name, again.networks) == ("nets", 2)
    assert (again.spec, again.layout) == (layer.spec, layer.layout)
    corrected = CorrectedLogOdds("focal", [0.5, -1.0], 1.5)
    config = corrected.get_config()
    assert "reason" not in config
    assert CorrectedLogOdds.from_config(config).correction == corrected.correction


@pytest.mark.parametrize(
    ("kind", "offset", "gamma"),
    [
        ("offset", -2.0, 0.0),
        ("focal", 0.0, 0.5),
        ("focal", 1.25, 2.0),
        ("focal", -3.0, 5.0),
        ("focal", 0.75, 0.0),
        ("calibrate", 0.5, 0.0),
    ],
)
def test_a_correction_in_the_graph_is_that_of_numpy(
    kind: Any, offset: float, gamma: float
) -> None:
    """From -60 to 60, and on both sides of 15, where the formula changes."""
    z = np.concatenate([np.linspace(-60, 60, 241), [14.999, 15.0, 15.001, -15.0, 0.0]])
    layer = CorrectedLogOdds(kind, offset, gamma)
    z = z.astype(np.float32)
    found = layer(tf.constant(z[:, None]))[:, 0]
    expected = Correction(kind, (offset,), gamma).apply(z)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


def test_an_offset_may_differ_by_output() -> None:
    z = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    found = CorrectedLogOdds(offset=[0.5, -1.0])(z).numpy()
    np.testing.assert_array_equal(found, z + np.array([0.5, -1.0], np.float32))


def test_an_average_is_the_log_odds_of_the_mean_probability() -> None:
    """Also where a probability rounds to 0 or 1 in single precision."""
    z = np.random.default_rng(0).normal(scale=3.0, size=(50, 4)).astype(np.float32)
    p = 1 / (1 + np.exp(-z.astype(float)))
    mean = p.mean(axis=1)
    found = AverageLogOdds()(z).numpy()[:, 0]
    np.testing.assert_allclose(found, np.log(mean / (1 - mean)), rtol=1e-5, atol=1e-5)
    wide = np.array([[80.0, 90.0], [-95.0, -80.0], [100.0, -100.0]], np.float32)
    expected = average_log_odds(wide.astype(float).T)
    np.testing.assert_allclose(AverageLogOdds()(wide).numpy()[:, 0], expected, 1e-6)
    assert expected.tolist()[2] == 0.0


@pytest.mark.parametrize("hidden", [(), (6, 5)], ids=str)
@pytest.mark.parametrize("width", [3, 10])
def test_several_outputs_are_so_many_networks_of_one(
    width: int, hidden: tuple[int, ...]
) -> None:
    layout = LAYOUTS["all"]
    spec, inputs = spec_of(layout, hidden), drawn_inputs(layout)
    random = np.random.default_rng(4)
    weights = {
        name: random.normal(size=(2, *shape)).astype(np.float32)
        for name, shape in shapes(spec, layout, width).items()
    }
    layer = TabularNetwork(spec, layout, 2, width=width)
    layer.assign(weights)
    logits = layer(inputs)
    assert logits.shape == (ROWS, 2, width)
    entries = [keras.Input(part.shape[1:], dtype=part.dtype) for part in inputs]
    assert layer(tuple(entries)).shape == (None, 2, width)
    last = len(hidden)
    for network in range(2):
        for output in range(width):
            alone = {name: value[network] for name, value in weights.items()}
            for name in (f"kernel_{last}", f"bias_{last}"):
                alone[name] = alone[name][..., output : output + 1]
            expected = by_hand(spec, layout, alone, inputs)
            np.testing.assert_allclose(
                logits[:, network, output], expected, rtol=1e-4, atol=1e-4
            )
    again = TabularNetwork.from_config(layer.get_config())
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(inputs), logits)


def test_configurations_of_one_output_are_as_ever() -> None:
    layout = LAYOUTS["all"]
    networks = TabularNetwork(spec_of(layout), layout, 2).get_config()
    assert set(networks) == {"name", "spec", "layout", "networks"}
    corrected = CorrectedLogOdds("focal", -1.5, 2.0).get_config()
    assert set(corrected) == {"name", "kind", "offset", "gamma"}
    average = AverageLogOdds(name="a").get_config()
    assert {**average, "dtype": average["dtype"]["config"]["name"]} == {
        "name": "a",
        "activity_regularizer": None,
        "trainable": True,
        "dtype": "float32",
        "autocast": True,
    }


@pytest.mark.parametrize("classes", [3, 10])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_the_focal_link_of_classes_is_that_of_numpy(gamma: float, classes: int) -> None:
    """Also if one class is all but certain, and with a network axis."""
    random = np.random.default_rng(0)
    z = random.normal(scale=4.0, size=(200, 2, classes)).astype(np.float32)
    z[0, 0, 0], z[1, 0, :] = 60.0, 0.0
    z[2, 0, 1] = -60.0
    offset = random.normal(size=classes).tolist()
    layer = CorrectedLogOdds("focal", offset, gamma, link="softmax")
    expected = Correction("focal", tuple(offset), gamma, link="softmax").apply(z)
    np.testing.assert_allclose(layer(z), expected, rtol=2e-5, atol=2e-5)
    again = CorrectedLogOdds.from_config(layer.get_config())
    assert again.correction == layer.correction


def test_labels_are_corrected_one_by_one() -> None:
    z = np.random.default_rng(0).normal(scale=4.0, size=(50, 2, 4)).astype(np.float32)
    layer = CorrectedLogOdds("focal", [0.5, -1.0, 0.0, 2.0], 2.0)
    for label, offset in enumerate((0.5, -1.0, 0.0, 2.0)):
        alone = CorrectedLogOdds("focal", offset, 2.0)(z[..., label])
        np.testing.assert_allclose(layer(z)[..., label], alone, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("networks", [1, 2, 5])
@pytest.mark.parametrize(
    ("link", "width"), [("softmax", 3), ("softmax", 10), ("sigmoid", 4)]
)
def test_an_average_of_tasks_is_that_of_numpy(
    link: Any, width: int, networks: int
) -> None:
    z = np.random.default_rng(0).normal(scale=5.0, size=(60, networks, width))
    z = z.astype(np.float32)
    z[0] = 90.0 * np.eye(width)[0]
    layer = AverageLogOdds(link)
    expected = average_log_odds(z.swapaxes(0, 1), link)
    np.testing.assert_allclose(layer(z), expected, rtol=1e-5, atol=2e-5)
    entry = keras.Input((networks, width))
    assert layer(entry).shape == (None, width)
    assert AverageLogOdds.from_config(layer.get_config()).link == link
