# SPDX-License-Identifier: Apache-2.0
"""A score interval whose number of trials is the effective one.

A metric with values in [0, 1] and variance v carries as much information as
p (1 - p) / v independent trials. Wilson's interval at that number stays inside
[0, 1] and has a width above 0 at p = 0 and p = 1. With few units v is itself
uncertain, in two ways that are repaired here: it is shrunk towards the largest
variance that as many units allow, p (1 - p) / units (Bhatia and Davis 2000),
and quantiles of the t distribution replace those of the normal one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise._core.checks import number
from equipoise.metrics.estimate import NAN

PRIOR_UNITS = 3.0
"""Weight of the largest variance in the shrinkage, chosen by simulation of the
coverage from 8 to 500 positives (`benchmarks/coverage.py`)."""


@dataclass(frozen=True)
class Spread:
    """What is known about the error of a metric with values in [0, 1].

    Attributes:
        value: The point estimate.
        variance: Its estimated variance; NaN where one unit cannot tell.
        units: How many independent units of the rarer class it rests on.
        unseen_low: Variance added for the lower end only, for the unit that was
            not drawn and would have lowered the value.
        unseen_high: The same for the upper end.
        bias: Estimated excess of the value's expectation; the lower end is also
            drawn around the value without it.
    """

    value: float
    variance: float
    units: float
    unseen_low: float = 0.0
    unseen_high: float = 0.0
    bias: float = 0.0


def effective_wilson(
    spread: Spread, level: float = 0.95, *, prior_units: float = PRIOR_UNITS
) -> tuple[float, float]:
    """Return the score interval at the effective number of trials.

    Args:
        spread: The value and what is known about its error.
        level: Coverage, strictly between 0 and 1.
        prior_units: How many units the largest possible variance weighs in the
            shrinkage, above 0.

    Returns:
        The lower and the upper end; NaN where the value is.

    Raises:
        InputError: The level is out of range.

    Example:
        >>> low, high = effective_wilson(Spread(1.0, 0.0, 12))
        >>> round(low, 3), high
        (0.723, 1.0)
    """
    number(level, "level", 0, 1, open_ends=True)
    if math.isnan(spread.value):
        return NAN, NAN
    p = min(max(spread.value, 0.0), 1.0)
    low_variance = spread.variance + spread.unseen_low
    low, high = _wilson(p, spread.variance, spread.units, level, prior_units)
    wider, _ = _wilson(p, low_variance, spread.units, level, prior_units)
    moved, _ = _wilson(
        max(0.0, p - spread.bias), spread.variance, spread.units, level, prior_units
    )
    _, above = _wilson(
        p, spread.variance + spread.unseen_high, spread.units, level, prior_units
    )
    return min(low, wider, moved), max(high, above)


def _wilson(
    p: float, variance: float, units: float, level: float, prior_units: float
) -> tuple[float, float]:
    trials = _effective_trials(p, variance, units, prior_units)
    q = t_quantile((1 + level) / 2, max(units - 1, 0.0) + prior_units)
    square = q * q
    middle = (trials * p + square / 2) / (trials + square)
    half = q * math.sqrt(trials * p * (1 - p) + square / 4) / (trials + square)
    low = 0.0 if p == 0 else max(0.0, middle - half)
    return low, 1.0 if p == 1 else min(1.0, middle + half)


def _effective_trials(
    p: float, variance: float, units: float, prior_units: float
) -> float:
    """Return the effective trials: a harmonic mean of the data's and the fewest."""
    largest = p * (1 - p)
    fewest = max(units, 1.0)
    # Relative to the largest variance of one trial; at 0 and 1 there is nothing
    # to estimate it from, and the fewest trials stand.
    seen = variance / largest if largest > 1e-9 else 1 / fewest
    if math.isnan(seen):
        seen = 1 / fewest
    known = max(units - 1, 0.0)
    shrunk = (known * seen + prior_units / fewest) / (known + prior_units)
    return 1 / shrunk


def t_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t distribution.

    Example:
        >>> round(t_quantile(0.975, 9), 4)
        2.2622
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))
