# SPDX-License-Identifier: Apache-2.0
"""Rules of several classes, against closed forms and all rules on little data."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from equipoise.decision import (
    ClassCalibrator,
    ClassRule,
    CostMatrix,
    Costs,
    certify_class_rule,
    cross_fitted_decisions,
    fit_class_rule,
)
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import softmax
from equipoise.task import Task

NAMES = ("a", "b", "c", "d")
TASK = Task("multiclass", NAMES)
SHARE = np.array([0.6, 0.25, 0.1, 0.05])


def sample(rows: int, seed: int, apart: float = 1.2):
    """Normal classes with their exact posteriors."""
    rng = np.random.default_rng(seed)
    y = rng.choice(4, rows, p=SHARE)
    centre = apart * np.random.default_rng(1).normal(size=(4, 3))
    x = centre[y] + rng.normal(size=(rows, 3))
    return softmax(np.log(SHARE) - ((x[:, None] - centre) ** 2).sum(axis=2) / 2), y


def test_balanced_accuracy_is_probability_over_share() -> None:
    p, y = sample(4_000, 0)
    rule = fit_class_rule("balanced_accuracy", TASK, p, y)
    share = np.bincount(y) / len(y)
    assert (rule.decide(p) == (p / share).argmax(axis=1)).all()
    assert rule.basis == "analytic"
    new, truth = sample(50_000, 1)
    best = balanced_accuracy_score(truth, (new / SHARE).argmax(axis=1))
    assert balanced_accuracy_score(truth, rule.decide(new)) > best - 0.005
    plain = balanced_accuracy_score(truth, new.argmax(axis=1))
    assert best > plain + 0.05


@pytest.mark.parametrize("name", ["accuracy", "micro_f1"])
def test_accuracy_takes_the_likeliest(name) -> None:
    p, y = sample(100, 0)
    rule = fit_class_rule(name, TASK, p, y)
    assert (rule.decide(p) == p.argmax(axis=1)).all()
    assert rule.describe().startswith("Decide the class of highest probability.")


def test_balanced_accuracy_against_all_decisions_of_distinct_rows() -> None:
    """Under known posteriors on five points, all 4^5 rules."""
    rng = np.random.default_rng(2)
    mass, p = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(4), size=5)
    share = mass @ p

    def recalls(rule) -> float:
        return sum(mass[i] * p[i, k] / share[k] for i, k in enumerate(rule)) / 4

    best = max(map(recalls, itertools.product(range(4), repeat=5)))
    assert recalls((p / share).argmax(axis=1)) == pytest.approx(best)


@pytest.mark.parametrize("objective", ["macro_f1", "g_mean"])
def test_searched_rules_do_better_on_new_rows(objective) -> None:
    p, y = sample(2_000, 0)
    rule = fit_class_rule(objective, TASK, p, y)
    assert rule.basis == "estimated"
    assert rule.rows == 2_000
    assert rule.totals == tuple(np.bincount(y))
    new, truth = sample(30_000, 1)

    def value(decided) -> float:
        if objective == "macro_f1":
            return f1_score(truth, decided, average="macro")
        recalls = [(decided[truth == k] == k).mean() for k in range(4)]
        return float(np.prod(recalls) ** 0.25)

    assert value(rule.decide(new)) > value(new.argmax(axis=1)) + 0.01
    # No multipliers on a grid do much better.
    grid = np.exp(np.linspace(-1, 4, 11))
    best = max(
        value((new * np.array([1, *a])).argmax(axis=1))
        for a in itertools.product(grid[::2], repeat=3)
    )
    assert value(rule.decide(new)) > best - 0.015


def test_an_absent_class_is_not_boosted() -> None:
    p, y = sample(3_000, 3)
    keep = y != 3
    rule = fit_class_rule("macro_f1", TASK, p[keep], y[keep])
    assert rule.multipliers[3] == 1.0
    assert "'d'" in rule.notes[0]
    new, _ = sample(5_000, 4)
    plain = (new.argmax(axis=1) == 3).mean()
    assert (rule.decide(new) == 3).mean() < 2 * plain + 0.01
    even = fit_class_rule("balanced_accuracy", TASK, p[keep], y[keep])
    assert even.multipliers[3] == 1.0
    assert "'d'" in even.describe()


def test_costs_are_used_by_name_and_their_notes_kept() -> None:
    p, y = sample(500, 0)
    table = np.ones((4, 4)) - np.eye(4)
    table[3] *= 30
    table[:, 1] += 50
    rule = fit_class_rule(
        "cost", TASK, p, y, costs=CostMatrix(NAMES, table, abstain=2.0)
    )
    assert (rule.decide(p) == rule.costs.decide(p)).all()
    assert "no row is ever decided to be 'b'" in rule.notes[0]
    expected = p @ table
    assert ((rule.decide(p) == -1) == (expected.min(axis=1) > 2.0)).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda p, y: fit_class_rule("cost", TASK, p, y), "Costs.matrix"),
        (
            lambda p, y: fit_class_rule(
                "accuracy", TASK, p, y, costs=CostMatrix(NAMES, np.eye(4))
            ),
            "costs beside objective='accuracy'",
        ),
        (
            lambda p, y: fit_class_rule(
                "cost", TASK, p, y, costs=CostMatrix(NAMES[::-1], np.eye(4))
            ),
            "in the same order",
        ),
        (
            lambda p, y: fit_class_rule("f1", Task("binary", ("n", "y")), p, y),
            "Use make_rule instead",
        ),
        (lambda p, y: fit_class_rule("mcc", TASK, p, y), "It serves two classes"),
        (lambda p, y: fit_class_rule("macro_f1", TASK, np.log(p), y), "outside"),
    ],
)
def test_what_does_not_fit_is_refused(call, says) -> None:
    p, y = sample(40, 0)
    with pytest.raises(InputError, match=says):
        call(p, y)


def test_costs_in_order_are_taken_after_the_advice() -> None:
    p, y = sample(40, 0)
    other = CostMatrix(NAMES[::-1], 1 - np.eye(4))
    rule = fit_class_rule("cost", TASK, p, y, costs=Costs.matrix(NAMES, other))
    assert (rule.decide(p) == p.argmax(axis=1)).all()


def test_f1_means_macro_f1() -> None:
    p, y = sample(400, 0)
    rule = fit_class_rule("f1", TASK, p, y)
    assert rule.objective == "macro_f1"
    assert "'f1' means 'macro_f1'" in rule.notes[0]


def test_weights_are_copies_and_zero_is_absent() -> None:
    p, y = sample(300, 5)
    w = (np.arange(300) % 3).astype(float)
    rows = np.repeat(np.arange(300), w.astype(int))
    folds = np.arange(300) % 5
    for objective in ("macro_f1", "balanced_accuracy"):
        one = fit_class_rule(objective, TASK, p, y, w, folds)
        two = fit_class_rule(objective, TASK, p[rows], y[rows], None, folds[rows])
        assert one.multipliers == pytest.approx(two.multipliers)


def test_the_calibrator_is_kept() -> None:
    p, y = sample(100, 0)
    calibrator = ClassCalibrator(reason="tested")
    rule = fit_class_rule("accuracy", TASK, p, y, calibrator=calibrator)
    assert rule.calibrator == calibrator


@pytest.mark.parametrize("objective", ["macro_f1", "balanced_accuracy", "g_mean"])
def test_cross_fitted_decisions_do_not_see_their_own_fold(objective) -> None:
    p, y = sample(300, 6)
    folds = np.arange(300) % 4
    decided = cross_fitted_decisions(objective, TASK, p, y, None, folds)
    for fold in range(4):
        rule = fit_class_rule(
            objective,
            TASK,
            p[folds != fold],
            y[folds != fold],
            None,
            folds[folds != fold],
        )
        assert (decided[folds == fold] == rule.decide(p[folds == fold])).all()
    # Other labels in a fold do not change its own decisions.
    changed = np.where(folds == 2, (y + 1) % 4, y)
    again = cross_fitted_decisions(objective, TASK, p, changed, None, folds)
    assert (again[folds == 2] == decided[folds == 2]).all()


def test_cross_fitted_decisions_are_honest() -> None:
    """On noise, what a rule achieves on its own rows flatters it."""
    rng = np.random.default_rng(0)
    own, fair = [], []
    for seed in range(8):
        y = rng.choice(4, 120, p=SHARE)
        p = rng.dirichlet(20 * SHARE, size=120)
        rule = fit_class_rule("macro_f1", TASK, p, y, seed=seed)
        own.append(f1_score(y, rule.decide(p), average="macro", zero_division=0))
        fair_decided = cross_fitted_decisions("macro_f1", TASK, p, y, seed=seed)
        fair.append(f1_score(y, fair_decided, average="macro", zero_division=0))
    new_p, new_y = (
        rng.dirichlet(20 * SHARE, size=20_000),
        rng.choice(4, 20_000, p=SHARE),
    )
    truth = f1_score(new_y, rule.decide(new_p), average="macro", zero_division=0)
    assert np.mean(own) > np.mean(fair) + 0.02
    assert np.mean(fair) == pytest.approx(truth, abs=0.06)


def test_cross_fitted_decisions_of_costs_and_floors() -> None:
    p, y = sample(1_000, 2)
    costs = CostMatrix(NAMES, 1 - np.eye(4), abstain=0.3)
    decided = cross_fitted_decisions("cost", TASK, p, y, costs=costs)
    assert (decided == costs.decide(p)).all()
    floors = {"d": {"recall": 0.9}}
    floored = cross_fitted_decisions("accuracy", TASK, p, y, floors=floors)
    assert (floored[y == 3] == 3).mean() > 0.75
    assert (p.argmax(axis=1)[y == 3] == 3).mean() < 0.6


def test_floors_come_with_the_rule() -> None:
    p, y = sample(1_000, 2)
    rule = fit_class_rule("macro_f1", TASK, p, y, floors={"d": {"recall": 0.9}})
    assert (rule.decide(p)[y == 3] == 3).mean() >= 0.9
    assert "(estimated)" in rule.describe()
    new, truth = sample(2_000, 7)
    certified = certify_class_rule(rule, new, truth, {"d": {"recall": 0.7}})
    assert certified.level == 0.95
    assert certified.multipliers == rule.multipliers
    assert isinstance(certified, ClassRule)


def test_costs_of_several_classes_are_a_matrix_with_names() -> None:
    task = Task("multiclass", ("a", "b"))
    with pytest.raises(InputTypeError, match="CostMatrix"):
        fit_class_rule("cost", task, [[0.5, 0.5]], [0], costs=[[0, 1], [1, 0]])
