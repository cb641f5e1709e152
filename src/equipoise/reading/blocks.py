# SPDX-License-Identifier: Apache-2.0
"""Files of any size, block by block, against an earlier table.

A CSV file is read in pieces of whole records whose form (delimiter, quotes, header,
decimal mark) the file's beginning tells; a Parquet file in batches of rows. Memory
holds one block, and for Parquet the packed bytes of one row group. A file of one
block is read as `read_table` reads it.

Kinds and notations are those of the earlier table. What it does not tell, such as the
order of day and month in dates, a block may; later blocks are then read in the same
way, and one that contradicts it is an error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.csv import form_of, read_csv, read_records
from equipoise.reading.csv_bytes import csv_layout, mark_length, to_utf8
from equipoise.reading.csv_dialect import Dialect
from equipoise.reading.files import file_kind, read_file
from equipoise.reading.matching import table_like
from equipoise.reading.packed import UNPACK_ERRORS, damaged, unpacked_stream
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Notes, Raw, Request
from equipoise.reading.target_columns import require_targets
from equipoise.reading.zipped import unpacked
from equipoise.table.table import Table

BLOCK_BYTES = 1 << 23
BLOCK_ROWS = 65_536
# UTF-16 and UTF-32 files are read at once: they cannot be cut at single bytes.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


@dataclass(frozen=True, eq=False)
class FileBlock:
    """Some rows of a file.

    Attributes:
        table: The rows, with the columns of an earlier table.
        source: The rows as they stand in the file, a `pyarrow.Table`.
    """

    table: Table
    source: Any


@dataclass
class MergedNotes:
    """The notes of all blocks, each of them once.

    Example:
        >>> merged = MergedNotes()
        >>> merged.add(("Column 'x': 2 infinite values were taken as missing.",))
        >>> merged.add(("Column 'x': 7 infinite values were taken as missing.",))
        >>> print(*merged.sentences())
        Column 'x': 2 infinite values were taken as missing. (And in 1 later block.)
    """

    first: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, notes: Sequence[str]) -> None:
        """Add the notes of one block."""
        for note in notes:
            # A column's new categories differ between blocks; the note is one.
            key = re.sub(r"\d[\d,.]*", "#", note.split(": '")[0])
            key = key.replace("categories", "category")
            text, more = self.first.get(key, (note, -1))
            self.first[key] = (text, more + 1)

    def sentences(self) -> tuple[str, ...]:
        """Return each note once, with the number of blocks that repeat it."""
        return tuple(
            f"{text} (And in {more:,} later block{'s'[: more > 1]}.)" if more else text
            for text, more in self.first.values()
        )


def read_blocks(
    path: Path,
    *,
    like: Table,
    labelled: bool = False,
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
    chosen: Callable[[Raw], Raw] | None = None,
) -> Generator[FileBlock]:
    """Yield a file's rows in the form of an earlier table, in their order.

    Args:
        path: A file of any format that is read.
        like: The earlier table (rules in `equipoise.reading.matching`).
        labelled: Whether the target is read too.
        block_bytes: About how many bytes of text are a block.
        block_rows: How many rows of a Parquet file are a block.
        chosen: Returns the rows of a block that are taken; None for all.

    Raises:
        TableError: The file cannot be read, or its columns are others.
        TargetError: The target is absent, or has a new class.
    """
    names = [*like.target_columns, *like.names]
    blocks = raw_blocks(path, names, block_bytes, block_rows)
    with contextlib.closing(blocks):
        for raw in blocks:
            notes = Notes(list(raw.notes))
            if labelled:
                require_targets(raw, like.target_columns)
            if chosen is not None:
                raw = chosen(raw)
                if not raw.data.num_rows:
                    continue
            table = table_like(raw, like, notes, labelled=labelled)
            yield FileBlock(table, raw.data)
            like = _with_notations(like, table)


def _with_notations(like: Table, seen: Table) -> Table:
    """Return the earlier table, whose columns know how this file is written."""
    columns = tuple(
        dataclasses.replace(column, notation=seen[column.name].notation)
        if column.notation is not None
        else column
        for column in like.columns
    )
    return dataclasses.replace(like, columns=columns)


def raw_blocks(
    path: Path,
    names: Sequence[str],
    size: int = BLOCK_BYTES,
    rows: int = BLOCK_ROWS,
    *,
    columns: Sequence[str] | None = None,
) -> Generator[Raw]:
    """Yield a file's rows before they are typed, in their order.

    Args:
        path: The file.
        names: Names of columns; if one is in the first record, that is a header.
        size: About how many bytes of text are a block.
        rows: How many rows of a Parquet file are a block.
        columns: Those of a Parquet file that are needed, if it has them; None for all.

    Raises:
        TableError: The file cannot be read.
    """
    kind = file_kind(path)
    if kind == "parquet":
        yield from _parquet(path, rows, columns)
    elif kind == "zip":
        with unpacked(path) as inside:
            yield from raw_blocks(inside, names, size, rows, columns=columns)
    elif kind in ("arff", "json lines", "excel"):
        yield read_file(path, Request((), expected=tuple(names)))
    else:
        with unpacked_stream(path) as stream:
            yield from _csv(path, stream, names, size)


def _parquet(
    path: Path, rows: int, columns: Sequence[str] | None = None
) -> Iterator[Raw]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = f"the file {path.name!r}"
    first = 0
    try:
        with pq.ParquetFile(path) as file:
            require_distinct(file.schema_arrow.names, name)
            there = [name for name in columns or () if name in file.schema_arrow.names]
            for batch in file.iter_batches(rows, columns=there or None):
                data = plain_table(pa.Table.from_batches([batch]))
                yield Raw(data, name, first=first)
                first += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise TableError(
            sentence(
                f"{name}, which is damaged or cut off ({str(error).splitlines()[0]})",
                "a whole Parquet file",
                "Copy or write it again.",
            )
        ) from error
    if not first:
        raise TableError(sentence(f"{name} without rows", "at least one row"))


def _csv(path: Path, stream: Any, names: Sequence[str], size: int) -> Iterator[Raw]:
    """Yield the rows of a text file, in pieces that end with a record."""
    name = f"the file {path.name!r}"
    data = _more(stream, size, name)
    wide = data.startswith(_WIDE) or b"\0" in data[:4]
    if len(data) < size or b"\n" not in data or wide:
        yield read_csv(path, names)
        return
    notes = Notes()
    head = to_utf8(data[: data.rindex(b"\n") + 1], name, Notes())
    form, start = form_of(head, name, names, notes)
    lines = form.dialect.skip
    start += mark_length(data)
    rest, first = data[start:], True
    while rest := rest + _more(stream, size - len(rest), name):
        cut = _cut(rest, form.dialect, lines, name, len(rest) < size)
        piece, rest = rest[:cut], rest[cut:]
        now = form if first else form.after(lines)
        lines += piece.count(b"\n")
        if piece.strip():
            raw = read_records(to_utf8(piece, name, notes), now, notes)
            if first:
                form = form.with_numbers(raw.data)
            if raw.data.num_rows:  # none in a piece that only repeats the header
                yield raw
        notes, first = Notes(), False


def _more(stream: BinaryIO, size: int, name: str) -> bytes:
    try:
        return stream.read(max(0, size))
    except UNPACK_ERRORS as error:
        raise damaged(name, error) from error


def _cut(data: bytes, dialect: Dialect, lines: int, name: str, last: bool) -> int:
    """Return the length of the whole records that a piece begins with."""
    if last:
        return len(data)
    cut = data.rfind(b"\n") + 1
    while cut:
        layout = csv_layout(
            data[:cut], dialect.delimiter, dialect.quote, dialect.escape
        )
        if not layout.unclosed:
            return cut
        # The record that is cut off begins on this line, or on an earlier one.
        cut = _begin_of_line(data, layout.unclosed)
    raise TableError(
        sentence(
            f"{name} with a record from line {lines + 1} on that does not end within "
            f"{len(data):,} bytes",
            "shorter records, quotes in pairs",
            f"Is a quote on line {lines + 1} not closed?",
        )
    )


def _begin_of_line(data: bytes, line: int) -> int:
    position = 0
    for _ in range(line - 1):
        position = data.index(b"\n", position) + 1
    return position
