# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses import (
    Combined,
    CrossEntropy,
    Dice,
    Focal,
    Switch,
    WeightedCrossEntropy,
)
from equipoise.losses.combined import (
    losses_in_force,
    posterior_by,
    takes_class_numbers,
    takes_classes,
)

RANDOM = np.random.default_rng(0)
Z = RANDOM.normal(size=(20, 1)).astype("float32")
Y = (RANDOM.random((20, 1)) < 0.3).astype("float32")


def test_it_is_the_sum_with_and_without_weights_of_examples() -> None:
    parts, w = [CrossEntropy(), Dice(), Focal()], RANDOM.random(20)
    loss = Combined(parts, [0.5, 2.0, 1.0])
    for weights in (None, w):
        each = [float(part(Y, Z, weights)) for part in parts]
        expected = np.dot([0.5, 2.0, 1.0], each)
        assert float(loss(Y, Z, weights)) == pytest.approx(expected, rel=1e-5)


def test_weights_change_without_a_new_trace() -> None:
    loss, traces = Combined([CrossEntropy(), Dice()]), []

    @tf.function
    def value(targets: Any, logits: Any) -> Any:
        traces.append(1)
        return loss(targets, logits)

    both = float(value(Y, Z))
    loss.assign([1.0, 0.0])
    assert float(value(Y, Z)) == pytest.approx(float(CrossEntropy()(Y, Z)), rel=1e-6)
    assert both > float(value(Y, Z))
    assert len(traces) == 1


@pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")
def test_it_survives_a_file(tmp_path: Any) -> None:
    loss = Combined([Focal(gamma=1.0), Dice()], [0.3, 0.7], dtype="float64")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss=loss)
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").loss
    assert float(again(Y, Z)) == float(loss(Y, Z))
    assert again.weights == (0.3, 0.7)


def test_its_link_by_gradients() -> None:
    """l1 = (1 + 9) softplus(-z), l0 = 2 softplus(z): weights of 5 to 1."""
    loss = Combined([CrossEntropy(), WeightedCrossEntropy(9.0)])
    z = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(loss.link(z), WeightedCrossEntropy(5.0).link(z))
    several = Combined([CrossEntropy(link="softmax"), Focal(link="softmax")])
    p = several.link(RANDOM.normal(size=(4, 3)))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    with pytest.raises(UnsupportedError, match="compares examples"):
        Combined([CrossEntropy(), Dice()]).link(z)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="3 weights for 2 losses"):
        Combined([CrossEntropy(), Dice()], [1, 2, 3])
    with pytest.raises(InputError, match="a weight"):
        Combined([CrossEntropy()], [-1.0])
    with pytest.raises(InputTypeError, match="Keras losses"):
        Combined([CrossEntropy(), "dice"])


def test_the_link_of_losses_of_keras_over_classes() -> None:
    loss = Combined([keras.losses.CategoricalCrossentropy(from_logits=True)])
    z = np.array([[0.0, 1.0, 2.0], [3.0, -1.0, 0.5]])
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss.link(z), expected, rtol=1e-6)
    assert takes_classes(loss)
    assert not takes_class_numbers(loss)
    np.testing.assert_allclose(posterior_by(loss, z), expected, rtol=1e-6)


def test_a_loss_over_pairs_is_seen_within_others() -> None:
    held = Combined([CrossEntropy(), Switch({"a": Dice(), "b": CrossEntropy()})])
    assert [loss.name for loss in losses_in_force([held])] == ["cross_entropy", "dice"]
    with pytest.raises(UnsupportedError, match="compares examples"):
        held.link([0.0])
    held.losses[1].choose("b")
    np.testing.assert_allclose(held.link([0.0, 2.0]), [0.5, 0.880797], rtol=1e-6)
