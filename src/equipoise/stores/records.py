# SPDX-License-Identifier: Apache-2.0
"""One row as one record of fixed size, and back.

Numbers are float32, or float64 where a float32 would round whole numbers; booleans
uint8; categories uint16 positions; date-times int64 microseconds. A record also holds
the row's place in the source, the sum of its columns' hashes (`table.hashes`), and
the hash of its group and its time if there are any. The hashes are of the values as
they stand in the source, before they are rounded. Columns that will hardly be features
are not in the sum: their part could not be taken out of it again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import HashArray, IntArray
from equipoise.table.hashes import column_hashes
from equipoise.table.table import MISSING_CODE, Column, Table

RecordArray = npt.NDArray[Any]
"""`[rows]` of a structured type, see `record_type`."""

NO_BOOLEAN = 255
NO_CATEGORY = 65_535
MOST_CATEGORIES = NO_CATEGORY
"""Categories of a column beyond so many are stored as missing."""
FIRST_ROUNDED = 2.0**24
"""From here on a float32 rounds whole numbers."""
_TYPES = {"boolean": "u1", "categorical": "<u2", "datetime": "<i8"}
_NUMBERS = ("<f4", "<f8")


@dataclass(frozen=True, eq=False)
class RowKeys:
    """What belongs to a row beside its features.

    Attributes:
        row: `[rows]` int64 places in the source, from 0.
        group: `[rows]` uint64 hashes of the groups, or None.
        time: `[rows]` float64 or datetime64[us], or None.
    """

    row: IntArray
    group: HashArray | None = None
    time: npt.NDArray[Any] | None = None


def number_type(column: Column) -> str:
    """Return how the numbers of a column are stored: "<f4", or "<f8" if it must be.

    Args:
        column: Some of its rows, in memory.

    Example:
        >>> number_type(Column("x", "numeric", np.array([0.1, 2.0])))
        '<f4'
        >>> number_type(Column("id", "numeric", np.array([16_777_217.0])))
        '<f8'
    """
    values = column.values[~column.missing()]
    large = np.abs(values) >= FIRST_ROUNDED
    return _NUMBERS[bool((large & (values == np.floor(values))).any())]


def lost_as_float32(column: Column) -> tuple[bool, bool]:
    """Return whether a float32 rounds whole numbers, and whether it is too small.

    Args:
        column: Numbers, which are stored as "<f4".

    Example:
        >>> lost_as_float32(Column("id", "numeric", np.array([16_777_217.0, 0.1])))
        (True, False)
        >>> lost_as_float32(Column("x", "numeric", np.array([1e39, np.nan])))
        (False, True)
    """
    values = column.values[~column.missing()]
    values = values[np.abs(values) >= FIRST_ROUNDED]
    with np.errstate(over="ignore"):
        stored = values.astype(np.float32)
    beyond = np.isinf(stored) & np.isfinite(values)
    rounded = ~beyond & (values == np.floor(values)) & (stored != values)
    return bool(rounded.any()), bool(beyond.any())


def record_type(
    columns: Sequence[Column],
    numbers: Sequence[str],
    *,
    grouped: bool = False,
    time: str = "",
) -> np.dtype[Any]:
    """Return the type of a record.

    Args:
        columns: The features.
        numbers: Of each column what `number_type` gave; ignored if it is not a number.
        grouped: Whether rows have groups.
        time: "number", "date" or "" without times.
    """
    fields = [("row", "<i8"), ("sum", "<u8")]
    fields += [("group", "<u8")] if grouped else []
    fields += [("time", "<f8" if time == "number" else "<i8")] if time else []
    for place, (column, number) in enumerate(zip(columns, numbers, strict=True)):
        fields.append((f"c{place}", _TYPES.get(column.kind, number)))
    return np.dtype(fields)


def to_records(
    table: Table, keys: RowKeys, kind: np.dtype[Any], apart: Collection[str] = ()
) -> RecordArray:
    """Return rows as records.

    Args:
        table: The rows, with all columns of the store in their order.
        keys: What else belongs to them.
        kind: The records' type.
        apart: Names of columns that the sum of the hashes leaves out.
    """
    records = np.zeros(len(keys.row), kind)
    records["row"] = keys.row
    if keys.group is not None:
        records["group"] = keys.group
    if keys.time is not None:
        times = keys.time
        dates = times.dtype.kind == "M"
        records["time"] = times.astype("M8[us]").astype(np.int64) if dates else times
    total = np.zeros(len(records), np.uint64)
    for place, column in enumerate(table.columns):
        if column.name not in apart:
            total += column_hashes(column)
        with np.errstate(over="ignore"):
            records[f"c{place}"] = _stored(column)
        if column.kind == "numeric":
            stored = records[f"c{place}"]
            stored[np.isinf(stored)] = np.nan  # a table holds no infinite values
    records["sum"] = total
    return records


def _stored(column: Column) -> npt.NDArray[Any]:
    missing = column.missing()
    if column.kind == "boolean":
        return np.where(missing, NO_BOOLEAN, np.nan_to_num(column.values))
    if column.kind == "categorical":
        codes = column.values
        return np.where(missing | (codes >= MOST_CATEGORIES), NO_CATEGORY, codes)
    if column.kind == "datetime":
        return np.asarray(column.values.astype("M8[us]").astype(np.int64))
    return np.asarray(column.values)


def to_columns(
    records: RecordArray, columns: Sequence[Column], places: Sequence[int]
) -> tuple[Column, ...]:
    """Return some columns of records as a table holds them.

    Args:
        records: `[rows]`.
        columns: The columns without values, those that are asked for.
        places: Where each stands among all columns of the store.
    """
    return tuple(
        dataclasses.replace(column, values=_values(records[f"c{place}"], column))
        for column, place in zip(columns, places, strict=True)
    )


def _values(stored: npt.NDArray[Any], column: Column) -> npt.NDArray[Any]:
    if column.kind == "boolean":
        return np.where(stored == NO_BOOLEAN, np.nan, stored.astype(np.float64))
    if column.kind == "categorical":
        return np.where(stored == NO_CATEGORY, MISSING_CODE, stored.astype(np.int32))
    if column.kind == "datetime":
        return stored.astype("M8[us]")
    return stored.astype(np.float64)


def source_sums(
    records: RecordArray, left_out: Sequence[Column], added: Sequence[Column] = ()
) -> HashArray:
    """Return the sum of the hashes of the source's values of each row, `[rows]`.

    Args:
        records: `[rows]`.
        left_out: Columns, with the rows' values, that are in the records' sums and do
            not count.
        added: Columns that count and are not in these sums.
    """
    total = records["sum"].copy()
    for column in left_out:
        total -= column_hashes(column)
    for column in added:
        total += column_hashes(column)
    return np.asarray(total)
