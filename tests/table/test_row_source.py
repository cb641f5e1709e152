# SPDX-License-Identifier: Apache-2.0
"""Rows in memory and rows in a file serve the same code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from equipoise.errors import InputError
from equipoise.models.model import hashes_of, pooled
from equipoise.reading.read import read_table
from equipoise.table import table as tables
from equipoise.table.hashes import row_hashes
from equipoise.table.row_source import RowSource
from equipoise.table.table import Table, concatenate
from equipoise.verbs.model import FittedModel

ROWS = 1_000
BLOCK = 48


@dataclass(frozen=True)
class FileRows:
    """The rows of a Parquet file, one row group after the other."""

    path: Path
    schema: Table
    y: npt.NDArray[Any] | None = None
    groups: npt.NDArray[np.int64] | None = None
    time: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    def blocks(
        self,
        columns: Sequence[str] | None = None,
        rows: npt.ArrayLike | None = None,
    ) -> Iterator[Table]:
        index = np.arange(len(self))
        index = index if rows is None else index[np.asarray(rows)]
        first = 0
        with pq.ParquetFile(self.path) as file:
            for number in range(file.num_row_groups):
                table = read_table(file.read_row_group(number), like=self.schema)
                here = index[(index >= first) & (index < first + len(table))] - first
                first += len(table)
                yield table.select(columns or table.names).take(here)

    def take(self, rows: npt.ArrayLike) -> Table:
        return concatenate(list(self.blocks(rows=rows)))


@pytest.fixture(params=["memory", "file"])
def source(
    request: pytest.FixtureRequest,
    make_rows: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[RowSource, Table]]:
    """A source, and its table in memory."""
    monkeypatch.setattr(tables, "BLOCK_ROWS", BLOCK)
    rows = make_rows(ROWS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_table(rows, "fraud")
        if request.param == "memory":
            yield table, table
            return
        pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=BLOCK)
        yield FileRows(tmp_path / "rows.parquet", table.schema, table.y), table


def test_blocks_are_the_rows(source: tuple[RowSource, Table]) -> None:
    rows, table = source
    blocks = list(rows.blocks())
    assert len(blocks) > 2
    assert max(len(block) for block in blocks) == BLOCK
    whole = concatenate(blocks)
    np.testing.assert_array_equal(row_hashes(whole), row_hashes(table))
    np.testing.assert_array_equal(whole.labels(), table.labels())
    assert len(rows) == ROWS


def test_blocks_of_some_rows_and_columns(source: tuple[RowSource, Table]) -> None:
    rows, table = source
    mask = np.arange(ROWS) % 3 == 0
    some = concatenate(list(rows.blocks(["city", "amount"], mask)))
    assert some.names == ("city", "amount")
    expected = table.select(["city", "amount"]).take(mask)
    np.testing.assert_array_equal(row_hashes(some), row_hashes(expected))
    np.testing.assert_array_equal(
        row_hashes(rows.take([3, 700])), row_hashes(table.take([3, 700]))
    )


def test_the_schema_has_no_rows(source: tuple[RowSource, Table]) -> None:
    rows, table = source
    assert len(rows.schema) == 0
    assert rows.schema.names == table.names
    assert rows.schema.task == table.task


def test_a_model_scores_any_source(
    source: tuple[RowSource, Table], linear: FittedModel
) -> None:
    rows, table = source
    scores = pooled(linear.components, rows)
    np.testing.assert_array_equal(scores, pooled(linear.components, table))
    np.testing.assert_array_equal(hashes_of(rows), row_hashes(table))
    assert linear.seen_rows(rows) == linear.seen_rows(table)


def test_no_rows_are_one_block_without_rows(source: tuple[RowSource, Table]) -> None:
    rows, _ = source
    assert {len(block) for block in rows.blocks(rows=[False] * ROWS)} == {0}
    assert [len(block) for block in rows.schema.blocks()] == [0]
    with pytest.raises(InputError, match="amuont"):
        list(rows.blocks(["amuont"]))
