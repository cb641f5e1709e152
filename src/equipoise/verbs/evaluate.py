# SPDX-License-Identifier: Apache-2.0
"""The verb `evaluate`: a fitted model on labelled rows that it has not seen."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.numerals import as_p_value, as_probability, estimate, share
from equipoise._core.seeds import seed_of
from equipoise.decision.costs import Costs
from equipoise.decision.prevalence import is_movable
from equipoise.errors import InputError, TrialWarning, UnsupportedError
from equipoise.evaluation import evaluate as of_arrays
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.slice_search import FoundSlices, worst_slices
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.learners.user_model.input import ArrayRows
from equipoise.models.explaining import fold_models
from equipoise.models.model import ModelRecord
from equipoise.priors import probability as to_probability
from equipoise.reading.new_rows import joined_groups, labelled_blocks
from equipoise.reading.options import UNLABELLED_ROWS
from equipoise.reading.pairs import paired
from equipoise.table.duplicates import judge_duplicates
from equipoise.table.fingerprint import fingerprint
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table, concatenate
from equipoise.table.units import count_units, joined_units, tied_rows
from equipoise.uncertainty.proportion import clopper_pearson, fisher_p_value
from equipoise.uncertainty.shares import effective_counts, effective_rows
from equipoise.verbs.evaluate_arrays import binary_arrays
from equipoise.verbs.evaluate_task import (
    evaluate_task_arrays,
    evaluate_task_model,
    shares_note,
)

# A share of seen rows is a warning if chance explains it less often.
SURPRISING = 0.001
# A change of prevalence is reported at this level.
CHANGED = 0.05
# At most this many values of new rows are kept to find copies among them.
MOST_CELLS = 20_000_000
UNCHECKED = (
    "Arrays of labels and probabilities do not tell which rows the model was trained "
    "on, nor which rows are copies, so that was not checked. If some are, pass "
    "clusters= with equal values for copies of one row."
)


@overload
def evaluate(
    model: ModelRecord,
    source: Any,
    /,
    target: Any = None,
    *,
    level: float = 0.95,
    seed: int = 0,
    random_state: int | None = None,
    slices: str | Sequence[str] | bool = False,
    unlabelled: str = "refuse",
) -> Evaluation | TaskEvaluation: ...


@overload
def evaluate(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    /,
    *,
    positive: Any = None,
    threshold: float | None = None,
    lower: float | None = None,
    costs: Costs | tuple[float, float] | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
    random_state: int | None = None,
    classes: Sequence[Any] | None = None,
    decisions: npt.ArrayLike | None = None,
) -> Evaluation | TaskEvaluation: ...


def evaluate(
    first: Any,
    second: Any,
    /,
    target: Any = None,
    **options: Any,
) -> Evaluation | TaskEvaluation:
    """Evaluate a fitted model on new labelled rows, or labels and probabilities.

    Two forms: `evaluate(model, source, target=None, level=, seed=, slices=,
    unlabelled=)`, also `evaluate(model, X, y)`, see `evaluate_model`; and
    `evaluate(y, probability, positive=, classes=, threshold=, lower=, costs=, weights=,
    clusters=, level=, seed=)`, see `equipoise.evaluation.evaluate`. The probabilities
    may be those that scikit-learn's `predict_proba` gives, `[rows, 2]`: the columns
    belong to `classes`, by default the labels in ascending order. With a matrix of
    several classes or labels the options are `classes=, decisions=, rule=, costs=,
    weights=, clusters=, level=, seed=`; see
    `equipoise.evaluation.fixed_task.evaluate_task`. `random_state` is another name of
    `seed`.

    Args:
        first: A fitted model, or labels `[rows]` of 0 and 1, or of any two values if
            `positive` names one. With several classes
            their numbers from 0, or their names; with several labels a matrix
            `[rows, labels]` of 0 and 1, NaN or -1 for unknown.
        second: Labelled rows, anything that `read_table` takes; or probabilities
            `[rows]` of the positive class, `[rows, classes]` that sum to 1, or
            `[rows, labels]`.
        target: The target's name in the rows, if it is not that of the model; the names
            of several labels in the model's order; or the labels of the rows.
        **options: The options of that form.

    Returns:
        Every metric with its interval. With a model, its notes describe the
        prevalence and the share of rows that training has seen. An `Evaluation`, or a
        `TaskEvaluation` of several classes or labels.

    Raises:
        InputError: The arguments do not fit together.
        TableError: The rows lack a column of the model.

    Example:
        >>> e = evaluate([0] * 88 + [1] * 12, [0.1] * 80 + [0.7] * 20, threshold=0.5)
        >>> print(e["recall"])
        1.000 [0.735, 1.000]
    """
    options["seed"] = seed_of(options.get("seed", 0), options.pop("random_state", None))
    if isinstance(first, ModelRecord):
        return evaluate_model(first, second, target, **options)
    if target is not None:
        what = "three arrays"
        if isinstance(target, str):
            what = f"target={target!r} with arrays"
        raise InputError(sentence(what, "a fitted model and its rows"))
    if _several(first, second):
        several = evaluate_task_arrays(first, second, **options)
        return dataclasses.replace(several, notes=(*several.notes, UNCHECKED))
    named = {name: options.pop(name, None) for name in ("positive", "classes")}
    y, p, notes = binary_arrays(first, second, **named)
    evaluation = of_arrays(y, p, **options)
    notes = (*evaluation.notes, *notes, UNCHECKED)
    return dataclasses.replace(evaluation, notes=notes)


def _several(y: Any, probability: Any) -> bool:
    """Return whether arrays are of several classes or labels."""
    shape = np.shape(probability)
    one = np.ndim(y) == 2 and np.shape(y)[1] == 1 and shape[-1:] == (2,)
    return len(shape) == 2 and (np.ndim(y) == 2 or shape[1] > 2) and not one


def evaluate_model(
    model: ModelRecord,
    source: Any,
    target: Any = None,
    *,
    level: float = 0.95,
    seed: int = 0,
    slices: str | Sequence[str] | bool = False,
    unlabelled: str = "refuse",
    say: Callable[[str], None] | None = None,
) -> Evaluation | TaskEvaluation:
    """Evaluate a fitted model on labelled rows that it has not seen.

    Files are read in blocks; only a few numbers per row are kept, and the columns if
    slices are searched.

    Args:
        model: What `fit` or `load` gave.
        source: Labelled rows, anything that `read_table` takes.
        target: The target's name in the source, if it is not that of the model; the
            names of several labels in the model's order; or the labels themselves.
        level: Coverage of the intervals, in (0, 1).
        seed: The seed, if an interval needs a bootstrap.
        slices: Columns, whose parts and those of their pairs are searched for more
            errors than elsewhere; True for all columns. See `worst_slices`.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep",
            as in `read_table`.
        say: Called with what is done from now on, in a few words.

    Returns:
        Every metric with its interval, at the model's own threshold.

    Raises:
        TableError: The rows lack a column of the model.
        TargetError: The target is absent, or has a new class.

    Warns:
        TrialWarning: More rows equal rows of the training than chance explains.
    """
    source, target = paired(source, target)
    one_of(unlabelled, UNLABELLED_ROWS, "unlabelled")
    if slices is not False:
        fold_models(model)  # a model of columns
    say = say or _silent
    rows = _score(
        model, source, target, say, keep=slices is not False, unlabelled=unlabelled
    )
    worst = None
    if rows.table is not None:
        say("searching for parts of the rows with more errors")
        worst = _worst(model, rows, rows.table, slices, level)
    seen, surprising = _seen(rows, float(model.facts["repeated"]))
    if surprising:
        warnings.warn(seen, TrialWarning, stacklevel=2)
    say(f"computing the intervals on {len(rows.y):,} rows")
    if model.task.kind != "binary":
        several = evaluate_task_model(
            model, rows.y, rows.scores, units=rows.units, level=level, seed=seed
        )
        notes = [*several.notes, *_grouped(model, rows)]
        notes.append(shares_note(model, rows.y, rows.units is None))
        notes += [seen] if seen else []
        return dataclasses.replace(several, notes=tuple(notes), slices=worst)
    rule = model.binary_rule
    evaluation = of_arrays(
        rows.y,
        to_probability(rule.log_odds(rows.scores)),
        threshold=rule.threshold,
        lower=rule.lower,
        costs=rule.costs,
        clusters=rows.units,
        level=level,
        seed=seed,
    )
    notes = [*evaluation.notes, *_grouped(model, rows)]
    notes.append(_prevalence(model, rows, level))
    notes += [seen] if seen else []
    return dataclasses.replace(evaluation, notes=tuple(notes), slices=worst)


def _silent(text: str) -> None:
    del text


@dataclass(frozen=True, eq=False)
class _Rows:
    """Labelled rows with the model's scores before calibration."""

    y: npt.NDArray[Any]
    scores: npt.NDArray[np.float64]
    seen: int
    groups: npt.NDArray[np.int64] | None = None
    units: npt.NDArray[np.int64] | None = None
    table: Table | None = None


