# SPDX-License-Identifier: Apache-2.0
"""Fitted trees and lines beside all coalitions, on all kinds of columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.explanations.exact_shapley import exact_contributions, is_exact
from equipoise.learners.prior import PriorScorer
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol

TASKS = (
    Task("binary", ("no", "yes")),
    Task("multiclass", ("a", "b", "c")),
    Task("multilabel", ("p", "q")),
)


def fitted(table: Table, **options: object) -> object:
    strategy = Strategy(name="one", **options)  # type: ignore[arg-type]
    plan = TrialPlan(table, (strategy,), Protocol(folds=2), keep=True)
    return fit_parts(plan, plan.parts([0])).scorers["one"][0]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
@pytest.mark.parametrize(
    "options",
    [
        {"learner": "logistic"},
        {"learner": "logistic", "options": {"pieces": 4}},
        {"learner": "trees", "options": {"leaves": 6}},
    ],
    ids=["lines", "pieces", "trees"],
)
def test_values_are_those_of_the_definition(
    task: Task,
    options: dict[str, object],
    brute: Callable[..., np.ndarray],
    kinds: Callable[..., Table],
) -> None:
    table = kinds(200, task)
    scorer = fitted(table, **options)
    assert is_exact(scorer)  # type: ignore[arg-type]
    rows, background = table.take(np.arange(4)), table.take(np.arange(50, 55))
    made = exact_contributions(scorer, rows, background, table.names)  # type: ignore[arg-type]
    expected = brute(scorer.log_odds, rows, background)  # type: ignore[attr-defined]
    np.testing.assert_allclose(made, expected, atol=1e-9)
    assert np.abs(made).max() > 0.01


def test_what_is_no_sum_is_not_exact(kinds: Callable[..., Table]) -> None:
    table = kinds(120, TASKS[0])
    assert not is_exact(fitted(table, learner="extra_trees"))  # type: ignore[arg-type]
    assert is_exact(PriorScorer((0.0, 1.0)))
    made = exact_contributions(PriorScorer((0.0, 1.0)), table, table, table.names)
    assert made.shape == (120, 5, 2)
    assert not made.any()
