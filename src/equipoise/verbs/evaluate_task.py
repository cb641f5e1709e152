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
from equipoise.decision.cost_matrix import CostMatrix, cost_matrix
from equipoise.decision.costs import Costs
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError, InputTypeError
from equipoise.evaluation.fixed_task import evaluate_task
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.metrics.task_rows import SUMS
from equipoise.models.model import ModelRecord
from equipoise.task import Task, label_matrix
from equipoise.uncertainty.multiplicity import holm
from equipoise.verbs.named_columns import by_name, names_of_columns

CHANGED = 0.05
"""A change of the shares of classes, or of labels, is reported at this level."""
MOST_SHARES = 3
"""Of the shares that have changed, so many are named."""


def evaluate_task_arrays(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    classes: Sequence[Any] | None = None,
    decisions: npt.ArrayLike | None = None,
    costs: Any = None,
    **options: Any,
) -> TaskEvaluation:
    """Evaluate probabilities of several classes or labels.

    Args:
        y: `[rows]` class numbers from 0, or names of classes; `[rows, labels]` of 0, 1,
            and NaN or -1 if a label is unknown.
        probability: `[rows, classes]`, which sum to 1; `[rows, labels]`. The columns
            of a data frame that are called like the classes are found by their names.
        classes: The names, in the order of the columns; numbers if `y` holds these
            numbers. None: the names of the columns of a data frame, if `y` holds
            them; what `y` holds if these are names, in their order; else "0", "1" and
            so on.
        decisions: `[rows]` class numbers, or names as in `y`; `[rows, labels]` 0 and 1;
            -1 if undecided. None: the most probable class; each label from .5 on.
        costs: Of several classes, as `decision.cost_matrix` takes them; None for no
            costs.
        **options: As `evaluation.fixed_task.evaluate_task` takes them.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> y = np.repeat([0, 1, 2], [40, 30, 10])
        >>> e = evaluate_task_arrays(y, np.eye(3)[y] * 0.7 + 0.1)
        >>> e["balanced_accuracy"].value
        1.0
    """
    _require_options_of_several(options)
    targets = np.asarray(unmasked(y, "labels"))
    count = np.shape(probability)[1]
    if np.ndim(targets) == 2 and targets.shape[1] == 1 < count:
        targets = targets[:, 0]
    if np.ndim(targets) == 2:
        if costs is not None:
            raise InputError(
                sentence(
                    "costs of probabilities of labels",
                    "costs of several classes; no costs of labels",
                    "Evaluate each label alone, y[:, j] and probability[:, j], with "
                    "costs=.",
                )
            )
        columns = names_of_columns(y) or names_of_columns(probability)
        names = _names(columns or None if classes is None else classes, count, "label")
        labels = label_matrix(np.asarray(unmasked(by_name(y, names), "labels")))
        p = floats(by_name(probability, names), "probabilities")
        task = Task("multilabel", names)
        return evaluate_task(task, labels, p, decisions=decisions, **options)
    if classes is None:
        classes = _called_like(targets, names_of_columns(probability))
        if classes is not None:
            targets = targets.astype(str)
            decisions = None if decisions is None else np.asarray(decisions).astype(str)
    numbers, names = _class_numbers(targets, count, classes)
    p = floats(by_name(probability, names), "probabilities")
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
    return evaluate_task(
        Task("multiclass", names),
        numbers,
        p,
        decisions=_decision_numbers(decisions, names, classes),
        costs=None if costs is None else _costs(names, costs),
        **options,
    )


def _require_options_of_several(options: dict[str, Any]) -> None:
    """Raise if an option is one of two classes."""
    of_two = [
        f"{name}={options.pop(name)!r}"
        for name in ("threshold", "lower", "positive")
        if name in options
    ]
    if of_two:
        raise InputError(
            sentence(
                f"{' and '.join(of_two)} for probabilities of several classes or "
                "labels",
                "options of several: classes, decisions, rule, costs, weights, "
                "clusters, level and seed",
                "Pass decisions=, for example (probability > 0.3).astype(int) of "
                "labels; or evaluate one class: y == 'a' and its column.",
            )
        )


def _called_like(
    targets: npt.NDArray[Any], columns: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return the names of columns as classes, if all labels are among them."""
    if not columns or targets.dtype.kind == "f":
        return None
    texts = targets.astype(str).ravel()
    return columns if np.isin(texts, columns).all() else None


def _costs(names: tuple[str, ...], costs: Any) -> CostMatrix:
    if isinstance(costs, Costs):
        raise InputTypeError(
            sentence(
                f"{costs!r} for {len(names)} classes",
                "a cost for each class and decision: a mapping by name, a data frame "
                "or a matrix",
                f"Pass Costs.matrix(classes, ...), with the classes {listing(names)}.",
            )
        )
    return cost_matrix(names, costs)


def _decision_numbers(
    decisions: npt.ArrayLike | None,
    names: tuple[str, ...],
    classes: Sequence[Any] | None,
) -> npt.ArrayLike | None:
    """Return decisions that are names as class numbers, others as they are."""
    if decisions is None:
        return None
    made = np.asarray(unmasked(decisions, "decisions"))
    if made.dtype.kind in "biuf":
        places = _places_of_numbers(made, classes, (-1,))
        return made if places is None else places
    texts = made.astype(str)
    if unknown := sorted(set(texts.ravel().tolist()) - {*names, "-1"}):
        raise InputError(
            sentence(
                f"decisions {listing(unknown, 8)} that are none of the classes",
                f"one of {listing(names, 20)}; or class numbers, -1 for undecided",
            )
        )
    by_text = {"-1": -1} | {name: place for place, name in enumerate(names)}
    flat = [by_text[text] for text in texts.ravel().tolist()]
    return np.array(flat, np.int64).reshape(texts.shape)


def _places_of_numbers(
    values: npt.NDArray[Any],
    classes: Sequence[Any] | None,
    others: tuple[int, ...] = (),
) -> npt.NDArray[np.int64] | None:
    """Return the places of numbers that are names of classes; None if they are none.

    Args:
        values: Numbers.
        classes: What the user named the classes, or None.
        others: Numbers that stay as they are.
    """
    if classes is None or any(
        isinstance(one, bool | np.bool_)
        or not isinstance(one, int | float | np.integer | np.floating)
        for one in classes
    ):
        return None
    places = {float(one): place for place, one in enumerate(classes)}
    for one in others:
        places.setdefault(float(one), one)
    flat = values.ravel().astype(np.float64).tolist()
    if not all(one in places for one in flat):
        return None
    return np.array([places[one] for one in flat], np.int64).reshape(values.shape)


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
        names = _names(classes, count)
        places = _places_of_numbers(targets, classes)
        if places is None and classes is None:
            _require_from_zero(targets, count)
        return (targets if places is None else places), names
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
    by_text = {name: place for place, name in enumerate(names)}
    return np.array([by_text[text] for text in texts], np.int64), names


def _require_from_zero(targets: npt.NDArray[Any], count: int) -> None:
    """Raise if numbers are not those of the columns, but could name them."""
    present = np.unique(targets)
    if present.size and np.isin(present, np.arange(count)).all():
        return
    if present.size == count and np.isfinite(present).all():
        shown = ", ".join(f"{one:g}" for one in present.tolist())
        raise InputError(
            sentence(
                f"labels {shown} for probabilities of {count} classes",
                f"class numbers from 0 to {count - 1}, or the classes' names",
                f"Pass classes=[{shown}] if the columns are in this order.",
            )
        )


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
