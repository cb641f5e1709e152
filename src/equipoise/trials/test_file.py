# SPDX-License-Identifier: Apache-2.0
"""A separate test file, used for what it is: scored once, by the fold models."""

from __future__ import annotations

from equipoise._core.types import FloatArray, IntArray
from equipoise.comparison.held_out_rows import HeldOut, held_out
from equipoise.decision.costs import Costs
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.table.table import (
    Table,
)
from equipoise.table.units import tied_rows
from equipoise.trials.fold_scores import Scores


def evaluate_test_file(
    later: Table,
    scores: Scores,
    results: CrossValidated,
    *,
    costs: Costs | tuple[float, float] | None = None,
    seed: int = 0,
    duplicates: str = "auto",
    trained: IntArray | None = None,
) -> HeldOut:
    """Return each arm's evaluation on the test file, and what sets it apart.

    The fold models' probabilities are averaged. Calibrator and threshold are the
    trial's own: the rule that is handed over. Nothing is chosen on the test file.
    Differences from the baseline are paired.

    Args:
        later: The test file's rows.
        scores: What the fits gave, with scores of those rows.
        results: The trial on the training table.
        costs: `Costs(...)`, (cost of a false alarm, cost of a missed positive), or
            None.
        seed: Seed of the differences' weights.
        duplicates: Which equal rows of the test file are one case (`tied_rows`).
        trained: `[rows]` which of the trial's rows are.
    """
    return held_out(
        results,
        later.labels(),
        {name: mean_log_odds(scores.extra[name]) for name in results.arms},
        costs=costs,
        clusters=tied_rows(later, duplicates),
        trained=None if trained is None else trained[scores.tested],
        seed=seed,
    )


def mean_log_odds(log_odds: FloatArray) -> FloatArray:
    """Return the log-odds of the mean probability over the first axis.

    Example:
        >>> import numpy as np
        >>> found = mean_log_odds(np.array([[0.0, 2.0], [0.0, -2.0]]))
        >>> bool(np.abs(found).max() < 1e-12)
        True
    """
    return to_log_odds(probability(log_odds).mean(axis=0))
