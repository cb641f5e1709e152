# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from equipoise.losses import pairwise_logistic_loss
from equipoise.losses.pairwise_logistic import series

RANDOM = np.random.default_rng(1)
T = (RANDOM.random(90) < 0.3).astype(float)
Z = RANDOM.normal(size=90) + T


@pytest.mark.parametrize("spread", [1e-3, 1.0, 15.0, 40.0, 1e4])
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-6)])
def test_against_the_matrix(spread: float, dtype: str, rtol: float) -> None:
    """At any width of the scores, sums with and without logarithms."""
    z, w = (Z * spread).astype(dtype).astype(float), RANDOM.random(90)
    gaps = z[T > 0][:, None] - z[T < 1]
    pairs = w[T > 0][:, None] * w[T < 1] / (w[T > 0].sum() * w[T < 1].sum())
    scores = tf.constant(z, dtype)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        value = pairwise_logistic_loss(T, scores, w)
    np.testing.assert_allclose(value, (pairs * np.logaddexp(0, -gaps)).sum(), rtol=rtol)
    slope = np.zeros(90)
    slope[T > 0] = -(pairs * expit(-gaps)).sum(axis=1)
    slope[T < 1] = (pairs * expit(-gaps)).sum(axis=0)
    np.testing.assert_allclose(
        tape.gradient(value, scores), slope, rtol=30 * rtol, atol=rtol / 30
    )


def test_it_bounds_the_area_above_the_curve() -> None:
    value = float(pairwise_logistic_loss(T, Z)) / np.log(2)
    assert value >= 1 - roc_auc_score(T, Z)


@pytest.mark.parametrize(("terms", "error"), [(11, 1e-8), (21, 3e-15)])
def test_the_series(terms: int, error: float) -> None:
    u = np.linspace(0, 1, 1001)
    values = sum(a * u ** (k + 1) for k, a in enumerate(series(terms)))
    assert np.abs(values - np.log1p(u)).max() < error
