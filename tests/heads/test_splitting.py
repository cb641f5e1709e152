# SPDX-License-Identifier: Apache-2.0
"""The last layer is found in every kind of model, and what it is given is frozen."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.heads import FeatureSplit, split_at_features

layers = keras.layers
X = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)


def sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


def functional() -> Any:
    inputs = keras.Input((6,))
    first = layers.Dense(3)(inputs)  # as wide as the output, but not the last
    both = layers.Concatenate()([layers.ReLU()(first), inputs])
    return keras.Model(inputs, layers.Dense(3)(both))


def nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, "tanh"), layers.Dense(3)]
    )
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Activation("linear")(inner(inputs)))


class Subclassed(keras.Model):  # type: ignore[misc]  # keras is untyped
    """Its last layer is not the last that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.drop = layers.Dense(3), layers.Dropout(0.9)
        self.hidden = layers.Dense(5, activation="tanh")

    def call(self, x: Any, training: bool = False) -> Any:
        return self.last(self.drop(self.hidden(x), training=training))


@pytest.mark.parametrize("build", [sequential, functional, nested, Subclassed])
def test_the_last_layer_of_its_input_is_the_output(build: Any) -> None:
    model = build()
    model(X, training=False)
    split = split_at_features(model, X)
    features = split.features(X)
    assert isinstance(split, FeatureSplit)
    assert split.trained
    assert features.shape == (7, split.width)
    assert features.dtype == np.float32
    np.testing.assert_allclose(
        features @ split.kernel + split.bias,
        model(X, training=False).numpy(),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("build", [sequential, functional, nested, Subclassed])
def test_another_head_is_put_back(build: Any) -> None:
    split = split_at_features(build(), X)
    random = np.random.default_rng(1)
    kernel, bias = random.normal(size=split.kernel.shape), random.normal(size=3)
    before = split.features(X)
    model = split.put_back(kernel, bias)
    assert model is split.model
    np.testing.assert_allclose(
        model(X, training=False).numpy(), before @ kernel + bias, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(split.features(X), before)
    for wrong in ((kernel.T, bias), (kernel, bias[:2])):
        with pytest.raises(InputError, match="shape"):
            split.put_back(*wrong)


def test_features_are_those_of_prediction() -> None:
    """Dropout drops nothing, and batch normalisation moves no statistic."""
    model = sequential()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, np.arange(7) % 3, epochs=2, verbose=0)
    before = [w.copy() for w in model.get_weights()]
    split = split_at_features(model, X)
    np.testing.assert_array_equal(split.features(X), split.features(X))
    by_hand = keras.Model(model.inputs, model.layers[-2].output)
    np.testing.assert_allclose(
        split.features(X), by_hand.predict(X, verbose=0), rtol=1e-6
    )
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_blocks_and_no_rows() -> None:
    split = split_at_features(sequential())
    many = np.tile(X, (60, 1))
    assert split.features(many).shape == (420, 5)
    np.testing.assert_allclose(
        split.features(many)[413:], split.features(X), rtol=1e-5, atol=1e-6
    )
    assert split.features(X[:0]).shape == (0, 5)


def test_whole_numbers_and_one_logit() -> None:
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(10, 3),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
            layers.Flatten(),
        ]
    )
    split = split_at_features(model)
    rows = np.arange(8).reshape(2, 4).astype(np.int32)
    assert split.kernel.shape == (3, 1)
    assert split.features(rows).shape == (2, 3)


