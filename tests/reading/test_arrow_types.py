# SPDX-License-Identifier: Apache-2.0
"""Every type that Arrow, pandas and Polars have: read, or one sentence."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from equipoise.errors import InputTypeError, TableError, TargetError
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.read import read_features, read_table

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")

ROWS = 60
TEXTS = ["a", "b", "c", None]
D = decimal.Decimal


def repeated(values: Sequence[Any]) -> list[Any]:
    return [values[row % len(values)] for row in range(ROWS)]


class Foreign(pa.ExtensionType):
    """An extension type that nobody knows."""

    def __init__(self) -> None:
        super().__init__(pa.int64(), "equipoise.test")

    def __arrow_ext_serialize__(self) -> bytes:
        return b"not JSON"

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, data: bytes) -> Foreign:
        return cls()


def arrow_arrays() -> dict[str, Any]:
    whole = repeated([1, 2, 3, None, 5])
    found: dict[str, Any] = {
        str(kind): pa.array(whole, kind)
        for kind in (
            pa.int8(), pa.int16(), pa.int32(), pa.int64(),
            pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
        )
    }  # fmt: skip
    for size in (np.float16, np.float32, np.float64):
        found[size.__name__] = pa.array(np.array(repeated([1.5, 2, 3]), size))
    for name in ("decimal32", "decimal64", "decimal128", "decimal256"):
        if hasattr(pa, name):
            money = repeated([D("1.25"), D("2.50"), None])
            found[name] = pa.array(money, getattr(pa, name)(7, 2))
    days = repeated([dt.date(2021, 1, 1), dt.date(2021, 2, 1), None])
    ticks = pa.array(repeated([10**9, 2 * 10**9, 3 * 10**9]))
    small = pa.array(repeated([1, 2, 3]), pa.int32())
    texts = repeated(TEXTS)
    packed = [None if text is None else text.encode() for text in texts]
    found |= {
        "null": pa.nulls(ROWS),
        "bool": pa.array(repeated([True, False, None])),
        "date32": pa.array(days, pa.date32()),
        "date64": pa.array(days, pa.date64()),
        "time32": small.cast(pa.time32("s")),
        "time64": pa.array(repeated([1, 2])).cast(pa.time64("ns")),
        "span": pa.array(repeated([(1, 2, 3)]), pa.month_day_nano_interval()),
        "string": pa.array(texts),
        "large_string": pa.array(texts, pa.large_string()),
        "string_view": pa.array(texts, pa.string_view()),
        "binary": pa.array(packed),
        "large_binary": pa.array(packed, pa.large_binary()),
        "binary_view": pa.array(packed, pa.binary_view()),
        "fixed": pa.array(packed, pa.binary(1)),
        "no_text": pa.array(repeated([b"\xff\x00", b"\xfe"])),
        "list": pa.array(repeated([[1], [2, 3], None])),
        "fixed_list": pa.array(repeated([[1, 2], [3, 4]]), pa.list_(pa.int64(), 2)),
        "struct": pa.array(repeated([{"a": 1}, {"a": 2}])),
        "map": pa.array(repeated([[("k", 1)]]), pa.map_(pa.string(), pa.int64())),
    }
    for unit in ("s", "ms", "us", "ns"):
        found[f"moment_{unit}"] = ticks.cast(pa.timestamp(unit), safe=False)
        found[f"zone_{unit}"] = ticks.cast(pa.timestamp(unit, "Asia/Tokyo"))
        found[f"span_{unit}"] = ticks.cast(pa.duration(unit))
    for name in (
        "int8", "bool", "double", "decimal128", "date32", "time64", "moment_ns",
        "zone_us", "span_s", "string", "large_string", "string_view", "binary",
        "binary_view", "fixed", "no_text",
    ):  # fmt: skip
        if name in found:
            found[f"codes_of_{name}"] = found[name].dictionary_encode()
    codes = pa.array(repeated([0, 1]), pa.int8())
    for name, values in (("list", [[1], [2]]), ("struct", [{"a": 1}, {"a": 2}])):
        found[f"codes_of_{name}"] = pa.DictionaryArray.from_arrays(
            codes, pa.array(values)
        )
    ends = pa.array([20, ROWS], pa.int32())
    for values in ([1, 2], ["a", "b"], [True, False], [1.5, None]):
        run = pa.RunEndEncodedArray.from_arrays(ends, pa.array(values))
        found[f"runs_of_{type(values[0]).__name__}"] = run
    places = pa.array([row // 2 for row in range(ROWS)], pa.int32())
    found["union"] = pa.UnionArray.from_dense(
        codes, places, [pa.array(range(ROWS)), pa.array([str(i) for i in range(ROWS)])]
    )
    found["foreign"] = pa.ExtensionArray.from_storage(Foreign(), pa.array(whole))
    return found


def pandas_columns() -> dict[str, Any]:
    measured = pd.Series(np.random.default_rng(0).normal(size=ROWS))
    bands = pd.qcut(measured, 4)
    months = pd.Series(repeated(list(pd.period_range("2021-01", periods=3, freq="M"))))
    marks = {
        "moment": [pd.Timestamp("2021"), pd.Timestamp("2022")],
        "zone": [pd.Timestamp("2021", tz="UTC"), pd.Timestamp("2022", tz="UTC")],
        "span": [pd.Timedelta("1s"), pd.Timedelta("2s")],
        "flag": [True, False],
        "whole": [1, 2],
        "part": [1.5, 2.5],
        "mixed": [1, "a", 2.5],
        "pair": [(1, 2), (2, 3)],
    }
    found: dict[str, Any] = {
        f"categories_of_{name}": pd.Series(repeated(v), dtype=object).astype("category")
        for name, v in marks.items()
    }
    whole, texts = repeated([1, None, 3]), repeated(TEXTS)
    return found | {
        "qcut": bands,
        "cut": pd.cut(measured, 3),
        "intervals": pd.Series(pd.arrays.IntervalArray(bands)),
        "intervals_as_objects": bands.astype(object),
        "periods": months,
        "categories_of_periods": months.astype("category"),
        "Int64": pd.Series(whole, dtype="Int64"),
        "Float32": pd.Series(whole, dtype="Float32"),
        "boolean": pd.Series(repeated([True, None]), dtype="boolean"),
        "str": pd.Series(texts, dtype="str"),
        "string": pd.Series(texts, dtype="string[pyarrow]"),
        "sparse": pd.Series(pd.arrays.SparseArray(repeated([0, 0, 1]))),
        "complex": pd.Series(repeated([1 + 2j, 2j])),
        "objects": pd.Series(repeated([1, "a", None, 2.5]), dtype=object),
        "dates": pd.Series(repeated([dt.date(2021, 1, 1)]), dtype=object),
        "lists": pd.Series(repeated([[1], [2]]), dtype=object),
        "dictionaries": pd.Series(repeated([{"a": 1}, {"b": 2}]), dtype=object),
        "uuids": pd.Series(repeated([uuid.UUID(int=1), uuid.UUID(int=2)])),
        "bytes": pd.Series(repeated([b"a", "b"]), dtype=object),
        "huge": pd.Series(repeated([10**30, 1]), dtype=object),
        "zones": pd.Series(
            repeated([pd.Timestamp("2021", tz=z) for z in ("UTC", "Asia/Tokyo")]),
            dtype=object,
        ),
    }


def polars_columns() -> dict[str, Any]:
    texts = repeated(TEXTS)
    return {
        "Categorical": pl.Series(texts, dtype=pl.Categorical),
        "Enum": pl.Series(texts, dtype=pl.Enum(["a", "b", "c"])),
        "String": pl.Series(texts),
        "Decimal": pl.Series(repeated([D("1.5"), D("2")]), dtype=pl.Decimal(5, 2)),
        "Object": pl.Series(repeated([object(), 1]), dtype=pl.Object),
        "Int128": pl.Series(repeated([1, 2]), dtype=pl.Int128),
        "List": pl.Series(repeated([[1], [2]])),
        "Array": pl.Series(repeated([[1, 2]]), dtype=pl.Array(pl.Int64, 2)),
        "Struct": pl.Series(repeated([{"a": 1}])),
        "Duration": pl.Series(repeated([dt.timedelta(1), dt.timedelta(2)])),
        "Time": pl.Series(repeated([dt.time(1), dt.time(2)])),
        "Binary": pl.Series(repeated([b"a", b"b"])),
        "Null": pl.Series([None] * ROWS),
    }


ARROW, PANDAS, POLARS = arrow_arrays(), pandas_columns(), polars_columns()
X = [float(row % 7) for row in range(ROWS)]
Y = [int(row % 5 == 0) for row in range(ROWS)]
MAKERS: tuple[tuple[str, Callable[[Any], Any], dict[str, Any]], ...] = (
    ("arrow", pa.table, ARROW),
    ("pandas", pd.DataFrame, PANDAS),
    ("polars", pl.DataFrame, POLARS),
)
FRAMES = [
    pytest.param(make, column, id=f"{library} {name}")
    for library, make, columns in MAKERS
    for name, column in columns.items()
]


@pytest.mark.parametrize(("make", "column"), FRAMES)
def test_every_type_is_read_or_named(make: Callable[[Any], Any], column: Any) -> None:
    frame = make({"c": column, "x": X, "y": Y})
    table = read_table(frame, "y")
    if "c" in table.names:
        again = read_features(frame, like=table)
        np.testing.assert_array_equal(again["c"].raw(), table["c"].raw())
    else:
        (dropped,) = [entry for entry in table.dropped if entry.name == "c"]
        assert (
            "is not served" in dropped.reason
            or "no value" in dropped.reason
            or ("one value only" in dropped.reason)
        )
    for role in ("group", "time"):
        try:
            read_table(frame, "y", **{role: "c"})
        except TableError as error:
            assert f"{role}='c'" in str(error)  # noqa: PT017  # either may happen
    try:
        read_table(frame, "c")
    except (TargetError, InputTypeError) as error:
        assert "'c'" in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", ["list", "binary", "no_text", "struct", "span"])
def test_a_feature_of_values_without_a_name_is_refused_in_a_later_file(
    name: str,
) -> None:
    for first in ([1.5, 2.5], ["u", "v"]):
        table = read_table({"c": repeated(first), "y": Y}, "y")
        with pytest.raises(TableError, match="'c' is of type"):
            read_features(pa.table({"c": ARROW[name]}), like=table)


def test_intervals_are_the_texts_that_pandas_writes() -> None:
    measured = pd.Series(np.random.default_rng(1).normal(size=ROWS))
    days = pd.Series(pd.date_range("2021", periods=ROWS))
    for bands in (
        pd.qcut(measured, 4),
        pd.cut(measured, [-9, 0, 1, 9], right=False),
        pd.cut(days, 3),
        pd.Series(pd.arrays.IntervalArray.from_tuples([(0, 1), None] * 30, "both")),
    ):
        table = read_table(pd.DataFrame({"c": bands, "x": X, "y": Y}), "y")
        expected = ["" if pd.isna(band) else str(band) for band in bands]
        assert table["c"].raw().tolist() == expected


def test_a_period_is_its_first_moment() -> None:
    for frequency in ("M", "Q-DEC", "W-SUN", "h"):
        months = pd.Series(pd.period_range("2021", periods=ROWS, freq=frequency))
        months[3] = pd.NaT
        table = read_table(pd.DataFrame({"c": months, "y": Y}), "y")
        expected = months.dt.start_time.to_numpy().astype("datetime64[us]")
        np.testing.assert_array_equal(table["c"].values, expected)
        ordered = pd.DataFrame({"c": months.ffill(), "x": X, "y": Y})
        assert read_table(ordered, "y", time="c").time is not None


def test_intervals_need_no_pandas_to_be_registered() -> None:
    field = pa.field(
        "c",
        pa.struct({"left": pa.float64(), "right": pa.float64()}),
        metadata={
            b"ARROW:extension:name": b"pandas.interval",
            b"ARROW:extension:metadata": b'{"subtype": "double", "closed": "left"}',
        },
    )
    stored = pa.array([{"left": 0.5, "right": 1.0}, None], field.type)
    table = pa.Table.from_arrays([stored], schema=pa.schema([field]))
    assert plain_table(table).column("c").to_pylist() == ["[0.5, 1.0)", None]


def test_a_table_of_plain_types_stays_as_it_is() -> None:
    names = ["int64", "double", "string", "bool", "list", "moment_us"]
    table = pa.table({name: ARROW[name] for name in names if name in ARROW})
    assert plain_table(table).equals(table)
    empty = pa.table({"c": ARROW["string_view"]}).slice(0, 0)
    assert plain_table(empty).num_rows == 0
