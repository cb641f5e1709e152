# SPDX-License-Identifier: Apache-2.0
"""A table whose rows lie on disk."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import InputError, TableError
from equipoise.stores.stored_table import MANIFEST, StoredTable

ROWS = 4_000


def values() -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {
        "x": random.normal(size=ROWS).astype(np.float32),
        "city": random.choice(["Bonn", "Rome"], ROWS),
        "y": random.choice(["no", "yes"], ROWS, p=[0.95, 0.05]),
    }


@pytest.fixture
def stored(tmp_path: Path) -> StoredTable:
    pq.write_table(pa.table(values()), tmp_path / "t.parquet", row_group_size=700)
    return eq.read_table(tmp_path / "t.parquet", "y", memory="60MB")


def test_it_says_what_it_is(stored: StoredTable) -> None:
    text = repr(stored)
    assert text.startswith("<StoredTable of 4,000 rows, columns: 1 numeric, 1 categ")
    assert "at most 0.06 GB of them in memory" in text
    assert stored.names == ("x", "city")
    assert len(stored.schema) == 0
    assert stored.totals.sum() == len(stored) == ROWS
    assert stored.labels().sum() == stored.totals[1]


def test_blocks_hold_all_rows(stored: StoredTable) -> None:
    rows = np.concatenate([block.records["row"] for block in stored.blocks()])
    assert sorted(rows.tolist()) == list(range(ROWS))
    first = [block.first for block in stored.blocks()]
    assert first == [0, stored.totals[0]]


def test_rows_are_taken_in_the_order_of_the_source(stored: StoredTable) -> None:
    memory = eq.read_table(pa.table(values()), "y")
    table = stored.take(np.ones(ROWS, bool))
    np.testing.assert_array_equal(table["x"].values, memory["x"].values)
    np.testing.assert_array_equal(table.labels(), memory.labels())
    some = stored.rows([3, 40, ROWS - 1])
    assert (np.diff(some.keys.row) > 0).all()
    np.testing.assert_array_equal(
        some.table["x"].values, memory["x"].values[some.keys.row]
    )
    with pytest.raises(InputError, match="ascend"):
        stored.take([5, 3])


def test_the_choice_keeps_the_rare_class_and_does_not_depend_on_shards(
    stored: StoredTable, tmp_path: Path
) -> None:
    places, shares = stored.choose(1_000, seed=1)
    chosen = stored.rows(places)
    assert chosen.table.positives == stored.totals[1] == shares.kept[1]
    assert len(places) == 1_000
    folder = tmp_path / "shards"
    folder.mkdir()
    whole = pa.table(values())
    for k, start in enumerate(range(0, ROWS, 1_500)):
        pq.write_table(whole.slice(start, 1_500), folder / f"{k}.parquet")
    other = eq.read_table(folder, "y", memory="60MB")
    again = other.rows(other.choose(1_000, seed=1)[0])
    np.testing.assert_array_equal(again.keys.row, chosen.keys.row)
    np.testing.assert_array_equal(again.keys.hashes, chosen.keys.hashes)
    another = stored.rows(stored.choose(1_000, seed=2)[0])
    assert (another.keys.row != chosen.keys.row).any()


def test_quantiles_are_within_their_error(
    stored: StoredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = values()["x"].astype(np.float64)
    exact, error = stored.quantiles("x", [0.1, 0.5, 1.0])
    np.testing.assert_array_equal(
        exact, np.quantile(x, [0.1, 0.5, 1.0], method="inverted_cdf")
    )
    assert error == 0
    monkeypatch.setattr("equipoise.stores.stored_table.QUANTILE_ROWS", 500)
    fresh = dataclasses.replace(stored)
    about, error = fresh.quantiles("x", [0.1, 0.5, 0.9])
    assert error == pytest.approx((np.log(40) / 1_000) ** 0.5)
    shares = [(x <= value).mean() for value in about]
    assert np.abs(np.array(shares) - [0.1, 0.5, 0.9]).max() <= error
    with pytest.raises(InputError, match="categorical column 'city'"):
        stored.quantiles("city", [0.5])


def test_the_memory_decides_how_many_rows(stored: StoredTable) -> None:
    more = stored.with_memory(2 * stored.memory)
    assert more.most_rows == pytest.approx(2 * stored.most_rows, abs=1)


def test_a_damaged_store_is_named(stored: StoredTable) -> None:
    part = stored.folder / stored.parts[0].file
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(TableError, match=r"rows-0.bin.*ends after row"):
        list(stored.blocks())
    (stored.folder / MANIFEST).write_text("{}")
    with pytest.raises(TableError, match="Delete the folder"):
        StoredTable.load(stored.folder, 10**8)
    shutil.rmtree(stored.folder)
    again = eq.read_table(stored.folder.parent.parent / "t.parquet", "y", memory="1GB")
    assert len(again) == ROWS
