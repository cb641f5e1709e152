# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize_scalar

from equipoise.losses import recall_at_precision_loss

RANDOM = np.random.default_rng(1)
T = np.arange(60) % 4 == 0


@pytest.mark.parametrize("apart", [0.0, 3.0, 9.0])
@pytest.mark.parametrize(("precision", "penalty"), [(0.5, 4.0), (0.9, 1.0), (0.8, 50)])
def test_against_a_search_over_thresholds(
    apart: float, precision: float, penalty: float
) -> None:
    z, w = RANDOM.normal(size=60) + apart * T, RANDOM.random(60)
    k = precision / (1 - precision) * w[~T].sum() / w[T].sum()

    def cost(t: float) -> float:
        missed = np.average(np.logaddexp(0, t - z[T]), weights=w[T]) / np.log(2)
        alarms = np.average(np.logaddexp(0, z[~T] - t), weights=w[~T]) / np.log(2)
        return float(missed + penalty * max(k * alarms + missed - 1, 0))

    # convex, so that a search by sections ends at the least
    least = minimize_scalar(cost, bracket=(-30, 0, 30), options={"xtol": 1e-12}).fun
    value = recall_at_precision_loss(
        T.astype(float), z, w, precision=precision, penalty=penalty
    )
    np.testing.assert_allclose(value, least, rtol=1e-6)


def test_a_precision_within_reach_is_kept() -> None:
    """Then the loss is the bound on what is missed, whatever the penalty."""
    z = RANDOM.normal(size=60) + 12.0 * T
    values = [
        float(recall_at_precision_loss(T.astype(float), z, penalty=c))
        for c in (20.0, 900.0)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert values[0] < 0.2


@pytest.mark.parametrize("mass", [1.0, 1e-3])
@pytest.mark.parametrize("precision", [0.3, 0.8])
def test_gradients_are_differences(
    mass: float,
    precision: float,
    differences_are_gradients: Callable[..., None],
) -> None:
    """Though the threshold is searched for; and masses count by their ratios."""
    w, z = (0.2 + RANDOM.random(60)) * mass, RANDOM.normal(size=60) + 3.0 * T
    targets = T.astype(float)

    def loss(z: np.ndarray, w: np.ndarray = w) -> tf.Tensor:
        return recall_at_precision_loss(targets, z, w, precision=precision)

    differences_are_gradients(loss, z)
    np.testing.assert_allclose(loss(z, 7 * w), loss(z), rtol=1e-9)
