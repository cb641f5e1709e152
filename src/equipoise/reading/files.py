# SPDX-License-Identifier: Apache-2.0
"""Files: their format, and the reader of that format."""

from __future__ import annotations

import dataclasses
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from equipoise.reading.arff import read_arff
from equipoise.reading.csv import read_csv
from equipoise.reading.excel import read_excel
from equipoise.reading.foreign import (
    START,
    require_own_archive,
    require_own_format,
)
from equipoise.reading.formats import PACKED, SUFFIXES, FileFormat
from equipoise.reading.json_lines import read_json_lines
from equipoise.reading.packed import UNPACK_ERRORS, damaged, unpacked_stream
from equipoise.reading.parquet import read_parquet
from equipoise.reading.paths import existing_file
from equipoise.reading.source import Raw, Request
from equipoise.reading.zipped import START as ARCHIVE
from equipoise.reading.zipped import is_workbook, members, unpacked

_ARFF = re.compile(r"@(relation|attribute)\b", re.IGNORECASE)


def read_file(source: str | os.PathLike[str], request: Request) -> Raw:
    """Read a file of any format that is read.

    Args:
        source: Its path.
        request: The columns to expect, and those that need not be read.

    Raises:
        TableError: There is no such file, or it cannot be read.
    """
    path = existing_file(source)
    return READERS[file_kind(path)](path, request)


def _read_zip(path: Path, request: Request) -> Raw:
    with unpacked(path) as inside:
        raw = read_file(inside, request)
    return dataclasses.replace(raw, name=f"{raw.name} in {path.name!r}")


READERS: Mapping[FileFormat, Callable[[Path, Request], Raw]] = {
    "csv": lambda path, request: read_csv(path, [*request.targets, *request.expected]),
    "arff": lambda path, _: read_arff(path),
    "json lines": lambda path, _: read_json_lines(path),
    "excel": read_excel,
    "parquet": lambda path, request: read_parquet(path, request.drop),
    "zip": _read_zip,
}


def file_kind(path: Path) -> FileFormat:
    """Return the format of an existing file, by its first bytes and its name.

    Args:
        path: The file.

    Raises:
        TableError: It is of another format.
    """
    with path.open("rb") as file:
        start = file.read(START)
    name = f"the file {path.name!r}"
    suffix = path.suffix.lower()
    # A Parquet file begins with these letters, as a header may; by its name it may be
    # cut off.
    if (start[:4] == b"PAR1" and b"\0" in start) or suffix in SUFFIXES["parquet"]:
        return "parquet"
    if suffix in SUFFIXES["excel"]:
        return "excel"
    if suffix == ".zip" or (start.startswith(ARCHIVE) and zipfile.is_zipfile(path)):
        if is_workbook(path):
            return "excel"
        require_own_archive(members(path), name)
        return "zip"
    inner = Path(path.stem).suffix.lower() if suffix in PACKED else suffix
    if inner in SUFFIXES["json lines"]:
        return "json lines"
    try:
        with unpacked_stream(path) as stream:
            start = stream.read(START)
    except UNPACK_ERRORS as error:
        raise damaged(name, error) from error
    require_own_format(start, inner, name)
    return "arff" if is_arff(path) else "csv"


def is_arff(path: Path) -> bool:
    """Return whether a file, plain or packed, is ARFF: by its first line with words.

    Args:
        path: An existing file.
    """
    try:
        with unpacked_stream(path) as stream:
            for line in stream:
                text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
                if text and not text.startswith("%"):
                    return bool(_ARFF.match(text))
    except UNPACK_ERRORS:
        return False
    return False
