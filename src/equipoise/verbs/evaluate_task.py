# SPDX-License-Identifier: Apache-2.0
"""Models and arrays of several classes or labels on labelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, unmasked
from equipoise._core.checks import listing, sentence
from equipoise._core.numerals import as_p_value, percent
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError
from equipoise.evaluation.fixed_task import evaluate_task
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.metrics.task_rows import SUMS
from equipoise.models.model import ModelRecord
from equipoise.task import Task, label_matrix
from equipoise.uncertainty.multiplicity import holm

CHANGED = 0.05
"""A change of the shares of classes, or of labels, is reported at this level."""
MOST_SHARES = 3
"""Of the shares that have changed, so many are named."""


def evaluate_task_arrays(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    **options: Any,
) -> TaskEvaluation:
    """Evaluate probabilities of several classes or labels.

    Args:
        y: `[rows]` class numbers from 0, or names of classes; `[rows, labels]` of 0, 1,
            and NaN or -1 if a label is unknown.
        probability: `[rows, classes]`, which sum to 1; `[rows, labels]`.
        classes: The names, in the order of the columns. None: what `y` holds if these
            are names, in their order; else "0", "1" and so on.
        **options: As `evaluation.fixed_task.evaluate_task` takes them.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> y = np.repeat([0, 1, 2], [40, 30, 10])
        >>> e = evaluate_task_arrays(y, np.eye(3)[y] * 0.7 + 0.1)
        >>> e["balanced_accuracy"].value
        1.0
    """
    p = floats(probability, "probabilities")
    targets = np.asarray(unmasked(y, "labels"))
    if np.ndim(targets) == 2:
        labels = label_matrix(targets)
        task = Task("multilabel", _names(classes, p.shape[1], "label"))
        return evaluate_task(task, labels, p, **options)
    sums = p.sum(axis=1)
    if (np.abs(sums - 1) > SUMS).any():
        wrong = int(np.argmax(np.abs(sums - 1) > SUMS))
        raise InputError(
            sentence(
                f"probabilities of {p.shape[1]} classes that sum to {sums[wrong]:.3g} "
                f"in row {wrong}",
                "probabilities that sum to 1 in each row",
                "For labels that do not exclude each other pass y as a matrix, "
                "[rows, labels]; for logits use task.probability(scores).",
            )
        )
    numbers, names = _class_numbers(targets, p.shape[1], classes)
    return evaluate_task(Task("multiclass", names), numbers, p, **options)


def _names(
    classes: Sequence[str] | None, count: int, noun: str = "class"
) -> tuple[str, ...]:
    if classes is None:
        return tuple(map(str, range(count)))
    names = tuple(map(str, classes))
    if len(names) != count or len(set(names)) < count:
        raise InputError(
            sentence(
                f"classes={listing(names)} for probabilities of {count} columns",
                f"a {noun}'s name for each column, all different",
            )
        )
    return names


def _class_numbers(
    targets: npt.NDArray[Any], count: int, classes: Sequence[str] | None
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return the number of each row's class, and the names."""
    if targets.dtype.kind in "biuf":
        return targets, _names(classes, count)
    texts = targets.astype(str)
    present = np.unique(texts).tolist()
    if classes is None and len(present) != count:
        raise InputError(
            sentence(
                f"labels of {len(present)} classes ({listing(present)}) for "
                f"probabilities of {count}",
                "the names of all classes, classes=[...], in the order of the columns",
            )
        )
    names = _names(present if classes is None else classes, count)
    if unknown := [name for name in present if name not in names]:
        raise InputError(
            sentence(
                f"labels {listing(unknown)} that are none of the classes",
                f"one of {listing(names, 20)}",
            )
        )
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[text] for text in texts], np.int64), names


def evaluate_task_model(
    model: ModelRecord,
    y: npt.NDArray[Any],
    scores: FloatArray,
    *,
    units: IntArray | None,
    level: float,
    seed: int,
) -> TaskEvaluation:
    """Evaluate a model of several classes or labels, decided by its own rule.

    Args:
        model: What `fit` or `load` gave.
        y: `[rows]` class numbers, or `[rows, labels]`.
        scores: `[rows, width]` its scores before calibration.
        units: Which rows are one case; None for each.
        level: Coverage of the intervals.
        seed: If an interval needs a bootstrap.
    """
    rule = model.rule
    if isinstance(rule, DecisionRule):
        raise InputError(sentence("a model of two classes", "several classes, labels"))
    return evaluate_task(
        model.task,
        y,
        rule.probability(scores),
        decisions=rule.decide_scores(scores),
        rule=rule.describe(),
        costs=rule.costs if isinstance(rule, ClassRule) else None,
        clusters=units,
        level=level,
        seed=seed,
    )


def shares_note(model: ModelRecord, y: npt.NDArray[Any], independent: bool) -> str:
    """Say which shares of classes or labels are no longer those of the training.

    Each is tested by Fisher's exact test, adjusted for their number (Holm).

    Args:
        model: What `fit` or `load` gave.
        y: `[rows]` class numbers, or `[rows, labels]`.
        independent: Whether the rows are independent of each other.
    """
    from scipy.stats import fisher_exact

    noun = "labels" if model.task.kind == "multilabel" else "classes"
    if not independent:
        return (
            f"Rows belong together, so no test says whether the shares of the {noun} "
            "are still those of the training."
        )
    new = _with_and_without(model.task, model.task.totals(y).tolist())
    old = _with_and_without(model.task, model.facts["totals"])
    tables = np.stack([new, old], axis=1)
    p_values = holm([float(fisher_exact(table)[1]) for table in tables])
    places = np.argsort(p_values, kind="stable")
    moved = [int(k) for k in places if p_values[k] < CHANGED]
    if not moved:
        return (
            f"No change of the shares of the {noun} since the training is shown "
            f"(smallest adjusted {as_p_value(float(np.min(p_values)))})."
        )
    named = ", ".join(
        f"{model.task.classes[k]} from {_share(old[k])} to {_share(new[k])}"
        for k in moved[:MOST_SHARES]
    )
    more = len(moved) - MOST_SHARES
    return (
        f"The shares of {len(moved)} of the {len(new)} {noun} have changed since the "
        f"training: {named}{f' and {more} more' if more > 0 else ''}. Precisions move "
        "with them, and the probabilities are those of the old shares: fit again on "
        "rows of the new ones."
    )


def _with_and_without(task: Task, totals: Any) -> list[list[int]]:
    """Return rows of each class or label, and other rows."""
    if task.kind == "multilabel":
        return [[int(with_it), int(without)] for without, with_it in totals]
    rows = int(sum(totals))
    return [[int(total), rows - int(total)] for total in totals]


def _share(pair: Sequence[int]) -> str:
    rows = sum(pair)
    return percent(pair[0] / rows) if rows else "no rows"
