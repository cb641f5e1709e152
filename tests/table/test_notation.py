# SPDX-License-Identifier: Apache-2.0
"""A later file is read by the first table's notation, never against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InputError, TableError, TableWarning
from equipoise.reading.blocks import read_blocks
from equipoise.reading.read import read_features, read_table
from equipoise.table.notation import Notation
from equipoise.table.table import Column, Table
from equipoise.task import Task

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")

ROWS = 60


def train(folder: Path, column: Sequence[str], **other: Sequence[str]) -> Table:
    """Read a file of texts, divided by bars, that ends with a target."""
    columns = {"x": list(column), **other, "y": ["0", "0", "1"]}
    lines = ["|".join(columns)]
    lines += [
        "|".join(values[row % len(values)] for values in columns.values())
        for row in range(ROWS)
    ]
    (folder / "train.csv").write_text("\n".join(lines), encoding="utf-8")
    return read_table(folder / "train.csv", "y")


def new(folder: Path, like: Table, column: Sequence[str], **other: str) -> Any:
    head = "|".join(["x", *other, "more"])
    lines = ["|".join([text, *other.values(), "a"]) for text in column]
    path = folder / "new.csv"
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return read_features(path, like=like)["x"]


COMMA = ["1,25", "2,5", "1000,75"]
POINT = ["1.25", "2.5", "1000.75"]
GERMAN = ["1.234,5", "2,75", "3"]
ENGLISH = ["1,234.5", "2.75", "3"]
WHOLE = ["1", "2", "40"]
PERCENT = ["5%", "7.5%", "9%"]
DOLLAR = ["$5", "$7.50", "$1,000"]
FLOATS = [1.25, 2.5, 4.0]


@pytest.mark.parametrize(
    ("first", "texts", "expected"),
    [
        (COMMA, ["1,250", "2,375"], [1.25, 2.375]),
        (COMMA, ["1250", "", "1e3", "-0,125"], [1250, np.nan, 1000, -0.125]),
        (COMMA, ["1 250", "1\u00a0250,5", "1'250"], [1250, 1250.5, 1250]),
        (COMMA, ["1.234,5", "2.375"], [1234.5, 2375]),  # told by this column
        (COMMA, ["(1,250)", "1,5-", "\u22122,25"], [-1.25, -1.5, -2.25]),
        (POINT, ["1.250", "2.375"], [1.25, 2.375]),
        (POINT, ["1,234.5", "1,250", "1,234,567"], [1234.5, 1250, 1234567]),
        (POINT, ["7", "8"], [7, 8]),
        (GERMAN, ["1.250", "2,375"], [1250, 2.375]),
        (ENGLISH, ["1,250", "2.375"], [1250, 2.375]),
        (WHOLE, ["1,5", "1,250"], [1.5, 1.25]),  # told by this column
        (WHOLE, ["1.5", "2"], [1.5, 2]),
        (PERCENT, ["6%", "7.25 %"], [6, 7.25]),
        (DOLLAR, ["$6", "-$7", "($8)", "9"], [6, -7, -8, 9]),
    ],
)
def test_numbers_by_the_first_notation(
    first: list[str], texts: list[str], expected: list[float], tmp_path: Path
) -> None:
    column = new(tmp_path, train(tmp_path, first), texts)
    np.testing.assert_array_equal(column.values, expected)


@pytest.mark.parametrize(
    ("first", "text", "why"),
    [
        (COMMA, "1.25", "it has a decimal point, and the first table a decimal comma"),
        (COMMA, "1.250", "could be two numbers"),
        (POINT, "1,25", "it has a decimal comma, and the first table a decimal point"),
        (POINT, "1,250", "could be two numbers"),
        (POINT, "0,125", "it has a decimal comma"),
        (WHOLE, "1,250", "whether the comma parts decimals or thousands"),
        (POINT, "5%", "it has a '%' sign, and the numbers of the first table have no"),
        (POINT, "$5", r"it has a '\$' sign"),
        (DOLLAR, "€5", r"it has a '€' sign, and .* '\$'"),
        (PERCENT, "0.05", "it has no '%' sign"),
        (POINT, "true", "it is not a number"),
        (WHOLE, "007", "it has leading zeros"),
        (WHOLE, "9007199254740993", "would be rounded"),
    ],
)
def test_what_contradicts_it_is_named(
    first: list[str], text: str, why: str, tmp_path: Path
) -> None:
    table = train(tmp_path, first)
    good = "$3" if first is DOLLAR else "3%" if first is PERCENT else "3"
    with pytest.raises(TableError, match=f"column 'x' .*'.*', line 3: .*{why}") as told:
        new(tmp_path, table, [good, text])
    assert repr(text) in str(told.value)


def test_the_file_of_the_first_table_tells_of_whole_numbers(tmp_path: Path) -> None:
    table = train(tmp_path, WHOLE, z=COMMA)
    assert table["x"].notation == Notation(decimal=",")
    assert new(tmp_path, table, ["1,250"], z="1,5").values.tolist() == [1.25]


def test_other_columns_of_the_new_file_contradict(tmp_path: Path) -> None:
    table = train(tmp_path, COMMA)
    with pytest.raises(TableError, match="other columns of this file have a decimal p"):
        new(tmp_path, table, ["1,250"], unused="7.5")


def test_a_point_by_convention_is_told(tmp_path: Path) -> None:
    table = train(tmp_path, WHOLE)
    with pytest.warns(TableWarning, match="'1.250' .*decimal point; no value tells"):
        assert new(tmp_path, table, ["1.250"]).values.tolist() == [1.25]


def test_types_that_a_source_declares_are_exact(tmp_path: Path) -> None:
    with pytest.warns(TableWarning, match=r"'\$' sign"):
        table = train(tmp_path, DOLLAR)
    frame = read_features(pd.DataFrame({"x": FLOATS}), like=table)
    assert frame["x"].values.tolist() == FLOATS
    with pytest.warns(TableWarning, match="true and false were taken as"):
        read_features(pd.DataFrame({"x": [True, False]}), like=table)


@pytest.mark.parametrize(
    "values", [FLOATS, [0.0125, 0.025], [np.nan, 12], pd.Categorical([1, 2])]
)
def test_numbers_where_percent_signs_were(values: Any, tmp_path: Path) -> None:
    table = train(tmp_path, PERCENT)
    with pytest.raises(TableError) as told:
        read_features(pd.DataFrame({"x": values}), like=table)
    said = str(told.value)
    assert "column 'x' holds numbers without a '%' sign (first: " in said
    assert "whether 12% is the number 12 or 0.12" in said
    read = read_features(pd.DataFrame({"x": ["12%", "0.5%", None]}), like=table)
    np.testing.assert_array_equal(read["x"].values, [12, 0.5, np.nan])
    read = read_features(pd.DataFrame({"x": [np.nan, np.nan]}), like=table)
    assert read["x"].missing().all()


def dates(form: str, count: int = 300) -> list[str]:
    days = [dt.date(2021, 1, 1) + dt.timedelta(i) for i in range(count)]
    return [day.strftime(form) for day in days[::5]]


NOVEMBER = np.datetime64("2021-11-01")
JANUARY = np.datetime64("2021-01-11")


@pytest.mark.parametrize(
    ("form", "texts", "expected"),
    [
        ("%d/%m/%Y", ["01/11/2021"], NOVEMBER),
        ("%d.%m.%Y", ["01/11/2021"], NOVEMBER),
        ("%m/%d/%Y", ["01/11/2021"], JANUARY),
        ("%m/%d/%Y", ["11.01.2021"], NOVEMBER),
        ("%d/%m/%Y", ["2021-11-01", "13/11/2021"], NOVEMBER),
        ("%Y-%m-%d", ["01/11/2021", "13/11/2021"], NOVEMBER),
        ("%Y-%m-%d", ["11/11/2021"], np.datetime64("2021-11-11")),
        ("%d %b %Y", ["1 Nov 2021", ""], NOVEMBER),
    ],
)
def test_dates_in_the_first_order(
    form: str, texts: list[str], expected: np.datetime64, tmp_path: Path
) -> None:
    column = new(tmp_path, train(tmp_path, dates(form)), texts)
    assert column.values[0] == expected


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        ("%d/%m/%Y", "11/25/2021", "its month is first, and the first table has the d"),
        ("%m/%d/%Y", "25/11/2021", "its day is first, and the first table has the mon"),
        ("%Y-%m-%d", "01/11/2021", "neither the first table nor this file tells"),
        ("%d/%m/%Y", "01/11/21", "it is not a date that can be read"),
        ("%d/%m/%Y", "31/02/2021", "it is not a date"),
    ],
)
def test_dates_that_contradict_are_named(
    form: str, text: str, why: str, tmp_path: Path
) -> None:
    table = train(tmp_path, dates(form))
    with pytest.raises(TableError, match=f"'{text}', line 3: ({why})"):
        new(tmp_path, table, ["2021-11-01", text])


def test_blocks_of_a_file_are_read_alike(tmp_path: Path) -> None:
    table = train(tmp_path, dates("%Y-%m-%d"))
    path = tmp_path / "long.csv"
    head, early, late = "x|more", "25/01/2021|a", "01/11/2021|a"
    path.write_text("\n".join([head] + [early] * 400 + [late] * 400 + [""]))
    blocks = list(read_blocks(path, like=table, block_bytes=2000))
    assert len(blocks) > 3
    assert (blocks[-1].table["x"].values == NOVEMBER).all()
    path.write_text("\n".join([head] + [early] * 400 + ["11/25/2021|a"] * 400 + [""]))
    with pytest.raises(TableError, match="its month is first"):
        list(read_blocks(path, like=table, block_bytes=2000))


def test_an_earlier_model_without_notations_guesses_and_says_so(
    tmp_path: Path,
) -> None:
    known = (Column("x", "numeric", np.zeros(0)), Column("d", "datetime", np.zeros(0)))
    table = Table(known, np.zeros(0, np.int8), Task("binary", ("0", "1")), target="y")
    path = tmp_path / "new.csv"
    path.write_text("x|d\n1,250|01/11/2021\n")
    with pytest.warns(TableWarning) as told:
        found = read_features(path, like=table)
    said = " ".join(str(note.message) for note in told)
    assert "order of day and month" in said
    assert "'1,250' is 1250); nothing tells" in said
    assert found["x"].values.tolist() == [1250]


def times(form: str, **options: Any) -> Table:
    days = pd.date_range("2019-01-01", periods=2000)
    days = days[days.day <= 12][: 3 * ROWS]
    x = np.arange(len(days)) % 7
    data = {"x": x, "t": days.strftime(form), "y": np.arange(len(days)) % 5 // 4}
    return read_table(pd.DataFrame(data), "y", time="t", **options)


def test_an_open_order_of_time_is_refused() -> None:
    with pytest.raises(TableError) as told:
        times("%d/%m/%Y")
    assert "'02/01/2019', row 1" in str(told.value)
    assert "day_first=True if this is 2 January 2019" in str(told.value)
    for form, first in (("%d/%m/%Y", True), ("%m-%d-%Y", False)):
        table = times(form, day_first=first)
        assert table.time is not None
        assert (np.diff(table.time) > np.timedelta64(0)).all()
    assert times("%Y-%m-%d").time is not None


def test_an_open_order_that_changes_no_row_is_told() -> None:
    data = {"x": np.arange(12) % 5, "t": [f"01/{m:02d}/2021" for m in range(1, 13)]}
    with pytest.warns(TableWarning, match="'t': no date tells the order"):
        read_table({**data, "y": np.arange(12) % 2}, "y", time="t")


def test_the_order_that_is_asked_for_is_kept() -> None:
    texts = [f"{d:02d}/{m:02d}/2021" for m in range(1, 13) for d in range(1, 13)]
    table = read_table({"d": texts, "y": np.arange(144) % 5 // 4}, "y", day_first=True)
    assert table["d"].notation == Notation(order="day")
    found = read_features({"d": ["01/11/2021"]}, like=table)
    assert found["d"].values[0] == NOVEMBER


@pytest.mark.parametrize(
    "data",
    [
        {"decimal": "x", "thousands": "", "sign": "", "order": ""},
        {"decimal": "", "thousands": "_", "sign": "", "order": ""},
        {"decimal": "", "thousands": "", "sign": "%%", "order": ""},
        {"decimal": "", "thousands": "", "sign": "", "order": "year"},
        {"decimal": ""},
    ],
)
def test_a_notation_is_checked(data: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Notation.from_dict(data)
    seen = Notation(",", ".", "€", "day")
    assert Notation.from_dict(seen.to_dict()) == seen
