# SPDX-License-Identifier: Apache-2.0
"""Outer folds and the inner split: every class in every part, no leaks.

`by="stratified"`: each part has the classes in the table's shares. Where the table
has groups they are kept whole all the same.

`by="group"`: the same, and an error if the table has no groups.

`by="time"`: forward chaining. Rows are ordered by time and cut into folds + 1
blocks of about equal size, equal times together; fold k trains on all blocks before
block k + 1 (an expanding window) and tests on that block, so the first block is
never tested and no model sees the future. Training rows that belong to a group (or
are copies of a row) in the test block are left out of training.

`duplicates="auto"` keeps equal rows together if a copy is likelier than a
coincidence, see `judge_duplicates`; "group" keeps them together in any case,
"ignore" never does.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.seeds import derive, generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import SplitError, UnsupportedError
from equipoise.table.duplicates import duplicate_groups
from equipoise.table.spread import spread
from equipoise.table.table import (
    Table,
)
from equipoise.table.units import DUPLICATES, tied_rows
from equipoise.task import Task

__all__ = ["Split", "SplitKeys", "duplicate_groups", "inner_split", "outer_splits"]

BY = ("stratified", "group", "time")


@dataclass(frozen=True, eq=False)
class Split:
    """One fold: disjoint positions of rows in a table, int64, ascending.

    Attributes:
        train: Rows to learn from.
        test: Rows to be scored.
    """

    train: IntArray
    test: IntArray


@dataclass(frozen=True, eq=False)
class SplitKeys:
    """What a split must know of each row: it fits in memory if the columns do not.

    Attributes:
        labels: `[rows]` int64 class numbers.
        units: `[rows]` equal numbers for rows that stay on one side (`tied_rows`);
            None if each row is a unit of its own.
        times: `[rows]` float64 numbers that order the rows in time, or None.
        task: Binary or multi-class, with the names of the classes.
        grouped: Whether the user named groups.
    """

    labels: IntArray
    units: IntArray | None
    times: FloatArray | None
    task: Task
    grouped: bool

    @classmethod
    def of(cls, table: Table, duplicates: str = "auto") -> SplitKeys:
        """Return the keys of a table's rows.

        Args:
            table: A binary or multi-class table.
            duplicates: "auto", "group" or "ignore"; see the head of this module.

        Raises:
            UnsupportedError: The table is multi-label.
        """
        one_of(duplicates, DUPLICATES, "duplicates")
        if table.task.kind == "multilabel":
            raise UnsupportedError(
                sentence("a multilabel table to split", "a binary or multiclass table")
            )
        times = table.time
        if times is not None:
            times = np.unique(times, return_inverse=True)[1].astype(np.float64)
        return cls(
            np.array(table.labels(), np.int64),
            tied_rows(table, duplicates),
            times,
            table.task,
            table.groups is not None,
        )

    def outer(
        self, folds: int, *, repeat: int = 0, seed: int = 0, by: str = "stratified"
    ) -> list[Split]:
        """Return the outer folds of one repeat; see `outer_splits`."""
        integer(folds, "folds", 2, 50)
        integer(repeat, "repeat", 0)
        units = self._checked_units(by)
        if by == "time":
            if repeat:
                raise SplitError(
                    sentence(f"repeat={repeat} by time", "one partition, repeat=0")
                )
            splits = _by_time(self._required_times(), units, folds)
        else:
            self._require_enough(units, folds)
            part = self._folds(units, folds, seed, repeat)
            splits = [
                Split(np.flatnonzero(part != k), np.flatnonzero(part == k))
                for k in range(folds)
            ]
        for k, split in enumerate(splits, start=1):
            self._require_classes(split.train, f"the training part of fold {k}", by)
            self._require_classes(split.test, f"the test part of fold {k}", by)
        return splits

    def inner(
        self,
        rows: npt.ArrayLike,
        *,
        share: float = 0.2,
        seed: int = 0,
        by: str = "stratified",
    ) -> tuple[IntArray, IntArray]:
        """Return rows to fit and rows that decide when to stop; see `inner_split`."""
        number(share, "share", 0, 1, open_ends=True)
        index = np.sort(np.asarray(rows, np.int64))
        units = self._checked_units(by)[index]
        labels = self.labels[index]
        if by == "time":
            stop = _latest(self._required_times()[index], labels, share)
            train = ~stop & ~np.isin(units, units[stop])
        else:
            random = generator(seed, "splits", "inner")
            stop = spread(labels, units, np.array([1 - share, share]), random) == 1
            train = ~stop
        for part, name in ((train, "fitted"), (stop, "deciding")):
            where = f"the {name} side of the inner split"
            self._require_classes(index[part], where, by)
        return index[train], index[stop]

    def _checked_units(self, by: str) -> IntArray:
        """Return which rows must stay together, as numbers from 0."""
        one_of(by, BY, "by")
        if by == "group" and not self.grouped:
            raise SplitError(
                sentence(
                    "by='group' for a table without groups",
                    "a table read with group=COLUMN",
                )
            )
        return np.arange(len(self.labels)) if self.units is None else self.units

    def _required_times(self) -> FloatArray:
        if self.times is None:
            raise SplitError(
                sentence(
                    "by='time' for a table without times",
                    "a table read with time=COLUMN",
                )
            )
        return self.times

    def _folds(self, units: IntArray, folds: int, seed: int, repeat: int) -> IntArray:
        """Return each row's fold, `[rows]`."""
        if _distinct(units) < len(units):
            random = generator(seed, "splits", "outer", repeat)
            return spread(self.labels, units, np.full(folds, 1 / folds), random)
        from sklearn.model_selection import StratifiedKFold

        state = derive(seed, "splits", "outer", repeat) % 2**32
        splitter = StratifiedKFold(folds, shuffle=True, random_state=state)
        part = np.empty(len(self.labels), np.int64)
        for k, (_, test) in enumerate(splitter.split(self.labels, self.labels)):
            part[test] = k
        return part

    def _require_enough(self, units: IntArray, folds: int) -> None:
        """Raise if a class has fewer rows (or units) than there are folds."""
        whole = _distinct(units) == len(units)
        for label in range(len(self.task.classes)):
            rows = self.labels == label
            count = int(np.count_nonzero(rows))
            cases = count if whole else _distinct(units[rows])
            if cases < folds:
                inside = (
                    "" if whole or cases == count else f" in {cases} groups of rows"
                )
                raise _too_few(self._named(label, count) + inside, cases, folds)

    def _require_classes(self, rows: IntArray, part: str, by: str) -> None:
        present = np.bincount(self.labels[rows], minlength=len(self.task.classes))
        if present.all():
            return
        label = int(np.argmin(present))
        total = int(np.count_nonzero(self.labels == label))
        advice = "Collect more such rows, or divide them otherwise."
        if by == "time":
            advice = "Pass by='stratified' if the order in time does not matter."
        raise SplitError(
            f"{part[0].upper()}{part[1:]} has {len(rows):,} rows and "
            f"{self._named(label, 0)}; the table has {self._named(label, total)}. "
            "Every part needs every class.",
            advice,
        )

    def _named(self, label: int, count: int) -> str:
        """Return a count of rows of a class, in words."""
        plural = "" if count == 1 else "s"
        if self.task.kind == "binary":
            return f"{count} {('negative', 'positive')[label]}{plural}"
        return f"{count} row{plural} of class {self.task.classes[label]!r}"


