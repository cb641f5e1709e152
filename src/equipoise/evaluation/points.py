# SPDX-License-Identifier: Apache-2.0
"""Point values of a cross-validated arm: over all splits, and split by split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.evaluation import Confusion
from equipoise.evaluation.replicates import ArmScores, definitions
from equipoise.metrics import METRICS, Counts, Estimate, average_precision, roc_auc
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


def by_repeat(
    arm: ArmScores,
    splits: Mapping[str, FloatArray],
    y: BoolArray,
    folds: IntArray,
    costs: Mapping[str, float] | None,
) -> dict[str, FloatArray]:
    """Return every metric's value in each repeat, arrays `[repeats]`.

    Args:
        arm: The arm's scores, losses and decisions.
        splits: What `by_split` gave.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: Options of the metric "cost", or None to leave it out.
    """
    cells = confusions(y, arm.flagged)
    ranked = [average_precision(y, scores) for scores in arm.aligned]
    areas = [
        within_folds(splits["roc_auc"][r : r + 1], y, folds[r : r + 1])
        for r in range(len(folds))
    ]
    return {
        "average_precision": np.array(ranked),
        "roc_auc": np.array(areas),
        **{name: rows.mean(axis=1) for name, rows in arm.losses.items()},
        **{name: value(cells) for name, value in definitions(costs).items()},
    }


def points(repeated: Mapping[str, FloatArray]) -> dict[str, Estimate]:
    """Return every metric, the mean over the repeats in which it exists.

    Args:
        repeated: What `by_repeat` gave.
    """
    return {name: _mean(name, values) for name, values in repeated.items()}


def _mean(name: str, values: FloatArray) -> Estimate:
    known = values[np.isfinite(values)]
    if known.size:
        return Estimate(float(known.mean()))
    if name == "roc_auc":
        return Estimate.undefined("no fold holds both classes")
    return Estimate.undefined(METRICS[name].undefined)


def between_repeats(values: FloatArray) -> float | None:
    """Return the variance from one repeat to the next; None with a single one.

    It shows how much the models, and with them the estimate, hang on how the rows
    were divided; weights of rows do not see that.

    Args:
        values: `[repeats]` a metric in each repeat.
    """
    if values.size < 2:
        return None
    known = values[np.isfinite(values)]
    return float(known.var(ddof=1)) if known.size > 1 else 0.0
