# SPDX-License-Identifier: Apache-2.0
"""Which files a source is made of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from equipoise.errors import TableError
from equipoise.reading import shards
from equipoise.reading.shards import shard_files

TABLE = pa.table({"x": [1, 2]})


def names(source: str | Path) -> list[str]:
    return [file.path.name for file in shard_files(source)]


def test_a_file_a_folder_and_a_pattern(tmp_path: Path) -> None:
    for name in ("b.parquet", "a.parquet", "_SUCCESS", ".hidden.parquet"):
        pq.write_table(TABLE, tmp_path / name)
    (tmp_path / "readme.md").write_text("no table")
    assert names(tmp_path) == ["a.parquet", "b.parquet"]
    assert names(tmp_path / "b.parquet") == ["b.parquet"]
    assert names(str(tmp_path / "[ab].parquet")) == ["a.parquet", "b.parquet"]
    first = shard_files(tmp_path)[0]
    assert first.identity[:2] == ["a.parquet", first.path.stat().st_size]


def test_a_folder_without_tables_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "2024").mkdir()
    pq.write_table(TABLE, tmp_path / "2024" / "a.parquet")
    with pytest.raises(TableError, match="Folders within a folder are not searched"):
        shard_files(tmp_path)
    assert names(str(tmp_path / "*" / "*.parquet")) == ["a.parquet"]


def test_each_file_is_opened_once_for_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(path: Path) -> str:
        opened.append(path.name)
        return "parquet"

    for name in ("a.parquet", "b.parquet", "c.parquet"):
        pq.write_table(TABLE, tmp_path / name)
    monkeypatch.setattr(shards, "file_kind", counted)
    shard_files(tmp_path)
    assert opened == ["a.parquet", "b.parquet", "c.parquet"]


def test_two_formats_are_refused(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    with pytest.raises(TableError, match=r"'a.parquet': parquet, 'b.csv': csv"):
        shard_files(tmp_path)
    assert names(str(tmp_path / "*.parquet")) == ["a.parquet"]


@pytest.mark.parametrize("start", [0, 1])
def test_a_missing_shard_is_named(tmp_path: Path, start: int) -> None:
    for number in (start, start + 2):
        pq.write_table(TABLE, tmp_path / f"part-{number:05d}-of-00003.parquet")
    absent = f"part-{start + 1:05d}-of-00003.parquet"
    with pytest.raises(TableError, match=f"2 of 3 files; '{absent}' is missing"):
        shard_files(tmp_path)
    pq.write_table(TABLE, tmp_path / absent)
    assert len(names(tmp_path)) == 3
