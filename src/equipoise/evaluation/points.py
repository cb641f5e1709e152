# SPDX-License-Identifier: Apache-2.0
"""Point values of a cross-validated arm: over all splits, and split by split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.evaluation import Confusion
from equipoise.evaluation.replicates import ArmScores, definitions
from equipoise.metrics import METRICS, Counts, Estimate, average_precision, roc_auc
from equipoise.metrics.influence import average_precision_spread
from equipoise.priors import probability

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SPLIT_METRICS = ("average_precision", "roc_auc", "brier")


def by_split(
    log_odds: FloatArray, fitted: CrossFitted, y: BoolArray, folds: IntArray
) -> dict[str, FloatArray]:
    """Return metrics within each fold, `[repeats, folds]`; the paired tests' input.

    A fold without positives, or without negatives, has no ranking: NaN.

    Args:
        log_odds: `[repeats, rows]` out-of-fold scores.
        fitted: The calibrated log-odds.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
    """
    shape = (len(folds), int(folds.max()) + 1)
    values = {name: np.full(shape, np.nan) for name in SPLIT_METRICS}
    error = (probability(fitted.log_odds) - y) ** 2
    for repeat in range(shape[0]):
        for k in range(shape[1]):
            inside = folds[repeat] == k
            labels, scores = y[inside], log_odds[repeat, inside]
            values["brier"][repeat, k] = error[repeat, inside].mean()
            if labels.any() and not labels.all():
                values["average_precision"][repeat, k] = average_precision(
                    labels, scores
                )
                values["roc_auc"][repeat, k] = roc_auc(labels, scores)
    return values


def within_folds(values: FloatArray, y: BoolArray, folds: IntArray) -> float:
    """Return the mean of `[repeats, folds]` values, each positive counting once.

    Example:
        >>> y, folds = np.array([True, True, True]), np.array([[0, 0, 1]])
        >>> within_folds(np.array([[0.5, 0.8]]), y, folds)
        0.6
    """
    size = np.stack([np.bincount(f[y], minlength=values.shape[1]) for f in folds])
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    return float(np.average(values[known], weights=size[known]))


@dataclass(frozen=True)
class Caution:
    """How much average precision flatters, from the aligned scores.

    Attributes:
        bias: Its estimated excess: each positive adds to its own precision.
        unseen: Variance of one more negative above all rows.
    """

    bias: float
    unseen: float

    @classmethod
    def of(cls, y: BoolArray, aligned: FloatArray) -> Caution:
        """Return the mean over the repeats, `aligned` being `[repeats, rows]`."""
        spreads = [average_precision_spread(y, scores) for scores in aligned]
        return cls(
            float(np.mean([s.bias for s in spreads])),
            float(np.mean([s.unseen_low for s in spreads])),
        )


def between_repeats(
    arm: ArmScores, splits: Mapping[str, FloatArray], y: BoolArray, folds: IntArray
) -> dict[str, float]:
    """Return the variance of the ranking metrics from one repeat to the next.

    It shows how much the models, and with them the estimate, hang on how the rows
    were divided; weights of rows do not see that. 0 with a single repeat.

    Args:
        arm: The arm's scores.
        splits: What `by_split` gave.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
    """
    each = {
        "average_precision": [average_precision(y, scores) for scores in arm.aligned],
        "roc_auc": [
            within_folds(splits["roc_auc"][r : r + 1], y, folds[r : r + 1])
            for r in range(len(folds))
        ],
    }
    return {name: _variance(np.array(values)) for name, values in each.items()}


def _variance(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.var(ddof=1)) if known.size > 1 else 0.0


def confusions(y: BoolArray, flagged: BoolArray) -> Counts:
    """Return the confusion matrix of each repeat, arrays `[repeats]`."""
    tp = (flagged & y).sum(axis=1).astype(np.float64)
    fp = (flagged & ~y).sum(axis=1).astype(np.float64)
    p = float(y.sum())
    return Counts(tp, fp, p - tp, float(y.size) - p - fp)


def mean_confusion(cells: Counts) -> Confusion:
    """Return the mean confusion matrix over the repeats."""
    return Confusion(
        *(float(np.mean(c)) for c in (cells.tp, cells.fp, cells.fn, cells.tn))
    )


def points(
    arm: ArmScores,
    splits: Mapping[str, FloatArray],
    y: BoolArray,
    folds: IntArray,
    costs: Mapping[str, float] | None,
) -> dict[str, Estimate]:
    """Return every metric's value over all splits, without intervals.

    Args:
        arm: The arm's scores, losses and decisions.
        splits: What `by_split` gave.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: Options of the metric "cost", or None to leave it out.
    """
    ranked = np.mean([average_precision(y, scores) for scores in arm.aligned])
    found = {
        "average_precision": Estimate(float(ranked)),
        "roc_auc": Estimate(within_folds(splits["roc_auc"], y, folds)),
        **{name: Estimate(float(row.mean())) for name, row in arm.losses.items()},
        **_decided(confusions(y, arm.flagged), costs),
    }
    if not found["roc_auc"].defined:
        found["roc_auc"] = Estimate.undefined("no fold holds both classes")
    return found


def _decided(cells: Counts, costs: Mapping[str, float] | None) -> dict[str, Estimate]:
    """Return metrics of decisions, means over the repeats in which they exist."""
    found: dict[str, Estimate] = {}
    for name, definition in definitions(costs).items():
        values = definition(cells)
        known = np.isfinite(values)
        found[name] = (
            Estimate(float(np.mean(values[known])))
            if known.any()
            else Estimate.undefined(METRICS[name].undefined)
        )
    return found
