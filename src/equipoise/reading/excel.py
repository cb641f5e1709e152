# SPDX-License-Identifier: Apache-2.0
"""Excel workbooks (.xlsx): the one sheet that holds rows.

The rules are those of CSV. Blank rows are skipped, with a note if rows follow; so are
columns left of the table that hold nothing. A column without a name is called by its
number; values right of the last name are an error. Times of day and durations are
seconds. What a formula leaves that could not be computed is missing, with a note; a
formula whose value was not saved is an error.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from equipoise._core.checks import listing, sentence
from equipoise._core.extras import require_extra
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_column
from equipoise.reading.csv_dialect import SAMPLE_ROWS
from equipoise.reading.formula_errors import FORMULA_ERRORS
from equipoise.reading.frames import objects
from equipoise.reading.header import Header, read_header
from equipoise.reading.source import Notes, Raw, Request
from equipoise.reading.workbook import Cell, Sheet, Workbook, blank, read_workbook

NOT_THERE = "#N/A"
"""What a formula leaves for a value that is not there: missing."""
ERRORS = frozenset(FORMULA_ERRORS) - {NOT_THERE}
"""What it leaves if it could not be computed: missing, with a note."""
_SPANS = (datetime.time, datetime.timedelta)


def read_excel(path: Path, request: Request | None = None) -> Raw:
    """Read a workbook with one sheet of rows below one line of names.

    Formulas have the values that were saved with them.

    Args:
        path: The file.
        request: The columns to expect, and those that are not needed.

    Raises:
        MissingExtraError: openpyxl is not installed.
        TableError: The file is damaged; no sheet or several hold rows; a value stands
            right of the last name; a name is repeated; or the value of a formula was
            not saved.
    """
    require_extra("excel", ("openpyxl",), "reading an Excel workbook")
    import pyarrow as pa

    request = request or Request()
    name, notes = f"the file {path.name!r}", Notes()
    book = read_workbook(path, name)
    sheet = book.sheet
    if book.several:
        name = f"the sheet {sheet.title!r} of {name}"
    if book.hidden:
        notes.add(
            f"{name[0].upper()}{name[1:]} was read; the hidden "
            f"sheet{'s'[: len(book.hidden) > 1]} {listing(book.hidden)} "
            f"{'were' if len(book.hidden) > 1 else 'was'} not."
        )
    first, rows = _rectangle(sheet.rows)
    texts = [[_as_name(value) for value in row] for row in rows[:SAMPLE_ROWS]]
    expected = [*request.targets, *request.expected]
    head = read_header(texts, lambda k: sheet.lines[k], name, expected, notes)
    if head.fields:
        width = _width(head, rows, sheet, first, name)
        head = _cut(head, width)
        rows = [row[:width] for row in rows]
    _require_saved(sheet, head.names, first, request, name, notes)
    above = head.above
    if len(rows) <= above:
        raise TableError(sentence(f"{name} without rows", "at least one row"))
    _tell_blank_rows(sheet.lines[head.skipped :], name, notes)
    _tell_merged(sheet, above, first, len(head.names), name, notes)
    lines = sheet.lines[above:]
    columns = [
        plain_column(pa.chunked_array([objects(_values(column, title, book, notes))]))
        for title, column in zip(
            head.names, zip(*rows[above:], strict=True), strict=True
        )
    ]
    return Raw(
        pa.table(columns, names=list(head.names)),
        name,
        line=lambda row: lines[row],
        notes=notes.sentences(),
        hint=head.hint,
    )


def _rectangle(
    rows: Sequence[tuple[Any, ...]],
) -> tuple[int, list[tuple[Any, ...]]]:
    """Return rows of one length, without the blank columns at their sides.

    Returns:
        How many columns left of the others are blank, and the rows.
    """
    filled = [[j for j, value in enumerate(row) if not blank(value)] for row in rows]
    first = min(places[0] for places in filled)
    width = max(places[-1] for places in filled) + 1
    return first, [
        (*row[first:width], *[None] * (width - max(first, len(row)))) for row in rows
    ]


def _as_name(value: Any) -> str:
    """Return a cell as it would stand in a header."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return str(value.date())
    return str(value).strip()


def _width(
    head: Header, rows: Sequence[tuple[Any, ...]], sheet: Sheet, first: int, name: str
) -> int:
    """Return how many columns the header names.

    Raises:
        TableError: A value stands right of them.
    """
    width = max(j + 1 for j, field in enumerate(head.fields) if field)
    line = sheet.lines[head.skipped]
    right = [
        Cell(sheet.lines[k], first + j + 1)
        for k, row in enumerate(rows)
        for j, value in enumerate(row[width:], width)
        if k >= head.skipped and not blank(value)
    ]
    if not right:
        return width
    count = f"{len(right):,} values" if len(right) > 1 else "a value"
    raise TableError(
        sentence(
            f"{name} with {count} right of the last name of row {line}, "
            f"{head.fields[width - 1]!r} (first: cell {right[0]})",
            "a name above every column, and nothing beside the table",
            "Name the column, or delete what does not belong to the table, such as "
            f"notes beside it or a title in row {line}.",
        )
    )


