# SPDX-License-Identifier: Apache-2.0
"""Scores and targets of several classes or labels, checked once for this package."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows
from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.inputs import check_row_weights
from equipoise.task import Task, check_task

PARTS = 5
"""Into how many parts rows are divided if their folds are not known."""

SUM_ERROR = 1e-4
"""How far the probabilities of a row may be from summing to 1."""


class ClassRows(NamedTuple):
    """Rows of several classes.

    Attributes:
        scores: `[rows, classes]` logits or probabilities.
        y: `[rows]` the number of each row's class.
        weights: `[rows]` row weights, at least 0.
    """

    scores: FloatArray
    y: IntArray
    weights: FloatArray

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.scores.shape[1])

    @property
    def totals(self) -> FloatArray:
        """By class, the summed weight of its rows, `[classes]`."""
        sums = np.bincount(self.y, self.weights, minlength=self.classes)
        return np.asarray(sums, np.float64)

    def where(self, rows: BoolArray) -> ClassRows:
        """Return some of the rows.

        Args:
            rows: `[rows]` which.
        """
        if rows.all():
            return self
        return ClassRows(self.scores[rows], self.y[rows], self.weights[rows])

    def present(self) -> ClassRows:
        """Return the rows whose weight is above 0."""
        return self.where(self.weights > 0)


def check_class_rows(
    task: Task,
    scores: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    what: str = "scores",
) -> ClassRows:
    """Return the scores, class numbers and weights of a task of several classes.

    Args:
        task: Of several classes.
        scores: `[rows, classes]`; infinities are allowed.
        y: `[rows]` class numbers.
        weights: `[rows]`, at least 0.
        what: What the scores are, in the plural.

    Raises:
        InputError: A shape does not fit, a score is NaN, or a class number is not one
            of the task's.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> check_class_rows(task, [[1.0, 0.0, 0.0]], [2]).totals.tolist()
        [0.0, 0.0, 1.0]
    """
    s = check_wide(task, scores, what)
    return ClassRows(
        s, check_class_numbers(task, y, len(s)), check_row_weights(weights, (len(s),))
    )


def check_class_numbers(task: Task, y: npt.ArrayLike, rows: int) -> IntArray:
    """Return the class number of each row.

    Args:
        task: Of two classes or more.
        y: `[rows]` whole numbers from 0.
        rows: How many there must be.

    Raises:
        InputError: The shape differs, or a value is no class number.

    Example:
        >>> check_class_numbers(Task("multiclass", ("a", "b", "c")), [0.0, 2.0], 2)
        array([0, 2])
    """
    values = floats(y, "labels")
    count = len(task.classes)
    if values.shape != (rows,):
        raise InputError(
            sentence(
                f"labels of shape {values.shape} for {rows:,} rows of scores",
                "one class number per row",
            )
        )
    sound = (values >= 0) & (values < count) & (values == np.floor(values))
    if not sound.all():
        wrong = np.flatnonzero(~sound)
        raise InputError(
            sentence(
                f"labels that are no class numbers ({in_rows(wrong)}: "
                f"{values[wrong[0]]:g})",
                f"whole numbers from 0 to {count - 1}, in the order of the classes",
            )
        )
    return values.astype(np.int64)


def check_wide(task: Task, scores: npt.ArrayLike, what: str = "scores") -> FloatArray:
    """Return scores as `[rows, width]` float64.

    Args:
        task: What the scores are for.
        scores: One per row and class or label; `[rows]` too if the width is 1.
        what: What they are, in the plural.

    Raises:
        InputError: The shape does not fit the task, or a value is NaN.

    Example:
        >>> check_wide(Task("binary", ("no", "yes")), [0.5, 1.5]).shape
        (2, 1)
    """
    s = floats(scores, what)
    if s.ndim == 1 and task.width == 1:
        s = s[:, None]
    if s.ndim != 2 or s.shape[1] != task.width:
        raise InputError(
            sentence(
                f"{what} of shape {s.shape} for {task.width} "
                f"{'labels' if task.kind == 'multilabel' else 'classes'}",
                f"[rows, {task.width}], in the order of the "
                f"{'labels' if task.kind == 'multilabel' else 'classes'}",
            )
        )
    if np.isnan(s).any():
        wrong = np.flatnonzero(np.isnan(s).any(axis=1))
        raise InputError(
            sentence(
                f"{what} that are not a number ({in_rows(wrong)})",
                "numbers",
                "Look for missing values in the features or a diverged model.",
            )
        )
    return s


def check_class_probabilities(probabilities: npt.ArrayLike, classes: int) -> FloatArray:
    """Return the probabilities of classes that exclude each other.

    Args:
        probabilities: `[..., classes]` in [0, 1]; those of a row sum to 1.
        classes: How many classes there are.

    Raises:
        InputError: The last axis has another length, a value lies outside [0, 1] or
            is NaN, or a row does not sum to 1.

    Example:
        >>> check_class_probabilities([0.25, 0.75], 2).tolist()
        [0.25, 0.75]
    """
    p = floats(probabilities, "probabilities")
    if p.ndim == 0 or p.shape[-1] != classes:
        raise InputError(
            sentence(
                f"probabilities of shape {p.shape} for {classes} classes",
                f"a last axis of {classes}, in the order of the classes",
            )
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError(
            sentence(
                "probabilities outside [0, 1]",
                "0 to 1",
                "For logits use task.probability(scores) first.",
            )
        )
    if (np.abs(p.sum(axis=-1) - 1) > SUM_ERROR).any():
        raise InputError(
            sentence(
                "probabilities of classes that do not sum to 1 in every row",
                "one probability per class, which sum to 1",
                "For logits use task.probability(scores) first.",
            )
        )
    return p


def class_parts(y: IntArray, seed: int = 0) -> IntArray:
    """Divide rows into five parts, each class spread evenly over them.

    Args:
        y: `[rows]` class numbers.
        seed: Of the division.

    Returns:
        `[rows]` numbers of parts. A class goes on where the class before it ended, so
        that the parts are of one size.

    Example:
        >>> np.bincount(class_parts(np.array([0, 0, 0, 1, 1]))).tolist()
        [1, 1, 1, 1, 1]
    """
    random = generator(seed, "class parts")
    shuffled = random.permutation(y.size)
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    parts = np.empty(y.size, np.int64)
    parts[order] = np.arange(y.size) % PARTS
    return parts


def require_rule_task(task: Task, kind: Literal["multiclass", "multilabel"]) -> None:
    """Check that a task is of the kind that a rule is made for.

    Args:
        task: The task.
        kind: What the rule is for.

    Raises:
        InputError: It is of another kind; what makes its rule is named.
    """
    if check_task(task).kind == kind:
        return
    makers = {
        "binary": "make_rule",
        "multiclass": "fit_class_rule",
        "multilabel": "fit_label_rule",
    }
    what = "classes" if kind == "multiclass" else "labels"
    raise InputError(
        sentence(
            f"a {task.kind} task for a rule of several {what}",
            f"a {kind} task",
            f"Use {makers[task.kind]} instead.",
        )
    )


def check_parts(folds: npt.ArrayLike | None, rows: ClassRows, seed: int) -> IntArray:
    """Return the folds as numbers from 0, or parts of our own if they are unknown.

    Args:
        folds: `[rows]` the fold of each row, or None.
        rows: The rows.
        seed: Of the division if there are no folds.

    Raises:
        InputError: There is not one fold per row.
    """
    if folds is None:
        return class_parts(rows.y, seed)
    numbers = np.asarray(folds)
    if numbers.shape != rows.y.shape:
        raise InputError(
            sentence(
                f"folds of shape {numbers.shape} for {rows.y.size:,} rows",
                "one fold per row",
            )
        )
    return np.asarray(np.unique(numbers, return_inverse=True)[1], np.int64)
