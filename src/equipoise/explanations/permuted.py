# SPDX-License-Identifier: Apache-2.0
"""Permutation importance: what a metric loses if a column says nothing.

The values of a column are shuffled over the rows, so that they keep their
distribution and lose all that they say, and the rows are scored again by the same
models (Breiman 2001, section 10; Fisher, Rudin and Dominici 2019, section 3). No model
is fitted. The two scores of a row belong together, so the difference is judged by
what the rows do to it, and by how it varies over the folds, as two arms of a trial are.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.comparison.paired import nadeau_bengio, p_and_half_width
from equipoise.errors import InputError
from equipoise.evaluation.task_intervals import cv_factors
from equipoise.evaluation.task_out_of_fold import aligned_views
from equipoise.explanations.associations import TOGETHER, columns_together
from equipoise.explanations.fold_models import Scoring
from equipoise.explanations.importance import (
    ColumnFinding,
    ColumnImportance,
    Importance,
)
from equipoise.jobs import Progress
from equipoise.metrics.estimate import NAN, Estimate
from equipoise.metrics.ranking import average_precision, roc_auc
from equipoise.metrics.task_rows import TaskRows
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.uncertainty.class_influences import ViewInfluences, view_influences
from equipoise.uncertainty.differences import UNIT, difference_ends
from equipoise.uncertainty.multiplicity import holm
from equipoise.uncertainty.strata import unit_sums

METHOD = "influence of the rows and folds, t"
PERMUTATIONS = 5
"""How often each column is shuffled. What that leaves to chance is in the intervals."""
ONE_REPEAT_TELLS_LITTLE = (
    "Only very large drops can be told from nothing with one repeat of the folds: fit "
    "with more repeats, or pass labelled rows that the model has not seen."
)
METRICS_OF_RANKING = {"average_precision": average_precision, "roc_auc": roc_auc}
"""What may fall: metrics of a ranking, which calibration does not move."""


def permutation_importance(
    scoring: Scoring,
    rows: Table,
    *,
    folds: IntArray | None = None,
    metric: str = "average_precision",
    permutations: int = PERMUTATIONS,
    together: float = TOGETHER,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
    progress: Progress | None = None,
) -> Importance:
    """Return by how much a metric falls if each column is shuffled.

    Columns that move together are shuffled together, by one permutation of the rows,
    and named together. An interval is that of the difference: its error is the larger
    of what the rows say (their influences, raised for models that share training rows,
    with the variation between repeats and that of the permutations) and of what the
    folds say (Nadeau and Bengio 2003). Holm's correction holds for all columns.

    Args:
        scoring: From rows to scores `[repeats, rows, width]`, such as
            `FoldModels.out_of_fold` with the folds filled in.
        rows: Labelled rows that the models which score them have not seen.
        folds: `[repeats, rows]` the fold of each row, if each fold has models of its
            own; None if all rows are scored by the same models.
        metric: "average_precision" or "roc_auc"; of several classes or labels its mean
            over them, and that of each.
        permutations: How often each column is shuffled, at least 2.
        together: Columns whose association (`column_associations`) is above it are
            shuffled together; at 1 each is shuffled alone.
        clusters: `[rows]` names of groups of rows that depend on each other, or None.
        weights: `[rows]` how much each row counts; None for 1 each.
        level: Coverage of the intervals, which hold each by itself; one minus the
            probability of any false finding.
        seed: Of the permutations.
        progress: Called with a sentence and the share of the work done.

    Returns:
        The columns, the largest drop first.

    Raises:
        InputError: An argument is out of range, or there are no columns.
        TargetError: The rows have no targets.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(300, positives=90, auroc=0.9, seed=1).table
        >>> first = table.names[0]
        >>> made = permutation_importance(
        ...     lambda rows: rows[first].values[None, :, None], table
        ... )
        >>> made.columns[0].name == first, made.columns[0].finding
        (True, 'matters')
        >>> made.columns[-1].finding
        'not used'

    References:
        Breiman (2001), Random forests, Machine Learning 45, 5; Fisher, Rudin and
        Dominici (2019), All models are wrong, but many are useful, JMLR 20, 177;
        Nadeau and Bengio (2003), Machine Learning 52, 239.
    """
    one_of(metric, METRICS_OF_RANKING, "metric")
    integer(permutations, "permutations", 2)
    number(level, "level", 0, 1, open_ends=True)
    groups = columns_together(rows, bound=together, seed=seed)
    if not groups:
        raise InputError(sentence("rows without columns", "one column or more"))
    judge = _Judge(rows.task, rows.labels(), metric, folds, clusters, weights, level)
    plain_scores = scoring(rows)
    plain = judge.measured(plain_scores)
    tests: list[_Tests] = []
    unused = []
    for place, group in enumerate(groups):
        if progress is not None:
            progress(f"shuffling {group[0]}", place / len(groups))
        shuffled, same = [], True
        for k in range(permutations):
            # By name, so that the other columns of a table change nothing.
            random = generator(seed, "importance", *group, k)
            moved = shuffled_columns(rows, group, random.permutation(len(rows)))
            scores = scoring(moved)
            same = same and bool(np.array_equal(scores, plain_scores))
            shuffled.append(judge.measured(scores))
        unused.append(same)
        tests.append(judge.tests(plain, shuffled))
    columns = _columns(groups, tests, unused, judge)
    notes = list(judge.notes(plain.views))
    if folds is not None and len(folds) == 1:
        notes.append(ONE_REPEAT_TELLS_LITTLE)
    if any(len(group) > 1 for group in groups):
        notes.append(
            f"Columns with an association above {together:g} were shuffled together: "
            "one of them alone can be replaced by the others."
        )
    macro = judge.averaged(plain.views.values)
    return Importance(
        metric if judge.single else f"macro_{metric}",
        macro,
        columns,
        len(rows),
        len(plain_scores),
        permutations,
        level,
        together,
        "new rows" if folds is None else "out of fold",
        tuple(notes),
    )


def shuffled_columns(rows: Table, names: Sequence[str], order: IntArray) -> Table:
    """Return rows with the values of some columns in another order.

    Args:
        rows: The rows.
        names: Of the columns; the values of one row stay together.
        order: `[rows]` which row's values each row gets.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(50, positives=10, auroc=0.9, seed=1).table
        >>> name = table.names[0]
        >>> moved = shuffled_columns(table, [name], np.arange(50)[::-1])
        >>> bool(moved[name].values[0] == table[name].values[-1])
        True
    """
    columns = tuple(
        column.take(order) if column.name in names else column
        for column in rows.columns
    )
    return dataclasses.replace(rows, columns=columns)


@dataclass(frozen=True, eq=False)
class _Measured:
    """A metric of some scores.

    Attributes:
        views: Of each class or label, with influences.
        splits: `[repeats, folds, views]` within each fold; None without folds.
    """

    views: ViewInfluences
    splits: FloatArray | None


@dataclass(frozen=True, eq=False)
class _Tests:
    """The differences of one group of columns.

    Attributes:
        macro: Of the mean over the views: the drop and its p-value.
        views: Of each view that is judged.
    """

    macro: tuple[Estimate, float]
    views: dict[str, tuple[Estimate, float]]


class _Judge:
    """Measures scores of the same rows, and judges differences.

    Args:
        task: The classes, or labels.
        y: The targets.
        metric: What is measured.
        folds: `[repeats, rows]`, or None.
        clusters: `[rows]` names of groups of dependent rows, or None.
        weights: `[rows]` row weights, or None.
        level: Coverage.
    """

    def __init__(
        self,
        task: Task,
        y: AnyArray,
        metric: str,
        folds: IntArray | None,
        clusters: npt.ArrayLike | None,
        weights: npt.ArrayLike | None,
        level: float,
    ) -> None:
        self.task, self.y, self.metric, self.folds = task, y, metric, folds
        self.clusters, self.weights, self.level = clusters, weights, level
        self.rows = TaskRows.of(task, y, weights)

    @property
    def single(self) -> bool:
        """Whether there is one view."""
        return self.task.kind == "binary"

    def measured(self, scores: FloatArray) -> _Measured:
        """Return the metric of each view.

        Args:
            scores: `[repeats, rows, width]`.
        """
        area = self.metric == "roc_auc"
        orders = None
        if self.folds is not None and not area:
            orders = aligned_views(scores, self.rows, self.folds)
        views = view_influences(
            self.metric,
            self.task,
            self.y,
            scores,
            self.weights,
            folds=self.folds if area else None,
            clusters=self.clusters,
            orders=orders,
        )
        return _Measured(views, self._splits(scores))

    def _splits(self, scores: FloatArray) -> FloatArray | None:
        if self.folds is None:
            return None
        function = METRICS_OF_RANKING[self.metric]
        count = int(self.folds.max()) + 1
        views = self.rows.truth.shape[1]
        made = np.full((len(scores), count, views), NAN)
        for repeat, (z, fold) in enumerate(zip(scores, self.folds, strict=True)):
            order = self.rows.ranked(z)
            for view in np.flatnonzero(self.rows.judged).tolist():
                used, truth, weight = self.rows.view(view)
                inside = fold[used]
                for k in range(count):
                    of_fold = inside == k
                    y = truth[of_fold]
                    if y.any() and not y.all():
                        made[repeat, k, view] = function(
                            y, order[used][of_fold, view], weight[of_fold]
                        )
        return made

    def averaged(self, values: FloatArray) -> float:
        """Return the mean over the views that are judged; NaN without any."""
        judged = values[~np.isnan(values)]
        return float(judged.mean()) if judged.size else NAN

    def tests(self, plain: _Measured, shuffled: Sequence[_Measured]) -> _Tests:
        """Judge by how much the metric falls."""
        base = plain.views
        judged = np.flatnonzero(~np.isnan(base.values))
        fallen = np.stack([base.values - one.views.values for one in shuffled])
        row = base.row - np.mean([one.views.row for one in shuffled], axis=0)
        repeated = base.repeated - np.mean(
            [one.views.repeated for one in shuffled], axis=0
        )
        splits = None
        if plain.splits is not None:
            each = [
                plain.splits - one.splits for one in shuffled if one.splits is not None
            ]
            splits = np.mean(each, axis=0)
        views = {
            base.names[view]: self._test(
                fallen[:, view],
                row[:, view],
                repeated[:, view],
                None if splits is None else splits[..., view],
                float(base.units[view]),
                base.unit,
            )
            for view in judged.tolist()
        }
        if self.single or not judged.size:
            alone = (Estimate.undefined(self.rows.no_view or base.reasons[0]), NAN)
            return _Tests(next(iter(views.values()), alone), {})
        macro = self._test(
            fallen[:, judged].mean(axis=1),
            row[:, judged].mean(axis=1),
            repeated[:, judged].mean(axis=1),
            None if splits is None else _over_views(splits[..., judged]),
            float(base.units[judged].min()),
            base.unit,
        )
        return _Tests(macro, views)

    def _test(
        self,
        fallen: FloatArray,
        row: FloatArray,
        repeated: FloatArray,
        splits: FloatArray | None,
        units: float,
        unit: IntArray | None,
    ) -> tuple[Estimate, float]:
        """Return a drop with its interval, and its p-value.

        Args:
            fallen: `[permutations]` the drop with each.
            row: `[rows]` independent terms of its error.
            repeated: `[repeats]` the drop in each.
            splits: `[repeats, folds]` the drop within each fold, or None.
            units: Independent units of the rarer class.
            unit: `[rows]` cluster numbers, or None.
        """
        value = float(fallen.mean())
        seen = float(np.sum(unit_sums(row, unit) ** 2))
        if units < 2 or math.isnan(seen):
            reason = "one row of a class: its error is unknown"
            return Estimate(value, reason=reason, level=self.level), NAN
        raised, added = 0.0, 0.0
        if self.folds is not None:
            between = float(repeated.var(ddof=1)) if repeated.size > 1 else None
            raised, added = cv_factors(self.metric, between)
        added += float(fallen.var(ddof=1)) / fallen.size
        se, df = math.sqrt(seen * (1 + raised) + added), units - 1
        if splits is not None and splits.size > 1:
            by_folds = nadeau_bengio(splits, 1 / splits.shape[1], level=self.level)
            if not math.isnan(by_folds.p):
                se, df = max(se, by_folds.se), min(df, by_folds.df)
        p, half = p_and_half_width(value, se, df, self.level)
        low, high = difference_ends(value, half, UNIT)
        return Estimate(value, low, high, METHOD, level=self.level), p

    def notes(self, views: ViewInfluences) -> list[str]:
        """Say which classes or labels cannot be judged."""
        return [
            f"{name!r} is not judged: {reason}."
            for name, reason in zip(views.names, views.reasons, strict=True)
            if reason
        ]


def _over_views(values: FloatArray) -> FloatArray:
    """Return the mean over the views that a fold can judge, NaN if it can none."""
    there = ~np.isnan(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), NAN)


def _columns(
    groups: Sequence[tuple[str, ...]],
    tests: Sequence[_Tests],
    unused: Sequence[bool],
    judge: _Judge,
) -> tuple[ColumnImportance, ...]:
    """Return the columns with findings, the largest drop first."""
    alpha = 1 - judge.level
    used = ~np.array(unused, bool)
    p = np.array([one.macro[1] for one in tests])
    # A column that no score depends on is no test.
    adjusted = holm(np.where(used, p, NAN))
    names = list(tests[0].views)
    each = np.array([[one.views[name][1] for name in names] for one in tests])
    family = holm(np.where(used[:, None], each, NAN).ravel()).reshape(each.shape)

    def finding(place: int, drop: Estimate, at: float) -> ColumnFinding:
        if unused[place]:
            return "not used"
        if at <= alpha:
            return "matters" if drop.value > 0 else "misleads"
        return "cannot tell from nothing"

    made = []
    for place, (group, one) in enumerate(zip(groups, tests, strict=True)):
        drop = one.macro[0]
        made.append(
            ColumnImportance(
                group,
                drop,
                float(p[place]),
                float(adjusted[place]),
                finding(place, drop, float(adjusted[place])),
                {name: one.views[name][0] for name in names},
                {
                    name: finding(place, one.views[name][0], float(family[place, k]))
                    for k, name in enumerate(names)
                },
            )
        )
    order = sorted(
        range(len(made)), key=lambda k: -np.nan_to_num(made[k].drop.value, nan=-1.0)
    )
    return tuple(made[k] for k in order)
