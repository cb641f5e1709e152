# SPDX-License-Identifier: Apache-2.0
"""JSON lines: one object per line, a name and a value for each column.

A string stays a string until its column is typed: one that looks like a date may be
the name of a class. A whole number that a float64 cannot hold is read digit by digit.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.arrays import is_missing
from equipoise._core.checks import sentence
from equipoise.errors import TableError
from equipoise.reading.arrow_types import plain_table
from equipoise.reading.csv_bytes import to_utf8
from equipoise.reading.packed import read_unpacked
from equipoise.reading.parquet import require_distinct
from equipoise.reading.parse_numbers import FIRST_INEXACT
from equipoise.reading.source import Notes, Raw

BLOCK = 1 << 20
_MOST_BLOCK = (1 << 31) - 1
_FILLED = re.compile(r"\S")


def read_json_lines(path: Path) -> Raw:
    """Read a file of one JSON object per line, plain or packed.

    A key that a line lacks is a missing value. Lists and further objects are left to
    whoever types the columns.

    Args:
        path: The file.

    Raises:
        TableError: A line is no object, or a key holds values of different types or
            occurs twice. The message names the line.
    """
    import pyarrow as pa

    name, notes = f"the file {path.name!r}", Notes()
    data = to_utf8(read_unpacked(path), name, notes)
    if not data.strip():
        raise TableError(sentence(f"{name} without rows", "at least one row"))
    table = _parsed(data, name)
    dates = [f.name for f in table.schema if pa.types.is_timestamp(f.type)]
    if dates:
        # Arrow puts the columns of a schema first.
        table = _parsed(data, name, strings=dates).select(table.column_names)
    require_distinct(table.column_names, name)
    table = plain_table(_exact(table, data))
    return Raw(table, name, notes=notes.sentences())


def _parsed(data: bytes, name: str, strings: Sequence[str] = ()) -> Any:
    """Return the objects as a `pyarrow.Table`.

    Args:
        data: Objects in UTF-8.
        name: The file in words.
        strings: The keys whose strings stay strings, however they look.

    Raises:
        TableError: They cannot be read.
    """
    import pyarrow as pa
    from pyarrow import json as arrow

    schema = pa.schema([(key, pa.large_string()) for key in strings])
    # A block holds whole lines, or the whole file: an object may span lines.
    blocks = [max(BLOCK, max(map(len, io.BytesIO(data))) + 1)]
    blocks += [len(data) + 1] if blocks[0] <= len(data) else []
    error: Exception | None = None
    for block in blocks:
        try:
            return arrow.read_json(
                pa.BufferReader(data),
                arrow.ReadOptions(block_size=min(block, _MOST_BLOCK)),
                arrow.ParseOptions(explicit_schema=schema if strings else None),
            )
        except pa.ArrowInvalid as refused:
            error = refused
    fault, remedy = _fault(data)
    why = fault or re.sub(r"\.?( in row \d+)?$", "", str(error).splitlines()[0])
    raise TableError(
        sentence(
            f"{name}, which cannot be read as JSON lines ({why})",
            "one JSON object per line, with one type of value for each key",
            remedy,
        )
    ) from error


_LIST = "A file that is one list of objects becomes JSON lines with: jq -c '.[]' FILE."
_TYPES = "Write all values of the key as strings, or all as numbers; null if missing."
_CORRECT = "Correct this line."


def _fault(data: bytes) -> tuple[str, str]:
    """Return where objects break the rules and what to do, or what may have."""
    before: dict[str, tuple[str, int]] = {}
    try:
        for line, value in _objects(data):
            if not isinstance(value, dict):
                what = _kind(value) or "null"
                remedy = _LIST if isinstance(value, list) else _CORRECT
                return f"line {line} holds {what}", remedy
            for key, entry in value.items():
                kind = _kind(entry)
                first, where = before.setdefault(key, (kind, line))
                if kind and not first:
                    before[key] = (kind, line)
                elif kind and kind != first:
                    places = f"{kind} on line {line} and {first} on line {where}"
                    return f"the key {key!r} holds {places}", _TYPES
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}", _CORRECT
    except (_TwiceError, RecursionError) as error:
        return str(error), _CORRECT
    return "", ""


def _kind(value: Any) -> str:
    """Return the type of a value in words; an empty string for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    kinds: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return kinds[type(value)]


class _TwiceError(Exception):
    """A key occurs twice in an object."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise _TwiceError(f"the key {twice!r} occurs twice in one object")
    return keys


def _objects(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each value of a file with the line on which it begins.

    Raises:
        JSONDecodeError: There is none.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_distinct)
    text = data.decode("utf-8")
    line, position = 1, 0
    while (match := _FILLED.search(text, position)) is not None:
        line += text.count("\n", position, match.start())
        try:
            value, position = decoder.raw_decode(text, match.start())
        except _TwiceError as error:
            raise _TwiceError(f"line {line}: {error}") from error
        yield line, value
        line += text.count("\n", match.start(), position)


def _exact(table: Any, data: bytes) -> Any:
    """Return a table with strings where numbers became floats that round them.

    A whole number from 2^63 on, or one beside a fraction, is parsed as a float64.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    large = [
        field.name
        for field, column in zip(table.schema, table.columns, strict=True)
        if pa.types.is_floating(field.type)
        and (pc.max(pc.abs(column)).as_py() or 0.0) >= FIRST_INEXACT
    ]
    if not large:
        return table
    objects = [value for _, value in _objects(data)]
    for name in large:
        values = [one.get(name) for one in objects]
        if any(map(_is_rounded, values)):
            texts = [None if is_missing(value) else str(value) for value in values]
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array(texts, pa.large_string()))
    return table


def _is_rounded(value: Any) -> bool:
    """Return whether a float64 rounds a whole number."""
    return isinstance(value, int) and int(np.float64(value)) != value
