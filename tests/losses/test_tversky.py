# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from equipoise.losses import Tversky, tversky_loss

RANDOM = np.random.default_rng(1)
T = (RANDOM.random(50) < 0.3).astype(float)
Z = RANDOM.normal(size=50) * 2


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1.0, 1.0), (0.3, 0.7)])
def test_against_the_formula(a: float, b: float) -> None:
    w, p = RANDOM.random(50), expit(Z)
    hit, alarms = (w * T * p).sum(), (w * (1 - T) * p).sum()
    missed = (w * T * (1 - p)).sum()
    value = tversky_loss(T, Z, w, false_positives=a, false_negatives=b)
    np.testing.assert_allclose(value, 1 - hit / (hit + a * alarms + b * missed))


def test_keras_has_the_two_kinds_of_error_the_wrong_way_round() -> None:
    """In Keras 3.15 alpha, "controlling false positives", weighs false negatives."""
    theirs = keras.losses.Tversky(alpha=0.7, beta=0.3)
    expected = float(theirs(T[:, None], expit(Z)[:, None].astype("float32")))
    ours = float(Tversky(0.3, 0.7)(T, Z))
    assert ours == pytest.approx(expected, rel=1e-4)


def test_its_minimum_is_a_decision() -> None:
    """From the true posterior descent leaves nothing between 0 and 1."""
    eta = np.linspace(0.02, 0.9, 40)
    mass = np.concatenate([eta, 1 - eta])
    targets = np.repeat([1.0, 0.0], 40)
    z = tf.Variable(np.log(eta / (1 - eta)))

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            value = tversky_loss(targets, tf.concat([z, z], 0), mass)
        z.assign_sub(200 * tape.gradient(value, z))

    for _ in range(2000):
        step()
    p = expit(z.numpy())
    assert ((p > 0.05) & (p < 0.95)).mean() < 0.1
    assert p[eta > 0.6].min() > 0.95 > 0.05 > p[eta < 0.2].max()


def test_a_batch_without_positives_says_nothing() -> None:
    assert float(tversky_loss(np.zeros(4), Z[:4])) == 0
    assert float(tversky_loss(T, Z, np.zeros(50))) == 0
