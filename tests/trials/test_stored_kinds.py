# SPDX-License-Identifier: Apache-2.0
"""Kinds of positives of rows that are larger than memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import UnsupportedError
from equipoise.stores.stored_table import StoredTable
from equipoise.trials.kinds import find_kinds
from equipoise.trials.stored_kinds import StoredKinds

ROWS = 4_000


@pytest.fixture
def stored(tmp_path: Path) -> StoredTable:
    random = np.random.default_rng(0)
    y = (random.random(ROWS) < 0.1).astype(int)
    kind = np.where(y == 1, random.choice(["card", "name"], ROWS), "none")
    x = random.normal(size=ROWS) + y
    pq.write_table(pa.table({"x": x, "kind": kind, "y": y}), tmp_path / "t.parquet")
    return eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")


def test_the_column_tells_kinds_and_is_no_feature(stored: StoredTable) -> None:
    small = stored.with_memory(int(1_500 * stored.memory / stored.most_rows))
    kinds = StoredKinds.of(small, "kind", "auto", 0)
    assert kinds.rows.table.names == kinds.rows.store.names == ("x",)
    assert kinds.kinds.names == ("card", "name")
    again = small.rows(np.sort(kinds.rows.taken.places))
    _, expected = find_kinds(again.table, "kind")
    np.testing.assert_array_equal(kinds.kinds.of_rows, expected.of_rows)
    assert (kinds.kinds.of_rows >= 0).sum() == stored.totals[1]
    assert len(kinds.rows.table) == 1_500


def test_all_positives_must_be_there(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    y = (np.arange(ROWS) % 3 == 0).astype(int)
    kind = np.where(y == 1, random.choice(["card", "name"], ROWS), "none")
    table = pa.table({"x": random.normal(size=ROWS), "kind": kind, "y": y})
    pq.write_table(table, tmp_path / "t.parquet")
    stored = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB").with_memory(1)
    with pytest.raises(UnsupportedError, match="Raise memory= until they fit"):
        StoredKinds.of(stored, "kind", "auto", 0)
    assert len(StoredKinds.of(stored.with_memory(10**9), "kind", "auto", 0).kinds) == 2
