# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy.optimize import brentq

from equipoise.losses.thresholds import Bounds

RANDOM = np.random.default_rng(1)
T = np.arange(60) % 4 == 0
Z = RANDOM.normal(size=60) + T
BOUNDS = Bounds(*(tf.constant(each) for each in (Z, T / T.sum(), ~T / (~T).sum())))


def missed(t: float) -> float:
    return float(np.mean(np.logaddexp(0, t - Z[T])) / np.log(2))


def test_bounds_are_above_the_shares() -> None:
    for t in (-2.0, 0.3, 4.0):
        at = tf.constant([t], tf.float64)
        np.testing.assert_allclose(BOUNDS.missed(at), [missed(t)], rtol=1e-6)
        assert BOUNDS.missed(at)[0] >= np.mean(Z[T] < t)
        assert BOUNDS.alarms(at)[0] >= np.mean(Z[~T] > t)


def test_slopes_are_differences() -> None:
    step = 1e-2
    for value, slope in (
        (BOUNDS.missed, BOUNDS.missed_slope),
        (BOUNDS.alarms, BOUNDS.alarms_slope),
    ):
        up, down = (
            value(tf.constant([0.5 + step], tf.float64)),
            value(tf.constant([0.5 - step], tf.float64)),
        )
        np.testing.assert_allclose(
            slope(tf.constant([0.5], tf.float64)), (up - down) / (2 * step), rtol=1e-3
        )


def test_the_threshold_against_brent() -> None:
    for most in (0.01, 0.3, 5.0):
        t = BOUNDS.threshold_at(lambda bounds, t, m=most: bounds.missed(t) > m)
        exact = brentq(lambda t, m=most: missed(t) - m, -200, 200)
        np.testing.assert_allclose(t, [exact], rtol=1e-4, atol=1e-4)
