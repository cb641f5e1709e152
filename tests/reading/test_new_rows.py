# SPDX-License-Identifier: Apache-2.0
"""Rows for a fitted model: at once or in blocks, with their groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv
from pyarrow import parquet as pq

from equipoise.errors import TableError, TableWarning, TargetError
from equipoise.reading import shards
from equipoise.reading.blocks import read_blocks
from equipoise.reading.new_rows import (
    joined_groups,
    labelled_blocks,
    read_stored_test,
)
from equipoise.reading.read import read_table
from equipoise.stores.stored_table import StoredTable
from equipoise.table.table import Table


@pytest.fixture(scope="module")
def rows(make_rows: Callable[..., Any]) -> pa.Table:
    plain = make_rows(120, seed=2)
    names = [f"p{k // 3}" if k % 10 else None for k in range(120)]
    return plain.append_column("who", pa.array(names, pa.string()))


@pytest.fixture(scope="module")
def like(rows: pa.Table) -> Table:
    with pytest.warns(TableWarning, match="a group of its own"):
        return read_table(rows, "fraud", group="who")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_keep_their_groups(
    rows: pa.Table, like: Table, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"rows.{suffix}"
    (csv.write_csv if suffix == "csv" else pq.write_table)(rows, path)
    (block,) = labelled_blocks(path, like, group="who")
    assert block.groups is not None
    names = ["" if n is None else n for n in rows.column("who").to_pylist()]
    assert block.groups.tolist() == names
    np.testing.assert_array_equal(block.table.y, like.y)
    (ungrouped,) = labelled_blocks(path, like)
    assert ungrouped.groups is None


def test_dictionary_columns_are_groups_too(
    rows: pa.Table, like: Table, tmp_path: Path
) -> None:
    coded = rows.set_column(
        rows.column_names.index("who"), "who", rows.column("who").dictionary_encode()
    )
    pq.write_table(coded, tmp_path / "coded.parquet")
    (block,) = labelled_blocks(tmp_path / "coded.parquet", like, group="who")
    assert block.groups is not None
    assert block.groups[0] == ""


@pytest.mark.parametrize("form", ["frame", "pandas", "dict", "table"])
def test_what_is_in_memory_keeps_its_groups(
    rows: pa.Table, like: Table, form: str
) -> None:
    source: Any = {
        "frame": rows,
        "pandas": rows.to_pandas(),
        "dict": {name: rows.column(name).to_numpy() for name in rows.column_names},
        "table": like,
    }[form]
    seen = list(_quietly(source, like))
    assert len(seen) == 1
    groups = seen[0].groups
    assert groups is not None
    assert len(set(groups[1:3])) == 1
    assert groups[0] != groups[10]


def _quietly(source: Any, like: Table) -> Any:
    if isinstance(source, Table):
        return labelled_blocks(source, like, group="who")
    with pytest.warns(TableWarning, match="a group of its own"):
        return list(labelled_blocks(source, like, "fraud", group="who"))


def test_labels_under_other_names(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    data = pd.DataFrame({"x": random.normal(size=40), "a": 0, "b": 0})
    data.loc[::2, "a"] = 1
    data.loc[::3, "b"] = 1
    first = read_table(data, targets=["a", "b"])
    renamed = data.rename(columns={"a": "tag_1", "b": "tag_2"})
    renamed.to_csv(tmp_path / "later.csv", index=False)
    for source in (renamed, tmp_path / "later.csv"):
        (block,) = labelled_blocks(source, first, ["tag_*"])
        np.testing.assert_array_equal(block.table.labels(), first.labels())
        assert block.table.task == first.task


def test_groups_are_joined_over_blocks() -> None:
    blocks = [np.array(["b", "", "a"], object), np.array(["long name", "b", ""])]
    numbers = joined_groups(blocks)
    assert numbers is not None
    assert numbers.dtype == np.int64
    texts = np.concatenate([block.astype(str) for block in blocks])
    equal = numbers[:, None] == numbers[None, :]
    alike = (texts[:, None] == texts[None, :]) & (texts != "")
    np.testing.assert_array_equal(equal, alike | np.eye(6, dtype=bool))
    assert joined_groups([*blocks, None]) is None


@pytest.fixture(scope="module")
def store(
    make_rows: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> StoredTable:
    """A store beside which 1,000 rows fit into memory."""
    path = tmp_path_factory.mktemp("store") / "rows.parquet"
    pq.write_table(make_rows(300), path)
    stored = read_table(path, "fraud", memory="1GB").with_memory(1)
    assert stored.most_rows == 1_000
    return stored


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each block that is read; a block is 400 rows, or about as many."""
    seen: list[int] = []

    def blocks(path: Path, **options: Any) -> Iterator[Any]:
        for block in read_blocks(path, **options, block_bytes=20_000, block_rows=400):
            seen.append(len(block.table))
            yield block

    monkeypatch.setattr(shards, "read_blocks", blocks)
    return seen


