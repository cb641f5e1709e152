# SPDX-License-Identifier: Apache-2.0
"""A path is one, and leads to a file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import equipoise as eq
from equipoise.errors import TableError
from equipoise.reading.paths import existing_file, is_path, require_path
from equipoise.reading.shards import shard_files

TEXT = "x,c,y\n" + "\n".join(
    f"{0.37 * k % 5:.3f},{'ab'[k % 2]},{int(k % 5 == 0)}" for k in range(60)
)


def test_paths_are_told_from_examples() -> None:
    assert is_path("a.csv")
    assert is_path(Path("a.csv"))
    assert not is_path("example:digits")
    assert not is_path(np.zeros(3))


def test_an_absent_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x")
    with pytest.raises(TableError, match=r"Did you mean 'rows\.csv'"):
        existing_file(tmp_path / "row.csv")
    with pytest.raises(TableError, match=r"\.bz2.* or a \.zip of one of these"):
        existing_file(tmp_path / "absent" / "row.csv")


def test_a_folder_and_a_pattern_are_read_with_memory(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TEXT)
    advice = r"one file\. Pass the path of one file\. With memory='2GB', compare and"
    with pytest.raises(TableError, match=f"the folder .*{advice}"):
        eq.read_table(tmp_path, "y")
    pattern = str(tmp_path / "?.csv")
    with pytest.raises(TableError, match=rf"which 2 files match\. Accepted: {advice}"):
        eq.read_table(pattern, "y")
    assert len(eq.read_table(tmp_path / "a.csv", "y")) == 60
    assert len(eq.read_table(pattern, "y", memory="2GB")) == 120


def test_a_pattern_without_a_file(tmp_path: Path) -> None:
    pattern = str(tmp_path / "z*.csv")
    for read in (existing_file, shard_files):
        with pytest.raises(TableError, match=r"pattern .* which no file matches"):
            read(pattern)
    odd = tmp_path / "z*.csv"  # a name like any other, once it is there
    odd.write_text(TEXT)
    assert existing_file(pattern) == odd


@pytest.mark.parametrize("lines", [2, 61, 3000])
def test_the_text_of_a_table_is_no_path(lines: int, tmp_path: Path) -> None:
    text = "x,y\n" + "1,2\n" * (lines - 1)
    for read in (existing_file, shard_files):
        with pytest.raises(TableError, match=rf"a string of {lines:,} lines.*'x,y'\)"):
            read(text)
    odd = tmp_path / "two\nlines.csv"
    odd.write_text(TEXT)
    assert existing_file(str(odd)) == odd
    advised = eq.read_table(pd.read_csv(io.StringIO(TEXT)), "y")
    assert len(advised) == len(eq.read_table(odd, "y"))


@pytest.mark.parametrize("text", ["x,y" + "1,2," * 9000, "a\0b"])
def test_what_can_be_no_name_of_a_file(text: str) -> None:
    with pytest.raises(TableError, match="which does not exist") as raised:
        existing_file(text)
    assert len(str(raised.value)) < 500


def test_an_empty_string() -> None:
    for read in (existing_file, shard_files):
        with pytest.raises(TableError, match="an empty string as a path"):
            read("")


def test_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text(TEXT)
    with pytest.raises(TableError, match=f"Pass '{tmp_path}/a.csv'"):
        existing_file("~/a.csv")
    with pytest.raises(TableError, match="does not exist"):
        existing_file("~/b.csv")


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("https://a.org/b.csv", "curl -LO https://a.org/b.csv"),
        ("HTTP://a.org/b.csv?x=1&y=2", "curl -LO 'http://a.org/b.csv?x=1&y=2'"),
        ("ftp://a.org/b.csv", "curl -O ftp://a.org/b.csv"),
        ("s3://bucket/b.csv", "aws s3 cp s3://bucket/b.csv ."),
        ("s3://bucket/part-*.csv", "aws s3 cp 's3://bucket/part-*.csv' ."),
        ("gs://bucket/b.csv", "gcloud storage cp gs://bucket/b.csv ."),
        ("hdfs://host/b.csv", "hdfs dfs -get hdfs://host/b.csv ."),
        ("abfs://box/b.csv", "Copy it to this machine, and pass its path."),
        ("postgresql+psycopg://u@host/db", "pandas.read_sql, and pass it."),
        ("file:///data/a%20b.csv", "Pass the path itself: '/data/a b.csv'"),
        ("file://localhost/data/b.csv", "Pass the path itself: '/data/b.csv'"),
        ("file://data/b.csv", "Pass the path itself: '/data/b.csv'"),
    ],
)
def test_an_address_has_the_advice_of_its_scheme(address: str, advice: str) -> None:
    # As a `Path`, and so on the command line of `predict`, it has one slash.
    for source in (address, Path(address)):
        for read in (existing_file, shard_files):
            with pytest.raises(TableError, match="the address") as raised:
                read(source)
            assert str(raised.value).endswith(advice)


def test_the_path_of_an_address_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "my rows.csv"
    path.write_text(TEXT)
    with pytest.raises(TableError) as raised:
        existing_file(path.as_uri())
    assert str(raised.value).endswith(f"Pass the path itself: {str(path)!r}")
    assert len(eq.read_table(str(path), "y")) == 60


def test_other_strings_may_be_paths() -> None:
    for text in ("a.csv", r"C:\a.csv", "C:/a.csv", "a:b", "folder/a.csv"):
        require_path(text)
