# SPDX-License-Identifier: Apache-2.0
"""The arms of a trial with all that is computed once, before any replicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective
from equipoise.evaluation.alignment import align
from equipoise.evaluation.arrays import cost_options
from equipoise.evaluation.crossfit import CrossFitted, cross_fit
from equipoise.evaluation.ends import (
    Basis,
    difference_error,
    difference_interval,
    limits,
    resampled_interval,
)
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.points import (
    SPLIT_METRICS,
    between_repeats,
    by_repeat,
    by_split,
    confusions,
    mean_confusion,
    points,
)
from equipoise.evaluation.replicates import ArmScores, Replicator, even, replicate
from equipoise.evaluation.resampled import RowWeights
from equipoise.metrics import METRICS, Estimate
from equipoise.metrics.influence import average_precision_spread
from equipoise.metrics.shares import SHARES
from equipoise.priors import probability

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The arms with all that is computed once, before any replicate.

    Attributes:
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: Options of the metric "cost", or None.
        fitted: By arm, calibrated and decided out of fold.
        brought: By arm, what its replicates need.
        splits: By arm, metrics within each fold.
        repeated: By arm, every metric in each repeat.
        points: By arm, every metric over all splits.
    """

    y: BoolArray
    folds: IntArray
    costs: dict[str, float] | None
    fitted: Mapping[str, CrossFitted]
    brought: Mapping[str, ArmScores]
    splits: Mapping[str, Mapping[str, FloatArray]]
    repeated: Mapping[str, Mapping[str, FloatArray]]
    points: Mapping[str, Mapping[str, Estimate]]

    @classmethod
    def of(
        cls,
        y: BoolArray,
        folds: IntArray,
        scores: Mapping[str, FloatArray],
        goal: Objective,
        costs: Costs | None,
        exact: Mapping[str, bool],
    ) -> Prepared:
        """Calibrate, decide and align every arm, and compute its values."""
        options = None if costs is None else cost_options(costs)
        fitted = {
            name: cross_fit(z, y, folds, goal, exact=exact.get(name, True))
            for name, z in scores.items()
        }
        brought = {
            name: ArmScores.of(y, align(z, y, folds), fitted[name])
            for name, z in scores.items()
        }
        splits = {
            name: by_split(z, fitted[name], y, folds) for name, z in scores.items()
        }
        repeated = {
            name: by_repeat(brought[name], splits[name], y, folds, options)
            for name in scores
        }
        value = {name: points(each) for name, each in repeated.items()}
        return cls(y, folds, options, fitted, brought, splits, repeated, value)

    def replicates(self, weights: RowWeights) -> dict[str, dict[str, FloatArray]]:
        """Return `[replicates]` by arm and metric.

        Merging very many positives' scores into groups moves a ranking metric a
        little; the replicates are moved back by as much.
        """
        makers = {
            name: Replicator(arm, self.y, self.folds, self.costs)
            for name, arm in self.brought.items()
        }
        drawn = replicate(list(makers.values()), weights)
        found = {}
        for (name, maker), arm in zip(makers.items(), drawn, strict=True):
            level = even(maker)  # ranking metrics only
            found[name] = {
                metric: arm[metric] + _gap(point, level.get(metric, point.value))
                for metric, point in self.points[name].items()
            }
        return found

    def evaluation(
        self,
        name: str,
        found: Mapping[str, FloatArray],
        weights: RowWeights,
        level: float,
    ) -> Evaluation:
        """Return an arm's metrics with their intervals."""
        fitted = self.fitted[name]
        estimates = {
            metric: resampled_interval(
                metric, point, found[metric], self._basis(name, metric, weights), level
            )
            for metric, point in self.points[name].items()
        }
        return Evaluation(
            estimates,
            self.y.size,
            int(self.y.sum()),
            float(probability(np.median(fitted.threshold))),
            mean_confusion(confusions(self.y, fitted.flagged)),
            estimand(self.folds),
            level,
        )

    def _basis(self, name: str, metric: str, weights: RowWeights) -> Basis:
        """Return what the error of an arm's metric is judged by."""
        arm = self.brought[name]
        among = float(weights.rarer)
        if metric in SHARES:
            rows = [SHARES[metric](self.y, flagged)[1] for flagged in arm.flagged]
            among = float(np.mean([weights.units(each) for each in rows]))
        unseen = bias = 0.0
        if metric == "average_precision":
            # From the aligned scores, the mean over the repeats.
            spreads = [average_precision_spread(self.y, z) for z in arm.aligned]
            unseen = float(np.mean([s.unseen_low for s in spreads]))
            bias = float(np.mean([s.bias for s in spreads]))
        return Basis(
            weights.rarer,
            among,
            between_repeats(self.repeated[name][metric]),
            unseen,
            bias,
            self._limits(metric),
        )

    def _limits(self, metric: str) -> tuple[float, float]:
        if METRICS[metric].kind == "probability":
            return METRICS[metric].low, METRICS[metric].high
        positives = int(self.y.sum())
        sizes = self.y.size - positives, positives
        return limits(metric, sizes, self.costs if metric == "cost" else None)

    def differences(
        self,
        name: str,
        baseline: str,
        found: Mapping[str, Mapping[str, FloatArray]],
        units: int,
        level: float,
    ) -> dict[str, Estimate]:
        """Return the arm minus the baseline, with intervals from the rows alone."""
        errors = self.errors(name, baseline, found, units)
        ours, theirs = self.points[name], self.points[baseline]
        return {
            metric: difference_interval(
                ours[metric].value - theirs[metric].value, error, units, level
            )
            for metric, error in errors.items()
        }

    def errors(
        self,
        name: str,
        baseline: str,
        found: Mapping[str, Mapping[str, FloatArray]],
        units: int,
    ) -> dict[str, float]:
        """Return the standard errors of the differences, resampled jointly."""
        if name == baseline:
            return {}
        ours, theirs = found[name], found[baseline]
        return {
            metric: difference_error(ours[metric] - theirs[metric], units)
            for metric in SPLIT_METRICS
        }


def _gap(point: Estimate, level: float) -> float:
    gap = point.value - level
    return gap if np.isfinite(gap) else 0.0


def estimand(folds: IntArray) -> str:
    """Say what a cross-validation on these folds estimates."""
    count = int(folds.max()) + 1
    return f"a model trained on {count - 1}/{count} of this table"
