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

from equipoise._core.memory import release_memory
from equipoise._core.types import Float32Array, FloatArray
from equipoise.decision.objectives import Objective
from equipoise.evaluation.arm_values import ArmScores, ArmValues, EvaluatedRows
from equipoise.evaluation.decided import DecisionCells, Definition, definitions
from equipoise.learners.threads import one_thread
from equipoise.metrics import Estimate
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
class ArmReplicates:
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
        scores: The arm's scores and decisions.
        rows: The rows of the trial; the weights of a replicate hold the row weights
            as a factor.
    """

    def __init__(self, scores: ArmScores, rows: EvaluatedRows) -> None:
        decided = scores.decided
        self.rows, self.y = rows, rows.y
        self.definitions = definitions(rows.costs, undecided=decided.lower is not None)
        self.totals, self.prevalence = rows.totals, rows.prevalence
        self.losses = {name: loss.mean(axis=0) for name, loss in scores.losses.items()}
        self.rankings = [
            WeightedRanking.of(
                each, rows.y, folds=fold, prevalence=rows.prevalence, most=GROUPS
            )
            for each, fold in zip(scores.aligned, rows.folds, strict=True)
        ]
        # 0 not flagged, 1 left undecided, 2 flagged.
        states = 2 * decided.flagged.astype(np.int64) + decided.undecided
        self.decided = [GroupSums.of(state, rows.y, (3,)) for state in states]
        self.choice: Choice | None = None
        if decided.goal is not None:
            self.choice = Choice(decided.score, rows, decided.goal, self.definitions)

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

    def _cells(self, weights: Float32Array) -> DecisionCells:
        """Return what is decided at the table's share of positives."""
        sums = [one(weights) for one in self.decided]
        n, p = self.totals
        one, other = (
            np.stack([pair[k] for pair in sums]).mean(axis=0, dtype=np.float64)
            for k in (0, 1)
        )
        one, other = p * one / one.sum(axis=0), n * other / other.sum(axis=0)
        whole = np.ones(one.shape[1])
        return DecisionCells(one[2], other[2], one[1], other[1], p * whole, n * whole)

    def _loss(self, row: FloatArray, weights: Float32Array) -> FloatArray:
        parts = [np.stack([rows, rows * row]) for rows in (self.y, ~self.y)]
        sums = [part.astype(np.float32) @ weights for part in parts]
        return class_mean(sums[0], sums[1], self.prevalence)


class Choice:
    """Chooses the rule again under weights, and says by how much that flatters.

    Args:
        score: `[views, rows]` calibrated log-odds.
        rows: The rows of the trial.
        goal: What the rule is best at.
        definitions: The metrics.
    """

    def __init__(
        self,
        score: FloatArray,
        rows: EvaluatedRows,
        goal: Objective,
        definitions: Mapping[str, Definition],
    ) -> None:
        self.goal, self.definitions = goal, definitions
        self.totals, y = rows.totals, rows.y
        # Only cuts below a positive can be the best for most goals.
        held = np.tile(y, len(score))
        groups = falling_groups(
            score.ravel(), held if goal.at_positives else np.ones_like(held), GROUPS
        ).reshape(score.shape)
        shape = (int(groups.max()) + 1,)
        self.sums = [GroupSums.of(group, y, shape) for group in groups]
        self.even = self._above(rows.row_weights[:, None].astype(np.float32))

    def errors(self, weights: Float32Array) -> dict[str, FloatArray]:
        """Return `[replicates]` per metric: under the weights less under even ones.

        Args:
            weights: `[rows, replicates]`.
        """
        hit, alarm = self._above(weights)
        n, p = self.totals
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

    def _cells(self, hit: FloatArray, alarm: FloatArray) -> DecisionCells:
        n, p = self.totals
        zero, one = np.zeros_like(hit), np.ones_like(hit)
        return DecisionCells(hit, alarm, zero, zero, p * one, n * one)

    def _above(self, weights: Float32Array) -> tuple[FloatArray, FloatArray]:
        """Return the flagged weight of both classes at each cut, the first at none."""
        above = []
        sums = [one(weights) for one in self.sums]
        for k, whole in ((0, self.totals[1]), (1, self.totals[0])):
            each = np.stack([pair[k] for pair in sums]).mean(axis=0, dtype=np.float64)
            none = np.zeros((1, each.shape[1]))
            reached = np.concatenate([none, np.cumsum(each, axis=0)])
            above.append(whole * reached / reached[-1])
        return above[0], above[1]


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Return the mean over the repeats in which a metric exists, else NaN."""
    each = np.stack(values)
    finite = np.isfinite(each)
    count = finite.sum(axis=0)
    total = np.where(finite, each, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def replicate(
    arms: Mapping[str, ArmValues], draws: RowWeights
) -> dict[str, ArmReplicates]:
    """Return every arm's replicates, under the same weights.

    Merging very many positives' scores into groups moves a ranking metric a little;
    the replicates are moved back by as much.

    Args:
        arms: By name.
        draws: The replicate weights.
    """
    replicators = {name: Replicator(arm.scores, arm.rows) for name, arm in arms.items()}
    values: dict[str, list[dict[str, FloatArray]]] = {name: [] for name in arms}
    errors: dict[str, list[dict[str, FloatArray]]] = {name: [] for name in arms}
    release_memory()
    for weights in draws:
        # Products of two rows gain nothing from threads, which wait for each other: on
        # two busy cores 100,000 rows took .56 s of the processors, and .006 s on one
        # thread, with equal bits.
        with one_thread(0):
            for name, arm in replicators.items():
                values[name].append(arm(weights))
                errors[name].append(
                    {} if arm.choice is None else arm.choice.errors(weights)
                )
        # The next ones are drawn before the loop would let go of these. The memory of
        # what a replicate made on its way lies between them, in pieces.
        del weights
        release_memory()
    return {
        name: ArmReplicates(
            _moved_back(_joined(values[name]), arms[name].points, even(replicator)),
            _joined(errors[name]),
        )
        for name, replicator in replicators.items()
    }


def _moved_back(
    values: Mapping[str, FloatArray],
    points: Mapping[str, Estimate],
    level: Mapping[str, float],
) -> dict[str, FloatArray]:
    """Add what the rows' values exceed those of even weights by, `level`."""
    gaps = {
        name: point.value - level.get(name, point.value)
        for name, point in points.items()
    }
    return {
        name: values[name] + (gap if np.isfinite(gap) else 0.0)
        for name, gap in gaps.items()
    }


def _joined(parts: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def even(arm: Replicator) -> dict[str, float]:
    """Return the ranking metrics under even weights, by the same grouped sums."""
    values = arm(arm.rows.row_weights[:, None].astype(np.float32))
    return {name: float(values[name][0]) for name in RANKING}
