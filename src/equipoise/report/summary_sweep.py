# SPDX-License-Identifier: Apache-2.0
"""Weighting the positives in training against moving the threshold afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from equipoise.uncertainty.proportion import clopper_pearson

if TYPE_CHECKING:
    from equipoise.strategies.strategy import Strategy
    from equipoise.trials.trial import TrialRecord

FEWEST = 3


def sweep(trial: TrialRecord) -> dict[str, Any] | None:
    """Return the weight sweep; None if the trial has fewer than three of its arms.

    A network trained with weight w for the positives and cut at an output of 1/2
    is, in the population's log-odds, cut at -log(w). The same cut on the scores of
    the network with the weight nearest to 1 is the moved threshold. If the two
    agree, the weight did nothing that a threshold does not.
    """
    arms = sorted(
        (w, s.name) for s in trial.strategies if (w := _weight(s)) is not None
    )
    if len(arms) < FEWEST:
        return None
    base = min(arms, key=lambda pair: abs(math.log(pair[0])))[1]
    tested = trial.scores.tested
    y = trial.of_two_classes.y
    level = trial.of_two_classes.level

    def cut(name: str, weight: float) -> dict[str, float]:
        scores = trial.scores.log_odds[name][:, tested]
        return _at(scores >= -math.log(weight), y, level)

    return {
        "base": base,
        "weights": [w for w, _ in arms],
        "weighted": [cut(name, w) for w, name in arms],
        "moved": [cut(base, w) for w, _ in arms],
        "average_precision": [
            [e.value, e.low, e.high]
            for _, name in arms
            for e in [trial.of_two_classes[name].evaluation["average_precision"]]
        ],
    }


def _weight(strategy: Strategy) -> float | None:
    if not strategy.name.startswith("weight_") or strategy.weights != "fixed":
        return None
    value = strategy.option("positive_weight")
    return float(value) if isinstance(value, int | float) else None


def _at(
    flagged: npt.NDArray[np.bool_], y: npt.NDArray[np.bool_], level: float
) -> dict[str, float]:
    """Return recall and precision of decisions `[repeats, rows]`, with intervals."""
    tp = float((flagged & y).sum(axis=1).mean())
    fp = float((flagged & ~y).sum(axis=1).mean())
    positives = float(y.sum())
    recall_low, recall_high = clopper_pearson(tp, positives, level)
    low, high = clopper_pearson(tp, tp + fp, level)
    return {
        "recall": tp / positives,
        "recall_low": recall_low,
        "recall_high": recall_high,
        "precision": tp / (tp + fp) if tp + fp else math.nan,
        "precision_low": low,
        "precision_high": high,
    }
