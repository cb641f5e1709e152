# SPDX-License-Identifier: Apache-2.0
"""Classes of a store with few rows are kept, merged or dropped as in memory."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import InputError
from equipoise.stores.rare_stored import treat_rare_store
from equipoise.stores.stored_table import StoredTable
from equipoise.table.rare_classes import treat_rare, with_classes_of

COUNTS = {"a": 300, "b": 60, "c": 3, "d": 2}


@pytest.fixture
def stored(tmp_path: Path) -> StoredTable:
    y = np.repeat(list(COUNTS), list(COUNTS.values()))
    random = np.random.default_rng(0)
    random.shuffle(y)
    table = pa.table({"x": random.normal(size=len(y)), "y": y})
    pq.write_table(table, tmp_path / "t.parquet")
    return eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")


@pytest.mark.parametrize("rare", ["keep", "merge", "drop"])
def test_the_classes_are_those_of_memory(stored: StoredTable, rare: str) -> None:
    memory = stored.take(np.arange(len(stored)))
    treated, notes = treat_rare(memory, rare)
    changed, test, said = treat_rare_store(stored, rare, 5, memory)
    assert changed.task == treated.task
    assert len(changed) == len(treated)
    np.testing.assert_array_equal(
        changed.totals, np.bincount(treated.labels(), minlength=len(treated.classes))
    )
    rows = changed.take(np.arange(len(changed)))
    np.testing.assert_array_equal(rows.labels(), treated.labels())
    np.testing.assert_array_equal(
        rows["x"].values, treated["x"].values.astype(np.float32)
    )
    expected, more = with_classes_of(memory, treated)
    assert test is not None
    np.testing.assert_array_equal(test.labels(), expected.labels())
    assert said == (*notes, *more)


@pytest.mark.parametrize("rare", ["keep", "merge", "drop"])
def test_no_row_is_held(stored: StoredTable, rare: str) -> None:
    """Rows are counted, not listed: a class of ten million takes no memory."""
    many = {0: 10_000_000, 1: 7_000_000}
    parts = tuple(
        dataclasses.replace(part, rows=many.get(part.number, part.rows))
        for part in stored.parts
    )
    huge = dataclasses.replace(stored, parts=parts)
    tracemalloc.start()
    changed, _, said = treat_rare_store(huge, rare, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    few, _, said_of_few = treat_rare_store(stored, rare, 5)
    assert changed.task == few.task
    assert said == said_of_few
    totals = few.totals
    totals[:2] = list(many.values())
    np.testing.assert_array_equal(changed.totals, totals)


@pytest.mark.parametrize("folds", [1, 2.5])
def test_folds_are_checked_before_rows_are_counted(
    stored: StoredTable, folds: int
) -> None:
    with pytest.raises((InputError, TypeError), match="folds"):
        treat_rare_store(stored, "keep", folds)


def test_two_classes_stay(tmp_path: Path) -> None:
    table = pa.table({"x": np.arange(50) ** 0.5, "y": (np.arange(50) > 46) * 1})
    pq.write_table(table, tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    assert treat_rare_store(stored, "drop", 5) == (stored, None, ())
