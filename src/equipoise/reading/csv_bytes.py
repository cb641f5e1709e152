# SPDX-License-Identifier: Apache-2.0
"""The bytes of a text file: unpacked, in UTF-8, with rows that can be counted."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import IntArray
from equipoise.errors import TableError
from equipoise.reading.packed import PIECE, read_unpacked
from equipoise.reading.source import Notes

Bytes = npt.NDArray[np.uint8]
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_bytes(path: Path) -> bytes:
    """Return a file's content, unpacked if it is packed.

    Raises:
        TableError: It is empty, or a packed file that is damaged.
    """
    data = read_unpacked(path)
    if not data or data.isspace():
        raise TableError(
            sentence(f"the file {path.name!r}, which is empty", "a header and rows")
        )
    return data


def to_utf8(data: bytes, name: str, notes: Notes) -> bytes:
    """Return a text in UTF-8 with line feeds between lines.

    The encoding is that of the byte order mark; without one, UTF-8 if the bytes are
    UTF-8; else it is taken for Windows-1252 (of which Latin-1 is a part), with a note.

    Raises:
        TableError: The text holds NUL bytes or cannot be decoded.
    """
    encoding = _encoding(data)
    if encoding == "utf-8-sig":
        data = data[mark_length(data) :]
    elif encoding:
        data = _decoded(data, encoding, name).lstrip("\ufeff").encode("utf-8")
    if b"\0" in data:
        where = data.index(b"\0")
        raise TableError(
            sentence(
                f"{name} with {data.count(0):,} NUL bytes (first: line "
                f"{data.count(10, 0, where) + 1})",
                "text",
                "The file is damaged or not a text file; write it again.",
            )
        )
    if not _is_utf8(data):
        data = _western(data, notes, name)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data


def mark_length(data: bytes) -> int:
    r"""Return the length of the UTF-8 byte order marks; joined files begin with two.

    Example:
        >>> mark_length(b"\xef\xbb\xbf\xef\xbb\xbfid"), mark_length(b"id")
        (6, 0)
    """
    length = 0
    while data.startswith(codecs.BOM_UTF8, length):
        length += len(codecs.BOM_UTF8)
    return length


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    head = np.frombuffer(data[:2000], np.uint8)
    if len(head) > 3:  # Latin letters in UTF-16: every other byte is zero
        even, odd = (head[0::2] == 0).mean(), (head[1::2] == 0).mean()
        if odd > 0.4 and even < 0.05:
            return "utf-16-le"
        if even > 0.4 and odd < 0.05:
            return "utf-16-be"
    return ""


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(
            sentence(
                f"{name}, which begins as {encoding.upper()} but cannot be decoded "
                f"({error.reason} at byte {error.start:,})",
                "text in one encoding",
                "The file is damaged or cut off; write it again.",
            )
        ) from error


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), PIECE):
            decoder.decode(data[start : start + PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _western(data: bytes, notes: Notes, name: str) -> bytes:
    odd = int(np.argmax(np.frombuffer(data, np.uint8) > 127))
    line = data.count(10, 0, odd) + 1
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:  # five bytes have no meaning in Windows-1252
        text, encoding = data.decode("latin-1"), "Latin-1"
    notes.add(
        f"{name[0].upper()}{name[1:]} is not in UTF-8; it was read as {encoding} "
        f"(first such character: line {line}). Save it as UTF-8 if characters look "
        "wrong."
    )
    return text.encode("utf-8")


@dataclass(frozen=True, eq=False)
class CsvLayout:
    """Where the rows of a text file lie.

    Attributes:
        lines: `[records]` the first line of each record that is not blank, from 1,
            or None if record k is on line k + 1 throughout.
        longest: The length of the longest record, bytes.
        several: The first line of a field that spans several lines, or 0.
        unclosed: The line of a quote that is not closed, or 0.
        trailing: The number of fields with text after their closing quote.
        first_trailing: The line of the first of these.
    """

    lines: IntArray | None
    longest: int
    several: int = 0
    unclosed: int = 0
    trailing: int = 0
    first_trailing: int = 0


def csv_layout(data: bytes, delimiter: str, quote: str, escape: str = "") -> CsvLayout:
    """Find records and quoted fields.

    A quote opens a field only at its start, and closes it unless doubled, as RFC
    4180 and PyArrow have it.

    Args:
        data: UTF-8 text.
        delimiter: Between fields, one ASCII character.
        quote: Around fields, one ASCII character.
        escape: Takes the meaning from the character behind it, or nothing.
    """
    buffer = np.frombuffer(data, np.uint8)
    breaks = _positions(buffer, 10)
    starts, ends, trailing, unclosed = _quoted(buffer, delimiter, quote, escape)
    if unclosed >= 0:
        return CsvLayout(None, 0, unclosed=_line(breaks, unclosed))
    inside = _inside(breaks, starts, ends)
    for position in trailing:  # text behind a quote that began on an earlier line
        k = int(np.searchsorted(starts, position, "right")) - 1
        if inside[slice(*np.searchsorted(breaks, (starts[k], ends[k])))].any():
            return CsvLayout(None, 0, unclosed=_line(breaks, int(starts[k])))
    stops = np.append(breaks[~inside], len(data))
    begins = np.concatenate([[0], stops[:-1] + 1])
    length = stops - begins
    blank = length == 0
    if len(data):
        blank |= (length == 1) & (buffer[np.minimum(begins, len(data) - 1)] == 13)
    lines = None
    if inside.any() or blank[:-1].any():
        lines = np.searchsorted(breaks, begins[~blank]) + 1
    return CsvLayout(
        lines,
        int(length.max()),
        several=_line(breaks, int(breaks[inside][0])) if inside.any() else 0,
        trailing=len(trailing),
        first_trailing=_line(breaks, trailing[0]) if trailing else 0,
    )


def _positions(buffer: Bytes, byte: int) -> IntArray:
    """Return where a byte occurs, piece by piece to keep memory low."""
    pieces = [
        np.flatnonzero(buffer[start : start + PIECE] == byte) + start
        for start in range(0, len(buffer), PIECE)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int64)


def _line(breaks: IntArray, position: int) -> int:
    return int(np.searchsorted(breaks, position)) + 1


def _inside(
    breaks: IntArray, starts: IntArray, ends: IntArray
) -> npt.NDArray[np.bool_]:
    """Return which line breaks lie inside a quoted field."""
    if not len(starts):
        return np.zeros(len(breaks), bool)
    field = np.searchsorted(starts, breaks) - 1
    return np.asarray((field >= 0) & (breaks < ends[np.maximum(field, 0)]))


def _quoted(
    buffer: Bytes, delimiter: str, quote: str, escape: str
) -> tuple[IntArray, IntArray, list[int], int]:
    """Return starts and ends of quoted fields, trailing texts, and an open quote."""
    marks = _positions(buffer, ord(quote))
    if escape and len(marks):
        escaped = (buffer[np.maximum(marks - 1, 0)] == ord(escape)) & (marks > 0)
        marks = marks[~escaped]
    if not len(marks):
        return marks, marks, [], -1
    parting = np.zeros(256, bool)
    parting[[ord(delimiter), 10, 13]] = True
    opens, closes = marks[0::2], marks[1::2]
    if len(opens) == len(closes):
        before = parting[buffer[np.maximum(opens - 1, 0)]] | (opens == 0)
        before[1:] |= opens[1:] == closes[:-1] + 1  # a doubled quote
        after = parting[buffer[np.minimum(closes + 1, len(buffer) - 1)]]
        after |= closes == len(buffer) - 1
        after[:-1] |= closes[:-1] + 1 == opens[1:]
        if before.all() and after.all():
            return opens, closes, [], -1
    return _quoted_one_by_one(buffer, marks, parting)


def _quoted_one_by_one(
    buffer: Bytes, marks: IntArray, parting: npt.NDArray[np.bool_]
) -> tuple[IntArray, IntArray, list[int], int]:
    """The same for files in which some quotes are no field's: one quote at a time."""
    before = (parting[buffer[np.maximum(marks - 1, 0)]] | (marks == 0)).tolist()
    follows = parting[buffer[np.minimum(marks + 1, len(buffer) - 1)]]
    after = (follows | (marks == len(buffer) - 1)).tolist()
    where = marks.tolist()
    starts: list[int] = []
    ends: list[int] = []
    trailing: list[int] = []
    k = 0
    while k < len(where):
        if not before[k]:  # within an unquoted field a quote is a letter
            k += 1
            continue
        close = k + 1
        while close + 1 < len(where) and where[close + 1] == where[close] + 1:
            close += 2
        if close >= len(where):
            return np.array(starts), np.array(ends), trailing, where[k]
        starts.append(where[k])
        ends.append(where[close])
        if not after[close]:
            trailing.append(where[close])
        k = close + 1
    return np.array(starts, np.int64), np.array(ends, np.int64), trailing, -1
