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
    ONE_ROW,
    SHARED_ROWS,
    ErrorBasis,
    interval_of_variance,
    mean_parts,
)
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.evaluation.task_values import (
    CLASS_METRICS,
    TaskArmValues,
    view_decisions,
)
from equipoise.metrics import METRICS, Estimate
from equipoise.metrics.ranking import minimum_average_precision
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.uncertainty.influence import (
    average_precision_spread,
    effective_clusters,
    roc_auc_spread,
)
from equipoise.uncertainty.influences import TaskInfluence
from equipoise.uncertainty.proportion import effective_size
from equipoise.uncertainty.strata import unit_sums
from equipoise.uncertainty.task_interval import macro_interval


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
        for name in CLASS_METRICS
        if name != "normalised_average_precision"
    }
    estimates["normalised_average_precision"] = normalised(
        estimates["average_precision"], truth, weights
    )
    hit = float(weights @ (flags & truth).mean(axis=0))
    alarm = float(weights @ (flags & ~truth).mean(axis=0))
    p, n = float(weights @ truth), float(weights @ ~truth)
    return Evaluation(
        {name: estimates[name] for name in CLASS_METRICS},
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

    The rows' variance is raised for what the models of different folds have in common,
    and the variation between repeats is added, as for two classes (`cv_intervals`).

    Args:
        made: The metric with the influences of the rows.
        level: Coverage.
    """
    raised, added = cv_factors(made.name, made.between)
    return macro_interval(made, level, raised=raised, added=added)


def cv_factors(metric: str, between: float | None) -> tuple[float, float]:
    """Return by what share a variance is raised, and what is added to it.

    Args:
        metric: A metric of several classes or labels, or of a class.
        between: The variance from one repeat to the next; None with one repeat.

    Example:
        >>> cv_factors("macro_roc_auc", 0.01)
        (0.05, 0.02)
        >>> cv_factors("balanced_accuracy", None)
        (0.25, 0.0)
    """
    if between is None:
        return ALONE, 0.0
    times = BETWEEN_DECISION
    if metric in TASK_METRICS:
        kind = TASK_METRICS[metric].kind
        times = {"ranking": BETWEEN_RANKING, "probability": BETWEEN_LOSS}.get(
            kind, BETWEEN_DECISION
        )
    elif METRICS[metric].kind == "ranking":
        times = BETWEEN_RANKING
    return SHARED_ROWS, times * between
