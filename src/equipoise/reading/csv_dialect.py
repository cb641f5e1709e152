# SPDX-License-Identifier: Apache-2.0
"""How a text file is written: delimiter, quotes, header, decimal mark."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from equipoise.reading.formula_errors import FORMULA_ERRORS

SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 20
SAMPLE_ROWS = 300
DELIMITERS = ",;\t|"

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?%?")
_COMMA_ONLY = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})|[+-]?0,\d+")
_POINT_ONLY = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)\.(\d{1,2}|\d{4,})|[+-]?0\.\d+")

Records = list[list[str]]


@dataclass(frozen=True)
class Dialect:
    """How a text file is written.

    Attributes:
        delimiter: Between fields.
        quote: Around fields.
        escape: Before a quote that is none, or nothing if quotes are doubled.
        skip: Lines before the header.
        decimal: The decimal mark, "." or ",".
        proven: Whether numbers tell the mark, none the other one.
        comments: Whether the skipped lines are comments.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip: int = 0
    decimal: str = "."
    comments: bool = False
    proven: bool = False


def sniff(data: bytes) -> tuple[Dialect, Records]:
    """Return how a UTF-8 text is written, and its first records.

    The delimiter is the one by which most records have as many fields as the first;
    of equals, the one that gives more fields. One that does not divide the first
    record counts for half: the commas of decimal numbers divide all records but the
    header. Records include the header.
    """
    text = _sample(data)
    skip, named = _preamble(text)
    text = "".join(text.splitlines(keepends=True)[skip:])
    best, dialect, rows = (-1.0, -1), Dialect(), []
    for delimiter in [named] if named else DELIMITERS:
        for quote, escape in (('"', ""), ('"', "\\"), ("'", "")):
            if (escape and '\\"' not in text) or (quote == "'" and "'" not in text):
                continue
            records = _records(text, delimiter, quote, escape)
            score = _consistency(records)
            # Single quotes and backslashes must make the file more regular.
            if score > best:
                best, rows = score, records
                dialect = Dialect(delimiter, quote, escape, skip)
    decimal, proven = _decimal(rows[1:], dialect.delimiter)
    comments = skip > 0 and not named
    dialect = dataclasses.replace(
        dialect, decimal=decimal, comments=comments, proven=proven
    )
    return dialect, rows


def _sample(data: bytes) -> str:
    """Return the beginning of a text: 256 KB, but no fewer than 20 lines."""
    end = SAMPLE_BYTES
    if data.count(b"\n", 0, end) < SAMPLE_LINES:
        end = 0
        for _ in range(SAMPLE_LINES):
            end_of_line = data.find(b"\n", end)
            if end_of_line < 0:
                end = len(data)
                break
            end = end_of_line + 1
        end = max(end, SAMPLE_BYTES)
    head = data[:end]
    if len(head) < len(data) and b"\n" in head:
        head = head[: head.rindex(b"\n") + 1]
    return head.decode("utf-8", "ignore")


def _preamble(text: str) -> tuple[int, str]:
    """Return how many lines stand before the header, and a declared delimiter."""
    lines = text.splitlines()[:50]
    if lines and re.fullmatch(r'"?sep=.\"?', lines[0].strip(" \r\n"), re.IGNORECASE):
        return 1, lines[0].strip(' "\r\n')[-1:] or "\t"
    skip = 0
    while skip < len(lines) - 1 and (
        lines[skip].startswith("#") or not lines[skip].strip()
    ):
        skip += 1
    if skip and any(line.startswith("#") for line in lines[:skip]):
        commented, header = lines[skip - 1], lines[skip]
        counts = [Counter(line)[d] for line in (commented, header) for d in ",;\t|"]
        if counts[:4] == counts[4:] and any(counts):
            return skip - 1, ""  # a header that begins with a hash, as in #id,x,y
        return skip, ""
    return 0, ""


def _records(text: str, delimiter: str, quote: str, escape: str) -> Records:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape or None,
        doublequote=not escape,
    )
    rows: Records = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) >= SAMPLE_ROWS:
                break
    except csv.Error:  # a field beyond the reader's limit: judge by what came before
        return rows
    return rows


def _consistency(rows: Records) -> tuple[float, int]:
    """Return how regular records are, and how many fields they have."""
    if not rows:
        return (-1.0, 0)
    widths = Counter(len(row) for row in rows)
    width = len(rows[0])
    if width > 1:
        return (round(widths[width] / len(rows), 2), width)
    common, count = widths.most_common(1)[0]
    if common == 1 or count <= len(rows) / 2:
        return (0.0, 1)
    return (round(count / len(rows), 2) / 2, common)


