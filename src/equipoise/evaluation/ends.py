# SPDX-License-Identifier: Apache-2.0
"""From replicates to intervals: the forms that held in simulation.

`benchmarks/coverage_cross_validation.py` measures them from 8 positives upwards.
Average precision, recall, F1 and G-mean take the score interval at the effective
number of trials, as a fixed model's do, with the replicates' variance; the others
take percentiles of replicates with a pseudo-row where it harms (lower end) and
where it helps (upper end), so that no interval has zero width.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise.evaluation.points import Caution
from equipoise.evaluation.statistics import ADVERSE, FAVOURABLE, PLAIN
from equipoise.metrics import METRICS, Estimate
from equipoise.metrics.effective import Spread, effective_wilson, t_quantile

FloatArray = npt.NDArray[np.float64]

BETWEEN = 2.0
"""How often the variance between repeats is added to that of the rows, chosen by
simulation: it matters where a learner is unstable, and else adds next to nothing."""
ONE_ROW = "one row of a class: its error is unknown"
SCORE_FORM = ("average_precision", "recall", "f1", "g_mean")
PERCENTILE_FORM = ("precision", "mcc")


def resampled_interval(
    metric: str,
    point: Estimate,
    replicates: FloatArray,
    units: int,
    level: float,
    caution: Caution | None = None,
    between: float = 0.0,
) -> Estimate:
    """Return a point with the interval that its replicates say.

    Args:
        metric: The metric's name.
        point: The value on all rows; returned as it is where undefined.
        replicates: `[3, replicates]`: as they are, harmed, helped.
        units: Independent rows (clusters) of the rarer class.
        level: Coverage.
        caution: How much average precision flatters.
        between: Variance from one repeat to the next; twice of it is added.
    """
    if not point.defined:
        return point
    plain = replicates[PLAIN][np.isfinite(replicates[PLAIN])]
    if units < 2 or plain.size < 2:
        return Estimate(point.value, reason=ONE_ROW, level=level)
    if metric in SCORE_FORM:
        variance = float(plain.var(ddof=1)) * units / (units - 1) + BETWEEN * between
        low, high = _score(point.value, variance, units, level, caution)
        method = "row weights, effective-size score"
    else:
        expand = metric not in PERCENTILE_FORM
        low, high = _percentiles(
            metric, point.value, replicates, _tail(units, level, expand)
        )
        method = f"row weights, {'expanded ' if expand else ''}percentile"
        low, high = _widened(metric, point.value, (low, high), plain, between)
    return Estimate(point.value, low, high, method=method, level=level)


def _score(
    value: float, variance: float, units: int, level: float, caution: Caution | None
) -> tuple[float, float]:
    extra = caution or Caution(0.0, 0.0)
    spread = Spread(value, variance, units, unseen_low=extra.unseen, bias=extra.bias)
    low, high = effective_wilson(spread, level)
    return float(low), float(high)


def _tail(units: int, level: float, expand: bool) -> float:
    """Return the tail's mass; expanded as t is from the normal (Hesterberg 2015)."""
    from scipy.special import ndtr

    if not expand:
        return (1 - level) / 2
    stretch = math.sqrt(units / (units - 1)) * t_quantile((1 + level) / 2, units - 1)
    return float(ndtr(-stretch))


def _percentiles(
    metric: str, value: float, replicates: FloatArray, tail: float
) -> tuple[float, float]:
    lower, upper = ADVERSE, FAVOURABLE
    if metric == "flag_rate":  # a pseudo-row of either class moves it
        lower, upper = PLAIN, PLAIN
    elif not METRICS[metric].higher_is_better:
        lower, upper = upper, lower
    low = float(np.nanquantile(replicates[lower], tail))
    high = float(np.nanquantile(replicates[upper], 1 - tail))
    return min(low, value), max(high, value)


def _widened(
    metric: str,
    value: float,
    ends: tuple[float, float],
    plain: FloatArray,
    between: float,
) -> tuple[float, float]:
    """Move both ends outwards as if the variance between repeats were added."""
    inside = float(plain.var(ddof=1))
    if between == 0 or inside == 0:
        return ends
    stretch = math.sqrt(1 + BETWEEN * between / inside)
    low, high = (value + stretch * (end - value) for end in ends)
    return max(low, METRICS[metric].low), min(high, METRICS[metric].high)


def difference_interval(
    value: float, replicates: FloatArray, units: int, level: float
) -> Estimate:
    """Return a paired difference with a t interval on its replicates' spread.

    Args:
        value: The difference on all rows.
        replicates: `[replicates]` differences under the same weights.
        units: Independent rows (clusters) of the rarer class.
        level: Coverage.
    """
    if math.isnan(value):
        return Estimate.undefined("one of the two is undefined")
    known = replicates[np.isfinite(replicates)]
    if units < 2 or known.size < 2:
        return Estimate(value, reason=ONE_ROW)
    spread = math.sqrt(float(known.var(ddof=1)) * units / (units - 1))
    half = float(t_quantile((1 + level) / 2, units - 1)) * spread
    return Estimate(value, value - half, value + half, "row weights, t", level=level)
