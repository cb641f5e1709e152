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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.types import FloatArray

PRIOR_UNITS = 2.0
"""Weight of the largest variance in the shrinkage, chosen by simulation of the
coverage from 8 to 500 positives (`benchmarks/coverage.py`)."""


HELD = 2.0
"""How much Wilson's scaling may enlarge what is added for an unseen unit."""


UNSEEN_ROWS = 1.0
"""How many rows of each class, as bad (or as good) as can be, `_with_unseen` adds:
with 1 it is Clopper and Pearson's end if the rows are right or wrong and all agree."""


@dataclass(frozen=True, eq=False)
class ClassPart:
    """The part of a metric's error that comes from the rows of one class.

    Attributes:
        variance: What the class adds to the variance of the metric.
        units: How many independent units the class has.
        reach_low: By how much a further unit of the class, as bad as can be, would
            lower the mean of the units' values, were it the only one.
        reach_high: The same upwards, for one as good as can be.
    """

    variance: npt.ArrayLike
    units: npt.ArrayLike
    reach_low: npt.ArrayLike
    reach_high: npt.ArrayLike


@dataclass(frozen=True, eq=False)
class Spread:
    """What is known about the error of a metric with values in [0, 1].

    Numbers, or arrays of one shape for many metrics at once.

    Attributes:
        value: The point estimate.
        variance: Its estimated variance; NaN if one unit cannot tell.
        units: How many independent units of the rarer class it rests on.
        unseen_low: Variance added for the lower end only, for the unit that was
            not drawn and would have lowered the value.
        unseen_high: The same for the upper end.
        bias: Estimated excess of the value's expectation; the lower end is also
            drawn around the value without it.
        parts: The classes' parts of the error; empty if they are not told apart.
        weight_low: How many further rows, from 0 to 1, the lower end allows for.
        weight_high: The same for the upper end.
    """

    value: npt.ArrayLike
    variance: npt.ArrayLike
    units: npt.ArrayLike
    unseen_low: npt.ArrayLike = 0.0
    unseen_high: npt.ArrayLike = 0.0
    bias: npt.ArrayLike = 0.0
    parts: tuple[ClassPart, ...] = ()
    weight_low: npt.ArrayLike = 1.0
    weight_high: npt.ArrayLike = 1.0


