# SPDX-License-Identifier: Apache-2.0
"""A separate test table, used for what it is: scored once, by the fold models."""

from __future__ import annotations

import numpy as np

from equipoise._core.types import FloatArray, IntArray
from equipoise.comparison.held_out_rows import HeldOut, held_out
from equipoise.comparison.held_out_task_rows import TaskHeldOut, held_out_task
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.decision.multipliers import log_probabilities
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.task import Task
from equipoise.trials.fold_scores import Scores


def evaluate_test_table(
    test_table: Table,
    scores: Scores,
    results: CrossValidated,
    *,
    costs: Costs | tuple[float, float] | None = None,
    seed: int = 0,
    duplicates: str | IntArray | None = "auto",
    units: IntArray | None = None,
    weights: FloatArray | None = None,
) -> HeldOut:
    """Return each arm's evaluation on the test table, and what sets it apart.

    The fold models' probabilities are averaged. Calibrator and threshold are the
    trial's own: the rule that is handed over. Nothing is chosen on the test table.
    Differences from the baseline are paired.

    Args:
        test_table: Its rows.
        scores: What the fits gave, with scores of those rows.
        results: The trial on the training table.
        costs: `Costs(...)`, (cost of a false alarm, cost of a missed positive), or
            None.
        seed: Seed of the differences' weights.
        duplicates: Which equal rows of the test table are one case (`tied_rows`); or
            `[rows]` the number of each row's case, None for each row.
        units: `[rows]` which of the trial's rows are one case; None for each.
        weights: `[rows]` for how many rows each of the trial's stands; None for 1.
    """
    return held_out(
        results,
        test_table.labels(),
        {name: _of_mean_probability(scores.extra[name]) for name in results.arms},
        costs=costs,
        clusters=_test_units(test_table, duplicates),
        trained=None if units is None else units[scores.tested],
        weights=None if weights is None else weights[scores.tested],
        seed=seed,
    )


def evaluate_task_test(
    test_table: Table,
    scores: Scores,
    results: TaskCrossValidated,
    *,
    costs: object = None,
    seed: int = 0,
    duplicates: str | IntArray | None = "auto",
) -> TaskHeldOut:
    """Return the same as `evaluate_test_table` for several classes or labels.

    Args:
        test_table: Its rows, with the classes, or labels, of the trial.
        scores: What the fits gave, with scores of those rows.
        results: The trial on the training table.
        costs: A `CostMatrix`, by which "cost" is reported; costs of labels only set
            their rule.
        seed: Seed of what is drawn.
        duplicates: Which equal rows of the test table are one case (`tied_rows`); or
            `[rows]` the number of each row's case, None for each row.
    """
    return held_out_task(
        results,
        test_table.labels(),
        {name: mean_scores(results.task, scores.extra[name]) for name in results.arms},
        costs=costs if isinstance(costs, CostMatrix) else None,
        clusters=_test_units(test_table, duplicates),
        seed=seed,
    )


def _test_units(
    test_table: Table, duplicates: str | IntArray | None
) -> IntArray | None:
    if isinstance(duplicates, str):
        return tied_rows(test_table, duplicates)
    return duplicates


def mean_scores(task: Task, scores: FloatArray) -> FloatArray:
    """Return the scores of the mean probability over the first axis.

    Args:
        task: Several classes or labels.
        scores: `[fits, rows, width]`.

    Returns:
        `[rows, width]`: log-probabilities of the classes, log-odds of the labels.

    Example:
        >>> three = Task("multiclass", ("a", "b", "c"))
        >>> z = np.log([[[0.5, 0.3, 0.2]], [[0.1, 0.3, 0.6]]])
        >>> np.exp(mean_scores(three, z)).round(3).tolist()
        [[0.3, 0.3, 0.4]]
    """
    total = np.zeros(scores.shape[1:])
    for each in scores:  # one fit at a time, for the memory
        total += task.probability(each)
    mean = total / len(scores)
    return log_probabilities(mean) if task.kind == "multiclass" else to_log_odds(mean)


def _of_mean_probability(log_odds: FloatArray) -> FloatArray:
    """Return the log-odds of the mean probability over the first axis."""
    return to_log_odds(probability(log_odds).mean(axis=0))
