# SPDX-License-Identifier: Apache-2.0
"""Intervals of cross-validated metrics of several classes or labels."""

from __future__ import annotations

import math

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.evaluation.arm_values import between_repeats
from equipoise.evaluation.cv_intervals import (
    ALONE,
    BETWEEN_DECISION,
    BETWEEN_LOSS,
    BETWEEN_RANKING,
    LARGEST,
    ONE_ROW,
    SHARED_ROWS,
    ErrorBasis,
    interval_of_variance,
    mean_parts,
)
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.evaluation.task_values import (
    VIEW_METRICS,
    TaskArmValues,
    view_decisions,
)
from equipoise.metrics import Estimate
from equipoise.metrics.ranking import minimum_average_precision
from equipoise.metrics.task_registry import TASK_METRICS, TaskMetric
from equipoise.priors import probability as to_probability
from equipoise.uncertainty.influence import (
    average_precision_spread,
    effective_clusters,
    roc_auc_spread,
)
from equipoise.uncertainty.influences import TaskInfluence
from equipoise.uncertainty.proportion import effective_size
from equipoise.uncertainty.score_interval import Spread, effective_wilson, t_quantile
from equipoise.uncertainty.strata import unit_sums

INFLUENCE = "influence of the rows, log-odds, t"
EDGE = 1e-6
"""Nearer to an end of its range a metric has no scale of log-odds. There, and with a
standard error below it, as of a constant, the fewest trials decide that the units
allow."""


def view_evaluation(
    values: TaskArmValues, view: int, level: float, estimand: str
) -> Evaluation:
    """Return the metrics of one class against the rest, or of one label.

    They are those of two classes: the same code gives their intervals.

    Args:
        values: The arm.
        view: The number of the view.
        level: Coverage.
        estimand: What the numbers are estimates of.
    """
    rows = values.targets.rows
    used, truth, weights = rows.view(view)
    flags = view_decisions(values.decisions, view, rows.task.kind)[:, used]
    estimates = {
        name: _view_estimate(name, values, view, level)
        for name in VIEW_METRICS
        if name != "normalised_average_precision"
    }
    estimates["normalised_average_precision"] = normalised(
        estimates["average_precision"], truth, weights
    )
    hit = float(weights @ (flags & truth).mean(axis=0))
    alarm = float(weights @ (flags & ~truth).mean(axis=0))
    p, n = float(weights @ truth), float(weights @ ~truth)
    return Evaluation(
        {name: estimates[name] for name in VIEW_METRICS},
        int(used.sum()),
        int(truth.sum()),
        None,
        Confusion(hit, alarm, p - hit, n - alarm),
        estimand,
        level,
        share=None if (weights == 1).all() or not (p + n) else p / (p + n),
    )


def _view_estimate(
    name: str, values: TaskArmValues, view: int, level: float
) -> Estimate:
    """Return one metric of a view with its interval."""
    targets, one = values.targets, values.views[name]
    if one.reasons[view]:
        return Estimate.undefined(one.reasons[view])
    point = Estimate(float(one.values[view]))
    units = float(one.units[view])
    if units < 2:
        return Estimate(point.value, reason=ONE_ROW, level=level)
    used, truth, weights = targets.rows.view(view)
    unit = None if targets.unit is None else targets.unit[used]
    among = units
    flags = view_decisions(values.decisions, view, targets.rows.task.kind)[:, used]
    if name in ("recall", "precision", "f1"):
        concerned = {
            "recall": [truth],
            "precision": list(flags),
            "f1": list(flags | truth),
        }[name]
        among = float(np.mean([_units(each, weights, unit) for each in concerned]))
    between = between_repeats(one.repeated[:, view])
    repeats = len(one.repeated)
    basis = ErrorBasis(units, among, between, repeats=repeats)
    spread_of = {
        "average_precision": average_precision_spread,
        "roc_auc": roc_auc_spread,
    }.get(name)
    if spread_of is not None:
        each = None if (weights == 1).all() else weights
        spreads = [
            spread_of(truth, z, each, unit) for z in values.aligned[:, used, view]
        ]
        careful = name == "average_precision"
        basis = ErrorBasis(
            units,
            among,
            between,
            unseen=_mean([s.unseen_low for s in spreads]) if careful else 0.0,
            bias=_mean([s.bias for s in spreads]) if careful else 0.0,
            repeats=repeats,
            parts=mean_parts([s.parts for s in spreads]),
            near=(
                _mean([s.weight_low for s in spreads]),
                _mean([s.weight_high for s in spreads]),
            ),
        )
    seen = float(np.sum(unit_sums(one.row[:, view], one.unit) ** 2))
    if math.isnan(seen):
        return Estimate(point.value, reason=ONE_ROW, level=level)
    return interval_of_variance(name, point, seen, basis, level)


