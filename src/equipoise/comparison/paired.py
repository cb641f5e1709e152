# SPDX-License-Identifier: Apache-2.0
"""Paired differences over repeated splits: the corrected resampled t-test."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise._core.numerals import as_p_value, estimate
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.uncertainty.differences import UNIT, Limits, difference_ends

NAN = float("nan")


@dataclass(frozen=True)
class RowsError:
    """What resampling the rows says of a difference.

    Attributes:
        value: The difference on all rows.
        se: Its standard error; NaN if it is not known.
        df: Degrees of freedom of that error.
    """

    value: float
    se: float
    df: float


@dataclass(frozen=True)
class PairedTest:
    """A paired difference with its interval and p-value.

    Attributes:
        mean: The mean difference, or that on all rows.
        low: The interval's lower end.
        high: The interval's upper end.
        p: Two-sided p-value of "no difference".
        df: Degrees of freedom of the t distribution.
        sd: Standard deviation of one split's difference.
        se: Standard error of `mean`.
        splits: The number of splits that gave a difference.
        level: The interval's nominal coverage.
        reason: Why something is NaN; empty if nothing is.
    """

    mean: float
    low: float
    high: float
    p: float
    df: float
    sd: float
    se: float
    splits: int
    level: float = 0.95
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        if math.isnan(self.p):
            return f"{estimate(self.mean, signed=True)} (no test: {self.reason})"
        shown = estimate(self.mean, self.low, self.high, signed=True)
        return f"{shown}, {as_p_value(self.p)}"


def finite(differences: npt.ArrayLike) -> FloatArray:
    """Return the differences that are numbers, flat.

    A fold without positives has no rank metric; its difference is NaN.

    Raises:
        InputError: A difference is infinite.
    """
    values = np.asarray(differences, np.float64).ravel()
    if np.isinf(values).any():
        raise InputError(
            sentence("infinite differences", "numbers, NaN if a split has none")
        )
    return values[~np.isnan(values)]


def variance_factor(splits: int, test_share: float) -> float:
    """Return 1/J + n_test/n_train, by which a split's variance is multiplied.

    Args:
        splits: J, repeats times folds.
        test_share: The share of the rows that a split tests on, 1/folds.

    Raises:
        InputError: `test_share` is not strictly between 0 and 1.

    Example:
        >>> round(variance_factor(25, 0.2), 2)
        0.29
    """
    share = number(test_share, "test_share", 0, 1, open_ends=True)
    return 1.0 / splits + share / (1.0 - share)


def nadeau_bengio(
    differences: npt.ArrayLike,
    test_share: float,
    *,
    level: float = 0.95,
    limits: Limits | None = UNIT,
) -> PairedTest:
    """Test paired differences over the splits of a repeated cross-validation.

    Splits share training rows, so a plain t-test over them finds differences
    that are not there. The correction multiplies the variance of one split by
    1/J + n_test/n_train in place of 1/J. One repeat of five folds can hardly
    find anything (the mean must exceed 1.86 standard deviations of a split);
    five repeats need 1.11.

    Args:
        differences: `[repeats, folds]` or flat, one per split; NaN is left out.
        test_share: The share of the rows that a split tests on, 1/folds.
        level: Coverage of the interval.
        limits: The smallest and the largest possible difference, see
            `metrics.difference_ends`: (-1, 1) for metrics from 0 to 1, (-2, 2) for
            MCC. None, or differences beyond them, for no limits.

    Raises:
        InputError: A difference is infinite, or the share is out of range.

    Example:
        >>> test = nadeau_bengio([0.05, 0.03, 0.06, 0.02, 0.04], test_share=0.2)
        >>> print(test)
        +0.040 [+0.011, +0.069], p = 0.02

    References:
        Nadeau and Bengio (2003), Inference for the generalization error, Machine
        Learning 52, section 4; Bouckaert and Frank (2004) for repeated folds.
    """
    number(level, "level", 0, 1, open_ends=True)
    values = finite(differences)
    count = values.size
    factor = variance_factor(max(count, 1), test_share)
    if count < 2:
        mean = float(values.mean()) if count else NAN
        reason = f"{count} split(s) gave a difference, a test needs 2"
        return PairedTest(mean, NAN, NAN, NAN, NAN, NAN, NAN, count, level, reason)
    mean, sd, df = float(values.mean()), float(values.std(ddof=1)), count - 1
    se = math.sqrt(factor) * sd
    p, half = p_and_half_width(mean, se, df, level)
    low, high = difference_ends(mean, half, _held(values, limits))
    return PairedTest(mean, low, high, p, df, sd, se, count, level)


def _held(values: FloatArray, limits: Limits | None) -> Limits | None:
    """Return the limits, if all values lie within them."""
    if limits is None or values.min() < limits[0] or values.max() > limits[1]:
        return None
    return limits


def with_rows(
    test: PairedTest, rows: RowsError, *, limits: Limits | None = UNIT
) -> PairedTest:
    """Return the test of a difference by the larger of two standard errors.

    The corrected resampled t-test knows the noise of training, roughly, and takes
    its mean over splits, in which average precision with few positives is
    compressed; resampling rows knows the noise of the test rows alone. The
    difference on all rows is held against the larger error of the two, with the
    smaller degrees of freedom.

    Args:
        test: What `nadeau_bengio` gave.
        rows: The difference on all rows and its error.
        limits: The smallest and the largest possible difference, or None.

    Returns:
        The test of `rows.value`; without a test if `test` is none.

    Example:
        >>> test = nadeau_bengio([0.05, 0.03, 0.06, 0.02, 0.04], test_share=0.2)
        >>> print(with_rows(test, RowsError(0.05, 0.02, 11)))
        +0.050 [-0.006, +0.106], p = 0.067
    """
    if math.isnan(test.p) or math.isnan(rows.value):
        return replace(test, mean=rows.value)
    has_error = not math.isnan(rows.se)
    se = max(test.se, rows.se) if has_error else test.se
    df = min(test.df, rows.df) if has_error else test.df
    p, half = p_and_half_width(rows.value, se, df, test.level)
    low, high = difference_ends(rows.value, half, limits)
    return replace(test, mean=rows.value, low=low, high=high, p=p, df=df, se=se)


def p_and_half_width(
    mean: float, se: float, df: float, level: float
) -> tuple[float, float]:
    """Return the two-sided p-value of a t-test and half the interval's width.

    Args:
        mean: The difference, which is held against 0.
        se: Its standard error, in the same unit.
        df: Degrees of freedom, above 0.
        level: Coverage of the interval, between 0 and 1.

    Example:
        >>> p, half = p_and_half_width(0.05, 0.02, 11, 0.95)
        >>> round(p, 3), round(half, 3)
        (0.03, 0.044)
    """
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(df, (1 + level) / 2)) * se
    if se > 0:
        return float(2 * stdtr(df, -abs(mean) / se)), half
    # Every split agrees to the last bit.
    return 1.0 if mean == 0 else 0.0, half
