# SPDX-License-Identifier: Apache-2.0
"""Replicates of every metric of every arm, from the same weights of the rows.

Models, calibrators and decisions stay as they are: the numbers are estimates for
the models that were trained, each with the threshold it was given. Choosing the
threshold again in each replicate was tried. It adds what the choice moves to the
error, though the estimate and the truth move together: precision was then covered
.99 and more, and intervals could lie beside their value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.evaluation import statistics
from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.grouping import Sums, falling_groups
from equipoise.evaluation.resampled import RowWeights
from equipoise.metrics import Counts
from equipoise.metrics import metric as metric_named
from equipoise.metrics.threshold import cost
from equipoise.priors import probability

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

RANKING = ("average_precision", "roc_auc")
PROBABILITY = ("brier", "log_loss")
DECISION = (
    "recall",
    "precision",
    "f1",
    "balanced_accuracy",
    "mcc",
    "g_mean",
    "specificity",
    "flag_rate",
)
GROUPS = 256
"""How many distinct scores of positives a replicate tells apart."""


@dataclass(frozen=True, eq=False)
class ArmScores:
    """What one arm brings to the replicates; all of it out of fold.

    Attributes:
        aligned: `[repeats, rows]` scores that may be ranked within a repeat.
        flagged: `[repeats, rows]` the decisions.
        losses: For "brier" and "log_loss", `[repeats, rows]`.
    """

    aligned: FloatArray
    flagged: BoolArray
    losses: Mapping[str, FloatArray]

    @classmethod
    def of(cls, y: BoolArray, aligned: FloatArray, fitted: CrossFitted) -> ArmScores:
        """Collect an arm's scores; losses are those of the calibrated ones."""
        z = fitted.log_odds
        losses = {
            "brier": (probability(z) - y) ** 2,
            "log_loss": np.logaddexp(0.0, np.where(y, -z, z)),
        }
        return cls(aligned, fitted.flagged, losses)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One arm and repeat, grouped once for all replicates."""

    ranked: Sums
    decided: Sums


class Replicator:
    """Turns weights of rows into replicates of an arm's metrics.

    Args:
        arm: The arm's scores and decisions.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: Options of the metric "cost", or None to leave it out.
    """

    def __init__(
        self,
        arm: ArmScores,
        y: BoolArray,
        folds: IntArray,
        costs: Mapping[str, float] | None = None,
    ) -> None:
        self.y = y
        self.definitions = definitions(costs)
        self.size = (int((~y).sum()), int(y.sum()))
        self.folds = int(folds.max()) + 1
        self.losses = {name: rows.mean(axis=0) for name, rows in arm.losses.items()}
        self.prepared = [
            self._prepare(*each)
            for each in zip(arm.aligned, arm.flagged, folds, strict=True)
        ]

    def _prepare(
        self, aligned: FloatArray, flagged: BoolArray, fold: IntArray
    ) -> _Prepared:
        group = falling_groups(aligned, self.y, GROUPS)
        shape = (int(group.max()) + 1, self.folds)
        return _Prepared(
            Sums.of(group * self.folds + fold, self.y, shape),
            Sums.of(flagged.astype(np.int64), self.y, (2,)),
        )

    @property
    def prevalence(self) -> float:
        """The share of positives."""
        return self.size[1] / sum(self.size)

    def __call__(self, weights: Float32Array) -> dict[str, FloatArray]:
        """Return `[replicates]` per metric, means over the repeats that have it.

        Args:
            weights: `[rows, replicates]`.
        """
        each = [self._repeat(one, weights) for one in self.prepared]
        total = {name: _mean([part[name] for part in each]) for name in each[0]}
        for name, row in self.losses.items():
            total[name] = self._loss(row, weights)
        return total

    def _repeat(self, one: _Prepared, weights: Float32Array) -> dict[str, FloatArray]:
        positive, negative = one.ranked(weights)
        result = {
            "average_precision": statistics.average_precision(
                positive.sum(axis=1), negative.sum(axis=1), self.prevalence
            ),
            "roc_auc": statistics.roc_auc(positive, negative),
        }
        decided = one.decided(weights)
        for name, definition in self.definitions.items():
            result[name] = statistics.decisions(*decided, self.size, definition)
        return result

    def _loss(self, row: FloatArray, weights: Float32Array) -> FloatArray:
        parts = [np.stack([rows, rows * row]) for rows in (self.y, ~self.y)]
        sums = [part.astype(np.float32) @ weights for part in parts]
        return statistics.class_mean(sums[0], sums[1], self.prevalence)


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Return the mean over the repeats in which a metric exists, else NaN."""
    each = np.stack(values)
    known = np.isfinite(each)
    count = known.sum(axis=0)
    total = np.where(known, each, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def definitions(
    costs: Mapping[str, float] | None,
) -> dict[str, Callable[[Counts], FloatArray]]:
    """Return the metrics of decisions by name; "cost" where costs are given."""
    found: dict[str, Callable[[Counts], FloatArray]] = {}
    for name in DECISION:
        definition = metric_named(name).of_counts
        if definition is not None:
            found[name] = definition
    if costs is not None:
        spent = dict(costs)
        found["cost"] = lambda cells: cost(cells, **spent)
    return found


def replicate(
    arms: Sequence[Replicator], weights: RowWeights
) -> list[dict[str, FloatArray]]:
    """Return each arm's replicates, `[replicates]` per metric.

    Where scores were merged into groups, even weights give a slightly other value
    than the rows do; add `value - even(arm)` to the ranking metrics to mend that.
    """
    parts: list[list[dict[str, FloatArray]]] = [[] for _ in arms]
    for drawn in weights:
        for part, arm in zip(parts, arms, strict=True):
            part.append(arm(drawn))
    return [
        {name: np.concatenate([p[name] for p in part]) for name in part[0]}
        for part in parts
    ]


def even(arm: Replicator) -> dict[str, float]:
    """Return the ranking metrics under even weights, by the same grouped sums."""
    found = arm(np.ones((arm.y.size, 1), np.float32))
    return {name: float(found[name][0]) for name in RANKING}
