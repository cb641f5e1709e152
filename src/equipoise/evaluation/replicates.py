# SPDX-License-Identifier: Apache-2.0
"""Replicates of every metric of every arm, from the same weights of the rows.

Models and calibrators stay as they are, and so do the decisions of a rule that was
chosen elsewhere. A rule that is the best on these very rows is chosen again in each
replicate, and judged there under the weights that chose it and under even ones. The
difference is the error of such a choice: its mean is the optimism, its variance that
of the figures. (The spread of the chosen rule's figures alone says too much, since the
choice moves the estimate and the truth together: precision was then covered .99 and
more.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import BoolArray, Float32Array, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective
from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.decided import Cells, Decided, Definition, definitions
from equipoise.priors import probability
from equipoise.uncertainty.row_weights import RowWeights
from equipoise.uncertainty.weighted_metrics import (
    GroupSums,
    WeightedRanking,
    class_mean,
    falling_groups,
)

RANKING = ("average_precision", "roc_auc")
PROBABILITY = ("brier", "log_loss")
GROUPS = 256
"""How many distinct scores of positives a replicate tells apart."""


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
class Drawn:
    """An arm's replicates.

    Attributes:
        values: By metric `[replicates]`, with the decisions as they are.
        errors: By metric of decisions `[replicates]`: how much better a rule is under
            the weights that chose it than under even ones; empty if the rule was not
            chosen on these rows.
    """

    values: Mapping[str, FloatArray]
    errors: Mapping[str, FloatArray]


class Replicator:
    """Turns weights of rows into replicates of an arm's metrics.

    Args:
        arm: The arm's scores and decisions.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        costs: For the metric "cost", or None to leave it out.
        weights: `[rows]` how much each row counts; None for 1 each. The weights of a
            replicate hold it as a factor.
    """

    def __init__(
        self,
        arm: ArmScores,
        y: BoolArray,
        folds: IntArray,
        costs: Costs | None = None,
        weights: FloatArray | None = None,
    ) -> None:
        self.y = y
        self.weights = np.ones(y.size) if weights is None else weights
        self.definitions = definitions(costs, undecided=arm.decided.lower is not None)
        self.size = float(self.weights[~y].sum()), float(self.weights[y].sum())
        self.losses = {name: rows.mean(axis=0) for name, rows in arm.losses.items()}
        self.rankings = [
            WeightedRanking.of(
                scores, y, folds=fold, prevalence=self.prevalence, most=GROUPS
            )
            for scores, fold in zip(arm.aligned, folds, strict=True)
        ]
        # 0 not flagged, 1 left undecided, 2 flagged.
        states = 2 * arm.decided.flagged.astype(np.int64) + arm.decided.undecided
        self.decided = [GroupSums.of(state, y, (3,)) for state in states]
        self.choice: Choice | None = None
        if arm.decided.goal is not None:
            self.choice = Choice(
                arm.decided.score, y, arm.decided.goal, self.weights, self.definitions
            )

    @property
    def prevalence(self) -> float:
        """The share of positives."""
        return self.size[1] / sum(self.size)

    def __call__(self, weights: Float32Array) -> dict[str, FloatArray]:
        """Return `[replicates]` per metric; decisions by counts over all repeats.

        Args:
            weights: `[rows, replicates]`.
        """
        each = [ranking(weights) for ranking in self.rankings]
        total = {name: _mean([part[name] for part in each]) for name in each[0]}
        for name, row in self.losses.items():
            total[name] = self._loss(row, weights)
        cells = self._cells(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, definition in self.definitions.items():
                total[name] = np.asarray(definition(cells), np.float64)
        return total

    def _cells(self, weights: Float32Array) -> Cells:
        """Return what is decided at the table's share of positives."""
        sums = [one(weights) for one in self.decided]
        n, p = self.size
        one, other = (
            np.stack([pair[k] for pair in sums]).mean(axis=0, dtype=np.float64)
            for k in (0, 1)
        )
        one, other = p * one / one.sum(axis=0), n * other / other.sum(axis=0)
        whole = np.ones(one.shape[1])
        return Cells(one[2], other[2], one[1], other[1], p * whole, n * whole)

    def _loss(self, row: FloatArray, weights: Float32Array) -> FloatArray:
        parts = [np.stack([rows, rows * row]) for rows in (self.y, ~self.y)]
        sums = [part.astype(np.float32) @ weights for part in parts]
        return class_mean(sums[0], sums[1], self.prevalence)


