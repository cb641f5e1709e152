# SPDX-License-Identifier: Apache-2.0
"""JSON lines: one object per line, a name and a value for each column."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Raw

SUFFIXES = (".jsonl", ".ndjson")


def read_json_lines(path: Path) -> Raw:
    """Read a file of one JSON object per line, plain or gzip.

    A key that a line lacks is a missing value.

    Args:
        path: The file.

    Raises:
        TableError: A line is no object, or a key holds values of different types,
            lists or further objects.
    """
    import pyarrow as pa
    from pyarrow import json

    name = f"the file {path.name!r}"
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened: Any = gzip.open if packed else open
    try:
        with opened(path, "rb") as stream:
            data = json.read_json(stream)
    except (pa.ArrowInvalid, EOFError, zlib.error) as error:
        raise TableError(
            sentence(
                f"{name}, which cannot be read as JSON lines "
                f"({str(error).splitlines()[0].rstrip('.')})",
                "one JSON object per line, with one type of value for each key",
                "A file that is one list of objects becomes JSON lines with: "
                "jq -c '.[]' FILE.",
            )
        ) from error
    require_distinct(data.column_names, name)
    nested = [f.name for f in data.schema if pa.types.is_nested(f.type)]
    if nested:
        raise TableError(
            sentence(
                f"{name} with lists or objects in the column {nested[0]!r}",
                "strings, numbers, true, false and null",
                "Write each of their parts as a column of its own.",
            )
        )
    return Raw(plain_table(data), name)
