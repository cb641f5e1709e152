# SPDX-License-Identifier: Apache-2.0
"""Sums over pairs against the matrix of all pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from equipoise.losses.pairs import (
    ascending,
    hinge_of_pairs,
    restored,
    squared_hinge_of_pairs,
    taken,
)

RANDOM = np.random.default_rng(0)


def value_and_slope(function: Callable[..., Any], z: np.ndarray, *rest: Any) -> Any:
    scores = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        value = function(scores, *rest)
    return value.numpy(), tape.gradient(value, scores).numpy()


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("size", [2, 3, 50])
def test_against_the_matrix(power: int, size: int) -> None:
    z = RANDOM.normal(size=(2, 3, size)) * 2
    y = np.arange(size) % 3 == 0
    mass = RANDOM.random((2, 3, size))
    p, q, m = mass * y, mass * ~y, np.array(0.7)
    function = hinge_of_pairs if power == 1 else squared_hinge_of_pairs

    def matrix(scores: Any, p: Any, q: Any, margin: Any) -> Any:
        gaps = tf.nn.relu(margin - (scores[..., :, None] - scores[..., None, :]))
        return tf.reduce_sum(p[..., :, None] * q[..., None, :] * gaps**power, (-1, -2))

    for ours, theirs in zip(
        value_and_slope(function, z, p, q, m),
        value_and_slope(matrix, z, p, q, m),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_order_and_back() -> None:
    values = ops.convert_to_tensor(RANDOM.normal(size=(4, 7)))
    u, places = ascending(values)
    np.testing.assert_array_equal(u, np.sort(values, axis=-1))
    np.testing.assert_array_equal(taken(values, places, u), u)
    np.testing.assert_array_equal(restored(u, places), values)
