# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_expit

from equipoise.losses import Focal, cross_entropy_loss, focal_loss

LOGITS = np.array([-30.0, -4, -1, 0, 0.5, 3, 30])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
def test_against_the_formula(gamma, target):
    p, not_p = expit(LOGITS), expit(-LOGITS)
    expected = -target * not_p**gamma * log_expit(LOGITS)
    expected -= (1 - target) * p**gamma * log_expit(-LOGITS)
    found = focal_loss(np.full(7, target), LOGITS, gamma=gamma)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_against_keras_with_its_class_balance():
    targets = np.array([1.0, 0, 1, 0])[:, None]
    logits = np.array([2.0, -1, -3, 4])[:, None]
    theirs = keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=True, alpha=0.3, gamma=1.5, from_logits=True
    )
    ours = Focal(gamma=1.5, alpha=0.3)
    found, expected = float(ours(targets, logits)), float(theirs(targets, logits))
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_wrong_answer_pulls_at_any_logit():
    """At a logit of -100 a positive still has slope -1, to the last digit."""
    z = tf.constant([-100.0, -40.0])
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = focal_loss([1.0, 1.0], z, gamma=2.0)
    np.testing.assert_allclose(tape.gradient(value, z), [-1.0, -1.0], rtol=1e-5)


def test_gamma_and_alpha_of_each_member():
    targets, logits = np.tile([1.0, 0, 1], (2, 1)), np.tile([0.3, 1.0, -2.0], (2, 1))
    gamma, alpha = np.array([[0.5], [3.0]]), np.array([[0.2], [0.6]])
    found = focal_loss(targets, logits, gamma=gamma, alpha=alpha)
    for i in range(2):
        alone = focal_loss(
            targets[i], logits[i], gamma=float(gamma[i, 0]), alpha=float(alpha[i, 0])
        )
        np.testing.assert_allclose(found[i], alone)


def test_easy_examples_fade():
    z = np.array([0.0, 4.0])
    faded = np.array(focal_loss([1.0, 1.0], z)) / np.array(
        cross_entropy_loss([1.0, 1.0], z)
    )
    np.testing.assert_allclose(faded, expit(-z) ** 2)
