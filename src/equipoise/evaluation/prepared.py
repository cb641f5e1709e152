# SPDX-License-Identifier: Apache-2.0
"""The arms of a trial with all that is computed once, before any replicate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective
from equipoise.evaluation.alignment import align
from equipoise.evaluation.crossfit import CrossFitted, cross_fit
from equipoise.evaluation.cv_intervals import (
    Basis,
    choice_error,
    difference_error,
    limits,
    paired_interval,
    resampled_interval,
)
from equipoise.evaluation.decided import UNDECIDED, Cells, Decided
from equipoise.evaluation.estimand import SplitSizes
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import undecided_note
from equipoise.evaluation.points import (
    SPLIT_METRICS,
    between_repeats,
    by_repeat,
    by_split,
    decisions,
    mean_confusion,
    points,
)
from equipoise.evaluation.replicates import (
    ArmScores,
    Drawn,
    Replicator,
    even,
    replicate,
)
from equipoise.metrics import METRICS, Estimate
from equipoise.priors import probability
from equipoise.uncertainty.differences import difference_limits
from equipoise.uncertainty.influence import average_precision_spread, roc_auc_spread
from equipoise.uncertainty.row_weights import RowWeights
from equipoise.uncertainty.score_interval import ClassPart
from equipoise.uncertainty.shares import SHARES


@dataclass(frozen=True, eq=False)
class Prepared:
    """The arms with all that is computed once, before any replicate.

    Attributes:
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        weights: `[rows]` how much each row counts; None for 1 each.
        costs: For the metric "cost", or None.
        fitted: By arm, calibrated out of fold.
        brought: By arm, what its replicates need.
        splits: By arm, metrics within each fold.
        repeated: By arm, every metric in each repeat.
        points: By arm, every metric over all splits.
        sizes: How many rows each split trained and tested on.
    """

    y: BoolArray
    folds: IntArray
    weights: FloatArray | None
    costs: Costs | None
    fitted: Mapping[str, CrossFitted]
    brought: Mapping[str, ArmScores]
    splits: Mapping[str, Mapping[str, FloatArray]]
    repeated: Mapping[str, Mapping[str, FloatArray]]
    points: Mapping[str, Mapping[str, Estimate]]
    sizes: SplitSizes

    @classmethod
    def of(
        cls,
        y: BoolArray,
        folds: IntArray,
        scores: Mapping[str, FloatArray],
        goal: Objective,
        costs: Costs | None,
        exact: Mapping[str, bool],
        weights: FloatArray | None = None,
        decided: Mapping[str, Decided] | None = None,
        sizes: SplitSizes | None = None,
    ) -> Prepared:
        """Calibrate, decide and align every arm, and compute its values.

        Args:
            y: `[rows]` whether a row is positive.
            folds: `[repeats, rows]` the fold of each row.
            scores: By arm `[repeats, rows]` out-of-fold log-odds.
            goal: What the rules are the best at.
            costs: For the metric "cost", or None.
            exact: By arm, whether its scores are log-odds up to estimation error.
            weights: `[rows]` how much each row counts; None for 1 each.
            decided: By arm, a ready rule; for the others one is chosen.
            sizes: How many rows each split trained and tested on; None if each fold's
                model was trained on all rows of the other folds.
        """
        ready = decided or {}
        fitted = {
            name: cross_fit(
                z, y, folds, goal, exact=exact.get(name, True), weights=weights
            )
            for name, z in scores.items()
        }
        brought = {
            name: ArmScores.of(
                y,
                align(z, y, folds),
                fitted[name],
                ready[name]
                if name in ready
                else Decided.choose(fitted[name].log_odds, y, goal, weights),
            )
            for name, z in scores.items()
        }
        splits = {
            name: by_split(z, fitted[name], y, folds, weights)
            for name, z in scores.items()
        }
        repeated = {
            name: by_repeat(brought[name], splits[name], y, folds, costs, weights)
            for name in scores
        }
        value = {
            name: points(
                each,
                decisions(arm, Cells.of(arm.decided, y, weights).mean, costs),
            )
            for name, each in repeated.items()
            for arm in [brought[name]]
        }
        known = SplitSizes.of(folds) if sizes is None else sizes
        return cls(
            y, folds, weights, costs, fitted, brought, splits, repeated, value, known
        )

    def replicates(self, weights: RowWeights) -> dict[str, Drawn]:
        """Return every arm's replicates.

        Merging very many positives' scores into groups moves a ranking metric a
        little; the replicates are moved back by as much.
        """
        makers = {
            name: Replicator(arm, self.y, self.folds, self.costs, self.weights)
            for name, arm in self.brought.items()
        }
        drawn = replicate(list(makers.values()), weights)
        found = {}
        for (name, maker), arm in zip(makers.items(), drawn, strict=True):
            level = even(maker)  # ranking metrics only
            moved = {
                metric: arm.values[metric] + _gap(point, level.get(metric, point.value))
                for metric, point in self.points[name].items()
            }
            found[name] = Drawn(moved, arm.errors)
        return found

    def evaluation(
        self,
        name: str,
        found: Drawn,
        weights: RowWeights,
        level: float,
    ) -> Evaluation:
        """Return an arm's metrics with their intervals."""
        decided = self.brought[name].decided
        confusion = mean_confusion(Cells.of(decided, self.y, self.weights))
        intervals = self.intervals(name, found, weights, list(self.points[name]))
        estimates = {metric: at(level) for metric, at in intervals.items()}
        return Evaluation(
            estimates,
            self.y.size,
            int(self.y.sum()),
            decided.threshold,
            confusion,
            self.sizes.estimand,
            level,
            () if decided.lower is None else (undecided_note(confusion),),
            lower=decided.lower_threshold,
            threshold_range=self._range(name),
            share=None
            if self.weights is None
            else float(np.average(self.y, weights=self.weights)),
        )

    def intervals(
        self,
        name: str,
        found: Drawn,
        weights: RowWeights,
        metrics: Sequence[str],
    ) -> dict[str, Callable[[float], Estimate]]:
        """Return functions from a level to an arm's metric with its interval."""
        return {
            metric: partial(
                resampled_interval,
                metric,
                self.points[name][metric],
                found.values[metric],
                self._basis(name, metric, weights, found.errors.get(metric)),
            )
            for metric in metrics
        }

    def _range(self, name: str) -> tuple[float, float] | None:
        """Return the lowest and the highest threshold that a fold would choose."""
        if self.brought[name].decided.goal is None:
            return None
        each = probability(self.fitted[name].threshold)
        return float(each.min()), float(each.max())

    def _basis(
        self,
        name: str,
        metric: str,
        weights: RowWeights,
        errors: FloatArray | None = None,
    ) -> Basis:
        """Return what the error of an arm's metric is judged by."""
        arm = self.brought[name]
        among = float(weights.rarer)
        if metric in SHARES:
            rows = [SHARES[metric](self.y, on)[1] for on in arm.decided.flagged]
            among = float(np.mean([weights.units(each) for each in rows]))
        elif metric == UNDECIDED:
            among = float(weights.units(np.ones_like(self.y)))
        unseen = bias = 0.0
        parts: tuple[ClassPart, ...] = ()
        near = (1.0, 1.0)
        if metric in SPREADS:
            # From the aligned scores, the mean over the repeats.
            spreads = [
                SPREADS[metric](self.y, z, self.weights, weights.unit)
                for z in arm.aligned
            ]
            parts = mean_parts([s.parts for s in spreads])
            near = (
                _mean(s.weight_low for s in spreads),
                _mean(s.weight_high for s in spreads),
            )
            if metric == "average_precision":
                unseen = _mean(s.unseen_low for s in spreads)
                bias = _mean(s.bias for s in spreads)
        return Basis(
            weights.rarer,
            among,
            between_repeats(self.repeated[name][metric]),
            unseen,
            bias,
            self._limits(metric),
            *choice_error(errors),
            len(self.folds),
            parts,
            near,
        )

    def _limits(self, metric: str) -> tuple[float, float]:
        if metric == UNDECIDED:
            return 0.0, 1.0
        if METRICS[metric].kind == "probability":
            return METRICS[metric].low, METRICS[metric].high
        each = np.ones(self.y.size) if self.weights is None else self.weights
        sizes = float(each[~self.y].sum()), float(each[self.y].sum())
        return limits(metric, sizes, self.costs if metric == "cost" else None)

    def differences(
        self,
        name: str,
        baseline: str,
        found: Mapping[str, Drawn],
        units: float,
        level: float,
    ) -> dict[str, Estimate]:
        """Return the arm minus the baseline, with intervals from the rows alone."""
        errors = self.errors(name, baseline, found, units)
        ours, theirs = self.points[name], self.points[baseline]
        return {
            metric: paired_interval(
                ours[metric].value - theirs[metric].value,
                error,
                units,
                level,
                difference_limits(metric),
            )
            for metric, error in errors.items()
        }

    def errors(
        self,
        name: str,
        baseline: str,
        found: Mapping[str, Drawn],
        units: float,
    ) -> dict[str, float]:
        """Return the standard errors of the differences, resampled jointly."""
        if name == baseline:
            return {}
        ours, theirs = found[name].values, found[baseline].values
        return {
            metric: difference_error(ours[metric] - theirs[metric], units)
            for metric in SPLIT_METRICS
        }


SPREADS = {
    "average_precision": average_precision_spread,
    "roc_auc": roc_auc_spread,
}


def mean_parts(each: Sequence[tuple[ClassPart, ...]]) -> tuple[ClassPart, ...]:
    """Return the classes' parts of the error, averaged over the repeats."""
    names = ("variance", "units", "reach_low", "reach_high")
    return tuple(
        ClassPart(*(_mean(getattr(part, name) for part in parts) for name in names))
        for parts in zip(*each, strict=True)
    )


def _mean(values: Iterable[npt.ArrayLike]) -> float:
    return float(np.mean([float(np.asarray(value)) for value in values]))


def _gap(point: Estimate, level: float) -> float:
    gap = point.value - level
    return gap if np.isfinite(gap) else 0.0
