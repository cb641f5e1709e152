# SPDX-License-Identifier: Apache-2.0
"""Rows for a fitted model: at once or in blocks, with their groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv
from pyarrow import parquet as pq

from equipoise.errors import TableWarning
from equipoise.reading.new_rows import joined_groups, labelled_blocks
from equipoise.reading.read import read_table
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
