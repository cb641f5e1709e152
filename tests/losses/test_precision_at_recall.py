# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq

from equipoise.losses import precision_at_recall_loss

RANDOM = np.random.default_rng(1)
T = np.arange(60) % 4 == 0
Z = RANDOM.normal(size=60) + T


@pytest.mark.parametrize("recall", [0.3, 0.8, 0.95])
def test_against_a_root_by_brent(recall: float) -> None:
    w = RANDOM.random(60)

    def missed(t: float) -> float:
        return float(np.average(np.logaddexp(0, t - Z[T]), weights=w[T]) / np.log(2))

    t = brentq(lambda t: missed(t) - (1 - recall), -100, 100, xtol=1e-13)
    expected = np.average(np.logaddexp(0, Z[~T] - t), weights=w[~T]) / np.log(2)
    value = precision_at_recall_loss(T.astype(float), Z, w, recall=recall)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    # which bounds the false alarms at the lowest threshold of that recall
    at = np.quantile(Z[T], 1 - recall, method="lower")
    plain = float(precision_at_recall_loss(T.astype(float), Z, recall=recall))
    assert plain >= np.mean(Z[~T] > at)


def test_it_is_convex_in_the_scores() -> None:
    one, other = RANDOM.normal(size=(2, 60)) * 2
    ends = [float(precision_at_recall_loss(T.astype(float), z)) for z in (one, other)]
    middle = float(precision_at_recall_loss(T.astype(float), (one + other) / 2))
    assert middle <= np.mean(ends)


@pytest.mark.parametrize("mass", [1.0, 1e-3])
@pytest.mark.parametrize("recall", [0.3, 0.8, 0.95])
def test_gradients_are_differences(
    mass: float,
    recall: float,
    differences_are_gradients: Callable[..., None],
) -> None:
    """Though the threshold is searched for; and masses count by their ratios."""
    w, z = (0.2 + RANDOM.random(60)) * mass, Z
    targets = T.astype(float)

    def loss(z: np.ndarray, w: np.ndarray = w) -> tf.Tensor:
        return precision_at_recall_loss(targets, z, w, recall=recall)

    differences_are_gradients(loss, z)
    np.testing.assert_allclose(loss(z, 7 * w), loss(z), rtol=1e-9)
