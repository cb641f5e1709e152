# SPDX-License-Identifier: Apache-2.0
"""The verb `evaluate`: a fitted model on labelled rows that it has not seen."""

from __future__ import annotations

import dataclasses
import math
import warnings
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.decision.costs import Costs
from equipoise.decision.plain import rounded
from equipoise.errors import InputError, TrialWarning
from equipoise.evaluation import arrays
from equipoise.evaluation.evaluation import Evaluation
from equipoise.metrics.intervals import clopper_pearson
from equipoise.priors import probability as to_probability
from equipoise.workflows.model import FittedModel
from equipoise.workflows.sources import tables

# A share of seen rows is told as a warning where chance explains it less often.
SURPRISING = 0.001
# A change of prevalence is told at this level.
CHANGED = 0.05
UNCHECKED = (
    "Arrays of labels and probabilities do not tell which rows the model was trained "
    "on, so that was not checked."
)


@overload
def evaluate(
    model: FittedModel,
    source: Any,
    /,
    target: str | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Evaluation: ...


@overload
def evaluate(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    /,
    *,
    threshold: float | None = None,
    costs: Costs | tuple[float, float] | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Evaluation: ...


def evaluate(
    first: Any, second: Any, /, target: str | None = None, **options: Any
) -> Evaluation:
    """Evaluate a fitted model on new labelled rows, or labels and probabilities.

    Two forms: `evaluate(model, source, target=None, level=, seed=)` and
    `evaluate(y, probability, threshold=, lower=, costs=, weights=, clusters=, level=,
    seed=)`; see `evaluate_model` and `equipoise.evaluation.evaluate`.

    Args:
        first: A fitted model, or labels `[rows]` of 0 and 1.
        second: Labelled rows, anything that `read_table` takes; or probabilities
            `[rows]` of the positive class.
        target: The target's name in the rows, where it is not the model's own.
        **options: Of the form at hand.

    Returns:
        Every metric with its interval. With a model, its notes tell the decision,
        the prevalence, and the share of rows that training has seen.

    Raises:
        InputError: The arguments do not fit together.
        TableError: The rows lack a column of the model.

    Example:
        >>> e = evaluate([0] * 88 + [1] * 12, [0.1] * 80 + [0.7] * 20, threshold=0.5)
        >>> print(e["recall"])
        1.000 [0.735, 1.000]
    """
    if isinstance(first, FittedModel):
        return evaluate_model(first, second, target, **options)
    if target is not None:
        raise InputError(
            sentence(f"target={target!r} with arrays", "a fitted model and its rows")
        )
    found = arrays.evaluate(first, second, **options)
    return dataclasses.replace(found, notes=(*found.notes, UNCHECKED))


def evaluate_model(
    model: FittedModel,
    source: Any,
    target: str | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a fitted model on labelled rows that it has not seen.

    Files are read in blocks; two numbers per row are kept.

    Args:
        model: What `fit` or `load` gave.
        source: Labelled rows, anything that `read_table` takes.
        target: The target's name in the source, where it is not the model's own.
        level: Coverage of the intervals, in (0, 1).
        seed: Seed, where an interval needs a bootstrap.

    Returns:
        Every metric with its interval, at the model's own threshold.

    Raises:
        TableError: The rows lack a column of the model.
        TargetError: The target is absent, or has a new class.

    Warns:
        TrialWarning: More rows equal rows of the training than chance explains.
    """
    rows = _score(model, source, target)
    rule = model.rule
    found = arrays.evaluate(
        rows.y,
        to_probability(rows.log_odds),
        threshold=_cut(rule.threshold),
        lower=None if rule.lower is None else _cut(rule.lower),
        costs=rule.costs,
        clusters=rows.groups,
        level=level,
        seed=seed,
    )
    seen, surprising = _seen(rows, float(model.facts["repeated"]))
    if surprising:
        warnings.warn(seen, TrialWarning, stacklevel=2)
    notes = [*found.notes, *_grouped(model, rows)]
    notes.append(_prevalence(model, rows, level))
    return dataclasses.replace(found, notes=(*notes, *([seen] if seen else [])))


@dataclass(frozen=True, eq=False)
class _Rows:
    y: npt.NDArray[np.int8]
    log_odds: npt.NDArray[np.float64]
    seen: int
    groups: npt.NDArray[np.int64] | None = None


def _score(model: FittedModel, source: Any, target: str | None) -> _Rows:
    if model.own is not None:
        x, table = model.own.read_labelled(source, model.schema)
        return _Rows(table.y, model.log_odds(x), model.seen_rows(x))
    y, log_odds, seen, groups = [], [], 0, []
    column = model.facts["group"]
    for rows in tables(source, model.schema, target, labelled=True, group=column):
        y.append(rows.table.y)
        log_odds.append(model.log_odds(rows.table))
        seen += model.seen_rows(rows.table)
        groups.append(rows.groups)
    whole = [part for part in groups if part is not None]
    numbers = _numbers(np.concatenate(whole)) if len(whole) == len(groups) else None
    return _Rows(np.concatenate(y), np.concatenate(log_odds), seen, numbers)


def _numbers(texts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return group numbers; a row without a group is one of its own."""
    _, numbers = np.unique(texts.astype(str), return_inverse=True)
    alone = texts == ""
    numbers = numbers.astype(np.int64)
    numbers[alone] = len(texts) + np.arange(int(alone.sum()))
    return numbers


def _grouped(model: FittedModel, rows: _Rows) -> list[str]:
    """Say what is known of rows that belong together."""
    column = model.facts["group"] or "group"
    if rows.groups is None and model.facts["by"] != "group":
        return []
    if rows.groups is None:
        return [
            f"Rows of one {column!r} belonged together when the model was trained; "
            "these rows have no such column and are taken for independent, so the "
            "intervals may be too narrow."
        ]
    count = len(np.unique(rows.groups))
    return [
        f"Rows of one {column!r} belong together: the intervals draw {count:,} such "
        f"groups, not {rows.y.size:,} rows."
    ]


def _cut(threshold: float) -> float:
    """Return a threshold in log-odds as a probability."""
    return rounded(float(to_probability(threshold)))


def _prevalence(model: FittedModel, rows: _Rows, level: float) -> str:
    """Say whether the share of positives is still that of the training."""
    from scipy.stats import fisher_exact

    n, k = rows.y.size, int(rows.y.sum())
    before = int(model.facts["rows"]), int(model.facts["positives"])
    both = np.array([[k, n - k], [before[1], before[0] - before[1]]])
    p_value = float(fisher_exact(both).pvalue)
    low, high = clopper_pearson(k, n, level)
    text = (
        f"Prevalence {k / n:.3g} [{low:.3g}, {high:.3g}]; it was "
        f"{before[1] / before[0]:.3g} when the model was trained: "
    )
    if p_value >= CHANGED:
        return text + f"no change is shown (p = {p_value:.2g})."
    return text + (
        f"it has changed (p = {p_value:.2g}). Precision moves with it, and the "
        "probabilities are those of the old prevalence: see "
        "equipoise.decision.at_prevalence, or fit again."
    )


def _seen(rows: _Rows, expected: float) -> tuple[str, bool]:
    """Say how many rows equal rows of the training, and whether that is much."""
    if not rows.seen:
        return "", False
    from scipy.stats import binom

    n = rows.y.size
    text = (
        f"{rows.seen:,} of {n:,} rows ({rows.seen / n:.1%}) have the same features as "
        "a row that the model has seen in training"
    )
    chance = float(binom.sf(rows.seen - 1, n, expected)) if expected < 1 else math.inf
    if chance >= SURPRISING:
        return (
            f"{text}; about {expected:.1%} would by coincidence, since rows of this "
            "table repeat.",
            False,
        )
    return (
        f"{text}; about {expected:.1%} would by coincidence. Results on rows that were "
        "trained on are too good: evaluate on others.",
        True,
    )
