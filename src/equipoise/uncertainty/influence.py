# SPDX-License-Identifier: Apache-2.0
"""How much each row moves a ranking metric: the source of its standard error.

A metric of two independent samples has, to first order, the variance of the mean
influence of the positives plus that of the negatives. For the AUROC this is
DeLong's variance; for average precision the influence has the closed form below
(the delta method on AP as a functional of the two score distributions).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import check_columns
from equipoise.uncertainty.delong import placements
from equipoise.uncertainty.proportion import effective_size
from equipoise.uncertainty.score_interval import ClassPart, Spread

UNSEEN_NEGATIVE = 0.1
"""How many further negatives above all rows the lower end of average precision
allows for; chosen by simulation, as the powers below were."""
NEAR_ROC_AUC = 8.0
"""How fast, away from separation, the AUROC's ends stop allowing for a further row as
bad, or as good, as can be: the power of the distance from .5. These three were chosen
by simulation on mixtures, other than those of the published table."""
NEAR_PRECISION_LOW = 4.0
"""The same for the lower end of average precision, of its distance from 0."""
NEAR_PRECISION_HIGH = 2.0
"""The same for its upper end, of its distance from 1."""


def unseen_weight(nearness: float, power: float) -> float:
    """Return how much of a further row, as bad as can be, an end allows for.

    All of it next to separation; away from it the sample shows rows of every kind,
    and less is needed.

    Args:
        nearness: 1 at the end of the metric's range, 0 at chance; below 0 counts as 0.
        power: How fast it falls.

    Example:
        >>> unseen_weight(1.0, 4), round(unseen_weight(0.8, 4), 4)
        (1.0, 0.4096)
        >>> unseen_weight(-0.5, 4)
        0.0
    """
    return float(max(0.0, nearness) ** power)


@dataclass(frozen=True, eq=False)
class Influence:
    """A metric with the influence of each row.

    Attributes:
        value: The metric; NaN if it is undefined.
        row: `[rows]` influence of each row, centred within its class and
            multiplied by the row's share of its class' weight: the value's error
            is the sum of as many independent terms.
        positive: `[rows]` whether the row is positive.
        weight: `[rows]` weights.
    """

    value: float
    row: FloatArray
    positive: BoolArray
    weight: FloatArray

    def variance(self, clusters: npt.ArrayLike | None = None) -> float:
        """Return the variance, of independent rows or of independent clusters.

        Args:
            clusters: `[rows]` names of groups of dependent rows, or None.
        """
        if clusters is not None:
            unit = group_numbers(clusters, self.row.size)
            parts = [
                jackknifed(unit, self.row, self.weight, rows)
                for rows in (self.positive, ~self.positive)
            ]
            return _of_clusters(parts[0] + parts[1])
        alone = [
            _independent(self.row[rows], self.weight[rows])
            for rows in (self.positive, ~self.positive)
        ]
        return float(sum(alone))

    def units(self, clusters: npt.ArrayLike | None = None) -> float:
        """Return the number of independent units of the rarer class.

        Args:
            clusters: As in `variance`.
        """
        return min(
            self._units(rows, clusters) for rows in (self.positive, ~self.positive)
        )

    def _units(self, rows: BoolArray, clusters: npt.ArrayLike | None) -> float:
        if clusters is None:
            return effective_size(self.weight[rows])
        unit = group_numbers(clusters, self.positive.size)
        return effective_clusters(unit[rows], self.weight[rows])

    def by_class(
        self, clusters: npt.ArrayLike | None = None
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return variance and independent units of the positives, of the negatives.

        Args:
            clusters: As in `variance`. A cluster of rows of both classes is a unit of
                each.
        """
        classes = []
        for rows in (self.positive, ~self.positive):
            units = self._units(rows, clusters)
            if clusters is None:
                part = _independent(self.row[rows], self.weight[rows])
            else:
                unit = group_numbers(clusters, self.row.size)
                part = _of_clusters(jackknifed(unit, self.row, self.weight, rows))
            classes.append((part, units))
        return classes[0], classes[1]


