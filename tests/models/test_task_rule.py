# SPDX-License-Identifier: Apache-2.0
"""The rule of a model of several classes or labels, and what is known of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

import equipoise as eq
from equipoise.decision.class_calibration import fit_class_calibrator
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_rule_making import cross_fitted_decisions, fit_class_rule
from equipoise.decision.label_rule import LabelRule
from equipoise.errors import InputError, RefusedError, UnsupportedError
from equipoise.models.goal import Goal
from equipoise.models.model import pooled_scores
from equipoise.models.task_rule import FLATTERED
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.table import Table

COUNTS = (300, 120, 60, 3)


@pytest.fixture(scope="module")
def classes() -> Table:
    return make_classes(sum(COUNTS), counts=COUNTS, seed=5).table


@pytest.fixture(scope="module")
def labels() -> Table:
    return make_labels(400, shares=(0.5, 0.2, 0.1), unknown=0.1, seed=5).table


def fitted(table: Table, **options: Any) -> Any:
    return eq.fit(table, strategy="logistic", repeats=1, **options)


def test_the_rule_is_that_of_the_out_of_fold_scores(classes: Table) -> None:
    """Calibrator and multipliers, computed again from a trial of the same folds."""
    model = fitted(classes)
    trial = eq.compare(classes, strategies=["logistic"], repeats=1)
    raw, folds = trial.scores.log_odds["logistic"][0], trial.scores.folds[0]
    y = classes.labels()
    raw = raw - np.logaddexp.reduce(raw, axis=1, keepdims=True)
    calibrator = fit_class_calibrator(classes.task, raw, y, folds=folds, exact=True)
    np.testing.assert_allclose(model.rule.calibrator.shifts, calibrator.shifts)
    scored = y != 3
    rule = fit_class_rule(
        "macro_f1",
        classes.task,
        calibrator.probability(raw[scored]),
        y[scored],
        folds=folds[scored],
    )
    np.testing.assert_allclose(model.rule.multipliers, rule.multipliers)
    assert model.rule.multipliers[3] == 1
    assert "c3" in model.evaluation.unjudged
    assert any("c3" in note for note in model.notes)


def test_the_figures_are_those_of_the_trial(classes: Table) -> None:
    model = fitted(classes)
    trial = eq.compare(classes, strategies=["logistic"], repeats=1)
    theirs = trial["logistic"].evaluation
    for name in ("macro_average_precision", "macro_f1", "log_loss", "accuracy"):
        assert model.evaluation[name].value == pytest.approx(theirs[name].value)


@pytest.mark.parametrize("goal", ["macro_f1", "balanced_accuracy", "accuracy"])
def test_a_goal_decides_better_by_its_own_measure(classes: Table, goal: str) -> None:
    model = fitted(classes, goal=goal)
    others = [fitted(classes, goal=g) for g in ("accuracy", "balanced_accuracy")]
    most = max(other.evaluation[goal].value for other in others)
    assert model.evaluation[goal].value > most - 0.03


def test_costs_decide_the_least_expected_cost(classes: Table) -> None:
    costs = np.array([[0, 1, 1, 1], [5, 0, 1, 1], [50, 9, 0, 1], [1, 1, 1, 0]])
    model = fitted(classes, goal=Goal(costs=costs))
    p = model.predict_proba(classes)
    assert (model.decide(classes) == (p @ costs).argmin(axis=1)).all()
    assert model.evaluation["cost"].value > 0
    named = {
        a: {b: float(costs[i, j]) for j, b in enumerate(classes.classes)}
        for i, a in enumerate(classes.classes)
    }
    reordered = {name: named[name] for name in reversed(classes.classes)}
    again = fitted(classes, goal=Goal(costs=reordered))
    assert again.rule == model.rule


def test_an_estimated_floor_holds_on_the_rows_that_chose_it(classes: Table) -> None:
    model = fitted(classes, goal=Goal(floors={"c2": {"recall": 0.95}}))
    assert model.rule.floors[0].name == "c2"
    # Judged by rules of the other folds, so only near the floor.
    assert model.evaluation.by_class["c2"]["recall"].value > 0.8
    plain = fitted(classes)
    recall = plain.evaluation.by_class["c2"]["recall"].value
    assert model.evaluation.by_class["c2"]["recall"].value > recall


def test_a_certified_floor_rests_on_rows_that_nothing_else_saw() -> None:
    table = make_classes(1500, shares=(0.6, 0.3, 0.1), separation=3, seed=6).table
    goal = Goal(floors={"c2": {"recall": 0.7}}, certify=0.9)
    model = fitted(table, goal=goal)
    assert model.rule.level == 0.9
    certificate = model.rule.floors[0].certificate
    assert certificate is not None
    assert certificate.recall == 0.7
    assert model.evaluation.rows == 1000
    with pytest.raises(RefusedError, match="c2"):
        fitted(table.take(np.arange(150)), goal=goal)


def test_labels_have_thresholds_floors_and_costs_of_their_own(labels: Table) -> None:
    model = fitted(labels)
    assert isinstance(model.rule, LabelRule)
    assert model.rule.rules[0].objective == "f1"
    by_label = fitted(labels, goal=Goal({"l0": "mcc"}))
    assert [r.objective for r in by_label.rule.rules] == ["mcc", "f1", "f1"]
    floor = fitted(labels, goal=Goal(floors={"l2": {"recall": 0.9}}))
    assert floor.rule.rules[2].objective == "recall"
    priced = fitted(labels, goal=Goal(costs=(1, 3)))
    p, decided = priced.predict_proba(labels), priced.decide(labels)
    clear = np.abs(p - 0.25) > 1e-9
    assert ((p >= 0.25) == (decided == 1))[clear].all()
    beta = fitted(labels, goal=Goal("fbeta", options={"beta": 2.0}))
    assert beta.rule.rules[0].options == (("beta", 2.0),)


def test_floors_that_fail_without_a_fold_are_judged_where_they_were_chosen(
    classes: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    from equipoise.models import task_rule

    real = task_rule.cross_validated_task

    def refusing(*arguments: Any, **options: Any) -> Any:
        if options["rule"] is None:
            raise RefusedError("The floor cannot be met without fold 3.")
        return real(*arguments, **options)

    monkeypatch.setattr(task_rule, "cross_validated_task", refusing)
    model = fitted(classes, goal=Goal(floors={"c2": {"recall": 0.9}}))
    assert FLATTERED in model.notes
    assert model.evaluation.by_class["c2"]["recall"].value >= 0.85


@pytest.mark.parametrize(
    ("goal", "error", "message"),
    [
        (Goal(precision_floor=0.5), UnsupportedError, "floors="),
        (Goal(capacity=0.1), UnsupportedError, "capacity"),
        (Goal("fbeta", options={"beta": 2.0}), UnsupportedError, "options"),
        (Goal({"c0": "f1"}), UnsupportedError, "each class"),
        (Goal(costs=(1, 2)), InputError, "4 by 4"),
        (Goal(costs=np.eye(3)), InputError, "4 classes"),
        (Goal("subset_accuracy"), InputError, "multiclass"),
        (Goal(floors={"c9": {"recall": 0.9}}), InputError, "c9"),
    ],
)
def test_goals_that_do_not_fit_are_refused_before_a_fit(
    classes: Table, goal: Goal, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fitted(classes, goal=goal)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (Goal("macro_f1"), "macro_f1"),
        (Goal(floors={"1": {"recall": 0.9}}), "precision_floor"),
        (Goal(costs=np.eye(2)), "matrix of costs"),
    ],
)
def test_two_classes_refuse_what_several_have(goal: Goal, message: str) -> None:
    from equipoise.table.generators import gaussian_shift

    table = gaussian_shift(200, positives=60, seed=1).table
    with pytest.raises(InputError, match=message):
        fitted(table, goal=goal)


def test_row_weights_count_as_copies(classes: Table) -> None:
    weights = np.ones(len(classes))
    weights[classes.labels() == 2] = 2.0
    model = fitted(classes, weights=weights)
    assert model.rule.totals[2] == 2 * COUNTS[2]
    assert isinstance(model.rule, ClassRule)


def test_rare_classes_may_be_merged_or_dropped(classes: Table) -> None:
    dropped = fitted(classes, rare="drop")
    assert dropped.task.classes == ("c0", "c1", "c2")
    assert dropped.predict_proba(classes).shape == (len(classes), 3)
    table = make_classes(200, counts=(120, 70, 4, 6), seed=5).table
    merged = eq.fit(table, strategy="prior", folds=10, rare="merge", repeats=1)
    assert len(merged.task.classes) == 3
    assert merged.task.merged_labels == ("c2", "c3")


def test_decisions_out_of_fold_are_cross_fitted(classes: Table) -> None:
    """The macro F1 of the evaluation, computed once more from the trial's scores."""
    model = fitted(classes)
    trial = eq.compare(classes, strategies=["logistic"], repeats=1)
    scored = classes.labels() != 3
    y, folds = classes.labels()[scored], trial.scores.folds[0][scored]
    p = classes.task.probability(trial["logistic"].fitted.scores[0])
    decided = cross_fitted_decisions("macro_f1", classes.task, p, y, folds=folds)
    value = f1_score(y, decided, average="macro")
    assert model.evaluation["macro_f1"].value == pytest.approx(value)


def test_pooled_scores_are_logs_of_mean_probabilities(classes: Table) -> None:
    model = fitted(classes)
    (component,) = model.components
    each = component.each(classes)
    mean = classes.task.probability(each).mean(axis=0)
    np.testing.assert_allclose(pooled_scores((component,), classes), np.log(mean))
    np.testing.assert_allclose(component.probability(classes), mean)
