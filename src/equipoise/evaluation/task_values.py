# SPDX-License-Identifier: Apache-2.0
"""What each arm of a trial of several classes or labels is worth on its rows.

Every metric comes with how much each row moves it, its influence. Errors, paired
differences and joint tests are sums of these over the rows, so that all classes, arms
and metrics are judged by the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.evaluation.task_out_of_fold import TaskCrossFitted, aligned_views
from equipoise.metrics.class_confusion import ClassConfusion
from equipoise.metrics.estimate import NAN
from equipoise.metrics.task_definitions import ViewAverage, view_values
from equipoise.metrics.task_registry import TASK_METRICS, TaskMetric, task_metric_names
from equipoise.metrics.task_rows import TaskRows
from equipoise.uncertainty.class_influences import ViewInfluences, view_influences
from equipoise.uncertainty.influences import TaskInfluence, task_influence

CLASS_METRICS = (
    "average_precision",
    "normalised_average_precision",
    "roc_auc",
    "recall",
    "precision",
    "f1",
)
"""The metrics of each class against the rest, or of each label."""
ACROSS_FOLDS = ("average_precision", "normalised_average_precision")
"""Those that rank the rows of all folds together, by scores on one scale."""
OF_DECISIONS = ("recall", "precision", "f1")


@dataclass(frozen=True, eq=False)
class TrialTargets:
    """The rows of a trial, which all arms share.

    Attributes:
        rows: The targets, as the binary views of their task.
        folds: `[repeats, rows]` the fold of each row, 0 to folds - 1.
        unit: `[rows]` cluster numbers from 0, or None if rows are independent.
        options: By metric that is given beside the reported ones, its options: the
            cost matrix of "cost".
    """

    rows: TaskRows
    folds: IntArray
    unit: IntArray | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """How often the rows were divided into folds."""
        return len(self.folds)

    @property
    def folds_per_repeat(self) -> int:
        """The number of folds of a repeat."""
        return int(self.folds.max()) + 1

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are given, in the order of reading."""
        names = task_metric_names(self.rows.task, reported=True)
        return tuple(dict.fromkeys([*names, *self.options]))

    @property
    def compared(self) -> tuple[str, ...]:
        """The metrics by which arms are compared, in the order of reading."""
        names = task_metric_names(self.rows.task, headline=True)
        return tuple(dict.fromkeys([*names, *self.options]))


@dataclass(frozen=True, eq=False)
class TaskArmValues:
    """One arm's scores and what they are worth.

    Attributes:
        targets: The rows of the trial.
        scores: `[repeats, rows, width]` out-of-fold scores before calibration.
        fitted: The scores calibrated out of fold.
        decisions: `[repeats, rows]` class numbers, or `[repeats, rows, labels]`; -1 if
            undecided. Each fold is decided by a rule of the other folds.
    """

    targets: TrialTargets
    scores: FloatArray
    fitted: TaskCrossFitted
    decisions: IntArray

    @cached_property
    def aligned(self) -> FloatArray:
        """`[repeats, rows, views]` scores that may be ranked over all folds."""
        return aligned_views(self.scores, self.targets.rows, self.targets.folds)

    @cached_property
    def metrics(self) -> Mapping[str, TaskInfluence]:
        """Every metric of the task, with what each row does to it."""
        return {name: self._metric(name) for name in self.targets.metrics}

    @cached_property
    def views(self) -> Mapping[str, ViewInfluences]:
        """The metrics of each class against the rest, or of each label, likewise."""
        targets = self.targets
        rows = targets.rows
        return {
            name: view_influences(
                name,
                rows.task,
                rows.y,
                self.decisions if name in OF_DECISIONS else self.scores,
                rows.weights,
                folds=targets.folds if name == "roc_auc" else None,
                clusters=targets.unit,
                orders=self.aligned if name in ACROSS_FOLDS else None,
            )
            for name in CLASS_METRICS
        }

    @cached_property
    def splits(self) -> Mapping[str, FloatArray]:
        """By metric that is compared, its value within each fold.

        `[repeats, folds]`; of an average the views that the fold can judge, which are
        the same for all arms; NaN if there is none.
        """
        return {name: self._by_fold(name) for name in self.targets.compared}

    @property
    def confusion(self) -> ClassConfusion | None:
        """The mean confusion matrix over the repeats; None for labels."""
        rows = self.targets.rows
        if rows.task.kind == "multilabel":
            return None
        return ClassConfusion.mean(
            ClassConfusion.counted(rows, each) for each in self.decisions
        )

    def _predictions(self, one: TaskMetric) -> AnyArray:
        if one.of_decisions:
            return self.decisions
        return self.scores if one.kind == "ranking" else self.fitted.scores

    def _metric(self, name: str) -> TaskInfluence:
        targets, one = self.targets, TASK_METRICS[name]
        rows = targets.rows
        definition = one.definition(rows.task)
        view_metric = definition.metric if isinstance(definition, ViewAverage) else ""
        return task_influence(
            name,
            rows.task,
            rows.y,
            self._predictions(one),
            rows.weights,
            folds=targets.folds if view_metric == "roc_auc" else None,
            clusters=targets.unit,
            orders=self.aligned if view_metric in ACROSS_FOLDS else None,
            **targets.options.get(name, {}),
        )

    def _by_fold(self, name: str) -> FloatArray:
        targets, one = self.targets, TASK_METRICS[name]
        definition, predictions = one.definition(targets.rows.task), None
        values = np.full((targets.repeats, targets.folds_per_repeat), NAN)
        predictions = self._predictions(one)
        options = targets.options.get(name, {})
        for repeat, k in np.ndindex(*values.shape):
            inside = targets.folds[repeat] == k
            rows, each = part_of(targets.rows, inside), predictions[repeat, inside]
            if isinstance(definition, ViewAverage) and definition.average == "macro":
                judged = rows.judged & targets.rows.judged
                if judged.any():
                    parts = view_values(definition.metric, rows, rows.ranked(each))
                    values[repeat, k] = parts[judged].mean()
            else:
                values[repeat, k] = definition.value(rows, each, **options)
        return values


def view_decisions(decisions: IntArray, view: int, task_kind: str) -> BoolArray:
    """Return `[repeats, rows]` whether a view's class, or label, was decided.

    Args:
        decisions: As in `TaskArmValues`.
        view: Its number.
        task_kind: The kind of the task.
    """
    if task_kind == "multilabel":
        return np.asarray(decisions[:, :, view] == 1)
    return np.asarray(decisions == view)


def part_of(rows: TaskRows, inside: BoolArray) -> TaskRows:
    """Return the targets of some rows.

    Args:
        rows: The targets.
        inside: `[rows]` which of them.
    """
    return TaskRows(
        rows.task,
        rows.y[inside],
        rows.weights[inside],
        rows.truth[inside],
        rows.labelled[inside],
    )
