# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import average_precision_score

from equipoise.errors import InputError
from equipoise.losses import SOAP, average_precision_loss

RANDOM = np.random.default_rng(2)
T = (RANDOM.random(60) < 0.3).astype(float)
Z = RANDOM.normal(size=60) + T
TARGETS = np.stack([T, np.arange(60)], axis=1)


def slope(loss: Any, targets: np.ndarray, z: np.ndarray) -> Any:
    scores = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        value = loss(targets, scores)
    return value, tape.gradient(value, scores)


def test_the_first_batch_is_the_loss_without_memory() -> None:
    ours = slope(SOAP(rows=60, dtype="float64"), TARGETS, Z)
    exact = slope(lambda t, z: average_precision_loss(t[:, 0], z), TARGETS, Z)
    for one, other in zip(ours, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-13)
    weights = RANDOM.random(60)
    weighted = float(SOAP(rows=60, dtype="float64")(TARGETS, Z, weights))
    assert weighted == pytest.approx(float(average_precision_loss(T, Z, weights)))


def test_the_averages_by_hand() -> None:
    """The reference: algorithm 2 of the paper, over the matrix of all pairs."""
    loss, rate = SOAP(rows=60, rate=0.3, dtype="float64"), 0.3
    sums = np.zeros((60, 2))
    for step in range(4):
        rows = RANDOM.choice(60, 20, replace=False)
        z = Z[rows] + 0.1 * step
        t = T[rows]
        squares = np.maximum(1 - (z[:, None] - z), 0) ** 2
        now = np.stack([(squares * t).mean(1), (squares * (1 - t)).mean(1)], axis=1)
        first = sums[rows].sum(axis=1, keepdims=True) == 0
        after = np.where(first, now, (1 - rate) * sums[rows] + rate * now)
        sums[rows[t > 0]] = after[t > 0]
        a, n = after[t > 0].T
        expected = np.mean(n / (a + n))
        value, gradient = slope(loss, TARGETS[rows], z)
        assert float(value) == pytest.approx(expected, rel=1e-9)
        # p_ik of the paper times the derivative of the squared hinge
        factor = np.where(t, -n[:, None], a[:, None]) / (a + n)[:, None] ** 2 / 20
        pull = factor * 2 * np.maximum(1 - (z[t > 0][:, None] - z), 0) / t.sum()
        by_hand = pull.sum(axis=0)
        by_hand[t > 0] -= pull.sum(axis=1)
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-8, atol=1e-12)


def test_it_trains_on_batches_with_two_positives() -> None:
    keras.utils.set_random_seed(1)
    x = RANDOM.normal(size=(400, 3)).astype("float32")
    y = (x[:, 0] + 0.5 * RANDOM.normal(size=400) > 1.4).astype("float32")
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile(keras.optimizers.Adam(0.05), SOAP(rows=400))
    targets = np.stack([y, np.arange(400)], axis=1).astype("float32")
    model.fit(x, targets, batch_size=40, epochs=8, verbose=0)
    ours = average_precision_score(y, model.predict(x, verbose=0))
    assert ours > 0.6 * average_precision_score(y, x[:, 0])
    assert ours > 3 * y.mean()


def test_config_and_what_is_refused() -> None:
    loss = SOAP(rows=9, margin=0.5, rate=0.4, dtype="float64")
    assert SOAP.from_config(loss.get_config()).get_config() == loss.get_config()
    none = float(loss(TARGETS[:4] * [0, 1], Z[:4]))
    assert none == 0
    with pytest.raises(InputError, match="a column of labels"):
        loss(T, Z)
    with pytest.raises(InputError, match="rate=0"):
        SOAP(rows=9, rate=0.0)
    with pytest.raises(InputError, match="rows=0"):
        SOAP(rows=0)
