# SPDX-License-Identifier: Apache-2.0
"""How well each arm finds each kind of positives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.objectives import as_objective
from equipoise.evaluation.arm_values import (
    ArmScores,
    ArmValues,
    EvaluatedRows,
    by_repeat,
    by_split,
    decision_values,
    point_estimates,
)
from equipoise.evaluation.cross_validation import Arm, CrossValidated
from equipoise.evaluation.cv_intervals import metric_intervals
from equipoise.evaluation.decided import DecisionCells
from equipoise.evaluation.out_of_fold import CrossFitted
from equipoise.evaluation.replicates import replicate
from equipoise.metrics.estimate import Estimate
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers

OF_KINDS = ("recall", "average_precision", "roc_auc")
"""What is said of each kind: recall at the arm's rule, and how the kind's positives
rank among all negatives."""

REPLICATES = 400

KindEstimates = Mapping[str, Mapping[str, Mapping[str, Estimate]]]
"""Arm -> kind -> metric -> its estimate."""


@dataclass(frozen=True, eq=False)
class UnseenKinds:
    """What a trial that leaves kinds of positives out of training says of each kind.

    Attributes:
        source: The column that says the kinds, or "auto" for clusters.
        positives: By kind, how many positives.
        cases: By kind, how many of them are independent.
        negatives: How many negatives were scored.
        false_alarms: By arm, the share of the negatives that its rule flags. A recall
            says something only beside it.
        unseen: By arm and kind, scored by models that have seen none of the kind.
        seen: The same by models of the same trial with ordinary folds; an arm that
            failed there is absent.
    """

    source: str
    positives: Mapping[str, int]
    cases: Mapping[str, int]
    negatives: int
    false_alarms: Mapping[str, float]
    unseen: KindEstimates
    seen: KindEstimates = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The kinds."""
        return tuple(self.positives)

    def ranked(self, kind: str) -> tuple[str, ...]:
        """Return the arms that are shown to rank an unseen kind above the negatives.

        Those of which the whole interval of AUROC lies above .5.

        Args:
            kind: Its name.
        """
        return tuple(
            arm
            for arm, kinds in self.unseen.items()
            if kinds[kind]["roc_auc"].low > 0.5
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "source": self.source,
            "negatives": self.negatives,
            "kinds": [
                {
                    "name": kind,
                    "positives": self.positives[kind],
                    "cases": self.cases[kind],
                    "ranked_unseen_by": list(self.ranked(kind)),
                    "arms": [
                        {
                            "name": arm,
                            "false_alarms": self.false_alarms[arm],
                            "unseen": _facts(kinds[kind]),
                            "seen": _facts(self.seen[arm][kind])
                            if arm in self.seen
                            else None,
                        }
                        for arm, kinds in self.unseen.items()
                    ],
                }
                for kind in self.names
            ],
        }


def kind_values(
    results: CrossValidated,
    kinds: IntArray,
    names: Sequence[str],
    *,
    clusters: IntArray | None = None,
    weights: FloatArray | None = None,
    seed: int = 0,
) -> KindEstimates:
    """Return how well each arm finds each kind of positives.

    The positives of a kind are set against all negatives, on scores that are put on one
    scale over the folds (`out_of_fold.align`). The rule is the arm's own, as it is.
    Intervals are those of a trial (`cv_intervals`), on these rows.

    Args:
        results: What out-of-fold scores say.
        kinds: `[rows]` the kind of each positive, from 0; -1 for negatives.
        names: Of the kinds.
        clusters: `[rows]` rows that depend on each other, or None.
        weights: `[rows]` how much each row counts; None for 1 each.
        seed: Of the intervals.
    """
    by_arm: dict[str, dict[str, dict[str, Estimate]]] = {
        name: {} for name in results.arms
    }
    for number, kind in enumerate(names):
        rows = ~results.y | (kinds == number)
        mass = None if weights is None else weights[rows]
        values = {
            name: _of_rows(arm, results, rows, mass)
            for name, arm in results.arms.items()
        }
        draws = RowWeights(
            results.y[rows],
            cluster_numbers(
                None if clusters is None else clusters[rows], int(rows.sum())
            ),
            REPLICATES,
            seed,
            mass,
        )
        replicated = replicate(values, draws)
        for name, arm in values.items():
            intervals = metric_intervals(arm, replicated[name], draws, OF_KINDS)
            by_arm[name][kind] = {
                metric: at(results.level) for metric, at in intervals.items()
            }
    return by_arm


def false_alarm_rates(
    results: CrossValidated, weights: FloatArray | None = None
) -> dict[str, float]:
    """Return the share of the negatives that each arm's rule flags.

    Args:
        results: What out-of-fold scores say.
        weights: `[rows]` how much each row counts; None for 1 each.
    """
    flagged = {
        name: arm.decided.flagged[:, ~results.y] for name, arm in results.arms.items()
    }
    if weights is None:
        return {name: float(each.mean()) for name, each in flagged.items()}
    mass = weights[~results.y]
    return {
        name: float(np.average(each.mean(axis=0), weights=mass))
        for name, each in flagged.items()
    }


def _of_rows(
    arm: Arm, results: CrossValidated, rows: BoolArray, weights: FloatArray | None
) -> ArmValues:
    """Return an arm's values on some rows, its scores and its rule as they are."""
    y = results.y[rows]
    # One fold: the aligned scores of all folds are ranked together.
    shared = EvaluatedRows(
        y,
        np.zeros((results.repeats, y.size), np.int64),
        as_objective("f1", {}),
        weights=weights,
    )
    fitted = CrossFitted(
        arm.fitted.log_odds[:, rows], arm.fitted.threshold, arm.fitted.calibrators
    )
    decided = replace(arm.decided, score=arm.decided.score[:, rows], goal=None)
    aligned = arm.aligned[:, rows]
    scores = ArmScores.of(y, aligned, fitted, decided)
    splits = by_split(aligned, fitted, shared)
    repeated = by_repeat(scores, splits, shared)
    cells = DecisionCells.of(decided, y, weights).mean
    points = point_estimates(repeated, decision_values(decided, cells, None))
    return ArmValues(shared, fitted, scores, splits, repeated, points)


def _facts(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    return {metric: estimate.as_dict() for metric, estimate in estimates.items()}
