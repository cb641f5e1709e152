# SPDX-License-Identifier: Apache-2.0
"""A fixed model of several classes or labels: values and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.decision.cost_matrix import CostMatrix
from equipoise.errors import InputError
from equipoise.evaluation import evaluate
from equipoise.evaluation.fixed_task import evaluate_task
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    y = random.choice(3, 400, p=[0.7, 0.2, 0.1])
    return y, random.dirichlet([1.0, 1.0, 1.0], 400) * 0.6 + 0.4 * np.eye(3)[y]


def test_values_are_scikit_learns(rows) -> None:
    y, p = rows
    e = evaluate_task(CLASSES, y, p)
    decided = p.argmax(axis=1)
    checks = {
        "macro_roc_auc": reference.roc_auc_score(y, p, multi_class="ovr"),
        "log_loss": reference.log_loss(y, p),
        "accuracy": reference.accuracy_score(y, decided),
        "balanced_accuracy": reference.balanced_accuracy_score(y, decided),
        "macro_f1": reference.f1_score(y, decided, average="macro"),
        "macro_average_precision": np.mean(
            [reference.average_precision_score(y == c, p[:, c]) for c in range(3)]
        ),
    }
    for metric, value in checks.items():
        assert e[metric].value == pytest.approx(value)
        assert e[metric].low < value < e[metric].high
    assert (
        e.confusion.counts.tolist() == reference.confusion_matrix(y, decided).tolist()
    )
    assert e.rule == "The most probable class."


def test_a_class_has_the_intervals_of_two_classes(rows) -> None:
    y, p = rows
    one = evaluate_task(CLASSES, y, p).by_class["c"]
    ranked = evaluate(y == 2, p[:, 2])
    decided = evaluate(y == 2, (p.argmax(axis=1) == 2).astype(float), threshold=0.5)
    for metric in ("average_precision", "roc_auc"):
        assert one[metric] == ranked[metric]
    for metric in ("recall", "precision", "f1"):
        assert one[metric] == decided[metric]
    assert one.confusion == decided.confusion


def test_decisions_rule_and_costs_are_taken_as_they_are(rows) -> None:
    y, p = rows
    costs = CostMatrix(CLASSES.classes, ((0, 1, 1), (1, 0, 1), (9, 9, 0)))
    decided = costs.decide(p)
    e = evaluate_task(CLASSES, y, p, decisions=decided, rule="By costs.", costs=costs)
    assert e["cost"].value == pytest.approx(costs.table[y, decided].mean())
    assert e.rule == "By costs."


def test_rows_of_weight_two_are_two_rows(rows) -> None:
    y, p = rows
    weights = np.where(y == 2, 2.0, 1.0)
    again = np.concatenate([np.arange(400), np.flatnonzero(y == 2)])
    weighted, copied = (
        evaluate_task(CLASSES, y, p, weights=weights),
        evaluate_task(CLASSES, y[again], p[again]),
    )
    for metric in weighted:
        assert weighted[metric].value == pytest.approx(copied[metric].value)


def test_labels_with_unknown_ones() -> None:
    random = np.random.default_rng(4)
    y = (random.random((300, 2)) < [0.3, 0.1]).astype(float)
    p = np.clip(0.5 * y + 0.4 * random.random(y.shape), 0, 1)
    y[:50, 1] = np.nan
    e = evaluate_task(LABELS, y, p)
    assert e.by_class["q"].rows == 250
    assert e.by_class["q"]["roc_auc"].value == pytest.approx(
        reference.roc_auc_score(y[50:, 1], p[50:, 1])
    )
    assert e.confusion is None
    assert e.by_class["p"].confusion.positives == np.nansum(y[:, 0])


def test_an_absent_class_is_undefined_with_a_reason(rows) -> None:
    y, p = rows
    held = y < 2
    e = evaluate_task(CLASSES, y[held], p[held])
    assert e.unjudged == {"c": "no rows of class 'c'"}
    assert not e.by_class["c"]["recall"].defined
    two = [e.by_class[name]["average_precision"].value for name in "ab"]
    assert e["macro_average_precision"].value == pytest.approx(np.mean(two))


def test_perfect_scores_have_an_interval_of_some_width() -> None:
    y = np.repeat([0, 1, 2], [30, 12, 8])
    e = evaluate_task(CLASSES, y, np.eye(3)[y] * 0.9 + 0.1 / 3)
    for metric in ("macro_average_precision", "balanced_accuracy", "macro_f1"):
        assert e[metric].value == 1.0
        assert e[metric].low < 0.95
        assert e[metric].high == 1.0


def test_one_row_of_a_class_has_no_interval() -> None:
    y = np.repeat([0, 1, 2], [30, 12, 1])
    random = np.random.default_rng(0)
    e = evaluate_task(CLASSES, y, random.dirichlet([1, 1, 1], 43))
    estimate = e["balanced_accuracy"]
    assert np.isnan(estimate.low)
    assert estimate.reason


def test_probabilities_that_do_not_sum_to_one_are_refused(rows) -> None:
    y, p = rows
    with pytest.raises(InputError, match="sum to"):
        evaluate_task(CLASSES, y, 2 * p / 3)