def _score(
    model: ModelRecord,
    source: Any,
    target: str | Sequence[str] | None,
    say: Callable[[str], None],
    *,
    keep: bool,
    unlabelled: str,
) -> _Rows:
    """Read and score labelled rows once; with `keep` their columns are kept."""
    if model.user_input is not None:
        if unlabelled != "refuse":
            raise UnsupportedError(
                sentence(
                    f"unlabelled={unlabelled!r} for your own network",
                    "x and y of the rows that have a label",
                )
            )
        x, table = model.user_input.read_labelled(source, model.schema)
        marked = dataclasses.replace(table, fingerprint=fingerprint(x))
        units = tied_rows(marked, model.facts.get("duplicates", "auto"))
        return _Rows(
            table.labels(),
            model.raw_log_odds(x),
            model.seen_rows(ArrayRows(x)),
            units=units,
        )
    y, scores, seen, groups, tables = [], [], 0, [], []
    equal = _EqualRows(model.facts.get("duplicates", "auto"))
    column = model.facts["group"]
    for rows in labelled_blocks(
        source, model.schema, target, group=column, unlabelled=unlabelled
    ):
        y.append(rows.table.labels())
        scores.append(model.raw_log_odds(rows.table))
        seen += model.seen_rows(rows.table)
        groups.append(rows.groups)
        equal.add(rows.table)
        if keep:
            tables.append(rows.table)
        say(f"{sum(map(len, y)):,} rows are scored")
    numbers = joined_groups(groups)
    return _Rows(
        np.concatenate(y),
        np.concatenate(scores),
        seen,
        numbers,
        equal.units(numbers),
        concatenate(tables) if keep else None,
    )


