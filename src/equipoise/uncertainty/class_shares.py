# SPDX-License-Identifier: Apache-2.0
"""Intervals of the cells of a K x K confusion matrix, of recalls and of precisions.

A cell is a share of the rows of its class, a recall is the cell of the right decision,
and a precision is a share of the rows with that decision: each is binomial given its
number of rows, and takes the interval that such a share has with two classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, group_numbers
from equipoise._core.checks import number, sentence
from equipoise._core.types import AnyArray, BoolArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task, check_task
from equipoise.uncertainty.proportion import clopper_pearson
from equipoise.uncertainty.shares import effective_share

_EXACT, _APPROXIMATE = "Clopper-Pearson", "Korn-Graubard"


@dataclass(frozen=True, eq=False)
class ConfusionIntervals:
    """The shares of a confusion matrix with their intervals.

    Attributes:
        classes: Their names.
        cells: By true class, by decision: the share of the class' rows decided so.
        recalls: By class: the share decided rightly.
        precisions: By class: the share of the rows decided to be of it that are.
    """

    classes: tuple[str, ...]
    cells: tuple[tuple[Estimate, ...], ...]
    recalls: tuple[Estimate, ...]
    precisions: tuple[Estimate, ...]


def confusion_intervals(
    task: Task,
    y: npt.ArrayLike,
    decisions: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ConfusionIntervals:
    """Return the cells of the confusion matrix, recalls and precisions with intervals.

    They are exact (Clopper and Pearson 1934). With weights, clusters or several repeats
    the effective number of rows takes the place of their number (Korn and Graubard
    1998), and they are approximate.

    Args:
        task: Binary or multi-class.
        y: `[rows]` class numbers.
        decisions: `[rows]` class numbers, -1 for undecided; or `[repeats, rows]`, of
            which shares and numbers of rows are averaged.
        weights: `[rows]` weights, or None.
        clusters: `[rows]` names of groups of dependent rows, or None.
        level: Coverage, strictly between 0 and 1.

    Raises:
        InputError: The arrays do not fit together, the level is out of range, or the
            task has labels.

    Example:
        >>> y, made = [0] * 12 + [1] * 8, [0] * 9 + [1] * 11
        >>> table = confusion_intervals(Task("multiclass", ("a", "b")), y, made)
        >>> print(table.recalls[0], table.cells[0][1])
        0.750 [0.428, 0.945] 0.250 [0.055, 0.572]
    """
    number(level, "level", 0, 1, open_ends=True)
    if check_task(task).kind == "multilabel":
        raise InputError(
            sentence(
                "a multi-label task for the cells of a confusion matrix",
                "a binary or multi-class task",
                "Use interval for each label.",
            )
        )
    rows = TaskRows.of(task, y, weights)
    made = floats(decisions, "decisions")
    each = [rows.decided(one) for one in (made if made.ndim == 2 else [made])]
    unit = None if clusters is None else group_numbers(clusters, len(rows.weights))
    shares = _Shares(rows, unit, level, exact=weights is None and len(each) == 1)
    classes = range(len(task.classes))
    cells = tuple(
        tuple(
            shares.estimate([made == j for made in each], [rows.y == k] * len(each), k)
            for j in classes
        )
        for k in classes
    )
    precisions = tuple(
        shares.estimate([rows.y == k] * len(each), [made == k for made in each], None)
        for k in classes
    )
    recalls = tuple(cells[k][k] for k in classes)
    return ConfusionIntervals(task.classes, cells, recalls, precisions)


@dataclass(frozen=True, eq=False)
class _Shares:
    """Makes estimates of shares of some rows."""

    rows: TaskRows
    unit: IntArray | None
    level: float
    exact: bool

    def estimate(
        self, hits: list[BoolArray], among: list[BoolArray], true_class: int | None
    ) -> Estimate:
        """Return the share of hits among some rows, averaged over repeats."""
        parts = []
        for hit, rows in zip(hits, among, strict=True):
            inside = np.flatnonzero(rows)
            group: AnyArray | None = None if self.unit is None else self.unit[inside]
            weight = self.rows.weights[inside]
            if weight.sum() > 0:
                parts.append(effective_share(hit[inside], weight, group, self.level))
        if not parts:
            names = self.rows.task.classes
            nothing = "never decided"
            if true_class is not None:
                nothing = f"no rows of class {names[true_class]!r}"
            return Estimate.undefined(nothing)
        share, trials = (float(value) for value in np.mean(parts, axis=0))
        # A product of rounded numbers may exceed what it is a share of.
        successes = min(share * trials, trials)
        low, high = clopper_pearson(successes, trials, self.level)
        method = _EXACT if self.exact and self.unit is None else _APPROXIMATE
        return Estimate(
            share, min(low, share), max(high, share), method, level=self.level
        )
