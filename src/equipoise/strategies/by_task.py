# SPDX-License-Identifier: Apache-2.0
"""A strategy on the task of a table: its weights, its correction, and what it serves.

With several classes or labels, a part of the rows may be without one of them. What
learns from that part still gives it a score: that of half a row.
"""

from __future__ import annotations

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.priors import Correction, prior_logits
from equipoise.strategies.strategy import Strategy
from equipoise.task import Task

LEAST_TOTAL = 0.5
"""How many rows a class or label counts as if a part has none."""

KIND_WORDS = {
    "binary": "two classes",
    "multiclass": "several classes",
    "multilabel": "several labels",
}


def require_task(strategy: Strategy, task: Task) -> None:
    """Check that the parts of a strategy serve a kind of task.

    Args:
        strategy: What is to be fitted.
        task: What the target is.

    Raises:
        UnsupportedError: One of them does not.

    Example:
        >>> require_task(Strategy(), Task("multiclass", ("a", "b", "c")))
    """
    parts = strategy.parts
    served = {
        f"learner={strategy.learner!r}": parts.learner.tasks,
        f"loss={strategy.loss!r}": parts.loss.tasks,
    }
    if parts.plan is not None and parts.by_rounds:
        served[f"plan={strategy.plan!r}"] = parts.plan.tasks
    elif parts.draws:
        served[f"sampling={parts.sampler_type.name!r}"] = parts.sampler_type.tasks
    if parts.synthesis_type is not None:
        served[f"synthesis={strategy.synthesis!r}"] = parts.synthesis_type.tasks
    if parts.scheme is not None:
        served[f"weights={strategy.weights!r}"] = parts.scheme.tasks
    for part, tasks in served.items():
        if task.kind not in tasks:
            raise UnsupportedError(
                sentence(
                    f"{part} for a target of {KIND_WORDS[task.kind]}",
                    f"a target of {' or '.join(KIND_WORDS[kind] for kind in tasks)} "
                    f"with it, or a trial without the strategy {strategy.name!r}",
                    _as_two_classes(task) if tasks == ("binary",) else "",
                )
            )
    share = parts.loss.class_share
    if task.kind == "multiclass" and share and strategy.option(share) is not None:
        raise UnsupportedError(
            sentence(
                f"{share}={strategy.option(share)!r} with loss={strategy.loss!r} for a "
                "target of several classes",
                f"{share}=None, since a share weighs one class against one other",
                "Use weights= for weights of the classes.",
            )
        )


def _as_two_classes(task: Task) -> str:
    """Return how a target of several classes or labels becomes one of two."""
    if task.kind == "multilabel":
        return "Pass one of the labels as the target and leave the others out (drop=)."
    return "Pass positive=CLASS to set one class against all others."


def present_classes(task: Task, totals: FloatArray) -> BoolArray:
    """Return which classes have rows, or which labels have both.

    Args:
        task: What the target is.
        totals: As `Task.totals`.

    Returns:
        `[classes]`; `[labels]` whether some rows have the label and some have not.
    """
    here = np.asarray(totals) > 0
    return np.asarray(here.all(axis=1) if task.kind == "multilabel" else here)


def absence_notes(task: Task, totals: FloatArray) -> tuple[str, ...]:
    """Return what to say of classes or labels that a fit has no rows of.

    Args:
        task: What the target is.
        totals: As `Task.totals`, of the training rows.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> absence_notes(task, np.array([5.0, 0.0, 5.0]))[0]
        "'b' has no training rows in this part: it counts as half a row."
    """
    present = present_classes(task, totals)
    if task.kind == "binary" or present.all():
        return ()
    names = [task.classes[place] for place in np.flatnonzero(~present)]
    is_or_are = "has" if len(names) == 1 else "have"
    lacks = "no training rows"
    if task.kind == "multilabel":
        lacks = "only one value in the training rows"
    it = "it counts" if len(names) == 1 else "each counts"
    part = "of this part" if task.kind == "multilabel" else "in this part"
    return (f"{listing(names)} {is_or_are} {lacks} {part}: {it} as half a row.",)


def require_enough(task: Task, totals: FloatArray) -> None:
    """Check that there is something to tell apart.

    Args:
        task: What the target is.
        totals: As `Task.totals`, of the training rows.

    Raises:
        InputError: Less than two classes have rows, or no label has both values.
    """
    present = int(present_classes(task, totals).sum())
    least = 1 if task.kind == "multilabel" else 2
    if present < least:
        words = "labels with both values" if least == 1 else "classes"
        raise InputError(
            sentence(
                f"{present} {words} to train on",
                f"at least {least}",
                "Check the split: a part of the rows has nothing to tell apart.",
            )
        )


def prior_scores(task: Task, totals: FloatArray) -> FloatArray:
    """Return the scores of a model that only knows the totals, `[width]`.

    Args:
        task: What the target is.
        totals: As `Task.totals`.

    Returns:
        The log-odds of the positive class or of each label; or logits of the classes,
        0 for the first.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> prior_scores(task, np.array([4.0, 2.0, 0.0])).round(4).tolist()
        [0.0, -0.6931, -2.0794]
    """
    each = np.maximum(np.asarray(totals, np.float64), LEAST_TOTAL)
    if task.kind == "multilabel":
        return np.asarray(np.log(each[:, 1]) - np.log(each[:, 0]))
    if task.kind == "binary":
        return prior_logits(each / each.sum())
    return np.asarray(np.log(each) - np.log(each[0]))


def fitted_correction(strategy: Strategy, task: Task, totals: FloatArray) -> Correction:
    """Return how raw scores become the population's, `[width]` offsets.

    Args:
        strategy: What is fitted.
        task: What the target is.
        totals: As `Task.totals`, of the training rows.

    Raises:
        InputError: A class is empty, if there are two.
    """
    return strategy.correction(totals, None if task.kind == "binary" else task.link)


def floor_score(scores: FloatArray, totals: FloatArray) -> float:
    """Return the score of a class that no training row has.

    It is what gives it the share of half a row, on average over the training rows.

    Args:
        scores: `[rows, present classes]` logits of the training rows.
        totals: `[classes]` of these rows.
    """
    together = np.logaddexp.reduce(np.asarray(scores, np.float64), axis=1)
    return float(np.mean(together) + np.log(LEAST_TOTAL / np.sum(totals)))
