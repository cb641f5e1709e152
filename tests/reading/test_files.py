# SPDX-License-Identifier: Apache-2.0
"""Paths, what is there, and in which format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from equipoise.errors import TableError
from equipoise.reading.files import existing_file, file_kind, is_path, read_file
from equipoise.reading.source import Request


def test_paths_are_told_from_examples() -> None:
    assert is_path("a.csv")
    assert is_path(Path("a.csv"))
    assert not is_path("example:digits")
    assert not is_path(np.zeros(3))


def test_an_absent_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x")
    with pytest.raises(TableError, match=r"Did you mean 'rows\.csv'"):
        existing_file(tmp_path / "row.csv")
    with pytest.raises(TableError, match="the folder"):
        existing_file(tmp_path)


def test_the_format_is_told_by_the_first_bytes(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "rows.dat")
    (tmp_path / "cut.parquet").write_bytes(b"")
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    arff = b"% a comment\n@relation r\n@attribute x numeric\n@data\n1\n"
    (tmp_path / "rows.txt").write_bytes(gzip.compress(arff))
    formats = {path.name: file_kind(path) for path in tmp_path.iterdir()}
    assert formats == {
        "rows.dat": "parquet",
        "cut.parquet": "parquet",
        "rows.csv": "csv",
        "rows.txt": "arff",
    }


def test_a_reader_heeds_the_request(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "y": [2]}), tmp_path / "rows.parquet")
    raw = read_file(tmp_path / "rows.parquet", Request(drop=("x",)))
    assert raw.data.column_names == ["y"]
    assert raw.unread == ("x",)
    # Nothing but the name tells that the first line is a header.
    (tmp_path / "words.csv").write_text("a,b\n" + "c,d\n" * 30)
    raw = read_file(tmp_path / "words.csv", Request(expected=("a",)))
    assert raw.data.column_names == ["a", "b"]
