# SPDX-License-Identifier: Apache-2.0
"""What a target is: two classes, several classes, or several labels.

One object answers how many scores a model gives per row, how they become
probabilities, and which binary problems the task holds. Metrics, tests and decisions
are defined for binary problems, so they ask for `views` and need not know the task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.states import texts
from equipoise._core.types import AnyArray, BoolArray, FloatArray
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.priors import one_against_rest, probability, softmax

__all__ = [
    "TASK_KINDS",
    "UNKNOWN_LABEL",
    "Task",
    "TaskKind",
    "View",
    "check_task",
    "label_matrix",
]

TaskKind = Literal["binary", "multiclass", "multilabel"]
TASK_KINDS: tuple[str, ...] = get_args(TaskKind)
UNKNOWN_LABEL = -1
"""In the label matrix of a multi-label task: whether the row has the label is not
known. Such an entry weighs nothing in training and is left out of every metric."""

MOST_NAMED = 10


@dataclass(frozen=True, eq=False)
class View:
    """A binary problem that a task holds.

    Attributes:
        name: The class or label that is looked for.
        y: `[rows]` whether a row is of it; false if that is not known.
        scores: `[rows]` log-odds of it against the rest, or None.
        labelled: `[rows]` whether that is known, or None if it is for all rows. The
            other rows belong to no metric of the view.
    """

    name: str
    y: BoolArray
    scores: FloatArray | None = None
    labelled: BoolArray | None = None


@dataclass(frozen=True)
class Task:
    """The kind of a target and its classes.

    Attributes:
        kind: "binary", "multiclass" or "multilabel".
        classes: The names of the classes; (negative, positive) if binary; the names of
            the labels if multi-label.
        positive_labels: The values of the target that make up the positive class, if
            they are several; else empty.
        merged_labels: The values of the target that make up the last of several
            classes, if rare classes were merged; else empty.

    Raises:
        InputError: The kind is not known, or the number of classes does not fit it.

    Example:
        >>> task = Task("binary", ("no", "yes"))
        >>> task.width, task.link, task.totals([0, 0, 1]).tolist()
        (1, 'sigmoid', [2.0, 1.0])
    """

    kind: TaskKind
    classes: tuple[str, ...]
    positive_labels: tuple[str, ...] = ()
    merged_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.kind, TASK_KINDS, "task")
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "positive_labels", tuple(self.positive_labels))
        object.__setattr__(self, "merged_labels", tuple(self.merged_labels))
        count = len(self.classes)
        if self.kind == "binary" and count != 2:
            accepted = "two classes, the negative and the positive one"
        elif self.kind == "multiclass" and count < 2:
            accepted = "two classes or more"
        elif self.kind == "multilabel" and count < 1:
            accepted = "one label or more"
        else:
            return
        raise InputError(
            sentence(f"a {self.kind} task with the classes {self.classes!r}", accepted)
        )

    @property
    def width(self) -> int:
        """The number of scores per row: 1 if binary, else one per class or label."""
        return 1 if self.kind == "binary" else len(self.classes)

    @property
    def link(self) -> Literal["sigmoid", "softmax"]:
        """What turns scores into probabilities: softmax for several classes."""
        return "softmax" if self.kind == "multiclass" else "sigmoid"

    @property
    def class_number_type(self) -> type[np.signedinteger[Any]]:
        """The type of class numbers in a table: int8 of two classes, int64 of several.

        Label matrices are int8, see `label_matrix`.
        """
        return np.int8 if self.kind == "binary" else np.int64

    def totals(
        self, y: npt.ArrayLike, row_weights: npt.ArrayLike | None = None
    ) -> FloatArray:
        """Return the number of rows of each class, or the sum of their weights.

        Args:
            y: Targets, as in `Table`: `[rows]`, or `[rows, labels]` if multi-label.
            row_weights: `[rows]` how much each row counts; None for 1 each, which
                gives whole numbers.

        Returns:
            `[classes]`; `[labels, 2]` (without the label, with it) if multi-label:
            rows whose label is unknown are in neither.

        Example:
            >>> Task("multiclass", ("a", "b", "c")).totals([0, 2, 2]).tolist()
            [1.0, 0.0, 2.0]
        """
        labels = np.asarray(y)
        weights = None if row_weights is None else np.asarray(row_weights, np.float64)
        if self.kind == "multilabel":
            return np.stack(
                [_totals(labels[:, j], weights, 2) for j in range(self.width)]
            )
        return _totals(labels, weights, len(self.classes))

    def probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the probabilities that scores stand for.

        Args:
            scores: `[..., width]` log-odds of each label, or of the positive class if
                binary; logits of the classes if there are several.

        Returns:
            `[..., classes]`: each class's, so both columns if binary. They sum to 1
            except in a multi-label task, whose labels are not exclusive.

        Raises:
            InputError: The last axis is not `width` long.

        Example:
            >>> Task("binary", ("no", "yes")).probability([[0.0]]).tolist()
            [[0.5, 0.5]]
        """
        z = self._wide(scores)
        if self.kind == "multiclass":
            return softmax(z)
        p = probability(z)
        return p if self.kind == "multilabel" else np.concatenate([1.0 - p, p], axis=-1)

    def views(
        self, y: npt.ArrayLike, scores: npt.ArrayLike | None = None
    ) -> Iterator[View]:
        """Yield the binary problems that the task holds.

        Args:
            y: Targets, as in `Table`.
            scores: `[rows, width]`, as for `probability`, or None.

        Yields:
            One view if binary; each class against the rest, in the order of the
            classes; or one view per label. A class's log-odds against the rest
            are its logit less the log of the sum of the others' exponentials, so its
            view orders rows as its probability does. A label's view says in
            `labelled` in which rows the label is known.

        Example:
            >>> task = Task("multiclass", ("a", "b", "c"))
            >>> [(view.name, view.y.tolist()) for view in task.views([0, 2])]
            [('a', [True, False]), ('b', [False, False]), ('c', [False, True])]
            >>> task = Task("multilabel", ("red",))
            >>> next(task.views([[1], [0], [UNKNOWN_LABEL]])).labelled.tolist()
            [True, True, False]
        """
        labels = np.asarray(y)
        z = None if scores is None else self._wide(scores)
        if self.kind == "binary":
            yield View(self.classes[1], labels == 1, None if z is None else z[:, 0])
            return
        several = self.kind == "multiclass"
        if several and z is not None:
            z = one_against_rest(z)
        for j, name in enumerate(self.classes):
            scored = None if z is None else z[:, j]
            if several:
                yield View(name, labels == j, scored)
                continue
            column = labels[:, j]
            labelled = (column == 0) | (column == 1)
            yield View(name, column == 1, scored, None if labelled.all() else labelled)

    def require_binary(self, what: str) -> None:
        """Raise if the task is not binary.

        Args:
            what: Who asks, in words, for the message.

        Raises:
            UnsupportedError: It has several classes or several labels.
        """
        if self.kind == "binary":
            return
        remedy = "Pass one of its labels as the target."
        if self.kind == "multiclass":
            names = ", ".join(repr(name) for name in self.classes[:MOST_NAMED])
            more = len(self.classes) - MOST_NAMED
            names += f" and {more} more" if more > 0 else ""
            remedy = f"Pass one of its classes as positive=CLASS: {names}."
        raise UnsupportedError(
            sentence(
                f"a {self.kind} table for {what}", "a binary table, for now", remedy
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain data.

        Example:
            >>> Task("binary", ("no", "yes")).to_dict()
            {'classes': ['no', 'yes'], 'task': 'binary'}
        """
        state: dict[str, Any] = {"classes": list(self.classes), "task": self.kind}
        if self.positive_labels:
            state["positive_labels"] = list(self.positive_labels)
        if self.merged_labels:
            state["merged_labels"] = list(self.merged_labels)
        return state

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Task:
        """Rebuild a task from `to_dict`; other keys are passed over.

        Args:
            values: What `to_dict` gave, or a mapping that holds it.

        Raises:
            InputError: A value is not accepted.

        Example:
            >>> task = Task("multiclass", ("a", "b", "c"))
            >>> Task.from_dict(task.to_dict()) == task
            True
        """
        return cls(
            values["task"],
            texts(values["classes"], "the classes"),
            texts(values.get("positive_labels", ()), "the labels"),
            texts(values.get("merged_labels", ()), "the merged labels"),
        )

    def _wide(self, scores: npt.ArrayLike) -> FloatArray:
        """Return scores whose last axis is `width` long."""
        z = np.asarray(scores, np.float64)
        if z.ndim == 0 or z.shape[-1] != self.width:
            raise InputError(
                sentence(
                    f"scores of shape {z.shape} for a {self.kind} task",
                    f"a last axis of {self.width}",
                )
            )
        return z


def check_task(task: Any) -> Task:
    """Return `task` if it is one.

    Raises:
        InputTypeError: It is something else.

    Example:
        >>> check_task(Task("binary", ("no", "yes"))).kind
        'binary'
    """
    if not isinstance(task, Task):
        raise InputTypeError(
            sentence(f"task={task!r}", "a Task, for example table.task of a Table")
        )
    return task


def label_matrix(values: npt.ArrayLike, what: str = "labels") -> npt.NDArray[np.int8]:
    """Return a label matrix as tables hold it: 1, 0, and -1 if a label is unknown.

    Args:
        values: `[rows, labels]` numbers or booleans: 1 with the label, 0 without it,
            NaN, None or -1 if that is not known.
        what: The argument's name, for messages.

    Returns:
        `[rows, labels]` int8.

    Raises:
        InputError: It is no matrix, or another value occurs; the message names it and
            its place.

    Example:
        >>> label_matrix([[1, 0], [float("nan"), 1]]).tolist()
        [[1, 0], [-1, 1]]
    """
    entries = np.asarray(values)
    accepted = "0 and 1, and NaN or -1 for a label that is not known"
    if entries.ndim != 2:
        raise InputError(
            sentence(
                f"{what} of shape {entries.shape}",
                "a matrix [rows, labels] of " + accepted,
            )
        )
    try:
        numbers = entries.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            sentence(f"{what} of type {entries.dtype}", accepted)
        ) from error
    unknown = np.isnan(numbers) | (numbers == UNKNOWN_LABEL)
    wrong = np.argwhere(~(unknown | (numbers == 0) | (numbers == 1)))
    if len(wrong):
        row, label = (int(place) for place in wrong[0])
        more = f" and {len(wrong) - 1:,} more such values" if len(wrong) > 1 else ""
        raise InputError(
            sentence(
                f"{what} with {numbers[row, label]:g} in row {row}, column {label}"
                f"{more}",
                accepted,
                "Make one column of each class that a number stands for.",
            )
        )
    return np.where(unknown, UNKNOWN_LABEL, numbers).astype(np.int8)


def _totals(labels: AnyArray, weights: FloatArray | None, classes: int) -> FloatArray:
    if weights is None:
        counts = [np.count_nonzero(labels == label) for label in range(classes)]
        return np.array(counts, np.float64)
    return np.array([weights[labels == label].sum() for label in range(classes)])
