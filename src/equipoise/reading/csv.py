# SPDX-License-Identifier: Apache-2.0
"""CSV and TSV files: parsed by PyArrow, after a look at what it would not notice."""

from __future__ import annotations

import dataclasses
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.csv_bytes import CsvLayout, csv_layout, read_bytes, to_utf8
from equipoise.reading.csv_dialect import (
    Dialect,
    Records,
    is_number,
    sniff,
)
from equipoise.reading.header import read_header
from equipoise.reading.source import Notes, Raw

BLOCK = 1 << 23
_MOST_SECONDS = 5.0
_FIRST_ROWS = 1000


@dataclass(frozen=True)
class CsvForm:
    """How a file is written, as its beginning shows.

    Attributes:
        name: The file in words, for messages.
        dialect: Its dialect; `skip` counts the lines before the rows at hand.
        header: Whether the rows at hand begin with the header.
        names: The columns' names.
        second: Whether a second record below the header holds no values.
        hint: Added to the error about an absent column.
        fields: The header's fields, above these rows or above earlier ones, with single
            spaces; empty if the file has no header.
        numbers: Whether a field below a name is known to be a number.
    """

    name: str
    dialect: Dialect
    header: bool
    names: tuple[str, ...]
    hint: str = ""
    second: bool = False
    fields: tuple[str, ...] = ()
    numbers: bool = False

    @property
    def above(self) -> int:
        """How many records stand above the first row."""
        return int(self.header) + int(self.second)

    def after(self, lines: int) -> CsvForm:
        """Return the form of later rows of the file, behind so many lines."""
        dialect = dataclasses.replace(self.dialect, skip=lines)
        return dataclasses.replace(self, dialect=dialect, header=False, second=False)

    def with_numbers(self, table: Any) -> CsvForm:
        """Return the form of a file whose first rows are those of a table."""
        return dataclasses.replace(self, numbers=_holds_numbers(table, self))


def read_csv(path: Path, expected: Sequence[str] = ()) -> Raw:
    """Read a text file of fields, every field as text.

    Args:
        path: The file, plain or gzip.
        expected: Names of columns; if one is in the first record, that is a header.

    Raises:
        TableError: The file is empty, no text, has rows of different lengths, a quote
            that is not closed, a repeated column name, or one column only. The
            message names lines.
    """
    notes = Notes()
    name = f"the file {path.name!r}"
    data = to_utf8(read_bytes(path), name, notes)
    form, start = form_of(data, name, expected, notes)
    return read_records(data[start:] if start else data, form, notes)


def form_of(
    data: bytes, name: str, expected: Sequence[str], notes: Notes
) -> tuple[CsvForm, int]:
    """Return how a file is written, and where its header or first row begins.

    Args:
        data: The file's beginning in UTF-8; its first 256 KB, or 20 lines, decide.
        name: The file in words.
        expected: As in `read_csv`.
        notes: Takes what was noticed.

    Raises:
        TableError: There is one column only, or a name is repeated.
    """
    dialect, rows = sniff(data)
    _require_columns(rows, name)
    head = read_header(rows, lambda k: dialect.skip + 1 + k, name, expected, notes)
    if dialect.comments:
        lines = "line was" if dialect.skip == 1 else f"{dialect.skip} lines were"
        notes.add(f"The first {lines} skipped in {name}, as comments.")
    dialect = dataclasses.replace(dialect, skip=dialect.skip + head.skipped)
    header, second = bool(head.fields), head.second
    form = CsvForm(name, dialect, header, head.names, head.hint, second, head.fields)
    return form, _after_lines(data, dialect.skip)


