# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.learners.rounds.fits import MadeRows
from equipoise.learners.rounds.made import table_with
from equipoise.table.table import Column, Table
from equipoise.task import Task


def mixed_table() -> Table:
    columns = (
        Column("size", "numeric", np.array([1.0, 2.0, 4.0, np.nan, 3.0, 2.5])),
        Column("paid", "boolean", np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])),
        Column("kind", "categorical", np.array([0, 1, 0, 1, -1, 0]), ("a", "b")),
        Column(
            "day",
            "datetime",
            np.array(["2026-01-01"] * 3 + ["2026-01-11"] * 3, "datetime64[us]"),
        ),
    )
    y = np.array([0, 1, 1, 1, 0, 0], np.int8)
    return Table(
        columns,
        y,
        Task("binary", ("no", "yes")),
        groups=np.arange(6) + 10,
        time=np.arange(6.0),
    )


def test_made_rows_lie_between_two_rows():
    table = mixed_table()
    made = MadeRows(
        np.array([1, 1, 2]),
        np.array([2, 2, 3]),
        np.array([0.0, 0.25, 0.75]),
        np.ones(3),
    )
    more, where = table_with(table, np.arange(6), made, np.arange(6))
    assert where.tolist() == [6, 7, 8]
    assert len(more) == 9
    extra = more.take(where)
    assert extra.y.tolist() == [1, 1, 1]
    size = extra["size"].values
    assert size[0] == 2.0
    assert 2.0 < size[1] < 4.0
    assert np.isnan(size[2])  # nearer to the row whose size is missing
    assert extra["paid"].values.tolist() == [1.0, 1.0, 1.0]
    assert extra["kind"].values.tolist()[:2] == [1, 1]
    assert extra["kind"].values[2] == 1
    days = extra["day"].values
    assert days[0] == np.datetime64("2026-01-01")
    assert days[0] < days[2] < np.datetime64("2026-01-11")
    assert extra.groups.tolist() == [11, 11, 12]
    assert extra.time.tolist() == [1.0, 1.0, 2.0]


def test_a_made_row_has_the_category_of_its_voter():
    table = mixed_table()
    ends = np.array([1, 1]), np.array([3, 3]), np.array([0.25, 0.75])
    made = MadeRows(*ends, np.ones(2), np.array([[1], [0]]))
    places = np.array([2, 1, 0, 3, 4, 5])
    more, where = table_with(table, places, made, np.arange(6), ["kind"])
    assert more.take(where)["kind"].values.tolist() == [1, 0]
    assert more.take(where)["paid"].values.tolist() == [1.0, 1.0]


def test_the_rows_before_are_as_they_were():
    table = mixed_table()
    one = MadeRows(np.array([0]), np.array([1]), np.array([0.5]), np.ones(1))
    # places say which rows of the table are meant
    more, _ = table_with(table, np.array([2, 1]), one, np.array([0, 1, 2]))
    for column in table.columns:
        same = more[column.name].values[:6]
        np.testing.assert_array_equal(same, column.values)
    assert more.y.tolist() == [0, 1, 1, 1, 0, 0, 1]
    assert 2.0 < more["size"].values[6] < 4.0
