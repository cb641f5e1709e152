# SPDX-License-Identifier: Apache-2.0
"""How a trial splits its rows: which rows each fit sees.

Every arm gets the same outer folds, the same inner split for early stopping and
the same seed, so the arms are compared pair by pair.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive
from equipoise._core.types import IntArray
from equipoise.errors import SplitError
from equipoise.table.kind_splits import kind_splits
from equipoise.table.splits import SplitKeys

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
    """One outer split with its inner split; disjoint row positions.

    Attributes:
        repeat: Which drawing of the folds, from 0.
        fold: Which fold of the repeat, from 0.
        number: Which part of the trial, over all repeats.
        train: `[n]` rows to learn from.
        stop: `[n]` rows that decide when training stops.
        test: `[n]` rows to score.
        seed: Of the part's fits.
    """

    repeat: int
    fold: int
    number: int
    train: IntArray
    stop: IntArray
    test: IntArray
    seed: int


def parts(
    keys: SplitKeys,
    protocol: Protocol,
    repeats: Iterable[int],
    kinds: IntArray | None = None,
) -> list[Part]:
    """Return the parts of some repeats, in order.

    Args:
        keys: What a split must know of the rows.
        protocol: How they are split.
        repeats: The numbers of the repeats, from 0.
        kinds: `[rows]` the kind of each positive, from 0, of which each fold leaves one
            out of training (`kind_splits`), and -1 for negatives; None for usual folds.

    Raises:
        SplitError: A class cannot be present in every part; the error says what
            would work.
    """
    if kinds is not None:
        return _parts(keys, protocol, repeats, kinds)
    try:
        return _parts(keys, protocol, repeats)
    except SplitError as error:
        if str(error) == error.facts:  # what is asked for is not there to split by
            raise
        raise SplitError(error.facts, _advice(keys, protocol)) from error


def _advice(keys: SplitKeys, protocol: Protocol) -> str:
    """Return a way to split the rows that works, or what else can be done."""
    folds = _folds_that_work(keys, protocol)
    if folds is not None:
        return f"Pass folds={folds}, which works."
    return f"No other number of folds works either. {_other_way(keys, protocol)}"


def _folds_that_work(keys: SplitKeys, protocol: Protocol) -> int | None:
    """Return the number of folds nearest to the one asked for that works, or None."""
    repeats = range(1 if protocol.by == "time" else TRIED_REPEATS)
    near = sorted(range(2, MOST_FOLDS + 1), key=lambda k: (abs(k - protocol.folds), k))
    for folds in near:
        try:
            _parts(keys, dataclasses.replace(protocol, folds=folds), repeats)
        except SplitError:
            continue
        return folds
    return None


def _other_way(keys: SplitKeys, protocol: Protocol) -> str:
    """Return what can be done if no number of folds works."""
    loose = dataclasses.replace(protocol, by="stratified")
    if protocol.by == "time":
        return _ways("rows", "time", keys, loose)
    if keys.grouped:
        needed = {
            "binary": "each class",
            "multiclass": "two classes, each",
            "multilabel": "a label that some rows have and some have not, each",
        }[keys.task.kind]
        return (
            f"A trial needs {needed} in at least 3 groups: one to learn from, one to "
            "stop by, one to test. "
            + _ways("groups", "group", _each_row_alone(keys), loose)
        )
    whose = "rows of that class" if keys.task.kind == "binary" else "rows"
    if keys.units is None:
        return f"Collect more {whose}."
    return _ways(whose, "duplicates", _each_row_alone(keys), loose)


_LOOSER = {
    "time": (
        "the order in time does not matter",
        "pass the column in drop= in place of time=",
    ),
    "group": (
        "rows of one group differ as much as rows of two",
        "pass the column in drop= in place of group=",
    ),
    "duplicates": ("equal rows are different cases", "pass duplicates='ignore'"),
}
"""When a split may ask for less, and how, by what it asks for."""


def _ways(what: str, role: str, keys: SplitKeys, protocol: Protocol) -> str:
    """Return that more is to be collected; or a looser split, if that one works."""
    folds = _folds_that_work(keys, protocol)
    if folds is None:
        return f"Collect more {what}."
    reason, how = _LOOSER[role]
    more = "" if folds == protocol.folds else f" and folds={folds}"
    return f"Collect more {what}; or, if {reason}, {how}{more}."


def _each_row_alone(keys: SplitKeys) -> SplitKeys:
    return dataclasses.replace(keys, units=None, grouped=False)


def _parts(
    keys: SplitKeys,
    protocol: Protocol,
    repeats: Iterable[int],
    kinds: IntArray | None = None,
) -> list[Part]:
    result = []
    by = protocol.by
    for repeat in repeats:
        if kinds is None:
            splits = keys.outer(
                protocol.folds, repeat=repeat, seed=protocol.seed, by=by
            )
        else:
            splits = kind_splits(keys, kinds, repeat=repeat, seed=protocol.seed)
        for fold, split in enumerate(splits):
            seed = derive(protocol.seed, "part", repeat, fold)
            share = protocol.stop_share
            train, stop = keys.inner(split.train, share=share, seed=seed, by=by)
            number = repeat * protocol.folds + fold
            result.append(Part(repeat, fold, number, train, stop, split.test, seed))
    return result


def fold_numbers(
    parts: Sequence[Part], rows: int, repeats: int
) -> npt.NDArray[np.int64]:
    """Return which fold tests each row, `[repeats, rows]`; -1 where none does."""
    folds = np.full((repeats, rows), -1, np.int64)
    first = min(part.repeat for part in parts)
    for part in parts:
        folds[part.repeat - first, part.test] = part.fold
    return folds
