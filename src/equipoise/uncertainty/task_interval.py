# SPDX-License-Identifier: Apache-2.0
"""Intervals of metrics of several classes or labels, from the rows' influences.

The method was chosen by simulation on some shapes of scores and judged on others
(`benchmarks/coverage_classes.py`): the score interval at the effective number of trials
with a quantile of the t distribution. In an average in which every class counts alike,
most of the error is that of the rarest class, and the degrees of freedom are one less
than it has rows. The interval on the scale of log-odds covers as often where both
exist, and has no end where the value is 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from equipoise._core.checks import number
from equipoise.metrics.estimate import Estimate
from equipoise.uncertainty.influences import StratumPart, TaskInfluence
from equipoise.uncertainty.score_interval import beta_quantile, t_quantile

METHOD = "influence of the rows, effective-size score, t"
LOSS_METHOD = "influence of the rows, t on the log scale"
ONE_UNIT = "one row of a class: its error is unknown"
UNSEEN_LOSS = 0.5
"""For how many further rows of each class without loss, or with twice the mean one, the
interval of a mean loss allows."""
_LARGEST = 700.0


def macro_interval(
    made: TaskInfluence,
    level: float = 0.95,
    *,
    raised: float = 0.0,
    added: float = 0.0,
) -> Estimate:
    """Return a metric of several classes or labels with its interval.

    It never leaves the metric's limits, always holds the value, and has a width above
    0 unless nothing can vary.

    Args:
        made: What `task_influence` gave.
        level: Coverage, strictly between 0 and 1.
        raised: By how much the rows' variance is raised, as for cross-validated scores,
            whose models share rows.
        added: Variance that is added, as for the variation between repeats.

    Returns:
        The estimate; without an interval, and with the reason, if a class that counts
        by itself has a single row (or cluster), or the value is infinite.

    Raises:
        InputError: The level is out of range.

    Example:
        >>> from equipoise.task import Task
        >>> from equipoise.uncertainty.influences import task_influence
        >>> y = np.repeat([0, 1, 2], [30, 20, 8])
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> estimate = macro_interval(task_influence("balanced_accuracy", task, y, y))
        >>> estimate.value, round(estimate.low, 2), estimate.high
        (1.0, 0.81, 1.0)
    """
    number(level, "level", 0, 1, open_ends=True)
    value = made.value
    if math.isnan(value):
        return Estimate.undefined(made.reason)
    if math.isinf(value):
        return Estimate(value, reason="it is infinite", level=level)
    seen = made.variance
    if math.isnan(seen) or made.units < 2:
        return Estimate(value, reason=ONE_UNIT, level=level)
    low, high = made.limits
    variance = (seen + made.unseen) * (1 + raised) + added
    quantile = float(t_quantile((1 + level) / 2, freedom(made)))
    if math.isinf(high):
        return _loss(made, variance, quantile, level)
    size = high - low
    if not size > 0:
        return Estimate(value, value, value, METHOD, level=level)
    place = min(1.0, max(0.0, (value - low) / size))
    ends = list(_score(place, variance / size**2, quantile))
    if made.bias > 0:
        less = max(0.0, place - made.bias / size)
        ends[0] = min(ends[0], _score(less, variance / size**2, quantile)[0])
    tail = (1 - level) / 2
    # By hidden rows: of a kind that no row of a small class shows.
    below = _hidden(made.parts, tail, 1 + raised, size, low=True)
    above = _hidden(made.parts, tail, 1 + raised, size, low=False)
    ends[0] = max(0.0, min(ends[0], place - below))
    ends[1] = min(1.0, max(ends[1], place + above))
    return Estimate(
        value,
        min(value, low + size * ends[0]),
        max(value, low + size * ends[1]),
        METHOD,
        level=level,
    )


def freedom(made: TaskInfluence) -> float:
    """Return the degrees of freedom of a metric's variance.

    One less than the rarest class has units, if every class counts alike. Else
    Satterthwaite's (1946): few rows that count for little do not matter.

    Args:
        made: What `task_influence` gave.
    """
    fewest = max(1.0, made.units - 1)
    if made.each_class:
        return fewest
    parts = [(part.variance, part.units - 1) for part in made.parts if part.units > 1]
    total = sum(variance for variance, _ in parts)
    if not total > 0:
        return fewest
    squares = sum((variance / total) ** 2 / df for variance, df in parts)
    return max(fewest, 1 / squares)


def _score(place: float, variance: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's interval at the effective number of trials, within [0, 1]."""
    if not variance > 0:
        return place, place
    # At an end the variance is that of half a wrong row among n, 1 / (2 n^2).
    trials = max(place * (1 - place) / variance, math.sqrt(0.5 / variance))
    square = quantile**2
    middle = (trials * place + square / 2) / (trials + square)
    half = quantile * math.sqrt(trials * place * (1 - place) + square / 4)
    half /= trials + square
    low = 0.0 if place == 0 else max(0.0, middle - half)
    return low, 1.0 if place == 1 else min(1.0, middle + half)


def _hidden(
    parts: Sequence[StratumPart], tail: float, raised: float, size: float, *, low: bool
) -> float:
    """Return how far an end lies from the value if rows are hidden from the sample.

    Each stratum's mean has the lower end of a beta distribution to which a further row
    of value 0 is added (see `score_interval`); their distances are combined as those of
    independent terms (Zou and Donner 2008).
    """
    total, allowed = 0.0, False
    for part in parts:
        if not part.share or math.isnan(part.value):
            continue
        near = part.near_low if low else part.near_high
        allowed |= near > 0
        # On the scale from 0 to 1, whatever the metric's limits are.
        mean = min(1.0, part.value / size)
        mean = mean if low else 1 - mean
        n, whole = part.units, part.units + near
        variance = raised * part.variance / (part.share * size) ** 2
        squares = variance * n * max(n - 1, 0.0) + near * n / whole * mean**2
        middle, spread = mean * n / whole, squares / (whole * (whole + 1))
        end = float(beta_quantile(np.asarray(middle), np.asarray(spread), tail))
        total += (part.share * max(0.0, mean - min(end, middle))) ** 2
    return math.sqrt(total) if allowed else 0.0


def _loss(
    made: TaskInfluence, variance: float, quantile: float, level: float
) -> Estimate:
    """Return the interval of a mean loss, which has no upper limit."""
    value = made.value
    one = [
        part.share * part.value / part.units
        for part in made.parts
        if part.share and part.units
    ]
    unseen = UNSEEN_LOSS * sum(each**2 for each in one)
    if value <= 0:
        return Estimate(value, 0.0, UNSEEN_LOSS / made.units, LOSS_METHOD, level=level)
    half = quantile * math.sqrt(variance + unseen) / value
    # Beyond this the upper end says nothing, and its exponential overflows.
    high = value * math.exp(min(half, _LARGEST))
    low = max(0.0, value * (1 - half))
    return Estimate(value, low, high, LOSS_METHOD, level=level)
