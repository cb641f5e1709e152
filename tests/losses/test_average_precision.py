# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import average_precision_score

from equipoise.losses import average_precision_loss

RANDOM = np.random.default_rng(1)
T = (RANDOM.random(70) < 0.25).astype(float)
Z = RANDOM.normal(size=70) + T


def matrix(z: tf.Tensor, w: np.ndarray, margin: float) -> tf.Tensor:
    """The formula over all pairs."""
    squares = tf.nn.relu(margin - (z[T > 0][:, None] - z[None])) ** 2 * w
    precision = tf.reduce_sum(squares * T, 1) / tf.reduce_sum(squares, 1)
    positive = w[T > 0] / w[T > 0].sum()
    return 1 - tf.reduce_sum(positive * precision)


@pytest.mark.parametrize("margin", [0.2, 1.0, 5.0])
def test_value_and_gradient_against_the_matrix(margin: float) -> None:
    z, w = tf.constant(Z), RANDOM.random(70)
    results = []
    for loss in (
        lambda: average_precision_loss(T, z, w, margin=margin),
        lambda: matrix(z, w, margin),
    ):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = loss()
        results.append((value, tape.gradient(value, z)))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def test_at_a_small_margin_of_a_rank_it_is_near_the_average_precision() -> None:
    """Of scores two apart with a margin of 1, only what lies above counts."""
    t = np.array([1.0, 1, 0, 1, 0, 0, 0, 1])
    z = -2.0 * np.arange(8)
    order = float(average_precision_loss(t, z))
    swapped = float(average_precision_loss(t[[0, 1, 3, 2, 4, 5, 6, 7]], z))
    assert swapped < order
    assert average_precision_score(t, z) < 1
    perfect = np.sort(t)[::-1]
    assert float(average_precision_loss(perfect, z)) == 0


def test_float32_at_large_scores() -> None:
    z = (1e3 + Z).astype("float32")
    exact = float(average_precision_loss(T, z.astype(float)))
    assert float(average_precision_loss(T, z)) == pytest.approx(exact, rel=1e-4)
