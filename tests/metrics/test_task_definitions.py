# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest
import sklearn.metrics as sk

import equipoise.metrics as binary
from equipoise.metrics import TASK_METRICS, TaskRows
from equipoise.metrics.task_definitions import view_values
from equipoise.priors import softmax
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))
AVERAGES = ("macro", "weighted", "micro")


def several(seed: int = 0, *, tied: bool = False):
    random = np.random.default_rng(seed)
    y = random.choice(4, 300, p=[0.6, 0.25, 0.1, 0.05])
    p = random.dirichlet(np.ones(4), 300) + 0.4 * np.eye(4)[y]
    if tied:
        p = np.round(4 * p) + 1
    p = p / p.sum(axis=1, keepdims=True)
    return y, p, random.choice([0.5, 1.0, 2.0], 300)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("average", AVERAGES)
def test_average_precision_of_classes_equals_scikit_learn(average, tied) -> None:
    y, p, weights = several(tied=tied)
    one = TASK_METRICS[f"{average}_average_precision"]
    hot = np.eye(4)[y]
    reference = sk.average_precision_score(
        hot, p, average=average, sample_weight=weights
    )
    given = one(CLASSES, y, p, weights, probabilities=True)
    assert given == pytest.approx(reference)
    # Logits hold the same order, ties included.
    shift = np.random.default_rng(1).normal(size=(300, 1))
    assert one(CLASSES, y, np.log(p) + shift, weights) == pytest.approx(reference)


@pytest.mark.parametrize("tied", [False, True])
def test_roc_auc_of_classes_equals_scikit_learn(tied) -> None:
    y, p, weights = several(tied=tied)
    one_vs_rest = TASK_METRICS["macro_roc_auc"]
    reference = sk.roc_auc_score(
        y, p, multi_class="ovr", average="macro", sample_weight=weights
    )
    given = one_vs_rest(CLASSES, y, p, weights, probabilities=True)
    assert given == pytest.approx(reference)
    pairs = TASK_METRICS["roc_auc_ovo"]
    reference = sk.roc_auc_score(y, p, multi_class="ovo", average="macro")
    assert pairs(CLASSES, y, p, probabilities=True) == pytest.approx(reference)


def test_pairs_of_classes_under_weights_and_by_brute_force() -> None:
    y, p, weights = several(tied=True)
    total = 0.0
    for i, j in itertools.permutations(range(4), 2):
        first, second = np.flatnonzero(y == i), np.flatnonzero(y == j)
        a, b = p[first, i][:, None], p[second, i][None]
        mass = weights[first][:, None] * weights[second][None]
        total += np.sum(mass * ((a > b) + (a == b) / 2)) / mass.sum()
    value = TASK_METRICS["roc_auc_ovo"](CLASSES, y, p, weights, probabilities=True)
    assert value == pytest.approx(total / 12)


@pytest.mark.parametrize("average", AVERAGES)
def test_labels_equal_scikit_learn(average) -> None:
    random = np.random.default_rng(2)
    y = (random.random((300, 3)) < [0.5, 0.2, 0.05]).astype(int)
    z = np.round(random.normal(size=(300, 3)) * 2 + 2 * y)
    weights = random.choice([0.5, 1.0, 2.0], 300)
    one = TASK_METRICS[f"{average}_average_precision"]
    reference = sk.average_precision_score(y, z, average=average, sample_weight=weights)
    assert one(LABELS, y, z, weights) == pytest.approx(reference)
    area = sk.roc_auc_score(y, z, average="macro", sample_weight=weights)
    assert TASK_METRICS["macro_roc_auc"](LABELS, y, z, weights) == pytest.approx(area)


def test_normalised_average_precision_is_the_mean_of_the_views() -> None:
    y, p, weights = several()
    each = [
        binary.normalised_average_precision(y == k, p[:, k], weights) for k in range(4)
    ]
    one = TASK_METRICS["macro_normalised_average_precision"]
    value = one(CLASSES, y, p, weights, probabilities=True)
    assert value == pytest.approx(np.mean(each))


def test_an_absent_class_moves_no_average() -> None:
    y, p, _ = several()
    rest = y != 3
    names = ("macro_average_precision", "macro_roc_auc", "roc_auc_ovo")
    for name in names:
        with_it = TASK_METRICS[name](CLASSES, y[rest], p[rest], probabilities=True)
        if name == "roc_auc_ovo":
            assert 0.5 < with_it < 1
            continue
        metric = binary.average_precision if "precision" in name else binary.roc_auc
        each = [metric(y[rest] == k, p[rest, k]) for k in range(3)]
        assert with_it == pytest.approx(np.mean(each)), name
    # As it does in scikit-learn, where it counts as 0.
    with pytest.warns(UserWarning, match="No positive class"):
        other = sk.average_precision_score(np.eye(4)[y[rest]], p[rest])
    ours = TASK_METRICS["macro_average_precision"]
    assert ours(CLASSES, y[rest], p[rest], probabilities=True) > other + 0.1
    values = view_values(
        "roc_auc", TaskRows.of(CLASSES, y[rest]), np.ascontiguousarray(p[rest])
    )
    assert np.isnan(values).tolist() == [False, False, False, True]


def test_unknown_labels_are_left_out() -> None:
    random = np.random.default_rng(3)
    y = (random.random((200, 3)) < [0.5, 0.3, 0.2]).astype(float)
    z = random.normal(size=(200, 3)) + y
    y[random.random((200, 3)) < 0.3] = np.nan
    on = ~np.isnan(y)
    each = [binary.average_precision(y[on[:, j], j], z[on[:, j], j]) for j in range(3)]
    ours = TASK_METRICS["macro_average_precision"]
    assert ours(LABELS, y, z) == pytest.approx(np.mean(each))
    pooled = binary.average_precision(y[on], z[on])
    micro = TASK_METRICS["micro_average_precision"]
    assert micro(LABELS, y, z) == pytest.approx(pooled)


def test_weights_count_copies() -> None:
    y, p, _ = several()
    copies = np.random.default_rng(4).integers(0, 4, y.size)
    repeated = np.repeat(np.arange(y.size), copies)
    for name, one in TASK_METRICS.items():
        if "multiclass" not in one.definitions or name == "cost":
            continue
        predictions = p.argmax(axis=1) if one.of_decisions else p
        more = {} if one.of_decisions else {"probabilities": True}
        weighted = one(CLASSES, y, predictions, copies, **more)
        drawn = one(CLASSES, y[repeated], predictions[repeated], **more)
        assert weighted == pytest.approx(drawn, rel=1e-12), name


def test_softmax_of_the_logits_gives_the_same() -> None:
    y, p, weights = several()
    z = 3 * np.log(p)
    for name, one in TASK_METRICS.items():
        if "multiclass" not in one.definitions or one.of_decisions:
            continue
        value = one(CLASSES, y, z, weights)
        other = one(CLASSES, y, softmax(z), weights, probabilities=True)
        assert value == pytest.approx(other), name