def _worst(
    model: ModelRecord,
    rows: _Rows,
    table: Table,
    slices: str | Sequence[str] | bool,
    level: float,
) -> FoundSlices:
    """Search the rows for parts on which the model's decisions are worse."""
    names = [slices] if isinstance(slices, str) else slices
    return worst_slices(
        table,
        model.decided(rows.scores),
        columns=None if isinstance(names, bool) else list(names),
        clusters=rows.units,
        level=level,
    )


class _EqualRows:
    """Finds the rows that are one case in a source that is read in blocks.

    Rows are kept until there are `MOST_CELLS` values. In a longer source the first
    rows decide whether equal rows are copies.
    """

    def __init__(self, duplicates: str) -> None:
        self.duplicates = duplicates
        self.blocks: list[Table] = []
        self.cells = 0
        self.hashes: list[npt.NDArray[np.uint64]] = []

    def add(self, table: Table) -> None:
        """Take the next block."""
        self.hashes.append(row_hashes(table))
        self.cells += len(table) * max(1, len(table.columns))
        if self.cells <= MOST_CELLS or not self.blocks:
            self.blocks.append(table)

    def units(
        self, groups: npt.NDArray[np.int64] | None
    ) -> npt.NDArray[np.int64] | None:
        """Return which rows are one case, as `tied_rows` does."""
        first = concatenate(self.blocks)
        if len(self.blocks) == len(self.hashes):
            return tied_rows(dataclasses.replace(first, groups=groups), self.duplicates)
        copies = self.duplicates == "group" or (
            self.duplicates == "auto" and judge_duplicates(first).copies
        )
        hashes = np.concatenate(self.hashes) if copies else None
        return joined_units(groups, hashes)


def _grouped(model: ModelRecord, rows: _Rows) -> list[str]:
    """Say what rows belong together."""
    column = model.facts["group"] or "group"
    if rows.groups is None and model.facts["by"] != "group":
        return _copied(rows)
    if rows.groups is None:
        return [
            f"Rows of one {column!r} belonged together when the model was trained; "
            "these rows have no such column and are taken for independent, so the "
            "intervals may be too narrow."
        ]
    count = len(np.unique(rows.groups))
    return [
        f"Rows of one {column!r} belong together: the intervals draw {count:,} such "
        f"groups, not {len(rows.y):,} rows."
    ]


