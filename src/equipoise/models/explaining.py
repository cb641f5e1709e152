# SPDX-License-Identifier: Apache-2.0
"""Explanations of a fitted model: which of its models may judge which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.explanations.fold_models import FoldModels, ModelPart, Scoring
from equipoise.explanations.importance import Importance
from equipoise.explanations.partial import PartialDependence, partial_dependence
from equipoise.explanations.permuted import permutation_importance
from equipoise.explanations.reasons import (
    Explanation,
    explain_scores,
    require_background,
)
from equipoise.models.model import ModelRecord
from equipoise.reading.new_rows import joined_groups, labelled_blocks
from equipoise.reading.pairs import paired
from equipoise.table.hashes import row_hashes
from equipoise.table.rare_classes import judged_rows
from equipoise.table.table import Table, concatenate
from equipoise.table.units import tied_rows
from equipoise.trials.sources import TrialRows

Explained = TypeVar("Explained", bound=ModelRecord)

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
    judged, y, unscored = judged_rows(rows, int(model.facts["folds"]), units)
    places = np.flatnonzero(judged)
    if not unscored:
        return rows, places, []
    notes = [f"It is not judged: {why}." for why in unscored.values()]
    return replace(rows, y=y).take(places), places, notes


def rows_to_judge(
    model: ModelRecord, source: Any, target: str | Sequence[str] | None = None
) -> Table:
    """Return labelled rows with the model's columns, with groups if it had some.

    Args:
        model: Of columns.
        source: Anything that `read_table` takes.
        target: The target's name, if it is not the model's.
    """
    source, target = paired(source, target)
    blocks = list(
        labelled_blocks(source, model.schema, target, group=model.facts.get("group"))
    )
    table = concatenate([block.table for block in blocks])
    return replace(table, groups=joined_groups([block.groups for block in blocks]))


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
    """Return how much a ranking depends on each column, on rows not seen in training.

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


def require_table(rows: TrialRows) -> None:
    """Check that columns can be judged.

    Args:
        rows: Of a fit.

    Raises:
        UnsupportedError: They are arrays for the user's own network.
    """
    if rows.x is not None:
        raise UnsupportedError(
            sentence("importance=True with model=", "a model of columns", OWN_NETWORK)
        )


def with_columns_judged(
    model: Explained, rows: Table, weights: npt.ArrayLike | None = None, **options: Any
) -> Explained:
    """Return a model whose facts and card say which columns its ranking depends on.

    Args:
        model: Of columns.
        rows: Those of the training.
        weights: `[rows]` how much each row counts; None for 1 each.
        **options: As `permutation_importance` takes them.
    """
    made = model_importance(model, rows, weights=weights, **options)
    return replace(model, facts={**model.facts, "importance": made.to_dict()})


def explain_model(
    model: ModelRecord, source: Any, background: Any = None, **options: Any
) -> Explanation:
    """Return what each column added to a model's score of each row.

    Args:
        model: What `fit` or `load` gave.
        source: The rows, anything that `predict_proba` takes.
        background: The rows to compare with; None for the rows themselves.
        **options: As `explain_scores` takes them.

    Raises:
        InputError: An option is unknown; or there are few rows and no background.
        UnsupportedError: The model is the user's own network, or not exactly explained.
    """
    models = fold_models(model)
    other = None if background is None else model.read(background)
    return explain_scores(models, model.read(source), other, **options)


def model_dependence(
    model: ModelRecord, column: str, source: Any, **options: Any
) -> PartialDependence:
    """Return what a model says if all rows had one value of a column.

    Args:
        model: What `fit` or `load` gave.
        column: The column.
        source: The rows, anything that `predict_proba` takes.
        **options: As `explanations.partial_dependence` takes them.

    Raises:
        InputError: The column is unknown, or an option is out of range.
        UnsupportedError: The model is the user's own network.
    """
    fold_models(model)
    binary = model.task.kind == "binary"

    def probability(rows: Table) -> FloatArray:
        p = model.predict_proba(rows)
        return p[:, 1:] if binary else p

    classes = model.task.classes
    outputs = classes[1:] if binary else classes
    rows = model.read(source)
    return partial_dependence(probability, rows, column, outputs, **options)


FIRST_ROWS = 2_000
"""Of so many rows of the first block a sample is taken to compare all rows with."""
MOST_REASONS = 3
"""So many columns with reasons are written for each row, or each label of a row."""


class BlockReasons:
    """The reasons of rows that come in blocks, as columns to write.

    All blocks are compared with the same rows: those that are given, or a sample of the
    first block.

    Args:
        model: Of columns.
        background: Rows to compare with, anything that `predict_proba` takes; or None.
    """

    def __init__(self, model: ModelRecord, background: Any = None) -> None:
        self.models = fold_models(model)
        self.task = model.task
        self.background = None if background is None else model.read(background)
        self.method = "auto"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns: "reason_1" and so on; of labels, with the label."""
        numbers = range(1, MOST_REASONS + 1)
        if self.task.kind != "multilabel":
            return tuple(f"reason_{k}" for k in numbers)
        return tuple(
            f"reason_{k}_{name}" for name in self.task.classes for k in numbers
        )

    def columns(self, rows: Table) -> dict[str, list[str]]:
        """Return the columns of some rows.

        Args:
            rows: As `model.read` gives them.
        """
        if self.background is None:
            require_background(rows)
            self.background = rows.take(np.arange(min(len(rows), FIRST_ROWS)))
        made = explain_scores(self.models, rows, self.background, method=self.method)
        # All blocks are explained as the first one is.
        self.method = "exact" if made.exact else "sampled"
        each = [made.reasons(MOST_REASONS)]
        if self.task.kind == "multilabel":
            each = [
                made.reasons(MOST_REASONS, np.full(len(rows), k))
                for k in range(len(self.task.classes))
            ]
        texts = [
            list(column) for rows_of in each for column in zip(*rows_of, strict=True)
        ]
        return dict(zip(self.names, texts, strict=True))
