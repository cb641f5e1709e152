# SPDX-License-Identifier: Apache-2.0
"""Calibrators and thresholds that have not seen the rows they are used on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.decision.calibration import Calibrator, fit_calibrator
from equipoise.decision.objectives import Objective
from equipoise.decision.thresholds import choose_threshold

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Beyond this many rows a calibrator is fitted on cells of the scores, each so narrow
# that all its rows say the same, weighted by their number.
CALIBRATION_ROWS = 4_000
CELLS = 2_000
EXTREME = 40.0


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """One arm's calibrated scores, and what each fold would have chosen.

    Attributes:
        log_odds: `[repeats, rows]` calibrated log-odds; a row's calibrator comes
            from the other folds of the repeat.
        threshold: `[repeats, folds]` on calibrated log-odds, from the other folds:
            how much the choice hangs on the rows. The rule that is judged and handed
            over is one for all folds, see `Decided`.
        calibrators: `[repeats][folds]`.
    """

    log_odds: FloatArray
    threshold: FloatArray
    calibrators: tuple[tuple[Calibrator, ...], ...]


def cross_fit(
    log_odds: FloatArray,
    y: BoolArray,
    folds: IntArray,
    goal: Objective,
    *,
    exact: bool = True,
    calibration: str = "auto",
    weights: FloatArray | None = None,
) -> CrossFitted:
    """Calibrate and choose fold by fold, each from the other folds of its repeat.

    Args:
        log_odds: `[repeats, rows]` out-of-fold scores.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        goal: What the threshold is best at.
        exact: Whether the scores are log-odds up to estimation error.
        calibration: A calibrator's name, or "auto".
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    each = np.ones(y.size) if weights is None else weights
    count = int(folds.max()) + 1
    calibrated = np.empty_like(log_odds)
    threshold = np.full((len(folds), count), math.inf)
    calibrators = []
    for repeat, (scores, fold) in enumerate(zip(log_odds, folds, strict=True)):
        row = []
        for k in range(count):
            inside = fold == k
            others = scores[~inside], y[~inside]
            fitted = fit(*others, exact, calibration, weights=each[~inside])
            moved = fitted.apply(scores)
            calibrated[repeat, inside] = moved[inside]
            chosen = choose_threshold(
                moved[~inside], y[~inside], objective=goal, weights=each[~inside]
            )
            threshold[repeat, k] = chosen.value
            row.append(fitted)
        calibrators.append(tuple(row))
    return CrossFitted(calibrated, threshold, tuple(calibrators))


def fit(
    log_odds: FloatArray,
    y: BoolArray,
    exact: bool,
    method: str = "auto",
    *,
    weights: FloatArray | None = None,
) -> Calibrator:
    """Fit a calibrator, on grouped rows where there are very many.

    Args:
        log_odds: `[rows]` scores.
        y: `[rows]` whether a row is positive.
        exact: Whether the scores are log-odds up to estimation error.
        method: A calibrator's name, or "auto".
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    each = np.ones(y.size) if weights is None else weights
    if method == "auto" and min(int(y.sum()), int((~y).sum())) == 0:
        method = "none"
    if y.size <= CALIBRATION_ROWS:
        return fit_calibrator(log_odds, y, method=method, exact=exact, weights=each)
    score, positive, weight = _grouped(log_odds, y, each)
    return fit_calibrator(score, positive, method=method, exact=exact, weights=weight)


def _grouped(
    log_odds: FloatArray, y: BoolArray, weights: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return mean scores of narrow cells, once per class, with their weight."""
    score = np.clip(log_odds, -EXTREME, EXTREME)
    low, width = score.min(), max(float(np.ptp(score)), 1e-12) / CELLS
    cell = np.minimum(((score - low) / width).astype(np.int64), CELLS - 1)
    held = np.unique(cell, return_inverse=True)[1]
    rows = np.bincount(held, weights)
    mean = np.bincount(held, weights * score) / rows
    hits = np.bincount(held, weights * y)
    labels = np.repeat([1, 0], mean.size)
    return np.tile(mean, 2), labels, np.concatenate([hits, rows - hits])
