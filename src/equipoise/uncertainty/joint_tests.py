# SPDX-License-Identifier: Apache-2.0
"""Differences of arms, one by one and as a family, from the rows' influences.

Errors of two arms on the same rows subtract row by row, so a difference is judged by
what the rows do to it. A family, such as all classes by all arms, is judged by the
joint distribution of its statistics: they are correlated, and Holm's correction, which
holds for any dependence, asks for more than is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, group_numbers
from equipoise._core.checks import integer, number, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.metrics.estimate import NAN
from equipoise.uncertainty.differences import Limits, difference_ends
from equipoise.uncertainty.influences import TaskInfluence
from equipoise.uncertainty.score_interval import t_quantile
from equipoise.uncertainty.strata import unit_sums
from equipoise.uncertainty.task_interval import ONE_UNIT, freedom

DRAWS = 20_000
"""Draws of the joint distribution: a p-value of .05 is known to .0015."""
_CHUNK = 4_000_000
"""How many numbers are drawn at once, 32 MB."""


@dataclass(frozen=True)
class InfluenceDifference:
    """A paired difference of two arms.

    Attributes:
        value: The first less the second.
        se: Its standard error; NaN if it is not known.
        df: Degrees of freedom of that error.
        low: The interval's lower end.
        high: The interval's upper end.
        p: Two-sided p-value of "no difference".
        level: Nominal coverage of the interval.
        reason: Why something is NaN; "" if nothing is.
    """

    value: float
    se: float
    df: float
    low: float
    high: float
    p: float
    level: float = 0.95
    reason: str = ""


def paired_difference(
    first: TaskInfluence,
    second: TaskInfluence,
    *,
    level: float = 0.95,
    raised: float = 0.0,
    added: float = 0.0,
) -> InfluenceDifference:
    """Return the difference of one metric of two arms on the same rows.

    Args:
        first: What `task_influence` gave for one arm.
        second: The same of the other, on the same rows, with the same weights.
        level: Coverage of the interval, strictly between 0 and 1.
        raised: By how much the rows' variance is raised, as for cross-validated scores.
        added: Variance that is added, as for the variation between repeats.

    Raises:
        InputError: They are of different metrics or rows, or the level is out of range.

    Example:
        >>> from equipoise.task import Task
        >>> from equipoise.uncertainty.influences import task_influence
        >>> y, task = np.repeat([0, 1], 20), Task("multiclass", ("a", "b"))
        >>> arms = [np.where(np.arange(40) % 20 < wrong, 1 - y, y) for wrong in (2, 8)]
        >>> made = [task_influence("accuracy", task, y, arm) for arm in arms]
        >>> one = paired_difference(*made)
        >>> round(one.value, 3), round(one.se, 3), round(one.p, 4)
        (0.3, 0.074, 0.0003)
    """
    number(level, "level", 0, 1, open_ends=True)
    if first.name != second.name or first.row.shape != second.row.shape:
        raise InputError(
            sentence(
                f"{first.name!r} of {first.row.size} rows and {second.name!r} of "
                f"{second.row.size} rows",
                "one metric of two arms on the same rows",
            )
        )
    value = first.value - second.value
    if not math.isfinite(value):
        reason = first.reason or second.reason or "one of the two is infinite"
        return InfluenceDifference(NAN, NAN, NAN, NAN, NAN, NAN, level, reason)
    variance = float(np.sum(unit_sums(first.row - second.row, first.unit) ** 2))
    variance = variance * (1 + raised) + added
    if math.isnan(variance) or min(first.units, second.units) < 2:
        return InfluenceDifference(value, NAN, NAN, NAN, NAN, NAN, level, ONE_UNIT)
    df = min(freedom(first), freedom(second))
    se = math.sqrt(variance)
    size = first.limits[1] - first.limits[0]
    limits = (-size, size) if math.isfinite(size) else None
    half = float(t_quantile((1 + level) / 2, df)) * se
    low, high = difference_ends(value, half, limits)
    p = float(_two_sided(np.array([value]), np.array([se]), np.array([df]))[0])
    return InfluenceDifference(value, se, df, low, high, p, level)


@dataclass(frozen=True, eq=False)
class JointTests:
    """A family of differences, judged together.

    Attributes:
        value: `[tests]` the differences.
        se: `[tests]` their standard errors.
        p: `[tests]` two-sided p-values, each by itself.
        single_step: `[tests]` p-values adjusted for the family; they belong to the
            intervals.
        step_down: `[tests]` the same by steps, never larger: for rejections alone.
        low: `[tests]` lower ends of intervals that hold all together.
        high: `[tests]` their upper ends.
        level: Nominal coverage of all intervals together.
    """

    value: FloatArray
    se: FloatArray
    p: FloatArray
    single_step: FloatArray
    step_down: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


def max_t(
    value: npt.ArrayLike,
    row: npt.ArrayLike,
    units: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    limits: Limits | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> JointTests:
    """Test a family of differences by the joint distribution of their statistics.

    The distribution under "no difference" is that of the multiplier bootstrap with
    normal multipliers: given the rows it is the normal one with the correlations of the
    influences (Chernozhukov, Chetverikov and Kato 2013), and is drawn as such. A
    statistic counts by its own p-value, of the t distribution with one degree of
    freedom fewer than its rarest class has units, so that a class of 8 rows does not
    decide for one of 5,000: the smallest p-value takes the place of the largest t
    (Westfall and Young 1993, section 2.6 for all at once, algorithm 2.8 for steps).

    Args:
        value: `[tests]` differences; NaN for a test that cannot be made.
        row: `[rows, tests]` independent terms of their errors, as
            `ViewInfluences.row` of one arm less that of another.
        units: `[tests]` independent units of the rarer class of each, or a number.
        clusters: `[rows]` names of groups of dependent rows, or None.
        level: Coverage of all intervals together, strictly between 0 and 1.
        limits: The smallest and the largest possible difference, or None.
        draws: How often the joint distribution is drawn.
        seed: Of the draws.

    Returns:
        NaN for tests that cannot be made: these are in no family. A difference whose
        error is 0, as of two arms that decide all rows of a class differently, counts
        with the exact p-value of as many signs, 2 / 2^units.

    Raises:
        InputError: The shapes do not fit, or an argument is out of range.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=(50, 3)) / 50
        >>> made = max_t([0.0, 0.1, 0.6], noise - noise.mean(axis=0), 50)
        >>> [bool(p < 0.05) for p in made.step_down]
        [False, False, True]

    References:
        Westfall and Young (1993), Resampling-Based Multiple Testing, Wiley;
        Chernozhukov, Chetverikov and Kato (2013), Annals of Statistics 41, 2786.
    """
    number(level, "level", 0, 1, open_ends=True)
    values, errors = floats(value, "differences"), floats(row, "influences")
    if values.ndim != 1 or errors.ndim != 2 or errors.shape[1] != values.size:
        raise InputError(
            sentence(
                f"{values.shape} differences and influences of shape {errors.shape}",
                "differences [tests] and influences [rows, tests]",
            )
        )
    freedoms = np.broadcast_to(floats(units, "units"), values.shape) - 1.0
    integer(draws, "draws", 100)
    if clusters is not None:
        errors = unit_sums(errors, group_numbers(clusters, len(errors)))
    se = np.sqrt(np.sum(errors**2, axis=0))
    tested = np.isfinite(values) & np.isfinite(se) & (freedoms >= 1)
    p = np.full(values.size, NAN)
    p[tested] = _two_sided(values[tested], se[tested], freedoms[tested])
    single, steps = p.copy(), p.copy()
    low, high = np.full(values.size, NAN), np.full(values.size, NAN)
    if tested.any():
        normal = errors[:, tested] / np.where(se[tested] > 0, se[tested], 1.0)
        null = _null(normal.T @ normal, draws, seed)
        single[tested] = _single_step(p[tested], null)
        steps[tested] = _step_down(p[tested], null)
        alone = float(np.quantile(null.min(axis=1), 1 - level))
        for at in np.flatnonzero(tested).tolist():
            half = float(t_quantile(1 - alone / 2, freedoms[at])) * se[at]
            low[at], high[at] = difference_ends(float(values[at]), half, limits)
    return JointTests(values, se, p, single, steps, low, high, level)


def _two_sided(value: FloatArray, se: FloatArray, df: FloatArray) -> FloatArray:
    from scipy.special import stdtr

    certain = se == 0
    t = np.abs(value) / np.where(certain, 1.0, se)
    by_signs = np.where(value == 0, 1.0, np.minimum(1.0, 2.0 ** (-df)))
    return np.asarray(np.where(certain, by_signs, 2 * stdtr(df, -t)))


def _null(correlation: FloatArray, draws: int, seed: int) -> FloatArray:
    """Return `[draws, tests]` p-values under "no difference"."""
    from scipy.special import ndtr

    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # Directions without variance need no numbers.
    root = root[:, values > 1e-12 * max(1.0, float(values.max()))]
    random = generator(seed, "joint tests")
    null = np.empty((draws, len(correlation)))
    step = max(1, _CHUNK // max(1, root.shape[1]))
    for start in range(0, draws, step):
        stop = min(start + step, draws)
        normal = random.standard_normal((stop - start, root.shape[1]))
        null[start:stop] = 2 * ndtr(-np.abs(normal @ root.T))
    return null


def _reached(p: FloatArray, least: FloatArray, tests: int) -> FloatArray:
    """Return how often the smallest of some p-values is at most p, under the null.

    Not below the p-value itself, and not above Bonferroni's bound.
    """
    ordered = np.sort(least)
    count = np.searchsorted(ordered, p, side="right")
    share = (count + 1) / (least.size + 1)
    return np.asarray(np.minimum(1.0, np.maximum(p, np.minimum(share, tests * p))))


def _single_step(p: FloatArray, null: FloatArray) -> FloatArray:
    return _reached(p, null.min(axis=1), p.size)


def _step_down(p: FloatArray, null: FloatArray) -> FloatArray:
    """Return p-values of which each is adjusted for itself and all larger ones."""
    order = np.argsort(p, kind="stable")
    # The smallest of this test and all that come after it.
    least = np.minimum.accumulate(null[:, order[::-1]], axis=1)[:, ::-1]
    adjusted = np.empty(p.size)
    so_far = 0.0
    for place, test in enumerate(order.tolist()):
        one = _reached(p[[test]], least[:, place], p.size - place)[0]
        so_far = max(so_far, float(one))
        adjusted[test] = so_far
    return adjusted