def _decimal(rows: Records, delimiter: str) -> tuple[str, bool]:
    """Return the decimal mark by the numbers that can be read in one way only.

    The second value tells whether all of these agree, and there are some.
    """
    comma = point = 0
    for row in rows:
        for field in row:
            text = field.strip()
            comma += _COMMA_ONLY.fullmatch(text) is not None
            point += _POINT_ONLY.fullmatch(text) is not None
    proven = (comma > 0) != (point > 0)
    if comma == point:
        return ("," if delimiter == ";" and comma else "."), proven
    return ("," if comma > point else "."), proven


def is_number(text: str) -> bool:
    """Return whether a text looks like a number, in any notation."""
    return _NUMBER.fullmatch(text.strip()) is not None


def has_header(rows: Records, expected: Sequence[str] = ()) -> bool:
    """Return whether the first record names the columns.

    It does if it holds a name that is expected, such as the target's, or counts the
    columns (0, 1, 2, ...). It does not if every column of numbers has a number
    there, or, without such columns, if most of its texts occur again below it.

    Example:
        >>> has_header([["age", "sex"], ["31", "m"], ["44", "f"]])
        True
        >>> has_header([["31", "m"], ["44", "f"], ["31", "m"]])
        False
    """
    first = [text.strip() for text in rows[0]]
    below = [row for row in rows[1:] if len(row) == len(first)]
    if set(expected) & set(first) and len(set(first)) == len(first):
        return True
    counted = [[str(j + k) for j in range(len(first))] for k in (0, 1)]
    if first in counted or not below:
        return True
    numeric = [j for j in range(len(first)) if _numbers(row[j] for row in below)]
    if numeric:
        return not all(is_number(first[j]) or not first[j] for j in numeric)
    again = sum(
        any(row[j].strip() == first[j] for row in below) for j in range(len(first))
    )
    return again <= len(first) / 2


_GENERIC = re.compile(
    r"^$|^(unnamed.*|x|y|v|f|c|col|column|var|field|feature|attr|attribute)"
    r"[ _.-]?\d*$",
    re.IGNORECASE,
)


def second_header(rows: Records, expected: Sequence[str] = ()) -> str:
    """Return what the record below the header is, if it holds no values either.

    It is none if half of the columns of numbers, and two at least, have a text
    there that is neither a number nor a sign of a missing value.

    Args:
        rows: The first records, the header among them.
        expected: Names of columns, such as the target's.

    Returns:
        "names" where it holds the names (the first record's are blank, numbered or
        X1, X2, ...), "more" if it holds units, types or explanations, "" for values.

    Example:
        >>> second_header([["X1", "X2"], ["AGE", "PAY"], ["31", "2"], ["44", "0"]])
        'names'
        >>> second_header([["age", "pay"], ["years", "EUR"], ["31", "2"], ["44", "0"]])
        'more'
    """
    if len(rows) < 4 or len(rows[1]) != len(rows[0]):
        return ""
    below = [row for row in rows[2:] if len(row) == len(rows[0])]
    numeric = [
        j
        for j in range(len(rows[0]))
        if below and _all_numbers(row[j] for row in below)
    ]
    odd = [j for j in numeric if _is_word(rows[1][j])]
    if len(odd) < 2 or len(odd) * 2 < len(numeric):
        return ""
    first, second = ({text.strip() for text in row if text.strip()} for row in rows[:2])
    if set(expected) & first or set(expected) & second:
        return "names" if set(expected) & second - first else "more"
    generic = sum(_GENERIC.match(text.strip()) is not None for text in rows[0])
    distinct = len(second) == sum(bool(text.strip()) for text in rows[1])
    return "names" if generic * 2 > len(rows[0]) and distinct else "more"


def _is_word(text: str) -> bool:
    bare = text.strip()
    return any(c.isalpha() for c in bare) and bare.casefold() not in _NO_VALUE


_NO_VALUE = {
    "na", "nan", "n/a", "null", "none", "nil", "missing", "unknown", "inf",
    *(error.casefold() for error in FORMULA_ERRORS),
}  # fmt: skip


def _all_numbers(fields: Iterable[str]) -> bool:
    texts = [text.strip() for text in fields]
    values = [text for text in texts if text and text.casefold() not in _NO_VALUE]
    return len(values) >= 2 and all(map(is_number, values))


def _numbers(fields: Iterable[str]) -> bool:
    """Return whether most fields are numbers."""
    texts = [text.strip() for text in fields if text.strip()]
    return bool(texts) and sum(map(is_number, texts)) > 0.8 * len(texts)
