# SPDX-License-Identifier: Apache-2.0
"""Out-of-fold scores made comparable: put on one scale, and calibrated.

Each fold of a cross-validation is scored by a model of its own. Average precision
within a fold of two positives is far too high (with one positive it is 1 / rank), and
over all rows pooled it is wrong as well, since the models differ in level and
stretch. `align` removes both by what the *negatives* of each fold say, and only as far
as the folds differ by more than chance: that is for metrics of a ranking. `cross_fit`
fits calibrators and thresholds that have not seen the rows they are used on: that is
for probabilities and decisions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.calibrator import Calibrator, base_rate_calibrator, shifted
from equipoise.decision.objectives import Objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

# Beyond this a log-odds says nothing more, and an infinite one has no spread.
LARGEST = 1e3
# Beyond this many rows a calibrator is fitted on cells of a fold's scores, each so
# narrow that all its rows say the same, weighted by their number.
CALIBRATION_ROWS = 4_000
CELLS = 2_000
EXTREME = 40.0
LEAST = 1e-15
# A fold is on another scale if more than this share of its scores lie beyond those of
# all others, or if the odds of its mean probability differ from theirs by more than
# this factor and the mean by more than this many standard errors.
ELSEWHERE = 0.5
FACTOR, ERRORS = 2.0, 4.0


def align(log_odds: FloatArray, y: BoolArray, folds: IntArray) -> FloatArray:
    """Put the scores of all splits on one scale.

    A split's scores are shifted by the mean of its negatives and divided by their
    standard deviation, each shrunk towards the mean over the splits by its
    reliability (empirical Bayes, Morris 1983: the variance between splits over that
    plus the sampling variance). If the negatives of every split are constant, as for an
    arm that predicts the prior, all splits are made equal.

    Within a split the order is untouched, and shifting or stretching all scores
    of the arm changes no order at all.

    Args:
        log_odds: `[repeats, rows]` scores.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row, 0 to folds - 1.

    Returns:
        `[repeats, rows]` scores that may be ranked within a repeat.

    Example:
        >>> y = np.array([False, False, True, False, False, True])
        >>> folds = np.array([[0, 0, 0, 1, 1, 1]])
        >>> align(np.array([[-3.0, -3.0, -3.0, -2.0, -2.0, -2.0]]), y, folds)
        array([[0., 0., 0., 0., 0., 0.]])
    """
    scores = np.clip(log_odds, -LARGEST, LARGEST)
    count = int(folds.max()) + 1
    split = folds + count * np.arange(len(folds))[:, None]
    negative = np.broadcast_to(~y, split.shape)
    size, mean, variance, kurtosis = _moments(
        scores[negative], split[negative], count * len(folds)
    )
    location = _shrunk_location(size, mean, variance)
    scale = _shrunk_scale(size, variance, kurtosis)
    centred = _without_rounding(scores - location[split], scores)
    return np.asarray(centred / scale[split])


def _moments(
    values: FloatArray, group: IntArray, groups: int
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return size, mean and variance of each group, and the common kurtosis."""
    size = np.bincount(group, minlength=groups).astype(np.float64)
    counted = np.maximum(size, 1)
    mean = np.bincount(group, values, groups) / counted
    centred = _without_rounding(values - mean[group], values)
    square = np.bincount(group, centred**2, groups)
    variance = square / np.maximum(size - 1, 1)
    second = square.sum() / max(values.size, 1)
    fourth = float(np.mean(centred**4)) if values.size else 0.0
    kurtosis = fourth / second**2 if second > 0 else 3.0
    return size, mean, variance, max(float(kurtosis), 1.0)


def _without_rounding(centred: FloatArray, values: FloatArray) -> FloatArray:
    """Set to 0 what subtracting a mean leaves of equal values: no spread, no order."""
    rounding = np.abs(centred) <= 1e-9 * np.maximum(1.0, np.abs(values))
    return np.where(rounding, 0.0, centred)


def _shrunk_location(
    size: FloatArray, mean: FloatArray, variance: FloatArray
) -> FloatArray:
    some = size > 0
    if not some.any():
        return np.zeros_like(mean)
    grand = float(mean[some].mean())
    within = _pooled(size, variance)
    noise = within / np.maximum(size, 1)
    between = 0.0
    if some.sum() > 1:
        between = max(0.0, float(mean[some].var(ddof=1) - noise[some].mean()))
    total = between + noise
    trust = np.where(total > 0, between / np.where(total > 0, total, 1), 0.0)
    return np.asarray(np.where(some, grand + trust * (mean - grand), grand))


def _shrunk_scale(
    size: FloatArray, variance: FloatArray, kurtosis: float
) -> FloatArray:
    some = (size > 1) & (variance > 0)
    if not some.any():
        return np.ones_like(variance)
    log_sd = np.where(some, 0.5 * np.log(np.where(some, variance, 1.0)), 0.0)
    grand = float(log_sd[some].mean())
    # The delta method: var(log sd) = (kurtosis - 1) / (4 n).
    noise = (kurtosis - 1) / (4 * np.maximum(size - 1, 1))
    between = 0.0
    if some.sum() > 1:
        between = max(0.0, float(log_sd[some].var(ddof=1) - noise[some].mean()))
    total = between + noise
    trust = np.where(some & (total > 0), between / np.where(total > 0, total, 1), 0.0)
    return np.asarray(np.exp(grand + trust * (log_sd - grand)))