def read_records(data: bytes, form: CsvForm, notes: Notes) -> Raw:
    """Read whole records, every field as text.

    Args:
        data: Records in UTF-8, with the header in front if the form says so.
        form: How they are written.
        notes: Takes what was noticed.

    Raises:
        TableError: As `read_csv`.
    """
    dialect = form.dialect
    layout = _sound(data, dialect, form.name, notes)
    table = _parse(data, form, layout)
    if not table.num_rows:
        raise TableError(sentence(f"{form.name} with a header only", "rows below it"))

    repeated = _repeated_headers(table, form)
    rows = np.delete(np.arange(table.num_rows), repeated) if repeated else None

    def line(row: int) -> int:
        record = (row if rows is None else int(rows[row])) + form.above
        if layout.lines is None:
            return record + 1 + dialect.skip
        return int(layout.lines[record]) + dialect.skip

    if rows is not None:
        first = repeated[0] + form.above
        at = first + 1 if layout.lines is None else int(layout.lines[first])
        rows_were = "row was" if len(repeated) == 1 else "rows were"
        notes.add(
            f"The header is repeated in {form.name} (first: line {at + dialect.skip}); "
            f"{len(repeated):,} such {rows_were} left out."
        )
        table = table.take(rows)
    return Raw(
        table,
        form.name,
        False,
        dialect.decimal,
        line,
        notes.sentences(),
        form.hint,
        proven=dialect.proven,
    )


def _repeated_headers(table: Any, form: CsvForm) -> list[int]:
    """Return the rows that repeat the header, in order.

    Files that were joined repeat it. A row is taken for it only if its fields are those
    of the header, two or more, and a field of the first rows is a number.
    """
    if len(form.fields) < 2 or len(form.fields) != table.num_columns:
        return []
    like = np.ones(table.num_rows, np.bool_)
    for column, field in zip(table.columns, form.fields, strict=True):
        like &= _may_be(column, field)
        if not like.any():
            return []
    repeated = [
        row
        for row in np.flatnonzero(like).tolist()
        if all(
            " ".join(column[row].as_py().split()) == field
            for column, field in zip(table.columns, form.fields, strict=True)
        )
    ]
    if not repeated or form.numbers:
        return repeated
    first = np.delete(np.arange(table.num_rows), repeated)[:_FIRST_ROWS]
    return repeated if _holds_numbers(table.take(first), form) else []


def _may_be(column: Any, field: str) -> npt.NDArray[np.bool_]:
    """Return which texts begin and end like a field of the header."""
    import pyarrow.compute as pc

    texts, words = pc.utf8_trim_whitespace(column), field.split()
    if len(words) < 2:
        like = pc.equal(texts, field)
    else:
        like = pc.and_(pc.starts_with(texts, words[0]), pc.ends_with(texts, words[-1]))
    return np.asarray(like.to_numpy(zero_copy_only=False), np.bool_)


def _holds_numbers(table: Any, form: CsvForm) -> bool:
    """Return whether the first rows have a number in a column with a name."""
    if len(form.fields) != table.num_columns:
        return False
    return any(
        is_number(text)
        for column, field in zip(table.columns, form.fields, strict=True)
        if field
        for text in column.slice(0, _FIRST_ROWS).to_pylist()
    )


def _after_lines(data: bytes, lines: int) -> int:
    """Return the position behind a number of lines."""
    position = 0
    for _ in range(lines):
        position = data.index(b"\n", position) + 1
    return position


def _require_columns(rows: Records, name: str) -> None:
    if max(map(len, rows), default=0) < 2:
        raise TableError(
            sentence(
                f"{name} with one column",
                "features and a target, separated by commas, semicolons, tabs or bars",
                "Is it separated by something else?",
            )
        )


def _sound(data: bytes, dialect: Dialect, name: str, notes: Notes) -> CsvLayout:
    """Return where rows lie; raise if a quote is not closed."""
    layout = csv_layout(data, dialect.delimiter, dialect.quote, dialect.escape)
    if layout.unclosed:
        line = layout.unclosed + dialect.skip
        raise TableError(
            sentence(
                f"{name} with a quote on line {line} that is not closed, so that the "
                "rows after it would be part of one field",
                "quotes in pairs",
                f"Close the quote on line {line}, or double it if it belongs to the "
                "text.",
            )
        )
    if layout.trailing:
        notes.add(
            f"{layout.trailing:,} field{'s'[: layout.trailing > 1]} of {name} "
            f"{'have' if layout.trailing > 1 else 'has'} text behind the closing quote "
            f"(first: line {layout.first_trailing + dialect.skip}); the quotes were "
            "taken off."
        )
    if layout.several:
        notes.add(
            f"{name[0].upper()}{name[1:]} has fields that span several lines (first: "
            f"line {layout.several + dialect.skip})."
        )
    return layout


