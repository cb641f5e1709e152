# SPDX-License-Identifier: Apache-2.0
"""How large a difference must be for a trial to detect it."""

from __future__ import annotations

import math

import numpy as np

from equipoise._core.checks import integer, number
from equipoise.comparison.paired import variance_factor
from equipoise.uncertainty.multiplicity import simultaneous_level

_SLICES = 4000


def detectable_difference(
    sd: float,
    repeats: int,
    folds: int,
    test_share: float | None = None,
    arms: int = 1,
    level: float = 0.95,
    power: float = 0.8,
    largest: float = 1.0,
) -> float:
    """Return the difference that the corrected t-test finds with this power.

    Args:
        sd: Standard deviation of one split's difference, at least 0.
        repeats: Repeats of the cross-validation.
        folds: Folds of a repeat; repeats times folds is at least 2.
        test_share: The share of the rows that a split tests on; 1/folds if
            None.
        arms: How many arms are compared with the baseline (Bonferroni's level).
        level: One minus the family-wise error rate.
        power: The wanted probability of seeing the difference.
        largest: The largest difference that is possible: 1 less the baseline's value
            for average precision; infinity if there is no limit.

    Returns:
        The difference, in the metric's unit, at least 0; NaN if it exceeds `largest`:
        so few splits could detect no difference at all.

    Raises:
        InputError: An argument is out of range.

    Example:
        >>> round(detectable_difference(0.05, repeats=5, folds=5, arms=10), 3)
        0.107
        >>> round(detectable_difference(0.05, repeats=1, folds=5, arms=10), 3)
        0.237
    """
    number(sd, "sd", 0)
    splits = integer(repeats, "repeats", 1) * integer(folds, "folds", 2)
    share = 1.0 / folds if test_share is None else test_share
    se = sd * math.sqrt(variance_factor(splits, share))
    return within(standardised_effect(splits - 1, arms, level, power) * se, largest)


def within(difference: float, largest: float) -> float:
    """Return a detectable difference, or NaN if it exceeds what is possible.

    Example:
        >>> within(0.2, 0.28), within(0.97, 0.28)
        (0.2, nan)
    """
    return difference if difference <= largest else math.nan


def standardised_effect(
    df: float, arms: int = 1, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the effect, in standard errors, that a t-test finds with this power.

    Solves for the noncentrality at which |t| exceeds the corrected critical value
    with probability `power`.

    Args:
        df: Degrees of freedom, above 0.
        arms: How many tests share the error rate.
        level: One minus the family-wise error rate.
        power: Strictly between 0 and 1.

    Raises:
        InputError: An argument is out of range.

    Example:
        >>> round(standardised_effect(10_000), 2)
        2.8
    """
    from scipy import optimize, special

    number(df, "df", 0, open_ends=True)
    number(power, "power", 0, 1, open_ends=True)
    tail = (1.0 - simultaneous_level(level, arms)) / 2
    critical = float(special.stdtrit(df, 1 - tail))
    # The noncentral t as a mean over the estimated standard deviation, at the
    # midpoints of equally likely slices: SciPy's own gives NaN in its far tails.
    slices = (np.arange(_SLICES) + 0.5) / _SLICES
    bar = critical * np.sqrt(2 * special.gammaincinv(df / 2, slices) / df)

    def shortfall(effect: float) -> float:
        rejected = special.ndtr(effect - bar) + special.ndtr(-effect - bar)
        return float(rejected.mean()) - power

    if shortfall(0.0) >= 0:
        return 0.0
    return float(optimize.brentq(shortfall, 0.0, 10 * critical + 10))