def _pooled(size: FloatArray, variance: FloatArray) -> float:
    freedom = np.maximum(size - 1, 0)
    return float((freedom * variance).sum() / max(float(freedom.sum()), 1.0))


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """One arm's calibrated scores, and what each fold would have chosen.

    Attributes:
        log_odds: `[repeats, rows]` calibrated log-odds; a row's calibrator comes
            from the other folds of the repeat.
        threshold: `[repeats, folds]` on calibrated log-odds, from the other folds:
            how much the choice depends on the rows. The rule that is judged and handed
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

    A fold's model may be on another scale than those of the others: one of a ranking
    loss, for example, whose level is left open. It shows without a label. A fold whose
    mean probability is another than theirs is shifted to their mean; one of which most
    scores lie beyond all of theirs gets their base rate.

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
        row = _calibrators(scores, y, fold, each, exact, calibration)
        for k, fitted in enumerate(row):
            inside = fold == k
            mapped = fitted.apply(scores)
            calibrated[repeat, inside] = mapped[inside]
            chosen = choose_threshold(
                mapped[~inside], y[~inside], objective=goal, weights=each[~inside]
            )
            threshold[repeat, k] = chosen.value
        calibrators.append(row)
    return CrossFitted(calibrated, threshold, tuple(calibrators))


def _calibrators(
    scores: FloatArray,
    y: BoolArray,
    fold: IntArray,
    weights: FloatArray,
    exact: bool,
    method: str,
) -> tuple[Calibrator, ...]:
    """Return each fold's calibrator; the labels of the fold itself are not used."""
    row = []
    for k in range(int(fold.max()) + 1):
        inside = fold == k
        fitted = fit_on_cells(
            scores[~inside],
            y[~inside],
            exact,
            method,
            folds=fold[~inside],
            weights=weights[~inside],
        )
        row.append(_to_scale(fitted, scores[inside], scores[~inside]))
    return tuple(row)


def _to_scale(fitted: Calibrator, here: FloatArray, there: FloatArray) -> Calibrator:
    """Return a calibrator for a fold that may be on another scale than the others."""
    if fitted.method == "none":
        return fitted
    beyond = (here < there.min()) | (here > there.max())
    if beyond.mean() > ELSEWHERE:
        why = "most scores of this fold lie beyond those of the others"
        return base_rate_calibrator(fitted, why)
    shift = _shift(fitted.apply(here), fitted.apply(there))
    if not shift:
        return fitted
    why = "the scores of this fold are on another scale than the others"
    return shifted(fitted, shift, why)


def _shift(here: FloatArray, there: FloatArray) -> float:
    """Return what to add to a fold's log-odds if its mean probability is another."""
    p, q = probability(here), probability(there)
    error = math.sqrt(p.var() / p.size + q.var() / q.size)
    means = np.clip([p.mean(), q.mean()], LEAST, 1 - LEAST)
    if abs(float(np.diff(means)[0])) <= ERRORS * error:
        return 0.0
    if abs(float(np.diff(to_log_odds(means))[0])) <= math.log(FACTOR):
        return 0.0
    from scipy.optimize import brentq

    reach = float(np.ptp(np.concatenate([here, there]))) + 1.0

    def gap(by: float) -> float:
        return float(probability(here + by).mean() - q.mean())

    return float(brentq(gap, -reach, reach, xtol=1e-6))


def fit_on_cells(
    log_odds: FloatArray,
    y: BoolArray,
    exact: bool,
    method: str = "auto",
    *,
    folds: IntArray | None = None,
    weights: FloatArray | None = None,
) -> Calibrator:
    """Fit a calibrator, on grouped rows if there are very many.

    Args:
        log_odds: `[rows]` scores.
        y: `[rows]` whether a row is positive.
        exact: Whether the scores are log-odds up to estimation error.
        method: A calibrator's name, or "auto".
        folds: `[rows]` the fold of each score; None if they are not known.
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    each = np.ones(y.size) if weights is None else weights
    if method == "auto" and min(int(y.sum()), int((~y).sum())) == 0:
        method = "none"
    if y.size <= CALIBRATION_ROWS:
        return fit_calibrator(
            log_odds, y, method=method, exact=exact, weights=each, folds=folds
        )
    cells = _grouped(log_odds, y, each, folds)
    return fit_calibrator(
        cells.score,
        cells.y,
        method=method,
        exact=exact,
        weights=cells.weight,
        folds=None if folds is None else cells.fold,
    )


class _MeanScores(NamedTuple):
    """Mean scores of narrow cells, once per class, with their weight."""

    score: FloatArray
    y: IntArray
    weight: FloatArray
    fold: IntArray


def _grouped(
    log_odds: FloatArray, y: BoolArray, weights: FloatArray, folds: IntArray | None
) -> _MeanScores:
    fold = np.zeros(y.size, np.int64) if folds is None else folds
    count = int(fold.max()) + 1
    score = np.clip(log_odds, -EXTREME, EXTREME)
    low, width = score.min(), max(float(np.ptp(score)), 1e-12) / (CELLS / count)
    cell = ((score - low) / width).astype(np.int64) * count + fold
    held, which = np.unique(cell, return_inverse=True)
    rows = np.bincount(which, weights)
    mean = np.bincount(which, weights * score) / rows
    hits = np.bincount(which, weights * y)
    labels = np.repeat([1, 0], mean.size)
    # Weights that sum to a class's own leave tiny rests of the other.
    rest = np.maximum(rows - hits, 0.0)
    return _MeanScores(
        np.tile(mean, 2),
        labels,
        np.concatenate([hits, rest]),
        np.tile(held % count, 2),
    )
