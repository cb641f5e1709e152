# SPDX-License-Identifier: Apache-2.0
"""Excel workbooks (.xlsx): the one sheet that holds rows."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equipoise._core.checks import listing, sentence
from equipoise._core.extras import require_extra
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_column
from equipoise.reading.frames import objects
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Raw

SUFFIXES = (".xlsx", ".xlsm")
ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")
"""What a formula without a result leaves: taken as missing."""


def read_excel(path: Path) -> Raw:
    """Read a workbook with one sheet of rows below one line of names.

    Formulas have the values that were saved with them.

    Args:
        path: The file.

    Raises:
        MissingExtraError: openpyxl is not installed.
        TableError: The file is damaged, several sheets hold rows, or a column has no
            name.
    """
    require_extra("excel", ("openpyxl",), "reading an Excel workbook")
    import openpyxl
    import pyarrow as pa
    from openpyxl.utils.exceptions import InvalidFileException

    name = f"the file {path.name!r}"
    try:
        with path.open("rb") as file:  # a path would have to end with .xlsx
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheets = {sheet.title: _filled(sheet) for sheet in book.worksheets}
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TableError(
            sentence(
                f"{name}, which is damaged or no workbook ({error})",
                "a whole .xlsx file",
                "Open it in Excel and save it again, or save the sheet as CSV.",
            )
        ) from error
    used = {title: rows for title, rows in sheets.items() if rows}
    if len(used) != 1:
        raise TableError(
            sentence(
                f"{name} with {len(used)} sheets that hold rows"
                + (f", {listing(used)}" if used else ""),
                "one sheet with rows",
                "Save the sheet with the rows as CSV.",
            )
        )
    ((_, rows),) = used.items()
    names = _names(rows[0], name)
    width = len(names)
    if len(rows) < 2:
        raise TableError(sentence(f"{name} without rows", "at least one row"))
    body = [(*row[:width], *[None] * (width - len(row))) for row in rows[1:]]
    columns = [
        plain_column(pa.chunked_array([objects([_value(v) for v in column])]))
        for column in zip(*body, strict=True)
    ]
    table = pa.table(columns, names=names)
    return Raw(table, name, line=lambda row: row + 2)


def _filled(sheet: Any) -> list[tuple[Any, ...]]:
    """Return a sheet's rows without the empty ones at its end."""
    rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
    while rows and all(value is None for value in rows[-1]):
        rows.pop()
    return rows


def _names(head: Sequence[Any], name: str) -> list[str]:
    """Return the names of the columns, from the first line."""
    cells = list(head)
    while cells and cells[-1] is None:
        cells.pop()
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    if not all(names):
        raise TableError(
            sentence(
                f"{name} whose column {names.index('') + 1} has no name in the first "
                "line"
                if names
                else f"{name} without names in the first line",
                "the columns' names in the first line, and rows below it",
                "Delete what stands above the table.",
            )
        )
    require_distinct(names, name)
    return names


def _value(value: Any) -> Any:
    if isinstance(value, str) and value.strip() in ERRORS:
        return None
    if isinstance(value, datetime.time | datetime.timedelta):
        return str(value)
    return value
