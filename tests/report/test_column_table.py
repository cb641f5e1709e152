# SPDX-License-Identifier: Apache-2.0
"""Columns and their distributions by class."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.report.column_table import (
    BINS,
    MOST_COLUMNS,
    REST,
    class_groups,
    column_facts,
    shape,
)
from equipoise.table.table import Column, Table
from equipoise.task import Task

NAN = float("nan")


def table(*columns: Column, y: object = None, task: Task | None = None) -> Table:
    default = np.arange(200) < 40
    labels = default.astype(np.int8) if y is None else np.asarray(y)
    return Table(columns, labels, task or Task("binary", ("no", "yes")))


def test_shares_are_those_of_each_class() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=200)
    values[::9] = NAN
    facts = column_facts(table(Column("x", "numeric", values)))
    assert facts["groups"] == ["yes", "no"]
    (one,) = facts["columns"]
    assert one["missing"] == np.isnan(values).mean()
    low, high = np.nanquantile(values, [0.01, 0.99], method="nearest")
    for shares, rows in zip(one["shares"], (slice(40), slice(40, None)), strict=True):
        part = values[rows][~np.isnan(values[rows])]
        counts, _ = np.histogram(np.clip(part, low, high), BINS, (low, high))
        assert shares == pytest.approx(counts / part.size)
    a, b = map(np.asarray, one["shares"])
    assert one["apart"] == pytest.approx(np.abs(a - b).sum() / 2)


def test_columns_that_tell_classes_apart_come_first() -> None:
    flat = Column("flat", "boolean", np.ones(200))
    telling = Column("telling", "boolean", (np.arange(200) < 40).astype(float))
    first, last = column_facts(table(flat, telling))["columns"]
    assert (first["name"], first["apart"]) == ("telling", 1.0)
    assert (last["name"], last["apart"]) == ("flat", 0.0)
    assert first["shares"] == [[0.0, 1.0], [1.0, 0.0]]


def test_few_rows_of_a_category_are_not_told() -> None:
    codes = np.array([0] * 120 + [1] * 60 + [2] * 4 + [3] * 6 + [-1] * 10, np.int32)
    column = Column("city", "categorical", codes, ("Bonn", "Lima", "Rare", "Oslo"))
    (one,) = column_facts(table(column))["columns"]
    assert one["bins"] == ["Bonn", "Lima", "Oslo", REST]
    assert one["summary"] == "4 categories"
    assert one["shares"][1] == pytest.approx([80 / 150, 60 / 150, 6 / 150, 4 / 150])


@pytest.mark.parametrize(
    "values",
    [
        np.full(200, NAN),
        np.full(200, 3.0),
        np.where(np.arange(200) < 199, 0.0, 1.0),
        np.where(np.arange(200) < 100, -1e308, 1e308),
        np.where(np.arange(200) < 100, -np.inf, np.inf),
        np.where(np.arange(200) < 40, NAN, np.arange(200.0)),
    ],
)
def test_odd_columns_have_their_place(values: np.ndarray) -> None:
    facts = column_facts(table(Column("x", "numeric", values)))
    for shares in facts["columns"][0]["shares"]:
        total = sum(shares)
        assert total == pytest.approx(1) or np.isnan(total)
    assert all("nan" not in points for points in shape(facts["columns"][0]["shares"]))


def test_dates_are_binned_and_written_as_days() -> None:
    days = np.datetime64("2026-01-01", "us") + np.arange(200).astype("timedelta64[D]")
    (one,) = column_facts(table(Column("when", "datetime", days)))["columns"]
    assert one["summary"] == "2026-01-01 to 2026-07-19"
    # One of the 40 positives shares its bin with negatives.
    assert one["apart"] == pytest.approx(1 - 1 / 40)


def test_groups_of_classes_and_labels() -> None:
    x = Column("x", "numeric", np.arange(10.0))
    y = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
    four = class_groups(table(x, y=y, task=Task("multiclass", tuple("abcd"))))
    assert [(name, int(rows.sum())) for name, rows in four] == [("d", 1), (REST, 9)]
    three = table(x, y=np.minimum(y, 2), task=Task("multiclass", tuple("abc")))
    assert [name for name, _ in class_groups(three)] == ["b", "c", "a"]
    labels = np.array([[1, 0], [1, 1], [-1, 0], *[[1, 0]] * 7], np.int8)
    several = table(x, y=labels, task=Task("multilabel", ("p", "q")))
    assert [(name, int(rows.sum())) for name, rows in class_groups(several)] == [
        ("q", 1),
        ("not q", 9),
    ]


def test_a_page_has_a_bounded_length() -> None:
    many = [
        Column(f"x{k}", "numeric", np.arange(200.0)) for k in range(MOST_COLUMNS + 7)
    ]
    facts = column_facts(table(*many))
    assert len(facts["columns"]) == MOST_COLUMNS
    assert facts["left"] == 7