def _copied(rows: _Rows) -> list[str]:
    """Say how many of the rows are distinct, if not all are."""
    if rows.units is None:
        return []
    everything = np.ones(len(rows.y), np.bool_)
    if rows.scores.ndim > 1:
        return [
            f"Copies are one case: {count_units(rows.units, everything):,} of the "
            f"{len(rows.y):,} rows are distinct. The intervals draw distinct rows."
        ]
    return [
        f"Copies are one case: {count_units(rows.units, everything):,} of the "
        f"{rows.y.size:,} rows are distinct, and "
        f"{count_units(rows.units, rows.y == 1):,} of the {int(rows.y.sum()):,} "
        "positives. The intervals draw distinct rows."
    ]


def _prevalence(model: ModelRecord, rows: _Rows, level: float) -> str:
    """Say whether the share of positives is still that of the training."""
    n, k = rows.y.size, int(rows.y.sum())
    before = int(model.facts["rows"]), int(model.facts["positives"])
    weighted = getattr(model.evaluation, "share", None)
    if weighted is not None:
        # Rows had weights: as many rows as the positives stand for at their share.
        before = round(before[1] / weighted), before[1]
    size = effective_rows(rows.y, rows.units, level)
    earlier = float(model.facts.get("effective_rows", before[0]))
    p_value = fisher_p_value(
        effective_counts(k / n, size), effective_counts(before[1] / before[0], earlier)
    )
    low, high = clopper_pearson(k / n * size, size, level)
    if model.binary_rule.offset:
        return _moved(model, k / n, size, (low, high), before[1] / before[0])
    text = (
        f"Prevalence {estimate(k / n, low, high)}; it was "
        f"{as_probability(before[1] / before[0], 3)} when the model was trained: "
    )
    if p_value >= CHANGED:
        return text + f"no change is shown ({as_p_value(p_value)})."
    return text + (
        f"it has changed ({as_p_value(p_value)}). Precision moves with it, and the "
        f"probabilities are those of the old prevalence: {_remedy(model)}"
    )


def _remedy(model: ModelRecord) -> str:
    if is_movable(model.binary_rule):
        return "use model.at_prevalence(share)."
    return (
        "fit again on rows of the new share, or with goal=equipoise.Goal(costs=...), "
        "whose rule model.at_prevalence(share) moves."
    )


def _moved(
    model: ModelRecord,
    share: float,
    size: float,
    ends: tuple[float, float],
    before: float,
) -> str:
    """Say whether the share of positives is the one that the rule was moved to."""
    from scipy.stats import binomtest

    prevalence = model.binary_rule.prevalence
    positive, negative = effective_counts(share, size)
    p_value = float(binomtest(positive, positive + negative, prevalence).pvalue)
    text = (
        f"Prevalence {estimate(share, *ends)}; the probabilities are for "
        f"{as_probability(prevalence, 3)} (moved from {as_probability(before, 3)} in "
        "training): "
    )
    if p_value >= CHANGED:
        return text + f"no difference is shown ({as_p_value(p_value)})."
    return text + (
        f"these rows have another one ({as_p_value(p_value)}). Precision and the "
        f"probabilities depend on it: {_remedy(model)}"
    )


def _seen(rows: _Rows, expected: float) -> tuple[str, bool]:
    """Say how many rows equal rows of the training, and whether that is much."""
    if not rows.seen:
        return "", False
    from scipy.stats import binom

    n = len(rows.y)
    text = (
        f"{rows.seen:,} of {n:,} rows ({share(rows.seen / n)}) have the same features "
        "as a row that the model has seen in training"
    )
    chance = float(binom.sf(rows.seen - 1, n, expected)) if expected < 1 else math.inf
    if chance >= SURPRISING:
        return (
            f"{text}; about {share(expected)} would by coincidence, since rows of this "
            "table repeat.",
            False,
        )
    return (
        f"{text}; about {share(expected)} would by coincidence. Results on rows that "
        "were trained on are too good: evaluate on others.",
        True,
    )
