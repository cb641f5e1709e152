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
from equipoise.errors import InputError, UnsupportedError
from equipoise.priors import one_against_rest, probability, softmax

__all__ = ["TASK_KINDS", "Task", "TaskKind", "View"]

TaskKind = Literal["binary", "multiclass", "multilabel"]
TASK_KINDS: tuple[str, ...] = get_args(TaskKind)
MOST_NAMED = 10


@dataclass(frozen=True, eq=False)
class View:
    """A binary problem that a task holds.

    Attributes:
        name: The class or label that is looked for.
        y: `[rows]` whether a row is of it.
        scores: `[rows]` log-odds of it against the rest, or None.
    """

    name: str
    y: BoolArray
    scores: FloatArray | None = None


@dataclass(frozen=True)
class Task:
    """The kind of a target and its classes.

    Attributes:
        kind: "binary", "multiclass" or "multilabel".
        classes: The names of the classes; (negative, positive) if binary; the names of
            the labels if multi-label.
        positive_labels: The values of the target that make up the positive class, if
            they are several; else empty.

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

    def __post_init__(self) -> None:
        one_of(self.kind, TASK_KINDS, "task")
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "positive_labels", tuple(self.positive_labels))
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

    def totals(
        self, y: npt.ArrayLike, row_weights: npt.ArrayLike | None = None
    ) -> FloatArray:
        """Return the number of rows of each class, or the sum of their weights.

        Args:
            y: Targets, as in `Table`: `[rows]`, or `[rows, labels]` if multi-label.
            row_weights: `[rows]` how much each row counts; None for 1 each, which
                gives whole numbers.

        Returns:
            `[classes]`; `[labels, 2]` (without the label, with it) if multi-label.

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
            view orders rows as its probability does.

        Example:
            >>> task = Task("multiclass", ("a", "b", "c"))
            >>> [(view.name, view.y.tolist()) for view in task.views([0, 2])]
            [('a', [True, False]), ('b', [False, False]), ('c', [False, True])]
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
            of_it = labels == j if several else labels[:, j] == 1
            yield View(name, of_it, None if z is None else z[:, j])

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
        labels = {"positive_labels": list(self.positive_labels)}
        return {
            "classes": list(self.classes),
            "task": self.kind,
            **(labels if self.positive_labels else {}),
        }

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


def _totals(labels: AnyArray, weights: FloatArray | None, classes: int) -> FloatArray:
    if weights is None:
        counts = [np.count_nonzero(labels == label) for label in range(classes)]
        return np.array(counts, np.float64)
    return np.array([weights[labels == label].sum() for label in range(classes)])
