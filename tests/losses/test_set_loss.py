# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.losses import AUCMargin, PairwiseAUC, auc_margin_loss, pairwise_auc_loss
from equipoise.losses.set_loss import class_masses, dtype_of

RANDOM = np.random.default_rng(0)


def test_masses_sum_to_one_in_each_class():
    targets = np.array([[1.0, 0, 0, 1], [0, 0, 0, 0]])
    weights = np.array([1.0, 2, 0, 3])
    _, positive, negative = class_masses(targets, np.zeros((2, 4)), weights)
    np.testing.assert_allclose(positive, [[0.25, 0, 0, 0.75], [0, 0, 0, 0]])
    np.testing.assert_allclose(negative[0], [0, 1, 0, 0])
    np.testing.assert_allclose(negative[1], weights / 6)


@pytest.mark.parametrize("loss", [pairwise_auc_loss, auc_margin_loss])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("targets", "weights"),
    [
        ([1.0, 1, 1], None),
        ([0.0, 0, 0], None),
        ([1.0, 0, 0], [0.0, 1, 1]),
        ([1.0, 0, 0], [2.0, 0, 0]),
        ([1.0, 0, 0], [0.0, 0, 0]),
    ],
)
def test_without_one_of_the_classes_nothing_is_said(loss, dtype, targets, weights):
    z = tf.constant([-40.0, 0.5, 40.0], dtype)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(targets, z, weights)
    assert float(value) == 0
    np.testing.assert_array_equal(tape.gradient(value, z), [0, 0, 0])


@pytest.mark.parametrize("loss", [pairwise_auc_loss, auc_margin_loss])
def test_only_the_proportions_of_weights_count(loss):
    targets, logits = [1.0, 0, 1, 0], RANDOM.normal(size=4)
    weights = np.array([1.0, 2, 3, 4])
    expected = float(loss(targets, logits, weights))
    for scale in (1e-30, 1e30):
        assert float(loss(targets, logits, scale * weights)) == pytest.approx(expected)


def test_half_precision_is_computed_in_float32():
    logits = keras.ops.cast([1.0, 2.0], "bfloat16")
    z, positive, _ = class_masses([1.0, 0.0], logits, None)
    assert dtype_of(z) == dtype_of(positive) == "float32"
    for loss in (pairwise_auc_loss, auc_margin_loss):
        assert dtype_of(loss([1.0, 0.0], logits)) == "bfloat16"


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 3)])
def test_each_output_is_a_set_of_its_own(shape):
    """Three labels: each is ranked within itself, and the three are averaged."""
    targets = (RANDOM.random((30, 3)) < 0.3).astype(float)
    logits, weights = RANDOM.normal(size=(30, 3)), RANDOM.random(shape)
    found = PairwiseAUC(dtype="float64")(targets, logits, sample_weight=weights)
    own = np.broadcast_to(weights.reshape(30, -1), (30, 3))
    each = [
        float(pairwise_auc_loss(targets[:, k], logits[:, k], own[:, k]))
        for k in range(3)
    ]
    assert float(found) == pytest.approx(np.mean(each))


@pytest.mark.parametrize("shape", [(30,), (30, 1)])
def test_keras_shapes(shape):
    targets, logits = np.arange(30) % 4 == 0, RANDOM.normal(size=30)
    found = PairwiseAUC(dtype="float64")(targets.reshape(shape), logits[:, None])
    assert float(found) == pytest.approx(
        float(pairwise_auc_loss(targets.astype(float), logits))
    )


@pytest.mark.parametrize("loss", [PairwiseAUC, AUCMargin])
def test_the_computation_has_the_type_that_is_asked_for(loss):
    logits = keras.ops.cast([1.0, 2.0, 0.5], "float32")
    assert dtype_of(loss(dtype="float64")([1, 0, 0], logits)) == "float64"


def test_it_trains_in_plain_keras():
    """From ranking at chance to ranking right, on class weights that cancel."""
    x = RANDOM.normal(size=(512, 2)).astype(np.float32)
    y = (x[:, 0] - x[:, 1] > 1).astype(np.float32)
    model = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss=PairwiseAUC())
    history = model.fit(x, y, batch_size=128, epochs=8, verbose=0)
    assert history.history["loss"][-1] < 0.2
    plain = float(model.evaluate(x, y, batch_size=512, verbose=0))
    heavy = model.evaluate(
        x, y, batch_size=512, verbose=0, sample_weight=np.where(y > 0, 9.0, 1.0)
    )
    assert plain == pytest.approx(float(heavy), rel=1e-5)
