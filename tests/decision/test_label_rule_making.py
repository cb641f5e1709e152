# SPDX-License-Identifier: Apache-2.0
"""Rules of several labels, against closed forms and all cuts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from equipoise.decision import (
    Calibrator,
    Costs,
    LabelCalibrator,
    LabelRule,
    certify_label_rule,
    cross_fitted_label_decisions,
    fit_label_rule,
    make_rule,
    objective,
)
from equipoise.decision.label_rule_making import _label_rows, _subset_ascent
from equipoise.errors import (
    EquipoiseWarning,
    InputError,
    InputTypeError,
    RefusedError,
)
from equipoise.priors import log_odds, probability
from equipoise.task import Task

TASK = Task("multilabel", ("a", "b", "c"))


def sample(rows: int, seed: int):
    """Labels drawn from their probabilities, so these are right."""
    rng = np.random.default_rng(seed)
    p = probability(1.5 * rng.normal(size=(rows, 3)) + [0.0, -1.0, -2.5])
    return p, (rng.random((rows, 3)) < p).astype(int)


@pytest.mark.parametrize("name", ["f1", "macro_f1", "balanced_accuracy", "mcc"])
def test_each_label_by_itself(name) -> None:
    p, y = sample(500, 0)
    rule = fit_label_rule(name, TASK, p, y)
    each = "f1" if name == "macro_f1" else name
    for j in range(3):
        assert rule.rules[j] == make_rule(log_odds(p[:, j]), y[:, j], objective=each)
    assert bool(rule.notes) == (name == "f1")


def test_macro_f1_decomposes() -> None:
    """Half of each label's best F1 is its threshold."""
    p, y = sample(60_000, 1)
    rule = fit_label_rule("macro_f1", TASK, p, y)
    for j, of_label in enumerate(rule.rules):
        best = f1_score(y[:, j], rule.decide(p)[:, j])
        assert of_label.threshold == pytest.approx(best / 2, abs=0.02)


def test_micro_f1_is_one_threshold_of_half_the_best() -> None:
    p, y = sample(60_000, 1)
    rule = fit_label_rule("micro_f1", TASK, p, y)
    (cut,) = {r.threshold_log_odds for r in rule.rules}
    best = f1_score(y.ravel(), rule.decide(p).ravel())
    assert probability(cut) == pytest.approx(best / 2, abs=0.02)


def test_micro_f1_tries_all_cuts() -> None:
    p, y = sample(30, 2)
    w = np.random.default_rng(0).random(30)
    rule = fit_label_rule("micro_f1", TASK, p, y, w)
    every = np.repeat(w, 3)

    def value(decided) -> float:
        return f1_score(y.ravel(), decided.ravel(), sample_weight=every)

    cuts = np.unique(p)
    assert value(rule.decide(p)) == pytest.approx(max(value(p >= cut) for cut in cuts))


def test_unknown_labels_do_not_count() -> None:
    p, y = sample(400, 3)
    hidden = np.random.default_rng(1).random(y.shape) < 0.3
    holes = np.where(hidden, np.nan, y)
    other = np.where(hidden, 1 - y, y)
    for name in ("macro_f1", "micro_f1"):
        made = fit_label_rule(name, TASK, p, holes)
        keep = ~hidden[:, 0]
        assert made.rules[0].rows == keep.sum()
        assert made == fit_label_rule(name, TASK, p, np.where(hidden, -1, other))
    own = fit_label_rule("macro_f1", TASK, p, holes).rules[0]
    assert own == make_rule(log_odds(p[keep, 0]), y[keep, 0])
    subset = fit_label_rule("subset_accuracy", TASK, p, holes)
    complete = ~hidden.any(axis=1)
    again = _subset_ascent(_label_rows(TASK, p[complete], y[complete], None))
    assert np.isfinite([r.threshold_log_odds for r in subset.rules]).all()
    assert np.isfinite(again).all()


@pytest.mark.parametrize("seed", range(4))
def test_subset_accuracy_against_all_cuts_of_two_labels(seed) -> None:
    rng = np.random.default_rng(seed)
    task = Task("multilabel", ("a", "b"))
    p = rng.random((25, 2))
    y = (rng.random((25, 2)) < p).astype(int)
    cuts = _subset_ascent(_label_rows(task, p, y, None))

    def value(at) -> int:
        return int(((p >= at) == y).all(axis=1).sum())

    own = value(probability(cuts))
    levels = [np.append(np.unique(p[:, j]), 1.1) for j in range(2)]
    best = max(value(np.array(at)) for at in itertools.product(*levels))
    assert own >= best - 2
    assert own >= value(np.array([0.5, 0.5]))
    # No single threshold can be moved for more rows.
    for j in range(2):
        for level in levels[j]:
            at = probability(cuts)
            at[j] = level
            assert value(at) <= own


