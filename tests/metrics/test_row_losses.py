# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

import equipoise.metrics as binary
from equipoise.errors import InputError
from equipoise.metrics import TASK_METRICS, TaskRows
from equipoise.metrics import row_losses as defined
from equipoise.priors import softmax
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))


def several(seed: int = 0):
    random = np.random.default_rng(seed)
    y = random.choice(4, 200, p=[0.6, 0.25, 0.1, 0.05])
    z = random.normal(size=(200, 4)) + 2 * np.eye(4)[y]
    return y, z, random.choice([0.5, 1.0, 2.0], 200)


def labelled(seed: int = 0):
    random = np.random.default_rng(seed)
    y = (random.random((200, 3)) < [0.5, 0.2, 0.1]).astype(int)
    # Few values, so that many scores are tied.
    z = np.round(random.normal(size=(200, 3)) + 1.5 * y)
    return y, z, random.choice([0.5, 1.0, 2.0], 200)


def test_losses_of_classes_equal_scikit_learn() -> None:
    y, z, weights = several()
    p = softmax(z)
    log_loss, brier = TASK_METRICS["log_loss"], TASK_METRICS["brier"]
    reference = sk.log_loss(y, p, sample_weight=weights)
    assert log_loss(CLASSES, y, z, weights) == pytest.approx(reference)
    assert log_loss(CLASSES, y, p, weights, probabilities=True) == pytest.approx(
        reference
    )
    whole = sk.brier_score_loss(y, p, sample_weight=weights, scale_by_half=False)
    assert brier(CLASSES, y, z, weights) == pytest.approx(whole / 2)
    assert brier(CLASSES, y, p, weights, probabilities=True) == pytest.approx(whole / 2)


def test_two_classes_give_the_binary_losses() -> None:
    random = np.random.default_rng(2)
    y, z = random.integers(0, 2, 100), random.normal(size=100)
    logits = np.column_stack([np.zeros(100), z])
    task = Task("multiclass", ("no", "yes"))
    p = softmax(logits)[:, 1]
    assert TASK_METRICS["brier"](task, y, logits) == pytest.approx(binary.brier(y, p))
    assert TASK_METRICS["log_loss"](task, y, logits) == pytest.approx(
        binary.log_loss(y, p)
    )
    pair = TaskRows.of(Task("binary", ("no", "yes")), y)
    losses = defined.task_log_losses(pair, z[:, None]).mean(pair.weights)
    assert losses == pytest.approx(binary.log_loss(y, p))


def test_log_loss_is_exact_at_any_size_of_the_logits() -> None:
    task = Task("multiclass", ("a", "b", "c"))
    z = [[0.0, 900.0, -900.0], [0.0, 900.0, -900.0]]
    assert TASK_METRICS["log_loss"](task, [0, 1], z) == 450.0
    p = [[0.0, 1.0, 0.0]] * 2
    assert TASK_METRICS["log_loss"](task, [0, 1], p, probabilities=True) == np.inf
    # A row without weight is not there.
    value = TASK_METRICS["log_loss"](task, [0, 1], p, [0, 1], probabilities=True)
    assert value == 0.0


def test_losses_of_labels_are_means_over_labels() -> None:
    y, z, weights = labelled()
    y = np.where(np.random.default_rng(5).random(y.shape) < 0.2, -1, y)
    p = 1 / (1 + np.exp(-z))
    for name, one in (("log_loss", binary.log_loss), ("brier", binary.brier)):
        each = [one(y[on, j], p[on, j], weights[on]) for j, on in enumerate((y >= 0).T)]
        value = TASK_METRICS[name](LABELS, y, z, weights)
        assert value == pytest.approx(np.mean(each)), name
        given = TASK_METRICS[name](LABELS, y, p, weights, probabilities=True)
        assert given == pytest.approx(np.mean(each)), name


@pytest.mark.parametrize("k", [1, 2, 3, 4, 9])
def test_top_k_equals_scikit_learn_without_ties(k) -> None:
    y, z, weights = several()
    value = TASK_METRICS["top_k_accuracy"](CLASSES, y, z, weights, k=k)
    # With k of all classes scikit-learn warns, and the value is 1.
    reference = (
        sk.top_k_accuracy_score(y, z, k=k, sample_weight=weights) if k < 4 else 1.0
    )
    assert value == pytest.approx(reference)
    with pytest.raises(InputError, match="k=0"):
        TASK_METRICS["top_k_accuracy"](CLASSES, y, z, k=0)


def test_top_k_is_the_mean_over_orders_of_tied_classes() -> None:
    random = np.random.default_rng(0)
    y = random.choice(4, 60)
    z = np.round(random.normal(size=(60, 4)))
    values = []
    for _ in range(4000):
        order = np.argsort(-(z + 1e-6 * random.random(z.shape)), axis=1)[:, :2]
        values.append(np.mean((order == y[:, None]).any(axis=1)))
    value = TASK_METRICS["top_k_accuracy"](CLASSES, y, z, k=2)
    assert value == pytest.approx(np.mean(values), abs=4 * np.std(values) / 4000**0.5)


def test_metrics_of_label_sets_equal_scikit_learn() -> None:
    y, z, weights = labelled()
    made = (z >= 0.5).astype(int)
    common = {"sample_weight": weights}
    references = {
        "subset_accuracy": (made, sk.accuracy_score(y, made, **common)),
        "hamming_loss": (made, sk.hamming_loss(y, made, **common)),
        "label_ranking_average_precision": (
            z,
            sk.label_ranking_average_precision_score(y, z, **common),
        ),
        "coverage_error": (z, sk.coverage_error(y, z, **common)),
    }
    for name, (predictions, reference) in references.items():
        value = TASK_METRICS[name](LABELS, y, predictions, weights)
        assert value == pytest.approx(reference), name


def test_unknown_labels_count_as_if_they_were_not_there() -> None:
    y = np.array([[1, 0, -1], [-1, -1, -1], [1, -1, 1], [0, 0, -1]])
    z = np.array([[1.0, 2.0, 9.0], [5.0, 5.0, 5.0], [1.0, 9.0, 0.0], [3.0, 1.0, 9.0]])
    rows = TaskRows.of(LABELS, y)
    ranked = defined.label_ranking_precisions(rows, z)
    assert ranked.used.ravel().tolist() == [True, False, True, True]
    # Row 0: x is second of the two known labels; rows 2 and 3 have all, and none.
    assert ranked.mean(rows.weights) == pytest.approx((0.5 + 1 + 1) / 3)
    covered = defined.label_coverages(rows, z)
    assert covered.mean(rows.weights) == pytest.approx((2 + 2 + 0) / 3)
    made = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 1], [0, -1, 1]])
    right = defined.all_labels_right(rows, made)
    assert right.mean(rows.weights) == pytest.approx(1 / 3)
    wrong = defined.wrong_labels(rows, made)
    # x: all three right; y: wrong in rows 0 and 3; z: right in row 2.
    assert wrong.mean(rows.weights) == pytest.approx((0 + 1 + 0) / 3)


def test_without_rows_a_mean_is_nan() -> None:
    assert np.isnan(TASK_METRICS["log_loss"](CLASSES, [], np.zeros((0, 4))))
    unknown = -np.ones((2, 3), int)
    assert np.isnan(TASK_METRICS["hamming_loss"](LABELS, unknown, np.zeros((2, 3))))
