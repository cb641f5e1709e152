# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.errors import UnsupportedError
from equipoise.losses import (
    AUCMargin,
    ClassWeighted,
    Dice,
    PairwiseAUC,
    Switch,
    auc_margin_loss,
    pairwise_auc_loss,
)
from equipoise.losses.set_loss import class_masses, dtype_of
from equipoise.metrics import average_precision, roc_auc

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


REPLICAS = """
import json
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras
from equipoise.losses import (
    AUCMargin, AveragePrecisionLoss, Combined, CrossEntropy, Dice, Focal, LDAM,
    PairwiseAUC, PairwiseLogistic, PartialAUC, PrecisionAtRecallLoss,
    RecallAtPrecisionLoss, Switch,
)
from equipoise.metrics.keras import AUROC, AveragePrecision

random = np.random.default_rng(0)
half = random.normal(size=(32, 3)).astype("float32")
y = np.tile(random.random(32) < 0.3, 2).astype("float32")
x = np.concatenate([half, half])  # so that both replicas' sets are the whole batch's
start = [random.normal(size=(3, 1)).astype("float32"), np.zeros(1, "float32")]
batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)
found = {}


def Margins():
    return LDAM(prior=0.2)


def Several():
    return Switch({"plain": CrossEntropy(), "dice": Dice()}, active="dice")


def Both():
    return Combined([Focal(), PairwiseAUC()], [0.5, 2.0])


for make in (
    CrossEntropy, PairwiseAUC, AUCMargin, PairwiseLogistic, PartialAUC, Dice,
    AveragePrecisionLoss, PrecisionAtRecallLoss, RecallAtPrecisionLoss, Margins,
    Several, Both,
):
    kernel = tf.Variable(start[0])
    with tf.GradientTape() as tape:
        loss = make()(y, x @ kernel)
    one = [(-0.1 * tape.gradient(loss, kernel)).numpy().tolist(), float(loss)]
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        metrics = [AUROC(), AveragePrecision()] if make is CrossEntropy else None
        model.compile(keras.optimizers.SGD(0.1), loss=make(), metrics=metrics)
    model.set_weights(start)
    logged = model.fit(batches, shuffle=False, verbose=0).history["loss"][0]
    found[make.__name__] = [one, [(model.get_weights()[0] - start[0]).tolist(), logged]]
    if make is CrossEntropy:
        model.set_weights(start)
        logs = model.evaluate(batches.unbatch().batch(16), verbose=0)
        found["metrics"] = [logs[1:], (x @ start[0])[:, 0].tolist(), y.tolist()]
print(json.dumps(found))
"""


def test_replicas_do_not_multiply_step_or_loss():
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    values, z, y = found.pop("metrics")
    exact = [roc_auc(y, z), average_precision(y, z)]
    np.testing.assert_allclose(values, exact, rtol=0, atol=1e-6)
    assert len(found) == 12
    for name, ((step, loss), (steps, logged)) in found.items():
        np.testing.assert_allclose(steps, step, rtol=1e-4, atol=1e-7, err_msg=name)
        assert logged == pytest.approx(loss, rel=1e-5), name


@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
@pytest.mark.parametrize("loss", [Dice, PairwiseAUC])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_points_of_images_are_examples_of_one_set(link, loss, outputs):
    if link == "softmax" and outputs == 1:
        return
    random = np.random.default_rng(1)
    logits = random.normal(size=(2, 4, 5, outputs))
    targets = (random.random((2, 4, 5, outputs)) < 0.4).astype(float)
    if link == "softmax":
        targets = np.eye(3)[random.integers(0, 3, (2, 4, 5))]
    flat = loss(dtype="float64", link=link)
    rows = (targets.reshape(-1, outputs), logits.reshape(-1, outputs))
    images, points = random.random(2), random.random((2, 4, 5))
    for weights, each in (
        (None, None),
        (images, np.repeat(images, 20)),
        (points, points.ravel()),
    ):
        value = flat(targets, logits, weights)
        assert value.shape == ()
        assert float(value) == pytest.approx(float(flat(*rows, each)), rel=1e-12)
    if link == "softmax":
        numbers = targets.argmax(axis=-1)
        assert float(flat(numbers, logits)) == pytest.approx(float(flat(*rows)))


def test_the_overlap_of_masks_is_that_of_keras():
    random = np.random.default_rng(2)
    logits = random.normal(size=(3, 6, 6, 1))
    targets = (random.random((3, 6, 6)) < 0.2).astype(float)
    expected = keras.losses.Dice(dtype="float64")(
        targets[..., None], keras.ops.sigmoid(logits)
    )
    for shaped in (targets, targets[..., None]):
        value = float(Dice(dtype="float64")(shaped, logits))
        assert value == pytest.approx(float(expected), rel=1e-6)


def test_a_loss_over_pairs_says_that_it_has_no_probabilities():
    loss = PairwiseAUC()
    assert loss.link == "sigmoid"
    for held in (loss, Switch({"pairs": loss}), ClassWeighted(loss, [1.0, 2.0])):
        with pytest.raises(UnsupportedError, match="compares examples"):
            held.link([0.0])
    assert type(loss.get_config().get("link", "sigmoid")) is str
    softmax = PairwiseAUC(link="softmax")
    again = PairwiseAUC.from_config(json.loads(json.dumps(softmax.get_config())))
    assert again.link == "softmax"
