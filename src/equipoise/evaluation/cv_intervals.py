# SPDX-License-Identifier: Apache-2.0
"""From replicates to intervals: the forms that held in simulation.

`benchmarks/coverage_cross_validation.py` measures them from 8 positives upwards.
A metric with a bounded range takes the score interval at the effective number of
trials, as a fixed model's does, with the variance found here; a mean loss takes a
t interval, on the log scale upwards. A value always lies inside its interval, and
no interval has zero width.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.decision.costs import Costs
from equipoise.evaluation.arm_values import ArmValues, EvaluatedRows, between_repeats
from equipoise.evaluation.decided import UNDECIDED, cost_options
from equipoise.evaluation.replicates import ArmReplicates
from equipoise.metrics import METRICS, Counts, Estimate
from equipoise.metrics.registry import value_of_counts
from equipoise.uncertainty.differences import UNIT, difference_ends
from equipoise.uncertainty.influence import average_precision_spread, roc_auc_spread
from equipoise.uncertainty.row_weights import RowWeights
from equipoise.uncertainty.score_interval import (
    ClassPart,
    Spread,
    effective_wilson,
    t_quantile,
)
from equipoise.uncertainty.shares import SHARES

SHARED_ROWS = 0.05
"""By how much the rows' variance is raised, since the models of different folds were
trained on much the same rows. This and the next four were
chosen by simulation, with other random numbers than those of the published table."""
ALONE = 0.25
"""The same if there is one repeat, which does not show how much the models depend
on the division of the rows."""
BETWEEN_RANKING = 2.0
"""How often the variance between repeats is added for the ranking metrics. It is
large if a learner is unstable, and so is what the folds' errors have in common;
an average over more repeats does not take that away."""
BETWEEN_LOSS = 0.5
BETWEEN_DECISION = 0.25
"""The same for metrics of decisions, whose thresholds move the estimate and the
truth together."""
OPTIMISM = 1.5
"""How often the optimism of a rule's choice is taken off at the end where it matters;
once at the other. It is itself an estimate, and at few positives a low one."""
CHANCE = 1.65
CHANCE_ALONE = 0.35
"""By how much the rows' variance of AUROC is multiplied if the scores say nothing, and
what is added to that over the number of repeats. The models of different folds then
agree or disagree by chance, which no weighting of the rows shows. In simulations of
nearest-mean rules on noise the variance was 1.6 to 2.1 times that of the rows with one
repeat, 1.5 to 1.8 times with five; what the verdict then finds is in
`benchmarks/level_of_the_verdict.py`."""
FOLLOWING = 3.0
"""By how much, over the independent rows, the variance is raised for a rule that is not
chosen on the rows, as one that follows from costs: its calibrator moves with them."""
UNSEEN = 0.5
"""For how many further positives without loss, or with twice the mean one, the
interval of a mean loss allows."""
LARGEST = 700.0
ONE_ROW = "one row of a class: its error is unknown"
LOSSES = ("brier", "log_loss")


@dataclass(frozen=True)
class ErrorBasis:
    """What a metric's error is judged by, beside its replicates.

    Attributes:
        units: Independent rows (clusters) of the rarer class.
        among: Independent rows that the metric is a share of, if it is one, as
            the flagged rows for precision; else `units`.
        between: Variance from one repeat to the next; None if there is one.
        unseen: Variance added for the lower end only.
        bias: Estimated excess of the value's expectation.
        limits: The smallest and the largest possible value.
        optimism: By how much a rule's value exceeds what the rule is worth, since it
            was chosen for its value on these rows; below 0 for a cost.
        chosen: Variance of the error of such a choice.
        repeats: How often the rows were divided.
        parts: The classes' parts of a ranking metric's error, for the rows that a
            sample does not show.
        near: How many such rows the lower and the upper end allow for.
    """

    units: float
    among: float
    between: float | None = None
    unseen: float = 0.0
    bias: float = 0.0
    limits: tuple[float, float] = (0.0, 1.0)
    optimism: float = 0.0
    chosen: float = 0.0
    repeats: int = 1
    parts: tuple[ClassPart, ...] = ()
    near: tuple[float, float] = (1.0, 1.0)


def error_basis(
    arm: ArmValues, metric: str, draws: RowWeights, errors: FloatArray | None = None
) -> ErrorBasis:
    """Return what the error of an arm's metric is judged by.

    Args:
        arm: The arm.
        metric: The metric's name.
        draws: The replicate weights, for the number of independent rows.
        errors: `[replicates]` errors of the rule's choice, or None.
    """
    rows = arm.rows
    among = float(draws.rarer)
    if metric in SHARES:
        concerned = [SHARES[metric](rows.y, on)[1] for on in arm.decided.flagged]
        among = float(np.mean([draws.units(each) for each in concerned]))
    elif metric == UNDECIDED:
        among = float(draws.units(np.ones_like(rows.y)))
    optimism, chosen = choice_error(errors)
    basis = ErrorBasis(
        draws.rarer,
        among,
        between_repeats(arm.repeated[metric]),
        limits=_limits_on(rows, metric),
        optimism=optimism,
        chosen=chosen,
        repeats=len(rows.folds),
    )
    if metric not in SPREADS:
        return basis
    # From the aligned scores, the mean over the repeats.
    spreads = [
        SPREADS[metric](rows.y, z, rows.weights, draws.unit) for z in arm.scores.aligned
    ]
    careful = metric == "average_precision"
    return dataclasses.replace(
        basis,
        unseen=_mean(s.unseen_low for s in spreads) if careful else 0.0,
        bias=_mean(s.bias for s in spreads) if careful else 0.0,
        parts=mean_parts([s.parts for s in spreads]),
        near=(
            _mean(s.weight_low for s in spreads),
            _mean(s.weight_high for s in spreads),
        ),
    )


SPREADS = {
    "average_precision": average_precision_spread,
    "roc_auc": roc_auc_spread,
}


def _limits_on(rows: EvaluatedRows, metric: str) -> tuple[float, float]:
    if metric == UNDECIDED:
        return 0.0, 1.0
    if METRICS[metric].kind == "probability":
        return METRICS[metric].low, METRICS[metric].high
    return limits(metric, rows.totals, rows.costs if metric == "cost" else None)


def mean_parts(each: Sequence[tuple[ClassPart, ...]]) -> tuple[ClassPart, ...]:
    """Return the classes' parts of the error, averaged over the repeats."""
    names = ("variance", "units", "reach_low", "reach_high")
    return tuple(
        ClassPart(*(_mean(getattr(part, name) for part in parts) for name in names))
        for parts in zip(*each, strict=True)
    )


