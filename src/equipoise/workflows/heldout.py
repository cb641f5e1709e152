# SPDX-License-Identifier: Apache-2.0
"""A separate test file, used for what it is: scored once, by the fold models."""

from __future__ import annotations

import numpy as np

from equipoise.evaluation.arrays import evaluate
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.evaluation import Evaluation
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.table.table import FloatArray, Table
from equipoise.workflows.scores import Scores


def evaluate_test_file(
    later: Table, scores: Scores, results: CrossValidated
) -> dict[str, Evaluation]:
    """Return each arm's evaluation on the test file.

    The fold models' probabilities are averaged. Calibrator and threshold are the
    trial's own: fitted on, and the median over, its out-of-fold scores. Nothing is
    chosen on the test file.
    """
    return {
        name: evaluate(
            later.y,
            calibrated(mean_log_odds(scores.extra[name]), results, name),
            threshold=results[name].evaluation.threshold,
        )
        for name in results.arms
    }


def mean_log_odds(log_odds: FloatArray) -> FloatArray:
    """Return the log-odds of the mean probability over the first axis."""
    return to_log_odds(probability(log_odds).mean(axis=0))


def calibrated(log_odds: FloatArray, results: CrossValidated, name: str) -> FloatArray:
    """Return probabilities by the mean of the folds' calibrators, in log-odds."""
    calibrators = [c for row in results[name].fitted.calibrators for c in row]
    return probability(np.mean([c.apply(log_odds) for c in calibrators], axis=0))
