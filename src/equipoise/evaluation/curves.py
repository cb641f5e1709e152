# SPDX-License-Identifier: Apache-2.0
"""Curves as plain arrays of a bounded size, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number
from equipoise._core.types import FloatArray
from equipoise.metrics import curve
from equipoise.metrics.inputs import check_labels, check_probability, check_scores
from equipoise.uncertainty import clopper_pearson


@dataclass(frozen=True, eq=False)
class Line:
    """Points of a curve with a band around each.

    Attributes:
        name: "precision_recall", "roc" or "calibration".
        x: `[points]` recall; false positive rate; mean predicted probability.
        y: `[points]` precision; recall; share of positives.
        low: `[points]` lower end of y.
        high: `[points]` upper end of y.
        at: `[points]` the threshold; for "calibration" the number of rows.
    """

    name: str
    x: FloatArray
    y: FloatArray
    low: FloatArray
    high: FloatArray
    at: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists."""
        columns = {key: getattr(self, key).tolist() for key in _COLUMNS}
        return {"name": self.name, **columns}


_COLUMNS = ("x", "y", "low", "high", "at")


def precision_recall_curve(
    y: npt.ArrayLike, score: npt.ArrayLike, *, points: int = 200, level: float = 0.95
) -> Line:
    """Return precision over recall; each band is exact at its own threshold.

    Args:
        y: `[rows]` labels: 0 and 1.
        score: `[rows]` scores, or `[repeats, rows]` on one scale: then counts are
            means over the repeats, and bands rest on as many rows as one repeat has.
        points: At most this many points, at least 2.
        level: Coverage of the band at one threshold (not of the whole curve).

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> line = precision_recall_curve([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.9])
        >>> line.x.tolist(), line.y.round(2).tolist()
        ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.67, 0.5])
    """
    tp, fp, at, (p, _) = _counts(y, score, points, level)
    low, high = clopper_pearson(tp, tp + fp, level)
    return Line("precision_recall", tp / p, tp / (tp + fp), low, high, at)


def roc_curve(
    y: npt.ArrayLike, score: npt.ArrayLike, *, points: int = 200, level: float = 0.95
) -> Line:
    """Return recall over the false positive rate, from (0, 0) to (1, 1).

    Args:
        y: `[rows]` labels: 0 and 1.
        score: `[rows]` or `[repeats, rows]`, as in `precision_recall_curve`.
        points: At most this many points beside (0, 0), at least 2.
        level: Coverage of the band at one threshold.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> line = roc_curve([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.9])
        >>> line.x.tolist(), line.y.tolist()
        ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    tp, fp, at, (p, n) = _counts(y, score, points, level)
    tp, fp, at = np.append(0.0, tp), np.append(0.0, fp), np.append(np.inf, at)
    low, high = clopper_pearson(tp, p, level)
    return Line("roc", fp / n, tp / p, low, high, at)


def calibration_curve(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    groups: int = 10,
    level: float = 0.95,
) -> Line:
    """Return the share of positives over the mean predicted probability.

    Groups hold equally many positives, not rows: with a rare class nearly all
    groups of rows would hold none. Tied probabilities stay together.

    Args:
        y: `[rows]` labels: 0 and 1.
        probability: `[rows]` or `[repeats, rows]` probabilities.
        groups: At most this many groups, at least 1.
        level: Coverage of each group's Clopper-Pearson interval.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> line = calibration_curve([0, 0, 0, 1, 0, 1], [0.1] * 4 + [0.6] * 2)
        >>> line.x.tolist(), line.y.tolist(), line.at.tolist()
        ([0.1, 0.6], [0.25, 0.5], [4.0, 2.0])
    """
    integer(groups, "groups", 1)
    number(level, "level", 0, 1, open_ends=True)
    labels = check_labels(y)
    p = np.atleast_2d(np.asarray(probability, np.float64))
    for row in p:
        check_probability(row, labels.size)
    score, hit = p.ravel(), np.tile(labels, len(p)).astype(np.float64)
    value, tied = np.unique(score, return_inverse=True)
    hits, rows = np.bincount(tied, hit), np.bincount(tied).astype(np.float64)
    before = np.cumsum(hits) - hits
    share = np.minimum(before / hits.sum() * groups, groups - 1).astype(np.int64)
    number_of = np.unique(share, return_inverse=True)[1]
    k, n = np.bincount(number_of, hits), np.bincount(number_of, rows)
    mean = np.bincount(number_of, value * rows) / n
    low, high = clopper_pearson(k / len(p), n / len(p), level)
    return Line("calibration", mean, k / n, low, high, n / len(p))


def _counts(
    y: npt.ArrayLike, score: npt.ArrayLike, points: int, level: float
) -> tuple[FloatArray, FloatArray, FloatArray, tuple[float, float]]:
    """Return TP, FP and thresholds at chosen places, and the classes' sizes."""
    integer(points, "points", 2)
    number(level, "level", 0, 1, open_ends=True)
    labels = check_labels(y)
    scores = np.atleast_2d(np.asarray(score, np.float64))
    scores = check_scores(scores, (len(scores), labels.size))
    at_each = curve(np.tile(labels, len(scores)), scores.ravel())
    tp, fp = at_each.counts.tp, at_each.counts.fp
    chosen = _places(tp, fp, points)
    repeats = float(len(scores))
    sizes = float(tp[-1]) / repeats, float(fp[-1]) / repeats
    return tp[chosen] / repeats, fp[chosen] / repeats, at_each.threshold[chosen], sizes


def _places(tp: FloatArray, fp: FloatArray, points: int) -> npt.NDArray[np.int64]:
    """Return where to look: evenly in recall, and in the false positives' logarithm.

    All thresholds if they are few enough.
    """
    if tp.size <= points:
        return np.arange(tp.size)
    half = points // 2
    by_recall = np.searchsorted(tp, np.linspace(tp[0], tp[-1], points - half))
    grid = np.geomspace(max(fp[0], 1.0), max(fp[-1], 1.0), half)
    by_alarms = np.minimum(np.searchsorted(fp, grid), fp.size - 1)
    return np.unique(np.concatenate([by_recall, by_alarms]))
