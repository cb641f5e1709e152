# SPDX-License-Identifier: Apache-2.0
"""An archive of one file is that file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import TableError
from equipoise.reading import zipped
from equipoise.verbs.predict import predict_file

TEXT = "x,c,y\n" + "\n".join(
    f"{0.37 * k % 5:.3f},{'ab'[k % 2]},{int(k % 5 == 0)}" for k in range(60)
)


def archive(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


def test_its_only_file_is_read(tmp_path: Path) -> None:
    more = {"__MACOSX/._data.csv": "no", ".hidden": "no", "folder/": ""}
    path = archive(tmp_path / "a.zip", **{"folder/data.csv": TEXT}, **more)
    plain = tmp_path / "data.csv"
    plain.write_text(TEXT)
    table, expected = eq.read_table(path, "y"), eq.read_table(plain, "y")
    assert table.source == "the file 'data.csv' in 'a.zip'"
    for column in expected.columns:
        np.testing.assert_array_equal(table[column.name].values, column.values)
    np.testing.assert_array_equal(table.labels(), expected.labels())
    model = eq.fit(path, "y", strategy="logistic", folds=2, repeats=1)
    assert predict_file(model, path, tmp_path / "p.csv").rows == 60


def test_lines_are_named_after_it_is_gone(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", **{"a.csv": TEXT.replace(",0\n", ",\n", 1)})
    with pytest.raises(eq.errors.TargetError, match="line 3"):
        eq.read_table(path, "y")


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"a.csv": TEXT, "b.csv": TEXT}, "with 2 files, 'a.csv', 'b.csv'"),
        ({}, "with 0 files"),
        ({"__MACOSX/a.csv": TEXT}, "with 0 files"),
    ],
)
def test_no_file_or_several(tmp_path: Path, files: dict[str, str], match: str) -> None:
    with pytest.raises(TableError, match=match):
        eq.read_table(archive(tmp_path / "a.zip", **files), "y")


def test_damaged_and_encrypted_archives(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", **{"a.csv": TEXT})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError, match="damaged"):
        eq.read_table(path, "y")
    encrypted = bytearray(whole)
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        place = whole.index(start) + (6 if start[2] == 3 else 8)
        encrypted[place] |= 1
    path.write_bytes(bytes(encrypted))
    with pytest.raises(TableError, match="encrypted"):
        eq.read_table(path, "y")


@pytest.mark.parametrize(
    "error", [NotImplementedError("no"), EOFError("no"), RuntimeError("a password")]
)
def test_errors_of_the_reader_are_its_own(tmp_path: Path, error: Exception) -> None:
    path = archive(tmp_path / "a.zip", **{"a.csv": TEXT})
    with pytest.raises(type(error)) as raised, zipped.unpacked(path):
        raise error
    assert raised.value is error


def test_an_archive_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "a.zip", **{"a.csv": "x,y\n" + "0,0\n" * 2_000_000})
    with zipped.unpacked(path) as inside:
        assert inside.stat().st_size == 8_000_004
    monkeypatch.setattr(zipped, "MOST_UNPACKED", 1 << 20)
    with (
        pytest.raises(TableError, match=r"unpacks to 8,000,004.*unpack it first"),
        zipped.unpacked(path),
    ):
        pass
