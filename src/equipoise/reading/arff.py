# SPDX-License-Identifier: Apache-2.0
"""ARFF files, as Weka and OpenML write them.

Attributes are numbers, nominal values, strings or dates; names and values may stand in
quotes; a row may be sparse (`{1 5, 3 yes}`) and may end with a weight (`{2}`), which
is not read. `?` is a missing value. Outside quotes a `%` begins a comment if it stands
at the beginning of a line or of a value, or behind a space; within a value (`5%`) it
belongs to it. A nominal value that is not declared is refused.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import TableError
from equipoise.reading.csv_bytes import read_bytes, to_utf8
from equipoise.reading.parquet import require_distinct
from equipoise.reading.source import Notes, Raw

_ATTRIBUTE = re.compile(
    r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+)\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_CELL = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,'\"{}]*?))\s*(,|$)",
    re.DOTALL,
)
_SPARSE = re.compile(
    r"\s*(\d+)\s+(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,'\"{}]*?))\s*(,|$)",
    re.DOTALL,
)
# What stands in quotes at the beginning of a value, and what may begin a comment.
_COMMENT = re.compile(
    r"(?<![^\s,{])'(?:[^'\\]|\\.)*'|(?<![^\s,{])\"(?:[^\"\\]|\\.)*\""
    r"|(?<![^\s,{}'\"])(%)"
)
_WEIGHT = re.compile(r",\s*\{\s*[\d.eE+-]+\s*\}\s*$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NUMBERS = {"numeric", "real", "integer"}


@dataclass(frozen=True)
class Attribute:
    """A column as it is declared.

    Attributes:
        name: Its name.
        kind: "number", "text" or "date".
        first: What a sparse row leaves out: "0", the first nominal value, or nothing.
        values: The nominal values that are declared; None for any.
    """

    name: str
    kind: str
    first: str | None = "0"
    values: tuple[str, ...] | None = None


def read_arff(path: Path) -> Raw:
    r"""Read an ARFF file.

    Raises:
        TableError: A line is none of ARFF's, a row has another number of values, or a
            nominal value is not declared. The message names the line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "a.arff")
        >>> size = path.write_text(
        ...     "@relation a\n@attribute 'the x' real\n@attribute c {u, v}\n"
        ...     "@data\n1.5, u\n{0 2}\n?, v\n"
        ... )
        >>> read_arff(path).data.to_pydict()
        {'the x': [1.5, 2.0, None], 'c': ['u', 'u', 'v']}
    """
    notes = Notes()
    name = f"the file {path.name!r}"
    text = to_utf8(read_bytes(path), name, notes).decode("utf-8")
    lines = _lines(text)
    attributes = _attributes(lines, name)
    require_distinct([a.name for a in attributes], name)
    if not attributes:
        raise TableError(sentence(f"{name} without attributes", "ARFF with columns"))
    cells: list[list[str | None]] = [[] for _ in attributes]
    places, weighted = [], 0
    for number, line in lines:
        bare = _WEIGHT.sub("", line)
        weighted += bare != line
        row = _row(bare, attributes, name, number)
        for column, value in zip(cells, row, strict=True):
            column.append(value)
        places.append(number)
    if not places:
        raise TableError(sentence(f"{name} without rows", "at least one row"))
    if weighted:
        notes.add(f"{weighted:,} rows of {name} have weights, which were not read.")
    import pyarrow as pa

    columns = [
        _column(values, attribute, name, places)
        for values, attribute in zip(cells, attributes, strict=True)
    ]
    return Raw(
        pa.table(columns, names=[a.name for a in attributes]),
        name,
        line=lambda row: places[row],
        notes=notes.sentences(),
    )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that say something, without comments, and their numbers."""
    for number, line in enumerate(io.StringIO(text), 1):
        bare = _uncommented(line) if "%" in line else line.strip()
        if bare:
            yield number, bare


def _uncommented(line: str) -> str:
    """Return a line without the comment at its end.

    Example:
        >>> _uncommented("1, '% 2', 5% % three")
        "1, '% 2', 5%"
    """
    marks = (match.start(1) for match in _COMMENT.finditer(line) if match[1])
    return line[: next(marks, None)].strip()


def _attributes(lines: Iterator[tuple[int, str]], name: str) -> list[Attribute]:
    """Read the header up to @data."""
    attributes: list[Attribute] = []
    for number, line in lines:
        word = line.split(None, 1)[0].lower()
        if word == "@data":
            return attributes
        if word == "@relation":
            continue
        match = _ATTRIBUTE.match(line)
        if match is None:
            raise _unread(name, number, line, "@attribute NAME TYPE, or @data")
        if match[1][0] in "'\"" and _plain(match[1]) == match[1]:
            raise _unread(name, number, line, "names with quotes in pairs")
        attributes.append(_attribute(_plain(match[1]), match[2].strip(), name, number))
    raise TableError(sentence(f"{name} without @data", "a whole ARFF file"))


