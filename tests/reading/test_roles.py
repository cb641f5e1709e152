# SPDX-License-Identifier: Apache-2.0
"""Whatever names a group in a frame groups its rows."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import TableWarning
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_table, read_with_test
from equipoise.table.row_groups import group_column
from equipoise.table.units import in_groups_of

DAY = datetime.date(2024, 1, 2)
NOON = datetime.datetime(2024, 1, 3, 12)


@pytest.mark.parametrize(
    "names",
    [
        ["a", 1, "b", 2],
        [(1, "x"), (1, "y"), (2, "x"), (2, "y")],
        [(1, 2), (1, 3), (2, 2), (2, 3)],
        [DAY, NOON, DAY + datetime.timedelta(9), NOON + datetime.timedelta(9)],
        [True, "True!", 2.5, b"x"],
        [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}],
    ],
)
def test_values_of_any_type_group_rows(names) -> None:
    frame = pd.DataFrame(
        {
            "x": np.random.default_rng(0).normal(size=40),
            "y": [0, 0, 0, 1] * 10,
            "g": names * 10,
        }
    )
    groups = read_table(frame, "y", group="g").groups
    assert groups is not None
    assert np.unique(groups).size == 4
    assert np.array_equal(groups.reshape(10, 4), np.tile(groups[:4], (10, 1)))


def test_one_group_however_its_name_is_written() -> None:
    """Spaces are no part of a name, and 7 is 7.0 beside a missing value."""
    y = [0, 1, 0, 1, 0, 0]
    names = [" p1", "p1", "p1 ", "P1", "p2", " "]
    with pytest.warns(TableWarning):
        table = read_table({"x": range(6), "g": names, "y": y}, "y", group="g")
    assert table.groups.tolist() == [0, 0, 0, 1, 2, 3]
    whole = read_table({"x": range(6), "g": [7, 7, 8, 8, 9, 9], "y": y}, "y", group="g")
    floats = pd.DataFrame({"x": range(6), "g": [7, 7, 8, 8, 9, None], "y": y})
    with pytest.warns(TableWarning, match="a group of its own"):
        gaps = read_table(floats, "y", group="g")
    assert gaps.group_keys.tolist() == whole.group_keys.tolist()
    assert gaps.groups.tolist() == [0, 0, 1, 1, 2, 3]
    assert whole.schema.group_keys is None


def test_test_rows_have_their_groups_and_times() -> None:
    rows = {"x": [0, 1, 2, 3], "g": list("aabb"), "t": [1, 2, 3, 4], "y": [0, 1, 0, 0]}
    options = ReadingOptions(group="g", time="t")
    later = {"x": [4, 5], "g": ["c", "a"], "t": [7, 6], "y": [0, 1]}
    table, test = read_with_test(rows, "y", later, options)
    assert test.time.tolist() == [7, 6]
    assert in_groups_of(test, table).tolist() == [False, True]
    with pytest.warns(TableWarning, match="no column 'g', so each of its rows"):
        _, test = read_with_test(rows, "y", {"x": [4, 5], "y": [1, 0]}, options)
    assert test.groups is None
    assert test.time is None
    with pytest.warns(TableWarning, match="times .* are not used"):
        _, test = read_with_test(rows, "y", {**later, "t": ["soon", "late"]}, options)
    assert test.time is None
    read = read_table(later, "y", like=table)
    assert read_with_test(rows, "y", read, options)[1].groups is None


def test_the_group_column_is_named() -> None:
    columns = {"x": np.arange(40.0) ** 0.5, "who": np.arange(40) // 2}
    rows = {**columns, "y": np.arange(40) % 4 // 3}
    assert group_column(read_table(rows, "y", group="who")) == "who"
    assert group_column(read_table(rows, "y")) is None
