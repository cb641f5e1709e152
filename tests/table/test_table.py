# SPDX-License-Identifier: Apache-2.0
"""The table itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError, TargetError, UnsupportedError
from equipoise.table.duplicates import judge_duplicates
from equipoise.table.table import (
    Column,
    Table,
    class_counts,
    concatenate,
    require_classes,
)
from equipoise.task import Task


@pytest.fixture
def table() -> Table:
    return Table(
        (
            Column("x", "numeric", np.array([1.0, np.nan, 3.0])),
            Column("f", "boolean", np.array([1.0, 0.0, np.nan])),
            Column("c", "categorical", np.array([1, -1, 0], np.int32), ("u", "vé")),
            Column(
                "t", "datetime", np.array(["1970-01-01", "NaT", "2021-01-01"], "M8[us]")
            ),
        ),
        np.array([0, 1, 0], np.int8),
        Task("binary", ("no", "yes")),
        groups=np.array([4, 5, 4]),
        time=np.array([3.0, 1.0, 2.0]),
    )


def test_raw_is_what_a_model_takes(table: Table) -> None:
    raw = table.raw()
    assert list(raw) == ["x", "f", "c", "t"]
    np.testing.assert_array_equal(raw["x"], [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(raw["f"], [1.0, 0.0, np.nan])
    assert raw["c"].tolist() == ["vé", "", "u"]
    least = np.iinfo(np.int64).min
    assert raw["t"].tolist() == [0, least, 1609459200 * 10**6]
    assert [raw[name].dtype.kind for name in raw] == ["f", "f", "U", "i"]
    assert table.raw([2])["c"].tolist() == ["u"]
    assert table.raw(np.array([True, False, False]))["x"].tolist() == [1.0]


def test_missing_and_take(table: Table) -> None:
    missing = [column.missing().tolist() for column in table.columns]
    assert missing == [
        [False, True, False],
        [False, False, True],
        [False, True, False],
        [False, True, False],
    ]
    part = table.take([2, 0])
    assert part["x"].values.tolist() == [3.0, 1.0]
    assert part.groups is not None
    assert part.groups.tolist() == [4, 4]
    assert part.time is not None
    assert part.time.tolist() == [2.0, 3.0]
    assert class_counts(part.y) == (2, 0)


def test_names(table: Table) -> None:
    assert table.names == ("x", "f", "c", "t")
    assert (len(table), table.positives, table.prevalence) == (3, 1, 1 / 3)
    assert "1 numeric, 1 boolean, 1 categorical, 1 datetime" in repr(table)
    empty = table.take(np.arange(0))
    assert "0 rows" in repr(empty)
    assert np.isnan(empty.prevalence)
    with pytest.raises(InputError, match=r"'cc'.*Did you mean 'c'"):
        table["cc"]


def test_only_binary_tables_have_positives(table: Table) -> None:
    many = Table(
        table.columns,
        np.array([0, 1, 2]),
        Task("multiclass", ("a", "b", "c")),
    )
    with pytest.raises(UnsupportedError, match="multiclass"):
        _ = many.positives
    with pytest.raises(UnsupportedError, match="as positive=CLASS: 'a', 'b', 'c'"):
        many.task.require_binary("fit")
    labels = tuple(f"c{i}" for i in range(12))
    crowd = Table(table.columns, np.array([0, 1, 2]), Task("multiclass", labels))
    with pytest.raises(UnsupportedError, match="'c9' and 2 more"):
        crowd.task.require_binary("fit")
    assert "multiclass target" in repr(many)
    y = np.array([[1, 0], [1, -1], [0, 1]], np.int8)
    both = dataclasses.replace(
        many.take([0, 1, 2]), y=y, task=Task("multilabel", ("a", "b"))
    )
    assert "2 labels, from 1 ('b') to 2 rows ('a')" in repr(both)
    assert "2 labels>" in repr(both.schema)
    assert "2 labels, without" in repr(dataclasses.replace(both, y=None))
    stacked = concatenate([both, both])
    assert stacked.y is not None
    assert stacked.y.shape == (6, 2)
    assert both.take([2, 1]).y.tolist() == [[0, 1], [1, -1]]  # type: ignore[union-attr]


def test_concatenate_unites_categories(table: Table) -> None:
    other = Table(
        (
            *table.columns[:2],
            Column("c", "categorical", np.array([0, 1, -1], np.int32), ("w", "u")),
            table.columns[3],
        ),
        table.y,
        table.task,
        groups=table.groups,
    )
    both = concatenate([table, other])
    assert both["c"].raw().tolist() == ["vé", "", "u", "w", "u", ""]
    assert both["c"].categories == ("u", "vé", "w")
    assert both.time is None
    assert both.groups is not None
    assert len(both) == len(both.groups) == 6


def test_rows_without_their_target(table: Table) -> None:
    bare = dataclasses.replace(table, y=None, source="new.csv")
    assert not bare.labelled
    assert (len(bare), len(bare.take([2, 0]))) == (3, 2)
    assert "without the target" in repr(bare)
    with pytest.raises(TargetError, match=r"new\.csv, which was read without its"):
        bare.labels()
    with pytest.raises(TargetError, match="without its target"):
        _ = bare.positives
    assert len(concatenate([bare, bare])) == 6
    assert concatenate([table, bare]).y is None
    assert concatenate([table, table]).labels().tolist() == [0, 1, 0] * 2
    assert len(Table((), None, table.task)) == 0
    assert len(Table((), None, table.task, time=np.arange(4.0))) == 4


def test_duplicates_among_rows_without_their_target(table: Table) -> None:
    bare = dataclasses.replace(table, y=None).take([0, 0, 1, 2] * 30)
    assert (
        judge_duplicates(bare).copies
        == judge_duplicates(
            dataclasses.replace(bare, y=np.full(len(bare), 0, np.int8))
        ).copies
    )


@pytest.mark.parametrize(
    ("task", "y", "says"),
    [
        (Task("binary", ("no", "yes")), [0, 0, 0], "3 negative and 0 positive"),
        (Task("multiclass", ("a", "b", "c")), [2, 2, 2], "rows of one class"),
        (Task("multilabel", ("p", "q")), [[0, 1], [0, 1], [0, -1]], "the same"),
    ],
)
def test_rows_that_cannot_be_told_apart_are_refused(task, y, says) -> None:
    one = Table((), np.array(y, np.int8), task)
    with pytest.raises(TargetError, match=says):
        require_classes(one)


@pytest.mark.parametrize(
    ("task", "y"),
    [
        (Task("binary", ("no", "yes")), [0, 1, 0]),
        (Task("multiclass", ("a", "b", "c")), [2, 2, 0]),
        (Task("multilabel", ("p", "q")), [[0, 1], [1, 1], [0, 1]]),
    ],
)
def test_two_classes_are_enough(task, y) -> None:
    require_classes(Table((), np.array(y, np.int8), task))