def _mean(values: Iterable[npt.ArrayLike]) -> float:
    return float(np.mean([float(np.asarray(value)) for value in values]))


def choice_error(errors: FloatArray | None) -> tuple[float, float]:
    """Return the mean and the variance of the errors of a choice; 0 without any.

    Args:
        errors: `[replicates]` how much better a rule is under the weights that chose
            it than under even ones; NaN if one is undefined.
    """
    finite = np.zeros(0) if errors is None else errors[np.isfinite(errors)]
    if finite.size < 2:
        return 0.0, 0.0
    return float(finite.mean()), float(finite.var(ddof=1))


def metric_intervals(
    arm: ArmValues,
    replicates: ArmReplicates,
    draws: RowWeights,
    metrics: Iterable[str],
) -> dict[str, Callable[[float], Estimate]]:
    """Return functions from a level to an arm's metric with its interval.

    Args:
        arm: The arm.
        replicates: Its replicates.
        draws: The weights that gave them.
        metrics: Their names.
    """
    return {
        metric: partial(
            resampled_interval,
            metric,
            arm.points[metric],
            replicates.values[metric],
            error_basis(arm, metric, draws, replicates.errors.get(metric)),
        )
        for metric in metrics
    }


def resampled_interval(
    metric: str,
    point: Estimate,
    replicates: FloatArray,
    basis: ErrorBasis,
    level: float,
) -> Estimate:
    """Return a point with the interval that its replicates say.

    Args:
        metric: The metric's name.
        point: The value on all rows; returned as it is if undefined.
        replicates: `[replicates]` values; NaN if one is undefined.
        basis: What else the error is judged by.
        level: Coverage.
    """
    if not point.defined:
        return point
    finite = replicates[np.isfinite(replicates)]
    if basis.units < 2 or finite.size < 2:
        return Estimate(point.value, reason=ONE_ROW, level=level)
    rows = max(float(finite.var(ddof=1)), basis.chosen)
    if not basis.chosen and _of_decisions(metric):
        rows *= 1 + FOLLOWING / basis.units
    # The Bayesian bootstrap's variance is too small by this factor.
    seen = rows * basis.units / (basis.units - 1)
    return interval_of_variance(metric, point, seen, basis, level)


def interval_of_variance(
    metric: str, point: Estimate, seen: float, basis: ErrorBasis, level: float
) -> Estimate:
    """Return a point with the interval that the rows' variance says.

    Args:
        metric: The metric's name.
        point: The value on all rows; it is defined.
        seen: The variance that the rows show, without bias.
        basis: What else the error is judged by.
        level: Coverage.
    """
    variance = _variance(metric, seen, basis)
    if metric in LOSSES:
        low, high = _loss(point.value, variance, basis, level)
        return Estimate(point.value, low, high, "row weights, t", level=level)
    low, high = _bounded(metric, point.value, variance, basis, level)
    if metric == "roc_auc":
        low, high = _with_chance((low, high), point.value, seen, basis, level)
    method = "row weights, effective-size score"
    return Estimate(point.value, low, high, method, level=level)


def _of_decisions(metric: str) -> bool:
    return metric not in METRICS or METRICS[metric].of_counts is not None


def _variance(metric: str, seen: float, basis: ErrorBasis) -> float:
    if basis.between is None:
        return seen * (1 + ALONE)
    times = BETWEEN_RANKING
    if metric in LOSSES:
        times = BETWEEN_LOSS
    elif _of_decisions(metric):
        times = BETWEEN_DECISION
    return seen * (1 + SHARED_ROWS) + times * basis.between


