# SPDX-License-Identifier: Apache-2.0
"""From every kind of source to the same table."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from equipoise.errors import (
    InputError,
    InputTypeError,
    TableError,
    TableWarning,
    TargetError,
)
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_features, read_table, read_with_test
from equipoise.table.table import Table

ROWS = 80


def frame(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "amount": random.normal(size=ROWS).round(6),
            "count": random.integers(0, 9, ROWS),
            "colour": random.choice(["red", "green", "blue"], ROWS),
            "member": random.random(ROWS) < 0.5,
            "when": pd.date_range("2021-03-01", periods=ROWS, freq="36h").as_unit("us"),
            "label": random.permutation(np.arange(ROWS) % 10 == 0).astype(int),
        }
    )
    data.loc[3, "amount"] = np.nan
    data.loc[5, "colour"] = None
    return data


def equal(first: Table, second: Table) -> None:
    assert first.names == second.names
    assert first.classes == second.classes
    np.testing.assert_array_equal(first.y, second.y)
    for left, right in zip(first.columns, second.columns, strict=True):
        assert (left.kind, left.categories) == (right.kind, right.categories)
        np.testing.assert_array_equal(left.values, right.values)


@pytest.fixture(scope="module")
def first() -> Table:
    return read_table(frame(), "label")


def test_kinds(first: Table) -> None:
    kinds = {column.name: column.kind for column in first.columns}
    assert kinds == {
        "amount": "numeric",
        "count": "numeric",
        "colour": "categorical",
        "member": "boolean",
        "when": "datetime",
    }
    assert first["amount"].missing().tolist() == [i == 3 for i in range(ROWS)]
    assert first["colour"].missing().tolist() == [i == 5 for i in range(ROWS)]
    assert (first.positives, first.target, first.notes) == (8, "label", ())


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow", "dict", "csv", "parquet"])
def test_every_source_gives_the_same_table(
    kind: str, first: Table, tmp_path: Path
) -> None:
    data = frame()
    polars = pl.from_pandas(data)
    data.to_csv(tmp_path / "t.csv", index=False)
    pq.write_table(pa.Table.from_pandas(data), tmp_path / "t.parquet")
    source: Any = {
        "polars": polars,
        "lazy": polars.lazy(),
        "arrow": pa.Table.from_pandas(data),
        "dict": {name: data[name].to_numpy() for name in data},
        "csv": tmp_path / "t.csv",
        "parquet": str(tmp_path / "t.parquet"),
    }[kind]
    equal(read_table(source, "label"), first)


def test_pairs_of_features_and_labels(first: Table) -> None:
    data = frame()
    X, y = data.drop(columns="label"), data["label"]
    equal(read_table((X, y)), first)
    equal(read_table((X, y.to_numpy())), first)
    equal(read_table((pl.from_pandas(X), pl.from_pandas(y))), first)
    equal(read_table((X, y.to_frame())), first)
    assert read_table((X, y)).target == "label"
    assert read_table((X, y.tolist())).target == "target"
    assert read_table((X, y.tolist()), "outcome").target == "outcome"


def test_shuffled_labels_are_put_in_order_by_their_index(first: Table) -> None:
    data = frame()
    X, y = data.drop(columns="label"), data["label"]
    with pytest.warns(TableWarning, match="put into the order of X"):
        equal(read_table((X, y.sample(frac=1, random_state=1))), first)
    with pytest.raises(TableError, match="whose indexes differ"):
        read_table((X, y.set_axis(range(1, ROWS + 1))))
    with pytest.raises(TableError, match="whose indexes differ"):
        read_table((X, y.iloc[:-1]))


def test_labels_of_any_type() -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    rare = np.arange(40) % 10 == 0
    for labels, classes in [
        (np.where(rare, 7, 2), ("2", "7")),
        (np.where(rare, 1, -1), ("-1", "1")),
        (np.where(rare, 0.25, 0.5), ("0.5", "0.25")),
        (rare, ("false", "true")),
        (np.where(rare, "bad", "good"), ("good", "bad")),
        (rare[:, None].astype(np.uint8), ("0", "1")),
        (pd.Series(np.where(rare, "b", "a")).astype("category"), ("a", "b")),
        ([1.0 if r else 0.0 for r in rare], ("0", "1")),
    ]:
        table = read_table((X, labels))
        assert table.classes == classes
        np.testing.assert_array_equal(table.y, rare)


def test_the_positive_class_is_the_rarest_unless_named() -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.arange(40) % 10 == 0
    assert read_table((X, y), positive=False).positives == 36
    assert read_table((X, y), positive="True").positives == 4
    assert read_table((X, y.astype(int)), positive=True).positives == 4
    assert read_table((X, y.astype(float)), positive=1).positives == 4
    with pytest.raises(TargetError, match=r"positive='yes'.*'false', 'true'"):
        read_table((X, y), positive="yes")
    with pytest.warns(TableWarning, match="Both classes"):
        assert read_table((X, np.arange(40) % 2)).classes == ("0", "1")


def test_tasks() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.repeat(["a", "b", "c"], [30, 20, 10])
    table = read_table((X, y))
    assert (table.task.kind, table.classes) == ("multiclass", ("a", "b", "c"))
    np.testing.assert_array_equal(np.bincount(table.y), [30, 20, 10])
    with pytest.warns(TableWarning, match=r"'c' .* held against the 2 others"):
        against = read_table((X, y), task="binary")
    assert (against.classes, against.positives) == (("not c", "c"), 10)
    with pytest.warns(TableWarning, match="held against"):
        assert read_table((X, y), positive="b").positives == 20
    labels = {"x": X[:, 0], "p": y == "a", "q": y == "b"}
    many = read_table(labels, ["p", "q"])
    assert (many.task.kind, many.classes, many.y.shape) == (
        "multilabel",
        ("p", "q"),
        (60, 2),
    )
    with pytest.raises(TargetError, match="multi-label"):
        read_table(labels, ["p", "q"], task="binary")
    with pytest.raises(InputError, match="Did you mean 'binary'"):
        read_table((X, y), task="binery")
    with pytest.raises(TargetError, match=r"label column 'p' of .* with 'a'"):
        read_table({"x": X[:, 0], "p": y, "q": y == "b"}, ["p", "q"])


def test_columns_with_a_role_are_no_features(first: Table) -> None:
    with pytest.warns(TableWarning, match="1 row has no 'colour'"):
        table = read_table(
            frame(), "label", group="colour", time="when", drop=["member"]
        )
    assert table.names == ("amount", "count")
    assert {d.name: d.reason for d in table.dropped} == {
        "member": "left out as asked",
        "colour": "it groups rows",
        "when": "it orders rows in time",
    }
    assert table.groups is not None
    assert table.time is not None
    colour = first["colour"].values
    for code in range(3):
        assert len(set(table.groups[colour == code])) == 1
    assert len(set(table.groups)) == 4  # the row without a colour is one of its own
    np.testing.assert_array_equal(table.time, first["when"].values)
    with pytest.raises(TableError, match="Did you mean 'colour'"):
        read_table(frame(), "label", group="color")
    with pytest.raises(TableError, match="not times"):
        read_table(frame(), "label", time="colour")
    with pytest.raises(TableError, match=r"1 missing values .first: row 3."):
        read_table(frame(), "label", time="amount")


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (np.empty((0, 3)), TableError, "without rows"),
        (np.zeros(5), TableError, "reshape"),
        (np.zeros((5, 2, 2)), TableError, r"reshape\(len\(X\), -1\)"),
        (np.zeros((5, 2)) * 1j, InputTypeError, "complex128"),
        ([[1, 2], [1]], TableError, "different lengths"),
        (3, InputTypeError, "source of type int"),
        ("no/such/file.csv", TableError, "does not exist"),
        (frame(), TargetError, "Pass target=COLUMN"),
        ({"a": [1, 2], "b": [1]}, TableError, "lengths"),
        ([{"a": 1, "b": 0}, {"a": 2, "b": 1}], InputTypeError, "rows as dictionaries"),
    ],
)
def test_no_table(source: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_table(source)


def test_no_table_from_a_pair() -> None:
    X = np.zeros((4, 1))
    with pytest.raises(TableError, match="4 rows and y with 3"):
        read_table((X, [0, 1, 0]))
    with pytest.raises(TargetError, match=r"1 missing value \(row 2\)"):
        read_table((X, [0.0, 1.0, np.nan, 1.0]))
    with pytest.raises(TargetError, match=r"1 infinite value \(row 2\)"):
        read_table((X, [0.0, 1.0, np.inf, 1.0]))
    with pytest.raises(TargetError, match="one class only"):
        read_table((X, [1, 1, 1, 1]))
    with pytest.raises(TableError, match=r"without a usable feature.*one value only"):
        read_table((X, [0, 1, 0, 1]), positive=1)
    with pytest.raises(TableError, match="both have a column 'y'"):
        read_table((pd.DataFrame({"y": [0, 1]}), pd.Series([0, 1], name="y")))
    with pytest.raises(TargetError, match="4 classes in 4 rows"):
        read_table((X, pd.date_range("2020", periods=4).to_numpy()))
    with pytest.raises(InputTypeError, match=r"Pass \['a'\]"):
        read_table((X, [0, 1, 0, 1]), drop="a")


@pytest.mark.parametrize("labels", [[0, 1, 0, 0], np.array([0, 1, 0, 0])])
def test_labels_stand_beside_features_alone(labels: Any) -> None:
    X = np.array([[1.0, 5.0], [3.0, 3.0], [2.0, 3.5], [4.0, 9.0]])
    assert read_table(X, labels).labels().tolist() == [0, 1, 0, 0]
    with pytest.raises(InputTypeError, match="beside a source of type Table"):
        read_table(read_table((X, labels)), labels)
    with pytest.raises(InputTypeError, match=r"group= of type .*a column of X"):
        read_table((X, labels), group=labels)


def test_whole_numbers_name_columns() -> None:
    values = np.array([[1, 5.0, 0], [3, 3.0, 1], [2, 3.5, 0], [4, 9.0, 0]])
    assert read_table(values, 2).target == "f2"
    assert read_table(values, 2, drop=[0]).names == ("f1",)
    table = read_table(pd.DataFrame(values), 2, time=1)
    assert (table.target, table.names) == ("2", ("0",))
    with pytest.raises(TargetError, match="the target '3', but"):
        read_table(pd.DataFrame(values), 3)


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet"])
def test_a_column_to_drop_must_be_there(kind: str, tmp_path: Path) -> None:
    data, source = frame(), tmp_path / f"t.{kind}"
    if kind == "csv":
        data.to_csv(source, index=False)
    elif kind == "parquet":
        data.to_parquet(source)
    given = data if kind == "frame" else source
    with pytest.raises(TableError, match=r"drop='membr'.*Did you mean 'member'"):
        read_table(given, "label", drop=["membr"])
    first = read_table(given, "label", drop=["member"])
    without = data.drop(columns="member")
    assert read_table(without, like=first).names == first.names
    assert len(read_features(without, like=first, drop=["member"])) == len(data)


def test_duplicated_columns_of_every_frame() -> None:
    data = frame()
    twice = pd.concat([data, data[["count"]]], axis=1)
    arrow = pa.Table.from_arrays([pa.array([1, 2])] * 2, names=["count", "count"])
    for source in (twice, arrow):
        with pytest.raises(TableError, match="'count' occurs more than once"):
            read_table(source, "label")


def test_a_table_is_taken_as_it_is(first: Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(first) is not None
        equal(read_table(first), first)
        assert read_table(first, drop=["count"]).names == (
            "amount",
            "colour",
            "member",
            "when",
        )
        equal(read_table(first, like=first), first)
    with pytest.raises(InputError, match="positive=1"):
        read_table(first, positive=1)
    with pytest.raises(InputError, match="Did you mean 'count'"):
        read_table(first, drop=["cuont"])
    with pytest.raises(TableError, match="other columns"):
        read_table(first, like=read_table(first, drop=["count"]))


def test_rows_without_a_target(first: Table) -> None:
    data = frame(1).drop(columns="label")
    table = read_features(data, like=first)
    assert table.names == first.names
    assert not table.labelled
    assert first.labelled
    assert "without the target 'label'" in repr(table)
    with pytest.raises(TargetError, match="read without its target"):
        _ = table.positives


def test_a_warning_is_given_once_and_points_at_the_caller() -> None:
    data = frame().assign(one=1, row=np.arange(ROWS))
    with pytest.warns(TableWarning) as caught:
        table = read_table(data, "label")
    assert [w.filename for w in caught] == [__file__] * 2
    assert [str(w.message) for w in caught] == list(table.notes)
    assert {d.name for d in table.dropped} == {"one", "row"}


def test_reading_a_file_loads_neither_scikit_learn_nor_pandas(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    frame().to_csv(path, index=False)
    code = (
        "import sys; from equipoise.reading.read import read_table; "
        f"read_table({str(path)!r}, 'label'); "
        "print(sorted({'sklearn', 'tensorflow', 'scipy.stats'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


REAL = {
    "mammography": (11183, 260, 6),
    "stroke": (5110, 249, 10),
    "wine_quality": (4898, 183, 11),
    "churn": (5000, 707, 19),
    "adult": (48842, 11687, 14),
    "kddcup99_r2l_u2r_dedup": (145584, 1051, 39),
    "ecoli": (336, 35, 7),
}


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("name", REAL)
def test_real_tables(name: str, shared_data: Path) -> None:
    table = read_table(shared_data / f"{name}.parquet", "target")
    assert (len(table), table.positives, len(table.columns)) == REAL[name]
    kinds = {column.name: column.kind for column in table.columns}
    schema = pq.read_schema(shared_data / f"{name}.parquet")
    for column, kind in kinds.items():
        declared = pa.types.is_dictionary(schema.field(column).type)
        assert (kind == "categorical") == declared


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("name", ["stroke", "adult", "churn"])
def test_a_real_table_is_the_same_from_csv(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / f"{name}.parquet"
    pd.read_parquet(source).to_csv(tmp_path / "t.csv", index=False)
    equal(read_table(tmp_path / "t.csv", "target"), read_table(source, "target"))


def test_a_test_part_has_the_columns_of_the_first():
    first = {"x": np.arange(60) % 9, "who": np.arange(60) // 3, "y": [0, 0, 1] * 20}
    test = {"y": ["1", "0"], "x": [4, 5]}
    with pytest.warns(TableWarning, match="no column 'who'"):
        table, later = read_with_test(first, "y", test, ReadingOptions(group="who"))
    assert table.names == later.names == ("x",)
    assert later.y.tolist() == [1, 0]
    assert read_with_test(first, "y", None)[1] is None
