# SPDX-License-Identifier: Apache-2.0
"""What a metric of several classes or labels is made of: four kinds of definition.

An average of a binary metric over the views, a mean of one number per row, a function
of the counts of decisions, or Hand and Till's average over pairs of classes. Values are
computed here, and how much each row moves them in `equipoise.uncertainty`, both from
the same definition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics import ranking
from equipoise.metrics.class_confusion import ClassConfusion, label_counts
from equipoise.metrics.class_decisions import CountsFunction
from equipoise.metrics.estimate import NAN
from equipoise.metrics.label_decisions import LabelFunction
from equipoise.metrics.task_rows import TaskRows

AverageKind = Literal["macro", "weighted", "micro"]
VIEW_METRICS: dict[str, Callable[..., float]] = {
    "average_precision": ranking.average_precision,
    "normalised_average_precision": ranking.normalised_average_precision,
    "roc_auc": ranking.roc_auc,
}
"""The binary metrics of scores that are averaged over views."""


@dataclass(frozen=True, eq=False)
class RowValues:
    """One number per row, or one per row and label.

    Attributes:
        values: `[rows, columns]`.
        used: `[rows, columns]` whether it is there; a row without any is left out.
    """

    values: FloatArray
    used: BoolArray

    def mean(self, weights: FloatArray) -> float:
        """Return the mean over the columns of each column's weighted mean.

        Columns without a row that counts are left out.

        Args:
            weights: `[rows]` row weights.
        """
        mass = weights[:, None] * self.used
        total = mass.sum(axis=0)
        held = total > 0
        if not held.any():
            return NAN
        # A weight of 0 leaves a row out, even one whose loss is infinite.
        counted = np.where(mass > 0, self.values, 0.0)
        sums = np.sum(mass * counted, axis=0)
        return float(np.mean(sums[held] / total[held]))


@dataclass(frozen=True)
class ViewAverage:
    """A binary metric of scores, averaged over the views that are judged.

    Attributes:
        metric: A key of `VIEW_METRICS`.
        average: "macro": the mean. "weighted": by the weight of the positives.
            "micro": the rows of all views pooled into one problem.
    """

    metric: str
    average: AverageKind = "macro"

    def value(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
    ) -> float:
        """Return the average; NaN if no view is judged."""
        order = rows.ranked(predictions, probabilities)
        if not rows.judged.any():
            return NAN
        if self.average == "micro":
            used = rows.labelled
            weights = np.broadcast_to(rows.weights[:, None], used.shape)
            one = VIEW_METRICS[self.metric]
            return one(rows.truth[used], order[used], weights[used])
        return rows.averaged(view_values(self.metric, rows, order), self.average)


def view_values(metric: str, rows: TaskRows, order: FloatArray) -> FloatArray:
    """Return a binary metric of each view, `[views]`; NaN if it cannot be judged.

    Args:
        metric: A key of `VIEW_METRICS`.
        rows: The targets.
        order: What `TaskRows.ranked` gave.
    """
    values = np.full(order.shape[1], NAN)
    for view in np.flatnonzero(rows.judged).tolist():
        used, truth, weights = rows.view(view)
        values[view] = VIEW_METRICS[metric](truth, order[used, view], weights)
    return values


@dataclass(frozen=True)
class RowMean:
    """A mean of one number per row.

    Attributes:
        values: `(rows, predictions, probabilities, **options) -> RowValues`.
        of_decisions: Whether the predictions are decisions; `probabilities` is then
            left out.
    """

    values: Callable[..., RowValues]
    of_decisions: bool = False

    def of(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
        **options: Any,
    ) -> RowValues:
        """Return the numbers of the rows."""
        if self.of_decisions:
            return self.values(rows, predictions, **options)
        return self.values(rows, predictions, probabilities, **options)

    def value(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
        **options: Any,
    ) -> float:
        """Return the mean; NaN without rows."""
        return self.of(rows, predictions, probabilities, **options).mean(rows.weights)


@dataclass(frozen=True)
class OfClassCounts:
    """A function of the K x K confusion matrix.

    Attributes:
        function: `(ClassConfusion, **options) -> CountsValue`.
        each_class: Whether every class counts by itself, however few rows it has, so
            that one of a single row leaves the error unknown.
    """

    function: CountsFunction
    each_class: bool = False

    def value(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
        **options: Any,
    ) -> float:
        """Return the value of decisions; NaN if it is undefined."""
        cells = ClassConfusion.counted(rows, rows.decided(predictions))
        return self.function(cells, **options).value


@dataclass(frozen=True)
class OfLabelCounts:
    """A function of the four counts of each label.

    Attributes:
        function: `(Counts, judged, **options) -> LabelValue`.
    """

    function: LabelFunction

    def value(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
        **options: Any,
    ) -> float:
        """Return the value of decisions; NaN if it is undefined."""
        cells = label_counts(rows, predictions)
        return self.function(cells, rows.judged, **options).value


@dataclass(frozen=True)
class PairAverage:
    """AUROC of each pair of classes, averaged (Hand and Till 2001).

    M = 2 / (K (K - 1)) sum_{i < j} (A(i | j) + A(j | i)) / 2, their equation 7, in
    which A(i | j) is the AUROC of the probability of i among the rows of i and j. It
    does not depend on the shares of the classes. Classes without rows are left out.
    """

    def value(
        self,
        rows: TaskRows,
        predictions: npt.ArrayLike,
        probabilities: bool = False,
    ) -> float:
        """Return the average; NaN with fewer than two classes."""
        order = rows.ranked(predictions, probabilities)
        classes = np.flatnonzero(rows.judged)
        if classes.size < 2:
            return NAN
        members = {
            k: np.flatnonzero((rows.y == k) & (rows.weights > 0)) for k in classes
        }
        total = 0.0
        for i in classes:
            for j in classes[classes != i]:
                both = np.concatenate([members[i], members[j]])
                truth = rows.y[both] == i
                total += ranking.roc_auc(truth, order[both, i], rows.weights[both])
        return total / (classes.size * (classes.size - 1))


TaskDefinition = ViewAverage | RowMean | OfClassCounts | OfLabelCounts | PairAverage
