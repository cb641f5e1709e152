# SPDX-License-Identifier: Apache-2.0
"""How much each row moves a binary metric of each class, or of each label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import NAN
from equipoise.metrics.registry import METRICS
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty.influences import (
    InfluenceMaker,
    folds_of_repeats,
    predictions_of_repeats,
)
from equipoise.uncertainty.strata import Strata

_STEP = 1e-6
"""The step of a slope in the counts, in rows; relative to the counts if they are
large."""


@dataclass(frozen=True, eq=False)
class ViewInfluences:
    """A binary metric of every view, with what each row does to it.

    Attributes:
        metric: The metric.
        names: `[views]` the classes or labels.
        values: `[views]`; NaN if a view cannot be judged.
        row: `[rows, views]` independent terms of each value's error, as in
            `TaskInfluence`; 0 if a view cannot be judged.
        units: `[views]` independent units of the rarer class of each view.
        unit: `[rows]` cluster numbers from 0, or None.
        repeated: `[repeats, views]` the values in each repeat.
        reasons: `[views]` why a value is undefined; "" if it is not.
    """

    metric: str
    names: tuple[str, ...]
    values: FloatArray
    row: FloatArray
    units: FloatArray
    unit: IntArray | None
    repeated: FloatArray
    reasons: tuple[str, ...]


def view_influences(
    metric: str,
    task: Task,
    y: npt.ArrayLike,
    predictions: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    probabilities: bool = False,
    folds: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    orders: FloatArray | None = None,
    **options: float,
) -> ViewInfluences:
    """Return a binary metric of each class against the rest, or of each label.

    Args:
        metric: "average_precision", "normalised_average_precision", "roc_auc", or a
            metric of decisions such as "recall", "precision" and "f1".
        task: Any task.
        y: The targets, as for `task_influence`.
        predictions: Scores or probabilities; decisions for a metric of them. An axis
            of repeats may come before.
        weights: `[rows]` weights, or None.
        probabilities: Whether the predictions are probabilities.
        folds: `[rows]` or `[repeats, rows]` numbers from 0, for AUROC within folds.
        clusters: `[rows]` names of groups of dependent rows, or None.
        orders: As in `task_influence`.
        **options: What a metric of decisions takes, for example `beta`.

    Raises:
        InputError: The metric is not known, or the arrays do not fit together.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> made = view_influences("recall", task, [0, 0, 1, 1], [0, 1, 1, 1])
        >>> made.values.tolist(), made.reasons[2]
        ([0.5, 1.0, nan], "no rows of class 'c'")
    """
    decided = [name for name, one in METRICS.items() if one.of_counts is not None]
    ranked = ["average_precision", "normalised_average_precision", "roc_auc"]
    one_of(metric, [*ranked, *decided], "metric")
    rows = TaskRows.of(task, y, weights)
    repeats = predictions_of_repeats(rows, predictions, decisions=metric not in ranked)
    split = folds_of_repeats(folds, len(repeats), len(rows.weights))
    maker = InfluenceMaker(rows, repeats, split, probabilities, clusters, {}, orders)
    judged = rows.judged if metric != "roc_auc" else maker.judged_within()
    if metric in ranked:
        values, raw, strata = maker.views(metric, judged)
        points = values.mean(axis=0)
    else:
        points, values, raw, strata = _decided_views(maker, metric, options)
    row = np.zeros_like(raw)
    units = np.zeros(points.size)
    reasons = []
    for view in range(points.size):
        reasons.append(rows.reason(view))
        two = Strata.of_view(rows, view, clusters)
        units[view] = min(two.units(0), two.units(1))
        if reasons[view]:
            continue
        if np.isnan(points[view]):
            reasons[view] = "no fold holds rows with and without it"
            if metric not in ranked:
                reasons[view] = METRICS[metric].undefined
            continue
        row[:, view] = strata[view].errors(raw[:, view])
    return ViewInfluences(
        metric,
        rows.names,
        points,
        row,
        units,
        maker.strata.unit,
        values,
        tuple(reasons),
    )


def _decided_views(
    maker: InfluenceMaker, metric: str, options: dict[str, float]
) -> tuple[FloatArray, FloatArray, FloatArray, list[Strata]]:
    """Return a metric of decisions of the views.

    `[views]` values of the mean counts, `[repeats, views]` values, `[rows, views]`
    influences, the views' strata.
    """
    rows = maker.rows
    definition = METRICS[metric].of_counts
    assert definition is not None  # noqa: S101 (the names were checked)
    several = maker.several
    first = 1 if rows.task.kind == "binary" else 0
    looked_for = np.arange(first, first + rows.truth.shape[1])
    flags = [
        (each == 1 if several else each[:, None] == looked_for)
        for each in map(rows.decided, maker.repeats)
    ]
    cells = np.stack([_cells(rows, flag) for flag in flags])
    mean = cells.mean(axis=0)

    def at(counts: FloatArray) -> FloatArray:
        made = definition(Counts(*counts), **options)
        return np.where(rows.judged, np.asarray(made, np.float64), NAN)

    points = at(mean)
    steps = _STEP * np.maximum(1.0, mean)
    slopes = np.empty_like(mean)
    for k in range(4):
        up, down = mean.copy(), mean.copy()
        up[k] += steps[k]
        down[k] = np.maximum(0.0, down[k] - steps[k])
        slopes[k] = (at(up) - at(down)) / (up[k] - down[k])
    raw = np.zeros(rows.truth.shape)
    views = np.arange(rows.truth.shape[1])
    for flag in flags:
        cell = np.where(flag, np.where(rows.truth, 0, 1), np.where(rows.truth, 2, 3))
        part = np.where(rows.labelled, slopes[cell, views], 0.0)
        raw += np.where(np.isnan(part), 0.0, part) / len(flags)
    strata = [
        Strata.of_view(rows, view, maker.clusters) if several else maker.strata
        for view in views.tolist()
    ]
    repeated = np.stack([at(each) for each in cells])
    return points, repeated, raw * rows.weights[:, None], strata


def _cells(rows: TaskRows, flag: BoolArray) -> FloatArray:
    """Return `[4, views]` true and false positives, false and true negatives."""
    other = rows.labelled & ~rows.truth
    cells = (rows.truth & flag, other & flag, rows.truth & ~flag, other & ~flag)
    return np.stack([rows.weights @ cell for cell in cells])
