# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, softmax

from equipoise.errors import InputError
from equipoise.losses import (
    ExpectedCost,
    expected_cost_loss,
    softmax_expected_cost_loss,
)

RANDOM = np.random.default_rng(6)
Z = RANDOM.normal(size=(6, 3)) * 3
MATRIX = np.array([[0.0, 1.0, 2.0], [5.0, 0.0, 1.0], [50.0, 9.0, 0.5]])


def test_two_classes_with_a_cost_for_each_example() -> None:
    t, p = np.array([1.0, 0, 1, 0, 1, 0]), expit(Z[:, 0])
    miss, alarm = RANDOM.uniform(1, 9, 6), RANDOM.uniform(1, 9, 6)
    values = expected_cost_loss(t, Z[:, 0], miss=miss, false_alarm=alarm)
    expected = t * miss * (1 - p) + (1 - t) * alarm * p
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    weighted = ExpectedCost(reduction="sum", dtype="float64")(
        t, Z[:, 0], sample_weight=np.where(t > 0, miss, alarm)
    )
    assert float(weighted) == pytest.approx(expected.sum(), rel=1e-12)


def test_a_matrix_of_costs() -> None:
    labels = np.array([0, 1, 2, 2, 1, 0])
    expected = (MATRIX[labels] * softmax(Z, axis=1)).sum(axis=1)
    values = softmax_expected_cost_loss(labels, Z, costs=MATRIX)
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    loss = ExpectedCost(costs=MATRIX, link="softmax", dtype="float64")
    assert float(loss(labels, Z)) == pytest.approx(expected.mean(), rel=1e-12)


def test_the_costs_of_each_row_are_the_targets() -> None:
    costs = RANDOM.uniform(0, 40, (6, 3))
    loss = ExpectedCost(link="softmax", dtype="float64")
    expected = (costs * softmax(Z, axis=1)).sum(axis=1).mean()
    assert float(loss(costs, Z)) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(InputError, match="weights of 0 or more"):
        loss(-costs, Z)


def test_its_minimum_is_the_decision_of_least_cost() -> None:
    """At known posteriors descent ends at the class that Elkan's rule takes."""
    eta = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05]])
    z = tf.Variable(np.zeros((3, 3)))
    for _ in range(3000):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(softmax_expected_cost_loss(eta, z, costs=MATRIX))
        z.assign_sub(0.5 * tape.gradient(value, z))
    np.testing.assert_array_equal(
        z.numpy().argmax(axis=1), (eta @ MATRIX).argmin(axis=1)
    )


def test_it_survives_a_file(tmp_path: object) -> None:
    loss = ExpectedCost(costs=MATRIX, link="softmax", dtype="float64")
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(loss)
    )
    assert float(again([0, 1], Z[:2])) == float(loss([0, 1], Z[:2]))


@pytest.mark.parametrize("costs", [[[0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]], "ab", 3.0])
def test_what_is_refused(costs: object) -> None:
    with pytest.raises(InputError, match="a square matrix"):
        ExpectedCost(costs=costs, link="softmax")


def test_options_of_the_other_link_are_refused() -> None:
    with pytest.raises(InputError, match="miss= and false_alarm="):
        ExpectedCost(costs=MATRIX)
    with pytest.raises(InputError, match="a row of costs for each true class"):
        softmax_expected_cost_loss([0], Z[:1], costs=MATRIX[:2, :2])
