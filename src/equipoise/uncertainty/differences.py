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

    The ends are the value minus and plus `half`, the quantile times the standard
    error, so the interval excludes 0 exactly if the t-test does. What lies beyond the
    limits is cut off, which no true difference misses. An interval that narrows
    towards the limits, as that of a share does, was tried: near them it covered up to
    .015 less.

    Args:
        value: The difference.
        half: Half the width of the interval without limits, at least 0.
        limits: The smallest and the largest possible difference; None, or limits that
            the value exceeds, for no limits.

    Returns:
        The lower and the upper end; NaN if the value or `half` is NaN.

    Raises:
        InputError: `half` is negative.

    Example:
        >>> difference_ends(-0.625, 0.75), difference_ends(0.25, 0.125)
        ((-1.0, 0.125), (0.125, 0.375))
    """
    if math.isnan(value) or math.isnan(half):
        return math.nan, math.nan
    if half < 0:
        raise InputError(sentence(f"half={half}", "a number of at least 0"))
    low, high = value - half, value + half
    if limits is None or not limits[0] <= value <= limits[1]:
        return low, high
    return max(low, limits[0]), min(high, limits[1])


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
    return limits_between(METRICS[metric].low, METRICS[metric].high)


def limits_between(low: float, high: float) -> Limits | None:
    """Return the smallest and the largest difference of two values between limits.

    Args:
        low: The smallest value.
        high: The largest value.

    Returns:
        The limits; None if a value has none.

    Example:
        >>> limits_between(-1.0, 1.0), limits_between(0.0, math.inf)
        ((-2.0, 2.0), None)
    """
    size = high - low
    return (-size, size) if math.isfinite(size) else None
