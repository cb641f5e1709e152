# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import TASK_METRICS
from equipoise.priors import probability, softmax
from equipoise.task import Task

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from equipoise.metrics import keras as streaming  # noqa: E402 (after the skip)

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))
TWINS = {
    "macro_average_precision": streaming.MacroAveragePrecision,
    "macro_roc_auc": streaming.MacroAUROC,
    "macro_f1": streaming.MacroF1,
    "balanced_accuracy": streaming.BalancedClassAccuracy,
}


def several(rows: int = 600, seed: int = 0):
    random = np.random.default_rng(seed)
    y = random.choice(4, rows, p=[0.6, 0.25, 0.12, 0.03])
    z = np.round(random.normal(size=(rows, 4)) + 2 * np.eye(4)[y], 1)
    return y, z.astype(np.float32), random.choice([0.0, 0.5, 2.0], rows)


def labelled(rows: int = 600, seed: int = 0):
    random = np.random.default_rng(seed)
    y = (random.random((rows, 3)) < [0.5, 0.2, 0.05]).astype(np.float32)
    z = np.round(random.normal(size=(rows, 3)) + 2 * y, 1).astype(np.float32)
    y[random.random((rows, 3)) < 0.1] = -1
    return y, z, random.choice([0.0, 0.5, 2.0], rows)


def fed(metric, y, score, weights=None, size: int = 97) -> float:
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        w = None if weights is None else weights[part]
        metric.update_state(y[part], score[part], w)
    return float(metric.result())


def reference(name, task, y, p, weights) -> float:
    one = TASK_METRICS[name]
    if not one.of_decisions:
        return one(task, y, p, weights, probabilities=True)
    made = p.argmax(axis=1) if task is CLASSES else (p >= 0.5).astype(int)
    return one(task, y, made, weights)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("form", ["sparse", "column", "one-hot"])
def test_classes_equal_the_metrics_of_whole_arrays(name, from_logits, form) -> None:
    y, z, weights = several()
    p = softmax(z.astype(np.float64))
    targets = {"sparse": y, "column": y[:, None], "one-hot": np.eye(4)[y]}[form]
    metric = TWINS[name](4, from_logits=from_logits)
    value = fed(metric, targets, z if from_logits else p, weights)
    expected = reference(name, CLASSES, y, p, weights)
    # Ties of log-odds are lost to rounding in the metrics of whole batches.
    assert value == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("unknown", [-1.0, math.nan])
def test_labels_equal_the_metrics_of_whole_arrays(name, from_logits, unknown) -> None:
    y, z, weights = labelled()
    p = probability(z)
    metric = TWINS[name](3, labels=True, from_logits=from_logits)
    targets = np.where(y == -1, unknown, y)
    value = fed(metric, targets, z if from_logits else p, weights)
    assert value == pytest.approx(reference(name, LABELS, y, p, weights), rel=1e-6)


@pytest.mark.parametrize("name", ["macro_average_precision", "macro_roc_auc"])
def test_more_rows_than_bins_are_merged_with_little_loss(name) -> None:
    random = np.random.default_rng(1)
    y = random.choice(4, 30_000, p=[0.9, 0.07, 0.025, 0.005])
    z = random.normal(size=(30_000, 4)) + 2 * np.eye(4)[y]
    z += np.log([0.9, 0.07, 0.025, 0.005])
    value = fed(TWINS[name](4), y, z, size=2_000)
    expected = reference(name, CLASSES, y, softmax(z), None)
    assert value == pytest.approx(expected, abs=2e-3)
    few = fed(TWINS[name](4, bins=512), y, z, size=2_000)
    assert few == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name", TWINS)
def test_an_absent_class_is_in_no_average(name) -> None:
    y, z, _ = several()
    rest = y != 3
    value = fed(TWINS[name](4), y[rest], z[rest])
    expected = reference(name, CLASSES, y[rest], softmax(z[rest].astype(float)), None)
    assert value == pytest.approx(expected, abs=1e-3)
    alone = TWINS[name](4)
    alone.update_state([1, 1], [[0.0, 1.0, 0.0, 0.0]] * 2)
    assert math.isnan(float(alone.result()))
    assert math.isnan(float(TWINS[name](4).result()))


