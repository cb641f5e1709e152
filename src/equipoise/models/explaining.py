# SPDX-License-Identifier: Apache-2.0
"""Explanations of a fitted model: which of its models may judge which rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.explanations.fold_models import FoldModels, ModelPart, Scoring
from equipoise.explanations.importance import Importance
from equipoise.explanations.permuted import permutation_importance
from equipoise.models.model import ModelRecord
from equipoise.reading.new_rows import labelled_blocks
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table, concatenate
from equipoise.table.units import tied_rows
from equipoise.task import UNKNOWN_LABEL
from equipoise.trials.conclude import too_rare

OWN_NETWORK = (
    "Names of columns are needed: fit a table in place of an array with model=."
)


def fold_models(model: ModelRecord) -> FoldModels:
    """Return what a model averages.

    Args:
        model: Of columns.

    Raises:
        UnsupportedError: It is the user's own network.
    """
    if model.user_input is not None:
        raise UnsupportedError(
            sentence("your own network", "a model of columns", OWN_NETWORK)
        )
    parts = tuple(
        ModelPart(c.strategy.name, c.weight, c.scorers) for c in model.components
    )
    return FoldModels(model.task, parts)


def unseen_folds(model: ModelRecord, rows: Table) -> tuple[IntArray, AnyArray]:
    """Return which models have not seen each row.

    Args:
        model: Of columns.
        rows: With the model's columns.

    Returns:
        `[repeats, rows]` the fold whose models have not seen the row, -1 if each model
        may have; and `[rows]` whether the row is new to all models.
    """
    hashes = row_hashes(rows)
    place = np.minimum(np.searchsorted(model.seen, hashes), len(model.seen) - 1)
    new = model.seen[place] != hashes
    if model.tested is None:
        return np.full((1, len(rows)), -1), new
    folds = model.tested[:, place].astype(np.int64)
    folds[:, new] = -1
    return folds, new


@dataclass(frozen=True, eq=False)
class UnseenScoring:
    """Labelled rows, and models that have not seen them.

    Attributes:
        rows: The rows that can be judged, with targets.
        scoring: From such rows to scores `[repeats, rows, width]`.
        folds: `[repeats, rows]` the fold of each, or None if all rows are new.
        clusters: `[rows]` which rows are one case, or None.
        weights: `[rows]` row weights, or None.
        notes: Which rows were left out, and why.
    """

    rows: Table
    scoring: Scoring
    folds: IntArray | None
    clusters: IntArray | None
    weights: FloatArray | None
    notes: tuple[str, ...]


def unseen_scoring(
    model: ModelRecord,
    source: Any,
    target: str | Sequence[str] | None = None,
    weights: npt.ArrayLike | None = None,
) -> UnseenScoring:
    """Return labelled rows with the models that may judge them.

    Rows that the model was trained on are scored by the models of the folds that left
    them out; rows that are new to it, by the average of all. If a source holds both,
    the larger part is taken.

    Args:
        model: What `fit` or `load` gave.
        source: Labelled rows, anything that `read_table` takes.
        target: The target's name in the source, if it is not that of the model.
        weights: `[rows]` how much each row counts; None for 1 each.

    Raises:
        InputError: No row can be judged.
        UnsupportedError: The model is the user's own network.
    """
    models = fold_models(model)
    rows = rows_to_judge(model, source, target)
    mass = None if weights is None else np.asarray(weights, np.float64)
    if mass is not None and mass.shape != (len(rows),):
        raise InputError(
            sentence(f"weights of shape {mass.shape}", f"one per row, ({len(rows)},)")
        )
    units = tied_rows(rows, model.facts.get("duplicates", "auto"))
    folds, new = unseen_folds(model, rows)
    tested = (folds >= 0).all(axis=0)
    use = new if np.count_nonzero(new) >= np.count_nonzero(tested) else tested
    of_folds = use is tested
    if not use.any():
        raise _nothing_unseen()
    notes = []
    if not use.all():
        why = (
            "they are new, and most rows are rows of the training"
            if of_folds
            else "the model has seen them in training"
        )
        if of_folds and not new.any():
            why = "no model of a fold has left them out"
        left = np.count_nonzero(~use)
        notes.append(f"{left:,} of {len(rows):,} rows are left out: {why}.")
    places = np.flatnonzero(use)
    rows = rows.take(places)
    units = None if units is None else units[places]
    mass = None if mass is None else mass[places]
    if not of_folds:
        return UnseenScoring(rows, models.whole, None, units, mass, tuple(notes))
    folds = folds[:, places]
    rows, judged, more = _without_rare(model, rows, units)
    folds = folds[:, judged]
    return UnseenScoring(
        rows,
        partial(models.out_of_fold, folds=folds),
        folds,
        None if units is None else units[judged],
        None if mass is None else mass[judged],
        (*notes, *more),
    )


def _without_rare(
    model: ModelRecord, rows: Table, units: IntArray | None
) -> tuple[Table, IntArray, list[str]]:
    """Leave out classes with fewer cases than folds, as the evaluation does."""
    judged = np.arange(len(rows))
    if rows.task.kind == "binary":
        return rows, judged, []
    rare = too_rare(rows, int(model.facts["folds"]), units)
    numbers = [rows.classes.index(name) for name in rare]
    notes = [f"It is not judged: {why}." for why in rare.values()]
    if rows.task.kind == "multiclass":
        judged = np.flatnonzero(~np.isin(rows.labels(), numbers))
        return rows.take(judged), judged, notes
    y = rows.labels().copy()
    y[:, numbers] = UNKNOWN_LABEL
    return replace(rows, y=y), judged, notes


def rows_to_judge(
    model: ModelRecord, source: Any, target: str | Sequence[str] | None = None
) -> Table:
    """Return labelled rows with the model's columns, with groups if it had some.

    Args:
        model: Of columns.
        source: Anything that `read_table` takes.
        target: The target's name, if it is not the model's.
    """
    blocks = list(
        labelled_blocks(source, model.schema, target, group=model.facts.get("group"))
    )
    table = concatenate([block.table for block in blocks])
    groups = [block.groups for block in blocks]
    if any(group is None for group in groups):
        return dataclasses.replace(table, groups=None)
    texts = np.concatenate([np.asarray(group).astype(str) for group in groups])
    _, numbers = np.unique(texts, return_inverse=True)
    alone = texts == ""
    numbers = np.asarray(numbers, np.int64)
    numbers[alone] = len(texts) + np.arange(np.count_nonzero(alone))
    return dataclasses.replace(table, groups=numbers)


def _nothing_unseen() -> InputError:
    return InputError(
        sentence(
            "rows that every model in the average has seen",
            "labelled rows that some have not",
            "Pass labelled rows that were not in the training.",
        )
    )


def model_importance(
    model: ModelRecord,
    source: Any,
    target: str | Sequence[str] | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    **options: Any,
) -> Importance:
    """Return how much a model owes to each column, on rows it has not seen.

    Args:
        model: What `fit` or `load` gave.
        source: Labelled rows: those of the training, or new ones.
        target: The target's name in the source, if it is not that of the model.
        weights: `[rows]` how much each row counts; None for 1 each.
        **options: As `permutation_importance` takes them.

    Raises:
        InputError: No row can be judged, or an option is out of range.
        UnsupportedError: The model is the user's own network.
    """
    unseen = unseen_scoring(model, source, target, weights)
    made = permutation_importance(
        unseen.scoring,
        unseen.rows,
        folds=unseen.folds,
        clusters=unseen.clusters,
        weights=unseen.weights,
        **options,
    )
    return replace(made, notes=(*unseen.notes, *made.notes))