def test_features_by_name() -> None:
    """What follows them is replaced by one layer that has yet to be trained."""
    inputs = keras.Input((6,))
    hidden = layers.Dense(5, activation="relu", name="hidden")(inputs)
    ends = [layers.Dense(3)(hidden), layers.Dense(3)(hidden)]
    model = keras.Model(inputs, layers.Add()(ends))
    with pytest.raises(InputError, match="features=NAME"):
        split_at_features(model, X)
    split = split_at_features(model, features="hidden")
    assert not split.trained
    assert split.kernel.shape == (5, 3)
    by_hand = keras.Model(inputs, hidden)
    np.testing.assert_allclose(
        split.features(X), by_hand.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    made = split.put_back(np.ones((5, 3)), np.zeros(3))
    np.testing.assert_allclose(
        made.predict(X, verbose=0)[:, 0], split.features(X).sum(1), rtol=1e-5
    )
    with pytest.raises(InputError, match="Did you mean 'hidden'"):
        split_at_features(model, features="hiden")


def ends_in(*last: Any) -> Any:
    return keras.Sequential([keras.Input((6,)), layers.Dense(4), *last])


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (ends_in(layers.Dense(3, activation="softmax")), "softmax"),
        (ends_in(layers.Dense(3, use_bias=False)), "use_bias=False"),
        (ends_in(layers.Dense(3), layers.Softmax()), "Dense layer"),
        (ends_in(layers.Reshape((2, 2)), layers.Dense(3)), r"\[rows, 2, 2\]"),
    ],
)
def test_other_ends_are_refused(model: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        split_at_features(model, X)
    flat = ends_in(layers.Reshape((2, 2)), layers.Flatten(), layers.Dense(3))
    assert split_at_features(flat, X).width == 4


def test_what_is_no_model_or_has_no_graph() -> None:
    with pytest.raises(InputTypeError, match=r"build\(\)"):
        split_at_features(sequential)
    assert split_at_features(sequential()).width == 5
    with pytest.raises(InputError, match="Pass x"):
        split_at_features(Subclassed())
    with pytest.raises(InputError, match="features=None"):
        split_at_features(Subclassed(), X, features="hidden")
    assert split_at_features(Subclassed(), X[:2], features=None).width == 5
    flat = layers.Flatten(name="flat")
    deep = keras.Sequential([keras.Input((4, 2)), layers.Dense(3, name="wide"), flat])
    with pytest.raises(InputError, match="Flatten"):
        split_at_features(deep, features="wide")
    assert split_at_features(deep, features="flat").width == 12


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "last", [layers.ReLU, layers.LeakyReLU, lambda: layers.Activation("relu6")]
)
def test_an_activation_that_changes_only_some_rows_is_seen(seed: int, last: Any):
    """On the rows at hand it may change nothing."""
    keras.utils.set_random_seed(seed)
    with pytest.raises(InputError, match="whose output is not that of a Dense layer"):
        split_at_features(ends_in(layers.Dense(1), last()), X)


def test_rows_with_gaps_and_no_rows() -> None:
    assert split_at_features(sequential(), np.full((3, 6), np.nan)).width == 5
    with pytest.raises(InputError, match="x of no rows"):
        split_at_features(sequential(), X[:0])


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_in_any_precision(dtype: str) -> None:
    hidden = layers.Dense(5, "relu", dtype=dtype)
    for last in (layers.Dense(3, dtype=dtype), layers.Dense(3, dtype="float32")):
        model = keras.Sequential([keras.Input((6,)), hidden, last])
        split = split_at_features(model, X)
        assert split.last is last
        np.testing.assert_allclose(
            split.features(X) @ split.kernel + split.bias,
            np.asarray(model(X), np.float64),
            atol=0.05,
        )


def two_inputs(form: Any) -> Any:
    a, b = keras.Input((6,), name="a"), keras.Input((2,), name="b")
    both = layers.Concatenate(name="both")([layers.Dense(4, "relu")(a), b])
    return keras.Model(form(a, b), layers.Dense(3)(both))


@pytest.mark.parametrize(
    "form", [lambda a, b: [a, b], lambda a, b: (a, b), lambda a, b: {"b": b, "a": a}]
)
@pytest.mark.parametrize("name", [None, "both"])
def test_several_inputs(form: Any, name: str | None) -> None:
    model, rows = two_inputs(form), form(X, X[:, :2])
    with pytest.raises(InputError, match=r"2 input layers and no x.*in the form that"):
        split_at_features(model)
    split = split_at_features(model, rows, name)
    features = split.features(rows)
    np.testing.assert_array_equal(features[:, 4:], X[:, :2])
    np.testing.assert_allclose(
        features @ split.kernel + split.bias,
        np.asarray(split.model(rows)),
        rtol=1e-4,
        atol=1e-6,
    )
    with pytest.raises(InputError, match=r"one array for the model .* of 2 inputs"):
        split.features(X)


def test_a_name_needs_one_output() -> None:
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    model = keras.Model(inputs, [layers.Dense(1)(hidden), layers.Dense(2)(hidden)])
    with pytest.raises(InputError, match="of 2 outputs"):
        split_at_features(model, features="hidden")
