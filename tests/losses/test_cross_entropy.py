# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_expit

from equipoise.losses import cross_entropy_loss

LOGITS = np.array([-100.0, -40, -3, 0, 0.5, 40, 100])


@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
def test_against_scipy(target):
    expected = -target * log_expit(LOGITS) - (1 - target) * log_expit(-LOGITS)
    found = cross_entropy_loss(np.full(7, target), LOGITS)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_against_keras_on_ordinary_logits():
    targets, logits = np.array([1.0, 0, 1, 0]), np.array([2.0, -1, -3, 4])
    theirs = keras.losses.BinaryCrossentropy(from_logits=True)
    found = np.mean(cross_entropy_loss(targets, logits.astype(np.float32)))
    assert found == pytest.approx(float(theirs(targets, logits)), rel=1e-6)


def test_digits_survive_in_float32():
    """A right answer at a logit of 40 costs exp(-40) with that slope, not 0."""
    z = tf.constant([40.0, -40.0])
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = cross_entropy_loss([1.0, 0.0], z)
    np.testing.assert_allclose(value, np.exp(-40.0), rtol=1e-5)
    slope = tape.gradient(value, z)
    np.testing.assert_allclose(slope, np.array([-1, 1]) * expit(-40.0), rtol=1e-5)