def jackknifed(
    unit: IntArray, row: FloatArray, weight: FloatArray, rows: BoolArray
) -> FloatArray:
    """Return by how much a mean over some rows moves without each cluster.

    With few clusters of unequal sizes a large one pulls the mean towards itself, and
    its own error looks small. Left out, it is held against the others: its sum is
    divided by what remains (Bell and McCaffrey 2002).

    Args:
        unit: `[rows]` cluster numbers from 0.
        row: `[rows]` each row's part of the error of the mean.
        weight: `[rows]` weights.
        rows: `[rows]` which rows the mean is over.

    Returns:
        `[clusters]`; NaN if one cluster holds all of these rows.
    """
    count = int(unit.max()) + 1 if unit.size else 0
    total = np.bincount(unit[rows], weights=row[rows], minlength=count)
    mass = np.bincount(unit[rows], weights=weight[rows], minlength=count)
    if not mass.any():
        return np.zeros(count)
    left = 1 - mass / mass.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(left > 1e-12, total / left, NAN))


def effective_clusters(unit: IntArray, weight: FloatArray) -> float:
    """Return how many clusters of equal weight these are worth; 0 without weight.

    Args:
        unit: `[rows]` cluster numbers from 0.
        weight: `[rows]` weights.

    Example:
        >>> effective_clusters(np.array([0, 0, 0, 1]), np.ones(4))
        1.6
    """
    return effective_size(np.bincount(unit, weights=weight)) if unit.size else 0.0


def _of_clusters(without_each: FloatArray) -> float:
    """Return the jackknife's variance of the clusters that hold something."""
    held = int(np.count_nonzero(without_each))
    if without_each.size < 2 or np.isnan(without_each).any():
        return NAN
    m = max(held, 2)
    return float((m - 1) / m * np.sum(without_each**2))


