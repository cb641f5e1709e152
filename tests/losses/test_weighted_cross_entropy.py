# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_expit, log_softmax

from equipoise.errors import InputError, InputTypeError
from equipoise.losses import (
    WeightedCrossEntropy,
    softmax_weighted_cross_entropy_loss,
    weighted_cross_entropy_loss,
)

RANDOM = np.random.default_rng(2)
Z = RANDOM.normal(size=(6, 3)) * 4


def test_against_tensorflow() -> None:
    targets = (RANDOM.random((6, 3)) < 0.4).astype(float)
    expected = tf.nn.weighted_cross_entropy_with_logits(
        targets, Z, np.array([2.0, 5.0, 0.5])
    )
    values = weighted_cross_entropy_loss(targets, Z, class_weight=[2.0, 5.0, 0.5])
    np.testing.assert_allclose(values, expected, rtol=1e-9)


def test_against_the_formula_of_several_classes() -> None:
    labels, weights = np.array([0, 2, 1, 1, 0, 2]), np.array([1.0, 3.0, 10.0])
    logs = log_softmax(Z, axis=1)[np.arange(6), labels]
    values = softmax_weighted_cross_entropy_loss(labels, Z, class_weight=weights)
    np.testing.assert_allclose(values, -weights[labels] * logs, rtol=1e-12)


def test_weights_are_those_of_sample_weight() -> None:
    """The class in `compile` gives what Keras gives with weights of the examples."""
    labels = np.array([0, 2, 1, 1, 0, 2])
    weights = [1.0, 3.0, 10.0]
    loss = WeightedCrossEntropy(weights, link="softmax", dtype="float64")
    expected = np.mean(-np.take(weights, labels) * log_softmax(Z, 1)[range(6), labels])
    assert float(loss(labels, Z)) == pytest.approx(expected, rel=1e-12)


def test_labels_that_are_not_known_weigh_nothing() -> None:
    targets = np.array([[1.0, np.nan, 0.0]])
    loss = WeightedCrossEntropy([2.0, 5.0, 9.0], dtype="float64")
    expected = -(2 * log_expit(Z[0, 0]) + log_expit(-Z[0, 2])) / 3
    assert float(loss(targets, Z[:1])) == pytest.approx(expected, rel=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="one finite number above 0"):
        WeightedCrossEntropy([1.0, -2.0])
    with pytest.raises(InputError, match="one finite number above 0"):
        WeightedCrossEntropy(3.0, link="softmax")
    with pytest.raises(InputTypeError, match="class_weight='3'"):
        WeightedCrossEntropy("3")
    with pytest.raises(InputError, match="one number for each class"):
        softmax_weighted_cross_entropy_loss([0], Z[:1], class_weight=[1.0, 2.0])