def test_a_test_file_is_read_no_further_than_fits(
    make_rows: Callable[..., Any],
    store: StoredTable,
    lengths: list[int],
    tmp_path: Path,
) -> None:
    pq.write_table(make_rows(4_000), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"'t.parquet' with 1,200 or more test rows"):
        read_stored_test(store, tmp_path / "t.parquet")
    assert lengths == [400, 400, 400]
    lengths.clear()
    csv.write_csv(make_rows(4_000), tmp_path / "t.csv")
    with pytest.raises(TableError, match=r"or more test rows.*at most 1,000"):
        read_stored_test(store, tmp_path / "t.csv")
    assert sum(lengths[:-1]) <= 1_000 < sum(lengths) < 2_000
    with pytest.raises(TableError, match="with 1,001 test rows"):
        read_stored_test(store, make_rows(1_001))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_test_file_in_blocks_is_the_file(
    make_rows: Callable[..., Any],
    store: StoredTable,
    lengths: list[int],
    tmp_path: Path,
    suffix: str,
) -> None:
    rows, path = make_rows(1_000, seed=3), tmp_path / f"t.{suffix}"
    (csv.write_csv if suffix == "csv" else pq.write_table)(rows, path)
    blocks, whole = read_stored_test(store, path), read_stored_test(store, rows)
    assert len(lengths) > 1
    assert blocks is not None
    assert whole is not None
    assert (blocks.names, blocks.task) == (whole.names, whole.task)
    np.testing.assert_array_equal(blocks.labels(), whole.labels())
    for name in whole.names:
        np.testing.assert_array_equal(blocks.raw()[name], whole.raw()[name])
    assert read_stored_test(store, None) is None
    with pytest.raises(TableError, match="the folder"):
        read_stored_test(store, tmp_path)


def test_test_rows_have_the_groups_of_the_store(
    lengths: list[int], tmp_path: Path
) -> None:
    """Over blocks of a file, and at once in memory: equal numbers for equal names."""
    random = np.random.default_rng(0)
    rows = pa.table(
        {
            "x": random.normal(size=900),
            "who": [f"p{k}" for k in random.integers(0, 90, 900)],
            "y": np.arange(900) % 5 // 4,
        }
    )
    pq.write_table(rows.slice(0, 100), tmp_path / "rows.parquet")
    pq.write_table(rows, tmp_path / "t.parquet")
    store = read_table(tmp_path / "rows.parquet", "y", group="who", memory="1GB")
    names = np.array(rows.column("who").to_pylist())
    expected = names[:, None] == names[None, :]
    for test in (tmp_path / "t.parquet", rows):
        later = read_stored_test(store, test)
        assert later is not None
        assert later.groups is not None
        equal = later.groups[:, None] == later.groups[None, :]
        np.testing.assert_array_equal(equal, expected)
    assert len(lengths) > 2
    pq.write_table(rows.drop_columns(["who"]), tmp_path / "t.parquet")
    for test in (tmp_path / "t.parquet", rows.drop_columns(["who"])):
        with pytest.warns(TableWarning, match="no column 'who'"):
            later = read_stored_test(store, test)
        assert later is not None
        assert later.groups is None
    table = read_table(rows, "y", like=store.schema)
    assert read_stored_test(store, table) is not None


def test_all_labels_of_a_test_file_tell_which_name_no_class(
    lengths: list[int], tmp_path: Path
) -> None:
    """Here the first block holds -1 and 1 alone, as if they were two classes."""
    y = np.repeat([-1, 1, 0], [300, 300, 300])
    rows = pa.table({"x": np.random.default_rng(0).normal(size=900), "y": y})
    pq.write_table(rows.slice(300), tmp_path / "rows.parquet")
    pq.write_table(rows, tmp_path / "t.parquet")
    store = read_table(tmp_path / "rows.parquet", "y", positive=1, memory="1GB")
    with pytest.raises(TargetError, match="'-1'"):
        read_stored_test(store, tmp_path / "t.parquet")
    with pytest.warns(TableWarning, match="300 rows of .* without a label"):
        later = read_stored_test(store, tmp_path / "t.parquet", "drop")
    assert later is not None
    np.testing.assert_array_equal(later.labels(), y[300:])
    assert lengths[-3:] == [100, 400, 100]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_unlabelled_rows_are_left_out_before_rows_are_counted(
    store: StoredTable,
    make_rows: Callable[..., Any],
    lengths: list[int],
    tmp_path: Path,
    suffix: str,
) -> None:
    write = csv.write_csv if suffix == "csv" else pq.write_table
    rows, path = make_rows(4_000, seed=3), tmp_path / f"t.{suffix}"
    place = rows.column_names.index("fraud")
    labels = rows.column("fraud").to_pylist()

    def written(labelled: int) -> None:
        named = [y if k % 4_000 < labelled else None for k, y in enumerate(labels)]
        column = pa.array(named, rows.column("fraud").type)
        write(rows.set_column(place, "fraud", column), path)

    written(900)
    with pytest.warns(TableWarning, match="3,100 rows of .* without a label"):
        later = read_stored_test(store, path, "drop")
    assert later is not None
    assert sum(lengths) == len(later) == 900
    whole = read_stored_test(store, rows.slice(0, 900))
    assert whole is not None
    np.testing.assert_array_equal(later.labels(), whole.labels())
    assert [n for n in later.notes if "3,100 rows" in n]
    lengths.clear()
    written(3_000)
    with pytest.raises(TableError, match="or more test rows"):
        read_stored_test(store, path, "drop")
    assert 1_000 < sum(lengths) < 2_000
    written(0)
    with pytest.raises(TargetError, match="any of its 4,000 rows"):
        read_stored_test(store, path, "drop")
