# SPDX-License-Identifier: Apache-2.0
"""Parquet files, whole and damaged."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from equipoise.errors import TableError, TableWarning
from equipoise.reading.parquet import read_parquet
from equipoise.reading.read import read_table

ROWS = 50
Y = pa.array([int(i % 10 == 0) for i in range(ROWS)])


def one(values: Any, tmp_path: Path) -> Any:
    """Write one column and a target; return the column as read."""
    path = tmp_path / "t.parquet"
    filler = np.random.default_rng(0).normal(size=ROWS)
    pq.write_table(pa.table({"v": values, "x": filler, "y": Y}), path)
    table = read_table(path, "y")
    return table["v"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (
            pa.array([1, None, 3] * 16 + [4, 5], pa.int8()),
            "numeric",
            [1.0, np.nan, 3.0],
        ),
        (pa.array([1, 7, 3] * 16 + [4, 5], pa.uint64()), "numeric", [1.0, 7.0, 3.0]),
        (pa.array([0.5, None, np.nan] * 16 + [4, 5]), "numeric", [0.5, np.nan, np.nan]),
        (pa.array([0.5, 2.0, 3.0] * 16 + [4, 5], pa.float32()), "numeric", [0.5, 2, 3]),
        (
            pa.array(
                [decimal.Decimal("1.25"), None, decimal.Decimal(3)] * 16 + [None] * 2
            ),
            "numeric",
            [1.25, np.nan, 3.0],
        ),
        (
            pa.array([True, None, False] * 16 + [True] * 2),
            "boolean",
            [1.0, np.nan, 0.0],
        ),
        (pa.array(["u", None, ""] * 16 + ["v", "v"]), "categorical", [0, -1, -1]),
        (
            pa.array(["2", None, "1"] * 16 + ["2", "2"]).dictionary_encode(),
            "categorical",
            [0, -1, 1],
        ),
        (
            pa.array([datetime.time(1), None, datetime.time(2)] * 16 + [None] * 2),
            "numeric",
            [3600.0, np.nan, 7200.0],
        ),
        (
            pa.array(
                [datetime.timedelta(days=1), None, datetime.timedelta(1, 5)] * 16
                + [None] * 2
            ),
            "numeric",
            [86400.0, np.nan, 86405.0],
        ),
    ],
    ids=str,
)
def test_types(values: Any, kind: str, expected: list[float], tmp_path: Path) -> None:
    column = one(values, tmp_path)
    assert column.kind == kind
    np.testing.assert_array_equal(column.values[:3], expected)


@pytest.mark.parametrize(
    ("kind", "zone"),
    [("s", None), ("ms", None), ("us", "UTC"), ("ns", "Europe/Berlin")],
)
def test_times_are_in_utc(kind: str, zone: str | None, tmp_path: Path) -> None:
    moments = np.arange(ROWS).astype("datetime64[D]") + np.timedelta64(18_000, "D")
    values = pa.array(moments.astype("datetime64[s]")).cast(pa.timestamp(kind, zone))
    column = one(values, tmp_path)
    assert column.values.dtype == np.dtype("datetime64[us]")
    np.testing.assert_array_equal(column.values, moments)


def test_dates_and_missing_dates(tmp_path: Path) -> None:
    column = one(pa.array([datetime.date(2021, 1, 2), None] * 25), tmp_path)
    assert column.values[0] == np.datetime64("2021-01-02")
    assert np.isnat(column.values[1])


def test_integers_that_a_float_would_round(tmp_path: Path) -> None:
    with pytest.warns(TableWarning, match=r"beyond 2\^53"):
        column = one(pa.array([2**60 + i % 7 for i in range(ROWS)]), tmp_path)
    assert column.categories[0] == str(2**60)
    exact = one(pa.array([2**60 * (i % 7) for i in range(ROWS)]), tmp_path)
    assert exact.kind == "numeric"


def test_texts_that_hold_numbers(tmp_path: Path) -> None:
    with pytest.warns(TableWarning, match="texts that hold numbers"):
        column = one(pa.array([f"{i % 7}.5" for i in range(ROWS)]), tmp_path)
    assert column.values[1] == 1.5


def test_nested_values_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"v": [[1, 2]] * ROWS, "x": np.arange(ROWS) % 7, "y": Y})
    pq.write_table(table, path)
    with pytest.warns(
        TableWarning, match="'v' left out because its values are of type"
    ):
        assert read_table(path, "y").names == ("x",)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off(share: float, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = np.random.default_rng(0).normal(size=(5000))
    pq.write_table(pa.table({"x": values, "y": np.arange(5000) % 2}), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TableError, match=r"'t\.parquet', which is damaged or cut off"):
        read_table(path, "y")


def test_bytes_lost_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = np.random.default_rng(0).normal(size=5000)
    pq.write_table(pa.table({"x": values, "y": np.arange(5000) % 2}), path)
    content = path.read_bytes()
    path.write_bytes(content[:200] + content[20_000:])
    with pytest.raises(TableError, match="damaged or cut off"):
        read_table(path, "y")


def test_an_empty_and_a_foreign_file(tmp_path: Path) -> None:
    for content in (b"", b"no parquet at all", b"PAR1"):
        (tmp_path / "t.parquet").write_bytes(content)
        with pytest.raises(TableError, match="damaged or cut off"):
            read_parquet(tmp_path / "t.parquet")


def test_a_parquet_file_by_another_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 5] * 25, "y": Y}), tmp_path / "t.dat")
    assert len(read_table(tmp_path / "t.dat", "y")) == ROWS


def test_dropped_columns_are_not_read(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": [1, 5] * 25, "z": [1] * 50, "y": Y}), tmp_path / "t.parquet"
    )
    raw = read_parquet(tmp_path / "t.parquet", ["z"])
    assert raw.data.column_names == ["x", "y"]


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="the folder"):
        read_table(tmp_path, "y")
