# SPDX-License-Identifier: Apache-2.0
"""Records and quotes, against Python's own reader."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.reading import csv_bytes
from equipoise.reading.csv_bytes import csv_layout, to_utf8
from equipoise.reading.source import Notes

FIELDS = st.lists(
    st.lists(st.text(alphabet='ab,"\n ', max_size=6), min_size=2, max_size=2),
    min_size=1,
    max_size=15,
)


def first_lines(text: str) -> list[int]:
    """Where Python's reader begins each record."""
    reader = csv.reader(io.StringIO(text, newline=""))
    lines, before = [], 0
    for record in reader:
        if record:
            lines.append(before + 1)
        before = reader.line_num
    return lines


@given(FIELDS)
def test_records_begin_where_pythons_reader_has_them(fields: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(fields)
    text = stream.getvalue()
    found = csv_layout(text.encode(), ",", '"')
    expected = first_lines(text)
    lines = range(1, len(expected) + 1) if found.lines is None else found.lines
    assert list(lines) == expected
    assert (found.unclosed, found.trailing) == (0, 0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,"x\n2,y\n', 2),
        ('a,b\n1,"x\n2,"y"\n3,z\n', 2),
        ('a,b\n1,"x""\n2,y\n', 2),
        ('a,b\n1,2" x\n3,"y\n', 3),
    ],
)
def test_open_quotes(text: str, line: int) -> None:
    assert csv_layout(text.encode(), ",", '"').unclosed == line


def test_text_behind_quotes() -> None:
    found = csv_layout(b'a,b\n1,"x"y\n2,"z" \n', ",", '"')
    assert (found.trailing, found.first_trailing, found.unclosed) == (2, 2, 0)


def test_escaped_quotes() -> None:
    found = csv_layout(b'a,b\n1,"x \\" y"\n2,z\n', ",", '"', "\\")
    assert (found.unclosed, found.trailing, found.lines) == (0, 0, None)


def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f'{i},"x\n{i}"\n' for i in range(300)).encode()
    whole = csv_layout(text, ",", '"')
    monkeypatch.setattr(csv_bytes, "PIECE", 7)
    cut = csv_layout(text, ",", '"')
    assert whole.lines is not None
    assert cut.lines is not None
    np.testing.assert_array_equal(whole.lines, cut.lines)
    letters = "é€😀,ü\n" * 50
    notes = Notes()
    assert to_utf8(letters.encode(), "a file", notes).decode() == letters
    assert notes.sentences() == ()


def test_letters_that_only_latin_1_has() -> None:
    notes = Notes()
    text = to_utf8(b"a,b\n\xe9,\x81\n", "a file", notes)
    assert text.decode() == "a,b\né,\x81\n"
    assert "read as Latin-1 (first such character: line 2)" in notes.sentences()[0]
