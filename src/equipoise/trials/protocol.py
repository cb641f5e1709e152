# SPDX-License-Identifier: Apache-2.0
"""The plan of a trial: which rows each fit sees, and in which jobs.

Every arm gets the same outer folds, the same inner split for early stopping and
the same seed, so the arms are compared pair by pair.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import SplitError, TableError
from equipoise.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import inner_split, outer_splits
from equipoise.table.table import (
    Table,
)

MOST_FOLDS = 20
TRIED_REPEATS = 5
"""Repeats that a number of folds must allow before an error proposes it."""


@dataclass(frozen=True)
class Protocol:
    """How a trial splits its rows.

    Attributes:
        folds: The number of outer folds.
        by: "stratified", "group" or "time".
        duplicates: "auto", "group" or "ignore": whether equal rows are kept on
            one side of a split.
        stop_share: Share of each training part that decides early stopping.
        seed: The user's seed.
    """

    folds: int = 5
    by: str = "stratified"
    duplicates: str = "auto"
    stop_share: float = 0.2
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """One outer split with its inner split; disjoint row positions."""

    repeat: int
    fold: int
    number: int
    train: IntArray
    stop: IntArray
    test: IntArray
    seed: int


def split_by(table: Table, by: str | None) -> str:
    """Return how a table is to be split: as asked, else by what it holds.

    Raises:
        InputError: `by` is not known.
    """
    if by is not None:
        return one_of(by, ["stratified", "group", "time"], "by")
    if table.time is not None:
        return "time"
    return "group" if table.groups is not None else "stratified"


def parts(table: Table, protocol: Protocol, repeats: Iterable[int]) -> list[Part]:
    """Return the parts of the given repeats, in order.

    Args:
        table: The rows.
        protocol: How they are split.
        repeats: The numbers of the repeats, from 0.

    Raises:
        SplitError: A class cannot be present in every part; the error says what
            would work.
    """
    try:
        return _parts(table, protocol, repeats)
    except SplitError as error:
        if str(error) == error.facts:  # what is asked for is not there to split by
            raise
        raise SplitError(error.facts, _advice(table, protocol)) from error


def _advice(table: Table, protocol: Protocol) -> str:
    """Return a way to split the table that works, or what else can be done."""
    repeats = range(1 if protocol.by == "time" else TRIED_REPEATS)
    near = sorted(range(2, MOST_FOLDS + 1), key=lambda k: (abs(k - protocol.folds), k))
    for folds in near:
        try:
            _parts(table, dataclasses.replace(protocol, folds=folds), repeats)
        except SplitError:
            continue
        return f"Pass folds={folds}, which works."
    no_folds = "No other number of folds works either."
    if protocol.by == "time":
        return (
            f"{no_folds} Collect more rows; or, if the order in time does not matter, "
            "pass the column in drop= in place of time=."
        )
    if table.groups is not None:
        return (
            f"{no_folds} A trial needs each class in at least 3 groups: one to learn "
            "from, one to stop by, one to test. Collect more groups; or, if rows of "
            "one group differ as much as rows of two, pass the column in drop= in "
            "place of group=."
        )
    if protocol.duplicates != "ignore":
        return (
            f"{no_folds} Collect more rows; or, if equal rows are different cases, "
            "pass duplicates='ignore'."
        )
    return f"{no_folds} Collect more rows of that class."


def _parts(table: Table, protocol: Protocol, repeats: Iterable[int]) -> list[Part]:
    result = []
    for repeat in repeats:
        splits = outer_splits(
            table,
            folds=protocol.folds,
            repeat=repeat,
            seed=protocol.seed,
            by=protocol.by,
            duplicates=protocol.duplicates,
        )
        for fold, split in enumerate(splits):
            seed = derive(protocol.seed, "part", repeat, fold)
            train, stop = inner_split(
                table,
                split.train,
                share=protocol.stop_share,
                seed=seed,
                by=protocol.by,
                duplicates=protocol.duplicates,
            )
            number = repeat * protocol.folds + fold
            result.append(Part(repeat, fold, number, train, stop, split.test, seed))
    return result


def jobs(
    parts: Sequence[Part],
    strategies: Sequence[Strategy],
    extra: IntArray,
    weights: FloatArray | None = None,
) -> list[Job]:
    """Return one job per strategy and part, strategy by strategy.

    Args:
        parts: The outer splits.
        strategies: The arms.
        extra: Rows that every job scores after its own, for a test file.
        weights: `[rows of the table]` how much each row counts; None for 1 each.
    """
    return [
        Job(
            strategy=strategy,
            train_rows=part.train,
            stop_rows=part.stop,
            scored_rows=np.concatenate([part.test, extra]),
            seed=part.seed,
            part=part.number,
            row_weights=weights,
        )
        for strategy in strategies
        for part in parts
    ]


def fold_numbers(
    parts: Sequence[Part], rows: int, repeats: int
) -> npt.NDArray[np.int64]:
    """Return which fold tests each row, `[repeats, rows]`; -1 where none does."""
    folds = np.full((repeats, rows), -1, np.int64)
    first = min(part.repeat for part in parts)
    for part in parts:
        folds[part.repeat - first, part.test] = part.fold
    return folds


MOST_COLUMNS = 10_000
"""Fits take time in proportion to the columns; a trial of more would not end."""


def require_columns(table: Table, what: str) -> None:
    """Raise if a table has so many columns that the fits would not end.

    Args:
        table: The table.
        what: The verb that asks, for the message.

    Raises:
        TableError: It has more than `MOST_COLUMNS`.
    """
    count = len(table.columns)
    if count > MOST_COLUMNS:
        raise TableError(
            sentence(
                f"a table of {count:,} columns for {what}",
                f"at most {MOST_COLUMNS:,}",
                "Choose columns without the target, for example those of the largest "
                "variance: data[data.var(numeric_only=True).nlargest(2000).index]. A "
                "choice by the target would have to be made anew in each fold.",
            )
        )
