# SPDX-License-Identifier: Apache-2.0
"""A second source against the columns and kinds of the first."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from equipoise.errors import TableError, TableWarning, TargetError
from equipoise.reading.blocks import read_blocks
from equipoise.reading.read import read_features, read_table
from equipoise.table.rare_classes import treat_rare
from equipoise.table.table import Table

ROWS = 60


def frame(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": random.normal(size=ROWS),
            "n": random.integers(0, 5, ROWS),
            "c": np.resize(["u", "v", "w"], ROWS),
            "f": random.random(ROWS) < 0.5,
            "t": pd.date_range("2021", periods=ROWS).as_unit("us"),
            "k": np.resize(["1", "2", "3+"], ROWS),
            "y": (np.arange(ROWS) % 10 == 0).astype(int),
        }
    )


@pytest.fixture(scope="module")
def first() -> Table:
    with pytest.warns(TableWarning, match="'k'"):
        return read_table(frame(), "y")


def later(first: Table, **changed: Any) -> Table:
    return read_table(frame(1).assign(**changed), like=first)


def test_columns_by_name_in_any_order(first: Table) -> None:
    data = frame(1)
    straight = read_table(data, like=first)
    turned = read_table(data[data.columns[::-1]], like=first)
    polars = read_table(pl.from_pandas(data), like=first)
    for other in (turned, polars):
        assert other.names == straight.names == first.names
        for name in first.names:
            np.testing.assert_array_equal(other[name].values, straight[name].values)
    assert straight.notes == ()
    assert straight.target == "y"


def test_from_a_text_file(first: Table, tmp_path: Path) -> None:
    frame(1).to_csv(tmp_path / "later.csv", index=False)
    table = read_table(tmp_path / "later.csv", like=first)
    expected = read_table(frame(1), like=first)
    for name in first.names:
        assert table[name].kind == first[name].kind
        np.testing.assert_array_equal(table[name].values, expected[name].values)


def test_absent_columns_are_all_named(first: Table) -> None:
    data = frame(1).drop(columns=["x", "c"])
    with pytest.raises(TableError, match="without the columns 'x', 'c'"):
        read_table(data, like=first)
    with pytest.raises(TableError, match="Did you mean 'count'"):
        read_table(
            frame(1).drop(columns="c").assign(count=1),
            like=read_table(
                frame().rename(columns={"c": "counts"})[["x", "counts", "y"]], "y"
            ),
        )


BODY = "".join(
    f"{20 + k % 40},{0.37 * k % 5:.2f},{'ab'[k % 2]},{int(k % 5 == 0)}\n"
    for k in range(60)
)
NAMES = "age,pay,city,y\n"


def test_a_file_without_a_header_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(NAMES + BODY)
    first = read_table(path, "y")
    new = tmp_path / "new.csv"
    new.write_text(BODY)
    advice = (
        r"no header; its columns are called column_1 to column_4\. Add a first line"
    )
    with pytest.raises(TableError, match=f"'age', 'pay', 'city'.*{advice}"):
        read_features(new, like=first)
    with pytest.raises(TableError, match=advice):
        list(read_blocks(new, like=first))
    with pytest.raises(TargetError, match=f"the target 'y'.*{advice}"):
        read_table(new, like=first)
    new.write_text(NAMES + BODY)
    assert len(read_features(new, like=first)) == 60


# That the header is absent is noted each time, which is no matter here.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_a_table_without_a_header_takes_none_later(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(BODY)
    first = read_table(path, "column_4")
    new = tmp_path / "new.csv"
    new.write_text(NAMES + BODY)
    with pytest.raises(TableError, match=r"first table had no header\. Take the line"):
        read_features(new, like=first)
    new.write_text(BODY)
    assert len(read_features(new, like=first)) == 60
    new.write_text("".join(f"{line[:-2]}\n" for line in BODY.splitlines()))
    assert len(read_features(new, like=first)) == 60
    with pytest.raises(TargetError) as raised:
        read_table(new, like=first)
    assert str(raised.value).endswith("'column_1', 'column_2', 'column_3'.")


def test_additional_columns_are_left_out_with_a_note(first: Table) -> None:
    with pytest.warns(
        TableWarning, match="has 1 column that the first table does not have"
    ):
        assert later(first, more=1).names == first.names


def test_columns_that_the_first_table_left_out_are_passed_over() -> None:
    with pytest.warns(TableWarning, match="'one'"):
        first = read_table(frame()[["x", "c", "y"]].assign(one=1), "y", group="c")
    second = read_table(frame(1)[["x", "c", "y"]].assign(one=2), like=first)
    assert second.notes == ()
    assert second.names == ("x",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": "abc"}, "'x' holds 60 values .*'abc', row 0: it is not a number"),
        ({"x": pd.Timestamp("2021")}, "'x' holds dates"),
        ({"c": np.arange(ROWS) + 0.5}, "'c' holds numbers"),
        ({"f": 2}, "'f' holds numbers"),
        ({"t": "soon"}, "'t' holds 60 values .*'soon', row 0: it is not a date"),
        ({"t": 5}, "'t' holds numbers"),
    ],
)
def test_a_changed_type_is_an_error(
    changed: dict[str, Any], message: str, first: Table
) -> None:
    with pytest.raises(TableError, match=message):
        later(first, **changed)


def test_a_number_that_is_none_is_found_by_its_line(
    first: Table, tmp_path: Path
) -> None:
    data = frame(1)
    data["n"] = data["n"].astype(object)
    data.loc[7, "n"] = "many"
    data.to_csv(tmp_path / "later.csv", index=False)
    with pytest.raises(
        TableError, match=r"1 value .*'many', line 9: it is not a number"
    ):
        read_table(tmp_path / "later.csv", like=first)


def test_what_may_change(first: Table) -> None:
    assert later(first, f=1)["f"].kind == "boolean"
    with pytest.warns(TableWarning, match="'n': true and false were taken as"):
        assert later(first, n=True)["n"].kind == "numeric"
    assert later(first, t=frame(1)["t"].astype(str))["t"].kind == "datetime"
    np.testing.assert_array_equal(later(first, k=2)["k"].raw(), "2")
    np.testing.assert_array_equal(later(first, k=2.0)["k"].raw(), "2")
    empty = later(first, x=None, c=None, t=None, f=None)
    for name in "xctf":
        assert empty[name].missing().all()
        assert empty[name].kind == first[name].kind


def test_a_constant_column_keeps_its_place(first: Table) -> None:
    assert later(first, x=1.0)["x"].values.tolist() == [1.0] * ROWS


def test_new_categories_come_behind_the_known(first: Table) -> None:
    with pytest.warns(TableWarning, match="1 new category, unseen .*'z'"):
        table = later(first, c=["z", "v"] * (ROWS // 2))
    assert table["c"].categories == ("u", "v", "w", "z")
    assert table["c"].values[:2].tolist() == [3, 1]


def test_na_stays_what_it_was(tmp_path: Path) -> None:
    codes = np.resize(["NA", "DE", "FR"], ROWS)
    frame()[["x", "y"]].assign(c=codes).to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(TableWarning, match="was kept as a category"):
        first = read_table(tmp_path / "a.csv", "y")
    frame(1)[["x", "y"]].assign(c="NA").to_csv(tmp_path / "b.csv", index=False)
    assert read_table(tmp_path / "b.csv", like=first)["c"].raw().tolist() == ["NA"] * 60


def test_classes(first: Table) -> None:
    with pytest.warns(TableWarning, match="All rows .* are of class '0'"):
        assert later(first, y=0).positives == 0
    with pytest.raises(TargetError, match="has the class '3'"):
        later(first, y=[0, 3] * (ROWS // 2))
    with pytest.raises(TargetError, match="the target 'y', but"):
        read_table(frame(1).drop(columns="y"), like=first)


@pytest.mark.parametrize("change", [bool, np.int64])
def test_true_and_false_are_one_and_zero(change: Any) -> None:
    """One program writes a target as booleans, another as numbers."""
    data = frame()[["x", "n"]].assign(y=np.arange(60) % 3 == 0)
    first = read_table(data.astype({"y": np.int64 if change is bool else bool}), "y")
    with pytest.warns(TableWarning, match="which were taken as"):
        second = read_table(data.astype({"y": change}), like=first)
    np.testing.assert_array_equal(second.y, np.arange(60) % 3 == 0)
    with pytest.raises(TargetError, match="the classes 'no', 'yes'"):
        read_table(data.assign(y=np.where(data.y, "yes", "no")), like=first)


def test_one_class_against_all_others_takes_new_ones() -> None:
    data = frame()[["x", "n"]].assign(y=np.repeat(["a", "b", "c"], 20))
    with pytest.warns(TableWarning, match="held against"):
        first = read_table(data, "y", positive="a")
    second = read_table(data.assign(y=np.repeat(["d", "a", "c"], 20)), like=first)
    np.testing.assert_array_equal(second.y, np.repeat([0, 1, 0], 20))


def three_classes() -> pd.DataFrame:
    return frame()[["x", "n"]].assign(y=np.repeat(["a", "b", "c"], [30, 28, 2]))


def test_several_classes_are_numbered_as_before(tmp_path: Path) -> None:
    data = three_classes()
    first = read_table(data, "y")
    later = data.assign(y=np.repeat(["C", " b", "c"], 20))  # spelled otherwise
    later.to_csv(tmp_path / "later.csv", index=False)
    for source in (later, tmp_path / "later.csv"):
        with pytest.warns(TableWarning, match="differ by spaces or case only"):
            second = read_table(source, like=first)
        assert second.task == first.task
        np.testing.assert_array_equal(second.y, np.repeat([2, 1, 2], 20))
        assert second.y is not None
        assert second.y.dtype == np.int64


def test_a_class_that_only_the_test_rows_have() -> None:
    data = three_classes()
    first = read_table(data, "y")
    later = data.assign(y=np.repeat(["a", "d", "e"], 20))
    with pytest.raises(
        TargetError,
        match=r"has the classes 'd', 'e' in 40 rows\. Accepted: .*'a', 'b', 'c'\. "
        "Leave these rows out",
    ):
        read_table(later, like=first)
    with pytest.warns(TableWarning, match="All rows .* are of class 'a'"):
        assert len(read_table(later[later["y"] == "a"], like=first)) == 20


def test_many_numbers_that_name_classes() -> None:
    y = np.arange(600) % 120
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=600), "y": y})
    first = read_table(data, "y", task="multiclass")
    second = read_table(data[:150], like=first)
    np.testing.assert_array_equal(second.y, y[:150])


def test_rare_classes_that_were_merged_are_so_later() -> None:
    y = np.repeat(["a", "b", "c", "d"], [30, 25, 3, 2])
    data = frame()[["x", "n"]].assign(y=y)
    merged, _ = treat_rare(read_table(data, "y"), "merge")
    assert merged.classes == ("a", "b", "other (rare)")
    later = data.assign(y=np.repeat(["a", "D", "c"], 20))
    second = read_table(later, like=merged)
    np.testing.assert_array_equal(second.y, np.repeat([0, 2, 2], 20))
    assert second.task == merged.task
    later = data.assign(y=np.repeat(["a", "Other (rare)", "c"], 20))
    np.testing.assert_array_equal(read_table(later, like=merged).y, second.y)


def test_marks_that_were_taken_as_missing_are_told(tmp_path: Path) -> None:
    table = read_table({"x": np.arange(30) % 7, "y": np.arange(30) % 3 // 2}, "y")
    path = tmp_path / "new.csv"
    path.write_text("x,more\n1,a\n#REF!,a\n#REF!,a\n,a\nNA,a\n")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        later = read_features(path, like=table)
    assert later["x"].missing().tolist() == [False, True, True, True, True]
    notes = " ".join(str(note.message) for note in told)
    assert "Column 'x': '#REF!' (2 rows) taken as missing." in notes
    assert "'NA'" not in notes
