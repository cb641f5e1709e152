# SPDX-License-Identifier: Apache-2.0
"""Rows as records, and back."""

from __future__ import annotations

import numpy as np

from equipoise.stores.records import (
    MOST_CATEGORIES,
    RowKeys,
    lost_as_float32,
    number_type,
    record_type,
    source_sums,
    to_columns,
    to_records,
)
from equipoise.table.hashes import mix, row_hashes
from equipoise.table.table import Column, Table
from equipoise.task import Task

TASK = Task("binary", ("no", "yes"))


def table() -> Table:
    day = np.array(["2021-01-02T03:04:05.000006", "NaT", "1969-12-31"], "M8[us]")
    columns = (
        Column("x", "numeric", np.array([0.1, np.nan, -3.5])),
        Column("big", "numeric", np.array([2.0**40 + 1, 3.0, np.nan])),
        Column("b", "boolean", np.array([1.0, 0.0, np.nan])),
        Column("c", "categorical", np.array([1, -1, 0], np.int32), ("u", "v")),
        Column("d", "datetime", day),
    )
    return Table(columns, np.array([0, 1, 0], np.int8), TASK)


def records_of(rows: Table, keys: RowKeys, **kind: object):  # type: ignore[no-untyped-def]
    numbers = [number_type(c) if c.kind == "numeric" else "" for c in rows.columns]
    return to_records(rows, keys, record_type(rows.columns, numbers, **kind))  # type: ignore[arg-type]


def test_values_come_back() -> None:
    rows = table()
    records = records_of(rows, RowKeys(np.arange(3)))
    back = to_columns(records, rows.columns, range(5))
    np.testing.assert_array_equal(back[0].values, np.float32(rows["x"].values))
    for name, column in zip(rows.names[1:], back[1:], strict=True):
        np.testing.assert_array_equal(column.values, rows[name].values)
    assert records.dtype["c0"] == np.float32
    assert records.dtype["c1"] == np.float64


def test_keys_come_back() -> None:
    rows = table()
    group = np.array([5, 2**63 + 1, 5], np.uint64)
    days = np.array(["2021-01-02", "2021-01-03", "1950-01-01"], "M8[us]")
    records = records_of(
        rows, RowKeys(np.array([7, 8, 9]), group, days), grouped=True, time="date"
    )
    assert records["row"].tolist() == [7, 8, 9]
    assert records["group"].tolist() == group.tolist()
    np.testing.assert_array_equal(records["time"].astype("M8[us]"), days)


def test_hashes_are_those_of_the_rows_as_they_came() -> None:
    """Not of the rounded values, and without the columns that are left out."""
    rows = table()
    records = records_of(rows, RowKeys(np.arange(3)))
    np.testing.assert_array_equal(mix(source_sums(records, [])), row_hashes(rows))
    left = rows.select(["x", "b", "d"])
    out = to_columns(records, [rows["big"], rows["c"]], [1, 3])
    np.testing.assert_array_equal(mix(source_sums(records, out)), row_hashes(left))


def test_a_column_apart_is_in_no_sum() -> None:
    rows = table()
    keys = RowKeys(np.arange(3))
    numbers = [number_type(c) if c.kind == "numeric" else "" for c in rows.columns]
    kind = record_type(rows.columns, numbers)
    records = to_records(rows, keys, kind, {"big", "c"})
    left = rows.select(["x", "b", "d"])
    np.testing.assert_array_equal(mix(source_sums(records, [])), row_hashes(left))
    added = to_columns(records, [rows["big"], rows["c"]], [1, 3])
    sums = source_sums(records, [], added)
    np.testing.assert_array_equal(mix(sums), row_hashes(rows))


def test_what_a_float32_loses() -> None:
    for values, lost in (
        ([2.0**24 + 1, -3.0], (True, False)),
        ([-(2.0**24) - 1], (True, False)),
        ([2.0**24, 2.0**100, -3.0, np.nan, 16_777_216.3], (False, False)),
        ([3.5e38], (False, True)),
        ([-1e300, 2.0**30 + 1], (True, True)),
        ([], (False, False)),
    ):
        column = Column("x", "numeric", np.array(values, float))
        assert lost_as_float32(column) == lost


def test_categories_beyond_the_limit_are_missing() -> None:
    names = tuple(map(str, range(MOST_CATEGORIES + 2)))
    codes = np.array([0, MOST_CATEGORIES - 1, MOST_CATEGORIES, -1], np.int32)
    rows = Table((Column("c", "categorical", codes, names),), None, TASK)
    records = records_of(rows, RowKeys(np.arange(4)))
    (back,) = to_columns(records, rows.columns, [0])
    assert back.values.tolist() == [0, MOST_CATEGORIES - 1, -1, -1]


def test_numbers_beyond_a_float32_are_missing() -> None:
    column = Column("x", "numeric", np.array([3.5e38, -1e300, 1.0]))
    records = to_records(
        Table((column,), None, TASK),
        RowKeys(np.arange(3)),
        record_type((column,), ["<f4"]),
    )
    (back,) = to_columns(records, (column,), [0])
    np.testing.assert_array_equal(back.values, [np.nan, np.nan, 1.0])
