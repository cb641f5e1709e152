# SPDX-License-Identifier: Apache-2.0
"""One decision rule, and what it decides about rows unseen by its models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from equipoise._core.types import BoolArray, FloatArray
from equipoise.decision.costs import Costs
from equipoise.decision.decimals import rounded, short_cut
from equipoise.decision.objectives import Objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.metrics import Counts
from equipoise.metrics import metric as metric_named
from equipoise.metrics.decisions import cost
from equipoise.metrics.registry import decided_metrics
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

UNDECIDED = "undecided"
"""The share of rows that a rule with two thresholds leaves to somebody else."""


@dataclass(frozen=True, eq=False)
class Decided:
    """One rule for all rows, folds and repeats: the one that is handed over.

    Attributes:
        score: `[views, rows]` calibrated log-odds; a view is a repeat, or the mean
            over the repeats.
        upper: A row is flagged from here upwards, in log-odds; +inf flags nothing.
        lower: A row is left undecided from here up to `upper`; None if every row is
            decided.
        goal: What the threshold is the best at on these very rows; None if it was
            not chosen on them, as one that follows from costs.
    """

    score: FloatArray
    upper: float
    lower: float | None = None
    goal: Objective | None = None

    @classmethod
    def choose(
        cls,
        score: FloatArray,
        y: BoolArray,
        goal: Objective,
        weights: FloatArray | None = None,
    ) -> Self:
        """Choose the rule that is the best over all rows and views.

        Counts are means over the views. The threshold is then moved to the short
        decimal, as a probability, that decides about these rows alike.

        Args:
            score: `[views, rows]` calibrated log-odds.
            y: `[rows]` whether a row is positive.
            goal: What the rule must be best at.
            weights: `[rows]` how much each row counts; None for 1 each.
        """
        if goal.costs is not None:
            return cls(score, *_of_costs(goal.costs))
        views = len(score)
        each = np.ones(y.size) if weights is None else weights
        chosen = choose_threshold(
            score.ravel(),
            np.tile(y, views),
            objective=goal,
            weights=np.tile(each / views, views),
        )
        return cls(score, short_cut(chosen.value, score), None, goal)

    @cached_property
    def flagged(self) -> BoolArray:
        """`[views, rows]` whether a row is flagged."""
        return np.asarray((self.score >= self.upper) & (self.upper < math.inf))

    @cached_property
    def undecided(self) -> BoolArray:
        """`[views, rows]` whether a row is left undecided."""
        if self.lower is None:
            return np.zeros(self.score.shape, bool)
        return np.asarray(~self.flagged & (self.score >= self.lower))

    @property
    def threshold(self) -> float:
        """The probability from which a row is flagged."""
        return rounded(float(probability(self.upper)))

    @property
    def lower_threshold(self) -> float | None:
        """The probability from which a row is left undecided, or None."""
        if self.lower is None:
            return None
        return rounded(float(probability(self.lower)))


def _of_costs(costs: Costs) -> tuple[float, float | None]:
    """Return the two thresholds that follow from costs, in log-odds."""
    band = costs.band()
    if band is None:
        return costs.log_odds, None
    low, high = (float(to_log_odds(p)) for p in band)
    return high, low


@dataclass(frozen=True, eq=False)
class DecisionCells:
    """What was decided about each class; numbers, or arrays of one shape.

    Attributes:
        tp: Weight of the flagged positives.
        fp: Weight of the flagged negatives.
        left_positives: Weight of the positives that are left undecided.
        left_negatives: Weight of the negatives that are left undecided.
        positives: Weight of all positives.
        negatives: Weight of all negatives.
    """

    tp: FloatArray
    fp: FloatArray
    left_positives: FloatArray
    left_negatives: FloatArray
    positives: FloatArray
    negatives: FloatArray

    @classmethod
    def of(
        cls, decided: Decided, y: BoolArray, weights: FloatArray | None = None
    ) -> Self:
        """Count the decisions of each view, arrays `[views]`."""
        w = np.ones(y.size) if weights is None else weights
        one, other = np.where(y, w, 0.0), np.where(y, 0.0, w)
        on, left = decided.flagged.astype(float), decided.undecided.astype(float)
        views = np.ones(len(on))
        return cls(
            on @ one,
            on @ other,
            left @ one,
            left @ other,
            views * one.sum(),
            views * other.sum(),
        )

    @property
    def mean(self) -> Self:
        """The means over the first axis."""
        return type(self)(*(np.mean(part, axis=0) for part in vars(self).values()))

    @property
    def counts(self) -> Counts:
        """The confusion matrix; rows left undecided count as not flagged."""
        return Counts(
            self.tp, self.fp, self.positives - self.tp, self.negatives - self.fp
        )


Definition = Callable[[DecisionCells], FloatArray]


def definitions(costs: Costs | None, *, undecided: bool) -> Mapping[str, Definition]:
    """Return the metrics of decisions by name.

    A row that is left undecided counts as not flagged; in "cost" it costs what
    abstaining does.

    Args:
        costs: For the metric "cost"; None leaves it out.
        undecided: Whether rows can be left undecided; adds their share.
    """
    by_name: dict[str, Definition] = {}
    for name in decided_metrics():
        of_counts = metric_named(name).of_counts
        if of_counts is not None:
            by_name[name] = _of_counts(of_counts)
    if undecided:
        by_name[UNDECIDED] = left_share
    if costs is not None:
        by_name["cost"] = _cost(costs)
    return by_name


def _of_counts(function: Callable[[Counts], FloatArray]) -> Definition:
    return lambda cells: function(cells.counts)


def left_share(cells: DecisionCells) -> FloatArray:
    """Return the share of the rows that is left undecided."""
    rows = cells.positives + cells.negatives
    return np.asarray((cells.left_positives + cells.left_negatives) / rows)


def _cost(costs: Costs) -> Definition:
    def spent(cells: DecisionCells) -> FloatArray:
        decided = cost.of_counts(cells.counts, **cost_options(costs))
        if costs.abstain is None:
            return decided
        # So far those left undecided were charged as not flagged.
        more = cells.left_positives * (costs.abstain - costs.fn)
        more = more + cells.left_negatives * (costs.abstain - costs.tn)
        return np.asarray(decided + more / (cells.positives + cells.negatives))

    return spent


def cost_options(costs: Costs) -> dict[str, float]:
    """Return the options of the metric "cost"."""
    return {
        "false_positive": costs.fp,
        "false_negative": costs.fn,
        "true_positive": costs.tp,
        "true_negative": costs.tn,
    }
