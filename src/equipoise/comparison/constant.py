# SPDX-License-Identifier: Apache-2.0
"""An arm against one that says the same of every row.

The average precision of a constant is the share of positives, and its AUROC is .5:
both are known, and only the other arm's error counts. The two differ if the interval
of the other's AUROC excludes .5. Average precision is asked as well, at a fifth of the
error rate, since a model that finds few positives among the highest scores and none
elsewhere shows in it alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from equipoise.comparison.paired import NAN, PairedTest
from equipoise.evaluation.trial_arms import Constants
from equipoise.metrics import Estimate

At = Callable[[float], Estimate]
"""From a level to an estimate with its interval."""
SHARE = 5.0
"""By what the p-value of average precision is multiplied."""
STEPS = 30
LEAST = 1e-12


@dataclass(frozen=True)
class ConstantTest:
    """A metric of an arm minus that of a constant.

    Attributes:
        test: The difference with its interval and p-value.
        side: 1 if the arm is better, -1 if worse, by what decided.
    """

    test: PairedTest
    side: int

    def turned(self) -> ConstantTest:
        """Return the constant minus the arm."""
        t = self.test
        turned = PairedTest(
            -t.mean, -t.high, -t.low, t.p, t.df, t.sd, t.se, t.splits, t.level, t.reason
        )
        return ConstantTest(turned, -self.side)


def against_constant(
    metric: str,
    at: Callable[[str], At],
    constants: Constants,
    *,
    units: float,
    splits: int = 1,
    level: float = 0.95,
) -> ConstantTest:
    """Test an arm against a constant.

    Args:
        metric: One of the two of `constants`.
        at: From the name of either metric to a function that gives the arm's value
            with its interval at a level.
        constants: Names and values of the constant's ranking metrics.
        units: Independent rows (clusters) of the rarer class.
        splits: The number of splits, for the record.
        level: One minus the error rate.

    Returns:
        The metric of the arm minus that of the constant. The interval excludes 0
        exactly if p is at most 1 - level; its ends are NaN, with a reason, if average
        precision and AUROC lie on different sides.
    """
    area, compared = at(constants.area), at(metric)
    ranks_precision = metric == constants.precision
    reference = constants.prevalence if ranks_precision else 0.5
    shown, ranked = compared(level), area(level)
    gain = shown.value - reference
    p = p_value(area, 0.5)
    side = 1 if ranked.value >= 0.5 else -1
    if ranks_precision:
        p_compared = min(1.0, SHARE * p_value(compared, reference))
        if math.isnan(p) or p_compared < p:
            p, side = p_compared, 1 if gain >= 0 else -1
    if math.isnan(p):
        reason = shown.reason or ranked.reason or "its error is unknown"
        nothing = (NAN,) * 6
        return ConstantTest(
            PairedTest(gain, *nothing, splits, level, reason), 1 if gain >= 0 else -1
        )
    low, high = shown.low - reference, shown.high - reference
    freedom = max(units - 1.0, 1.0)
    error = (high - low) / (2 * _quantile(level, freedom))
    reason = ""
    if p > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    elif side * gain <= 0:
        low = high = NAN
        reason = "AUROC lies on the other side of .5 than the value of chance"
    elif metric == "average_precision":
        # Of an average over classes the AUROC says less.
        low, high = _beside_chance(
            (low, high), gain, ranked, constants.prevalence, side
        )
    test = PairedTest(gain, low, high, p, freedom, NAN, error, splits, level, reason)
    return ConstantTest(test, side)


def _beside_chance(
    ends: tuple[float, float],
    gain: float,
    ranked: Estimate,
    prevalence: float,
    side: int,
) -> tuple[float, float]:
    """Move the end next to 0 to what the AUROC's interval leaves, if that excludes .5.

    The other end stays, and the difference stays inside.
    """
    low, high = ends
    if side > 0 and ranked.low > 0.5:
        bound = least_average_precision(ranked.low, prevalence) - prevalence
        low = max(low, min(bound, gain))
    if side < 0 and ranked.high < 0.5:
        bound = least_average_precision(ranked.high, prevalence) - prevalence
        high = min(high, max(bound, gain))
    return low, high


def least_average_precision(auroc: float, prevalence: float) -> float:
    """Return the least average precision of a concave ROC curve of some area.

    With f(t) the share of negatives that score above the share t of positives,
    precision is 1 / (1 + odds f(t) / t), odds the negatives per positive. It is convex
    in f(t) / t, whose mean is at most 2 (1 - AUROC) since it rises with t; by Jensen's
    inequality its mean is at least the value there, which the curve of two straight
    lines attains.

    Args:
        auroc: The area, from 0 to 1.
        prevalence: The share of positives, strictly between 0 and 1.

    Example:
        >>> [round(least_average_precision(area, 0.1), 3) for area in (0.5, 1.0)]
        [0.1, 1.0]
    """
    return prevalence / (prevalence + 2 * (1 - prevalence) * (1 - auroc))


def p_value(at: At, reference: float) -> float:
    """Return the error rate at which an interval just excludes a value.

    Args:
        at: From a level to the estimate.
        reference: The value.

    Returns:
        Within [1e-12, 1]; NaN if there is no interval.
    """
    middling = at(0.5)
    if math.isnan(middling.low) or math.isnan(middling.high):
        return NAN
    # In the logarithm: an interval widens as the error rate falls.
    low, high = math.log(LEAST), 0.0

    def excluded(log_rate: float) -> bool:
        shown = at(min(max(1 - math.exp(log_rate), 1e-9), 1 - LEAST))
        return not shown.low <= reference <= shown.high

    if excluded(low):
        return LEAST
    if not excluded(-1e-6):
        return 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if excluded(middle):
            high = middle
        else:
            low = middle
    return math.exp(high)


def _quantile(level: float, freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
