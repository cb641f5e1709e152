# SPDX-License-Identifier: Apache-2.0
"""Files: whether one is there, its format, and the reader of that format."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path
from typing import Any, Literal

from equipoise._core.checks import nearest, sentence
from equipoise.errors import TableError
from equipoise.reading.arff import read_arff
from equipoise.reading.csv import read_csv
from equipoise.reading.parquet import read_parquet
from equipoise.reading.source import Raw, Request

FileFormat = Literal["parquet", "arff", "csv"]
_ARFF = re.compile(r"@relation\b", re.IGNORECASE)


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
    with path.open("rb") as file:
        kind = format_of(path, file.read(4))
    if kind == "parquet":
        return read_parquet(path, request.drop)
    if kind == "arff":
        return read_arff(path)
    return read_csv(path, [*request.targets, *request.expected])


def existing_file(source: str | os.PathLike[str]) -> Path:
    """Return the path of an existing file.

    Raises:
        TableError: It does not exist, or is a folder.
    """
    path = Path(source)
    if path.is_dir():
        raise TableError(sentence(f"the folder {path.name!r}", "one file"))
    if not path.exists():
        folder = path.parent
        others = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        raise TableError(
            sentence(
                f"the path {str(path)!r}, which does not exist",
                "an existing CSV, TSV, ARFF or Parquet file",
                nearest(path.name, others),
            )
        )
    return path


def format_of(path: Path, start: bytes) -> FileFormat:
    """Return the format of an existing file, by its first bytes and its name.

    Args:
        path: The file.
        start: Its first four bytes, or fewer if it is shorter.
    """
    # A Parquet file begins and ends with these letters; by its name it may be cut off.
    if start == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}:
        return "parquet"
    return "arff" if is_arff(path) else "csv"


def is_arff(path: Path) -> bool:
    """Return whether a file, plain or gzip, is ARFF: by its first line that says any.

    Args:
        path: An existing file.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened: Any = gzip.open if packed else open
    try:
        with opened(path, "rb") as stream:
            for line in stream:
                text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
                if text and not text.startswith("%"):
                    return bool(_ARFF.match(text))
    except (EOFError, OSError, zlib.error):
        return False
    return False
