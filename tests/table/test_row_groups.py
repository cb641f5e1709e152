# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.reading.read import read_table
from equipoise.table.row_groups import group_column, require_groups, row_groups
from equipoise.table.table import concatenate

ROWS = {
    "x": np.linspace(0, 1, 40),
    "site": ["north", "south", "east", "west"] * 10,
    "code": [1.0, 2.5] * 20,
    "open": [True, False] * 20,
    "day": np.datetime64("2020-01-01") + np.arange(40) % 3,
    "who": [f"p{k // 2}" for k in range(36)] + [None] * 4,
    "y": [0, 0, 0, 1] * 10,
}


@pytest.fixture(scope="module")
def table():
    with pytest.warns(match="who"):
        return read_table(ROWS, "y", group="who")


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("site", {"north", "south", "east", "west"}),
        ("code", {"1", "2.5"}),
        ("open", {"True", "False"}),
    ],
)
def test_a_feature_groups_rows_by_its_values(table, column, names):
    groups = row_groups(table, column)
    assert set(groups.names) == names
    for name, number in groups.names.items():
        here = np.array([str(v) == name or v == name for v in ROWS[column]])
        if column == "code":
            here = np.array(ROWS[column]) == float(name)
        np.testing.assert_array_equal(groups.numbers == number, here)


def test_dates_group_rows_too(table):
    assert len(np.unique(row_groups(table, "day").numbers)) == 3


@pytest.mark.parametrize("column", [None, "who"])
def test_the_column_of_group_is_there_by_none_and_by_name(table, column):
    groups = row_groups(table, column)
    np.testing.assert_array_equal(groups.numbers, table.groups)
    assert len(groups.names) == 18  # four rows have no name, and are groups of one row
    assert groups.names["p3"] == table.groups[6]
    assert group_column(table) == "who"
    assert row_groups(table, None).digest != row_groups(table, "site").digest


def test_columns_beside_follow_their_rows(table):
    (beside,) = table.beside
    assert beside.name == "who"
    some = table.take([30, 2])
    assert [beside.categories[c] for c in some.beside[0].values] == ["p15", "p1"]
    both = concatenate([some, table])
    assert len(both.beside[0].values) == len(both) == 42
    assert concatenate([some, table.bare()]).beside == ()
    assert table.schema.beside == table.bare().beside == ()


def test_a_column_that_is_left_out_stands_beside_the_features():
    from equipoise.reading.options import ReadingOptions
    from equipoise.reading.read import read_source

    options = ReadingOptions(drop=["site"], draw_by=["site", "absent"])
    table = read_source({k: v for k, v in ROWS.items() if k != "who"}, "y", options)
    assert "site" not in table.names
    assert "left out as asked" in [d.reason for d in table.dropped if d.name == "site"]
    assert set(row_groups(table, "site").names) == {"north", "south", "east", "west"}
    again = read_source(
        dataclasses.replace(table, beside=()),
        None,
        ReadingOptions(drop=["code"], draw_by=["code"]),
    )
    assert set(row_groups(again, "code").names) == {"1", "2.5"}


# Rows without a group have a note, which is no matter here.
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_what_is_refused(table):
    with pytest.raises(InputError, match=r"'sit'.*Did you mean 'site'"):
        row_groups(table, "sit")
    with pytest.raises(InputError, match="Pass group= when the rows are read"):
        row_groups(dataclasses.replace(table, groups=None), None)
    dropped = read_table(ROWS, "y", group="who", drop=["site"])
    with pytest.raises(InputError, match=r"left out when it was read.*drop= of the tr"):
        row_groups(dropped, "site")
    holed = read_table({**ROWS, "site": [None, *ROWS["site"][1:]]}, "y", group="who")
    with pytest.raises(InputError, match=r"1 row without a 'site'.*row 1.*'unknown'"):
        row_groups(holed, "site").require_all("'site'")
    assert set(row_groups(holed, "site").names) == set(ROWS["site"])
    with pytest.raises(InputError, match="rows without columns"):
        require_groups("site", [], grouping=None)
    require_groups(None, [], grouping="who")
    require_groups("who", ["x"], grouping="who")