def effective_wilson(
    spread: Spread, level: float = 0.95, *, prior_units: float = PRIOR_UNITS
) -> tuple[FloatArray, FloatArray]:
    """Return the score interval at the effective number of trials.

    Args:
        spread: The value and what is known about its error.
        level: Coverage, strictly between 0 and 1.
        prior_units: How many units the largest possible variance weighs in the
            shrinkage, above 0.

    Returns:
        The lower and the upper end, of the value's shape; NaN if the value is.

    Raises:
        InputError: The level or `prior_units` is out of range.

    Example:
        >>> low, high = effective_wilson(Spread(1.0, 0.0, 12))
        >>> round(float(low), 3), float(high)
        (0.72, 1.0)
    """
    number(level, "level", 0, 1, open_ends=True)
    number(prior_units, "prior_units", 0, open_ends=True)
    value = np.clip(np.asarray(spread.value, np.float64), 0.0, 1.0)
    variance = np.asarray(spread.variance, np.float64)
    units = np.asarray(spread.units, np.float64)

    def ends(
        p: FloatArray, extra: npt.ArrayLike = 0.0, fixed: npt.ArrayLike = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        seen = variance + np.asarray(extra)
        return _wilson(p, seen, units, level, prior_units, np.asarray(fixed))

    low, high = ends(value)
    less_bias, _ = ends(np.maximum(0.0, value - np.asarray(spread.bias)))
    # Wilson's variance at x is v x (1 - x) / (p (1 - p)). For p near 1 this would
    # blow up what is added for an unseen unit, which is then held at twice itself.
    lower, higher = np.asarray(spread.unseen_low), np.asarray(spread.unseen_high)
    wider = np.maximum(ends(value, lower)[0], ends(value, fixed=HELD * lower)[0])
    above = np.minimum(ends(value, higher)[1], ends(value, fixed=HELD * higher)[1])
    low = np.minimum(low, np.minimum(wider, less_bias))
    high = np.maximum(high, above)
    if not spread.parts:
        return low, high
    mirrored = [
        ClassPart(p.variance, p.units, p.reach_high, p.reach_low) for p in spread.parts
    ]
    least = _with_unseen(value, spread.parts, np.asarray(spread.weight_low), level)
    most = _with_unseen(1 - value, mirrored, np.asarray(spread.weight_high), level)
    return np.minimum(low, least), np.maximum(high, 1 - most)


def _with_unseen(
    value: FloatArray,
    parts: Sequence[ClassPart],
    weight: FloatArray,
    level: float,
) -> FloatArray:
    """Return a lower end that allows for a kind of row that the sample does not hold.

    A sample in which no row of a class is far out says little on how many there are:
    with 30 positives of which each is hidden among the negatives with probability
    .05, one sample in five shows none, and its variance is next to nothing. For the
    mean of values in [0, 1] the exact lower end of Gaffke (2005) adds one value of 0
    and weights all at random (Dirichlet); for values of 0 and 1 that is Clopper and
    Pearson's. Here its distribution is taken as the beta distribution of the same
    mean and variance, which leaves that case exact. The distances of the classes
    from the value are combined as those of independent terms (Zou and Donner 2008).
    """
    total = np.zeros(np.shape(value))
    for part in parts:
        n = np.asarray(part.units, np.float64)
        reach, extra = np.asarray(part.reach_low), UNSEEN_ROWS * weight
        whole = n + extra
        mean = value - extra * reach / np.maximum(whole, 1e-300)
        squares = np.where(n > 1, np.asarray(part.variance) * n * (n - 1), 0.0)
        squares = squares + extra * n / np.maximum(whole, 1e-300) * reach**2
        tail = (1 - level) / 2
        low = beta_quantile(mean, squares / (whole * (whole + 1)), tail)
        total = total + np.maximum(value - np.minimum(low, mean), 0.0) ** 2
    return np.asarray(np.maximum(0.0, value - np.sqrt(total)))


def beta_quantile(
    mean: FloatArray, variance: FloatArray, probability: float
) -> FloatArray:
    """Return a quantile of the beta distribution of this mean and variance.

    Args:
        mean: From 0 to 1.
        variance: Of the same shape; 0 makes the distribution a point.
        probability: Of the quantile, from 0 to 1.

    Example:
        >>> round(float(beta_quantile(np.asarray(0.5), np.asarray(1 / 12), 0.25)), 6)
        0.25
    """
    from scipy.special import betaincinv

    with np.errstate(divide="ignore", invalid="ignore"):
        sum_ = mean * (1 - mean) / variance - 1
        # Beyond this the distribution is a point, or all of it lies at 0 and 1.
        usual = (sum_ > 1e-6) & (sum_ < 1e12) & (mean > 1e-9) & (mean < 1)
        held = np.where(usual, sum_, 1.0)
        middle = np.where(usual, mean, 0.5)
        quantile = betaincinv(middle * held, (1 - middle) * held, probability)
    return np.where(usual, quantile, np.where(sum_ <= 1e-6, 0.0, mean))


def _wilson(
    p: FloatArray,
    variance: FloatArray,
    units: FloatArray,
    level: float,
    prior_units: float,
    fixed: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return where (p - x)^2 = q^2 (x (1 - x) / trials + fixed)."""
    trials = _effective_trials(p, variance, units, prior_units)
    q = t_quantile((1 + level) / 2, np.maximum(units - 1, 0.0) + prior_units)
    square = q * q
    middle = (trials * p + square / 2) / (trials + square)
    held = fixed * trials * (trials + square)
    half = q * np.sqrt(trials * p * (1 - p) + square / 4 + held) / (trials + square)
    # At 0 and 1 rounding could leave the end beside the value.
    low = np.where(p == 0, 0.0, np.maximum(0.0, middle - half))
    return low, np.where(p == 1, 1.0, np.minimum(1.0, middle + half))


def _effective_trials(
    p: FloatArray, variance: FloatArray, units: FloatArray, prior_units: float
) -> FloatArray:
    """Return the effective trials: a harmonic mean of the data's and the fewest."""
    largest = p * (1 - p)
    fewest = np.maximum(units, 1.0)
    # Relative to the largest variance of one trial; at 0 and 1 there is nothing
    # to estimate it from, and the fewest trials stand.
    seen = np.where(largest > 1e-9, variance / np.maximum(largest, 1e-9), np.nan)
    seen = np.where(np.isnan(seen), 1 / fewest, seen)
    freedom = np.maximum(units - 1, 0.0)
    shrunk = (freedom * seen + prior_units / fewest) / (freedom + prior_units)
    return np.asarray(1 / shrunk)


def t_quantile(probability: float, freedom: npt.ArrayLike) -> FloatArray:
    """Return the quantile of Student's t distribution.

    Example:
        >>> round(float(t_quantile(0.975, 9)), 4)
        2.2622
    """
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.asarray(freedom, np.float64), probability))
