# SPDX-License-Identifier: Apache-2.0
"""Groups of rows by a column, which may be no feature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.types import BoolArray, IntArray
from equipoise.errors import InputError
from equipoise.table.table import Column, Table

GROUPS = "it groups rows"
"""Why `read_table` leaves the group column out of the features."""


@dataclass(frozen=True, eq=False)
class RowGroups:
    """Which group each row of a table is in.

    Attributes:
        numbers: `[rows]` equal numbers are one group.
        names: Name to number of the groups that have a name; None if the table does
            not hold the names.
        missing: `[rows]` which rows have no group; None if all have one.
    """

    numbers: IntArray
    names: Mapping[str, int] | None
    missing: BoolArray | None = None

    def require_all(self, what: str) -> None:
        """Check that every row has a group.

        Args:
            what: The column, as messages call it.

        Raises:
            InputError: A row has none.
        """
        alone = np.flatnonzero(np.zeros(0) if self.missing is None else self.missing)
        if len(alone):
            raise InputError(
                sentence(
                    f"{len(alone):,} {'rows' if len(alone) > 1 else 'row'} without a "
                    f"{what} to draw by (first: row {alone[0] + 1})",
                    "a group for each row",
                    "Write a name where it is missing, such as 'unknown', or leave "
                    "these rows out.",
                )
            )

    @property
    def digest(self) -> str:
        """A short text that tells other groups apart."""
        return hashlib.sha256(self.numbers.tobytes()).hexdigest()[:16]


def group_column(table: Table) -> str | None:
    """Return the name of the column whose equal values belong together, or None.

    `read_table` lists it among the columns that are not features.

    Args:
        table: The rows.
    """
    if table.groups is None:
        return None
    return next((d.name for d in table.dropped if d.reason == GROUPS), None)


def row_groups(table: Table, name: str | None) -> RowGroups:
    """Return the groups of a table's rows by a column.

    Args:
        table: The rows.
        name: A column: a feature, the column of `group=`, or one that was kept beside
            the features; None for the column of `group=`.

    Raises:
        InputError: The table has no such column.

    Example:
        >>> from equipoise.task import Task
        >>> site = Column("site", "categorical", np.array([0, 1, 0], np.int32),
        ...               ("north", "south"))
        >>> rows = Table((site,), np.array([0, 1, 0], np.int8),
        ...              Task("binary", ("no", "yes")))
        >>> row_groups(rows, "site").numbers.tolist()
        [0, 1, 0]
    """
    beside = {column.name: column for column in table.beside}
    grouping = group_column(table)
    if table.groups is not None and name in (None, grouping):
        named = beside.get(grouping or "")
        return RowGroups(table.groups, _named(table.groups, named))
    features = {column.name: column for column in table.columns}
    if name is None or name not in {**features, **beside}:
        require_groups(name, [*features, *beside], grouping=None, whose=table)
    column = features.get(str(name)) or beside[str(name)]
    distinct, numbers = np.unique(column.values, return_inverse=True)
    missing = column.missing()
    names = {
        _written(column, distinct[number]): int(number)
        for number in np.unique(numbers[~missing])
    }
    return RowGroups(numbers.astype(np.int64), names, missing)


def require_groups(
    name: str | None,
    columns: Sequence[str],
    *,
    grouping: str | None,
    whose: Table | None = None,
) -> None:
    """Check that rows can be drawn by a column.

    Args:
        name: The column; None for that of `group=`.
        columns: The columns that there are.
        grouping: The column of `group=`, or None without one.
        whose: The table, whose columns that were left out are told apart; or None.

    Raises:
        InputError: They cannot.

    Example:
        >>> require_groups("site", ["age", "site"], grouping=None)
    """
    there = [*columns] if grouping is None else [*columns, grouping]
    if (grouping if name is None else name) in there:
        return
    if name is None:
        raise InputError(
            sentence(
                "ByGroup() for rows without groups",
                "rows with a column that groups them, or the name of a column",
                "Pass group= when the rows are read, or ByGroup(column).",
            )
        )
    if not columns:
        raise InputError(
            sentence(
                f"ByGroup({name!r}) for rows without columns",
                "ByGroup(), with group= an array of one group per row",
            )
        )
    dropped = {d.name: d.reason for d in (() if whose is None else whose.dropped)}
    if name in dropped:
        raise InputError(
            sentence(
                f"ByGroup({name!r}) for a table without this column, which was left "
                f"out when it was read: {dropped[name]}",
                f"one of {listing(columns, 20)}",
                "Read the table with it, and name it in drop= of the trial: there it "
                "is not a feature, and rows are drawn by it.",
            )
        )
    raise InputError(
        sentence(
            f"ByGroup({name!r}), which is no column",
            f"one of {listing(columns, 20)}",
            nearest(name, columns),
        )
    )


def _named(numbers: IntArray, column: Column | None) -> dict[str, int] | None:
    """Return the numbers of named groups; None if their names are not there."""
    if column is None:
        return None
    codes, first = np.unique(column.values, return_index=True)
    return {
        column.categories[code]: int(numbers[row])
        for code, row in zip(codes.tolist(), first.tolist(), strict=True)
        if code >= 0
    }


def _written(column: Column, value: Any) -> str:
    """Return a value as the name of a group: whole numbers without a point."""
    if column.kind == "categorical":
        return column.categories[int(value)]
    if column.kind == "boolean":
        return str(bool(value))
    if column.kind == "numeric":
        return f"{float(value):.15g}"
    return str(value)
