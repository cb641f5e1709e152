# SPDX-License-Identifier: Apache-2.0
"""The targets of a task, its row weights, scores and decisions, checked in one place.

Every metric of several classes or labels begins here: with the binary views of the
rows, and with those views that can be judged. Which they are follows from the targets
and the row weights alone, so it is the same for every arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, in_rows, unmasked
from equipoise._core.checks import listing, sentence
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import InputError, InputTypeError
from equipoise.metrics.inputs import check_row_weights, check_unit_interval
from equipoise.priors import one_against_rest, softmax
from equipoise.task import Task, check_task, label_matrix

UNDECIDED_CLASS = -1
"""Among decisions: the row, or the label of the row, is left undecided."""
TIED = 1e-11
"""Log-odds against the rest that differ by less are tied: they are differences of
logits, rounded there, so that equal probabilities need not give equal log-odds."""
_ROUNDED = 1e4
"""Log-odds beyond this are as they are; nothing to round is left."""
SUMS = 1e-3
"""By how much the probabilities of a row may miss a sum of 1."""


@dataclass(frozen=True, eq=False)
class TaskRows:
    """The targets of some rows, as the binary views of their task.

    Attributes:
        task: The task.
        y: `[rows]` class numbers; `[rows, labels]` 1, 0 or -1 if multi-label.
        weights: `[rows]` row weights.
        truth: `[rows, views]` whether a row is of the view's class or label.
        labelled: `[rows, views]` whether that is known.

    Example:
        >>> rows = TaskRows.of(Task("multiclass", ("a", "b", "c")), [0, 1, 1, 0])
        >>> rows.judged.tolist(), rows.reason(2)
        ([True, True, False], "no rows of class 'c'")
    """

    task: Task
    y: AnyArray
    weights: FloatArray
    truth: BoolArray
    labelled: BoolArray

    @classmethod
    def of(
        cls, task: Task, y: npt.ArrayLike, weights: npt.ArrayLike | None = None
    ) -> TaskRows:
        """Check targets and row weights.

        Args:
            task: The task.
            y: `[rows]` class numbers, 0 and 1 if binary; `[rows, labels]` 1, 0, and
                NaN or -1 if a label is unknown, if multi-label.
            weights: `[rows]` weights of at least 0, or None for 1 each.

        Raises:
            InputTypeError: The targets are not numbers.
            InputError: They are not of the task, or the weights do not fit them.
        """
        if check_task(task).kind == "multilabel":
            labels = label_matrix(unmasked(y, "labels"))
            if labels.shape[1] != task.width:
                raise InputError(
                    sentence(
                        f"labels of shape {labels.shape} for {task.width} labels",
                        f"a matrix [rows, {task.width}]",
                    )
                )
            weight = check_row_weights(weights, labels.shape[:1])
            return cls(task, labels, weight, labels == 1, labels >= 0)
        numbers = class_numbers(y, task)
        weight = check_row_weights(weights, numbers.shape)
        looked_for = np.arange(1 if task.kind == "binary" else 0, len(task.classes))
        truth = numbers[:, None] == looked_for
        return cls(task, numbers, weight, truth, np.ones_like(truth))

    @property
    def positives(self) -> FloatArray:
        """`[views]` weight of the rows of each view's class or label."""
        return np.asarray(self.weights @ self.truth, np.float64)

    @property
    def negatives(self) -> FloatArray:
        """`[views]` weight of the other rows whose label is known."""
        return np.asarray(self.weights @ (self.labelled & ~self.truth), np.float64)

    @property
    def judged(self) -> BoolArray:
        """`[views]` whether a view has rows of both kinds, so that it can be judged."""
        return (self.positives > 0) & (self.negatives > 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes or labels that the views look for, in their order."""
        classes = self.task.classes
        return classes[1:] if self.task.kind == "binary" else classes

    def reason(self, view: int) -> str:
        """Return why a view cannot be judged; "" if it can.

        Args:
            view: Its number.
        """
        several = self.task.kind == "multilabel"
        quoted = repr(self.names[view])
        name = f"{'label' if several else 'class'} {quoted}"
        if not self.weights[self.labelled[:, view]].sum():
            return f"no row in which {name} is known" if several else "no rows"
        if not self.positives[view]:
            return f"no rows {'with' if several else 'of'} {name}"
        if not self.negatives[view]:
            other = f"without {name}" if several else f"of a class other than {quoted}"
            return f"no rows {other}"
        return ""

    @property
    def no_view(self) -> str:
        """Why no view can be judged; "" if one can."""
        if self.judged.any():
            return ""
        if not self.weights.sum():
            return "no rows"
        if self.task.kind == "multilabel":
            return "every label is the same for all rows"
        return "all rows are of one class"

    def averaged(self, values: FloatArray, average: str = "macro") -> float:
        """Return the average of a metric over the views that are judged.

        Args:
            values: `[views]` the metric of each view.
            average: "macro": the mean. "weighted": by the weight of the positives.

        Returns:
            NaN if no view is judged, or a judged view has no value.
        """
        judged = self.judged
        if not judged.any():
            return float("nan")
        mass = self.positives[judged] if average == "weighted" else None
        return float(np.average(values[judged], weights=mass))

    def view(self, view: int) -> tuple[BoolArray, BoolArray, FloatArray]:
        """Return one view's known rows: which they are, the truth, the weights.

        Args:
            view: Its number.

        Returns:
            `[rows]` whether the label is known and the row has weight; of those rows,
            the truth and the weights.
        """
        used = self.labelled[:, view] & (self.weights > 0)
        return used, self.truth[used, view], self.weights[used]

    def ranked(
        self, predictions: npt.ArrayLike, probabilities: bool = False
    ) -> FloatArray:
        """Return `[rows, views]` what orders the rows of each view.

        Args:
            predictions: `[rows, width]` scores, as `Task.views` takes them: logits of
                the classes, or log-odds. Probabilities `[rows, classes]` (of the
                labels, if multi-label) if `probabilities` is set.
            probabilities: Whether they are probabilities.

        Raises:
            InputTypeError: They are not numbers.
            InputError: They do not fit the rows, or are not numbers or probabilities.
        """
        values = self.predicted(predictions, probabilities)
        if self.task.kind == "binary" and probabilities:
            return values[:, 1:]
        if probabilities or self.task.kind != "multiclass":
            return values
        against = one_against_rest(values)
        far = np.abs(against) > _ROUNDED
        steps = np.round(np.where(far, 0.0, against) / TIED)
        return np.where(far, against, steps * TIED)

    def predicted(
        self, predictions: npt.ArrayLike, probabilities: bool = False
    ) -> FloatArray:
        """Return scores, or probabilities, as float64 once they are checked.

        Args:
            predictions: As in `ranked`.
            probabilities: Whether they are probabilities.

        Raises:
            InputTypeError: They are not numbers.
            InputError: They do not fit the rows, or are not numbers or probabilities.
        """
        what = "probabilities" if probabilities else "scores"
        values = floats(predictions, what)
        width = self.task.width
        if probabilities and self.task.kind == "binary":
            width = 2
        rows = len(self.weights)
        if values.shape != (rows, width):
            raise InputError(
                sentence(
                    f"{what} of shape {values.shape} for {rows:,} rows of a "
                    f"{self.task.kind} task",
                    f"{what} of shape ({rows}, {width})",
                )
            )
        if np.isnan(values).any():
            wrong = np.flatnonzero(np.isnan(values).any(axis=1))
            raise InputError(
                sentence(
                    f"{what} that are not a number ({in_rows(wrong)})",
                    f"{what} that are numbers",
                )
            )
        if probabilities:
            return self._probabilities(values)
        if self.task.kind == "multiclass" and np.isinf(values).any():
            raise InputError(
                sentence(
                    "infinite logits",
                    "finite logits",
                    "If a class is impossible, pass probabilities with "
                    "probabilities=True.",
                )
            )
        return values

    def _probabilities(self, values: FloatArray) -> FloatArray:
        values = check_unit_interval(values)
        total = values.sum(axis=1)
        if self.task.kind == "multilabel" or not (abs(total - 1) > SUMS).any():
            return values
        wrong = np.flatnonzero(abs(total - 1) > SUMS)
        raise InputError(
            sentence(
                f"probabilities that sum to {total[wrong[0]]:g} ({in_rows(wrong)})",
                "probabilities of the classes, which sum to 1 in every row",
                "Divide each row by its sum.",
            )
        )

    def probability(
        self, predictions: npt.ArrayLike, probabilities: bool = False
    ) -> FloatArray:
        """Return `[rows, classes]` probabilities; of the labels if multi-label.

        Args:
            predictions: As in `ranked`.
            probabilities: Whether they are probabilities.
        """
        values = self.predicted(predictions, probabilities)
        if probabilities:
            return values
        if self.task.kind == "multiclass":
            return softmax(values)
        return self.task.probability(values)

    def decided(self, decisions: npt.ArrayLike) -> IntArray:
        """Return decisions as whole numbers once they are checked.

        Args:
            decisions: `[rows]` class numbers, or `[rows, labels]` 0 and 1 if
                multi-label; -1 if it is left undecided.

        Raises:
            InputTypeError: They are not numbers.
            InputError: They do not fit the rows, or are no decisions.
        """
        several = self.task.kind == "multilabel"
        made = floats(decisions, "decisions")
        shape = self.y.shape if several else (len(self.weights),)
        most = 1 if several else len(self.task.classes) - 1
        accepted = (
            f"0, 1, or -1 for undecided, of shape {shape}"
            if several
            else f"class numbers from 0 to {most}, or -1 for undecided, of shape "
            f"{shape}"
        )
        if made.shape != shape:
            raise InputError(
                sentence(
                    f"decisions of shape {made.shape}",
                    accepted,
                    "If these are scores, decide first: for example "
                    "scores.argmax(axis=1)."
                    if made.ndim == 2 and not several
                    else "",
                )
            )
        whole = np.isin(made, np.arange(-1, most + 1))
        if not whole.all():
            wrong = np.unique(made[~whole])[:3].tolist()
            raise InputError(sentence(f"decisions that hold {wrong}", accepted))
        return made.astype(np.int64)


def class_numbers(y: npt.ArrayLike, task: Task) -> IntArray:
    """Return the class numbers of a binary or multi-class task.

    Args:
        y: `[rows]` whole numbers, or Booleans if the task is binary.
        task: The task.

    Raises:
        InputTypeError: They are not numbers.
        InputError: They are not one-dimensional, or no class has such a number.

    Example:
        >>> class_numbers([0.0, 2.0], Task("multiclass", ("a", "b", "c")))
        array([0, 2])
    """
    values = np.asarray(unmasked(y, "class numbers"))
    last = len(task.classes) - 1
    accepted = f"class numbers [rows] from 0 to {last}"
    if values.ndim != 1:
        raise InputError(
            sentence(
                f"class numbers of shape {values.shape}",
                accepted,
                "If each row holds a 1 in the column of its class, pass "
                "y.argmax(axis=1)."
                if values.ndim == 2
                else "",
            )
        )
    if values.dtype.kind not in "biuf":
        names = {name: number for number, name in enumerate(task.classes)}
        remedy = ""
        if values.size and all(str(value) in names for value in values):
            remedy = "Pass [classes.index(name) for name in y]."
        raise InputTypeError(
            sentence(
                f"classes such as {listing(values[:3].tolist())}", accepted, remedy
            )
        )
    right = (values >= 0) & (values <= last) & (values == np.floor(values))
    if not right.all():
        wrong = np.unique(values[~right])[:3].tolist()
        raise InputError(sentence(f"class numbers that hold {wrong}", accepted))
    return values.astype(np.int64)
