# SPDX-License-Identifier: Apache-2.0
"""Intervals of differences of metrics, which stay within what is possible."""

from __future__ import annotations

import math

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.metrics.registry import METRICS

Limits = tuple[float, float]
UNIT = (-1.0, 1.0)
"""The limits of a difference of two metrics with values from 0 to 1."""


def difference_ends(
    value: float, half: float, limits: Limits | None = UNIT
) -> tuple[float, float]:
    """Return the ends of an interval around a difference, within its limits.

    Towards 0 the interval is `value` minus and plus `half`, the quantile times the
    standard error, so that it excludes 0 exactly if the t-test does. Beyond the
    value, and beyond 0, the variance falls in proportion to (d - low) (high - d) and
    reaches 0 at the limits, as that of a share does: the ends are where the squared
    distance equals `half` squared times that proportion.

    Args:
        value: The difference.
        half: Half the width of the interval without limits, at least 0.
        limits: The smallest and the largest possible difference, with 0 between
            them; None, or limits that the value exceeds, for no limits.

    Returns:
        The lower and the upper end; NaN if the value or `half` is NaN.

    Raises:
        InputError: 0 does not lie between the limits, or `half` is negative.

    Example:
        >>> low, high = difference_ends(-0.66, 2.5)
        >>> round(low, 2), round(high, 2)
        (-0.99, 0.81)
        >>> low, high = difference_ends(0.04, 0.029)
        >>> round(low, 3), round(high, 3)
        (0.011, 0.069)
    """
    if math.isnan(value) or math.isnan(half):
        return math.nan, math.nan
    if half < 0:
        raise InputError(sentence(f"half={half}", "a number of at least 0"))
    if limits is None or not limits[0] <= value <= limits[1]:
        return value - half, value + half
    if not limits[0] < 0 < limits[1]:
        raise InputError(sentence(f"limits {limits}", "limits with 0 between them"))
    if value < 0:
        low, high = difference_ends(-value, half, (-limits[1], -limits[0]))
        return -high, -low
    if math.isinf(half):
        return limits
    high = _root(value, half, limits, value, 1)
    low = value - half
    return (low if low >= 0 else _root(value, half, limits, 0.0, -1)), high


def _root(value: float, half: float, limits: Limits, at: float, side: int) -> float:
    """Return where (d - value)^2 = half^2 f(d) / f(at), f(d) = (d - low) (high - d).

    Args:
        value: The difference.
        half: Half the width without limits.
        limits: (low, high).
        at: Where the variance is that of the test.
        side: 1 for the root above the value, -1 for the one below.
    """
    low, high = limits
    scale = (at - low) * (high - at)
    if scale <= 0:
        return high if side > 0 else low
    square = half * half
    # (scale + square) d^2 - (2 value scale + square (low + high)) d + rest = 0
    middle = value * scale + square * (low + high) / 2
    rest = value * value * scale + square * low * high
    lead = scale + square
    root = math.sqrt(max(0.0, middle * middle - lead * rest))
    return min(max((middle + side * root) / lead, low), high)


def difference_limits(metric: str) -> Limits | None:
    """Return the smallest and the largest difference of two values of a metric.

    Args:
        metric: The metric's name.

    Returns:
        The limits; None if the metric has none, as costs do.

    Example:
        >>> difference_limits("average_precision"), difference_limits("mcc")
        ((-1.0, 1.0), (-2.0, 2.0))
        >>> difference_limits("cost") is None
        True
    """
    if metric not in METRICS:
        return None
    size = METRICS[metric].high - METRICS[metric].low
    return (-size, size) if math.isfinite(size) else None