def _with_chance(
    ends: tuple[float, float],
    value: float,
    seen: float,
    basis: ErrorBasis,
    level: float,
) -> tuple[float, float]:
    """Return an interval of AUROC that excludes .5 only if noise would not.

    Near .5 the variance is that of models that know nothing; an interval that would
    exclude .5 by less than that has its end at .5.
    """
    idle = seen * (CHANCE + CHANCE_ALONE / basis.repeats)
    wide = _bounded("roc_auc", value, idle, basis, level)
    low, high = ends
    if wide[0] <= 0.5 < low:
        low = 0.5
    if high < 0.5 <= wide[1]:
        high = 0.5
    return low, high


def _loss(
    value: float, variance: float, basis: ErrorBasis, level: float
) -> tuple[float, float]:
    if value <= 0:
        return 0.0, UNSEEN / basis.units
    error = math.sqrt(variance + UNSEEN * (value / basis.units) ** 2) / value
    half = float(t_quantile((1 + level) / 2, basis.units - 1)) * error
    # Beyond this the upper end says nothing, and its exponential overflows.
    high = value * math.exp(min(half, LARGEST))
    return max(0.0, value * (1 - half)), min(high, basis.limits[1])


def _bounded(
    metric: str, value: float, variance: float, basis: ErrorBasis, level: float
) -> tuple[float, float]:
    low, high = basis.limits
    if not low < high:
        return value, value
    size = high - low
    place, spread = (value - low) / size, variance / size**2
    # The replicates' choices are among the same rows, so they show a little less.
    optimism = basis.optimism / size * basis.units / (basis.units - 1)
    ends = [
        _score(metric, place - times * optimism, spread, basis, level)
        for times in ((1.0, OPTIMISM) if optimism else (0.0,))
    ]
    lowest = low + size * min(end[0] for end in ends)
    highest = low + size * max(end[1] for end in ends)
    return min(lowest, value), max(highest, value)


def _score(
    metric: str, value: float, variance: float, basis: ErrorBasis, level: float
) -> tuple[float, float]:
    """Return the score interval around a value in [0, 1]."""
    place, spread = min(max(value, 0.0), 1.0), variance
    if metric == "f1":
        # The share of right flags among the rows that are positive or flagged.
        spread = variance * (2 / (2 - place) ** 2) ** 2
        place = place / (2 - place)
    low, high = effective_wilson(
        Spread(
            place,
            spread,
            basis.among,
            unseen_low=basis.unseen,
            bias=basis.bias,
            parts=basis.parts,
            weight_low=basis.near[0],
            weight_high=basis.near[1],
        ),
        level,
    )
    ends = float(low), float(high)
    if metric == "f1":
        return 2 * ends[0] / (1 + ends[0]), 2 * ends[1] / (1 + ends[1])
    return ends


def limits(
    metric: str, sizes: tuple[float, float], costs: Costs | None = None
) -> tuple[float, float]:
    """Return the smallest and the largest value that a metric can have.

    Args:
        metric: The metric's name.
        sizes: The numbers of negatives and positives.
        costs: Of the metric "cost", whose extremes lie where all decisions of a
            class are alike.

    Example:
        >>> limits("mcc", (80, 20))
        (-1.0, 1.0)
        >>> limits("cost", (80, 20), Costs(fp=1, fn=10))
        (0.0, 2.8)
    """
    low, high = METRICS[metric].low, METRICS[metric].high
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    n, p = sizes
    corners = [
        float(
            value_of_counts(
                metric,
                Counts(*map(np.asarray, (p * r, n * a, p * (1 - r), n * (1 - a)))),
                **({} if costs is None else cost_options(costs)),
            )
        )
        for r, a in itertools.product((0.0, 1.0), repeat=2)
    ]
    if costs is not None and costs.abstain is not None:
        corners.append(costs.abstain)
    return min(corners), max(corners)


def difference_error(replicates: FloatArray, units: float) -> float:
    """Return the standard error of a paired difference; NaN if it is not known.

    Args:
        replicates: `[replicates]` differences under the same weights.
        units: Independent rows (clusters) of the rarer class.
    """
    finite = replicates[np.isfinite(replicates)]
    if units < 2 or finite.size < 2:
        return math.nan
    return math.sqrt(float(finite.var(ddof=1)) * units / (units - 1))


def paired_interval(
    value: float,
    error: float,
    units: float,
    level: float,
    limits: tuple[float, float] | None = UNIT,
) -> Estimate:
    """Return a paired difference with a t interval on its standard error.

    Args:
        value: The difference on all rows.
        error: What `difference_error` gave.
        units: Independent rows (clusters) of the rarer class.
        level: Coverage.
        limits: The smallest and the largest possible difference, or None.
    """
    if math.isnan(value):
        return Estimate.undefined("one of the two is undefined")
    if math.isnan(error):
        return Estimate(value, reason=ONE_ROW)
    half = float(t_quantile((1 + level) / 2, units - 1)) * error
    low, high = difference_ends(value, half, limits)
    return Estimate(value, low, high, "row weights, t", level=level)