def _cut(head: Header, width: int) -> Header:
    """Return a header without the columns right of a width, which hold nothing."""
    return Header(
        head.names[:width], head.fields[:width], head.skipped, head.second, head.hint
    )


def _require_saved(
    sheet: Sheet,
    names: Sequence[str],
    first: int,
    request: Request,
    name: str,
    notes: Notes,
) -> None:
    """Say which formulas have no value.

    Raises:
        TableError: A column that is needed has one.
    """
    by_column: dict[str, list[Cell]] = {}
    for cell in sheet.unsaved:
        if 0 <= cell.column - 1 - first < len(names):
            by_column.setdefault(names[cell.column - 1 - first], []).append(cell)
    for dropped in request.drop:
        by_column.pop(dropped, None)
    asked = {*request.targets, *request.expected}
    needed = [n for n in by_column if not request.expected or n in asked]
    for title, cells in by_column.items():
        if title not in needed:
            what = "formulas without a saved value were taken as missing"
            notes.column(title, f"{len(cells):,} {what} (first: {cells[0]})", what)
    if needed:
        cells = [cell for title in needed for cell in by_column[title]]
        raise TableError(
            sentence(
                f"{name} with {len(cells):,} formula{'s'[: len(cells) > 1]} in the "
                f"column{'s'[: len(needed) > 1]} {listing(needed)} whose "
                f"value{'s were' if len(cells) > 1 else ' was'} not saved (first: cell "
                f"{cells[0]}), as by a program that does not compute",
                "values, or formulas with their values",
                "Open it in Excel or LibreOffice and save it, which computes them."
                if asked.intersection(needed)
                else "Open it in Excel or LibreOffice and save it, which computes "
                "them; or leave these columns out with drop=.",
            )
        )


def _tell_blank_rows(lines: Sequence[int], name: str, notes: Notes) -> None:
    """Say how many rows between others are blank."""
    count = lines[-1] - lines[0] + 1 - len(lines)
    if count:
        after = next(a for a, b in pairwise(lines) if b > a + 1)
        notes.add(
            f"{count:,} blank row{'s'[: count > 1]} of {name} "
            f"{'were' if count > 1 else 'was'} skipped (first: row {after + 1})."
        )


def _tell_merged(
    sheet: Sheet, above: int, first: int, width: int, name: str, notes: Notes
) -> None:
    """Say which rows share one cell: only the first of them has its value."""
    begin = sheet.lines[above]
    ranges = [
        (top, bottom)
        for top, bottom in sheet.merged
        if bottom.row >= begin and top.column <= first + width
    ]
    if ranges:
        top, bottom = ranges[0]
        notes.add(
            f"{len(ranges):,} range{'s'[: len(ranges) > 1]} of merged cells in {name} "
            f"(first: {top}:{bottom}): the value is that of the first cell, and the "
            "others are missing."
        )


def _values(
    column: Sequence[Any], title: str, book: Workbook, notes: Notes
) -> list[Any]:
    """Return the values of a column; errors and spaces are missing."""
    values = [None if blank(value) else value for value in column]
    errors = Counter(
        value.strip()
        for value in values
        if isinstance(value, str) and value.strip() in ERRORS
    )
    if errors:
        count = errors.total()
        notes.column(
            title,
            f"{count:,} error{'s'[: count > 1]} of formulas ({listing(errors, 3)}) "
            f"{'were' if count > 1 else 'was'} taken as missing",
            "errors of formulas were taken as missing",
        )
    missing = {*errors, NOT_THERE}
    values = [
        None if isinstance(value, str) and value.strip() in missing else value
        for value in values
    ]
    return _seconds(values, title, book, notes)


def _seconds(values: list[Any], title: str, book: Workbook, notes: Notes) -> list[Any]:
    """Return times of day and durations of one column as durations.

    A duration of a day or more that has the format of a time of day comes as a date at
    the beginning of the calendar.
    """
    present = [value for value in values if value is not None]
    if not any(isinstance(value, _SPANS) for value in present):
        return values
    spans = [None if value is None else _span(value, book.epoch) for value in values]
    if sum(span is not None for span in spans) < len(present):
        return [str(value) if isinstance(value, _SPANS) else value for value in values]
    notes.column(title, "times of day and durations were read as seconds")
    return spans


def _span(value: Any, epoch: Any) -> datetime.timedelta | None:
    """Return a time of day or a duration as a duration; None for anything else."""
    from openpyxl.utils.datetime import to_excel

    if isinstance(value, datetime.timedelta):
        return value
    early = isinstance(value, datetime.datetime) and value.year <= epoch.year + 1
    if not (early or isinstance(value, datetime.time)):
        return None
    days = float(to_excel(value, epoch))
    return datetime.timedelta(seconds=round(days * 86400, 6))