class Choice:
    """Chooses the rule again under weights, and says by how much that flatters.

    Args:
        score: `[views, rows]` calibrated log-odds.
        y: `[rows]` whether a row is positive.
        goal: What the rule is the best at.
        weights: `[rows]` how much each row counts.
        definitions: The metrics.
    """

    def __init__(
        self,
        score: FloatArray,
        y: BoolArray,
        goal: Objective,
        weights: FloatArray,
        definitions: Mapping[str, Definition],
    ) -> None:
        self.goal, self.definitions = goal, definitions
        self.size = float(weights[~y].sum()), float(weights[y].sum())
        # Only cuts below a positive can be the best for most goals.
        held = np.tile(y, len(score))
        groups = falling_groups(
            score.ravel(), held if goal.at_positives else np.ones_like(held), GROUPS
        ).reshape(score.shape)
        shape = (int(groups.max()) + 1,)
        self.sums = [GroupSums.of(group, y, shape) for group in groups]
        self.even = self._above(weights[:, None].astype(np.float32))

    def errors(self, weights: Float32Array) -> dict[str, FloatArray]:
        """Return `[replicates]` per metric: under the weights less under even ones.

        Args:
            weights: `[rows, replicates]`.
        """
        hit, alarm = self._above(weights)
        n, p = self.size
        wholes = np.full(hit.shape[1], p), np.full(hit.shape[1], n)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.goal.value(hit, alarm, *wholes)
            value = np.where(np.isnan(value), -math.inf, value)
            best = value.argmax(axis=0)
            # If no cut serves, nothing is flagged, as the rule would.
            best = np.where(np.isneginf(value.max(axis=0)), 0, best)
            there = np.arange(best.size)
            here = self._cells(hit[best, there], alarm[best, there])
            even = self._cells(self.even[0][best, 0], self.even[1][best, 0])
            return {
                name: np.asarray(definition(here) - definition(even), np.float64)
                for name, definition in self.definitions.items()
            }

    def _cells(self, hit: FloatArray, alarm: FloatArray) -> Cells:
        n, p = self.size
        zero, one = np.zeros_like(hit), np.ones_like(hit)
        return Cells(hit, alarm, zero, zero, p * one, n * one)

    def _above(self, weights: Float32Array) -> tuple[FloatArray, FloatArray]:
        """Return the flagged weight of both classes at each cut, the first at none."""
        found = []
        sums = [one(weights) for one in self.sums]
        for k, whole in ((0, self.size[1]), (1, self.size[0])):
            each = np.stack([pair[k] for pair in sums]).mean(axis=0, dtype=np.float64)
            none = np.zeros((1, each.shape[1]))
            above = np.concatenate([none, np.cumsum(each, axis=0)])
            found.append(whole * above / above[-1])
        return found[0], found[1]


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Return the mean over the repeats in which a metric exists, else NaN."""
    each = np.stack(values)
    known = np.isfinite(each)
    count = known.sum(axis=0)
    total = np.where(known, each, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def replicate(arms: Sequence[Replicator], weights: RowWeights) -> list[Drawn]:
    """Return each arm's replicates.

    Where scores were merged into groups, even weights give a slightly other value
    than the rows do; add `value - even(arm)` to the ranking metrics to mend that.
    """
    values: list[list[dict[str, FloatArray]]] = [[] for _ in arms]
    errors: list[list[dict[str, FloatArray]]] = [[] for _ in arms]
    for drawn in weights:
        for k, arm in enumerate(arms):
            values[k].append(arm(drawn))
            errors[k].append({} if arm.choice is None else arm.choice.errors(drawn))
    return [
        Drawn(_joined(value), _joined(error))
        for value, error in zip(values, errors, strict=True)
    ]


def _joined(parts: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def even(arm: Replicator) -> dict[str, float]:
    """Return the ranking metrics under even weights, by the same grouped sums."""
    found = arm(arm.weights[:, None].astype(np.float32))
    return {name: float(found[name][0]) for name in RANKING}
