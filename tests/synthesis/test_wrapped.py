# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.synthesis.wrapped import WrappedModel, target_rows


class Doubled(WrappedModel):
    """Shows the model twice the inputs, of which the targets are all 1."""

    def trained(self, inputs, step):
        step.made = keras.ops.ones_like(step.targets), step.weights
        return self.model(2.0 * inputs, training=True)


def made():
    keras.utils.set_random_seed(0)
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model = Doubled(plain)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return plain, model


def test_training_minimises_the_loss_of_what_is_shown():
    plain, model = made()
    x, y = np.array([[1.0, 2.0]], "float32"), np.zeros((1, 1), "float32")
    kernel, bias = plain.get_weights()
    error = 2 * x @ kernel + bias - 1
    model.train_on_batch(x, y)
    after = plain.get_weights()
    np.testing.assert_allclose(after[0], kernel - 0.1 * 2 * error * 2 * x.T, rtol=1e-5)
    np.testing.assert_allclose(after[1], bias - 0.1 * 2 * error[0], rtol=1e-5)
    model.reset_metrics()  # Keras before 3.15 would average over both calls
    value = model.test_on_batch(x, y)
    assert value == pytest.approx(((x @ after[0] + after[1]) ** 2).item(), rel=1e-4)


def test_one_array_of_targets_is_needed():
    _, model = made()
    for targets in (None, {"a": np.zeros(3)}):
        with pytest.raises(InputError, match="one array of targets"):
            model.checked(targets)


def test_target_rows_of_all_kinds():
    assert target_rows(np.array([0, 2]), 3).numpy().tolist() == [[1, 0, 0], [0, 0, 1]]
    assert target_rows(np.array([[0], [1]]), 1).numpy().tolist() == [[0], [1]]
    wide = np.array([[1.0, 0.0, 0.5, 1.0]])
    assert target_rows(wide, 2).numpy().tolist() == [[1, 0]]