def _parse(data: bytes, form: CsvForm, layout: CsvLayout) -> Any:
    """Parse all fields as texts; raise if a row has too few or too many."""
    import pyarrow as pa

    offset = _header_length(data, form.dialect) if form.header else 0
    if form.second:
        offset += _header_length(data[offset:], form.dialect)
    if offset >= len(data):
        return pa.table({column: pa.array([], pa.string()) for column in form.names})
    rows = memoryview(data)[offset:]
    table, ragged = _arrow(rows, form, layout, threads=True)
    if ragged:  # threads meet such rows in any order
        _, ragged = _arrow(rows, form, layout, threads=False)
        raise _ragged(ragged, form, layout)
    return table


def _arrow(
    rows: memoryview, form: CsvForm, layout: CsvLayout, *, threads: bool
) -> tuple[Any, list[Any]]:
    """Parse records; return the table, and the records of another width.

    What PyArrow's threads share with Python is gone when this returns: a thread that
    drops the last reference while the interpreter shuts down would end the process
    with "terminate called without an active exception".
    """
    import pyarrow as pa
    from pyarrow import csv

    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    view = rows[:]
    dialect, names = form.dialect, list(form.names)
    shared = weakref.ref(view), weakref.ref(note)
    table, wrong = None, ""
    try:
        table = csv.read_csv(
            pa.BufferReader(view),
            read_options=csv.ReadOptions(
                column_names=names,
                use_threads=threads,
                block_size=max(BLOCK, 2 * layout.longest + 2),
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                double_quote=not dialect.escape,
                escape_char=dialect.escape or False,
                newlines_in_values=bool(layout.several),
                invalid_row_handler=note,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        wrong = str(error)
    del view, note
    end = time.monotonic() + _MOST_SECONDS
    while any(one() is not None for one in shared) and time.monotonic() < end:
        time.sleep(0.0002)
    if table is None:
        raise TableError(
            sentence(f"{form.name}, which cannot be parsed ({wrong})", "rows of fields")
        )
    return table, ragged


def _header_length(data: bytes, dialect: Dialect) -> int:
    """Return the length of the first record, and blank lines before it, in bytes."""
    position, quoted = 0, False
    quote = dialect.quote.encode()
    seen = False
    while position < len(data):
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        line = data[position:end]
        quoted ^= line.count(quote) % 2 == 1
        seen |= bool(line.strip(b"\r"))
        position = end + 1
        if seen and not quoted:
            break
    return min(position, len(data))


def _ragged(rows: list[Any], form: CsvForm, layout: CsvLayout) -> TableError:
    """Return the error about the first row with too few or too many fields."""
    width, skipped = len(form.names), form.dialect.skip
    record = rows[0].number - 1 + form.above
    line = record + 1 if layout.lines is None else int(layout.lines[record])
    more = f", the first of {len(rows):,} such rows" if len(rows) > 1 else ""
    text = rows[0].text[:60] + ("..." if len(rows[0].text) > 60 else "")
    remedy = "Correct these lines, or quote fields that hold the delimiter."
    if width == 1 and form.above:
        remedy = f"If line {1 + skipped} is a title, take it out."
    return TableError(
        sentence(
            f"{form.name} whose line {line + skipped} has {rows[0].actual_columns} "
            f"field{'s'[: rows[0].actual_columns > 1]} ({text!r}){more}",
            f"{width} field{'s'[: width > 1]} in every row, as in the first",
            remedy,
        )
    )