def test_subset_accuracy_uses_that_labels_go_together() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(rng.integers(0, 2, (4_000, 1)), 2, axis=1)
    z = np.where(y == 1, 1.0, -1.0) + rng.normal(size=y.shape)
    p = probability(2 * z - 1.5)  # both too timid
    task = Task("multilabel", ("a", "b"))
    rule = fit_label_rule("subset_accuracy", task, p[:2_000], y[:2_000])
    fitted = (rule.decide(p[2_000:]) == y[2_000:]).all(axis=1).mean()
    half = ((p[2_000:] >= 0.5) == y[2_000:]).all(axis=1).mean()
    assert fitted > half + 0.02


def test_subset_accuracy_of_right_independent_labels_stays_near_half() -> None:
    p, y = sample(4_000, 5)
    rule = fit_label_rule("subset_accuracy", TASK, p, y)
    new, truth = sample(20_000, 6)
    fitted = (rule.decide(new) == truth).all(axis=1).mean()
    assert fitted > ((new >= 0.5) == truth).all(axis=1).mean() - 0.01


def test_costs_by_label_give_elkans_thresholds() -> None:
    p, y = sample(100, 0)
    one = fit_label_rule("cost", TASK, p, y, costs=Costs(fp=1, fn=4))
    assert [r.threshold for r in one.rules] == pytest.approx([0.2] * 3)
    by_label = {"a": Costs(1, 1), "b": Costs(1, 3), "c": Costs(1, 9, abstain=0.3)}
    each = fit_label_rule("cost", TASK, p, y, costs=by_label)
    assert each.rules[1].threshold_log_odds == pytest.approx(-math.log(3))
    assert each.rules[2].lower_log_odds is not None
    # They hold for a label that no row has.
    none = fit_label_rule("cost", TASK, p, 0 * y, costs=by_label)
    assert none.rules[1].threshold_log_odds == each.rules[1].threshold_log_odds


def test_an_objective_for_each_label() -> None:
    p, y = sample(500, 0)
    goals = {"a": "mcc", "c": objective("recall", floor=0.9)}
    rule = fit_label_rule(goals, TASK, p, y)
    assert [r.objective for r in rule.rules] == ["mcc", "f1", "recall"]
    assert rule.objective == "by label"
    assert (rule.decide(p)[:, 2][y[:, 2] == 1] == 1).mean() >= 0.9


@pytest.mark.parametrize("name", ["f1", "micro_f1", "subset_accuracy"])
def test_labels_without_positives_or_negatives_stay_neutral(name) -> None:
    p, y = sample(200, 0)
    y[:, 2], y[:, 1] = 0, 1
    rule = fit_label_rule(name, TASK, p, y)
    assert "no row that could choose has the label 'c'" in rule.describe().lower()
    if name == "f1":
        assert (
            rule.rules[2].threshold_log_odds == rule.rules[1].threshold_log_odds == 0.0
        )
        assert "lacks the label 'b'" in rule.rules[1].reason
    every = fit_label_rule(name, TASK, p, 0 * y)
    assert {r.threshold_log_odds for r in every.rules} == {0.0}


def test_estimated_floors() -> None:
    p, y = sample(1_000, 0)
    floors = {"b": {"precision": 0.7}, "c": {"recall": 0.8}}
    rule = fit_label_rule("macro_f1", TASK, p, y, floors=floors)
    decided = rule.decide(p)
    assert y[decided[:, 1] == 1, 1].mean() >= 0.7
    assert decided[y[:, 2] == 1, 2].mean() >= 0.8
    both = {"a": {"recall": 0.5, "precision": 0.6}}
    made = fit_label_rule("macro_f1", TASK, p, y, floors=both)
    assert made.rules[0].objective == "precision and recall"
    with pytest.raises(RefusedError, match=r"at least 0.95 for the label 'a'"):
        fit_label_rule(
            "f1", TASK, p, y, floors={"a": {"recall": 0.95, "precision": 0.9}}
        )


