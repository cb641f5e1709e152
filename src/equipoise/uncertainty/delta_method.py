# SPDX-License-Identifier: Apache-2.0
"""Intervals of the other decision metrics, from those of recall and specificity.

Given the classes' sizes, every metric of decisions is a function of recall and
specificity, which are two independent shares. Most metrics take the delta method;
variances and slopes are taken half a row away from 0 and 1, so nothing collapses
there. Where the logarithm of a metric is a sum over the shares, as for ratios and
the geometric mean, no slope tells how far it moves as a share nears 0, and the
distances to the ends of the shares' own intervals are combined.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import number
from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import check_columns
from equipoise.metrics.registry import Metric
from equipoise.uncertainty.influence import effective_clusters, jackknifed
from equipoise.uncertainty.proportion import effective_size, mid_p, normal_quantile
from equipoise.uncertainty.score_interval import Spread, effective_wilson, t_quantile

_STEP = 1e-5
_LAST_POWER = 709.0
"""Up to it exponentials are finite."""


def delta_interval(
    metric: Metric,
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    threshold: float,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    **options: float,
) -> tuple[float, float]:
    """Return the interval of a metric of decisions, at the table's prevalence.

    Metrics with a bounded range take the effective-size score interval. Ratios
    recover the error of their logarithm from the mid-P intervals of both shares (Zou
    and Donner 2008). The geometric mean does so at its lower end, and takes the
    higher upper end of the two.

    Args:
        metric: Of the kinds "threshold" or "cost".
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        threshold: Rows with score >= threshold are flagged; chosen on other rows.
        weights: `[rows]` weights, or None.
        clusters: `[rows]` cluster of each row, or None.
        level: Coverage.
        **options: Passed to the metric.

    Returns:
        The lower and the upper end; NaN if a class is absent.

    Example:
        >>> from equipoise.metrics.registry import METRICS
        >>> y, score = [1] * 12 + [0] * 88, [0.9] * 9 + [0.1] * 88 + [0.9] * 3
        >>> low, high = delta_interval(METRICS["g_mean"], y, score, threshold=0.5)
        >>> 0.5 < low < 0.85 < high < 1
        True
    """
    positive, values, weight = check_columns(y, score, weights)
    cut = number(threshold, "threshold", infinite=True)
    rows = _Rows(positive, values >= cut, weight, clusters)
    definition = metric.of_counts
    if definition is None or min(rows.totals) == 0:
        return NAN, NAN

    def at(recall: float, specificity: float) -> float:
        return float(definition(rows.cells(recall, specificity), **options))

    value = at(*rows.shares(0.0))
    if combined_in_logs(metric):
        return _log_interval(at, value, rows, level)
    low, high = _bounded_interval(at, value, rows, level, (metric.low, metric.high))
    if metric.name != "g_mean":
        return low, high
    # Its slope is infinite where a share is 0; where both are near 1, distances that
    # are combined fall short.
    recovered = _log_interval(at, value, rows, level)
    high = max(high, recovered[1])
    return recovered[0], high if math.isnan(high) else min(high, metric.high)


def combined_in_logs(metric: Metric) -> bool:
    """Return whether a metric is a ratio, whose logarithm is a sum over the shares."""
    return math.isinf(metric.high) and metric.low == 0


class _Rows:
    """The decisions, as shares of the two classes."""

    def __init__(
        self,
        positive: BoolArray,
        flagged: BoolArray,
        weight: FloatArray,
        clusters: npt.ArrayLike | None,
    ) -> None:
        self.classes = (positive & (weight > 0), ~positive & (weight > 0))
        self.right = positive == flagged
        self.weight = weight
        self.clusters = (
            None if clusters is None else group_numbers(clusters, weight.size)
        )
        self.totals = tuple(float(weight[rows].sum()) for rows in self.classes)
        self.sizes = tuple(effective_size(weight[rows]) for rows in self.classes)

    def shares(self, smooth: float = 0.5) -> tuple[float, float]:
        """Return recall and specificity, `smooth` rows away from 0 and 1."""
        shares = []
        for rows, total, size in zip(
            self.classes, self.totals, self.sizes, strict=True
        ):
            share = float(self.weight[rows & self.right].sum()) / total
            shares.append((share * size + smooth) / (size + 2 * smooth))
        return shares[0], shares[1]

    def ends(self, level: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the mid-P intervals of recall and specificity."""
        recall, specificity = (
            mid_p(min(share * size, size), size, level)
            for share, size in zip(self.shares(0.0), self.sizes, strict=True)
        )
        return recall, specificity

    def cells(self, recall: float, specificity: float) -> Counts:
        p, n = self.totals
        made = (p * recall, n * (1 - specificity), p * (1 - recall), n * specificity)
        return Counts(*(np.asarray(cell) for cell in made))

    def units(self) -> float:
        if self.clusters is None:
            return min(self.sizes)
        return min(
            effective_clusters(self.clusters[rows], self.weight[rows])
            for rows in self.classes
        )

    def widening(self, slopes: tuple[float, float], level: float) -> float:
        """Return by how much clusters widen the interval of such a function."""
        if self.clusters is None:
            return 1.0
        tail = (1 + level) / 2
        few = float(t_quantile(tail, max(1.0, self.units() - 1)))
        ratio = self.variance(slopes) / self.independent(slopes)
        return math.sqrt(ratio) * few / normal_quantile(tail)

    def independent(self, slopes: tuple[float, float]) -> float:
        """Return the variance of a function if the rows are independent."""
        return float(
            sum(
                slope**2 * share * (1 - share) / size
                for slope, share, size in zip(
                    slopes, self.shares(), self.sizes, strict=True
                )
            )
        )

    def variance(self, slopes: tuple[float, float]) -> float:
        """Return the variance of a function with these slopes in the shares."""
        independent = self.independent(slopes)
        if self.clusters is None:
            return independent
        m = int(self.clusters.max()) + 1
        without_each = np.zeros(m)
        for rows, slope, share, total in zip(
            self.classes, slopes, self.shares(0.0), self.totals, strict=True
        ):
            error = slope * self.weight * (self.right - share) / total
            without_each += jackknifed(self.clusters, error, self.weight, rows)
        clustered = (m - 1) / m * float(np.sum(without_each**2)) if m > 1 else NAN
        return clustered if math.isnan(clustered) else max(clustered, independent)


