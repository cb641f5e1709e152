# SPDX-License-Identifier: Apache-2.0
"""Outer folds and the inner split: every class in every part, no leaks.

`by="stratified"`: each part has the classes, or the labels, in the table's shares. If
the table has groups, they are kept whole all the same.

`by="group"`: the same, and an error if the table has no groups.

`by="time"`: forward chaining. Rows are ordered by time and cut into folds + 1
blocks of about equal size, equal times together; a time with more rows than that is a
block of its own, and the rest is cut into equal ones. Fold k trains on all blocks
before block k + 1 (an expanding window) and tests on that block, so the first block is
never tested and no model sees the future. Training rows that belong to a group (or
are copies of a row) in the test block are left out of training.

`duplicates="auto"` keeps equal rows together if a copy is likelier than a
coincidence, see `judge_duplicates`; "group" keeps them together in any case,
"ignore" never does.

With two classes every part must have both. With several classes or labels, one that
has fewer rows than there are folds is placed where it can be: some parts are without
it. An error is raised only if a part has nothing to learn or to judge, that is fewer
than two classes, or no label that only some of its rows have.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.seeds import derive, generator
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import SplitError
from equipoise.table.duplicates import duplicate_groups
from equipoise.table.label_spread import spread_labels
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
        labels: `[rows]` int64 class numbers; `[rows, labels]` int8 if multi-label.
        units: `[rows]` equal numbers for rows that stay on one side (`tied_rows`);
            None if each row is a unit of its own.
        times: `[rows]` float64 numbers that order the rows in time, or None.
        task: The kind of the target, with the names of the classes or labels.
        grouped: Whether the user named groups.
    """

    labels: AnyArray
    units: IntArray | None
    times: FloatArray | None
    task: Task
    grouped: bool

    @classmethod
    def of(cls, table: Table, duplicates: str = "auto") -> SplitKeys:
        """Return the keys of a table's rows.

        Args:
            table: A table with its target.
            duplicates: "auto", "group" or "ignore"; see the head of this module.
        """
        one_of(duplicates, DUPLICATES, "duplicates")
        times = table.time
        if times is not None:
            times = np.unique(times, return_inverse=True)[1].astype(np.float64)
        return cls(
            np.array(
                table.labels(),
                np.int8 if table.task.kind == "multilabel" else np.int64,
            ),
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
        times = self._required_times()[index] if by == "time" else None
        if times is not None and np.ptp(times):
            stop = _latest(times, *self._first_and_last(times, labels), share)
            train = ~stop & ~np.isin(units, units[stop])
        else:
            random = generator(seed, "splits", "inner")
            shares = np.array([1 - share, share])
            stop = self._spread(labels, units, shares, random) == 1
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
        random = generator(seed, "splits", "outer", repeat)
        whole = _distinct(units) == len(units)
        if self.task.kind == "multiclass" and whole:
            return _in_turn(self.labels, folds, random)
        if self.task.kind == "multilabel" or not whole:
            return self._spread(self.labels, units, np.full(folds, 1 / folds), random)
        from sklearn.model_selection import StratifiedKFold

        state = derive(seed, "splits", "outer", repeat) % 2**32
        splitter = StratifiedKFold(folds, shuffle=True, random_state=state)
        part = np.empty(len(self.labels), np.int64)
        for k, (_, test) in enumerate(splitter.split(self.labels, self.labels)):
            part[test] = k
        return part

    def _spread(
        self,
        labels: AnyArray,
        units: IntArray,
        shares: FloatArray,
        random: np.random.Generator,
    ) -> IntArray:
        """Return the part of each row, given the share of each part."""
        if self.task.kind != "multilabel":
            return spread(labels, units, shares, random)
        whole = _distinct(units) == len(units)
        return spread_labels(labels, None if whole else units, shares, random)

    def _require_enough(self, units: IntArray, folds: int) -> None:
        """Raise if a class has fewer rows (or units) than there are folds.

        With several classes or labels: if that is true of all of them.
        """
        whole = _distinct(units) == len(units)
        if self.task.kind != "binary":
            most = max(
                min(_cases(units, rows, whole), _cases(units, others, whole))
                for rows, others in self._sides(self.labels)
            )
            if most < folds:
                raise self._too_few_of_all(most, folds)
            return
        for label in range(len(self.task.classes)):
            rows = self.labels == label
            count = int(np.count_nonzero(rows))
            cases = count if whole else _distinct(units[rows])
            if cases < folds:
                raise self._too_few(label, count, cases, folds)

    def _too_few(self, label: int, count: int, cases: int, folds: int) -> SplitError:
        """Return the error that a class cannot be in every fold."""
        what, more = self._named(label, count), "more such rows"
        if cases < count and self.grouped:
            what += f" in {cases} group{'s'[: cases != 1]}"
            more = "such rows of more groups"
        elif cases < count:
            what += f" in {cases} set{'s'[: cases != 1]} of equal rows"
        advice = (
            f"Pass folds={cases} or fewer, or collect {more}."
            if cases > 1
            else f"Collect {more}: what is tested must not be learned from."
        )
        return SplitError(
            sentence(f"{what} for {folds} folds", "at least one for each fold"), advice
        )

    def _too_few_of_all(self, most: int, folds: int) -> SplitError:
        """Return the error that no class or label can be judged in every fold."""
        each = "class" if self.task.kind == "multiclass" else "label"
        advice = (
            f"Pass folds={most} or fewer, or collect more rows."
            if most > 1
            else "Collect more rows."
        )
        return SplitError(
            sentence(
                f"no {each} with {folds} rows that have it and {folds} that do not "
                f"(the best {each} has {most})",
                f"at least one such {each}, for {folds} folds",
            ),
            advice,
        )

    def _sides(self, labels: AnyArray) -> Iterator[tuple[BoolArray, BoolArray]]:
        """Yield, of each class or label, which rows have it and which do not."""
        for view in self.task.views(labels):
            without = ~view.y if view.labelled is None else view.labelled & ~view.y
            yield view.y, without

    def _first_and_last(
        self, times: FloatArray, labels: AnyArray
    ) -> tuple[float, float]:
        """Return the times that a cut must lie between for both sides to be complete.

        Before the cut and after it there are to be two classes, or a label that only
        some rows have: the first is the case after the first time that is
        returned, the second up to the last one.
        """
        if self.task.kind != "multilabel":
            spans = [
                (times[labels == label].min(), times[labels == label].max())
                for label in np.unique(labels)
            ]
            earliest = sorted(first for first, _ in spans)[:2][-1]
            latest = sorted(last for _, last in spans)[-2:][0]
            return earliest, latest
        pairs = [
            (times[rows], times[others])
            for rows, others in self._sides(labels)
            if rows.any() and others.any()
        ]
        if not pairs:
            return float(times.max()), float(times.min())
        earliest = min(max(a.min(), b.min()) for a, b in pairs)
        latest = max(min(a.max(), b.max()) for a, b in pairs)
        return earliest, latest

    def _require_classes(self, rows: IntArray, part: str, by: str) -> None:
        if self.task.kind != "binary":
            self._require_a_view(rows, part, by)
            return
        present = np.bincount(self.labels[rows], minlength=len(self.task.classes))
        if present.all():
            return
        label = int(np.argmin(present))
        total = int(np.count_nonzero(self.labels == label))
        advice = "Collect more such rows, or divide them otherwise."
        if by == "time":
            advice = "Pass by='stratified' if the order in time does not matter."
        raise SplitError(
            sentence(
                f"{part} with {len(rows):,} rows and {self._named(label, 0)}",
                "parts that have rows of every class (the table has "
                f"{self._named(label, total)})",
            ),
            advice,
        )

    def _require_a_view(self, rows: IntArray, part: str, by: str) -> None:
        """Raise if no class or label has rows with it and rows without it."""
        if any(
            with_it.any() and rest.any()
            for with_it, rest in self._sides(self.labels[rows])
        ):
            return
        advice = "Collect more rows, or divide them otherwise."
        if by == "time":
            advice = "Pass by='stratified' if the order in time does not matter."
        if self.task.kind == "multiclass":
            lacking, accepted = "not two classes", "rows of two classes or more"
        else:
            lacking, accepted = "no label that varies", "a label that varies"
        raise SplitError(
            sentence(
                f"{part} with {len(rows):,} rows and {lacking}",
                f"{accepted} in every part",
            ),
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
        table: A table with its target.
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
        SplitError: A part would lack a class of two, or have nothing to learn or to
            judge (see the head of this module), or what `by` needs is absent; the
            message counts.

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

    At least one row of each class lies on each side, however small the share; of
    several classes or labels, of each that has two rows or more.

    Args:
        table: A table with its target.
        rows: Positions of the training part.
        share: Share of the rows that decide, strictly between 0 and 1.
        seed: One seed gives one split.
        by: As in `outer_splits`; by time the latest rows decide, and the cut moves
            as far as it must for both sides to have both classes; two of several.
            Rows that all have one time are divided at random.
        duplicates: As in `outer_splits`.

    Returns:
        The rows to fit and the rows that decide, ascending positions in the table.

    Raises:
        SplitError: A class of two has fewer than two rows (or groups), or a side has
            nothing to learn or to judge.

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
    splits = []
    for start, end in itertools.pairwise(_cuts(times[order], folds + 1)[1:]):
        test, train = order[start:end], order[:start]
        train = train[~np.isin(groups[train], groups[test])]
        splits.append(Split(np.sort(train), np.sort(test)))
    return splits


def _cuts(ordered: FloatArray, blocks: int) -> list[int]:
    """Return where each block of times begins, and the end: equal times stay whole.

    Raises:
        SplitError: There are fewer different times than blocks.
    """
    rows = len(ordered)
    start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    if len(start) < blocks:
        raise _too_few_times(len(start), blocks)
    sizes = np.diff(start, append=rows)
    if sizes.max() <= rows // blocks:
        places = np.arange(blocks) * rows // blocks
        first = np.searchsorted(start, places, "right") - 1
    else:
        # No time counts for more than a block, so none is left without rows.
        weights = _at_most_a_block(sizes.astype(np.float64), blocks)
        before = np.cumsum(weights) - weights
        places = np.arange(blocks) * weights.sum() / blocks
        first = np.searchsorted(before, places - 1e-9 * weights.sum(), "left")
    return [*start[first].tolist(), rows]


def _at_most_a_block(sizes: FloatArray, blocks: int) -> FloatArray:
    """Return sizes none of which exceeds the block of equal size that they make."""
    ascending = np.sort(sizes)
    below = np.cumsum(ascending) - ascending
    # If the times from one on are cut to c, then c = (below + number * c) / blocks.
    number = np.arange(len(sizes), 0, -1)
    inside = number < blocks
    limits = below[inside] / (blocks - number[inside])
    first = int(np.argmax(limits <= ascending[inside]))
    return np.asarray(np.minimum(sizes, limits[first]))


def _latest(
    times: FloatArray, earliest: float, latest: float, share: float
) -> BoolArray:
    """Return which rows are the latest, with both sides of the cut complete.

    Args:
        times: `[rows]`.
        earliest: Rows before the cut are complete after this time only.
        latest: Rows from the cut on are complete up to this time only.
        share: The share of the rows that are wanted.
    """
    cut = float(np.quantile(times, 1 - share))
    if earliest < latest:
        after = np.unique(times[times > earliest])
        cut = min(max(cut, float(after[0])), latest)
    return np.asarray(times >= cut)


def _in_turn(
    labels: IntArray, folds: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return folds whose sizes, and whose rows of each class, differ by one at most.

    Rows are put in the order of their classes, and dealt one after the other as cards
    are. Classes, folds and the rows of a class are in a random order.
    """
    place = random.permutation(int(labels.max(initial=0)) + 1)
    order = random.permutation(len(labels))
    order = order[np.argsort(place[labels[order]], kind="stable")]
    part = np.empty(len(labels), np.int64)
    part[order] = random.permutation(folds)[np.arange(len(labels)) % folds]
    return part


def _cases(units: IntArray, rows: BoolArray, whole: bool) -> int:
    """Return how many units hold some of the rows."""
    if whole or not rows.any():
        return int(np.count_nonzero(rows))
    return _distinct(units[rows])


def _distinct(groups: IntArray) -> int:
    """Return the number of groups; sorting is faster here than hashing."""
    ordered = np.sort(groups)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1


def _too_few_times(times: int, blocks: int) -> SplitError:
    advice = f"Pass folds={times - 1} or fewer, or times of a finer unit."
    if times < 3:
        advice = "Pass by='stratified' if the order in time does not matter."
    return SplitError(
        sentence(
            f"{times} different time{'s'[: times != 1]} for {blocks - 1} folds by time",
            f"at least {blocks}: one more than the folds, of which the first is only "
            "learned from",
        ),
        advice,
    )
