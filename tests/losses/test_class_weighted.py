# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.losses import (
    ClassWeighted,
    Combined,
    CrossEntropy,
    Dice,
    Focal,
    WeightedCrossEntropy,
)
from equipoise.priors import softmax

RANDOM = np.random.default_rng(0)
Z = RANDOM.normal(size=(9, 3))
Y = np.array([0, 1, 2] * 3)
W = [1.0, 4.0, 9.0]


def test_weights_of_classes_are_weights_of_their_examples() -> None:
    loss = ClassWeighted(CrossEntropy(link="softmax", dtype="float64"), W)
    expected = CrossEntropy(link="softmax", dtype="float64")(Y, Z, np.take(W, Y))
    for targets in (Y, Y[:, None], np.eye(3)[Y]):
        assert float(loss(targets, Z)) == pytest.approx(float(expected), rel=1e-12)
    both = float(loss(Y, Z, np.arange(9.0)))
    expected = CrossEntropy(link="softmax", dtype="float64")(
        Y, Z, np.take(W, Y) * np.arange(9)
    )
    assert both == pytest.approx(float(expected), rel=1e-12)


def test_several_labels_are_not_taken_for_one_hot_classes() -> None:
    labels = np.array([[1, 0], [1, 1], [0, -1]])
    with pytest.raises(InputError, match="several labels, for ClassWeighted"):
        ClassWeighted(CrossEntropy(), [1.0, 9.0])(labels, Z[:3, :2])
    loss = ClassWeighted(Dice(dtype="float64"), [1.0, 9.0])
    weights = np.where(labels == 1, 9.0, 1.0)
    expected = Dice(dtype="float64")(labels, Z[:3, :2], weights)
    assert float(loss(labels, Z[:3, :2])) == pytest.approx(float(expected), rel=1e-12)
    alone = Dice(dtype="float64")(labels[:, 0], Z[:3, 0], weights[:, 0])
    other = Dice(dtype="float64")(labels[:2, 1], Z[:2, 1], weights[:2, 1])
    both = (float(alone) + float(other)) / 2
    assert float(expected) == pytest.approx(both, rel=1e-12)


def test_one_logit() -> None:
    t, z = (Y > 0).astype(float), Z[:, :1]
    loss = ClassWeighted(
        CrossEntropy("sum_over_batch_size", dtype="float64"), [1.0, 5.0]
    )
    expected = WeightedCrossEntropy(5.0, "sum_over_batch_size", dtype="float64")
    assert float(loss(t, z)) == pytest.approx(float(expected(t, z)), rel=1e-12)
    np.testing.assert_allclose(loss.link(z), expected.link(z))
    assert np.shape(loss.call(t[:, None], z)) == (9,)


def test_its_link_divides_by_the_weights() -> None:
    loss = ClassWeighted(CrossEntropy(link="softmax"), W)
    np.testing.assert_allclose(loss.link(Z), softmax(Z - np.log(W)))


def test_config() -> None:
    loss = ClassWeighted(Focal(gamma=1.5, link="softmax"), W)
    again = ClassWeighted.from_config(loss.get_config())
    assert float(again(Y, Z)) == float(loss(Y, Z))
    with pytest.raises(InputError, match="above 0"):
        ClassWeighted(CrossEntropy(), [1.0, 0.0])


def test_points_of_sequences_and_one_weight_for_all() -> None:
    t, z = (np.arange(12).reshape(3, 4) % 3 == 0).astype(float), RANDOM.normal(size=12)
    loss = ClassWeighted(CrossEntropy(dtype="float64"), [1.0, 5.0])
    expected = float(loss(t.ravel(), z[:, None]))
    for targets in (t, t[..., None]):
        logits = z.reshape(3, 4, 1)
        for weights in (None, 2.0, np.ones(3), np.ones((3, 4))):
            assert float(loss(targets, logits, weights)) == pytest.approx(expected)


def test_labels_are_refused_whatever_holds_their_loss() -> None:
    labels = np.array([[1, 0], [1, 1], [0, 1]])
    loss = ClassWeighted(Combined([Dice(), CrossEntropy()]), [1.0, 9.0])
    with pytest.raises(InputError, match="several labels"):
        loss(labels, Z[:3, :2])


@pytest.mark.parametrize("sparse", [False, True])
def test_the_link_of_another_library_s_loss(sparse: bool) -> None:
    if sparse:
        inner = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        inner = keras.losses.CategoricalCrossentropy(from_logits=True)
    p = ClassWeighted(inner, W).link(Z)
    np.testing.assert_allclose(p, softmax(Z - np.log(W)), rtol=1e-6)
    two = ClassWeighted(keras.losses.BinaryCrossentropy(from_logits=True), [1.0, 5.0])
    odds = np.exp(Z) / 5
    np.testing.assert_allclose(two.link(Z), odds / (1 + odds), rtol=1e-6)
