# SPDX-License-Identifier: Apache-2.0
"""What each arm of a trial is worth on its rows, before any error is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective
from equipoise.evaluation.decided import Decided, DecisionCells, definitions
from equipoise.evaluation.evaluation import Confusion
from equipoise.evaluation.out_of_fold import CrossFitted, align, cross_fit
from equipoise.metrics import METRICS, Estimate, average_precision, roc_auc
from equipoise.metrics.registry import HEADLINE
from equipoise.priors import probability


@dataclass(frozen=True, eq=False)
class EvaluatedRows:
    """The rows of a trial, which all arms share.

    Attributes:
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row, 0 to folds - 1.
        objective: What the rules are best at.
        costs: For the metric "cost", or None.
        weights: `[rows]` row weights; None for 1 each.
        compared: The metrics by which arms are compared: they are computed within
            each fold as well.
    """

    y: BoolArray
    folds: IntArray
    objective: Objective
    costs: Costs | None = None
    weights: FloatArray | None = None
    compared: tuple[str, ...] = HEADLINE

    @property
    def row_weights(self) -> FloatArray:
        """`[rows]` row weights."""
        return np.ones(self.y.size) if self.weights is None else self.weights

    @property
    def totals(self) -> tuple[float, float]:
        """The weight of the negative and of the positive rows."""
        weights = self.row_weights
        return float(weights[~self.y].sum()), float(weights[self.y].sum())

    @property
    def prevalence(self) -> float:
        """The share of positives."""
        totals = self.totals
        return totals[1] / sum(totals)

    @property
    def folds_per_repeat(self) -> int:
        """The number of folds of a repeat."""
        return int(self.folds.max()) + 1


@dataclass(frozen=True, eq=False)
class ArmScores:
    """What one arm brings to the replicates; all of it out of fold.

    Attributes:
        aligned: `[repeats, rows]` scores that may be ranked within a repeat.
        decided: The rule, and what it decides.
        losses: For "brier" and "log_loss", `[repeats, rows]`.
    """

    aligned: FloatArray
    decided: Decided
    losses: Mapping[str, FloatArray]

    @classmethod
    def of(
        cls, y: BoolArray, aligned: FloatArray, fitted: CrossFitted, decided: Decided
    ) -> ArmScores:
        """Collect an arm's scores; losses are those of the calibrated ones."""
        z = fitted.log_odds
        losses = {
            "brier": (probability(z) - y) ** 2,
            "log_loss": np.logaddexp(0.0, np.where(y, -z, z)),
        }
        return cls(aligned, decided, losses)


@dataclass(frozen=True, eq=False)
class ArmValues:
    """One arm's scores and what they are worth.

    Attributes:
        rows: The rows of the trial.
        fitted: The scores calibrated out of fold.
        scores: What the replicates need.
        splits: Metrics within each fold, `[repeats, folds]`.
        repeated: Every metric in each repeat, `[repeats]`.
        points: Every metric over all splits.
    """

    rows: EvaluatedRows
    fitted: CrossFitted
    scores: ArmScores
    splits: Mapping[str, FloatArray]
    repeated: Mapping[str, FloatArray]
    points: Mapping[str, Estimate]

    @classmethod
    def of(
        cls,
        log_odds: FloatArray,
        rows: EvaluatedRows,
        *,
        exact: bool = True,
        decided: Decided | None = None,
    ) -> ArmValues:
        """Calibrate, align and decide an arm, and compute its values.

        Args:
            log_odds: `[repeats, rows]` out-of-fold scores.
            rows: The rows of the trial.
            exact: Whether the scores are log-odds up to estimation error.
            decided: A ready rule; None: the best on these rows is chosen.
        """
        y, folds, weights = rows.y, rows.folds, rows.weights
        fitted = cross_fit(
            log_odds, y, folds, rows.objective, exact=exact, weights=weights
        )
        rule = decided or Decided.choose(fitted.log_odds, y, rows.objective, weights)
        scores = ArmScores.of(y, align(log_odds, y, folds), fitted, rule)
        splits = by_split(log_odds, fitted, rows)
        splits |= decided_by_split(scores, rows)
        repeated = by_repeat(scores, splits, rows)
        cells = DecisionCells.of(rule, y, weights).mean
        points = point_estimates(repeated, decision_values(rule, cells, rows.costs))
        return cls(rows, fitted, scores, splits, repeated, points)

    @property
    def decided(self) -> Decided:
        """The rule that is judged, and what it decides."""
        return self.scores.decided

    @property
    def confusion(self) -> Confusion:
        """The mean confusion matrix over the repeats."""
        return mean_confusion(
            DecisionCells.of(self.decided, self.rows.y, self.rows.weights)
        )

    @property
    def threshold_range(self) -> tuple[float, float] | None:
        """The lowest and the highest probability that a fold would choose."""
        if self.decided.goal is None:
            return None
        each = probability(self.fitted.threshold)
        return float(each.min()), float(each.max())


