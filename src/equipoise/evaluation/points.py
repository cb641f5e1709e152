# SPDX-License-Identifier: Apache-2.0
"""Point values of a cross-validated arm: over all splits, and split by split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.decided import Cells, definitions
from equipoise.evaluation.evaluation import Confusion
from equipoise.evaluation.replicates import ArmScores
from equipoise.metrics import METRICS, Estimate, average_precision, roc_auc
from equipoise.priors import probability

SPLIT_METRICS = ("average_precision", "roc_auc", "brier")


def by_split(
    log_odds: FloatArray,
    fitted: CrossFitted,
    y: BoolArray,
    folds: IntArray,
    weights: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Return metrics within each fold, `[repeats, folds]`; the paired tests' input.

    A fold without positives, or without negatives, has no ranking: NaN.

    Args:
        log_odds: `[repeats, rows]` out-of-fold scores.
        fitted: The calibrated log-odds.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    each = np.ones(y.size) if weights is None else weights
    shape = (len(folds), int(folds.max()) + 1)
    values = {name: np.full(shape, np.nan) for name in SPLIT_METRICS}
    error = (probability(fitted.log_odds) - y) ** 2
    for repeat in range(shape[0]):
        for k in range(shape[1]):
            inside = folds[repeat] == k
            labels, scores, w = y[inside], log_odds[repeat, inside], each[inside]
            values["brier"][repeat, k] = np.average(error[repeat, inside], weights=w)
            if labels.any() and not labels.all():
                values["average_precision"][repeat, k] = average_precision(
                    labels, scores, weights if weights is None else w
                )
                values["roc_auc"][repeat, k] = roc_auc(
                    labels, scores, weights if weights is None else w
                )
    return values


def within_folds(
    values: FloatArray,
    y: BoolArray,
    folds: IntArray,
    weights: FloatArray | None = None,
) -> float:
    """Return the mean of `[repeats, folds]` values, each positive counting once.

    Args:
        values: `[repeats, folds]`; NaN where a fold has none.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        weights: `[rows]` how much each row counts; None for 1 each.

    Example:
        >>> y, folds = np.array([True, True, True]), np.array([[0, 0, 1]])
        >>> within_folds(np.array([[0.5, 0.8]]), y, folds)
        0.6
    """
    mass = None if weights is None else weights[y]
    size = np.stack([np.bincount(f[y], mass, values.shape[1]) for f in folds])
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    return float(np.average(values[known], weights=size[known]))


def mean_confusion(cells: Cells) -> Confusion:
    """Return the mean confusion matrix over the views."""
    c = cells.mean
    left = float(c.left_positives), float(c.left_negatives)
    p, n = float(c.positives), float(c.negatives)
    tp, fp = float(c.tp), float(c.fp)
    return Confusion(tp, fp, p - tp - left[0], n - fp - left[1], *left)


def by_repeat(
    arm: ArmScores,
    splits: Mapping[str, FloatArray],
    y: BoolArray,
    folds: IntArray,
    costs: Costs | None,
    weights: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Return every metric's value in each repeat, arrays `[repeats]`.

    Metrics of decisions have one value for each view of the scores that the rule is
    applied to: a single one if it is applied to means over the repeats.

    Args:
        arm: The arm's scores, losses and decisions.
        splits: What `by_split` gave.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: For the metric "cost", or None to leave it out.
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    ranked = [average_precision(y, scores, weights) for scores in arm.aligned]
    areas = [
        within_folds(splits["roc_auc"][r : r + 1], y, folds[r : r + 1], weights)
        for r in range(len(folds))
    ]
    return {
        "average_precision": np.array(ranked),
        "roc_auc": np.array(areas),
        **{
            name: np.average(rows, axis=1, weights=weights)
            for name, rows in arm.losses.items()
        },
        **decisions(arm, Cells.of(arm.decided, y, weights), costs),
    }


def decisions(
    arm: ArmScores, cells: Cells, costs: Costs | None
) -> dict[str, FloatArray]:
    """Return the metrics of decisions, of the shape of the cells.

    Args:
        arm: The arm, for whether its rule can leave rows undecided.
        cells: What was decided.
        costs: For the metric "cost", or None to leave it out.
    """
    left = arm.decided.lower is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            name: np.asarray(definition(cells), np.float64)
            for name, definition in definitions(costs, undecided=left).items()
        }


def points(
    repeated: Mapping[str, FloatArray], decided: Mapping[str, FloatArray]
) -> dict[str, Estimate]:
    """Return every metric over all repeats.

    Ranking metrics and losses are means over the repeats that have them. Metrics of
    decisions are those of the mean counts, so that all of them belong to the one
    confusion matrix that is shown.

    Args:
        repeated: What `by_repeat` gave.
        decided: What `decisions` gives for the mean counts.
    """
    return {
        name: _mean(name, decided.get(name, values))
        for name, values in repeated.items()
    }


def _mean(name: str, values: FloatArray) -> Estimate:
    known = np.atleast_1d(values)
    known = known[np.isfinite(known)]
    if known.size:
        return Estimate(float(known.mean()))
    if name == "roc_auc":
        return Estimate.undefined("no fold holds both classes")
    return Estimate.undefined(METRICS[name].undefined)


def between_repeats(values: FloatArray) -> float | None:
    """Return the variance from one repeat to the next; None with a single one.

    It shows how much the models, and with them the estimate, depend on how the rows
    were divided; weights of rows do not see that.

    Args:
        values: `[repeats]` a metric in each repeat.
    """
    if values.size < 2:
        return None
    known = values[np.isfinite(values)]
    return float(known.var(ddof=1)) if known.size > 1 else 0.0