def roc_auc_influence(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Influence:
    """Return the AUROC with each row's influence: its centred placement value.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> influence = roc_auc_influence([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> influence.value, influence.variance()
        (0.75, 0.125)
    """
    positive, _, weight = check_columns(y, score, weights)
    placed = placements(y, score, weights)
    row = np.zeros(positive.size)
    if not np.isnan(placed.auc):
        row[positive] = placed.positive_weight * (placed.positive - placed.auc)
        row[~positive] = placed.negative_weight * (placed.negative - placed.auc)
    return Influence(placed.auc, row, positive, weight)


def roc_auc_spread(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
) -> Spread:
    """Return the AUROC with what is known about its error.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights of at least 0, or None.
        clusters: `[rows]` names of groups of dependent rows, or None.

    Example:
        >>> roc_auc_spread([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).units
        2.0
    """
    influence = roc_auc_influence(y, score, weights)
    if np.isnan(influence.value):
        return Spread(NAN, NAN, 0.0)
    variance, parts = influence.variance(clusters), influence.by_class(clusters)
    return Spread(
        influence.value,
        variance,
        min(units for _, units in parts),
        parts=tuple(
            ClassPart(part, units, influence.value, 1 - influence.value)
            for part, units in parts
        ),
        weight_low=unseen_weight(2 * influence.value - 1, NEAR_ROC_AUC),
        weight_high=unseen_weight(1 - 2 * influence.value, NEAR_ROC_AUC),
    )


def average_precision_influence(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Influence:
    """Return average precision with each row's influence.

    With T positives and F negatives at or above a threshold, the precision
    T / (T + F) moves by F / (T + F)^2 with each further positive above it and
    by -T / (T + F)^2 with each further negative. A positive also contributes the
    precision at its own score. The share of positives is held fixed.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> y, score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> influence = average_precision_influence(y, score)
        >>> round(influence.value, 4), round(influence.variance(), 4)
        (0.8333, 0.0401)
    """
    return _Precisions.of(y, score, weights).influence()


def average_precision_spread(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
) -> Spread:
    """Return average precision with what is known about its error.

    Its bias is positive: the precision at a positive counts that positive
    itself. A list without negatives at its top looks certain, and so does one
    without positives there: if a tenth of the positives are easy, 12 of them
    hold no easy one in 28 % of samples. The ends allow for such rows.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights of at least 0, or None.
        clusters: `[rows]` names of groups of dependent rows, or None.

    Example:
        >>> spread = average_precision_spread([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> round(spread.bias, 4)
        0.0556
    """
    parts = _Precisions.of(y, score, weights)
    influence = parts.influence()
    if np.isnan(influence.value):
        return Spread(NAN, NAN, 0.0)
    variance = influence.variance(clusters)
    if not parts.negatives:
        return Spread(influence.value, variance, effective_size(parts.weight))
    low = UNSEEN_NEGATIVE * parts.top**2
    of_positives, of_negatives = influence.by_class(clusters)
    return Spread(
        influence.value,
        variance,
        min(of_positives[1], of_negatives[1]),
        low,
        bias=parts.bias,
        # What a further negative takes away is in `low`.
        parts=(
            ClassPart(*of_positives, influence.value, 1 - influence.value),
            ClassPart(*of_negatives, 0.0, 0.0),
        ),
        weight_low=unseen_weight(influence.value, NEAR_PRECISION_LOW),
        weight_high=unseen_weight(1 - influence.value, NEAR_PRECISION_HIGH),
    )


@dataclass(frozen=True, eq=False)
class _Precisions:
    """Average precision taken apart into thresholds, `[thresholds]`."""

    group: npt.NDArray[np.int64]
    positive: BoolArray
    weight: FloatArray
    hits: FloatArray
    tp: FloatArray
    flagged: FloatArray

    @classmethod
    def of(
        cls, y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None
    ) -> _Precisions:
        positive, s, weight = check_columns(y, score, weights)
        # `unique` sorts upwards; thresholds run from the highest score down.
        group = np.unique(-s, return_inverse=True)[1].astype(np.int64)
        hits = np.bincount(group, weights=weight * positive).astype(np.float64)
        mass = np.bincount(group, weights=weight).astype(np.float64)
        tp, flagged = np.cumsum(hits), np.cumsum(mass)
        return cls(group, positive, weight, hits, tp, flagged)

    @property
    def positives(self) -> float:
        return float(self.tp[-1]) if self.tp.size else 0.0

    @property
    def negatives(self) -> float:
        return float(self.flagged[-1]) - self.positives if self.tp.size else 0.0

    def _slope(self, gained: FloatArray) -> FloatArray:
        """Return gained / flagged^2, 0 if nothing has weight yet."""
        return np.asarray(gained / np.maximum(self.flagged, 1e-150) ** 2)

    @property
    def top(self) -> float:
        """Loss in average precision by one negative above all rows."""
        one = self.negatives / effective_size(self.weight[~self.positive])
        lost = np.sum(self.hits * self._slope(self.tp))
        return float(one * lost) / self.positives

    @property
    def bias(self) -> float:
        """First-order bias: what each positive adds to its own precision."""
        share = self.weight / self.positives
        slope = self._slope(self.flagged - self.tp)[self.group]
        return float(np.sum((share * self.weight * slope)[self.positive]))

    def influence(self) -> Influence:
        if self.positives == 0:
            empty = np.zeros(self.positive.size)
            return Influence(NAN, empty, self.positive, self.weight)
        precision = self.tp / np.maximum(self.flagged, 1e-300)
        value = float(np.sum(self.hits * precision) / self.positives)
        gain = _from_below(self.hits * self._slope(self.flagged - self.tp))
        loss = _from_below(self.hits * self._slope(self.tp))
        raw = np.where(self.positive, (precision + gain)[self.group], -loss[self.group])
        row = np.zeros(raw.size)
        for rows in (self.positive, ~self.positive):
            total = self.weight[rows].sum()
            if total > 0:
                share = self.weight[rows] / total
                scale = total / self.positives
                row[rows] = scale * share * (raw[rows] - np.sum(share * raw[rows]))
        return Influence(value, row, self.positive, self.weight)


def _from_below(values: FloatArray) -> FloatArray:
    """Return, for each threshold, the sum over it and all lower ones."""
    return np.cumsum(values[::-1])[::-1]


def _independent(row: FloatArray, weight: FloatArray) -> float:
    total = weight.sum()
    if total == 0:
        return 0.0
    concentration = float(np.sum((weight / total) ** 2))
    if concentration >= 1:
        return NAN
    # Without weights: sum of squares / (n (n - 1)).
    return float(np.sum(row**2) / (1 - concentration))
