# SPDX-License-Identifier: Apache-2.0
"""A table whose rows lie on disk, in one file of records for each label of its target.

If labels are several columns, all records are in one file, and the label matrix is in
another.

It knows what splits and counts need, yields its rows in blocks, and takes some of them
into memory. The files are read in blocks and not mapped: pages of a mapped file count
as memory of the process for as long as there is room, and the limit would say nothing.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, sentence
from equipoise._core.files import to_json, write_whole
from equipoise._core.states import texts
from equipoise._core.types import AnyArray, FloatArray, HashArray, IntArray
from equipoise.errors import InputError, TableError
from equipoise.stores.class_shares import KeptShares, fill, row_keys, smallest_keys
from equipoise.stores.records import (
    RecordArray,
    record_type,
    source_sums,
    to_columns,
)
from equipoise.table.hashes import mix, sum_of_hashes
from equipoise.table.notation import Notation
from equipoise.table.table import Column, Dropped, SourceSums, Table, shortened
from equipoise.task import Task

MANIFEST = "store.json"
LABELS = "rows-labels.bin"
"""The file of the label matrix, `[rows, label columns]` int8, if labels are several."""
NO_LABEL = "no label"
FORMAT = 2
BLOCK_BYTES = 1 << 24
"""About how much is read at once, unless the memory is small."""
LEAST_BLOCK_BYTES = 1 << 20
BLOCK_SHARE = 1 / 64
"""What becomes of a block on its way takes many times its size."""
CELL_BYTES = 64
"""Memory that a fit takes for each value of a row, at its peak."""
ROW_BYTES = 400
"""The same for each row, whatever its columns."""
FIT_SHARE = 0.7
"""Share of the memory that fits may take. Fits and intervals follow each other."""
FEWEST_ROWS = 1_000
QUANTILE_ROWS = 20_000
"""Rows of the sample that quantiles are read from."""


@dataclass(frozen=True)
class StoredPart:
    """The rows of one label of the target.

    Attributes:
        file: The name of the file that holds them.
        label: The label, as the target has it.
        number: The number of the class that it belongs to.
        rows: How many there are.
    """

    file: str
    label: str
    number: int
    rows: int


@dataclass(frozen=True, eq=False)
class StoredBlock:
    """Some rows of a store, one after the other.

    Attributes:
        first: The position of the first of them in the store.
        number: Their class.
        records: The rows.
    """

    first: int
    number: int
    records: RecordArray


@dataclass(frozen=True, eq=False)
class StoredTable:
    """A table that is larger than memory; `read_table(..., memory="2GB")` makes one.

    Rows are numbered from 0 in the order of the store: label by label, and within a
    label in the order of the source. `diagnose`, `compare` and `fit` take it in place
    of a table; a fitted model scores and evaluates the files themselves, block by
    block.

    Attributes:
        folder: Where the store lies.
        columns: The features, without values.
        stored: All columns of the store, without values: the features and those that
            turned out to be useless.
        numbers: Of each of these its type, if it is a number.
        task: The kind of the target, with its classes.
        target: The target's name.
        parts: The files, one for each label.
        memory: How many bytes the rows may take in memory.
        group: The column that groups rows, or None.
        time: The column that orders rows, or None.
        time_kind: "number", "date" or "".
        dropped: Columns that were left out.
        notes: What was done while reading.
        source: Where the rows come from, for messages.
        apart: Names of columns whose hashes are in no record's sum.
        label_totals: By label column, in their order, how many rows are without the
            label and with it; empty unless labels are several. All rows are then in
            one part, and their labels in a file of their own.
    """

    folder: Path
    columns: tuple[Column, ...]
    stored: tuple[Column, ...]
    numbers: tuple[str, ...]
    task: Task
    target: str
    parts: tuple[StoredPart, ...]
    memory: int
    group: str | None = None
    time: str | None = None
    time_kind: str = ""
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = "files"
    apart: frozenset[str] = frozenset()
    label_totals: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(part.rows for part in self.parts)

    def __repr__(self) -> str:
        kinds: dict[str, int] = {}
        for column in self.columns:
            kinds[column.kind] = kinds.get(column.kind, 0) + 1
        shape = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        having = self.totals[:, 1] if self.labelled_apart else self.totals
        sizes = ", ".join(
            f"{int(rows):,} {name!r}"
            for name, rows in zip(self.task.classes[:4], having, strict=False)
        )
        return (
            f"<StoredTable of {len(self):,} rows, columns: {shape}; target "
            f"{shortened(self.target)!r}: {sizes}; at most {self.memory / 1e9:.3g} GB "
            "of them in memory>"
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, as in `Task`."""
        return self.task.classes

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> Table:
        """A table without rows: its columns, the target's name and the task."""
        y: AnyArray = np.zeros(0, self.task.class_number_type)
        if self.labelled_apart:
            y = np.zeros((0, self.task.width), np.int8)
        return self._table(np.zeros(0, self._type), y)

    @property
    def labelled_apart(self) -> bool:
        """Whether labels are several, and in a file of their own."""
        return self.task.kind == "multilabel"

    @property
    def totals(self) -> IntArray:
        """How many rows there are of each class, as `Task.totals`."""
        if self.labelled_apart:
            return np.array([self.label_totals[n] for n in self.classes], np.int64)
        result = np.zeros(len(self.task.classes), np.int64)
        for part in self.parts:
            result[part.number] += part.rows
        return result

    @property
    def most_rows(self) -> int:
        """How many rows may be held in memory and fitted on."""
        each = CELL_BYTES * max(1, len(self.columns)) + ROW_BYTES
        return max(FEWEST_ROWS, int(FIT_SHARE * self.memory / each))

    def labels(self) -> AnyArray:
        """Return the class of each row, or its labels, as `Table.y`."""
        if self.labelled_apart:
            return self._labels(0, len(self))
        kind = self.task.class_number_type
        return np.repeat(
            np.array([part.number for part in self.parts], kind),
            [part.rows for part in self.parts],
        )

    def labels_at(self, rows: npt.ArrayLike) -> AnyArray:
        """Return the class of some rows, or their labels, as `Table.y`.

        Args:
            rows: Ascending positions in the store.
        """
        places = np.asarray(rows, np.int64)
        if not self.labelled_apart:
            return self.labels()[places]
        y = np.empty((len(places), self.task.width), np.int8)
        for start, rows in self._label_spans():
            low, high = np.searchsorted(places, [start, start + rows])
            if low < high:
                y[low:high] = self._labels(start, rows)[places[low:high] - start]
        return y

    def _label_spans(self) -> Iterator[tuple[int, int]]:
        """Yield stretches of rows to read labels of: the first row, and how many."""
        step = max(1, LEAST_BLOCK_BYTES // max(1, len(self.label_totals)))
        for start in range(0, len(self), step):
            yield start, min(step, len(self) - start)

    def _labels(self, start: int, rows: int) -> AnyArray:
        """Return the labels of some rows, `[rows, labels]` int8."""
        names = [*self.label_totals]
        y = stored_labels(self.folder, len(names), start, rows)
        if tuple(names) == self.classes:
            return y
        return np.ascontiguousarray(y[:, [names.index(name) for name in self.classes]])

    @property
    def strata_names(self) -> tuple[str, ...]:
        """What each share of `choose` is of: the classes; labels, and rows of none."""
        return (*self.classes, NO_LABEL) if self.labelled_apart else self.classes

    def strata(self, rows: npt.ArrayLike) -> IntArray:
        """Return of which of `strata_names` some rows are: of labels the rarest.

        Args:
            rows: Ascending positions in the store.
        """
        y = self.labels_at(rows)
        return self._rarest(y) if self.labelled_apart else y.astype(np.int64)

    def _rarest(self, y: AnyArray) -> IntArray:
        """Return the number of the rarest label of each row; of none, all labels."""
        rarest_first = np.argsort(self.totals[:, 1], kind="stable")
        there = y[:, rarest_first] == 1
        numbers = np.append(rarest_first, y.shape[1])
        none = np.where(there.any(axis=1), 0, y.shape[1])
        return np.asarray(numbers[np.maximum(there.argmax(axis=1), none)])

    @cached_property
    def _type(self) -> np.dtype[Any]:
        return record_type(
            self.stored,
            self.numbers,
            grouped=self.group is not None,
            time=self.time_kind,
        )

    def blocks(self, number: int | None = None) -> Iterator[StoredBlock]:
        """Yield all rows, in blocks of one class each.

        Args:
            number: The class whose rows are wanted; None for all.

        Raises:
            TableError: A file of the store is absent or too short.
        """
        size = max(LEAST_BLOCK_BYTES, int(BLOCK_SHARE * self.memory))
        count = max(1, min(BLOCK_BYTES, size) // self._type.itemsize)
        first = 0
        for part in self.parts:
            rows_of_part = part.rows if number in (None, part.number) else 0
            for start in range(0, rows_of_part, count):
                rows = min(count, part.rows - start)
                yield StoredBlock(
                    first + start, part.number, self._read(part, start, rows)
                )
            first += part.rows

    def _read(self, part: StoredPart, start: int, rows: int) -> RecordArray:
        path, size = self.folder / part.file, self._type.itemsize
        try:
            records = np.fromfile(path, self._type, rows, offset=start * size)
        except OSError as error:
            raise _damaged(path, str(error)) from error
        if len(records) < rows:
            raise _damaged(path, f"it ends after row {start + len(records):,}")
        return records

    @property
    def record_bytes(self) -> int:
        """How many bytes a row takes on disk."""
        return int(self._type.itemsize)

    def read_spans(self, number: int, spans: Sequence[tuple[int, int]]) -> Table:
        """Return some stretches of rows of one class, one after the other.

        Args:
            number: The class.
            spans: Of each stretch the first row, from 0 within the class, and how
                many.
        """
        return self.span_rows(number, spans).table

    def span_rows(self, number: int, spans: Sequence[tuple[int, int]]) -> TakenRows:
        """Return the same as `read_spans` with the rows' keys, in that order.

        Args:
            number: The class.
            spans: As in `read_spans`.
        """
        pieces, places = [], []
        for start, rows in spans:
            end, first, before = start + rows, 0, 0
            for part in self.parts:
                if part.number == number:
                    low, high = max(start, first), min(end, first + part.rows)
                    if low < high:
                        pieces.append(self._read(part, low - first, high - low))
                        places.append(before + np.arange(low - first, high - first))
                    first += part.rows
                before += part.rows
        records = np.concatenate(pieces)
        y = np.full(len(records), number, self.task.class_number_type)
        table = self._table(records, y)
        return TakenRows(np.concatenate(places), table, self.keys(records))

    def table(self, block: StoredBlock, rows: npt.ArrayLike | None = None) -> Table:
        """Return the rows of a block as a table.

        Args:
            block: Of this store.
            rows: Positions in the block, or a mask; None for all.
        """
        records = block.records if rows is None else block.records[np.asarray(rows)]
        if self.labelled_apart:
            y = self._labels(block.first, len(block.records))
            return self._table(records, y if rows is None else y[np.asarray(rows)])
        kind = self.task.class_number_type
        return self._table(records, np.full(len(records), block.number, kind))

    def take(self, rows: npt.ArrayLike) -> Table:
        """Return some rows as one table in memory, in the order of the source.

        Args:
            rows: Ascending positions in the store, or a mask.

        Raises:
            InputError: The positions do not ascend.
        """
        return self.rows(rows).table

    def rows(self, rows: npt.ArrayLike) -> TakenRows:
        """Return some rows with their keys, in the order of the source.

        Args:
            rows: As in `take`.
        """
        places = _positions(rows, len(self))
        records = np.zeros(len(places), self._type)
        y: AnyArray = np.zeros(len(places), self.task.class_number_type)
        if self.labelled_apart:
            y = self.labels_at(places)
        for block in self.blocks():
            end = block.first + len(block.records)
            low, high = np.searchsorted(places, [block.first, end])
            records[low:high] = block.records[places[low:high] - block.first]
            if not self.labelled_apart:
                y[low:high] = block.number
        order = np.argsort(records["row"], kind="stable")
        records = records[order]
        table = self._table(records, y[order])
        return TakenRows(
            places[order], self._knowing(table, records), self.keys(records)
        )

    def _knowing(self, table: Table, records: RecordArray) -> Table:
        """Return a table that knows the hashes of its source, if values were rounded.

        Args:
            table: The rows.
            records: The same.
        """
        here, source = sum_of_hashes(table), self._sums(records)
        if np.array_equal(here, source):
            return table
        return dataclasses.replace(table, source_sums=SourceSums(here, source))

    def choose(self, most: int, seed: int = 0) -> tuple[IntArray, KeptShares]:
        """Return which rows to keep in memory: the rarest classes whole, if they fit.

        Of several labels a row belongs to the rarest of those that it has.

        Args:
            most: How many rows there is room for.
            seed: Decides which rows of a class; one seed gives one choice.

        Returns:
            Ascending positions in the store, and how many rows of each of
            `strata_names` they are.
        """
        if self.labelled_apart:
            return self._choose_by_label(most, seed)
        room = fill(self.totals, most)
        chosen = [
            self._chosen(label, int(count), seed) for label, count in enumerate(room)
        ]
        shares = KeptShares(
            tuple(int(total) for total in self.totals),
            tuple(int(count) for count in room),
        )
        return np.sort(np.concatenate(chosen)), shares

    def _choose_by_label(self, most: int, seed: int) -> tuple[IntArray, KeptShares]:
        strata = np.empty(len(self), np.int16)
        for start, rows in self._label_spans():
            y = self._labels(start, rows)
            strata[start : start + rows] = self._rarest(y)
        totals = np.bincount(strata, minlength=self.task.width + 1)
        room = fill(totals, most)
        bounds = np.full(len(totals), np.iinfo(np.uint64).max, np.uint64)
        for stratum, (count, total) in enumerate(zip(room, totals, strict=True)):
            if count < total:
                bounds[stratum] = _key_bound(int(count), int(total))
        places, keys = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
        shares = KeptShares(tuple(totals.tolist()), tuple(room.tolist()))
        if shares.whole:
            return np.arange(len(self)), shares
        for block in self.blocks():
            each = row_keys(block.records["row"], seed, "kept rows")
            here = strata[block.first : block.first + len(each)]
            low = np.flatnonzero(each <= bounds[here])
            places.append(block.first + low)
            keys.append(each[low])
        chosen, by_key = np.concatenate(places), np.concatenate(keys)
        there = np.zeros(len(chosen), np.bool_)
        for stratum, count in enumerate(room):
            of_one = np.flatnonzero(strata[chosen] == stratum)
            there[of_one] = smallest_keys(by_key[of_one], int(count))
        return chosen[there], shares

    def _chosen(self, label: int, count: int, seed: int) -> IntArray:
        """Return the positions of the rows of a class with the smallest keys."""
        if count == self.totals[label]:
            return np.flatnonzero(self.labels() == label)
        bound = _key_bound(count, int(self.totals[label]))
        places, keys = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
        for block in self.blocks(label) if count else ():
            each = row_keys(block.records["row"], seed, "kept rows")
            low = np.flatnonzero(each <= bound)
            places.append(block.first + low)
            keys.append(each[low])
        everything = np.concatenate(places)
        return everything[smallest_keys(np.concatenate(keys), count)]

    def keys(self, records: RecordArray) -> StoredKeys:
        """Return what splits need of some records.

        Args:
            records: `[rows]` of this store.
        """
        return StoredKeys(
            records["row"],
            mix(self._sums(records)),
            records["group"] if self.group is not None else None,
            self._times(records),
        )

    def _sums(self, records: RecordArray) -> HashArray:
        """Return the sums of the hashes of the features' values in the source."""
        places: tuple[list[int], list[int]] = ([], [])
        for place, column in enumerate(self.stored):
            feature, apart = column.name in self._features, column.name in self.apart
            if feature == apart:
                places[feature].append(place)
        left_out, added = (
            to_columns(records, [self.stored[i] for i in side], side) for side in places
        )
        return source_sums(records, left_out, added)

    @cached_property
    def _features(self) -> frozenset[str]:
        return frozenset(self.names)

    def _times(self, records: RecordArray) -> npt.NDArray[Any] | None:
        if not self.time_kind:
            return None
        times = records["time"]
        return times.astype("M8[us]") if self.time_kind == "date" else times

    def _table(self, records: RecordArray, y: AnyArray) -> Table:
        by_name = {column.name: place for place, column in enumerate(self.stored)}
        places = [by_name[column.name] for column in self.columns]
        groups = None
        if self.group is not None:
            groups = np.unique(records["group"], return_inverse=True)[1].astype(
                np.int64
            )
        return Table(
            to_columns(records, self.columns, places),
            y,
            self.task,
            target=self.target,
            groups=groups,
            time=self._times(records),
            dropped=self.dropped,
            notes=self.notes,
            source=self.source,
        )

    @cached_property
    def sample(self) -> Table:
        """Rows drawn evenly from all, at most 20,000: what quantiles are read from."""
        size = min(QUANTILE_ROWS, len(self))
        places, keys = [], []
        bound = _key_bound(size, len(self))
        for block in self.blocks():
            each = row_keys(block.records["row"], 0, "quantiles")
            low = np.flatnonzero(each <= bound)
            places.append(block.first + low)
            keys.append(each[low])
        chosen = smallest_keys(np.concatenate(keys), size)
        return self.take(np.sort(np.concatenate(places)[chosen]))

    def quantiles(
        self, name: str, shares: Sequence[float], level: float = 0.95
    ) -> tuple[FloatArray, float]:
        """Return quantiles of a numeric column, and how far off their shares may be.

        They are those of the rows with the smallest hashes, a sample that can be
        merged from any parts. With probability `level` the share of all values that is
        below each returned value differs from the share asked for by at most the error
        (Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart 1990).

        Args:
            name: A numeric column.
            shares: In [0, 1].
            level: In (0, 1).

        Returns:
            `[shares]` values, NaN if there are none, and the error of the shares.

        Raises:
            InputError: There is no such numeric column.
        """
        number(level, "level", 0, 1, open_ends=True)
        column = self.sample[name]
        if column.kind != "numeric":
            raise InputError(
                sentence(f"the {column.kind} column {name!r}", "a numeric column")
            )
        values = column.values[~column.missing()]
        if not len(values):
            return np.full(len(shares), np.nan), math.nan
        whole = len(self.sample) == len(self)
        error = 0.0 if whole else math.sqrt(math.log(2 / (1 - level)) / 2 / len(values))
        each = [number(share, "share", 0, 1) for share in shares]
        return np.asarray(np.quantile(values, each, method="inverted_cdf")), error

    def with_memory(self, memory: int) -> StoredTable:
        """Return the same table with another limit, bytes."""
        return dataclasses.replace(self, memory=integer(memory, "memory", 1))

    def save(self) -> None:
        """Write what is known of the rows; the store is complete then."""
        write_whole(self.folder / MANIFEST, to_json(self._state()).encode())

    def _state(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "source": self.source,
            "target": self.target,
            "task": self.task.to_dict(),
            "columns": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "number": kind,
                    "feature": column.name in self._features,
                    "apart": column.name in self.apart,
                    "categories": list(column.categories),
                    "notation": None
                    if column.notation is None
                    else column.notation.to_dict(),
                }
                for column, kind in zip(self.stored, self.numbers, strict=True)
            ],
            "parts": [dataclasses.asdict(part) for part in self.parts],
            "group": self.group,
            "labels": [[name, *pair] for name, pair in self.label_totals.items()],
            "time": self.time,
            "time_kind": self.time_kind,
            "dropped": [dataclasses.asdict(each) for each in self.dropped],
            "notes": list(self.notes),
        }

    @classmethod
    def load(cls, folder: Path, memory: int) -> StoredTable:
        """Return the table of a store that is complete.

        Args:
            folder: The store.
            memory: How many bytes the rows may take in memory.

        Raises:
            TableError: It is none.
        """
        path = folder / MANIFEST
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            stored = tuple(_column(each) for each in state["columns"])
            features = [each["feature"] for each in state["columns"]]
            return cls(
                folder,
                tuple(c for c, used in zip(stored, features, strict=True) if used),
                stored,
                tuple(str(each["number"]) for each in state["columns"]),
                Task.from_dict(state["task"]),
                state["target"],
                tuple(StoredPart(**part) for part in state["parts"]),
                memory,
                state["group"],
                state["time"],
                state["time_kind"],
                tuple(Dropped(**each) for each in state["dropped"]),
                texts(state["notes"], "the notes"),
                state["source"],
                frozenset(each["name"] for each in state["columns"] if each["apart"]),
                {name: (int(a), int(b)) for name, a, b in state["labels"]},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, eq=False)
