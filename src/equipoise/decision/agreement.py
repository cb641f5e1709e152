# SPDX-License-Identifier: Apache-2.0
"""Do the probabilities agree with what happened?

An exact correction assumes that training reached the optimum of its loss. Early
stopping and weight decay prevent that, so the correction is tested on rows that the
model was not trained on: slope and intercept of Cox (1958), the z of Spiegelhalter
(1986), and the ratio of observed to expected positives with the limits of Garwood
(1936).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.numerals import as_p_value
from equipoise._core.types import FloatArray
from equipoise.decision.newton import NewtonFit, fit_logistic
from equipoise.decision.rows import (
    check_rows,
)
from equipoise.metrics.estimate import Estimate
from equipoise.priors import probability

# Log-odds beyond this say 0 or 1 to within 1e-13.
CERTAIN = 30.0


@dataclass(frozen=True)
class CalibrationTest:
    """Whether log-odds are calibrated, and in which way they are not.

    Attributes:
        slope: Of the labels' log-odds on the scores (Cox 1958). 1 is right; below
            1 the scores are too extreme (overfitting), above 1 too timid.
        intercept: The shift, with the slope held at 1, that makes the mean
            probability right. 0 is right; below 0 the scores are too high.
        ratio: Positives observed over positives expected.
        p_value: Of the joint hypothesis slope 1 and intercept 0 (likelihood
            ratio, 2 degrees of freedom); NaN without both classes.
        spiegelhalter: The z statistic of Spiegelhalter (1986) for the Brier score.
        spiegelhalter_p: Its two-sided p-value.
        rows: How many rows were tested.
        positives: How many of them were positive.
        level: The level of the intervals; 1 - level is that of the test.
    """

    slope: Estimate
    intercept: Estimate
    ratio: Estimate
    p_value: float
    spiegelhalter: float
    spiegelhalter_p: float
    rows: int
    positives: int
    level: float

    @property
    def rejected(self) -> bool:
        """Whether the joint hypothesis is rejected; False if it cannot be tested."""
        return self.p_value < 1 - self.level

    def describe(self) -> str:
        """Say in words what the test shows, and what it cannot exclude."""
        head = (
            f"On {self.rows} rows ({self.positives} positive) the slope is "
            f"{self.slope} and the shift {self.intercept}"
        )
        if math.isnan(self.p_value):
            return f"The probabilities cannot be tested: {self.slope.reason}."
        if self.rejected:
            return (
                f"{head}: the probabilities are not right ({as_p_value(self.p_value)})."
            )
        return (
            f"{head}: nothing speaks against the probabilities "
            f"({as_p_value(self.p_value)}), but the true values may be anywhere in "
            "these intervals."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        numbers = {k: v for k, v in vars(self).items() if not isinstance(v, Estimate)}
        parts = {"slope": self.slope, "intercept": self.intercept, "ratio": self.ratio}
        return {**numbers, **{name: part.as_dict() for name, part in parts.items()}}


def calibration_test(
    log_odds: npt.ArrayLike, y: npt.ArrayLike, *, level: float = 0.95
) -> CalibrationTest:
    """Test whether log-odds are those of the population.

    The intervals of slope and shift are profile-likelihood intervals, which do not
    assume a symmetric likelihood; that of the ratio follows from exact Poisson limits
    (a little wide if positives are not rare).

    Args:
        log_odds: `[rows]`, of rows that the scores did not learn from. Values
            beyond +-30 count as +-30.
        y: `[rows]` of 0 and 1.
        level: Of the intervals.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> z = rng.normal(-2, 1.5, 4000)
        >>> y = rng.random(4000) < 1 / (1 + np.exp(-z))
        >>> calibration_test(z, y).rejected, calibration_test(2 * z, y).rejected
        (False, True)
    """
    from scipy.stats import chi2, norm

    number(level, "level", 0, 1, open_ends=True)
    rows = check_rows(log_odds, y)
    z = np.clip(rows.score, -CERTAIN, CERTAIN)
    p = probability(z)
    size, positives = z.size, int(rows.y.sum())
    spread = math.sqrt(float(np.sum((1 - 2 * p) ** 2 * p * (1 - p))))
    brier = float(np.sum((rows.y - p) * (1 - 2 * p)))
    spiegelhalter = brier / spread if spread else math.nan
    slope, shift, joint = _lines(z, rows.y, level)
    return CalibrationTest(
        slope=slope,
        intercept=shift,
        ratio=_ratio(positives, float(p.sum()), level),
        p_value=float(chi2.sf(joint, 2)),
        spiegelhalter=spiegelhalter,
        spiegelhalter_p=2 * float(norm.sf(abs(spiegelhalter))),
        rows=size,
        positives=positives,
        level=level,
    )


def _lines(
    z: FloatArray, y: FloatArray, level: float
) -> tuple[Estimate, Estimate, float]:
    """Return slope, shift, and the joint likelihood ratio."""
    positives = y.sum()
    if positives in (0, y.size):
        nothing = Estimate.undefined("one class is absent")
        return nothing, nothing, math.nan
    ones, weights = np.ones((y.size, 1)), np.ones(y.size)
    shifted = fit_logistic(ones, y, weights, z)

    def shift_loss(b: float) -> float:
        return _loss(z + b, y)

    shift = _profile(shift_loss, shifted, 0, level)
    if np.ptp(z) == 0:
        return Estimate.undefined("all scores are equal"), shift, math.nan
    if z[y == 1].min() >= z[y == 0].max() or z[y == 1].max() <= z[y == 0].min():
        return Estimate.undefined("the scores separate the classes"), shift, math.nan
    centre = float(z.mean())
    columns = np.stack([z - centre, ones[:, 0]], axis=1)
    both = fit_logistic(columns, y, weights)

    def slope_loss(a: float) -> float:
        return fit_logistic(ones, y, weights, a * columns[:, 0], [0.0]).loss

    joint = 2 * (_loss(z, y) - both.loss)
    return _profile(slope_loss, both, 0, level), shift, joint


def _profile(
    loss: Callable[[float], float], fit: NewtonFit, which: int, level: float
) -> Estimate:
    """Return where twice the rise of the loss reaches the chi-squared quantile."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    value = float(fit.coefficients[which])
    allowed = float(chi2.ppf(level, 1)) / 2
    step = math.sqrt(float(np.linalg.inv(fit.information)[which, which]))

    def excess(at: float) -> float:
        return loss(at) - fit.loss - allowed

    ends = []
    for side in (-1, 1):
        reach = 2 * side * step
        while excess(value + reach) < 0:
            reach *= 2
        ends.append(float(brentq(excess, value, value + reach, xtol=1e-8)))
    return Estimate(value, ends[0], ends[1], "profile likelihood", level=level)


def _ratio(observed: int, expected: float, level: float) -> Estimate:
    """Return observed / expected with Garwood's (1936) Poisson limits."""
    from scipy.stats import chi2

    if not expected:
        return Estimate.undefined("no positives are expected")
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * observed)) / 2 if observed else 0.0
    high = float(chi2.isf(tail, 2 * observed + 2)) / 2
    return Estimate(
        observed / expected, low / expected, high / expected, "Garwood", level=level
    )


def _loss(z: FloatArray, y: FloatArray) -> float:
    return float(np.sum(np.logaddexp(0.0, z) - y * z))
