# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.losses import CrossEntropy
from equipoise.losses.base import aligned, prepared

RANDOM = np.random.default_rng(0)


def test_targets_of_one_axis_less_do_not_broadcast():
    """[batch] against [batch, 1] would silently be a [batch, batch] loss."""
    with pytest.raises(InputError, match=r"shape \(4,\) and logits of shape \(4, 1\)"):
        prepared(np.zeros(4), np.zeros((4, 1), np.float32))


def test_logits_are_floating_point():
    with pytest.raises(InputError, match="int"):
        prepared([0, 1], [1, 2])


@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (4, 1))])
def test_keras_shapes_are_aligned(shapes):
    one, other = aligned(np.zeros(shapes[0]), np.zeros(shapes[1]))
    assert one.shape == other.shape


@pytest.mark.parametrize("shapes", [((4,), (5,)), ((4,), (4, 2)), ((4, 1, 1), (4,))])
def test_shapes_that_do_not_belong_together(shapes):
    with pytest.raises(InputError, match="equal shapes"):
        aligned(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_the_mean_is_over_the_weights():
    """Keras' own reduction rescales the loss by the mean weight; ours does not."""
    targets, logits = np.array([1.0, 0, 0, 0]), RANDOM.normal(size=4)
    heavy = np.array([30.0, 1, 1, 1])
    ours = CrossEntropy(dtype="float64")
    theirs = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
    one = float(ours(targets, logits, sample_weight=heavy))
    values = np.logaddexp(0, logits) - targets * logits
    assert one == pytest.approx(np.average(values, weights=heavy))
    ratio = float(theirs(targets[:, None], logits[:, None], sample_weight=heavy)) / one
    assert ratio == pytest.approx(heavy.mean())


def test_several_outputs_are_averaged():
    targets, logits = np.eye(4)[:, :3], RANDOM.normal(size=(4, 3))
    weights = np.array([1.0, 2, 3, 4])
    values = (np.logaddexp(0, logits) - targets * logits).mean(axis=1)
    found = CrossEntropy(dtype="float64")(targets, logits, sample_weight=weights)
    assert float(found) == pytest.approx(np.average(values, weights=weights))


def test_it_trains_in_plain_keras_with_class_weights():
    x = RANDOM.normal(size=(256, 2)).astype(np.float32)
    y = (x[:, 0] > 0.8).astype(np.float32)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss=CrossEntropy())
    history = model.fit(x, y, epochs=5, verbose=0, class_weight={0: 0.6, 1: 3.0})
    assert history.history["loss"][-1] < history.history["loss"][0]
