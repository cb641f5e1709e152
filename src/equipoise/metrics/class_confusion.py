# SPDX-License-Identifier: Apache-2.0
"""Which class was decided for rows of which class: the K x K confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.confusion import Counts
from equipoise.metrics.task_rows import UNDECIDED_CLASS, TaskRows
from equipoise.task import Task

_WIDEST = 12
"""A column of the table is at most this wide; longer names are cut."""
_LISTED = 20
"""With more classes than this the most frequent confusions are listed instead."""


def confusion_rows(
    counts: npt.ArrayLike, classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a confusion matrix as plain rows: each count, and its share of the class.

    A class without rows has no shares: they are NaN.

    Args:
        counts: `[classes, classes]` the true class first, then the decision.
        classes: Their names.

    Example:
        >>> confusion_rows([[3, 1], [0, 0]], ["no", "yes"])[1]
        {'true': 'no', 'decided': 'yes', 'count': 1.0, 'share': 0.25}
    """
    values = np.asarray(counts, np.float64)
    totals = values.sum(axis=1)
    return [
        {
            "true": true,
            "decided": decided,
            "count": float(values[i, j]),
            "share": float(values[i, j] / totals[i]) if totals[i] else math.nan,
        }
        for i, true in enumerate(classes)
        for j, decided in enumerate(classes)
    ]


