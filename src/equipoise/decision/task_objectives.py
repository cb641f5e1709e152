# SPDX-License-Identifier: Apache-2.0
"""Which objective serves which task, and what is done for a name of another task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from equipoise._core.checks import listing, one_of, sentence
from equipoise.decision.multipliers import Terms, f1_terms, recall_logs
from equipoise.decision.objectives import objective_names
from equipoise.errors import InputError
from equipoise.task import Task, check_task


@dataclass(frozen=True)
class ClassObjective:
    """What the decisions of several classes are best at.

    Attributes:
        name: Its name.
        words: What is maximised, in words.
        terms: What each class adds, if class multipliers are searched for it; None if
            the best decisions follow from the probabilities.
    """

    name: str
    words: str
    terms: Terms | None = None


CLASS_OBJECTIVES = {
    record.name: record
    for record in (
        ClassObjective("accuracy", "the highest accuracy"),
        ClassObjective("balanced_accuracy", "the highest balanced accuracy"),
        ClassObjective("macro_f1", "the highest mean of the classes' F1", f1_terms),
        ClassObjective(
            "g_mean", "the highest geometric mean of the recalls", recall_logs
        ),
        ClassObjective("micro_f1", "the highest micro-F1, which is the accuracy"),
        ClassObjective("cost", "the lowest expected cost"),
    )
}
"""Several classes: by name."""

LABEL_OBJECTIVES = {
    "macro_f1": "the highest mean of the labels' F1",
    "micro_f1": "the highest F1 of all labels' decisions together",
    "subset_accuracy": "the most rows with all labels right",
}
"""Several labels together: by name, what is maximised. Any objective of two classes
serves each label by itself."""

_SAME = {
    "multiclass": {"f1": "macro_f1"},
    "multilabel": {"f1": "macro_f1"},
    "binary": {},
}


class NamedObjective(NamedTuple):
    """An objective that a task is served by.

    Attributes:
        name: Its name.
        note: What the user should know, if another name was given.
    """

    name: str
    note: str = ""


def task_objective_names(task: Task) -> tuple[str, ...]:
    """Return the names of the objectives that serve a task.

    Args:
        task: Any.

    Example:
        >>> task_objective_names(Task("multiclass", ("a", "b", "c")))[:3]
        ('accuracy', 'balanced_accuracy', 'macro_f1')
    """
    if check_task(task).kind == "multiclass":
        return tuple(CLASS_OBJECTIVES)
    if task.kind == "multilabel":
        return (*LABEL_OBJECTIVES, *objective_names())
    return objective_names()


def default_objective(task: Task) -> str:
    """Return what a decision rule is best at if the user does not say.

    Args:
        task: Any.

    Example:
        >>> default_objective(Task("multiclass", ("a", "b", "c")))
        'macro_f1'
    """
    return "f1" if task.kind == "binary" else "macro_f1"


def task_objective(task: Task, name: str) -> NamedObjective:
    """Return the objective of this name for a task.

    "f1" means macro-F1 if there are several classes or labels; the note says so.

    Args:
        task: Any.
        name: What the user gave.

    Raises:
        InputTypeError: It is not a string.
        InputError: No objective of this name serves the task; the message says which
            tasks it serves and what to pass instead.

    Example:
        >>> task_objective(Task("multiclass", ("a", "b", "c")), "f1").name
        'macro_f1'
    """
    names = task_objective_names(task)
    if isinstance(name, str) and (same := _SAME[task.kind].get(name)):
        what = "classes" if task.kind == "multiclass" else "labels"
        return NamedObjective(
            same, f"with several {what} {name!r} means {same!r}, the mean of their F1"
        )
    elsewhere = {*CLASS_OBJECTIVES, *LABEL_OBJECTIVES, *objective_names()}
    if isinstance(name, str) and name in elsewhere and name not in names:
        raise InputError(
            sentence(
                f"objective={name!r} for a {task.kind} task",
                f"one of {listing(names, 40)}",
                _instead(task, name),
            )
        )
    one_of(name, names, "objective")
    return NamedObjective(name)


def _instead(task: Task, name: str) -> str:
    if task.kind == "binary":
        return "With two classes pass 'f1', or 'cost' with fp=1 and fn=1 for accuracy."
    if name in ("precision", "recall"):
        return f"Name the class: floors={{{task.classes[0]!r}: {{{name!r}: 0.9}}}}."
    return f"It serves two classes; for several pass {default_objective(task)!r}."
