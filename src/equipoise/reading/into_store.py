# SPDX-License-Identifier: Apache-2.0
"""Files of any size, written once into a store (`equipoise.stores`).

The kinds of the columns follow from rows all over the files. Then each row group
of a Parquet file, or block of a text file, is typed by the rules of `matching`, and
becomes records in one file for each label, or in one file if labels are several
columns, whose matrix is in another. Classes, categories and counts grow on the
way, so one pass does. What is done is kept: a second run goes on behind it, and starts
again where a file has changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.files import to_json
from equipoise._core.memory import arrow_from_system, release_memory
from equipoise._core.types import HashArray, IntArray
from equipoise.errors import (
    InputTypeError,
    TableError,
    TargetError,
)
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.blocks import raw_blocks
from equipoise.reading.files import file_kind
from equipoise.reading.infer import infer
from equipoise.reading.label_columns import (
    LabelCounts,
    label_names,
    label_values,
    labels_left,
    look_exclusive,
    require_multilabel,
    tell_exclusive,
    tell_unknown,
)
from equipoise.reading.matching import table_like, target_like
from equipoise.reading.missing_labels import says_nothing
from equipoise.reading.options import ReadingOptions
from equipoise.reading.parquet import require_distinct, require_present
from equipoise.reading.paths import is_path
from equipoise.reading.roles import (
    TIMES,
    require_named,
    require_roles,
    times_of,
)
from equipoise.reading.roles import tuples_as_texts as named_texts
from equipoise.reading.shards import ShardFile, shard_files
from equipoise.reading.source import Notes, Raw
from equipoise.reading.store_journal import StoreJournal, label_file, one_writer
from equipoise.reading.target import label_codes, read_target
from equipoise.reading.target_columns import (
    LabelledRows,
    left_out_note,
    refuse_two_targets,
    require_targets,
)
from equipoise.reading.texts import texts_of
from equipoise.reading.useless_columns import useless
from equipoise.stores.records import (
    MOST_CATEGORIES,
    RowKeys,
    lost_as_float32,
    number_type,
    record_type,
    to_records,
)
from equipoise.stores.stored_table import (
    FORMAT,
    LABELS,
    MANIFEST,
    StoredPart,
    StoredTable,
    stored_labels,
)
from equipoise.table.hashes import text_hash
from equipoise.table.notation import Notation
from equipoise.table.row_groups import GROUPS
from equipoise.table.table import Column, Dropped, Table
from equipoise.task import UNKNOWN_LABEL, Task

STORES = ".equipoise-store"
HEAD_PIECES = 48
HEAD_ROWS = 2_048
BATCH_CELLS = 1 << 19
"""Values that are typed at once, which take some fifty bytes each on their way."""
MOST_BATCH_ROWS = 65_536
MOST_LABELS = 1_000
TOLD_ROWS = 50_000
"""Rows of a column that tells the classes in their shares."""
WAITING = "waiting for another process that writes this store"

StoreProgress = Callable[[str, float], None]


def open_store(
    source: str | os.PathLike[str],
    target: str | None,
    options: ReadingOptions,
    memory: int,
    store: str | os.PathLike[str] | None = None,
    progress: StoreProgress | None = None,
) -> StoredTable:
    """Return the rows of files as a table on disk, writing it if that is not done.

    Args:
        source: A file, a folder of files, or a pattern; see `shard_files`.
        target: The target's name.
        options: How the files are read.
        memory: How many bytes the rows may take in memory later.
        store: The folder for stores; `.equipoise-store` beside the files if None. It
            takes about as much room as the values of the rows as float32.
        progress: Called with a sentence and the share done.

    Raises:
        TableError: A file cannot be read, is missing, or has another type of column;
            the message names it. What was done before is kept.
        TargetError: The target is absent or cannot be used.
        InputTypeError: The source is no file.
    """
    if not is_path(source):
        raise InputTypeError(
            sentence(
                f"memory= with a source of type {type(source).__name__}",
                "the path of a file, of a folder of files, or a pattern",
                "What is in memory already needs no store: leave memory= out.",
            )
        )
    files = shard_files(source)
    base = Path(store) if store is not None else files[0].path.parent / STORES
    read_as = dataclasses.asdict(options)
    del read_as["draw_by"]  # a store holds features, and nothing beside them
    key = [FORMAT, str(Path(source).absolute()), target, read_as]
    digest = hashlib.sha256(to_json(key).encode()).hexdigest()
    folder, report = base / digest[:16], progress or (lambda text, share: None)
    with arrow_from_system():
        targets = _readable_targets(files, target, options)
        with one_writer(folder, lambda: report(WAITING, 0.0)):
            writer = _Writer.of(folder, files, targets, options, Path(source).name)
            return writer.run(memory, report)


def _readable_targets(
    files: tuple[ShardFile, ...], target: str | None, options: ReadingOptions
) -> tuple[str, ...]:
    """Return the target columns.

    Raises:
        TableError: A column that is asked for is absent, or its type changes.
        TargetError: A target is absent.
        InputError: There is a target beside several labels.
    """
    asked: tuple[str, ...] = () if target is None else (target,)
    if options.targets is not None:
        if asked:
            refuse_two_targets(target, options.targets)
        asked = tuple(str(name) for name in options.targets)
    first = _head(files[:1], asked, dataclasses.replace(options, drop=()))
    if options.targets is not None:
        left = [n for n in first.data.column_names if n not in set(options.drop)]
        asked = label_names(asked, left, first.name)
    if _several(options):
        require_multilabel(asked, options.positive, options.task)
    require_targets(first, asked)
    require_present(options.drop, first.data.column_names, first.name)
    require_present(options.keep, first.data.column_names, first.name, "keep")
    require_roles(first, {"group": options.group, "time": options.time})
    _require_same_types(files, options.drop)
    return asked


def _several(options: ReadingOptions) -> bool:
    """Return whether the targets are labels, which do not exclude each other."""
    return options.targets is not None or options.task == "multilabel"


@dataclass(eq=False)
class _Writer:
    """Writes a store, from the journal's end on.

    Attributes:
        files: The files of the source.
        targets: The names of the target, or of the label columns.
        options: How they are read.
        name: The source in words.
        journal: What is done.
        columns: The columns of the store, with the categories so far.
        numbers: Their types, if they are numbers.
        apart: Names of those whose hashes are in no record's sum.
        time_kind: "number", "date" or "".
        dropped: Columns that are not in the store.
        notes: What was noticed.
        labels: The labels so far, in the order in which they came.
        rows: Rows of the source so far.
    """

    files: tuple[ShardFile, ...]
    targets: tuple[str, ...]
    options: ReadingOptions
    name: str
    journal: StoreJournal
    columns: list[Column] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    apart: frozenset[str] = frozenset()
    time_kind: str = ""
    dropped: list[Dropped] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    rows: int = 0

    @classmethod
    def of(
        cls,
        folder: Path,
        files: tuple[ShardFile, ...],
        targets: tuple[str, ...],
        options: ReadingOptions,
        name: str,
    ) -> _Writer:
        """Begin a store, or go on with one that was begun."""
        writer = cls(files, targets, options, name, StoreJournal.of(folder))
        writer._require_all_there()
        writer._restore()
        return writer

    @property
    def target(self) -> str:
        """The target's name; several are joined by a comma."""
        return ", ".join(self.targets)

    @property
    def several(self) -> bool:
        """Whether the targets are labels, which do not exclude each other."""
        return _several(self.options)

    def _require_all_there(self) -> None:
        """Raise if a file that the store has rows of is gone."""
        names = {file.path.name for file in self.files}
        for entry in self.journal.lines[1:]:
            if entry["file"][0] not in names:
                raise TableError(
                    sentence(
                        f"files without {entry['file'][0]!r}, of which the store has "
                        "rows",
                        "all files from which the store was begun",
                        f"Put it back, or delete {str(self.journal.folder)!r} to begin "
                        "without it.",
                    )
                )

    def _begin(self) -> None:
        """Tell the kinds of the columns from rows all over the files."""
        head = _head(self.files, self.targets, self.options)
        notes = Notes(list(head.notes))
        head = dataclasses.replace(head, order=self.options.date_order)
        roles = {self.options.group: GROUPS, self.options.time: TIMES}
        columns: list[Column] = []
        dropped = [Dropped(name, "left out as asked") for name in self.options.drop]
        for name in head.data.column_names:
            if name in self.targets or name in self.options.drop:
                continue
            if name in roles:
                dropped.append(Dropped(name, roles[name]))
                continue
            column = infer(name, head, notes)
            if isinstance(column, Dropped):
                dropped.append(column)
            else:
                columns.append(column)
        time_kind = ""
        if self.options.time is not None:
            times = times_of(head, self.options.time, notes)
            time_kind = "date" if times.dtype.kind == "M" else "number"
        # These are hardly features: their hashes stay out of the rows' sums.
        apart = {c.name for c in columns if useless(c)} - set(self.options.keep)
        self.journal.begin(
            {
                "format": FORMAT,
                "columns": [
                    {
                        "name": column.name,
                        "kind": column.kind,
                        "number": _number_type(column, column.name in apart),
                        "apart": column.name in apart,
                        "notation": None
                        if column.notation is None
                        else column.notation.to_dict(),
                    }
                    for column in columns
                ],
                "time_kind": time_kind,
                "dropped": [dataclasses.asdict(each) for each in dropped],
                "notes": list(notes.sentences()),
            }
        )

    def _restore(self) -> None:
        """Take the state of the last whole piece whose files are as they were."""
        sound = 1
        for entry in self.journal.lines[1:]:
            place = entry["place"]
            now = self.files[place].identity if place < len(self.files) else None
            if now != entry["file"]:
                break
            sound += 1
        if sound < len(self.journal.lines):
            self._incomplete()
        if sound > 1:
            self.journal.cut(sound)  # also cuts back what has no line
        else:
            self._begin()  # files that were written anew may have other columns
            release_memory()  # of the rows that told the kinds
        head = self.journal.lines[0]
        self.columns = [_empty(each) for each in head["columns"]]
        self.numbers = [each["number"] for each in head["columns"]]
        self.apart = frozenset(c["name"] for c in head["columns"] if c["apart"])
        self.time_kind = head["time_kind"]
        self.dropped = [Dropped(**each) for each in head["dropped"]]
        self.notes = dict.fromkeys(head["notes"])
        for entry in self.journal.lines[1:]:
            self.labels += entry["labels"]
            self.rows = entry["rows"]
            self.notes.update(dict.fromkeys(entry["notes"]))
            for place, new in entry["categories"].items():
                column = self.columns[int(place)]
                self.columns[int(place)] = dataclasses.replace(
                    column, categories=(*column.categories, *new)
                )
            for place, notation in entry["notations"].items():
                self.columns[int(place)] = dataclasses.replace(
                    self.columns[int(place)], notation=Notation.from_dict(notation)
                )

    def _incomplete(self) -> None:
        """Forget what was said of all rows: there will be others."""
        (self.journal.folder / MANIFEST).unlink(missing_ok=True)

    def run(self, memory: int, report: StoreProgress) -> StoredTable:
        """Write what is not there yet, and return the table."""
        done = [(entry["place"], entry["unit"]) for entry in self.journal.lines[1:]]
        complete = {e["place"] for e in self.journal.lines[1:] if e["last"]}
        wrote = False
        try:
            for place, file in enumerate(self.files):
                if place in complete:
                    continue
                report(f"reading {file.path.name}", place / len(self.files))
                after = max((unit for p, unit in done if p == place), default=-1)
                for unit, last, raws in _units(file.path, after, self._wanted):
                    if not wrote:
                        self._incomplete()
                    wrote = True
                    self._add_unit(place, unit, last, raws)
        finally:
            self.journal.close()
        release_memory()
        if not wrote and (self.journal.folder / MANIFEST).exists():
            return StoredTable.load(self.journal.folder, memory)
        return self._finish(memory)

    @property
    def _wanted(self) -> tuple[str, ...]:
        roles = (self.options.group, self.options.time)
        names = [column.name for column in self.columns]
        return (*names, *self.targets, *(name for name in roles if name is not None))

    def _add_unit(self, place: int, unit: int, last: bool, raws: Iterator[Raw]) -> None:
        """Add a piece of a file, and note that it is done."""
        before = [len(column.categories) for column in self.columns]
        notations = [column.notation for column in self.columns]
        labels, notes = len(self.labels), len(self.notes)
        for raw in raws:
            self._add(raw)
        self.journal.commit(
            {
                "place": place,
                "file": self.files[place].identity,
                "unit": unit,
                "last": last,
                "rows": self.rows,
                "labels": self.labels[labels:],
                "notes": list(self.notes)[notes:],
                "categories": {
                    str(i): list(column.categories[count:])
                    for i, (column, count) in enumerate(
                        zip(self.columns, before, strict=True)
                    )
                    if len(column.categories) > count
                },
                "notations": {
                    str(i): column.notation.to_dict()
                    for i, (column, earlier) in enumerate(
                        zip(self.columns, notations, strict=True)
                    )
                    if column.notation is not None and column.notation != earlier
                },
            }
        )

    def _add(self, raw: Raw) -> None:
        """Add some rows, whose place in the source is what follows."""
        first, count = self.rows, len(raw.data)
        self.rows += count
        raw = dataclasses.replace(raw, order=self.options.date_order)
        notes, positions = Notes(), np.arange(count)
        if self.options.unlabelled == "drop":
            raw = self._labelled_rows(raw, notes)
            if raw.positions is not None:
                positions = np.asarray(raw.positions)
            if not len(positions):
                self.notes.update(dict.fromkeys(notes.sentences()))
                return
        require_roles(raw, {"group": self.options.group, "time": self.options.time})
        task = Task("binary", ("0", "1"))
        if self.several:
            task = Task("multilabel", self.targets)
        like = self._schema(task)
        table = table_like(raw, like, notes, labelled=False)
        self.columns = [
            dataclasses.replace(
                column,
                categories=seen.categories[:MOST_CATEGORIES],
                notation=seen.notation or column.notation,
            )
            for column, seen in zip(self.columns, table.columns, strict=True)
        ]
        self._note_what_is_lost(table)
        keys = RowKeys(first + positions, self._groups(raw, first), self._times(raw))
        records = to_records(table, keys, self._type, self.apart)
        if self.several:
            self.journal.append(label_file(0), records)
            labels = label_values(raw, self.targets, Notes())
            self.journal.append(LABELS, labels)
        else:
            codes, texts = label_codes(raw, self.target, notes, named=True)
            for code, place in enumerate(self._label_places(texts)):
                self.journal.append(label_file(place), records[codes == code])
        self.notes.update(
            dict.fromkeys(n for n in notes.sentences() if "unseen by a model" not in n)
        )

    def _labelled_rows(self, raw: Raw, notes: Notes) -> Raw:
        """Return the rows of a block that have a label; there may be none."""
        if not self.several:
            rows = LabelledRows(self.targets)
            rows.look(raw)
            raw = rows.of(raw)
            for text in rows.notes() if rows.gone and rows.left else ():
                notes.add(text)
            return raw
        y = label_values(raw, self.targets, Notes())
        positions = np.flatnonzero((y != UNKNOWN_LABEL).any(axis=1))
        if len(positions) == len(y):
            return raw
        data = raw.data.take(positions)
        return dataclasses.replace(raw, data=data, positions=positions)

    def _note_what_is_lost(self, table: Table) -> None:
        """Note numbers that are larger than the first rows let expect."""
        for column, number in zip(table.columns, self.numbers, strict=True):
            if column.kind != "numeric" or number != "<f4":
                continue
            rounded, beyond = lost_as_float32(column)
            if rounded:
                text = "whole numbers from 16,777,216 on were rounded to 7 digits"
                self.notes[_late(column.name, text)] = None
            if beyond:
                text = "numbers beyond 3.4e38 were taken as missing"
                self.notes[_late(column.name, text)] = None

    @property
    def _type(self) -> np.dtype[Any]:
        return record_type(
            self.columns,
            self.numbers,
            grouped=self.options.group is not None,
            time=self.time_kind,
        )

    def _schema(self, task: Task) -> Table:
        empty = tuple(
            dataclasses.replace(column, values=_no_values(column.kind))
            for column in self.columns
        )
        gone = tuple(self.dropped)
        return Table(empty, None, task, target=self.target, dropped=gone)

    def _label_places(self, texts: Sequence[str]) -> list[int]:
        """Return the number of each label's file; new labels get new ones."""
        by_text = {text.casefold(): k for k, text in enumerate(self.labels)}
        for text in texts:
            if text.casefold() not in by_text:
                by_text[text.casefold()] = len(self.labels)
                self.labels.append(text)
        if len(self.labels) > MOST_LABELS:
            raise TargetError(
                sentence(
                    f"the target {self.target!r} with more than {MOST_LABELS:,} "
                    "different values",
                    "classes",
                    "Make classes of it first, for example y > threshold.",
                )
            )
        return [by_text[text.casefold()] for text in texts]

    def _groups(self, raw: Raw, first: int) -> HashArray | None:
        name = self.options.group
        if name is None:
            return None
        values = named_texts(raw.data.column(name))
        require_named(values.type, name)
        import pyarrow as pa
        import pyarrow.compute as pc

        if not pa.types.is_dictionary(values.type):
            values = pc.cast(values, pa.large_string())
        texts = texts_of(values)
        words = [text.strip() for text in texts.list()]
        lookup = np.array([*(text_hash(word) for word in words), 0], np.uint64)
        hashes = lookup[texts.codes]
        blank = np.array([*(not word for word in words), True])[texts.codes]
        # A row without a group is a group of its own.
        alone = first + np.flatnonzero(blank)
        hashes[blank] = [text_hash(f"\0row {row}") for row in alone]
        return np.asarray(hashes)

    def _times(self, raw: Raw) -> Any:
        name = self.options.time
        if name is None:
            return None
        times = times_of(raw, name, Notes())
        if (times.dtype.kind == "M") != (self.time_kind == "date"):
            raise TableError(
                sentence(
                    f"{raw.name} whose column time={name!r} holds "
                    f"{'numbers' if self.time_kind == 'date' else 'dates'}",
                    "times of one kind in all files",
                )
            )
        return times

    def _finish(self, memory: int) -> StoredTable:
        """Tell the classes and the useless columns, now that all rows are known."""
        if not self.rows:
            raise TableError(
                sentence(f"{self.name!r} without rows", "at least one row")
            )
        notes = Notes()
        label_totals: dict[str, tuple[int, int]] = {}
        if self.several:
            task, parts, label_totals = self._labels_of_all(notes)
        else:
            task, parts = self._classes_of_all(notes)
        stored = self._schema(task).columns
        table = StoredTable(
            self.journal.folder,
            stored,
            stored,
            tuple(self.numbers),
            task,
            ", ".join(task.classes) if self.several else self.target,
            tuple(sorted(parts, key=lambda part: (part.number, part.file))),
            memory,
            self.options.group,
            self.options.time,
            self.time_kind,
            tuple(self.dropped),
            source=self.name,
            apart=self.apart,
            label_totals=label_totals,
        )
        gone = self._useless(table)
        left = tuple(column for column in stored if column.name not in gone)
        if not left:
            raise TableError(
                sentence(
                    f"{self.name!r} without a usable feature beside the target",
                    "at least one column that varies",
                )
            )
        for column in stored:
            if len(column.categories) >= MOST_CATEGORIES and column.name not in gone:
                notes.add(
                    f"Column {column.name!r}: categories beyond the first "
                    f"{MOST_CATEGORIES:,} were taken as missing."
                )
        for name, reason in gone.items():
            notes.add(f"Column {name!r} left out because {reason}.")
        table = dataclasses.replace(
            table,
            columns=left,
            dropped=(*self.dropped, *(Dropped(n, r) for n, r in gone.items())),
            notes=(*self.notes, *notes.sentences()),
        )
        table.save()
        return table

    def _rows_in(self, name: str) -> int:
        return self.journal.sizes.get(name, 0) // self._type.itemsize

    def _classes_of_all(self, notes: Notes) -> tuple[Task, tuple[StoredPart, ...]]:
        """Return the task, and the part of each label of one target."""
        places = list(range(len(self.labels)))
        if self.options.unlabelled == "drop":
            # Whether -1 is a class, all labels together tell.
            nothing = says_nothing(self.labels)
            gone = [k for k in places if self.labels[k] in nothing]
            places = [k for k in places if k not in gone]
            count = sum(self._rows_in(label_file(k)) for k in gone)
            if count:
                notes.add(left_out_note(repr(self.name), count))
        labels = [self.labels[k] for k in places]
        counts = np.array([self._rows_in(label_file(k)) for k in places])
        task, numbers = self._task(labels, counts, notes)
        parts = tuple(
            StoredPart(label_file(k), text, int(number), int(count))
            for k, text, number, count in zip(
                places, labels, numbers, counts, strict=True
            )
        )
        return task, parts

    def _labels_of_all(
        self, notes: Notes
    ) -> tuple[Task, tuple[StoredPart, ...], dict[str, tuple[int, int]]]:
        """Return the task of several labels, the part of all rows, and the counts."""
        rows, columns = self._rows_in(label_file(0)), len(self.targets)
        counts = LabelCounts.of(np.zeros((0, columns), np.int8))
        for y in self._label_pieces(rows):
            counts += LabelCounts.of(y)
        if self.options.unlabelled == "drop" and rows < self.rows:
            notes.add(left_out_note(repr(self.name), self.rows - rows))
        tell_unknown(self.targets, counts, repr(self.name), notes)
        varied, dropped = labels_left(self.targets, counts, repr(self.name), notes)
        self.dropped += [d for d in dropped if d not in self.dropped]
        if all(look_exclusive(y[:, varied]) for y in self._label_pieces(rows)):
            tell_exclusive(len(varied), notes)
        totals = {
            name: (int(without), int(having))
            for name, (without, having) in zip(
                self.targets, counts.totals.tolist(), strict=True
            )
        }
        task = Task("multilabel", tuple(self.targets[j] for j in varied))
        return task, (StoredPart(label_file(0), "", 0, rows),), totals

    def _label_pieces(self, rows: int) -> Iterator[Any]:
        columns = len(self.targets)
        step = max(1, BATCH_CELLS // columns)
        for start in range(0, rows, step):
            count = min(step, rows - start)
            yield stored_labels(self.journal.folder, columns, start, count)

    def _task(
        self, labels: Sequence[str], counts: IntArray, notes: Notes
    ) -> tuple[Task, IntArray]:
        """Return the task, and the class of each label."""
        import pyarrow as pa

        least = np.ones_like(counts)
        share = min(1.0, TOLD_ROWS / max(1, int(counts.sum())))
        shown = np.maximum(least, np.round(counts * share).astype(np.int64))
        if len(counts) == 2 and shown[0] == shown[1] and counts[0] != counts[1]:
            shown[int(np.argmax(counts))] += 1
        codes = np.repeat(np.arange(len(counts)), shown)
        column = pa.array([labels[k] for k in codes.tolist()], pa.large_string())
        raw = Raw(pa.table({self.target: column}), self.name)
        values = read_target(
            raw,
            self.target,
            notes,
            positive=self.options.positive,
            task=self.options.task,
            unlabelled=self.options.unlabelled,
        )
        each = pa.array(labels, pa.large_string())
        one = Raw(pa.table({self.target: each}), self.name)
        return values.task, target_like(one, self._schema(values.task), Notes())

    def _useless(self, table: StoredTable) -> dict[str, str]:
        """Return by name why columns cannot help, from an even sample of the rows."""
        sample = [_with_values_only(column) for column in table.sample.columns]
        reasons = {c.name: useless(c) for c in sample}
        keep = set(self.options.keep)
        gone = {n: r for n, r in reasons.items() if r and n not in keep}
        constant = [n for n, reason in gone.items() if "one value" in reason]
        constant += [n for n, reason in gone.items() if "no values" in reason]
        places = [i for i, c in enumerate(table.stored) if c.name in constant]
        # A value that is rare among all rows may be absent from the sample.
        varies = _varying(table, places)
        return {n: r for n, r in gone.items() if n not in varies}


def _with_values_only(column: Column) -> Column:
    """Return a column whose categories are those of its rows."""
    if column.kind != "categorical":
        return column
    codes = np.unique(column.values[column.values >= 0])
    return dataclasses.replace(
        column,
        values=np.where(column.values < 0, -1, np.searchsorted(codes, column.values)),
        categories=tuple(column.categories[code] for code in codes.tolist()),
    )


def _varying(table: StoredTable, places: Sequence[int]) -> set[str]:
    """Return which columns have two different entries in all rows."""
    first: dict[int, Any] = {}
    varying: set[int] = set()
    for block in table.blocks() if places else ():
        for place in places:
            values = block.records[f"c{place}"]
            start = first.setdefault(place, values[0])
            same = (values == start) | ((values != values) & (start != start))
            if place not in varying and not same.all():
                varying.add(place)
    return {table.stored[place].name for place in varying}


def _late(name: str, what: str) -> str:
    return (
        f"Column {name!r}: {what}, because the rows that told the columns' types had "
        "none. Put a row with the largest number at the top of the first file, or "
        "leave the column out with drop=."
    )


def _empty(state: dict[str, Any]) -> Column:
    notation = state["notation"]
    return Column(
        state["name"],
        state["kind"],
        _no_values(state["kind"]),
        (),
        None if notation is None else Notation.from_dict(notation),
    )


def _number_type(column: Column, apart: bool) -> str:
    """Return how the numbers of a column are stored; "" if it holds none.

    Args:
        column: The rows that tell the kinds.
        apart: Whether its hash is told from what is stored, if it is a feature.
    """
    if column.kind != "numeric":
        return ""
    return "<f8" if apart else number_type(column)


def _no_values(kind: str) -> Any:
    types = {"categorical": "i4", "datetime": "M8[us]"}
    return np.zeros(0, types.get(kind, "f8"))


def _head(
    files: Sequence[ShardFile], targets: Sequence[str], options: ReadingOptions
) -> Raw:
    """Return rows from all over the files."""
    roles = (options.group, options.time)
    names = [*targets, *(name for name in roles if name is not None)]
    if file_kind(files[0].path) == "parquet":
        return _parquet_head([file.path for file in files], options.drop)
    step = max(1, len(files) // 16)
    raws = []
    for file in files[::step]:
        with contextlib.closing(raw_blocks(file.path, names)) as blocks:
            raws.append(next(blocks))
    import pyarrow as pa

    order = [n for n in raws[0].data.column_names if n not in set(options.drop)]
    for file, raw in zip(files[::step], raws, strict=True):
        _require_names(file.path, raw.data.column_names, order)
    if len(raws) == 1:
        return raws[0]
    data = pa.concat_tables([raw.data.select(order) for raw in raws])
    return dataclasses.replace(raws[0], data=data)


def _require_names(path: Path, names: Sequence[str], first: Sequence[str]) -> None:
    absent = [name for name in first if name not in names]
    if absent:
        raise TableError(
            sentence(
                f"the file {path.name!r} without the column"
                f"{'s'[: len(absent) > 1]} {listing(absent)}",
                "the columns of the first file in all files",
                "Write it again, or leave the columns out with drop=.",
            )
        )


def _parquet_head(paths: Sequence[Path], drop: Sequence[str]) -> Raw:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pieces: list[tuple[Path, int]] = []
    for path in paths:
        with _opened(path) as file:
            pieces += [(path, group) for group in range(file.num_row_groups)]
    step = max(1, len(pieces) // HEAD_PIECES)
    tables = []
    for path, group in pieces[::step]:
        with _opened(path) as file, _naming(path, group):
            batch = next(file.iter_batches(HEAD_ROWS, row_groups=[group]), None)
            if batch is not None:
                tables.append(plain_table(pa.Table.from_batches([batch])))
        release_memory()  # of the row group, of which few rows are left
    if not tables:
        with pq.ParquetFile(paths[0]) as file:
            tables.append(plain_table(file.schema_arrow.empty_table()))
    order = [name for name in tables[0].column_names if name not in set(drop)]
    data = pa.concat_tables(
        [table.select(order) for table in tables], promote_options="permissive"
    )
    return Raw(plain_table(data), f"the file {paths[0].name!r}")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            require_distinct(file.schema_arrow.names, f"the file {path.name!r}")
            yield file
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, "", error) from error


@contextlib.contextmanager
def _naming(path: Path, group: int) -> Iterator[None]:
    """Name the file and the row group in what PyArrow raises."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, f" in row group {group}", error) from error


def _damaged(path: Path, where: str, error: BaseException) -> TableError:
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return TableError(
        sentence(
            f"the file {path.name!r}, which is damaged or cut off{where} ({text})",
            "a whole Parquet file",
            "Copy or write it again, and run the same again: what is done is kept.",
        )
    )


def _kind(kind: Any) -> str:
    """Return what an Arrow type holds, in words."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_null(kind):
        return ""
    if types.is_boolean(kind):
        return "booleans"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "numbers"
    if types.is_temporal(kind):
        return "dates or times"
    if types.is_string(kind) or types.is_large_string(kind):
        return "strings"
    return str(kind)


def _require_same_types(files: Sequence[ShardFile], drop: Sequence[str]) -> None:
    """Raise if a column has another type in one of the Parquet files."""
    if file_kind(files[0].path) != "parquet":
        return
    first: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for place, file in enumerate(files):
        with _opened(file.path) as opened:
            schema = opened.schema_arrow
        if not place:
            names = [name for name in schema.names if name not in set(drop)]
        _require_names(file.path, schema.names, names)
        for field_ in schema:
            kind = _kind(field_.type)
            if not kind or field_.name not in names:
                continue
            before, where = first.setdefault(field_.name, (kind, file.path.name))
            if before != kind:
                raise TableError(
                    sentence(
                        f"the file {file.path.name!r} whose column {field_.name!r} "
                        f"holds {kind}",
                        f"{before}, as in {where!r}",
                        "Write the column with one type in all files, or leave it out "
                        "with drop=.",
                    )
                )


def _units(
    path: Path, after: int, names: Sequence[str]
) -> Iterator[tuple[int, bool, Iterator[Raw]]]:
    """Yield the pieces of a file behind one of them, and whether each is the last."""
    if file_kind(path) == "parquet":
        yield from _row_groups(path, after, names)
        return
    with contextlib.closing(raw_blocks(path, names)) as blocks:
        waiting = next(blocks, None)
        unit = 0
        while waiting is not None:
            following = next(blocks, None)
            if unit > after:
                yield unit, following is None, iter((waiting,))
            unit, waiting = unit + 1, following


def _row_groups(
    path: Path, after: int, names: Sequence[str]
) -> Iterator[tuple[int, bool, Iterator[Raw]]]:
    with _opened(path) as file:
        count = file.num_row_groups
        first = sum(file.metadata.row_group(g).num_rows for g in range(after + 1))
        columns = [name for name in file.schema_arrow.names if name in set(names)]
        for group in range(after + 1, count):
            yield group, group == count - 1, _batches(file, path, group, columns, first)
            first += file.metadata.row_group(group).num_rows
        if not count:
            yield 0, True, iter(())


def _batches(
    file: Any, path: Path, group: int, columns: Sequence[str], first: int
) -> Iterator[Raw]:
    import pyarrow as pa

    rows = min(MOST_BATCH_ROWS, max(1_024, BATCH_CELLS // max(1, len(columns))))
    batches = file.iter_batches(rows, row_groups=[group], columns=columns)
    while True:
        with _naming(path, group):
            batch = next(batches, None)
            if batch is None:
                return
            data = plain_table(pa.Table.from_batches([batch]))
        yield Raw(data, f"the file {path.name!r}", first=first)
        first += len(batch)
