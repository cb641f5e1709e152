# SPDX-License-Identifier: Apache-2.0
"""The curves of a trial as plain lists of a bounded length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.evaluation.curves import (
    Line,
    calibration_curve,
    precision_recall_curve,
    roc_curve,
)
from equipoise.evaluation.fixed_model import as_costs
from equipoise.metrics import curve
from equipoise.priors import probability

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord


POINTS = 160
# A group of fewer positives has an interval that says nothing.
POSITIVES_PER_GROUP = 5
MOST_GROUPS = 10
RARE = 0.1
"""Below this share of positives, probabilities crowd at 0: the axis is logarithmic."""


def ranking_curves(trial: TrialRecord, shown: Sequence[str]) -> list[dict[str, Any]]:
    """Return the precision-recall and ROC curve of every arm.

    Scores are out of fold, and those of different folds are first put on one
    scale. Only the arms in `shown` carry their bands.
    """
    y, level = trial.of_two_classes.y, trial.of_two_classes.level
    result = []
    for name in trial.names:
        scores = trial.of_two_classes[name].aligned
        result.append(
            {
                "name": name,
                "precision_recall": line_facts(
                    precision_recall_curve(y, scores, points=POINTS, level=level),
                    name in shown,
                ),
                "roc": line_facts(
                    roc_curve(y, scores, points=POINTS, level=level), name in shown
                ),
            }
        )
    return result


def calibration_lines(trial: TrialRecord, shown: Sequence[str]) -> dict[str, Any]:
    """Return the share of positives over the predicted probability."""
    y = trial.of_two_classes.y
    groups = int(np.clip(int(y.sum()) // POSITIVES_PER_GROUP, 2, MOST_GROUPS))
    lines = []
    for name in shown:
        points = calibration_curve(
            y,
            trial.of_two_classes[name].probability,
            groups=groups,
            level=trial.of_two_classes.level,
        )
        lines.append(
            {
                "name": name,
                **line_facts(points, True),
                "rows": [round(float(n), 1) for n in points.at],
                "error": trial.of_two_classes[name].evaluation["brier"].value,
            }
        )
    return {"log": float(y.mean()) < RARE, "lines": lines}


def explorer(trial: TrialRecord) -> dict[str, Any]:
    """Return what the threshold explorer computes with.

    For each arm rows of [threshold, flagged positives, flagged negatives], from the
    highest threshold (None: nothing is flagged) to the lowest; counts are means
    over the repeats, at out-of-fold calibrated probabilities.
    """
    from scipy import special

    results = trial.of_two_classes
    level = results.level
    costs = as_costs(trial.costs)
    positives = int(results.y.sum())
    return {
        "positives": positives,
        "negatives": int(results.y.size) - positives,
        "level": level,
        "z": float(special.ndtri((1 + level) / 2)),
        "rows": 1000,
        "cost_fp": None if costs is None else costs.fp,
        "cost_fn": None if costs is None else costs.fn,
        "cost_tp": 0.0 if costs is None else costs.tp,
        "cost_tn": 0.0 if costs is None else costs.tn,
        "costs_given": trial.costs is not None,
        "start": trial.verdict.choice,
        "arms": [_explored(trial, name) for name in trial.names],
    }


def _explored(trial: TrialRecord, name: str) -> dict[str, Any]:
    arm = trial.of_two_classes[name]
    decided = arm.decided
    repeats = len(decided.score)
    labels = np.tile(trial.of_two_classes.y, repeats)
    thresholds = curve(labels, probability(decided.score).ravel())
    chosen = arm.evaluation.threshold
    # The lowest score that the rule flags, by its own decisions.
    least = np.min(probability(decided.score), where=decided.flagged, initial=math.inf)
    at = int(np.searchsorted(-thresholds.threshold, -least, side="right")) - 1
    places = _places(
        thresholds.counts.tp, thresholds.counts.fp, [at] if at >= 0 else []
    )
    points: list[list[float | None]] = [[None, 0.0, 0.0]]
    points += [
        [
            _between(thresholds.threshold, i),
            _short(float(thresholds.counts.tp[i]) / repeats, 12),
            _short(float(thresholds.counts.fp[i]) / repeats, 12),
        ]
        for i in places
    ]
    start = 1 + places.index(at) if at >= 0 else 0
    cells = arm.evaluation.confusion
    if at >= 0 and cells is not None:  # the trial's own rule, as it is shown elsewhere
        points[start] = [chosen, cells.tp, cells.fp]
    shown = ("recall", "precision", "f1")
    estimates = {
        m: {end: getattr(arm.evaluation[m], end) for end in ("value", "low", "high")}
        for m in shown
    }
    return {
        "name": name,
        "chosen": start,
        "threshold": chosen,
        "points": points,
        "estimates": estimates,
    }


def _between(threshold: FloatArray, i: int) -> float:
    """Return a short number that flags the scores down to the i-th and no more."""
    value = float(threshold[i])
    below = float(threshold[i + 1]) if i + 1 < threshold.size else -math.inf
    near = float(f"{value:.6g}")
    return near if below < near <= value else value


def _places(tp: FloatArray, fp: FloatArray, extra: Sequence[int]) -> list[int]:
    """Return at most about POINTS places, even in recall and in log false alarms."""
    if tp.size <= POINTS:
        return list(range(tp.size))
    half = POINTS // 2
    recall = np.searchsorted(tp, np.linspace(tp[0], tp[-1], half))
    grid = np.geomspace(max(fp[0], 1.0), max(fp[-1], 1.0), half)
    alarms = np.minimum(np.searchsorted(fp, grid), fp.size - 1)
    ends = np.array([0, tp.size - 1, *extra], np.int64)
    return [int(i) for i in np.unique(np.concatenate([recall, alarms, ends]))]


def line_facts(line: Line, band: bool) -> dict[str, list[float | None]]:
    """Return the points of a line, with its band if asked."""
    columns = ("x", "y", "low", "high") if band else ("x", "y")
    return {key: [_short(float(v), 5) for v in getattr(line, key)] for key in columns}


def _short(value: float, digits: int) -> float | None:
    """Round to significant digits; a number that is not finite becomes None."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
