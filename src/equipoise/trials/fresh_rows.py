# SPDX-License-Identifier: Apache-2.0
"""New rows of the larger classes for networks, from disk, between epochs.

If only a share of a class fits into memory, a network need not learn from that share
alone. When it has seen the rows that are there about once, other rows of the class take
their places: as many, so the shares of the classes, and with them the offset that
undoes them, stay what they were. Rows of classes that are in memory whole stay.

The rows of a class come in stretches of the store, which are drawn from all over it. A
block has about as many rows as there are places, and no stretch comes twice before all
have come. A row only takes the place of one of its own fold, so that no model learns
from a row that it is judged on. Rows that are in memory are in no block.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, HashArray, IntArray
from equipoise.errors import SplitError
from equipoise.stores.class_shares import KeptShares
from equipoise.stores.stored_table import (
    StoredKeys,
    StoredPart,
    StoredTable,
    TakenRows,
)
from equipoise.table.table import Table, concatenate
from equipoise.task import Task
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import fold_numbers
from equipoise.trials.stored_rows import FoldOfRow, StoredRows, ties_of

STRETCH = 4_096
"""Rows that lie beside each other and come together, at most."""
STRETCHES = 16
"""As many of them are in memory at once."""
SHARD_STRETCHES = 64
"""Stretches of a shard, about."""
MORE = 1.1
"""So much more is read than there are places, since folds are not quite equal."""


@dataclass(frozen=True, eq=False)
class FreshRows:
    """Rows of a store that take the places of those in memory.

    Attributes:
        rows: The store, and the rows that are in memory.
        folds: The fold of any row.
        seed: One seed gives one order.
        share: Share of the rows outside of a fold that networks train on; the others
            decide when training stops.
    """

    rows: StoredRows
    folds: FoldOfRow
    seed: int
    share: float = 0.8

    @classmethod
    def of(cls, rows: StoredRows, plan: TrialPlan, repeats: int) -> FreshRows | None:
        """Return the rows that networks of a plan take; None if there are none.

        Splits by time have none: rows of a later time than those that decide when
        training stops would not be told from earlier ones. Several labels have none:
        rows have weights, which others would need too. Strategies that take none, such
        as trees, have none either.

        Args:
            rows: The store, and the rows that are in memory.
            plan: How these are split, and who learns.
            repeats: How often the folds are drawn. If they cannot be drawn again, the
                first repeat is all that is fitted (`fit_repeats`), and all that is
                known here.

        Raises:
            SplitError: A class cannot be present in every part of the first repeat.
        """
        by_time = plan.protocol.by == "time"
        if rows.shares.whole or by_time or rows.row_weights is not None:
            return None
        if not any(plan.learners.takes_rows(each) for each in plan.strategies):
            return None
        try:
            parts = plan.parts(range(repeats))
        except SplitError:
            if repeats == 1:
                raise
            repeats, parts = 1, plan.parts([0])
        folds = fold_numbers(parts, len(plan.table), repeats)
        return cls(
            rows,
            FoldOfRow.of_folds(rows, plan, folds),
            plan.protocol.seed,
            1 - plan.protocol.stop_share,
        )

    @property
    def table(self) -> Table:
        """The rows in memory."""
        return self.rows.table

    @cached_property
    def digest(self) -> str:
        """Says which rows come when: those in memory, their folds, and the seed."""
        digest = hashlib.sha256()
        parts = [(part.file, part.rows) for part in self.rows.store.parts]
        numbers = self.seed, self.share, STRETCH, STRETCHES, MORE
        digest.update(repr((parts, numbers)).encode())
        for array in (
            self.rows.taken.keys.row,
            self.folds.kept,
            self.rows.taken.places,
        ):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def state(self) -> dict[str, Any]:
        """Return what another process needs beside the table, see `from_state`."""
        store, keys, folds = self.rows.store, self.rows.taken.keys, self.folds
        arrays = ("places", "kept", "free", "keys", "by_key", "groups")
        return {
            "folder": str(store.folder),
            "memory": store.memory,
            "columns": list(store.names),
            "task": store.task.to_dict(),
            "parts": [dataclasses.asdict(part) for part in store.parts],
            "fitted_on": list(self.rows.shares.kept),
            "totals": list(self.rows.shares.totals),
            "places": self.rows.taken.places,
            "row": keys.row,
            "hashes": keys.hashes,
            "group": keys.group,
            "seed": self.seed,
            "share": self.share,
            "count": folds.count,
            "fold_seed": folds.seed,
            "tied": folds.tied,
            "folds": {name: getattr(folds, name) for name in arrays},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], table: Table) -> FreshRows:
        """Rebuild it in a process that sees the store's folder.

        Args:
            state: What `state` gave.
            table: The rows in memory.

        Raises:
            TableError: The store is not there.
        """
        whole = StoredTable.load(Path(state["folder"]), state["memory"])
        names = set(state["columns"])
        store = dataclasses.replace(
            whole,
            columns=tuple(c for c in whole.stored if c.name in names),
            task=Task.from_dict(state["task"]),
            parts=tuple(StoredPart(**part) for part in state["parts"]),
        )
        keys = StoredKeys(state["row"], state["hashes"], state["group"], None)
        shares = KeptShares(tuple(state["totals"]), tuple(state["fitted_on"]))
        folds = FoldOfRow(
            count=state["count"],
            seed=state["fold_seed"],
            tied=state["tied"],
            starts=None,
            pairs=np.zeros(0, np.uint64),
            store=store,
            **state["folds"],
        )
        rows = StoredRows(store, TakenRows(state["places"], table, keys), shares)
        return cls(rows, folds, state["seed"], state["share"])

    def refill(
        self, block: int, jobs: Sequence[tuple[IntArray, IntArray]]
    ) -> Iterator[list[tuple[IntArray, Table]]]:
        """Yield rows of a block, some at a time, for each of several jobs.

        Args:
            block: Its number, from 1.
            jobs: The training rows and the rows to stop by of each.

        Yields:
            For each job the training rows that are replaced, and what by.
        """
        shares = self.rows.shares
        for label, (count, total) in enumerate(
            zip(shares.kept, shares.totals, strict=True)
        ):
            if not 0 < count < total:
                continue
            waiting = [self._waiting(label, *job) for job in jobs]
            for taken in self._stretches(label, block):
                yield [each.take(taken) for each in self._offered(taken, waiting)]

    def shard(
        self, number: int, train: IntArray, whole: IntArray, stop: IntArray
    ) -> tuple[IntArray, Table]:
        """Return rows for one of several models that learn from different ones.

        Of a class of which a share is in memory the models have parts that do not
        overlap until all rows have come, those in memory among them. They come in short
        stretches from all over the class.

        Args:
            number: Of the model, from 0.
            train: The training rows of the model.
            whole: Those of all models together.
            stop: Rows that decide when training stops.

        Returns:
            Which of the training rows are replaced, and what by.
        """
        at, tables = [np.zeros(0, np.int64)], [self.table.take(np.zeros(0, np.int64))]
        shares = self.rows.shares
        learned = np.zeros(len(self.table), np.bool_)
        learned[whole] = True
        for label, (count, total) in enumerate(
            zip(shares.kept, shares.totals, strict=True)
        ):
            needed = int(np.count_nonzero(self._labels[train] == label))
            if not 0 < count < total or not needed:
                continue
            waiting = self._waiting(label, train, stop, whole)
            wasted = len(self.table) / max(1, int(np.count_nonzero(learned)))
            size = max(1, min(STRETCH, needed // SHARD_STRETCHES))
            starts = np.arange(0, total, size)
            spans = int(np.ceil(MORE * wasted * needed / size)) + 1
            random = generator(self.seed, "shards", label)
            order = random.permutation(len(starts))
            chosen = order[(number * spans + np.arange(spans)) % len(starts)]
            taken = self.rows.store.span_rows(
                label, [(int(s), min(size, total - int(s))) for s in starts[chosen]]
            )
            (offer,) = self._offered(taken, [waiting], learned)
            places, rows = offer.take(taken)
            at.append(places)
            tables.append(rows)
        return np.concatenate(at), concatenate(tables)

    def _waiting(
        self,
        label: int,
        train: IntArray,
        stop: IntArray,
        whole: IntArray | None = None,
    ) -> _Waiting:
        """Return the places of a job that wait for rows of a class."""
        folds = self._folds_of_table
        repeat = self._repeat(train if whole is None else whole, folds)
        here = train[self._labels[train] == label]
        ties = np.zeros(0, np.uint64)
        if self.folds.tied:
            ties = np.unique(self._ties[stop])
        by_fold = {
            int(fold): np.sort(here[folds[repeat, here] == fold])
            for fold in np.unique(folds[repeat, here])
        }
        return _Waiting(repeat, by_fold, ties)

    @staticmethod
    def _repeat(train: IntArray, folds: IntArray) -> int:
        """Return the repeat of a job: that of which no training row is in some fold."""
        count = int(folds.max()) + 1
        for repeat, each in enumerate(folds):
            present = np.bincount(each[train] + 1, minlength=count + 1)[1:]
            if (present == 0).any():
                return repeat
        return 0

    @cached_property
    def _labels(self) -> IntArray:
        return np.asarray(self.table.labels()).astype(np.int64)

    @cached_property
    def _by_place(self) -> IntArray:
        """`[rows]` the rows in memory, ascending by their position in the store."""
        return np.argsort(self.rows.taken.places)

    @cached_property
    def _folds_of_table(self) -> IntArray:
        """`[repeats, rows]` the folds of the rows in memory, in their order."""
        folds = np.empty_like(self.folds.kept)
        folds[:, self._by_place] = self.folds.kept
        return folds

    @cached_property
    def _ties(self) -> HashArray:
        keys = self.rows.taken.keys
        return ties_of(keys, self.folds.tied, self.folds.free)

    def _stretches(self, label: int, block: int) -> Iterator[TakenRows]:
        """Yield the rows of a block of a class, some stretches at a time."""
        store, shares = self.rows.store, self.rows.shares
        total, count = shares.totals[label], shares.kept[label]
        # Few rows come in short stretches, so that they come from all over the class.
        size = max(1, min(STRETCH, count // STRETCHES))
        starts = np.arange(0, total, size)
        others = size * (1 - count / total)
        each = min(len(starts), int(np.ceil(MORE * self.share * count / others)))
        chosen = []
        for place in range((block - 1) * each, block * each):
            turn, at = divmod(place, len(starts))
            chosen.append(int(starts[self._order(label, turn, len(starts))[at]]))
        for first in range(0, len(chosen), STRETCHES):
            spans = [
                (start, min(size, total - start))
                for start in chosen[first : first + STRETCHES]
            ]
            yield store.span_rows(label, spans)

    def _order(self, label: int, turn: int, count: int) -> IntArray:
        """Return the order in which the stretches of a class come in one turn."""
        key = label, turn
        if key not in self._orders:
            self._orders.clear()
            random = generator(self.seed, "fresh rows", label, turn)
            self._orders[key] = random.permutation(count)
        return self._orders[key]

    @cached_property
    def _orders(self) -> dict[tuple[int, int], IntArray]:
        return {}

    def _offered(
        self,
        taken: TakenRows,
        waiting: Sequence[_Waiting],
        learned: BoolArray | None = None,
    ) -> Iterator[_Offer]:
        """Yield to each job the rows that it may learn from, with their folds.

        Args:
            taken: The rows.
            waiting: The jobs.
            learned: `[rows in memory]` which of them may come too; None for none.
        """
        ascending, in_memory = self.folds.places, self.folds.kept
        at = np.minimum(np.searchsorted(ascending, taken.places), len(ascending) - 1)
        there = ascending[at] == taken.places
        folds = np.where(there, in_memory[:, at], self.folds.of_others(taken.keys))
        may = ~there
        if learned is not None:
            may |= learned[self._by_place[at]]
        ties = ties_of(taken.keys, self.folds.tied, self.folds.free)
        for each in waiting:
            free = may
            if len(each.ties):
                free = may & (there | ~np.isin(ties, each.ties))
            yield _Offer(each, np.where(free, folds[each.repeat], -1))


@dataclass(eq=False)
class _Waiting:
    """The places of a job that wait for rows of a class.

    Attributes:
        repeat: The repeat that the job is of.
        by_fold: By fold, the places.
        ties: Keys of the rows that decide when training stops, if rows are tied.
        used: By fold, how many places have a row.
    """

    repeat: int
    by_fold: dict[int, IntArray]
    ties: HashArray

    def __post_init__(self) -> None:
        self.used = dict.fromkeys(self.by_fold, 0)


@dataclass(frozen=True, eq=False)
class _Offer:
    """Rows for a job.

    Attributes:
        waiting: The job's places.
        folds: `[rows]` the fold of each row; -1 for one that it may not learn from.
    """

    waiting: _Waiting
    folds: IntArray

    def take(self, taken: TakenRows) -> tuple[IntArray, Table]:
        """Return the places that are filled now, and with which rows."""
        at, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for fold, places in self.waiting.by_fold.items():
            if fold < 0:
                continue
            used = self.waiting.used[fold]
            chosen = np.flatnonzero(self.folds == fold)[: len(places) - used]
            at.append(places[used : used + len(chosen)])
            rows.append(chosen)
            self.waiting.used[fold] = used + len(chosen)
        return np.concatenate(at), taken.table.take(np.concatenate(rows))