class StoredKeys:
    """What splits need of some rows.

    Attributes:
        row: `[rows]` places in the source.
        hashes: `[rows]` equal numbers for rows with equal features.
        group: `[rows]` hashes of the groups, or None.
        time: `[rows]` times, or None.
    """

    row: IntArray
    hashes: HashArray
    group: HashArray | None
    time: npt.NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class TakenRows:
    """Rows that were taken into memory, in the order of the source.

    Attributes:
        places: `[rows]` their positions in the store.
        table: The rows.
        keys: What splits need of them.
    """

    places: IntArray
    table: Table
    keys: StoredKeys


def stored_labels(folder: Path, columns: int, start: int, rows: int) -> AnyArray:
    """Return some rows of a store's label matrix, `[rows, label columns]` int8.

    Args:
        folder: The store.
        columns: How many label columns it has.
        start: The first row.
        rows: How many.

    Raises:
        TableError: The file is absent or too short.
    """
    path = folder / LABELS
    try:
        flat = np.fromfile(path, np.int8, rows * columns, offset=start * columns)
    except OSError as error:
        raise _damaged(path, str(error)) from error
    if len(flat) < rows * columns:
        raise _damaged(path, f"it ends after row {start + len(flat) // columns:,}")
    return flat.reshape(rows, columns)


