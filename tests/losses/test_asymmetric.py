# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_expit

from equipoise.errors import InputError, UnsupportedError
from equipoise.losses import Asymmetric, asymmetric_loss, focal_loss

Z = np.array([-30.0, -5, -3, -2.5, -1, 0, 0.5, 3, 12, 30])


@pytest.mark.parametrize("cutoff", [0.0, 0.05, 0.3])
@pytest.mark.parametrize(("g0", "g1"), [(4.0, 1.0), (0.5, 0.0), (0.0, 2.0)])
def test_against_the_formula(cutoff: float, g0: float, g1: float) -> None:
    """Ridnik et al. (2021), equation 7."""
    p, options = expit(Z), {"gamma_negative": g0, "gamma_positive": g1}
    values = asymmetric_loss(np.ones(10), Z, **options, cutoff=cutoff)
    np.testing.assert_allclose(values, -(expit(-Z) ** g1) * log_expit(Z), rtol=1e-10)
    shifted = np.maximum(p - cutoff, 0)
    rest = np.where(p > cutoff, expit(-Z) + cutoff, 1.0)  # 1 - shifted, its digits kept
    values = asymmetric_loss(np.zeros(10), Z, **options, cutoff=cutoff)
    expected = np.where(shifted > 0, -(shifted**g0) * np.log(rest), 0.0)
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-13)


def test_without_a_cutoff_it_is_a_focal_loss_for_each_side() -> None:
    options = {"gamma_negative": 2.0, "gamma_positive": 2.0, "cutoff": 0.0}
    for label in (0.0, 1.0):
        targets = np.full(10, label)
        expected = focal_loss(targets, Z, gamma=2.0)
        values = asymmetric_loss(targets, Z, **options)
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-15)


def test_below_the_cutoff_negatives_are_flat() -> None:
    z = tf.constant([-4.0, -3.0])
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = asymmetric_loss([0.0, 0.0], z)
    assert value.numpy().tolist() == [0.0, 0.0]
    assert tape.gradient(value, z).numpy().tolist() == [0.0, 0.0]


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="cutoff=1"):
        Asymmetric(cutoff=1.0)
    with pytest.raises(UnsupportedError, match="not defined for several classes"):
        Asymmetric(link="softmax")


@pytest.mark.parametrize("cutoff", [0.0, 0.05, 0.3])
def test_slopes_keep_their_digits_where_p_rounds_to_1(cutoff: float) -> None:
    z = tf.constant([10.0, 40.0, 100.0, 300.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = asymmetric_loss(tf.zeros(4, tf.float64), z, cutoff=cutoff)
    rest = expit(-z.numpy())
    q = 1 - cutoff - rest
    log_rest = np.log(cutoff + rest) if cutoff else log_expit(-z.numpy())
    slope = (4 * q**3 * -log_rest + q**4 / (cutoff + rest)) * rest * (1 - rest)
    np.testing.assert_allclose(tape.gradient(value, z), slope, rtol=1e-10)