Function = Callable[[float, float], float]


def _slopes(at: Function, recall: float, specificity: float) -> tuple[float, float]:
    """Return the central differences in both shares."""
    h, k = _step(recall), _step(specificity)
    return (
        (at(recall + h, specificity) - at(recall - h, specificity)) / 2 / h,
        (at(recall, specificity + k) - at(recall, specificity - k)) / 2 / k,
    )


def _step(share: float) -> float:
    """Return a step that stays well inside (0, 1), for half a row may be less."""
    return min(_STEP, share / 10, (1 - share) / 10)


def _bounded_interval(
    at: Function,
    value: float,
    rows: _Rows,
    level: float,
    limits: tuple[float, float],
) -> tuple[float, float]:
    low, high = limits
    if math.isinf(low) or math.isinf(high):
        # A cost is linear in both shares: its extremes lie at the corners.
        corners = [at(*pair) for pair in itertools.product((0.0, 1.0), repeat=2)]
        low, high = min(corners), max(corners)
    if math.isnan(value) or not low < high:
        return NAN, NAN
    variance = rows.variance(_slopes(at, *rows.shares())) / (high - low) ** 2
    place = (value - low) / (high - low)
    ends = effective_wilson(Spread(place, variance, rows.units()), level)
    return low + (high - low) * float(ends[0]), low + (high - low) * float(ends[1])


def _log_interval(
    at: Function, value: float, rows: _Rows, level: float
) -> tuple[float, float]:
    """Combine the distances to the shares' ends, on the logarithm of the metric."""
    if math.isnan(value):
        return NAN, NAN

    def log_at(recall: float, specificity: float) -> float:
        value = at(recall, specificity)
        return math.log(value) if value > 0 else -math.inf

    # A share of 0 or 1 has no logarithm, or none on its other side.
    recall, specificity = (
        share if 0 < share < 1 else smooth
        for share, smooth in zip(rows.shares(0.0), rows.shares(), strict=True)
    )
    middle = log_at(recall, specificity)
    of_recall, of_specificity = rows.ends(level)
    distances = (
        [log_at(end, specificity) - middle for end in of_recall],
        [log_at(recall, end) - middle for end in of_specificity],
    )
    below, above = (
        math.hypot(*(pick(0.0, *m) for m in distances)) for pick in (min, max)
    )
    wider = rows.widening(_slopes(log_at, *rows.shares()), level)
    low, high = _exp(middle - wider * below), _exp(middle + wider * above)
    return min(low, value), max(high, value)


def _exp(power: float) -> float:
    return math.inf if power > _LAST_POWER else math.exp(power)