@dataclass(frozen=True, eq=False)
class ClassConfusion:
    """The weight of the rows of each class by what was decided for them.

    Attributes:
        classes: Their names.
        counts: `[classes, classes]` weight of rows; the true class first, then the
            decision.
        undecided: `[classes]` weight of the rows of each class that are left
            undecided. They count as rows of their class, and as no decision.

    Raises:
        InputError: The shapes do not fit the classes, or a count is negative.

    Example:
        >>> task = Task("multiclass", ("a", "b"))
        >>> cells = ClassConfusion.of(task, [0, 0, 0, 1], [0, 0, 1, 1])
        >>> cells.counts.tolist(), cells.recalls.round(3).tolist()
        ([[2.0, 1.0], [0.0, 1.0]], [0.667, 1.0])
        >>> print(cells)
                a  b
        true a  2  1
        true b  0  1
    """

    classes: tuple[str, ...]
    counts: FloatArray
    undecided: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        size = len(self.classes)
        counts = floats(self.counts, "counts")
        left = floats(self.undecided, "undecided")
        if not left.size:
            left = np.zeros(size)
        if counts.shape != (size, size) or left.shape != (size,):
            raise InputError(
                sentence(
                    f"counts of shape {counts.shape} and undecided of shape "
                    f"{left.shape} for {size} classes",
                    f"counts of shape ({size}, {size}) and undecided of shape "
                    f"({size},)",
                )
            )
        if not (counts >= 0).all() or not (left >= 0).all():
            raise InputError(
                sentence("counts that are negative or missing", "counts of at least 0")
            )
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "undecided", left)

    @classmethod
    def of(
        cls,
        task: Task,
        y: npt.ArrayLike,
        decisions: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> ClassConfusion:
        """Count decisions.

        Args:
            task: Binary or multi-class.
            y: `[rows]` class numbers.
            decisions: `[rows]` class numbers, -1 if undecided.
            weights: `[rows]` weights, or None for 1 each.

        Raises:
            InputError: The arrays do not fit together, or the task has labels.
        """
        if task.kind == "multilabel":
            raise InputError(
                sentence(
                    "a multi-label task for a confusion matrix of classes",
                    "a binary or multi-class task",
                    "Use label_counts for the counts of each label.",
                )
            )
        rows = TaskRows.of(task, y, weights)
        return cls.counted(rows, rows.decided(decisions))

    @classmethod
    def counted(cls, rows: TaskRows, decisions: IntArray) -> ClassConfusion:
        """Count decisions that are checked.

        Args:
            rows: The targets.
            decisions: `[rows]` class numbers, -1 if undecided.
        """
        size = len(rows.task.classes)
        # The undecided rows are in the last column.
        column = np.where(decisions == UNDECIDED_CLASS, size, decisions)
        summed = np.bincount(
            rows.y * (size + 1) + column,
            weights=rows.weights,
            minlength=size * (size + 1),
        )
        cells = np.asarray(summed, np.float64).reshape(size, size + 1)
        return cls(rows.task.classes, cells[:, :size], cells[:, size])

    @classmethod
    def mean(cls, parts: Iterable[ClassConfusion]) -> ClassConfusion:
        """Return the mean of several matrices of the same classes, as over repeats.

        Args:
            parts: At least one.

        Raises:
            InputError: There is none, or their classes differ.

        Example:
            >>> one = ClassConfusion(("a", "b"), np.diag([2.0, 1.0]))
            >>> two = ClassConfusion(("a", "b"), np.array([[0.0, 2.0], [0.0, 1.0]]))
            >>> ClassConfusion.mean([one, two]).counts.tolist()
            [[1.0, 1.0], [0.0, 1.0]]
        """
        each = list(parts)
        if not each or len({part.classes for part in each}) != 1:
            raise InputError(
                sentence(
                    "confusion matrices of different classes" if each else "none",
                    "one or more confusion matrices of the same classes",
                )
            )
        return cls(
            each[0].classes,
            np.mean([part.counts for part in each], axis=0),
            np.mean([part.undecided for part in each], axis=0),
        )

    @property
    def totals(self) -> FloatArray:
        """`[classes]` weight of the rows of each class, undecided ones included."""
        return np.asarray(self.counts.sum(axis=1) + self.undecided)

    @property
    def decided(self) -> FloatArray:
        """`[classes]` weight of the rows for which each class was decided."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def right(self) -> FloatArray:
        """`[classes]` weight of the rows of each class that were decided rightly."""
        return np.diagonal(self.counts).copy()

    @property
    def rows(self) -> float:
        """Weight of all rows."""
        return float(self.counts.sum() + self.undecided.sum())

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """`[classes]` whether a class has rows, and rows of other classes exist."""
        totals = self.totals
        return np.asarray((totals > 0) & (totals.sum() > totals))

    @property
    def views(self) -> Counts:
        """Each class against the rest: counts, arrays `[classes]`."""
        tp, flagged, totals = self.right, self.decided, self.totals
        return Counts(tp, flagged - tp, totals - tp, self.rows - flagged - totals + tp)

    @property
    def recalls(self) -> FloatArray:
        """`[classes]` share of each class' rows decided rightly; NaN without rows."""
        return _share(self.right, self.totals)

    @property
    def precisions(self) -> FloatArray:
        """`[classes]` share of each decision that is right; NaN if never decided."""
        return _share(self.right, self.decided)

    @property
    def f1s(self) -> FloatArray:
        """`[classes]` each class' F1; NaN if it has no rows and no decisions."""
        return _share(2 * self.right, self.totals + self.decided)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; what was undecided is left out if nothing was.

        Example:
            >>> ClassConfusion(("a", "b"), np.diag([2.0, 1.0])).as_dict()
            {'classes': ['a', 'b'], 'counts': [[2.0, 0.0], [0.0, 1.0]]}
        """
        left = {"undecided": self.undecided.tolist()} if self.undecided.any() else {}
        return {
            "classes": list(self.classes),
            "counts": self.counts.tolist(),
            **left,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ClassConfusion:
        """Rebuild it from `as_dict`.

        Args:
            values: What `as_dict` gave.

        Raises:
            InputError: The shapes do not fit the classes.
        """
        return cls(
            tuple(values["classes"]),
            np.asarray(values["counts"], np.float64),
            np.asarray(values.get("undecided", ()), np.float64),
        )

    def most_confused(self, most: int = _LISTED) -> list[tuple[str, str, float]]:
        """Return the most frequent wrong decisions: true class, decision, weight.

        Args:
            most: At most how many.

        Example:
            >>> cells = ClassConfusion(("a", "b"), np.array([[2.0, 1.0], [0.0, 1.0]]))
            >>> cells.most_confused()
            [('a', 'b', 1.0)]
        """
        wrong = self.counts - np.diag(self.right)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        places = np.unravel_index(order, wrong.shape)
        return [
            (self.classes[i], self.classes[j], float(wrong[i, j]))
            for i, j in zip(*places, strict=True)
            if wrong[i, j] > 0
        ]

    def __str__(self) -> str:
        if len(self.classes) > _LISTED:
            share = self.right.sum() / self.rows if self.rows else float("nan")
            lines = [f"{len(self.classes)} classes, {share:.1%} of the rows right"]
            lines += [
                f"{weight:,.10g} of {true} decided as {decision}"
                for true, decision, weight in self.most_confused()
            ]
            return "\n".join(lines)
        left = self.undecided.any()
        columns = [*self.classes, *(["undecided"] if left else [])]
        cells = np.column_stack([self.counts, self.undecided])[:, : len(columns)]
        table = [["", *(name[:_WIDEST] for name in columns)]]
        table += [
            [f"true {name}", *(_amount(cell) for cell in line)]
            for name, line in zip(self.classes, cells, strict=True)
        ]
        widths = [max(len(line[j]) for line in table) for j in range(len(table[0]))]
        return "\n".join(
            "  ".join(
                text.ljust(width) if j == 0 else text.rjust(width)
                for j, (text, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        )


def label_counts(rows: TaskRows, decisions: npt.ArrayLike) -> Counts:
    """Return the four counts of each label, arrays `[labels]`; unknown ones left out.

    Args:
        rows: The targets of a multi-label task.
        decisions: `[rows, labels]` 0 or 1; -1 for undecided, which counts as not
            decided to be positive.

    Raises:
        InputError: The decisions do not fit the rows.

    Example:
        >>> rows = TaskRows.of(Task("multilabel", ("x",)), [[1], [1], [0], [-1]])
        >>> cells = label_counts(rows, [[1], [0], [1], [1]])
        >>> cells.tp.tolist(), cells.fp.tolist(), cells.fn.tolist(), cells.tn.tolist()
        ([1.0], [1.0], [1.0], [0.0])
    """
    flagged = rows.decided(decisions) == 1
    cells = (
        rows.truth & flagged,
        rows.labelled & ~rows.truth & flagged,
        rows.truth & ~flagged,
        rows.labelled & ~rows.truth & ~flagged,
    )
    return Counts(*(np.asarray(rows.weights @ cell, np.float64) for cell in cells))


def _share(above: FloatArray, below: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