@pytest.mark.parametrize("name", TWINS)
def test_in_compiled_training_and_after_a_reset(name) -> None:
    y, z, _ = several(256)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    metric = TWINS[name](4)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[metric],
    )
    expected = fed(TWINS[name](4), y, z)
    for _ in range(2):
        shown = model.evaluate(z, y, verbose=0, batch_size=64, return_dict=True)
        assert shown[metric.name] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", TWINS)
def test_a_metric_is_rebuilt_from_its_arguments(name) -> None:
    metric = TWINS[name](3, labels=True, from_logits=False, name="m")
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(metric)
    )
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_the_threshold_of_labels_is_a_probability() -> None:
    y, z, weights = labelled()
    metric = streaming.MacroF1(3, labels=True, threshold=0.8)
    made = (probability(z) >= 0.8).astype(int)
    expected = TASK_METRICS["macro_f1"](LABELS, y, made, weights)
    assert fed(metric, y, z, weights) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", TWINS)
def test_bad_input_is_an_error(name) -> None:
    make = TWINS[name]
    z = np.zeros((2, 4), np.float32)
    with pytest.raises(InputError, match=r"scores \[rows, 4\]"):
        make(4).update_state([0, 1], z[:, :3])
    with pytest.raises(InputError, match="class numbers"):
        make(4).update_state([0, 4], z)
    with pytest.raises(InputError, match=r"shares of the classes \[rows, 4\]"):
        make(4).update_state([[1, 0, 0], [0, 1, 0]], z)
    with pytest.raises(InputError, match=r"0 and 1, \[rows, 4\]"):
        make(4, labels=True).update_state([0, 1], z)
    with pytest.raises(InputError, match="0 or 1"):
        make(4, labels=True).update_state([[0, 1, 2, 0]] * 2, z)
    with pytest.raises(InputError, match="weights of 0 or more"):
        make(4).update_state([0, 1], z, [1.0, -1.0])
    with pytest.raises(InputError, match="probabilities"):
        make(4, from_logits=False).update_state([0, 1], z + 3)
    with pytest.raises(InputError, match="classes=1"):
        make(1)
    # A row of weight 0 may hold anything.
    metric = make(4)
    metric.update_state([0, 9, 1], np.eye(4)[[0, 0, 1]], [1.0, 0.0, 1.0])
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("name", TWINS)
def test_a_score_that_is_no_number_spoils_the_result(name) -> None:
    metric = TWINS[name](2)
    metric.update_state([0, 1], [[0.0, math.nan], [0.0, 1.0]])
    assert math.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state([0, 1], [[1.0, 0.0], [0.0, 1.0]])
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("kind", [streaming.MacroAveragePrecision, streaming.MacroF1])
@pytest.mark.parametrize(
    ("y", "weights", "labels"),
    [
        (np.zeros(7), None, False),
        (np.zeros(1), None, False),
        (np.eye(4)[:1], None, False),
        (np.eye(4)[:3], None, False),
        (np.eye(4)[:1], None, True),
        (np.zeros(4), None, True),
        (np.zeros(5), np.ones(3), False),
        (np.zeros(5), np.ones((5, 3)), False),
    ],
)
def test_as_many_labels_and_weights_as_rows(kind, y, weights, labels):
    """TensorFlow would spread one row over all of them."""
    metric = kind(4, labels=labels)
    with pytest.raises(InputError, match=r"of shape \(.*\) and scores|labels of shape"):
        metric.update_state(y, np.zeros((5, 4)), weights)
    right = np.eye(4)[[0, 1, 2, 3, 0]]
    metric.update_state(right, 2 * right - 1)
    assert float(metric.result()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [streaming.MacroAveragePrecision, streaming.MacroF1])
def test_weights_of_scores_with_more_axes(kind):
    random = np.random.default_rng(2)
    y, z = random.integers(0, 4, (6, 5)), random.normal(size=(6, 5, 4))
    weights = random.random(6)
    deep, flat = kind(4), kind(4)
    deep.update_state(np.eye(4)[y], z, weights)
    flat.update_state(y.ravel(), z.reshape(-1, 4), np.repeat(weights, 5))
    assert float(deep.result()) == pytest.approx(float(flat.result()))
