# SPDX-License-Identifier: Apache-2.0
"""How precise a number on this many cases can be, before any model is trained."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from equipoise.uncertainty.proportion import clopper_pearson, normal_quantile, wilson

ENUMERATED = 1_000
"""Up to this many cases the size of a test is found exactly."""


def share_interval(
    share: float, trials: float, level: float = 0.95
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share.

    Between whole counts it is continued smoothly, so that "a recall of 0.75 on 13
    positives" has an interval too.

    Args:
        share: The observed share, in [0, 1].
        trials: The number of cases.
        level: The nominal coverage.

    Returns:
        The lower and the upper end.

    Example:
        >>> low, high = share_interval(0.75, 12)
        >>> print(f"{low:.2f} to {high:.2f}")
        0.43 to 0.95
    """
    return clopper_pearson(share * trials, trials, level)


def difference_interval(
    hits: int, trials: int, others: int, other_trials: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of hits / trials - others / other_trials.

    Newcombe (1998), method 10: the square-and-add of two Wilson intervals.

    Example:
        >>> low, high = difference_interval(56, 70, 48, 80)
        >>> print(f"{low:.4f} to {high:.4f}")
        0.0524 to 0.3339
    """
    a, b = hits / trials, others / other_trials
    a_low, a_high = wilson(hits, trials, level)
    b_low, b_high = wilson(others, other_trials, level)
    return (
        a - b - math.hypot(a - a_low, b_high - b),
        a - b + math.hypot(a_high - a, b - b_low),
    )


def share_half_width(share: float, trials: float, level: float = 0.95) -> float:
    """Return half the width of `share_interval`."""
    low, high = share_interval(share, trials, level)
    return (high - low) / 2


def trials_for_half_width(share: float, half_width: float, level: float = 0.95) -> int:
    """Return the fewest cases at which a share is known to +- `half_width`.

    Example:
        >>> trials_for_half_width(0.8, 0.05)
        264
    """
    return smallest(lambda n: share_half_width(share, n, level) <= half_width)


def auroc_error(auroc: float, positives: int, negatives: int) -> float:
    """Return the standard error of an AUROC (Hanley & McNeil 1982, eq. 2).

    Example:
        >>> round(auroc_error(0.9, 20, 10**9), 3)
        0.046
    """
    q1 = auroc / (2 - auroc)
    q2 = 2 * auroc**2 / (1 + auroc)
    spread = (
        auroc * (1 - auroc)
        + (positives - 1) * (q1 - auroc**2)
        + (negatives - 1) * (q2 - auroc**2)
    )
    return math.sqrt(spread / (positives * negatives))


def auroc_interval(
    auroc: float, positives: int, negatives: int, level: float = 0.95
) -> tuple[float, float]:
    """Return a cautious interval of an AUROC that never collapses at 0 or 1.

    An AUROC is an average over orderings of means of min(n+, n-) independent pairs
    (Hoeffding 1963, section 5), so it is at least as precise as a share of that
    many pairs; its Clopper-Pearson interval is taken.

    Example:
        >>> low, high = auroc_interval(1.0, 20, 1000)
        >>> print(f"{low:.2f} to {high:.2f}")
        0.83 to 1.00
    """
    return share_interval(auroc, min(positives, negatives), level)


def flawless_needed(floor: float, level: float = 0.95) -> int:
    """Return how many cases without one error show a share of at least `floor`.

    The smallest n with floor^n <= 1 - level: the exact one-sided binomial test.

    Example:
        >>> [flawless_needed(floor) for floor in (0.8, 0.9, 0.95)]
        [14, 29, 59]
    """
    return max(1, math.ceil(math.log(1 - level) / math.log(floor) - 1e-9))


def cases_for_power(
    floor: float, truth: float, power: float = 0.8, level: float = 0.95
) -> int:
    """Return the fewest cases at which a true share passes an exact test of a floor.

    Power does not rise steadily with the cases: each further error that is allowed
    lifts it, and each further case lowers it a little. The first count that has the
    power is returned; beyond 1,000 that of the normal approximation.

    Args:
        floor: The share to be shown.
        truth: The true share, above `floor` and below 1.
        power: The wanted probability of passing.
        level: One minus the test's level.

    Example:
        >>> cases_for_power(0.8, 0.9)
        82
    """
    about = _normal_size(floor, truth, 1 - level, power)
    if about > ENUMERATED:
        return about
    low = flawless_needed(floor, level)
    return _exact_size(low, 4 * max(about, low), floor, truth, 1 - level, power)


def _normal_size(floor: float, truth: float, tail: float, power: float) -> int:
    """Return the size of a one-sided test of a share, by the normal distribution."""
    spread = -normal_quantile(tail) * math.sqrt(floor * (1 - floor))
    spread += normal_quantile(power) * math.sqrt(truth * (1 - truth))
    return math.ceil((spread / (truth - floor)) ** 2)


def _exact_size(
    low: int, high: int, floor: float, truth: float, tail: float, power: float
) -> int:
    """Return the smallest size within [low, high] whose exact power suffices."""
    from scipy.special import bdtr, bdtrik

    count = np.arange(low, high + 1)
    # The most errors that still pass: P(Bin(n, 1 - floor) <= errors) <= tail.
    errors = np.floor(bdtrik(tail, count, 1 - floor))
    errors -= bdtr(errors, count, 1 - floor) > tail
    errors += bdtr(errors + 1, count, 1 - floor) <= tail
    enough = bdtr(np.maximum(errors, 0), count, 1 - truth) >= power
    return int(count[np.argmax(enough & (errors >= 0))])


def smallest(holds: Callable[[int], bool], most: int = 1 << 40) -> int:
    """Return the smallest n >= 1 with `holds(n)`, for a condition that stays true.

    Doubling, then bisection.
    """
    high = 1
    while not holds(high) and high < most:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
