# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.errors import EquipoiseWarning, InputError
from equipoise.losses import (
    AUCMargin,
    BalancedSoftmax,
    CrossEntropy,
    ExpectedCost,
    Focal,
    LogitAdjusted,
    PairwiseAUC,
)
from equipoise.losses.base import aligned, prepared
from equipoise.metrics.keras import FBeta

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


@pytest.mark.parametrize("make", [CrossEntropy, PairwiseAUC])
@pytest.mark.parametrize("labels", [(-1, 1), (1, 2), (0, np.nan)])
def test_labels_other_than_0_and_1_are_refused(make, labels):
    y, z = np.array(labels)[[0, 1, 0, 1]], np.zeros(4, np.float32)
    with pytest.raises(InputError, match=f"labels for {make.__name__}"):
        make()(y, z)
    traced = tf.function(make().__call__)
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 or 1"):
        traced(tf.constant(y, tf.float32), tf.constant(z))
    compiled = tf.function(make().__call__, jit_compile=True)
    assert np.isnan(compiled(tf.constant(y, tf.float32), tf.constant(z)))


@pytest.mark.parametrize("make", [CrossEntropy, PairwiseAUC])
def test_rows_of_weight_0_and_masked_rows_may_have_any_target(make):
    y, z = np.array([0.0, 1, 1, -1]), RANDOM.normal(size=4).astype(np.float32)
    expected = float(make()(y[:3], z[:3]))
    weighted = make()(y, z, sample_weight=np.array([1.0, 1, 1, 0]))
    assert float(weighted) == pytest.approx(expected, rel=1e-6)
    masked = tf.constant(z)
    masked._keras_mask = tf.constant([True, True, True, False])
    assert float(make()(y, masked)) == pytest.approx(expected, rel=1e-6)


def test_weights_that_would_be_broadcast_are_refused():
    y, z = np.zeros((3, 3)), np.zeros((3, 3), np.float32)
    with pytest.raises(InputError, match="one for each output"):
        CrossEntropy()(y, z, sample_weight=np.ones((3, 3)))
    for make in (CrossEntropy, AUCMargin):
        with pytest.raises(InputError, match="one weight for each example"):
            make()(y, z, sample_weight=np.ones(4))
    assert float(CrossEntropy()(y, z, sample_weight=np.ones((3, 1)))) > 0


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_a_sigmoid_before_the_loss_is_named_once(activation, eager):
    x = RANDOM.normal(size=(256, 3)).astype(np.float32)
    layers = [keras.layers.Dense(1, activation=activation), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("sgd", loss=CrossEntropy(), metrics=[FBeta()], run_eagerly=eager)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, x[:, 0] > 0, epochs=2, verbose=0)
    told = [str(w.message) for w in caught if w.category is EquipoiseWarning]
    if activation is None:
        assert told == []
        return
    assert len(told) == 2
    assert "Take the activation off the model's last layer" in told[0]
    assert "for FBeta" in told[1]
    assert "from_logits=False" in told[1]


@pytest.mark.parametrize("reduction", ["mean_with_sample_weight", "mean", "sum"])
def test_one_weight_for_many_values_is_as_many_weights(reduction):
    random = np.random.default_rng(0)
    y, z = (random.random((6, 4)) < 0.4).astype(float), random.normal(size=(6, 4, 1))
    loss = CrossEntropy(reduction, dtype="float64")
    rows = random.random(6)
    for weights in (2.5, np.array([2.5]), rows, rows[:, None], rows[:, None, None]):
        whole = np.broadcast_to(np.reshape(weights, (-1, 1)), (6, 4))
        expected = float(loss(y.ravel(), z.reshape(-1, 1), whole.ravel()))
        for targets in (y, y[..., None]):
            value = float(loss(targets, z, weights))
            assert value == pytest.approx(expected, rel=1e-12)
    each = random.random((6, 4))
    expected = float(loss(y.ravel(), z.reshape(-1, 1), each.ravel()))
    assert float(loss(y, z, each)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_an_unknown_label_of_one_output_is_refused_in_sequences(wrong):
    for shape in ((1, 2), (1, 2, 1)):
        with pytest.raises(InputError, match="labels for CrossEntropy that hold"):
            CrossEntropy()(np.reshape([1.0, wrong], shape), np.zeros((1, 2, 1)))


def test_links_refuse_another_number_of_outputs():
    three = BalancedSoftmax([0.5, 0.3, 0.2], link="softmax")
    for z in (0.0, [0.0, 1.0]):
        with pytest.raises(InputError, match="a last axis of 3"):
            three.link(z)
    with pytest.raises(InputError, match="two classes or more"):
        CrossEntropy(link="softmax").link(0.0)
    with pytest.raises(InputError, match="of a loss of 2 labels"):
        LogitAdjusted([0.1, 0.5]).link([0.0, 0.0, 0.0])


@pytest.mark.parametrize("make", [CrossEntropy, Focal, ExpectedCost, PairwiseAUC])
@pytest.mark.parametrize(
    ("y", "z", "w"),
    [
        ([[1.0], [0.0], [1.0]], [[2.0], [0.0], [-1.0]], [1.0, 2.0, 1.0]),
        ([1.0, 0.0, 1.0], [2.0, 0.0, -1.0], None),
        ([0, 1, 1], [[2.0], [0.0], [-1.0]], None),
        ([[1, 0], [0, 1], [1, 1]], [[2.0, 1.0], [0.0, 0.5], [-1.0, 0.0]], None),
    ],
)
def test_lists_are_taken_as_arrays(make, y, z, w):
    weights = None if w is None else np.array(w, "float32")
    arrays = make()(np.array(y), np.array(z, "float32"), sample_weight=weights)
    assert float(make()(y, z, sample_weight=w)) == float(arrays)
