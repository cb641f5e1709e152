# SPDX-License-Identifier: Apache-2.0
"""A separate test table, used for what it is: scored once, by the fold models."""

from __future__ import annotations

from equipoise._core.types import FloatArray, IntArray
from equipoise.comparison.held_out_rows import HeldOut, held_out
from equipoise.decision.costs import Costs
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.trials.fold_scores import Scores


def evaluate_test_table(
    test_table: Table,
    scores: Scores,
    results: CrossValidated,
    *,
    costs: Costs | tuple[float, float] | None = None,
    seed: int = 0,
    duplicates: str = "auto",
    units: IntArray | None = None,
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
        duplicates: Which equal rows of the test table are one case (`tied_rows`).
        units: `[rows]` which of the trial's rows are one case; None for each.
    """
    return held_out(
        results,
        test_table.labels(),
        {name: _of_mean_probability(scores.extra[name]) for name in results.arms},
        costs=costs,
        clusters=tied_rows(test_table, duplicates),
        trained=None if units is None else units[scores.tested],
        seed=seed,
    )


def _of_mean_probability(log_odds: FloatArray) -> FloatArray:
    """Return the log-odds of the mean probability over the first axis."""
    return to_log_odds(probability(log_odds).mean(axis=0))
