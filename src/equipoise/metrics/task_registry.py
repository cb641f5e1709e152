# SPDX-License-Identifier: Apache-2.0
"""Every metric of several classes or labels as data, and which metric a name means.

`METRICS` holds the metrics of two classes, `TASK_METRICS` those of more classes and of
labels. `metric_of` is the one place that says what "the metric NAME of this task" is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy.typing as npt

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics import class_decisions, label_decisions, row_losses
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import INFINITE, METRICS, Metric, complete_words
from equipoise.metrics.task_definitions import (
    AverageKind,
    OfClassCounts,
    OfLabelCounts,
    PairAverage,
    RowMean,
    TaskDefinition,
    ViewAverage,
)
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task, TaskKind, check_task

TaskMetricKind = Literal["ranking", "probability", "decision"]


@dataclass(frozen=True, eq=False)
class TaskMetric:
    """One metric of several classes or labels, with all of its facts.

    Attributes:
        name: As in `TASK_METRICS`.
        kind: "ranking": of the scores' order. "probability": of what probabilities
            the scores stand for. "decision": of the decisions.
        definitions: By the kind of task that it serves.
        low: The smallest possible value.
        high: The largest possible value.
        higher_is_better: The direction.
        undefined: In words, where it is NaN although rows of several classes, or with
            and without a label, are there.
        label: What it is called within a sentence; the name by default.
        title: What it is called in a heading; the label by default.
        meaning: What it is, in a few words for a reader of the report.
        headline: Whether arms are compared by it.
        reported: Whether `evaluate` and every trial give it.
        source: Who defined it, and where.
    """

    name: str
    kind: TaskMetricKind
    definitions: Mapping[TaskKind, TaskDefinition]
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    undefined: str = "no rows"
    label: str = ""
    title: str = ""
    meaning: str = ""
    headline: bool = False
    reported: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        complete_words(self)

    @property
    def tasks(self) -> tuple[TaskKind, ...]:
        """The kinds of task that it serves."""
        return tuple(self.definitions)

    @property
    def of_decisions(self) -> bool:
        """Whether it takes decisions; else scores or probabilities."""
        return self.kind == "decision"

    def definition(self, task: Task) -> TaskDefinition:
        """Return what it is made of for a task.

        Args:
            task: The task.

        Raises:
            UnsupportedError: It does not serve such a task.
        """
        if check_task(task).kind in self.definitions:
            return self.definitions[task.kind]
        raise _unserved(self.name, task)

    def __call__(
        self,
        task: Task,
        y: npt.ArrayLike,
        predictions: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        probabilities: bool = False,
        **options: Any,
    ) -> float:
        """Return the value; NaN if it is undefined.

        Args:
            task: Several classes or labels.
            y: `[rows]` class numbers; `[rows, labels]` 1, 0, and NaN or -1 if a label
                is unknown.
            predictions: Scores `[rows, width]`: logits of the classes, log-odds of
                the labels. Probabilities of this shape if `probabilities` is set. Of
                the kind "decision": class numbers `[rows]`, or 0 and 1
                `[rows, labels]`; -1 for undecided.
            weights: `[rows]` weights, or None; weight k counts as k copies.
            probabilities: Whether the predictions are probabilities.
            **options: What the metric takes, for example `k`.

        Raises:
            UnsupportedError: It does not serve such a task.
            InputTypeError: An array holds no numbers.
            InputError: The arrays do not fit together, or to the task.

        Example:
            >>> task = Task("multiclass", ("a", "b", "c"))
            >>> p = [[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]
            >>> TASK_METRICS["macro_roc_auc"](task, [0, 1, 2], p, probabilities=True)
            1.0
        """
        rows = TaskRows.of(task, y, weights)
        definition = self.definition(task)
        return definition.value(rows, predictions, probabilities, **options)

    def estimate(
        self,
        task: Task,
        y: npt.ArrayLike,
        predictions: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        probabilities: bool = False,
        **options: Any,
    ) -> Estimate:
        """Return the value without an interval; undefined with its reason.

        Args:
            task: Several classes or labels.
            y: The targets, as for `__call__`.
            predictions: Scores, probabilities or decisions.
            weights: `[rows]` weights, or None.
            probabilities: Whether the predictions are probabilities.
            **options: What the metric takes.

        Example:
            >>> one = TASK_METRICS["balanced_accuracy"]
            >>> print(one.estimate(Task("multiclass", ("a", "b")), [0, 0], [0, 1]))
            undefined (all rows are of one class)
        """
        value = self(
            task, y, predictions, weights, probabilities=probabilities, **options
        )
        if not math.isnan(value):
            return Estimate(value)
        return Estimate.undefined(self.reason(TaskRows.of(task, y, weights)))

    def reason(self, rows: TaskRows) -> str:
        """Return why the metric is undefined on these rows.

        Args:
            rows: The targets.
        """
        return rows.no_view or self.undefined


def _served(
    name: str,
    kind: TaskMetricKind,
    *,
    multiclass: TaskDefinition | None = None,
    multilabel: TaskDefinition | None = None,
    **facts: Any,
) -> TaskMetric:
    definitions: dict[TaskKind, TaskDefinition] = {}
    if multiclass is not None:
        definitions["multiclass"] = multiclass
    if multilabel is not None:
        definitions["multilabel"] = multilabel
    return TaskMetric(name, kind, definitions, **facts)


def _average(name: str, metric: str, average: AverageKind, **facts: Any) -> TaskMetric:
    over = ViewAverage(metric, average)
    return _served(name, "ranking", multiclass=over, multilabel=over, **facts)


def _loss(name: str, definition: RowMean, **facts: Any) -> TaskMetric:
    return _served(
        name,
        "probability",
        multiclass=definition,
        multilabel=definition,
        higher_is_better=False,
        **facts,
    )


# The order is that in which metrics are read and shown.
_ALL = (
    _average(
        "macro_average_precision",
        "average_precision",
        "macro",
        label="macro average precision",
        meaning="mean of the average precision of each class against the rest, or "
        "of each label",
        headline=True,
        reported=True,
    ),
    _average(
        "macro_normalised_average_precision",
        "normalised_average_precision",
        "macro",
        meaning="the same, with each class' least possible value taken as 0",
        reported=True,
        source="Boyd et al. 2012, equation 8, averaged",
    ),
    _average(
        "weighted_average_precision",
        "average_precision",
        "weighted",
        meaning="mean of the average precisions by the number of positives",
    ),
    _average(
        "micro_average_precision",
        "average_precision",
        "micro",
        meaning="average precision of all classes' or labels' rows in one list",
    ),
    _average(
        "macro_roc_auc",
        "roc_auc",
        "macro",
        label="macro AUROC",
        meaning="mean of the AUROC of each class against the rest, or of each label",
        headline=True,
        reported=True,
    ),
    _served(
        "roc_auc_ovo",
        "ranking",
        multiclass=PairAverage(),
        label="pairwise AUROC",
        meaning="mean of the AUROC of each pair of classes, the same at any shares",
        source="Hand and Till 2001, equation 7",
    ),
    _served(
        "top_k_accuracy",
        "ranking",
        multiclass=RowMean(row_losses.in_top_k),
        label="top-k accuracy",
        meaning="share of the rows whose class is among the k most probable",
    ),
    _served(
        "label_ranking_average_precision",
        "ranking",
        multilabel=RowMean(row_losses.label_ranking_precisions),
        meaning="precision met at each label of a row, ranked among all labels",
        source="Schapire and Singer 2000",
    ),
    _served(
        "coverage_error",
        "ranking",
        multilabel=RowMean(row_losses.label_coverages),
        high=INFINITE,
        higher_is_better=False,
        meaning="how many labels one must go down to have met all that a row has",
        source="Tsoumakas et al. 2010",
    ),
    _loss(
        "log_loss",
        RowMean(row_losses.task_log_losses),
        high=INFINITE,
        meaning="mean of -log p of what happened; of labels, the mean over them",
        headline=True,
        reported=True,
        source="Good 1952",
    ),
    _loss(
        "brier",
        RowMean(row_losses.task_squared_errors),
        label="Brier score",
        meaning="half the squared distance of probabilities and classes; of labels, "
        "the mean over them of the squared errors",
        headline=True,
        reported=True,
        source="Brier 1950, halved",
    ),
    _served(
        "macro_f1",
        "decision",
        multiclass=OfClassCounts(class_decisions.macro_class_f1, each_class=True),
        multilabel=OfLabelCounts(label_decisions.macro_label_f1),
        label="macro F1",
        meaning="mean of the classes' or labels' F1",
        headline=True,
        reported=True,
        source="Opitz and Burst 2019, for which of the two",
    ),
    _served(
        "weighted_f1",
        "decision",
        multiclass=OfClassCounts(class_decisions.weighted_class_f1),
        multilabel=OfLabelCounts(label_decisions.weighted_label_f1),
        label="weighted F1",
        meaning="mean of the F1s by the number of positives",
    ),
    _served(
        "micro_f1",
        "decision",
        multiclass=OfClassCounts(class_decisions.micro_class_f1),
        multilabel=OfLabelCounts(label_decisions.micro_label_f1),
        undefined="no positives and nothing is decided to be positive",
        label="micro F1",
        meaning="F1 of the counts of all classes or labels together",
        reported=True,
    ),
    _served(
        "balanced_accuracy",
        "decision",
        multiclass=OfClassCounts(
            class_decisions.balanced_class_accuracy, each_class=True
        ),
        multilabel=OfLabelCounts(label_decisions.balanced_label_accuracy),
        meaning="mean of the classes' recalls; of labels, the mean of their balanced "
        "accuracies",
        headline=True,
        reported=True,
        source="Brodersen et al. 2010",
    ),
    _served(
        "accuracy",
        "decision",
        multiclass=OfClassCounts(class_decisions.class_accuracy),
        meaning="share of right decisions, most of it from the large classes",
        reported=True,
    ),
    _served(
        "mcc",
        "decision",
        multiclass=OfClassCounts(class_decisions.class_mcc),
        low=-1.0,
        undefined="all decisions are the same",
        label="MCC",
        meaning="correlation of classes and decisions",
        reported=True,
        source="Gorodkin 2004, equation 8",
    ),
    _served(
        "kappa",
        "decision",
        multiclass=OfClassCounts(class_decisions.class_kappa),
        low=-1.0,
        undefined="one class, and all decisions name it",
        label="Cohen's kappa",
        meaning="agreement of classes and decisions beyond chance",
        reported=True,
        source="Cohen 1960",
    ),
    _served(
        "subset_accuracy",
        "decision",
        multilabel=RowMean(row_losses.all_labels_right, of_decisions=True),
        meaning="share of the rows of which all labels are decided rightly",
        reported=True,
    ),
    _served(
        "hamming_loss",
        "decision",
        multilabel=RowMean(row_losses.wrong_labels, of_decisions=True),
        higher_is_better=False,
        meaning="share of the labels that are decided wrongly",
        reported=True,
    ),
    _served(
        "cost",
        "decision",
        multiclass=OfClassCounts(class_decisions.class_cost),
        low=-INFINITE,
        high=INFINITE,
        higher_is_better=False,
        label="expected cost",
        title="Cost per row",
        meaning="mean cost of a row by the cost matrix",
        source="Elkan 2001",
    ),
)

TASK_METRICS: dict[str, TaskMetric] = {one.name: one for one in _ALL}
"""All metrics of several classes and labels, by name."""

_BINARY_NAMES = {
    "macro_average_precision": "average_precision",
    "weighted_average_precision": "average_precision",
    "micro_average_precision": "average_precision",
    "macro_normalised_average_precision": "normalised_average_precision",
    "macro_roc_auc": "roc_auc",
    "roc_auc_ovo": "roc_auc",
    "macro_f1": "f1",
    "weighted_f1": "f1",
    "micro_f1": "f1",
}
"""What a metric of several classes is called if there are two."""

_TASK_NAMES = {
    "average_precision": "macro_average_precision",
    "normalised_average_precision": "macro_normalised_average_precision",
    "roc_auc": "macro_roc_auc",
    "f1": "macro_f1",
    "recall": "balanced_accuracy",
}
"""What a metric of two classes is called if there are more."""


def metric_of(name: str, task: Task) -> Metric | TaskMetric:
    """Return the metric that a name means for a task.

    Args:
        name: A key of `METRICS` for a binary task, of `TASK_METRICS` for another.
        task: The task.

    Raises:
        InputTypeError: The name is not a string.
        InputError: There is no such metric; what it is called for this task is said.
        UnsupportedError: The metric exists, but not for such a task.

    Example:
        >>> metric_of("macro_f1", Task("multiclass", ("a", "b", "c"))).label
        'macro F1'
        >>> metric_of("balanced_accuracy", Task("binary", ("no", "yes"))).kind
        'threshold'
    """
    if check_task(task).kind == "binary":
        if name in _BINARY_NAMES:
            raise InputError(
                sentence(
                    f"metric={name!r} for two classes",
                    "a metric of two classes",
                    f"Pass metric={_BINARY_NAMES[name]!r}.",
                )
            )
        return METRICS[one_of(name, METRICS, "metric")]
    if isinstance(name, str) and name in TASK_METRICS:
        one = TASK_METRICS[name]
        one.definition(task)
        return one
    served = task_metric_names(task)
    if isinstance(name, str) and name in METRICS:
        other = _TASK_NAMES.get(name, "")
        raise InputError(
            sentence(
                f"metric={name!r}, a metric of two classes, for a {task.kind} task",
                f"one of {listing(served, 40)}",
                f"Pass metric={other!r}." if other else "",
            )
        )
    return TASK_METRICS[one_of(name, served, "metric")]


def task_metric_names(
    task: Task, *, reported: bool = False, headline: bool = False
) -> tuple[str, ...]:
    """Return the names of the metrics that serve a task of several classes or labels.

    Args:
        task: The task.
        reported: Return those alone that `evaluate` and every trial give.
        headline: Return those alone by which arms are compared.

    Example:
        >>> task_metric_names(Task("multilabel", ("x", "y")), headline=True)[:2]
        ('macro_average_precision', 'macro_roc_auc')
    """
    kind = check_task(task).kind
    return tuple(
        name
        for name, one in TASK_METRICS.items()
        if kind in one.definitions
        and (one.reported or not reported)
        and (one.headline or not headline)
    )


def headline_metric(task: Task) -> str:
    """Return the metric by which arms are compared unless another is named.

    Args:
        task: The task.

    Example:
        >>> headline_metric(Task("binary", ("no", "yes")))
        'average_precision'
        >>> headline_metric(Task("multiclass", ("a", "b", "c")))
        'macro_average_precision'
    """
    two = check_task(task).kind == "binary"
    return "average_precision" if two else "macro_average_precision"


def _unserved(name: str, task: Task) -> UnsupportedError:
    served = task_metric_names(task) if task.kind != "binary" else tuple(METRICS)
    other = "multilabel" if task.kind == "multiclass" else "multiclass"
    if task.kind == "binary":
        other = "multiclass and multilabel"
    return UnsupportedError(
        sentence(
            f"metric={name!r}, which serves {other} tasks, for a {task.kind} task",
            f"one of {listing(served, 40)}",
            nearest(name, served),
        )
    )
