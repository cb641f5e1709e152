# SPDX-License-Identifier: Apache-2.0
"""A separate test table: average of the fold models, paired differences, once."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.metrics import log_loss

from equipoise._core.files import to_json
from equipoise.comparison import delong_difference, resampled_difference
from equipoise.reading.read import read_table
from equipoise.report.terminal import test_lines as lines_of_test
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.task import Task
from equipoise.trials.test_table import (
    _of_mean_probability,
    evaluate_task_test,
    evaluate_test_table,
    mean_scores,
)
from equipoise.verbs.compare import compare
from equipoise.verbs.trial import Trial


def make_test_table(rows: int = 300, positives: int = 12):
    y = np.repeat([0, 1], [rows - positives, positives])
    x = np.random.default_rng(0).standard_normal((rows, 1))
    return read_table((x, y))


def test_the_mean_is_of_probabilities() -> None:
    z = np.array([[0.0, 3.0, -800.0], [2.0, -1.0, -800.0]])
    assert _of_mean_probability(z)[:2] == pytest.approx(
        logit(expit(z).mean(axis=0))[:2]
    )
    assert _of_mean_probability(z)[2] <= -30


def test_differences_are_paired_on_the_test_rows(trial: Trial) -> None:
    assert trial.held_out is not None
    test_table, scores = make_test_table(), trial.scores
    random = np.random.default_rng(0)
    shape = scores.extra["plain"].shape[0], 300
    extra = {
        name: np.full(shape, -2.0)
        if name == "prior"
        else random.standard_normal(shape) + 2 * test_table.y
        for name in scores.extra
    }
    held_out = evaluate_test_table(
        test_table, replace(scores, extra=extra), trial.results
    )
    mean = {name: _of_mean_probability(z) for name, z in extra.items()}
    assert set(held_out.differences) == set(trial.names) - {"plain"}
    for name, tests in held_out.differences.items():
        expected = delong_difference(test_table.y, mean[name], mean["plain"])
        assert tests["roc_auc"].mean == pytest.approx(expected.mean, abs=1e-9)
        assert tests["roc_auc"].p == pytest.approx(expected.p)
        ap = resampled_difference(test_table.y, mean[name], mean["plain"])
        assert tests["average_precision"].mean == pytest.approx(ap.mean, abs=1e-9)
        e = held_out.evaluations
        assert tests["average_precision"].mean == pytest.approx(
            e[name]["average_precision"].value - e["plain"]["average_precision"].value
        )
        assert held_out.adjusted[name] >= tests["average_precision"].p


def test_nothing_is_chosen_on_the_test_table(trial: Trial) -> None:
    """Turning its labels round moves no threshold and no probability."""
    test_table, scores = make_test_table(), trial.scores
    one = evaluate_test_table(test_table, scores, trial.results)
    turned = replace(test_table, y=(1 - test_table.y).astype(np.int8))
    other = evaluate_test_table(turned, scores, trial.results)
    for name in trial.names:
        assert one.evaluations[name].threshold == other.evaluations[name].threshold
        assert (
            one.evaluations[name]["flag_rate"].value
            == other.evaluations[name]["flag_rate"].value
        )


def test_costs_and_groups_are_passed_on(trial: Trial) -> None:
    test_table = replace(make_test_table(), groups=np.arange(300) // 3)
    alone = evaluate_test_table(make_test_table(), trial.scores, trial.results)
    found = evaluate_test_table(
        test_table, trial.scores, trial.results, costs=(1.0, 5.0), seed=3
    )
    assert found.evaluations["plain"]["cost"].defined
    name = next(n for n in trial.names if n not in ("plain", "prior"))
    both = alone.differences[name]["roc_auc"], found.differences[name]["roc_auc"]
    assert both[0].mean == pytest.approx(both[1].mean, abs=1e-6)
    assert both[1].df < both[0].df


def test_the_difference_is_shown_and_written(trial: Trial) -> None:
    assert trial.held_out is not None
    text = "\n".join(lines_of_test(trial))
    assert text.count("average precision against plain") == len(trial.names) - 1
    assert trial.held_out.difference("plain") is None
    data = json.loads(to_json(trial.to_dict()))
    arms = {arm["name"]: arm["test"] for arm in data["strategies"]}
    assert arms["plain"]["difference_to_plain"] == {}
    found = arms["prior"]["difference_to_plain"]["average_precision"]
    assert found["low"] < found["mean"] < found["high"]
    assert arms["prior"]["adjusted_p"] >= found["p"]


SHORT = {
    "strategies": ["prior", "logistic"],
    "network": "linear",
    "folds": 3,
    "repeats": 1,
}


@pytest.fixture(scope="module")
def of_classes() -> Trial:
    """Classes of which one has fewer rows than folds, and other shares in the test."""
    train = make_classes(362, counts=[200, 100, 60, 2], seed=1).table
    test = make_classes(163, counts=[60, 40, 60, 3], seed=2).table
    return compare(train, test=test, **SHORT)


@pytest.fixture(scope="module")
def of_labels() -> Trial:
    train, test = (
        make_labels(n, seed=s, shares=[0.4, 0.15]).table
        for n, s in ((300, 1), (120, 2))
    )
    return compare(train, test=test, **SHORT)


def test_the_mean_over_fits_is_of_probabilities() -> None:
    random = np.random.default_rng(0)
    z = 3 * random.normal(size=(4, 7, 3))
    three = Task("multiclass", ("a", "b", "c"))
    expected = softmax(z, axis=2).mean(axis=0)
    np.testing.assert_allclose(softmax(mean_scores(three, z), axis=1), expected)
    # A constant of each row and fit says nothing.
    np.testing.assert_allclose(
        mean_scores(three, z + random.normal(size=(4, 7, 1))), mean_scores(three, z)
    )
    labels = Task("multilabel", ("p", "q", "r"))
    np.testing.assert_allclose(
        expit(mean_scores(labels, z)), expit(z).mean(axis=0), rtol=1e-12
    )
    sure = np.array([[[0.0, -5e3, -5e3]]])
    assert np.isfinite(mean_scores(three, sure)).all()


def test_classes_on_a_test_table(of_classes: Trial) -> None:
    assert of_classes.held_out is not None
    y = make_classes(163, counts=[60, 40, 60, 3], seed=2).table.labels()
    inside = y < 3
    for name in of_classes.names:
        arm, evaluation = of_classes[name], of_classes.test[name]
        mean = mean_scores(of_classes.task, of_classes.scores.extra[name])
        each = [c.apply(mean) for row in arm.fitted.calibrators for c in row]
        p = softmax(np.mean(each, axis=0), axis=1)
        assert evaluation.rows == inside.sum()
        assert evaluation["log_loss"].value == pytest.approx(
            log_loss(y[inside], p[inside], labels=range(4))
        )
        decided = (p * np.array(arm.rule.multipliers)).argmax(axis=1)
        recalls = [np.mean(decided[y == k] == k) for k in range(3)]
        assert evaluation["balanced_accuracy"].value == pytest.approx(np.mean(recalls))
        assert set(evaluation.unjudged) == {"c3"}
    data = json.loads(to_json(of_classes.to_dict()))
    arms = {arm["name"]: arm["test"] for arm in data["strategies"]}
    assert arms["plain"]["difference_to_plain"] == {}
    shown = arms["logistic"]["difference_to_plain"]["macro_average_precision"]
    assert shown["low"] <= shown["mean"] <= shown["high"]
    assert arms["logistic"]["by_class"]["c0"]["positives"] == 60


def test_what_classes_gave_on_the_test_table_is_shown(of_classes: Trial) -> None:
    text = "\n".join(lines_of_test(of_classes))
    assert "On the test file (160 rows, 3 classes that can be judged)" in text
    assert text.count("macro average precision against plain") == 2
    assert text.count("balanced accuracy .") == 3
    assert "The shares of the classes in the test file differ" in text
    assert "3 rows of the test file are of class 'c3'" in text
    assert text.count("The shares of the classes") == 1
    shown = str(of_classes)
    assert "On the test file (160 rows" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_labels_on_a_test_table(of_labels: Trial) -> None:
    y = make_labels(120, seed=2, shares=[0.4, 0.15]).table.labels()
    for name in of_labels.names:
        evaluation = of_labels.test[name]
        mean = mean_scores(of_labels.task, of_labels.scores.extra[name])
        calibrators = of_labels[name].fitted.calibrators
        p = expit(np.mean([c.apply(mean) for row in calibrators for c in row], axis=0))
        seen = np.where(y >= 0, (p - y) ** 2, np.nan)
        assert evaluation["brier"].value == pytest.approx(
            np.nanmean(np.nanmean(seen, axis=0))
        )
    text = "\n".join(lines_of_test(of_labels))
    assert "labels that can be judged" in text
    assert "of the labels in the test file" in text or "labels have another" in text


def test_nothing_is_chosen_for_classes_on_the_test_table(of_classes: Trial) -> None:
    test = make_classes(163, counts=[60, 40, 60, 3], seed=2).table
    turned = replace(test, y=np.where(test.y < 3, 2 - test.y, 3))
    made = evaluate_task_test(turned, of_classes.scores, of_classes.results)
    for name in of_classes.names:
        each = of_classes.test[name].confusion, made.evaluations[name].confusion
        assert (
            each[0].counts.sum(axis=0).tolist() == each[1].counts.sum(axis=0).tolist()
        )
