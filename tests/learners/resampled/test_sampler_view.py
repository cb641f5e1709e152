# SPDX-License-Identifier: Apache-2.0
"""Rows as a sampler sees them, and back."""

from __future__ import annotations

import numpy as np

from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.table.table import Column, Table
from equipoise.task import Task


def test_its_columns_are_the_tables_in_their_order(rare_table: Table) -> None:
    view = sampler_view(rare_table)
    assert [block.column.name for block in view.blocks] == list(rare_table.names)
    # group has 5 levels and missing values; a alone has an indicator
    assert view.matrix.shape == (len(rare_table), 1 + 1 + 1 + 6 + 1 + 1)
    assert view.indicators == ("a",)
    assert np.isfinite(view.matrix).all()
    missing = np.isnan(rare_table["a"].values)
    np.testing.assert_array_equal(view.matrix[:, -1], missing)


def test_rows_come_back_as_they_were(rare_table: Table) -> None:
    order = np.random.default_rng(0).permutation(len(rare_table))
    for categories in (None, ["group", "flag"], list(rare_table.names)):
        view = sampler_view(rare_table, categories)
        table = view.restore(view.matrix[order], rare_table.y[order])
        np.testing.assert_array_equal(table.y, rare_table.y[order])
        for column in table.columns:
            expected = rare_table[column.name].values[order]
            np.testing.assert_array_equal(column.values, expected, strict=True)


def test_rows_between_two_hold_whole_values(rare_table: Table) -> None:
    view = sampler_view(rare_table)
    made = 0.6 * view.matrix[:-1] + 0.4 * view.matrix[1:]
    table = view.restore(made, rare_table.y[1:])
    again = sampler_view(rare_table)
    # A number half way between two is half way as the sampler sees it.
    scaled = again.blocks[1].feature
    assert scaled is not None
    seen = scaled.scaled(table["b"].values)
    np.testing.assert_allclose(seen, made[:, 1], atol=1e-6)
    first = rare_table.take(np.arange(len(rare_table) - 1))
    for name in ("flag", "group"):
        np.testing.assert_array_equal(table[name].values, first[name].values)
    missing = np.isnan(table["a"].values)
    np.testing.assert_array_equal(missing, np.isnan(first["a"].values))
    low, high = (f(rare_table["when"].values) for f in (np.min, np.max))
    assert ((table["when"].values >= low) & (table["when"].values <= high)).all()


def test_missing_times_and_rare_levels_survive() -> None:
    days = np.arange(40).astype("M8[D]").astype("M8[us]")
    days[3] = np.datetime64("NaT")
    level = np.array([0] * 30 + [1] * 6 + [2, 3, 2, 3], np.int32)
    columns = (
        Column("day", "datetime", days),
        Column("level", "categorical", level, ("a", "b", "c", "d")),
    )
    table = Table(
        columns, np.tile([0, 1], 20).astype(np.int8), Task("binary", ("n", "p"))
    )
    view = sampler_view(table)
    assert view.matrix.shape == (40, 1 + 3 + 1)  # c and d share a column
    back = view.restore(view.matrix + 1e-9, table.y)
    np.testing.assert_array_equal(np.isnat(back["day"].values), np.isnat(days))
    gap = np.abs(back["day"].values - days)[~np.isnat(days)]
    assert gap.max() < np.timedelta64(1, "m")
    assert set(back["level"].values[36:]) == {2}
    np.testing.assert_array_equal(back["level"].values[:36], level[:36])


def test_a_column_named_as_an_indicator_is_no_indicator() -> None:
    random = np.random.default_rng(0)
    holed = np.where(random.random(60) < 0.3, np.nan, random.normal(size=60))
    columns = (
        Column("a", "numeric", holed),
        Column("a is missing", "numeric", random.normal(size=60)),
    )
    table = Table(
        columns, random.integers(0, 2, 60).astype(np.int8), Task("binary", ("n", "p"))
    )
    view = sampler_view(table)
    back = view.restore(view.matrix[:-1] + 1e-9, table.y[1:])
    np.testing.assert_array_equal(np.isnan(back["a"].values), np.isnan(holed[:-1]))
