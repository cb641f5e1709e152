# SPDX-License-Identifier: Apache-2.0
"""Evaluate a fixed model of several classes or labels from its probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.cost_matrix import CostMatrix, cost_matrix
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import evaluate
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.evaluation.task_intervals import normalised
from equipoise.metrics import Estimate
from equipoise.metrics.class_confusion import ClassConfusion
from equipoise.metrics.task_registry import TASK_METRICS, task_metric_names
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty.influences import task_influence
from equipoise.uncertainty.row_weights import cluster_numbers
from equipoise.uncertainty.task_interval import macro_interval

RANKED = ("average_precision", "roc_auc")
DECIDED = ("recall", "precision", "f1")


def evaluate_task(
    task: Task,
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    decisions: npt.ArrayLike | None = None,
    rule: str = "",
    costs: CostMatrix | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> TaskEvaluation:
    """Return every metric of a fixed model of several classes or labels.

    Args:
        task: The classes, or labels.
        y: `[rows]` class numbers; `[rows, labels]` 1, 0, and -1 or NaN if unknown.
        probability: `[rows, classes]` probabilities; `[rows, labels]` of each label.
        decisions: `[rows]` class numbers, or `[rows, labels]` 0 and 1; -1 if
            undecided. None: the most probable class; each label from .5 on.
        rule: How the decisions were made, in words.
        costs: A cost matrix for the metric "cost", its classes in any order; or None.
        weights: `[rows]` row weights, or None.
        clusters: `[rows]` names of groups of rows that depend on each other, or None.
        level: Coverage of the intervals.
        seed: Seed, if an interval needs a bootstrap.

    Returns:
        Metrics of the task and of each class against the rest, or of each label.

    Raises:
        InputError: The arrays do not fit together, or to the task.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> y = np.repeat([0, 1, 2], [40, 30, 10])
        >>> p = np.eye(3)[y] * 0.7 + 0.1
        >>> e = evaluate_task(task, y, p)
        >>> e["balanced_accuracy"].value, e.by_class["c"]["recall"].value
        (1.0, 1.0)
    """
    number(level, "level", 0, 1, open_ends=True)
    rows = TaskRows.of(task, y, weights)
    p = rows.predicted(probability, True)
    decided, words = _decided(rows, p, decisions, rule)
    unit = cluster_numbers(clusters, len(p))
    options: dict[str, dict[str, Any]] = {}
    if costs is not None:
        prices = cost_matrix(task.classes, costs)
        options["cost"] = {"matrix": prices.table, "abstain": prices.abstain}
    shared = {"level": level, "seed": seed}
    names = [*task_metric_names(task, reported=True), *options]
    return TaskEvaluation(
        {
            name: macro_interval(
                task_influence(
                    name,
                    task,
                    rows.y,
                    decided if TASK_METRICS[name].of_decisions else p,
                    rows.weights,
                    probabilities=not TASK_METRICS[name].of_decisions,
                    clusters=unit,
                    **options.get(name, {}),
                ),
                level,
            )
            for name in names
        },
        task,
        len(p),
        {
            name: _of_view(rows, view, p, decided, unit, shared)
            for view, name in enumerate(rows.names)
        },
        None if task.kind == "multilabel" else ClassConfusion.counted(rows, decided),
        {
            name: rows.reason(view)
            for view, name in enumerate(rows.names)
            if not rows.judged[view]
        },
        words,
        level=level,
    )


def _decided(
    rows: TaskRows, p: FloatArray, decisions: npt.ArrayLike | None, rule: str
) -> tuple[IntArray, str]:
    """Return the decisions, and how they were made."""
    if decisions is not None:
        return rows.decided(decisions), rule
    if rows.task.kind == "multilabel":
        return (p >= 0.5).astype(np.int64), "Each label from a probability of 0.5 on."
    return p.argmax(axis=1).astype(np.int64), "The most probable class."


def _of_view(
    rows: TaskRows,
    view: int,
    p: FloatArray,
    decided: IntArray,
    unit: IntArray | None,
    shared: dict[str, Any],
) -> Evaluation:
    """Return the metrics of one class against the rest, or of one label."""
    used, truth, weights = rows.view(view)
    on = decided[used, view] == 1 if decided.ndim == 2 else decided[used] == view
    if not rows.judged[view]:
        reason = Estimate.undefined(rows.reason(view))
        names = ("average_precision", "normalised_average_precision", "roc_auc")
        return Evaluation(
            dict.fromkeys((*names, *DECIDED), reason), int(used.sum()), int(truth.sum())
        )
    each: AnyArray | None = None if (weights == 1).all() else weights
    clusters = None if unit is None else unit[used]
    options = {"weights": each, "clusters": clusters, **shared}
    ranked = evaluate(truth, p[used, view], **options)
    flags = evaluate(truth, on.astype(np.float64), threshold=0.5, **options)
    plain = ranked["average_precision"]
    estimates = {
        "average_precision": plain,
        "normalised_average_precision": normalised(plain, truth, weights),
        "roc_auc": ranked["roc_auc"],
        **{name: flags[name] for name in DECIDED},
    }
    return Evaluation(
        estimates,
        int(used.sum()),
        int(truth.sum()),
        None,
        flags.confusion,
        level=shared["level"],
        share=None if each is None else float(np.average(truth, weights=each)),
    )
