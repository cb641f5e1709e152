# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses import (
    CrossEntropy,
    Focal,
    PairwiseAUC,
    Switch,
    WeightedCrossEntropy,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X[:, 0] + RANDOM.normal(size=64) > 1).astype("float32")


class Counted(CrossEntropy):
    """Counts how often Python calls it: in a compiled function, as it is traced."""

    calls = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        Counted.calls += 1
        return super().__call__(*arguments, **named)


def small_model() -> Any:
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")]
    )


def test_nothing_is_traced_again() -> None:
    """One trace of `fit` holds all losses; a change is a change of a variable."""
    Counted.calls = 0
    loss = Switch(
        {
            "plain": Counted(),
            "heavy": WeightedCrossEntropy(9.0),
            "focal": Focal(),
            "pairs": PairwiseAUC(),
        }
    )
    model = small_model()
    model.compile(keras.optimizers.SGD(0.1), loss)
    model.fit(X, Y, batch_size=64, epochs=1, verbose=0)
    traces, steps = Counted.calls, model.train_function
    for name in ("heavy", "focal", "pairs", "plain"):
        loss.choose(name)
        model.fit(X, Y, batch_size=64, epochs=1, verbose=0)
    assert Counted.calls == traces
    assert model.train_function is steps


def test_a_step_is_that_of_the_loss_in_force() -> None:
    alone = {"plain": CrossEntropy(), "heavy": WeightedCrossEntropy(9.0)}
    alone["pairs"] = PairwiseAUC()
    loss, model = Switch(alone), small_model()
    model.compile(keras.optimizers.SGD(0.1), loss)
    for name, single in alone.items():
        start = [np.ones((3, 1), "float32"), np.zeros(1, "float32")]
        model.set_weights(start)
        loss.choose(name)
        logged = model.fit(X, Y, batch_size=64, epochs=1, verbose=0).history["loss"]
        other = small_model()
        other.compile(keras.optimizers.SGD(0.1), single)
        expected = other.fit(X, Y, batch_size=64, epochs=1, verbose=0).history["loss"]
        np.testing.assert_allclose(logged, expected, rtol=1e-5, err_msg=name)
        for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_callback_chooses() -> None:
    loss = Switch({"first": CrossEntropy(), "then": Focal()})
    model, chosen = small_model(), []
    model.compile(keras.optimizers.SGD(0.01), loss)

    def choose(epoch: int, logs: Any) -> str | None:
        chosen.append((epoch, loss.active, "loss" in logs))
        return "then" if epoch == 1 else None

    model.fit(X, Y, epochs=3, verbose=0, callbacks=[loss.callback(choose)])
    assert chosen == [(0, "first", False), (1, "first", True), (2, "then", True)]


@pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")
def test_it_survives_a_file(tmp_path: Any) -> None:
    loss = Switch({"a": Focal(gamma=1.0), "b": WeightedCrossEntropy(5.0)}, active="b")
    model = small_model()
    model.compile(keras.optimizers.SGD(0.1), loss)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").loss
    assert again.active == "b"
    z = model.predict(X, verbose=0)
    assert float(again(Y, z)) == float(loss(Y, z))
    again.choose("a")
    assert float(again(Y, z)) == pytest.approx(float(Focal(gamma=1.0)(Y, z)), rel=1e-6)


def test_its_link_is_that_of_the_loss_in_force() -> None:
    loss = Switch({"heavy": WeightedCrossEntropy(9.0), "pairs": PairwiseAUC()})
    np.testing.assert_allclose(loss.link([0.0]), [0.1])
    assert float(np.sum(loss.call(Y, X[:, 0]))) > 0
    loss.choose("pairs")
    with pytest.raises((UnsupportedError, TypeError)):
        loss.link([0.0])


def test_what_is_refused() -> None:
    with pytest.raises(InputTypeError, match="a dictionary of Keras losses"):
        Switch([CrossEntropy()])
    with pytest.raises(InputTypeError, match="Keras losses"):
        Switch({"a": "focal"})
    with pytest.raises(InputError, match="plain"):
        Switch({"plain": CrossEntropy()}).choose("plan")
    with pytest.raises(InputError, match="one loss or more"):
        Switch({})
