# SPDX-License-Identifier: Apache-2.0
"""Files: whether one is there, its format, and the reader of that format."""

from __future__ import annotations

import dataclasses
import gzip
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

from equipoise._core.checks import nearest, sentence
from equipoise.errors import TableError
from equipoise.reading import excel, json_lines
from equipoise.reading.arff import read_arff
from equipoise.reading.csv import read_csv
from equipoise.reading.parquet import read_parquet
from equipoise.reading.source import Raw, Request
from equipoise.reading.zipped import START, is_workbook, unpacked

FileFormat = Literal["parquet", "arff", "json lines", "excel", "zip", "csv"]
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ARFF = re.compile(r"@(relation|attribute)\b", re.IGNORECASE)


def is_path(source: Any) -> bool:
    """Return whether a source is the path of a file.

    Example:
        >>> is_path("train.csv"), is_path("example:digits")
        (True, False)
    """
    if isinstance(source, str):
        return not source.startswith("example:")
    return isinstance(source, os.PathLike)


def read_file(source: str | os.PathLike[str], request: Request) -> Raw:
    """Read a file of any known format.

    Args:
        source: Its path.
        request: The columns to expect, and those that need not be read.

    Raises:
        TableError: There is no such file, or it cannot be read.
    """
    path = existing_file(source)
    kind = file_kind(path)
    if kind == "parquet":
        return read_parquet(path, request.drop)
    if kind == "zip":
        with unpacked(path) as inside:
            raw = read_file(inside, request)
        return dataclasses.replace(raw, name=f"{raw.name} in {path.name!r}")
    if kind == "arff":
        return read_arff(path)
    if kind == "json lines":
        return json_lines.read_json_lines(path)
    if kind == "excel":
        return excel.read_excel(path, request)
    return read_csv(path, [*request.targets, *request.expected])


def existing_file(source: str | os.PathLike[str]) -> Path:
    """Return the path of an existing file.

    Raises:
        TableError: It does not exist, or is a folder.
    """
    if _ADDRESS.match(os.fspath(source)):
        raise TableError(
            sentence(
                f"the address {os.fspath(source)!r}",
                "a file of this machine: nothing is read from a network",
                f"Download it first, for example: curl -LO {os.fspath(source)}",
            )
        )
    path = Path(source)
    if path.is_dir():
        raise TableError(sentence(f"the folder {path.name!r}", "one file"))
    if not path.exists():
        folder = path.parent
        others = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        raise TableError(
            sentence(
                f"the path {str(path)!r}, which does not exist",
                "an existing CSV, TSV, ARFF, JSON lines, Excel or Parquet file",
                nearest(path.name, others),
            )
        )
    return path


def file_kind(path: Path) -> FileFormat:
    """Return the format of an existing file, by its first bytes and its name.

    Args:
        path: The file.
    """
    start = _start(path, 4)
    # A Parquet file begins and ends with these letters; by its name it may be cut off.
    if start == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}:
        return "parquet"
    plain = path.suffix.lower()
    if plain in excel.SUFFIXES:
        return "excel"
    if plain == ".zip" or (start == START and zipfile.is_zipfile(path)):
        return "excel" if is_workbook(path) else "zip"
    inner = Path(path.stem).suffix.lower() if plain == ".gz" else plain
    if inner in json_lines.SUFFIXES:
        return "json lines"
    return "arff" if is_arff(path) else "csv"


def is_gzip(path: Path) -> bool:
    """Return whether a file is packed by gzip.

    Args:
        path: An existing file.
    """
    return _start(path, 2) == b"\x1f\x8b"


def _start(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def is_arff(path: Path) -> bool:
    """Return whether a file, plain or gzip, is ARFF: by its first line that says any.

    Args:
        path: An existing file.
    """
    opened: Any = gzip.open if is_gzip(path) else open
    try:
        with opened(path, "rb") as stream:
            for line in stream:
                text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
                if text and not text.startswith("%"):
                    return bool(_ARFF.match(text))
    except (EOFError, OSError, zlib.error):
        return False
    return False