def by_split(
    log_odds: FloatArray, fitted: CrossFitted, rows: EvaluatedRows
) -> dict[str, FloatArray]:
    """Return metrics within each fold, `[repeats, folds]`; the paired tests' input.

    A fold without positives, or without negatives, has no ranking: NaN.

    Args:
        log_odds: `[repeats, rows]` out-of-fold scores.
        fitted: The calibrated log-odds.
        rows: The rows of the trial.
    """
    y, folds, weights = rows.y, rows.folds, rows.weights
    each = rows.row_weights
    shape = (len(folds), rows.folds_per_repeat)
    values = {name: np.full(shape, np.nan) for name in HEADLINE}
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


def decided_by_split(scores: ArmScores, rows: EvaluatedRows) -> dict[str, FloatArray]:
    """Return the other metrics that are compared within each fold.

    Args:
        scores: The arm's losses, and its one rule with what it decides.
        rows: The rows of the trial, and which metrics are compared.

    Returns:
        By metric that `by_split` does not give, `[repeats, folds]`; NaN if it is
        undefined in a fold.
    """
    names = [name for name in rows.compared if name not in HEADLINE]
    decided, shape = scores.decided, (len(rows.folds), rows.folds_per_repeat)
    values = {name: np.full(shape, np.nan) for name in names}
    if not names:
        return values
    for repeat, k in np.ndindex(*shape):
        inside = rows.folds[repeat] == k
        each = rows.row_weights[inside]
        view = repeat if len(decided.score) > 1 else 0
        here = replace(decided, score=decided.score[view : view + 1, inside])
        cells = DecisionCells.of(here, rows.y[inside], each).mean
        metrics = decision_values(here, cells, rows.costs)
        for name, value in values.items():
            if name in scores.losses:
                loss = scores.losses[name][repeat, inside]
                value[repeat, k] = np.average(loss, weights=each)
            else:
                value[repeat, k] = metrics[name]
    return values


def within_folds(
    values: FloatArray,
    y: BoolArray,
    folds: IntArray,
    weights: FloatArray | None = None,
) -> float:
    """Return the mean of `[repeats, folds]` values, each positive counting once.

    Args:
        values: `[repeats, folds]`; NaN if a fold has none.
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
    defined = ~np.isnan(values)
    if not defined.any():
        return float("nan")
    return float(np.average(values[defined], weights=size[defined]))


def mean_confusion(cells: DecisionCells) -> Confusion:
    """Return the mean confusion matrix over the views."""
    c = cells.mean
    left = float(c.left_positives), float(c.left_negatives)
    p, n = float(c.positives), float(c.negatives)
    tp, fp = float(c.tp), float(c.fp)
    return Confusion(tp, fp, p - tp - left[0], n - fp - left[1], *left)


def by_repeat(
    scores: ArmScores, splits: Mapping[str, FloatArray], rows: EvaluatedRows
) -> dict[str, FloatArray]:
    """Return every metric's value in each repeat, arrays `[repeats]`.

    Metrics of decisions have one value for each view of the scores that the rule is
    applied to: a single one if it is applied to means over the repeats.

    Args:
        scores: The arm's scores, losses and decisions.
        splits: What `by_split` gave.
        rows: The rows of the trial.
    """
    y, folds, weights = rows.y, rows.folds, rows.weights
    cells = DecisionCells.of(scores.decided, y, weights)
    ranked = [average_precision(y, each, weights) for each in scores.aligned]
    areas = [
        within_folds(splits["roc_auc"][r : r + 1], y, folds[r : r + 1], weights)
        for r in range(len(folds))
    ]
    return {
        "average_precision": np.array(ranked),
        "roc_auc": np.array(areas),
        **{
            name: np.average(loss, axis=1, weights=weights)
            for name, loss in scores.losses.items()
        },
        **decision_values(scores.decided, cells, rows.costs),
    }


def decision_values(
    decided: Decided, cells: DecisionCells, costs: Costs | None
) -> dict[str, FloatArray]:
    """Return the metrics of decisions, of the shape of the cells.

    Args:
        decided: The rule, for whether it can leave rows undecided.
        cells: What was decided.
        costs: For the metric "cost", or None to leave it out.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            name: np.asarray(definition(cells), np.float64)
            for name, definition in definitions(
                costs, undecided=decided.lower is not None
            ).items()
        }


def point_estimates(
    repeated: Mapping[str, FloatArray], decided: Mapping[str, FloatArray]
) -> dict[str, Estimate]:
    """Return every metric over all repeats.

    Ranking metrics and losses are means over the repeats that have them. Metrics of
    decisions are those of the mean counts, so that all of them belong to the one
    confusion matrix that is shown.

    Args:
        repeated: What `by_repeat` gave.
        decided: What `decision_values` gives for the mean counts.
    """
    return {
        name: _estimate(name, decided.get(name, values))
        for name, values in repeated.items()
    }


def _estimate(name: str, values: FloatArray) -> Estimate:
    finite = np.atleast_1d(values)
    finite = finite[np.isfinite(finite)]
    if finite.size:
        return Estimate(float(finite.mean()))
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
    finite = values[np.isfinite(values)]
    return float(finite.var(ddof=1)) if finite.size > 1 else 0.0
