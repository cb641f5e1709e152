# SPDX-License-Identifier: Apache-2.0
"""How much each row moves a metric of several classes or labels.

From these numbers come every interval, every paired difference and every family of
tests: they add over views, subtract between arms, average over repeats and sum over
clusters, and the variance of a metric is the sum of their squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import one_of, sentence
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.class_confusion import ClassConfusion, label_counts
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import NAN
from equipoise.metrics.row_losses import task_squared_errors
from equipoise.metrics.task_definitions import (
    OfClassCounts,
    OfLabelCounts,
    PairAverage,
    RowMean,
    TaskDefinition,
    ViewAverage,
)
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty.influence import (
    NEAR_PRECISION_HIGH,
    NEAR_PRECISION_LOW,
    NEAR_ROC_AUC,
    unseen_weight,
)
from equipoise.uncertainty.means import NEAR_MEAN
from equipoise.uncertainty.strata import Strata, unit_sums
from equipoise.uncertainty.unseen_decisions import (
    unseen_class_decisions,
    unseen_label_decisions,
)
from equipoise.uncertainty.view_influence import (
    ViewInfluence,
    average_precision_of_view,
    normalised_average_precision_of_view,
    roc_auc_of_view,
)


@dataclass(frozen=True, eq=False)
class StratumPart:
    """What one stratum adds to the error of a metric.

    Attributes:
        variance: Its part of the variance, from the rows.
        units: How many independent units it has.
        value: The mean over the stratum of what the metric averages, or NaN if it is
            no such mean.
        share: By how much the metric moves with that mean.
        near_low: For how many further rows of the stratum, as bad as can be, the lower
            end allows, from 0 to 1.
        near_high: The same for the upper end.
    """

    variance: float
    units: float
    value: float = NAN
    share: float = 0.0
    near_low: float = 0.0
    near_high: float = 0.0


@dataclass(frozen=True, eq=False)
class TaskInfluence:
    """A metric with what each row does to it.

    Attributes:
        name: The metric.
        value: The metric on all rows; NaN if it is undefined.
        raw: `[rows]` the influence of each row: if the row weights are multiplied by
            factors f near 1, the metric moves by the sum of (f - 1) raw.
        row: `[rows]` the same as independent terms: centred within the strata and
            scaled, so that the sum of the squares is the variance (with clusters, of
            the squares of their sums). NaN if the error is not known.
        parts: What the strata add to the error, those that are judged.
        repeated: `[repeats]` the value in each repeat.
        unit: `[rows]` cluster numbers from 0, or None if rows are independent.
        unseen: Variance that is added for kinds of decisions that the rows do not
            show; of `parts`, `macro_interval` adds what is due itself.
        limits: The smallest and the largest possible value.
        bias: Estimated excess of the value's expectation.
        each_class: Whether it is an average in which every class counts alike, however
            few rows it has.
        reason: Why the value is undefined; "" if it is not.
    """

    name: str
    value: float
    raw: FloatArray
    row: FloatArray
    parts: tuple[StratumPart, ...]
    repeated: FloatArray
    unit: IntArray | None
    unseen: float
    limits: tuple[float, float]
    bias: float = 0.0
    each_class: bool = False
    reason: str = ""

    @property
    def variance(self) -> float:
        """The variance of the value, from the rows alone."""
        return float(np.sum(unit_sums(self.row, self.unit) ** 2))

    @property
    def units(self) -> float:
        """How many independent units the rarest judged class has; 0 if undefined."""
        return min((part.units for part in self.parts), default=0.0)

    @property
    def between(self) -> float | None:
        """The variance from one repeat to the next; None with a single one."""
        if self.repeated.size < 2:
            return None
        finite = self.repeated[np.isfinite(self.repeated)]
        return float(finite.var(ddof=1)) if finite.size > 1 else 0.0


def task_influence(
    name: str,
    task: Task,
    y: npt.ArrayLike,
    predictions: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    probabilities: bool = False,
    folds: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    orders: FloatArray | None = None,
    **options: Any,
) -> TaskInfluence:
    """Return a metric of several classes or labels with each row's influence.

    Args:
        name: A key of `TASK_METRICS` that serves the task.
        task: Several classes or labels.
        y: `[rows]` class numbers; `[rows, labels]` 1, 0, and NaN or -1 if unknown.
        predictions: What the metric takes: scores `[rows, width]` (probabilities if
            `probabilities` is set), or decisions. With an axis of repeats before,
            values of scores are means over the repeats, and those of decisions belong
            to the mean counts.
        weights: `[rows]` weights, or None.
        probabilities: Whether the predictions are probabilities.
        folds: `[rows]` or `[repeats, rows]` numbers from 0: AUROC is then taken within
            folds, whose models' scores need not be on one scale.
        clusters: `[rows]` names of groups of dependent rows, or None.
        orders: `[repeats, rows, views]` what ranks the rows of each view, if it is not
            the predictions: those of several models put on one scale.
        **options: What the metric takes, for example `k`.

    Raises:
        UnsupportedError: The metric does not serve the task.
        InputError: The name is not known, or the arrays do not fit together.

    Example:
        >>> task = Task("multiclass", ("a", "b"))
        >>> made = task_influence("accuracy", task, [0, 0, 0, 1, 1], [0, 0, 1, 1, 0])
        >>> round(made.value, 3), made.raw.round(3).tolist(), round(made.variance, 4)
        (0.6, [0.08, 0.08, -0.12, 0.08, -0.12], 0.08)
    """
    one = TASK_METRICS[one_of(name, TASK_METRICS, "metric")]
    definition = one.definition(task)
    rows = TaskRows.of(task, y, weights)
    repeats = predictions_of_repeats(rows, predictions, decisions=one.of_decisions)
    split = folds_of_repeats(folds, len(repeats), len(rows.weights))
    limits = (one.low, one.high)
    if name == "coverage_error":
        limits = (0.0, float(task.width))
    if name == "cost":
        limits = _cost_limits(options)
    maker = InfluenceMaker(
        rows, repeats, split, probabilities, clusters, options, orders
    )
    made = maker.of(definition)
    reason = ""
    if np.isnan(made.value):
        reason = one.reason(rows)
        if split is not None and not rows.no_view:
            reason = "no fold holds rows with and without it of every class"
    each_class = isinstance(definition, PairAverage | OfLabelCounts)
    if isinstance(definition, ViewAverage):
        each_class = definition.average == "macro"
    if isinstance(definition, OfClassCounts):
        each_class = definition.each_class
    return replace(made, name=name, limits=limits, each_class=each_class, reason=reason)


def _cost_limits(options: dict[str, Any]) -> tuple[float, float]:
    costs = floats(options.get("matrix", np.zeros((1, 1))), "costs").ravel()
    if options.get("abstain") is not None:
        costs = np.append(costs, options["abstain"])
    return float(costs.min()), float(costs.max())


def predictions_of_repeats(
    rows: TaskRows, predictions: npt.ArrayLike, *, decisions: bool
) -> list[npt.NDArray[Any]]:
    """Return the predictions of each repeat.

    Args:
        rows: The targets.
        predictions: With or without an axis of repeats before.
        decisions: Whether they are decisions.
    """
    values = floats(predictions, "decisions" if decisions else "predictions")
    axes = 1 if decisions and rows.task.kind != "multilabel" else 2
    return list(values) if values.ndim == axes + 1 else [values]


def folds_of_repeats(
    folds: npt.ArrayLike | None, repeats: int, rows: int
) -> list[IntArray] | None:
    """Return the fold numbers of each repeat; None without folds.

    Args:
        folds: `[rows]` or `[repeats, rows]`, or None.
        repeats: How many repeats there are.
        rows: How many rows there are.

    Raises:
        InputError: There is not one whole number per row and repeat.
    """
    if folds is None:
        return None
    split = np.atleast_2d(np.asarray(folds))
    if split.shape != (repeats, rows) or split.dtype.kind not in "iu":
        raise InputError(
            sentence(
                f"folds of shape {np.shape(folds)} and type {split.dtype}",
                f"whole numbers from 0 of shape ({repeats}, {rows})",
            )
        )
    return [each.astype(np.int64) for each in split]


class InfluenceMaker:
    """Makes the influences of one metric.

    Args:
        rows: The targets.
        repeats: The predictions of each repeat.
        folds: `[rows]` of each repeat, or None.
        probabilities: Whether the predictions are probabilities.
        clusters: `[rows]` names of groups of dependent rows, or None.
        options: What the metric takes.
        orders: What ranks the rows of each view, by repeat; None for the predictions.
    """

    def __init__(
        self,
        rows: TaskRows,
        repeats: list[npt.NDArray[Any]],
        folds: list[IntArray] | None,
        probabilities: bool,
        clusters: npt.ArrayLike | None,
        options: dict[str, Any],
        orders: FloatArray | None = None,
    ) -> None:
        self.rows, self.repeats, self.folds = rows, repeats, folds
        self.orders = orders
        self.probabilities, self.options = probabilities, options
        self.strata = Strata.of_rows(rows, clusters)
        self.several = rows.task.kind == "multilabel"
        self.clusters = clusters
        self.bias = np.zeros(rows.truth.shape[1])

    def of(self, definition: TaskDefinition) -> TaskInfluence:
        """Return the influences of a definition."""
        if isinstance(definition, ViewAverage):
            if definition.average == "micro":
                return self._micro(definition.metric)
            return self._view_average(definition)
        if isinstance(definition, RowMean):
            return self._row_mean(definition)
        if isinstance(definition, OfClassCounts):
            return self._class_counts(definition)
        if isinstance(definition, OfLabelCounts):
            return self._label_counts(definition)
        return self._pairs(definition)

    def _result(
        self,
        value: float,
        raw: FloatArray,
        row: FloatArray,
        parts: Sequence[StratumPart],
        repeated: Sequence[float],
        unseen: float = 0.0,
    ) -> TaskInfluence:
        defined = not np.isnan(value)
        nothing = np.zeros(raw.size)
        return TaskInfluence(
            "",
            value,
            raw if defined else nothing,
            row if defined else nothing,
            tuple(parts) if defined else (),
            np.array(repeated, np.float64),
            self.strata.unit,
            unseen,
            (0.0, 1.0),
        )

    def _part(
        self, row: FloatArray, strata: Strata, stratum: int, **mean: float
    ) -> StratumPart:
        inside = strata.members(stratum)
        unit = None if strata.unit is None else strata.unit[inside]
        variance = float(np.sum(unit_sums(row[inside], unit) ** 2))
        return StratumPart(variance, strata.units(stratum), **mean)

    def judged_within(self) -> BoolArray:
        """Return `[views]` the judged views that every repeat can judge in a fold."""
        judged = self.rows.judged
        if self.folds is None:
            return judged
        for fold in self.folds:
            count = int(fold.max()) + 1 if fold.size else 0
            for view in np.flatnonzero(judged).tolist():
                used, truth, _ = self.rows.view(view)
                held = [
                    np.bincount(fold[used][of_it], minlength=count) > 0
                    for of_it in (truth, ~truth)
                ]
                judged[view] = bool((held[0] & held[1]).any())
        return judged

    def _of_view(
        self,
        metric: str,
        view: int,
        order: FloatArray,
        fold: IntArray | None,
        strata: Strata,
    ) -> ViewInfluence:
        """Return a view's metric with influences `[rows]` of all rows."""
        used, truth, weights = self.rows.view(view)
        if metric == "roc_auc":
            inside = None if fold is None else fold[used]
            one = roc_auc_of_view(truth, order[used], weights, inside)
        else:
            make = {
                "average_precision": average_precision_of_view,
                "normalised_average_precision": normalised_average_precision_of_view,
            }[metric]
            one = make(truth, order[used], weights, strata.left[used])
        row = np.zeros(used.size)
        row[used] = one.row
        return ViewInfluence(one.value, row, one.bias)

    def views(
        self, metric: str, judged: BoolArray
    ) -> tuple[FloatArray, FloatArray, list[Strata]]:
        """Return a metric of the judged views.

        Returns:
            `[repeats, views]` values, `[rows, views]` influences, the views' strata.
        """
        count = judged.size
        self.bias = np.zeros(count)
        values = np.full((len(self.repeats), count), NAN)
        raw = np.zeros((len(self.rows.weights), count))
        strata = [
            Strata.of_view(self.rows, view, self.clusters)
            if self.several
            else self.strata
            for view in range(count)
        ]
        for r, predictions in enumerate(self.repeats):
            order = self._order(r, predictions)
            fold = None if self.folds is None else self.folds[r]
            for view in np.flatnonzero(judged).tolist():
                one = self._of_view(metric, view, order[:, view], fold, strata[view])
                values[r, view] = one.value
                raw[:, view] += one.row / len(self.repeats)
                self.bias[view] += one.bias / len(self.repeats)
        return values, raw, strata

    def _order(self, repeat: int, predictions: npt.NDArray[Any]) -> FloatArray:
        """Return `[rows, views]` what ranks the rows of each view in a repeat."""
        if self.orders is not None:
            return np.asarray(self.orders[repeat], np.float64)
        return self.rows.ranked(predictions, self.probabilities)

    def _view_average(self, definition: ViewAverage) -> TaskInfluence:
        metric = definition.metric
        judged = self.rows.judged
        if metric == "roc_auc":
            judged = self.judged_within()
        values, raw, strata = self.views(metric, judged)
        if not judged.any():
            return self._result(NAN, np.zeros(len(raw)), np.zeros(len(raw)), (), ())
        mass = np.where(judged, 1.0, 0.0)
        if definition.average == "weighted":
            mass = np.where(judged, self.rows.positives, 0.0)
        share = mass / mass.sum()
        held = np.flatnonzero(judged).tolist()
        each = values[:, judged] @ share[judged]
        total = raw @ share
        row = np.zeros(len(raw))
        parts: list[StratumPart] = []
        mean = values.mean(axis=0)
        if self.several:
            for view in held:
                column = strata[view].errors(share[view] * raw[:, view])
                row += column
                for stratum in (1, 0):
                    about = _about(metric, float(mean[view]), float(share[view]))
                    parts.append(
                        self._part(
                            column, strata[view], stratum, **(about if stratum else {})
                        )
                    )
        else:
            row = self.strata.errors(total)
            parts = [
                self._part(
                    row,
                    self.strata,
                    view,
                    **_about(metric, float(mean[view]), float(share[view])),
                )
                for view in held
            ]
        if definition.average == "weighted":
            value = float(each.mean())
            for view in held:
                gap = (mean[view] - value) / mass.sum()
                total = total + self.rows.weights * self.rows.truth[:, view] * gap
        made = self._result(float(each.mean()), total, row, parts, each.tolist())
        return replace(made, bias=float(self.bias @ share))

    def _micro(self, metric: str) -> TaskInfluence:
        used = self.rows.labelled & (self.rows.weights > 0)[:, None]
        weights = np.broadcast_to(self.rows.weights[:, None], used.shape)
        raw = np.zeros(used.shape)
        each = []
        if not self.rows.judged.any():
            nothing = np.zeros(len(raw))
            return self._result(NAN, nothing, nothing, (), ())
        for predictions in self.repeats:
            order = self.rows.ranked(predictions, self.probabilities)
            # The cells of a row are not independent, so none is left out alone.
            one = _pooled(self.rows.truth[used], order[used], weights[used], metric)
            raw[used] += one.row / len(self.repeats)
            each.append(one.value)
        return self._columns(float(np.mean(each)), raw, each)

    def _columns(
        self,
        value: float,
        raw: FloatArray,
        repeated: Sequence[float],
        unseen: float = 0.0,
    ) -> TaskInfluence:
        """Return the result of influences `[rows, views]`, the sum of which counts."""
        total = raw.sum(axis=1)
        if not self.several:
            strata = self.strata.collapsed()
            row = strata.errors(total)
            parts = [
                self._part(row, strata, k)
                for k in range(strata.count)
                if strata.members(k).any()
            ]
            return self._result(value, total, row, parts, repeated, unseen)
        row, parts = np.zeros(len(raw)), []
        for view in range(raw.shape[1]):
            strata = Strata.of_view(self.rows, view, self.clusters)
            column = strata.errors(raw[:, view])
            row += np.where(np.isnan(column) & ~self.rows.judged[view], 0.0, column)
            if self.rows.judged[view]:
                parts += [self._part(column, strata, stratum) for stratum in (1, 0)]
        return self._result(value, total, row, parts, repeated, unseen)

    def _row_mean(self, definition: RowMean) -> TaskInfluence:
        made = [
            definition.of(self.rows, each, self.probabilities, **self.options)
            for each in self.repeats
        ]
        weights = self.rows.weights
        repeated = [one.mean(weights) for one in made]
        value = float(np.mean(repeated))
        used = made[0].used & (weights > 0)[:, None]
        mean = np.mean([np.where(used, one.values, 0.0) for one in made], axis=0)
        mass = weights[:, None] * used
        total = mass.sum(axis=0)
        held = np.flatnonzero(total > 0)
        raw = np.zeros(mean.shape)
        if not np.isfinite(value):
            nothing = np.full(len(raw), NAN if np.isinf(value) else 0.0)
            return replace(
                self._result(value, nothing, nothing, (), repeated), row=nothing
            )
        middle = np.sum(mass * mean, axis=0)[held] / total[held] / held.size
        share = mass[:, held] / total[held]
        raw[:, held] = share * mean[:, held] / held.size - share * middle
        row = np.zeros(len(raw))
        parts: list[StratumPart] = []
        for column in held.tolist():
            strata = self.strata
            if mean.shape[1] > 1:
                strata = Strata.of_view(self.rows, column, self.clusters)
            strata = strata.collapsed()
            errors = strata.errors(raw[:, column])
            row += errors
            near = self._near_mean(definition, value, column)
            parts += self._mean_parts(errors, mean[:, column], strata, held.size, near)
        return self._result(value, raw.sum(axis=1), row, parts, repeated)

    def _near_mean(
        self, definition: RowMean, value: float, column: int
    ) -> tuple[float, float]:
        """Return for how many unseen rows the ends of a mean allow.

        Of numbers that are 0 or 1, for one: this is what exact limits of a share do.
        Of squared errors, next to 0 against what a constant would have, for one that
        is as wrong as can be.
        """
        if definition.values is not task_squared_errors:
            return 1.0, 1.0
        rows = self.rows
        if self.several:
            p, n = rows.positives[column], rows.negatives[column]
            least = p * n / max((p + n) ** 2, 1e-300)
        else:
            share = rows.positives / rows.weights.sum()
            least = (1 - float(share @ share)) / 2
        skill = 1 - value / least if least > 0 else 0.0
        return 0.0, unseen_weight(skill, NEAR_MEAN)

    def _mean_parts(
        self,
        errors: FloatArray,
        values: FloatArray,
        strata: Strata,
        columns: int,
        near: tuple[float, float],
    ) -> list[StratumPart]:
        total = strata.weights[strata.number >= 0].sum()
        parts = []
        for stratum in range(strata.count):
            inside = strata.members(stratum)
            if not inside.any():
                continue
            mass = strata.weights[inside]
            mean = float(np.average(values[inside], weights=mass))
            share = float(mass.sum() / total) / columns
            parts.append(
                self._part(
                    errors,
                    strata,
                    stratum,
                    value=mean,
                    share=share,
                    near_low=near[0],
                    near_high=near[1],
                )
            )
        return parts

    def _class_counts(self, definition: OfClassCounts) -> TaskInfluence:
        rows, size = self.rows, len(self.rows.task.classes)
        made = [rows.decided(each) for each in self.repeats]
        cells = [ClassConfusion.counted(rows, each) for each in made]
        whole = ClassConfusion.mean(cells)
        at = definition.function(whole, **self.options)
        repeated = [definition.function(each, **self.options).value for each in cells]
        raw = np.zeros(len(rows.weights))
        for each in made:
            column = np.where(each < 0, size, each)
            raw += at.gradient[rows.y, column] / len(made)
        raw = raw * rows.weights
        strata = self.strata if definition.each_class else self.strata.collapsed()
        row = strata.errors(raw)
        present = np.flatnonzero(whole.totals > 0).tolist()
        parts = [self._part(row, strata, k) for k in present if strata.members(k).any()]
        unseen = 0.0
        if np.isfinite(at.value):
            units = {k: self.strata.units(k) for k in present}
            unseen = unseen_class_decisions(definition, whole, units, self.options)
        return self._result(at.value, raw, row, parts, repeated, unseen)

    def _label_counts(self, definition: OfLabelCounts) -> TaskInfluence:
        rows = self.rows
        made = [rows.decided(each) for each in self.repeats]
        cells = [label_counts(rows, each) for each in made]
        whole = Counts(
            *(
                np.mean([getattr(each, name) for each in cells], axis=0)
                for name in ("tp", "fp", "fn", "tn")
            )
        )
        function, judged = definition.function, rows.judged
        at = function(whole, judged, **self.options)
        repeated = [function(each, judged, **self.options).value for each in cells]
        raw = np.zeros(rows.truth.shape)
        labels = np.arange(rows.truth.shape[1])
        for each in made:
            # True positives, false positives, false negatives, true negatives.
            cell = np.where(each == 1, np.where(rows.truth, 0, 1), 3)
            cell = np.where((each != 1) & rows.truth, 2, cell)
            raw += np.where(rows.labelled, at.gradient[labels, cell], 0.0) / len(made)
        raw = raw * rows.weights[:, None]
        unseen = 0.0
        if np.isfinite(at.value):
            units = np.zeros((len(labels), 2))
            for label in np.flatnonzero(judged).tolist():
                strata = Strata.of_view(rows, label, self.clusters)
                units[label] = strata.units(0), strata.units(1)
            unseen = unseen_label_decisions(
                definition, whole, units, judged, self.options
            )
        return self._columns(at.value, raw, repeated, unseen)

    def _pairs(self, definition: PairAverage) -> TaskInfluence:
        rows = self.rows
        classes = np.flatnonzero(rows.judged)
        raw = np.zeros(len(rows.weights))
        if classes.size < 2:
            return self._result(NAN, raw, raw, (), ())
        count = classes.size * (classes.size - 1)
        members = {
            k: np.flatnonzero((rows.y == k) & (rows.weights > 0))
            for k in classes.tolist()
        }
        mean = dict.fromkeys(classes.tolist(), 0.0)
        each = []
        for r, predictions in enumerate(self.repeats):
            order = rows.ranked(predictions, self.probabilities)
            fold = None if self.folds is None else self.folds[r]
            total = 0.0
            for i in classes.tolist():
                for j in classes[classes != i].tolist():
                    both = np.concatenate([members[i], members[j]])
                    one = roc_auc_of_view(
                        rows.y[both] == i,
                        order[both, i],
                        rows.weights[both],
                        None if fold is None else fold[both],
                    )
                    total += one.value / count
                    raw[both] += one.row / count / len(self.repeats)
                    mean[i] += one.value / (classes.size - 1) / len(self.repeats)
            each.append(total)
        row = self.strata.errors(raw)
        parts = [
            self._part(
                row, self.strata, k, **_about("roc_auc", mean[k], 1 / classes.size)
            )
            for k in classes.tolist()
        ]
        return self._result(float(np.mean(each)), raw, row, parts, each)


def _about(metric: str, value: float, share: float) -> dict[str, float]:
    """Return what a stratum's part of an average over views is told of its view.

    Next to its ends a metric may lack rows that no sample of few rows shows, as for
    two classes.
    """
    low, high = (
        unseen_weight(value, NEAR_PRECISION_LOW),
        unseen_weight(1 - value, NEAR_PRECISION_HIGH),
    )
    if metric == "roc_auc":
        low = unseen_weight(2 * value - 1, NEAR_ROC_AUC)
        high = unseen_weight(1 - 2 * value, NEAR_ROC_AUC)
    return {"value": value, "share": share, "near_low": low, "near_high": high}


def _pooled(
    truth: BoolArray, order: FloatArray, weights: FloatArray, metric: str
) -> ViewInfluence:
    if metric == "roc_auc":
        return roc_auc_of_view(truth, order, weights)
    return average_precision_of_view(truth, order, weights, slope=True)
