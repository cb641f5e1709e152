# SPDX-License-Identifier: Apache-2.0
"""The scores of different folds on one scale, without looking at the positives.

Each fold of a cross-validation is scored by a model of its own. Average precision
within a fold of two positives is far too high (with one positive it is 1 / rank),
and over all rows pooled it is wrong as well, since the models differ in level and
stretch. Both are removed here by what the *negatives* of each fold say, and only
as far as the folds differ by more than chance.
"""

from __future__ import annotations

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray

# Beyond this a log-odds says nothing more, and an infinite one has no spread.
LARGEST = 1e3


def align(log_odds: FloatArray, y: BoolArray, folds: IntArray) -> FloatArray:
    """Put the scores of all splits on one scale.

    A split's scores are shifted by the mean of its negatives and divided by their
    standard deviation, each shrunk towards the mean over the splits by its
    reliability (empirical Bayes: the variance between splits over that plus the
    sampling variance). Where the negatives of every split are constant, as for an
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
    moved = _without_rounding(scores - location[split], scores)
    return np.asarray(moved / scale[split])


def _moments(
    values: FloatArray, group: IntArray, groups: int
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return size, mean and variance of each group, and the common kurtosis."""
    size = np.bincount(group, minlength=groups).astype(np.float64)
    known = np.maximum(size, 1)
    mean = np.bincount(group, values, groups) / known
    centred = _without_rounding(values - mean[group], values)
    square = np.bincount(group, centred**2, groups)
    variance = square / np.maximum(size - 1, 1)
    second = square.sum() / max(values.size, 1)
    fourth = float(np.mean(centred**4)) if values.size else 0.0
    kurtosis = fourth / second**2 if second > 0 else 3.0
    return size, mean, variance, max(float(kurtosis), 1.0)


def _without_rounding(moved: FloatArray, values: FloatArray) -> FloatArray:
    """Set to 0 what subtracting a mean leaves of equal values: no spread, no order."""
    left = np.abs(moved) <= 1e-9 * np.maximum(1.0, np.abs(values))
    return np.where(left, 0.0, moved)


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