def _key_bound(count: int, total: int) -> np.uint64:
    """Return a bound that the `count` smallest of `total` keys hardly ever exceed.

    So only little more than these need to be held. Eight standard deviations above
    the expected bound: too low with a probability of 1e-15.
    """
    share = (count + 8 * math.sqrt(count) + 64) / max(total, 1)
    return np.uint64(2**64 - 1 if share >= 1 else int(share * 2**64))


def _positions(rows: npt.ArrayLike, total: int) -> IntArray:
    index = np.asarray(rows)
    if index.dtype == np.bool_:
        index = np.flatnonzero(index)
    index = index.astype(np.int64)
    sound = not len(index) or (index[0] >= 0 and index[-1] < total)
    if not sound or (np.diff(index) <= 0).any():
        raise InputError(
            sentence(
                "positions that do not ascend, or lie outside of the store",
                f"ascending positions from 0 to {total - 1:,}",
            )
        )
    return index


def _column(state: Mapping[str, Any]) -> Column:
    kind = state["kind"]
    empty: npt.NDArray[Any] = np.zeros(0)
    if kind == "categorical":
        empty = np.zeros(0, np.int32)
    elif kind == "datetime":
        empty = np.zeros(0, "M8[us]")
    notation = state["notation"]
    return Column(
        state["name"],
        kind,
        empty,
        texts(state["categories"], "the categories"),
        None if notation is None else Notation.from_dict(notation),
    )


def _damaged(path: Path, why: str) -> TableError:
    return TableError(
        sentence(
            f"the store {str(path)!r}, which is damaged ({why.rstrip('.')})",
            "a store as it was written",
            f"Delete the folder {str(path.parent)!r}: it is made again from the files.",
        )
    )
