# SPDX-License-Identifier: Apache-2.0
"""The format of a file, and its reader."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from equipoise.reading.files import file_kind, read_file
from equipoise.reading.source import Request


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
