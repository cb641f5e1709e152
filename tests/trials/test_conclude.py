# SPDX-License-Identifier: Apache-2.0
"""From scores to a trial: what is left out, what is passed on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from equipoise.decision.cost_matrix import CostMatrix
from equipoise.diagnosis.diagnosis import diagnose
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.trials.conclude import (
    Criteria,
    conclude,
    evaluate_scores,
    exactness,
    task_costs,
)
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol

ARMS = ("prior", "logistic")


def plan_of(table: Table, duplicates: str = "auto") -> TrialPlan:
    protocol = Protocol(duplicates=duplicates)
    return TrialPlan(table, tuple(as_strategies(ARMS)), protocol)


def evaluated(table: Table, scores: Scores, duplicates: str = "auto") -> CrossValidated:
    plan = plan_of(table, duplicates)
    return evaluate_scores(plan, plan.strategies, scores.binary(table.task), Criteria())


@pytest.fixture(scope="module")
def scored(known: GeneratedTable) -> Scores:
    plan = plan_of(known.table)
    return fit_parts(plan, plan.parts([0]))


def test_rows_that_no_fold_tests_are_left_out(
    known: GeneratedTable, scored: Scores
) -> None:
    """As in splits by time, where the first block only trains."""
    folds = scored.folds.copy()
    folds[:, :100] = -1
    results = evaluated(known.table, replace(scored, folds=folds))
    assert results.y.size == 400
    assert np.array_equal(results.y, known.table.y[100:] == 1)
    assert results.baseline == "prior"  # plain is not among the arms


def test_groups_are_the_independent_units(
    known: GeneratedTable, scored: Scores
) -> None:
    grouped = replace(known.table, groups=np.arange(500) // 5)
    alone, whole = (evaluated(table, scored) for table in (known.table, grouped))
    assert whole.units < alone.units
    values = [t["logistic"].evaluation["roc_auc"].value for t in (alone, whole)]
    assert values[0] == values[1]


def test_costs_set_objective_and_threshold(
    known: GeneratedTable, scored: Scores
) -> None:
    plan = plan_of(known.table)
    trial = conclude(
        plan,
        plan.strategies,
        scored.binary(known.table.task),
        diagnose(known.table),
        Criteria(costs=(1.0, 9.0), margin=0.02),
        started=time.monotonic() - 5,
    )
    assert (trial.objective, trial.costs) == ("cost", (1.0, 9.0))
    assert trial["logistic"].evaluation.threshold == pytest.approx(0.1)
    assert trial.verdict.margin == 0.02
    assert trial.held_out is None
    assert trial.test == {}
    assert trial.seconds >= 5


@pytest.mark.parametrize(
    ("criteria", "says"),
    [({"margin": -1.0}, "margin"), ({"objective": "f3"}, "objective")],
)
def test_criteria_that_cannot_be_met_are_refused(
    criteria: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        Criteria(**criteria).of(Task("binary", ("no", "yes")))


def test_synthetic_rows_make_scores_inexact(known: GeneratedTable) -> None:
    exact = exactness(known.table, as_strategies(["plain", "focal", "smote"]))
    assert exact == {"plain": True, "focal": True, "smote": False}


def test_copies_are_one_case_in_intervals_and_tests(
    known: GeneratedTable, scored: Scores
) -> None:
    times = np.where(known.table.y == 1, 10, 1)
    rows = np.repeat(np.arange(500), times)
    more = replace(
        scored,
        log_odds={name: z[:, rows] for name, z in scored.log_odds.items()},
        folds=scored.folds[:, rows],
    )
    table = known.table.take(rows)
    once = evaluated(known.table, scored)
    whole, apart = (evaluated(table, more, how) for how in ("auto", "ignore"))
    assert (once.units, whole.units, apart.units) == (60, 60, 440)

    def width(results: CrossValidated) -> float:
        auroc = results["logistic"].evaluation["roc_auc"]
        return auroc.high - auroc.low

    assert width(whole) == pytest.approx(width(once), rel=0.15)
    assert width(apart) < 0.75 * width(once)
    errors = [t["logistic"].errors["average_precision"] for t in (whole, apart)]
    assert errors[0] > 1.5 * errors[1]


def test_costs_of_classes_are_put_in_the_order_of_the_table() -> None:
    three = Task("multiclass", ("a", "b", "c"))
    turned = CostMatrix(("c", "a", "b"), ((0, 5, 6), (1, 0, 2), (3, 4, 0)))
    expected = [[0, 2, 1], [4, 0, 3], [5, 6, 0]]
    assert task_costs(turned, three).table.tolist() == expected
    assert task_costs(expected, three).table.tolist() == expected
    with pytest.raises(InputError, match="classes"):
        task_costs([[0, 1], [1, 0]], three)
    labels = Task("multilabel", ("p", "q"))
    assert task_costs({"p": (1, 9)}, labels)["p"].fn == 9
    assert task_costs((1.0, 5.0), labels).fn == 5
    assert task_costs((1.0, 5.0), Task("binary", ("no", "yes"))) == (1.0, 5.0)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_cost_needs_costs_of_classes_or_labels(kind: str) -> None:
    task = Task(kind, ("a", "b", "c"))
    costs: Any = (1.0, 5.0) if kind == "multilabel" else 1 - np.eye(3)
    says = "a missed label" if kind == "multilabel" else "3 x 3 numbers"
    names = ["objective"] if kind == "multilabel" else ["objective", "metric"]
    for name in names:
        with pytest.raises(InputError, match=f"{name}='cost' without costs.*{says}"):
            Criteria(**{name: "cost"}).of(task)
        made = Criteria(**{name: "cost"}, costs=costs).of(task)
        assert getattr(made, name) == "cost"
