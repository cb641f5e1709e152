# SPDX-License-Identifier: Apache-2.0
"""Files block by block are the files."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.errors import TableError
from equipoise.reading.blocks import MergedNotes, raw_blocks, read_blocks
from equipoise.reading.read import read_table
from equipoise.table.table import Table, concatenate

TEXT = "# made by hand\nx,city,note,y\n" + "".join(
    f'{i % 17}.5,{"Bonn" if i % 3 else "Köln"},"a ""b"",\n c{i % 5}",{i % 4 // 3}\n'
    for i in range(400)
)


def first_table(path: Path) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_table(path, "y")


def same(one: Table, other: Table) -> bool:
    return one.names == other.names and all(
        np.array_equal(a, b, equal_nan=True) if a.dtype.kind == "f" else (a == b).all()
        for a, b in ((one.raw()[n], other.raw()[n]) for n in one.names)
    )


@pytest.mark.parametrize("size", [100, 1_000, 5_000, 1 << 23])
@pytest.mark.parametrize("packed", [False, True])
def test_csv_blocks_are_the_whole(tmp_path: Path, size: int, packed: bool) -> None:
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    data = TEXT.encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    whole = first_table(path)
    blocks = [
        block.table
        for block in read_blocks(path, like=whole, labelled=True, block_bytes=size)
    ]
    assert same(concatenate(blocks), whole)
    np.testing.assert_array_equal(np.concatenate([b.y for b in blocks]), whole.y)
    assert (len(blocks) > 1) == (size < 10_000)


@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(size=st.integers(60, 4_000))
def test_any_size_of_blocks(tmp_path: Path, size: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TEXT, encoding="utf-8")
    whole = first_table(path)
    blocks = [b.table for b in read_blocks(path, like=whole, block_bytes=size)]
    assert same(concatenate(blocks), whole)


def test_parquet_blocks_are_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rows = pa.table({"x": np.arange(100) % 7 * 1.5, "y": np.arange(100) % 5 == 0})
    pq.write_table(rows, path, row_group_size=30)
    whole = first_table(path)
    blocks = [b.table for b in read_blocks(path, like=whole, block_rows=17)]
    assert same(concatenate(blocks), whole)
    assert max(map(len, blocks)) <= 17


def test_errors_name_the_line_or_row_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = ["x,y", *(f"{i % 9}.5,{i % 2}" for i in range(300))]
    path.write_text("\n".join(lines))
    whole = first_table(path)
    lines[250] = "oops,1"
    path.write_text("\n".join(lines))
    with pytest.raises(TableError, match="'oops', line 251"):
        list(read_blocks(path, like=whole, block_bytes=200))
    lines[250] = "1.5,1,7"
    path.write_text("\n".join(lines))
    with pytest.raises(TableError, match="line 251 has 3 fields"):
        list(read_blocks(path, like=whole, block_bytes=200))
    lines[250] = '"1.5,1'
    path.write_text("\n".join(lines))
    with pytest.raises(TableError, match="line 251"):
        list(read_blocks(path, like=whole, block_bytes=200))


def test_a_cut_off_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    packed = gzip.compress(TEXT.encode())
    path.write_bytes(packed)
    whole = first_table(path)
    path.write_bytes(packed[:-20])
    with pytest.raises(TableError, match="damaged or cut off"):
        list(read_blocks(path, like=whole, block_bytes=500))


def test_windows_letters_are_read_in_every_block(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = "x,city,y\n" + "".join(
        f"{i % 9}.5,{'Köln' if i % 2 else 'Bonn'},{int(i % 4 == 0)}\n"
        for i in range(300)
    )
    path.write_bytes(text.encode("cp1252"))
    whole = first_table(path)
    blocks = [b.table for b in read_blocks(path, like=whole, block_bytes=400)]
    assert same(concatenate(blocks), whole)
    merged = MergedNotes()
    for block in blocks:
        merged.add(block.notes)
    told = [note for note in merged.sentences() if "Windows-1252" in note]
    assert len(told) == 1


@pytest.mark.parametrize("size", range(80, 96))
def test_a_piece_that_only_repeats_the_header_has_no_rows(
    size: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    rows = "1,2,n\n" * 40
    path.write_text("a,b,y\n" + rows + "a,b,y\n" * 30 + rows)
    blocks = list(raw_blocks(path, ["a", "b"], size))
    assert sum(block.data.num_rows for block in blocks) == 80
    assert all(block.data.num_rows for block in blocks)
