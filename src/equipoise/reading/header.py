# SPDX-License-Identifier: Apache-2.0
"""The columns' names, from the first records of a file or the first rows of a sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from equipoise._core.checks import listing
from equipoise.reading.csv_dialect import Records, has_header, second_header
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Notes

_NO_HEADER = (
    "The file seems to have no header; its columns are called column_1 to {last}. Add "
    "a first line that names them."
)


@dataclass(frozen=True)
class Header:
    """What the first records say of the columns.

    Attributes:
        names: The columns' names.
        fields: The header's fields, with single spaces; empty if there is no header.
        skipped: How many records above the header hold no names, 0 or 1.
        second: Whether a second record below the header holds no values.
        hint: Added to the error about an absent column.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...] = ()
    skipped: int = 0
    second: bool = False
    hint: str = ""

    @property
    def above(self) -> int:
        """How many records stand above the first row."""
        return self.skipped + bool(self.fields) + self.second


def read_header(
    rows: Records,
    line: Callable[[int], int],
    name: str,
    expected: Sequence[str],
    notes: Notes,
) -> Header:
    """Return the columns' names: those of the header, or column_1 to column_n.

    Args:
        rows: The first records, with the header if there is one.
        line: The line of a record, by its place from 0.
        name: The file in words.
        expected: Names of columns; if one is in the first record, that is a header.
        notes: Takes what was noticed.

    Raises:
        TableError: A name is repeated.

    Example:
        >>> rows = [["age", "sex"], ["31", "m"], ["44", "f"]]
        >>> read_header(rows, lambda k: k + 1, "the file", (), Notes()).names
        ('age', 'sex')
    """
    if not has_header(rows, expected):
        return _without_header(rows[0], name, notes)
    skipped, second = 0, False
    if kind := second_header(rows, expected):
        shown = f"line {line(1)} of {name} ({listing(rows[1], 4)})"
        if kind == "names":
            notes.add(
                f"The names of the columns were taken from {shown}, not from the line "
                f"above it ({listing(rows[0], 4)}), as the rows below hold numbers."
            )
            rows, skipped = rows[1:], 1
        else:
            notes.add(
                f"A second header, {shown}, was left out, as the rows below hold "
                "numbers. If it is a row, correct its values."
            )
            rows, second = [rows[0], *rows[2:]], True
    fields = tuple(" ".join(text.split()) for text in rows[0])
    return Header(_names(rows, fields, name, notes), fields, skipped, second)


def is_numbered(name: str) -> bool:
    """Return whether a name may be that of a column without a name.

    Example:
        >>> is_numbered("column_12"), is_numbered("column_a")
        (True, False)
    """
    return name.startswith("column_") and name.removeprefix("column_").isdecimal()


def _without_header(first: Sequence[str], name: str, notes: Notes) -> Header:
    names = tuple(f"column_{j + 1}" for j in range(len(first)))
    notes.add(
        f"{name[0].upper()}{name[1:]} seems to have no header (first row: "
        f"{listing(first, 4)}); its columns are called column_1 to {names[-1]}."
    )
    return Header(names, hint=_NO_HEADER.format(last=names[-1]))


def _names(
    rows: Records, fields: Sequence[str], name: str, notes: Notes
) -> tuple[str, ...]:
    """Return the columns' names: the header's, or column_k if it is blank."""
    width = len(fields)
    if len(rows) > 1 and all(len(row) == width + 1 for row in rows[1:]):
        return _one_more(rows, fields, name, notes)
    blank = [j + 1 for j, text in enumerate(fields) if not text]
    if blank:
        notes.add(
            f"{name[0].upper()}{name[1:]} has no name for column {listing(blank)}; "
            + (
                f"it is called column_{blank[0]}."
                if len(blank) == 1
                else "they are called column_ and their number."
            )
        )
    names = tuple(text or f"column_{j + 1}" for j, text in enumerate(fields))
    require_distinct(names, name)
    return names


def _one_more(
    rows: Records, fields: Sequence[str], name: str, notes: Notes
) -> tuple[str, ...]:
    """Name the fields of rows that are one longer than the header."""
    if all(not row[-1] for row in rows[1:]):
        notes.add(
            f"Every row of {name} ends with a delimiter; it was taken as nothing."
        )
        names = (*fields, "after_the_last_delimiter")
    else:
        notes.add(
            f"Every row of {name} has one field more than its header; the first was "
            "taken as the rows' names, as R writes them."
        )
        names = ("row_names", *fields)
    require_distinct(names, name)
    return names