def _attribute(name: str, kind: str, source: str, number: int) -> Attribute:
    word = kind.split(None, 1)[0].lower()
    if kind.startswith("{"):
        cells = _cells(kind[1:-1]) if kind.endswith("}") else None
        if not cells:
            raise _unread(
                source,
                number,
                f"{name} {kind}",
                "all nominal values on this line, divided by commas, in {...}",
                "Put a value that holds a space, %, comma or brace into quotes.",
            )
        values = tuple("?" if cell is None else cell for cell in cells)
        return Attribute(name, "text", values[0], values)
    if word in _NUMBERS:
        return Attribute(name, "number")
    if word == "string":
        return Attribute(name, "text", "")
    if word == "date":
        return Attribute(name, "date", None)
    raise _unread(
        source, number, f"{name} {kind}", "numeric, nominal, string or date attributes"
    )


def _row(
    line: str, attributes: list[Attribute], name: str, number: int
) -> list[str | None]:
    if not line.startswith("{"):
        cells = _cells(line)
        if cells is None or len(cells) != len(attributes):
            raise _unread(
                name,
                number,
                line,
                f"{len(attributes)} values in every row, divided by commas",
            )
        return cells
    row = [attribute.first for attribute in attributes]
    seen: set[int] = set()
    inner, position = line[1:-1], 0
    while inner[position:].strip():
        match = _SPARSE.match(inner, position)
        place = -1 if match is None or line[-1] != "}" else int(match[1])
        if match is None or not 0 <= place < len(row) or place in seen:
            raise _unread(
                name,
                number,
                line,
                f"a sparse row {{...}} of pairs, each column's number (0 to "
                f"{len(row) - 1}) once, a space and a value",
            )
        seen.add(place)
        row[place] = _value(*match.group(2, 3, 4))
        position = match.end()
    return row


def _cells(line: str) -> list[str | None] | None:
    """Return the values of a line, or None if they cannot be told apart."""
    if "'" not in line and '"' not in line:
        return [
            None if cell == "?" else cell for cell in map(str.strip, line.split(","))
        ]
    cells, position = [], 0
    while True:
        match = _CELL.match(line, position)
        if match is None:
            return None
        cells.append(_value(*match.group(1, 2, 3)))
        position = match.end()
        if match[4] != ",":
            return cells


def _value(single: str | None, double: str | None, bare: str | None) -> str | None:
    quoted = double if single is None else single
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted)
    return None if bare == "?" else bare


def _plain(text: str) -> str:
    if text[:1] in {"'", '"'} and text[-1:] == text[:1]:
        return _ESCAPED.sub(r"\1", text[1:-1])
    return text


def _column(
    values: list[str | None], attribute: Attribute, name: str, places: list[int]
) -> Any:
    import pyarrow as pa

    from equipoise.reading.parse_dates import parse_dates
    from equipoise.reading.parse_numbers import parse_numbers

    texts = pa.array([v or None if attribute.kind != "text" else v for v in values])
    texts = texts.cast(pa.large_string())
    _require_declared(texts, attribute, name, places)
    if attribute.kind == "text" or texts.null_count == len(texts):
        return texts
    filled = texts.drop_null()
    read: Any
    if attribute.kind == "number":
        numbers = parse_numbers(filled)
        read, good = numbers.values, numbers.numeric
    else:
        dates = parse_dates(filled)
        if dates is None:
            return texts
        read, good = dates.values, dates.valid
    present = np.flatnonzero(np.asarray(texts.is_valid()))
    if not good.all():
        row = int(present[int(np.argmin(good))])
        raise _unread(
            name,
            places[row],
            f"{attribute.name}: {values[row]}",
            f"a {attribute.kind}, or ? if it is missing",
        )
    whole: Any = np.full(len(texts), np.nan)
    if attribute.kind == "date":
        whole = whole.astype("datetime64[us]")
    whole[present] = read
    return pa.array(whole, from_pandas=True)


def _require_declared(
    texts: Any, attribute: Attribute, name: str, places: list[int]
) -> None:
    """Raise if a nominal value is not among those of the header; "" is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if attribute.values is None:
        return
    declared = pa.array(["", *attribute.values], pa.large_string())
    strange = pc.invert(pc.or_kleene(pc.is_null(texts), pc.is_in(texts, declared)))
    count = pc.sum(strange).as_py()
    if not count:
        return
    row = pc.index(strange, True).as_py()
    value = texts[row].as_py()
    others = f", the first of {count:,} such values" if count > 1 else ""
    raise TableError(
        sentence(
            f"{name} with {value!r} on line {places[row]} in the nominal attribute "
            f"{attribute.name!r}, which does not declare it{others}",
            f"one of its values, {listing(attribute.values, 20)}, or ? if it is "
            "missing",
            nearest(value, attribute.values)
            or f"Correct the value, or add it to the {{...}} of {attribute.name!r}.",
        )
    )


def _unread(
    name: str, number: int, line: str, accepted: str, remedy: str = ""
) -> TableError:
    shown = line if len(line) <= 60 else f"{line[:60]}..."
    return TableError(
        sentence(f"{name} with {shown!r} on line {number}", accepted, remedy)
    )