def outer_splits(
    table: Table,
    *,
    folds: int = 5,
    repeat: int = 0,
    seed: int = 0,
    by: str = "stratified",
    duplicates: str = "auto",
) -> list[Split]:
    """Return the outer folds of one repeat.

    Args:
        table: A binary or multi-class table.
        folds: The number of folds, 2 to 50.
        repeat: Which partition of the rows: 0, 1, ... Each is another one, and
            depends on `seed` and its own number alone. A split by time has only
            one.
        seed: One seed gives one list of splits.
        by: "stratified", "group" or "time"; see the head of this module.
        duplicates: "auto", "group" or "ignore".

    Returns:
        One `Split` per fold. Without time, each row is tested exactly once.

    Raises:
        SplitError: A part would lack a class, or what `by` needs is absent; the
            message counts.
        UnsupportedError: The table is multi-label.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(100, positives=10).table
        >>> [int(table.y[split.test].sum()) for split in outer_splits(table)]
        [2, 2, 2, 2, 2]
    """
    keys = SplitKeys.of(table, duplicates)
    return keys.outer(folds, repeat=repeat, seed=seed, by=by)


def inner_split(
    table: Table,
    rows: npt.ArrayLike,
    *,
    share: float = 0.2,
    seed: int = 0,
    by: str = "stratified",
    duplicates: str = "auto",
) -> tuple[IntArray, IntArray]:
    """Divide a training part into rows to fit and rows that decide when to stop.

    At least one row of each class lies on each side, however small the share.

    Args:
        table: A binary or multi-class table.
        rows: Positions of the training part.
        share: Share of the rows that decide, strictly between 0 and 1.
        seed: One seed gives one split.
        by: As in `outer_splits`; by time the latest rows decide, and the cut moves
            as far as it must for both sides to have every class.
        duplicates: As in `outer_splits`.

    Returns:
        The rows to fit and the rows that decide, ascending positions in the table.

    Raises:
        SplitError: A class has fewer than two rows (or groups).

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(100, positives=10).table
        >>> train, stop = inner_split(table, range(100))
        >>> len(train), len(stop), int(table.y[stop].sum())
        (80, 20, 2)
    """
    keys = SplitKeys.of(table, duplicates)
    return keys.inner(rows, share=share, seed=seed, by=by)


def _by_time(times: FloatArray, groups: IntArray, folds: int) -> list[Split]:
    order = np.argsort(times, kind="stable")
    bounds = [
        _edge(times[order], len(order) * k // (folds + 1)) for k in range(folds + 2)
    ]
    splits = []
    for start, end in itertools.pairwise(bounds[1:]):
        test, train = order[start:end], order[:start]
        train = train[~np.isin(groups[train], groups[test])]
        splits.append(Split(np.sort(train), np.sort(test)))
    return splits


def _edge(ordered: FloatArray, position: int) -> int:
    """Return the first position of the time at `position`: equal times stay whole."""
    if position >= len(ordered):
        return len(ordered)
    return int(np.searchsorted(ordered, ordered[position], "left"))


def _latest(times: FloatArray, y: IntArray, share: float) -> npt.NDArray[np.bool_]:
    """Return which rows are the latest, with every class before and after the cut."""
    cut = float(np.quantile(times, 1 - share))
    spans = [
        (times[y == label].min(), times[y == label].max()) for label in np.unique(y)
    ]
    earliest = max(first for first, _ in spans)
    latest = min(last for _, last in spans)
    if earliest < latest:
        after = np.unique(times[times > earliest])
        cut = min(max(cut, float(after[0])), latest)
    return np.asarray(times >= cut)


def _distinct(groups: IntArray) -> int:
    """Return the number of groups; sorting is faster here than hashing."""
    ordered = np.sort(groups)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1


def _too_few(what: str, units: int, folds: int) -> SplitError:
    advice = (
        f"Pass folds={units} or fewer, or collect more such rows."
        if units > 1
        else "Collect more such rows: nothing can be tested on them."
    )
    return SplitError(
        f"{what} cannot be spread over {folds} folds: each part needs at least one.",
        advice,
    )