def test_certified_floors_share_the_error() -> None:
    p, y = sample(2_000, 0)
    rule = fit_label_rule("macro_f1", TASK, p, y)
    new, truth = sample(2_000, 1)
    holes = np.where(np.arange(2_000)[:, None] % 5 == 0, np.nan, truth)
    floors = {"a": {"precision": 0.7}, "c": {"recall": 0.8}}
    made = certify_label_rule(rule, new, holes, floors, level=0.9)
    assert made.level == 0.9
    assert {r.level for r in (made.rules[0], made.rules[2])} == {0.95}
    assert made.rules[1] == rule.rules[1]
    assert made.rules[0].rows == 1_600
    big, real = sample(50_000, 2)
    decided = made.decide(big)
    assert real[decided[:, 0] == 1, 0].mean() > 0.7
    assert decided[real[:, 2] == 1, 2].mean() > 0.8
    with pytest.raises(RefusedError, match=r"The label 'c': .*positives"):
        certify_label_rule(rule, new[:20], truth[:20], {"c": {"recall": 0.9}})


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "subset_accuracy"])
def test_cross_fitted_decisions_do_not_see_their_own_fold(name) -> None:
    p, y = sample(300, 4)
    folds = np.arange(300) % 3
    decided = cross_fitted_label_decisions(name, TASK, p, y, None, folds)
    changed = np.where(folds[:, None] == 1, 1 - y, y)
    again = cross_fitted_label_decisions(name, TASK, p, changed, None, folds)
    assert (again[folds == 1] == decided[folds == 1]).all()
    rest = folds != 2
    rule = fit_label_rule(name, TASK, p[rest], y[rest], None, folds[rest])
    assert (decided[~rest] == rule.decide(p[~rest])).all()
    free = cross_fitted_label_decisions(name, TASK, p, y, seed=3)
    assert (free == cross_fitted_label_decisions(name, TASK, p, y, seed=3)).all()


def test_weights_are_copies() -> None:
    p, y = sample(200, 7)
    w = np.arange(200) % 3
    rows = np.repeat(np.arange(200), w)
    folds = np.arange(200) % 4
    for name in ("macro_f1", "micro_f1", "subset_accuracy"):
        one = fit_label_rule(name, TASK, p, y, w, folds)
        two = fit_label_rule(name, TASK, p[rows], y[rows], None, folds[rows])
        assert [r.threshold_log_odds for r in one.rules] == pytest.approx(
            [r.threshold_log_odds for r in two.rules]
        )


def test_the_calibrator_is_kept() -> None:
    p, y = sample(100, 0)
    calibrator = LabelCalibrator(
        tuple(Calibrator("platt", slope=slope) for slope in (0.5, 1.0, 2.0))
    )
    rule = fit_label_rule("f1", TASK, p, y, calibrator=calibrator)
    z = log_odds(p)
    assert rule.log_odds(z) == pytest.approx(calibrator.apply(z))
    assert isinstance(rule, LabelRule)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda p, y: fit_label_rule("cost", TASK, p, y), InputError, "without costs"),
        (
            lambda p, y: fit_label_rule("f1", TASK, p, y, costs=Costs(1, 2)),
            InputError,
            "with costs",
        ),
        (
            lambda p, y: fit_label_rule("cost", TASK, p, y, costs={"a": Costs(1, 2)}),
            InputError,
            "without the labels 'b', 'c'",
        ),
        (
            lambda p, y: fit_label_rule({"d": "f1"}, TASK, p, y),
            InputError,
            "label='d'",
        ),
        (
            lambda p, y: fit_label_rule({"a": 0.5}, TASK, p, y),
            InputTypeError,
            "the objective of 'a'",
        ),
        (
            lambda p, y: fit_label_rule({"a": "f1"}, TASK, p, y, costs=Costs(1, 2)),
            InputError,
            "an objective for each label",
        ),
        (
            lambda p, y: fit_label_rule("f1", Task("multiclass", TASK.classes), p, y),
            InputError,
            "Use fit_class_rule instead",
        ),
        (lambda p, y: fit_label_rule("f1", TASK, p, y[:50]), InputError, "one label"),
        (lambda p, y: fit_label_rule("f1", TASK, 2 * p, y), InputError, "from 0 to 1"),
        (
            lambda p, y: fit_label_rule("f1", TASK, p, y, folds=[1]),
            InputError,
            "folds of shape",
        ),
        (
            lambda p, y: fit_label_rule("f1", TASK, p, y, floors={"z": {"recall": 1}}),
            InputError,
            "label='z'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, says) -> None:
    p, y = sample(100, 0)
    with pytest.raises(error, match=says):
        call(p, y)


@pytest.mark.parametrize("name", ["f1", "cost", "floor", "certified"])
def test_probabilities_are_not_taken_for_log_odds_by_mistake(name) -> None:
    """The log-odds that rules are made of come from them: all from 0 to 1 is fine."""
    z = np.linspace(0.6, 0.99, 400)
    p, y = probability(z)[:, None], (np.arange(400) % 8 > 0)[:, None]
    task = Task("multilabel", ("a",))
    with pytest.warns(EquipoiseWarning, match="are they probabilities"):
        make_rule(z, y[:, 0], objective="f1")
    costs = Costs(1, 1) if name == "cost" else None
    floors = {"a": {"recall": 0.5}}
    rule = fit_label_rule(
        "cost" if costs else "f1",
        task,
        p,
        y,
        costs=costs,
        floors=floors if name == "floor" else None,
    )
    if name == "certified":
        rule = certify_label_rule(rule, p, y, floors)
    assert rule.decide(p).shape == (400, 1)
