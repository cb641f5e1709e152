# SPDX-License-Identifier: Apache-2.0
"""The corrected resampled t-test: paired differences over repeated splits."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise.errors import InputError

FloatArray = npt.NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True)
class PairedTest:
    """A paired difference with its interval and p-value.

    Attributes:
        mean: The mean difference.
        low: The interval's lower end.
        high: The interval's upper end.
        p: Two-sided p-value of "no difference".
        df: Degrees of freedom of the t distribution.
        sd: Standard deviation of one split's difference.
        se: Standard error of the mean, corrected for shared training rows.
        splits: The number of splits that gave a difference.
        level: The interval's nominal coverage.
        reason: Why something is NaN; empty where nothing is.
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
            return f"{self.mean:+.3f} (no test: {self.reason})"
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p = {self.p:.2g}"


def finite(differences: npt.ArrayLike) -> FloatArray:
    """Return the differences that are numbers, flat.

    A fold without positives has no rank metric; its difference is NaN.

    Raises:
        InputError: A difference is infinite.
    """
    values = np.asarray(differences, np.float64).ravel()
    if np.isinf(values).any():
        raise InputError(
            sentence("infinite differences", "numbers, NaN where a split has none")
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
    differences: npt.ArrayLike, test_share: float, *, level: float = 0.95
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
    from scipy import stats

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
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    if se > 0:
        p = float(2 * stats.t.sf(abs(mean) / se, df))
    else:  # every split agrees to the last bit
        p = 1.0 if mean == 0 else 0.0
    return PairedTest(mean, mean - half, mean + half, p, df, sd, se, count, level)
