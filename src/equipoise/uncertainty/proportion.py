# SPDX-License-Identifier: Apache-2.0
"""Intervals of a share: successes out of trials.

Neither form has zero width or leaves [0, 1], also at 0 and at all successes.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError


@overload
def clopper_pearson(
    successes: float, trials: float, level: float = 0.95
) -> tuple[float, float]: ...
@overload
def clopper_pearson(
    successes: FloatArray, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]: ...
def clopper_pearson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    """Return the exact interval, which covers at least at the level, always.

    The binomial tails are inverted as quantiles of the beta distribution
    (Clopper and Pearson 1934). Numbers need not be whole: with effective sample
    sizes this is the interval of Korn and Graubard (1998).

    Args:
        successes: At least 0 and at most `trials`; a number or an array.
        trials: How many; with 0 the interval is [0, 1].
        level: Coverage, strictly between 0 and 1.

    Returns:
        The lower and the upper end.

    Raises:
        InputError: Successes or level are out of range.

    Example:
        >>> low, high = clopper_pearson(9, 12)
        >>> round(low, 4), round(high, 4)
        (0.4281, 0.9451)
    """
    from scipy.special import betaincinv

    hits, tries, tail = _arguments(successes, trials, level)
    missed = tries - hits
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, betaincinv(hits, missed + 1, tail), 0.0)
        high = np.where(missed > 0, betaincinv(hits + 1, missed, 1 - tail), 1.0)
    return _plain(low), _plain(high)


@overload
def wilson(
    successes: float, trials: float, level: float = 0.95
) -> tuple[float, float]: ...
@overload
def wilson(
    successes: FloatArray, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]: ...
def wilson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    """Return the score interval, shorter and covering at the level on average.

    Wilson (1927). Near 0 and 1 it can cover less than the level: with few trials
    prefer `clopper_pearson`.

    Args:
        successes: At least 0 and at most `trials`; a number or an array.
        trials: How many; with 0 the interval is [0, 1].
        level: Coverage, strictly between 0 and 1.

    Returns:
        The lower and the upper end.

    Raises:
        InputError: Successes or level are out of range.

    Example:
        >>> low, high = wilson(8, 10)
        >>> round(low, 4), round(high, 4)
        (0.4902, 0.9433)
    """
    hits, tries, tail = _arguments(successes, trials, level)
    square = normal_quantile(1 - tail) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (hits + square / 2) / (tries + square)
        inside = hits * (tries - hits) / np.maximum(tries, 1e-300) + square / 4
        half = np.sqrt(square * inside) / (tries + square)
    low = np.where(hits == 0, 0.0, middle - half)
    high = np.where(hits == tries, 1.0, middle + half)
    return _plain(low), _plain(high)


def mid_p(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Return the mid-P interval: half of what was observed counts as a tail.

    It is shorter than Clopper and Pearson's, and where two shares are combined it
    covers as it says; a single share it may cover a little less (Berry and Armitage
    1995).

    Args:
        successes: At least 0 and at most `trials`; need not be whole.
        trials: How many, above 0.
        level: Coverage, strictly between 0 and 1.

    Returns:
        The lower and the upper end; 0 or 1 if nothing or everything succeeded.

    Raises:
        InputError: Successes or level are out of range.

    Example:
        >>> low, high = mid_p(9, 12)
        >>> round(low, 4), round(high, 4)
        (0.4588, 0.9321)
    """
    from scipy.optimize import brentq
    from scipy.special import betainc

    _, _, tail = _arguments(successes, trials, level)
    missed = trials - successes

    def above(share: float) -> float:
        more = float(betainc(successes + 1, missed, share)) if missed > 0 else 0.0
        same = float(betainc(successes, missed + 1, share)) if successes > 0 else 1.0
        return (more + same) / 2

    # It lies inside the interval that counts all of what was observed.
    least, most = clopper_pearson(successes, trials, level)
    low, high = 0.0, 1.0
    if successes > 0:
        low = brentq(lambda p: above(p) - tail, least, most, xtol=1e-15)
    if missed > 0:
        high = brentq(lambda p: above(p) - 1 + tail, least, most, xtol=1e-15)
    return low, high


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution.

    Example:
        >>> round(normal_quantile(0.975), 4)
        1.96
    """
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)


def effective_size(weights: npt.ArrayLike) -> float:
    """Return how many equal weights hold as much information: (sum w)^2 / sum w^2.

    Kish (1965). It is 0 without a positive weight.

    Args:
        weights: `[rows]`, at least 0.

    Example:
        >>> effective_size([1.0, 1.0, 1.0]), effective_size([3.0, 1.0])
        (3.0, 1.6)
    """
    w = floats(weights, "weights")
    square = float(np.sum(w * w))
    return float(np.sum(w)) ** 2 / square if square > 0 else 0.0


def _amounts(values: npt.ArrayLike, what: str) -> FloatArray:
    """Return a number or numbers as float64."""
    if np.ndim(values) == 0:
        return np.asarray(number(np.asarray(values)[()], what))
    return floats(values, what)


def _plain(values: FloatArray) -> float | FloatArray:
    return float(values) if values.ndim == 0 else values


def _arguments(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float
) -> tuple[FloatArray, FloatArray, float]:
    hits, tries = _amounts(successes, "successes"), _amounts(trials, "trials")
    if hits.ndim and tries.ndim and hits.shape != tries.shape:
        raise InputError(
            sentence(
                f"successes of shape {hits.shape} and trials of shape {tries.shape}",
                "one shape, or one number of trials for all",
            )
        )
    if not np.all((hits >= 0) & (hits <= tries) & np.isfinite(tries)):
        raise InputError(
            sentence(
                f"successes={successes!r} of trials={trials!r}",
                "0 <= successes <= trials",
            )
        )
    tail = (1 - number(level, "level", 0, 1, open_ends=True)) / 2
    return hits, tries, tail


def fisher_p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Return the two-sided p-value of Fisher's exact test of two shares.

    The tables that are no likelier than the one at hand, given its margins, are
    added up (Fisher 1935; `scipy.stats.fisher_exact`).

    Args:
        first: Hits and misses of one sample.
        second: Hits and misses of the other.

    Example:
        >>> round(fisher_p_value((8, 2), (1, 5)), 4)
        0.035
    """
    from scipy.stats import fisher_exact

    return float(fisher_exact(np.array([first, second])).pvalue)
