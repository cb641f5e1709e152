# SPDX-License-Identifier: Apache-2.0
"""The sheets of an Excel workbook, and which of them holds the rows."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise._core.checks import listing, sentence
from equipoise.errors import TableError

_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_SPECIAL = re.compile(rb"<(\w+:)?(f|mergeCell)[\s/>]")
_PIECE = 1 << 20
_LONGEST_TAG = 40
# What openpyxl and its parsers raise for a part that is damaged or absent; an XML
# document that is cut off is a SyntaxError to both of them.
_FAILURES = (
    zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError, TypeError,
    AttributeError, SyntaxError, OSError,
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """The place of a cell.

    Attributes:
        row: The number of its row, from 1.
        column: The number of its column, from 1.
    """

    row: int
    column: int

    def __str__(self) -> str:
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(self.column)}{self.row}"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet that holds something.

    Attributes:
        title: Its name.
        hidden: Whether Excel does not show it.
        rows: The values of its rows that are not blank, from column A on.
        lines: The number of each of these rows in the sheet.
        unsaved: The cells with a formula whose value was not saved.
        merged: The ranges of merged cells, each its first and its last cell.
    """

    title: str
    hidden: bool
    rows: list[tuple[Any, ...]]
    lines: list[int]
    unsaved: tuple[Cell, ...] = ()
    merged: tuple[tuple[Cell, Cell], ...] = ()


@dataclass(frozen=True, eq=False)
class Workbook:
    """What was read of a workbook.

    Attributes:
        sheet: The sheet with the rows.
        several: Whether there are further sheets.
        hidden: The names of hidden sheets with rows, which were not read.
        epoch: The day from which its dates are counted.
    """

    sheet: Sheet
    several: bool
    hidden: tuple[str, ...]
    epoch: Any


def read_workbook(path: Path, name: str) -> Workbook:
    """Return the only sheet of a workbook that is shown and holds rows.

    Args:
        path: The file.
        name: The file in words.

    Raises:
        TableError: It is damaged or encrypted, or no sheet or several hold rows.
    """
    with path.open("rb") as file, warnings.catch_warnings():
        # It warns of charts, styles and validations that it cannot keep when it writes
        # a workbook; only the cells are read here.
        warnings.filterwarnings("ignore", module="openpyxl")  # see above: cells alone
        if file.read(len(_ENCRYPTED)) == _ENCRYPTED:
            raise _encrypted(name)
        file.seek(0)
        try:
            sheets, epoch = _sheets(file)
        except _FAILURES as error:
            raise TableError(
                sentence(
                    f"{name}, which is damaged or no workbook ({error})",
                    "a whole .xlsx file",
                    "Open it in Excel and save it again, or save the sheet as CSV.",
                )
            ) from error
    used = [sheet for sheet in sheets if sheet.rows]
    shown = [sheet for sheet in used if not sheet.hidden]
    if len(shown) != 1:
        raise _not_one(shown, [sheet.title for sheet in used if sheet.hidden], name)
    hidden = tuple(sheet.title for sheet in used if sheet.hidden)
    return Workbook(shown[0], len(sheets) > 1, hidden, epoch)


def _encrypted(name: str) -> TableError:
    return TableError(
        sentence(
            f"{name}, which has a password or the old format of .xls",
            "an .xlsx file without a password",
            "Open it in Excel and save it as .xlsx without a password.",
        )
    )


def _not_one(shown: Sequence[Sheet], hidden: Sequence[str], name: str) -> TableError:
    """Return the error about no sheet with rows, or several."""
    if not shown and hidden:
        return TableError(
            sentence(
                f"{name} with rows in hidden sheets only, {listing(hidden)}",
                "one sheet with rows that is not hidden",
                "Unhide the sheet in Excel and save the file, or save it as CSV.",
            )
        )
    titles = [sheet.title for sheet in shown]
    return TableError(
        sentence(
            f"{name} with {len(titles)} sheets that hold rows"
            + (f", {listing(titles)}" if titles else ""),
            "one sheet with rows",
            "Save the sheet with the rows as CSV.",
        )
    )


def _sheets(file: Any) -> tuple[list[Sheet], Any]:
    """Return all sheets but charts, and from which day dates are counted."""
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    # Sheets of charts hold no rows, and openpyxl cannot read an empty one.
    reader.read_chartsheet = lambda sheet, relation: None
    reader.read()
    places = {
        sheet.name: relation.target for sheet, relation in reader.parser.find_sheets()
    }
    sheets = [
        _sheet(sheet, reader.archive, places[sheet.title])
        for sheet in reader.wb.worksheets
    ]
    return sheets, reader.wb.epoch


def _sheet(source: Any, archive: zipfile.ZipFile, place: str) -> Sheet:
    """Return a sheet's rows that are not blank, and what is special about it."""
    source.reset_dimensions()  # programs write wrong ones, and cells would be left out
    rows, lines = [], []
    for number, row in enumerate(source.iter_rows(values_only=True), 1):
        if not all(map(blank, row)):
            rows.append(tuple(row))
            lines.append(number)
    hidden = source.sheet_state != "visible"
    if not rows or not _has_special(archive, place):
        return Sheet(source.title, hidden, rows, lines)
    with archive.open(place) as stream:
        unsaved, merged = _special(stream)
    return Sheet(source.title, hidden, rows, lines, unsaved, merged)


def blank(value: Any) -> bool:
    """Return whether a cell holds nothing, or spaces only.

    Example:
        >>> [blank(value) for value in (None, " ", 0, "a")]
        [True, True, False, False]
    """
    return value is None or (isinstance(value, str) and not value.strip())


def _has_special(archive: zipfile.ZipFile, place: str) -> bool:
    """Return whether a sheet has formulas or merged cells."""
    tail = b""
    with archive.open(place) as stream:
        while piece := stream.read(_PIECE):
            if _SPECIAL.search(tail + piece):
                return True
            tail = piece[-_LONGEST_TAG:]
    return False


def _special(stream: Any) -> tuple[tuple[Cell, ...], tuple[tuple[Cell, Cell], ...]]:
    """Return the formulas without a value, and the merged ranges."""
    from openpyxl.utils import range_boundaries
    from openpyxl.xml.functions import iterparse

    unsaved: list[Cell] = []
    merged: list[tuple[Cell, Cell]] = []
    number = 0
    for _, element in iterparse(stream):
        tag = _tag(element)
        if tag == "row":
            number = int(float(element.get("r", number + 1)))
            unsaved += [Cell(number, column) for column in _unsaved(element)]
            element.clear()
        elif tag == "mergeCell":
            left, top, right, bottom = range_boundaries(element.get("ref"))
            merged.append((Cell(top, left), Cell(bottom, right)))
    return tuple(unsaved), tuple(merged)


def _unsaved(row: Any) -> Iterator[int]:
    """Yield the columns of a row whose formula has no value."""
    from openpyxl.utils.cell import coordinate_to_tuple

    column = 0
    for cell in row:
        place = cell.get("r")
        column = coordinate_to_tuple(place)[1] if place else column + 1
        parts = {_tag(part): part for part in cell}
        value = parts.get("v")
        # The empty string is a value of a formula, too: it is of type "str".
        empty = (value is None or not value.text) and cell.get("t") != "str"
        if "f" in parts and empty:
            yield column


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
