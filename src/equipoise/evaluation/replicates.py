# SPDX-License-Identifier: Apache-2.0
"""Replicates of every metric of every arm, from the same weights of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.decision.objectives import Objective
from equipoise.evaluation import statistics
from equipoise.evaluation.alignment import LARGEST
from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.grouping import Sums, falling_groups
from equipoise.evaluation.resampled import Draw, RowWeights
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
        log_odds: `[repeats, rows]` the scores as they came. A fold's threshold is
            chosen on the other folds' scores under one calibrator, which keeps
            their order, so replicates choose it on these.
        flagged: `[repeats, rows]` the decisions.
        losses: For "brier" and "log_loss", `[rows]` means over the repeats.
    """

    aligned: FloatArray
    log_odds: FloatArray
    flagged: BoolArray
    losses: Mapping[str, FloatArray]

    @classmethod
    def of(
        cls,
        y: BoolArray,
        log_odds: FloatArray,
        aligned: FloatArray,
        fitted: CrossFitted,
    ) -> ArmScores:
        """Collect an arm's scores; losses are those of the calibrated ones."""
        z = fitted.log_odds
        losses = {
            "brier": ((probability(z) - y) ** 2).mean(axis=0),
            "log_loss": np.logaddexp(0.0, np.where(y, -z, z)).mean(axis=0),
        }
        return cls(aligned, log_odds, fitted.flagged, losses)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One arm and repeat, grouped once for all replicates."""

    pooled: Sums
    by_fold: Sums
    cuts: IntArray


class Replicator:
    """Turns weights of rows into replicates of an arm's metrics.

    Args:
        arm: The arm's scores and decisions.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        goal: What each fold's threshold is best at; where it follows from costs
            the decisions are kept as they are.
        costs: Options of the metric "cost", or None to leave it out.
    """

    def __init__(
        self,
        arm: ArmScores,
        y: BoolArray,
        folds: IntArray,
        goal: Objective,
        costs: Mapping[str, float] | None = None,
    ) -> None:
        self.arm, self.y, self.goal = arm, y, goal
        self.definitions = definitions(costs)
        self.size = (int((~y).sum()), int(y.sum()))
        self.folds = int(folds.max()) + 1
        self.prepared = [
            self._prepare(arm.aligned[r], arm.log_odds[r], folds[r])
            for r in range(len(folds))
        ]

    def _prepare(self, aligned: FloatArray, z: FloatArray, fold: IntArray) -> _Prepared:
        y, fine = self.y, not self.goal.at_positives
        pooled = falling_groups(aligned, y, GROUPS)
        group = falling_groups(np.clip(z, -LARGEST, LARGEST), y, GROUPS, fine=fine)
        groups = int(group.max()) + 1
        cuts = np.arange(groups) if fine else np.unique(group[y])
        return _Prepared(
            Sums.of(pooled, y, (int(pooled.max()) + 1,)),
            Sums.of(group * self.folds + fold, y, (groups, self.folds)),
            cuts,
        )

    @property
    def prevalence(self) -> float:
        """The share of positives."""
        return self.size[1] / sum(self.size)

    def __call__(self, draw: Draw) -> dict[str, FloatArray]:
        """Return `[3, replicates]` per metric, means over the repeats."""
        total: dict[str, FloatArray] = {}
        for repeat in range(len(self.prepared)):
            for name, value in self._repeat(repeat, draw).items():
                total[name] = total.get(name, 0.0) + value / len(self.prepared)
        for name, row in self.arm.losses.items():
            total[name] = self._loss(name, row, draw)
        return total

    def _repeat(self, repeat: int, draw: Draw) -> dict[str, FloatArray]:
        one = self.prepared[repeat]
        positive, negative = one.by_fold(draw.weights)
        tp, fp = self._decide(one, positive, negative, repeat, draw)
        p, n = positive.sum(axis=(0, 1)), negative.sum(axis=(0, 1))
        result = {
            "average_precision": statistics.average_precision(
                *one.pooled(draw.weights), self.prevalence, draw
            ),
            "roc_auc": statistics.roc_auc(positive, negative, draw),
        }
        for name, definition in self.definitions.items():
            result[name] = statistics.decisions(
                tp, fp, p, n, self.size, draw, definition
            )
        return result

    def _decide(
        self,
        one: _Prepared,
        positive: Float32Array,
        negative: Float32Array,
        repeat: int,
        draw: Draw,
    ) -> tuple[Float32Array, Float32Array]:
        """Return the weights of flagged positives and negatives, `[replicates]`."""
        if self.goal.costs is not None:
            flagged = self.arm.flagged[repeat]
            return (
                draw.weights[flagged & self.y].sum(axis=0),
                draw.weights[flagged & ~self.y].sum(axis=0),
            )
        tp = _from_none(statistics.running(positive)[one.cuts])
        fp = _from_none(statistics.running(negative)[one.cuts])
        # A fold's cut is chosen by what the other folds hold above it.
        others = tp.sum(axis=1, keepdims=True) - tp, fp.sum(axis=1, keepdims=True) - fp
        p, n = positive.sum(axis=0), negative.sum(axis=0)
        totals = p.sum(axis=0) - p, n.sum(axis=0) - n
        value = self.goal.value(*others, *totals)
        best = np.argmax(np.where(np.isnan(value), -np.inf, value), axis=0)[None]
        return (
            np.take_along_axis(tp, best, axis=0)[0].sum(axis=0),
            np.take_along_axis(fp, best, axis=0)[0].sum(axis=0),
        )

    def _loss(self, name: str, row: FloatArray, draw: Draw) -> FloatArray:
        parts = [np.stack([rows, rows * row]) for rows in (self.y, ~self.y)]
        sums = [part.astype(np.float32) @ draw.weights for part in parts]
        worst = (1.0, 1.0)
        if name == "log_loss":
            worst = float(row[self.y].max()), float(row[~self.y].max())
        return statistics.class_mean(sums[0], sums[1], worst, self.prevalence, draw)


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


def _from_none(above: Float32Array) -> Float32Array:
    """Put the cut that flags nothing before the others."""
    return np.concatenate([np.zeros_like(above[:1]), above])


def replicate(
    arms: Sequence[Replicator], weights: RowWeights
) -> list[dict[str, FloatArray]]:
    """Return each arm's replicates, `[3, replicates]` per metric.

    Where scores were merged into groups, even weights give a slightly other value
    than the rows do; add `value - even(arm)` to the ranking metrics to mend that.
    """
    parts: list[list[dict[str, FloatArray]]] = [[] for _ in arms]
    for draw in weights:
        for part, arm in zip(parts, arms, strict=True):
            part.append(arm(draw))
    return [
        {name: np.concatenate([p[name] for p in part], axis=1) for name in part[0]}
        for part in parts
    ]


def even(arm: Replicator) -> dict[str, float]:
    """Return the ranking metrics under even weights, by the same grouped sums."""
    none = np.zeros(1, np.float32)
    found = arm(Draw(np.ones((arm.y.size, 1), np.float32), none, none))
    return {name: float(found[name][0, 0]) for name in RANKING}
