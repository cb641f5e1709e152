# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.reading.read import read_table
from equipoise.table.table import Table
from equipoise.trials.kinds import AUTO, find_kinds, without_column


def rows_of(kinds: list[Any], **columns: Any) -> Table:
    """Rows with a column of kinds; "" and None are negatives."""
    values = kinds + [None] * 100
    y = np.array([value is not None for value in values]).astype(int)
    x = np.random.default_rng(0).normal(size=len(values))
    data = {"x": x, "kind": np.array(values, object), **columns, "y": y}
    return read_table(data, "y", positive=1, keep=["kind"])


def test_kinds_are_those_of_the_column_which_is_no_feature() -> None:
    table = rows_of(["a"] * 8 + ["b"] * 6)
    rest, kinds = find_kinds(table, "kind")
    assert [column.name for column in rest.columns] == ["x"]
    assert kinds.names == ("a", "b")
    assert kinds.of_rows[:14].tolist() == [0] * 8 + [1] * 6
    assert (kinds.of_rows[14:] == -1).all()
    assert kinds.notes == ()
    tested = without_column(table, "kind")
    assert tested is not None
    assert [column.name for column in tested.columns] == ["x"]
    assert without_column(table, AUTO) is table


def test_small_kinds_are_put_together_and_named() -> None:
    _, kinds = find_kinds(
        rows_of(["a"] * 9 + ["b"] * 2 + ["c"] * 3 + ["d"] * 7), "kind"
    )
    assert kinds.names == ("a", "b + c", "d")
    assert np.bincount(kinds.of_rows[:21]).tolist() == [9, 5, 7]
    assert "put together" in kinds.notes[0]
    assert "'b', 'c'" in kinds.notes[0]


def test_many_kinds_become_twenty() -> None:
    _, kinds = find_kinds(rows_of(sorted([f"k{n:02}" for n in range(23)] * 5)), "kind")
    assert len(kinds) == 20
    assert np.bincount(kinds.of_rows[kinds.of_rows >= 0]).min() == 5


def test_copies_of_a_positive_are_one_case() -> None:
    table = rows_of(["a"] * 10 + ["b"] * 10 + ["c"] * 8)
    copied = table.take(
        np.r_[np.arange(10), np.repeat([10, 11], 5), np.arange(20, 128)]
    )
    _, kinds = find_kinds(copied, "kind", "group")
    assert kinds.names == ("a", "b + c")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([1.0] * 6 + [2.5] * 6, ("1", "2.5")),
        ([True] * 6 + [False] * 6, ("false", "true")),
        (["a"] * 6 + ["b"] * 6, ("a", "b")),
    ],
    ids=str,
)
def test_kinds_may_be_numbers_or_true_and_false(
    values: list[Any], names: tuple[str, ...]
) -> None:
    filler = [values[0]] * 50 + [values[-1]] * 50
    data = {
        "x": np.random.default_rng(0).normal(size=112),
        "kind": np.array(values + filler),
        "y": np.repeat([1, 0], [12, 100]),
    }
    table = read_table(data, "y", positive=1)
    _, kinds = find_kinds(table, "kind")
    assert kinds.names == names


def test_a_missing_kind_is_a_kind() -> None:
    table = rows_of(["a"] * 6 + ["b"] * 6)
    y = table.labels().copy()
    y[12:18] = 1  # positives without a kind
    import dataclasses

    _, kinds = find_kinds(dataclasses.replace(table, y=y), "kind")
    assert kinds.names == ("a", "b", "missing")


def test_clusters_are_found_and_stated() -> None:
    random = np.random.default_rng(0)
    centres = np.repeat([[-6.0, 0.0], [6.0, 0.0], [0.0, 8.0]], [20, 15, 10], axis=0)
    positives = centres + random.normal(size=(45, 2)) * 0.5
    x = np.concatenate([positives, random.normal(size=(200, 2))])
    data = {"a": x[:, 0], "b": x[:, 1], "y": np.repeat([1, 0], [45, 200])}
    table = read_table(data, "y", positive=1)
    rest, kinds = find_kinds(table, AUTO, seed=3)
    assert rest is table
    assert len(kinds) == 3
    sizes = [len(np.unique(kinds.of_rows[part])) for part in (slice(20), slice(20, 35))]
    assert sizes == [1, 1]
    assert "3 clusters of the positives" in kinds.notes[0]
    _, again = find_kinds(table, AUTO, seed=3)
    assert np.array_equal(again.of_rows, kinds.of_rows)


@pytest.mark.parametrize(
    ("kinds", "unseen", "why"),
    [
        (["a"] * 9 + ["b"] * 9, "kid", "Did you mean 'kind'"),
        (["a"] * 12 + ["b"] * 12, "x", "24 different values in the positives"),
        (["a"] * 20, "kind", "fewer than two kinds"),
        (["a"] * 9 + ["b"], "kind", "pass unseen='auto'"),
        (["a"] * 7, "auto", "do not make two clusters"),
    ],
)
def test_what_cannot_be_kinds_is_refused(
    kinds: list[str], unseen: str, why: str
) -> None:
    table = rows_of(kinds)
    with pytest.raises(InputError, match=why):
        find_kinds(table, unseen)


def test_several_classes_are_refused() -> None:
    data = {"x": np.sin(np.arange(30.0)), "y": np.arange(30) % 3}
    table = read_table(data, "y")
    with pytest.raises(UnsupportedError, match="positive=CLASS"):
        find_kinds(table, AUTO)


def test_dates_are_no_kinds_and_a_column_must_remain() -> None:
    days = np.datetime64("2024-01-01") + np.arange(40) % 3
    data = {"x": np.sin(np.arange(40.0)), "day": days, "y": np.repeat([1, 0], [12, 28])}
    with pytest.raises(InputError, match="a column of dates"):
        find_kinds(read_table(data, "y", positive=1), "day")
    data = {"kind": np.tile(["a", "b"], 20), "y": np.repeat([1, 0], [12, 28])}
    with pytest.raises(InputError, match="the only column"):
        find_kinds(read_table(data, "y", positive=1), "kind")