def _mean(values: list[object]) -> float:
    return float(np.mean(np.asarray(values, np.float64)))


def _units(rows: BoolArray, weights: FloatArray, unit: IntArray | None) -> float:
    """Return how many independent units hold some rows."""
    if unit is None:
        return effective_size(weights[rows])
    return effective_clusters(unit[rows], weights[rows])


def normalised(plain: Estimate, truth: BoolArray, weights: FloatArray) -> Estimate:
    """Return average precision with its least possible value taken as 0.

    Args:
        plain: Average precision with its interval.
        truth: `[rows]` whether a row is positive.
        weights: `[rows]` row weights.
    """
    least = minimum_average_precision(truth, None, weights) if plain.defined else 1.0
    if not least < 1:
        return plain

    def scaled(value: float) -> float:
        return (value - least) / (1.0 - least)

    return Estimate(
        scaled(plain.value),
        max(0.0, scaled(plain.low)),
        scaled(plain.high),
        plain.method,
        plain.reason,
        plain.level,
    )


def task_estimate(made: TaskInfluence, level: float) -> Estimate:
    """Return a cross-validated metric of the task with its interval.

    Args:
        made: The metric with the influences of the rows.
        level: Coverage.
    """
    if math.isnan(made.value):
        return Estimate.undefined(made.reason)
    one, between = TASK_METRICS[made.name], made.between
    if between is None:
        variance = made.variance * (1 + ALONE)
    else:
        times = {
            "ranking": BETWEEN_RANKING,
            "probability": BETWEEN_LOSS,
            "decision": BETWEEN_DECISION,
        }[one.kind]
        variance = made.variance * (1 + SHARED_ROWS) + times * between
    return bounded_estimate(one, made.value, variance, made.units, level)


def fixed_estimate(made: TaskInfluence, level: float) -> Estimate:
    """Return a metric of a fixed model with its interval.

    Args:
        made: The metric with the influences of the rows.
        level: Coverage.
    """
    if math.isnan(made.value):
        return Estimate.undefined(made.reason)
    one = TASK_METRICS[made.name]
    return bounded_estimate(one, made.value, made.variance, made.units, level)


def bounded_estimate(
    metric: TaskMetric, value: float, variance: float, units: float, level: float
) -> Estimate:
    """Return a value with an interval that stays within the metric's range.

    On the scale of log-odds, with the quantile of t of one less than the rarest
    class has units; at an end of the range the score interval at the effective number
    of trials. A loss takes the logarithm upwards.

    Args:
        metric: Its facts.
        value: The value.
        variance: Its variance; NaN if it is unknown.
        units: Independent units of the rarest class.
        level: Coverage.
    """
    if units < 2 or math.isnan(variance):
        return Estimate(value, reason=ONE_ROW, level=level)
    if not math.isfinite(value):
        return Estimate(value, reason="it is infinite", level=level)
    quantile = float(t_quantile((1 + level) / 2, units - 1))
    error = math.sqrt(variance)
    if not (math.isfinite(metric.low) and math.isfinite(metric.high)):
        low = max(metric.low, value - quantile * error)
        high = value + quantile * error
        if value > 0 and metric.low == 0:
            high = value * math.exp(min(quantile * error / value, LARGEST))
        return Estimate(value, low, high, INFLUENCE, level=level)
    size = metric.high - metric.low
    place, spread = (value - metric.low) / size, variance / size**2
    room = place * (1 - place)
    if min(room, spread) < EDGE**2 or room < EDGE:
        ends = effective_wilson(Spread(place, spread, units), level)
        low, high = (float(end) for end in ends)
    else:
        centre, half = math.log(place / (1 - place)), quantile * spread**0.5 / room
        low, high = (float(x) for x in to_probability([centre - half, centre + half]))
    low, high = metric.low + size * low, metric.low + size * high
    return Estimate(value, min(low, value), max(high, value), INFLUENCE, level=level)
