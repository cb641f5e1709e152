# SPDX-License-Identifier: Apache-2.0
"""The first records name the columns, or do not."""

from __future__ import annotations

import pytest

from equipoise.errors import TableError
from equipoise.reading.header import Header, is_numbered, read_header
from equipoise.reading.source import Notes

BODY = [["31", "2"], ["44", "0"], ["25", "1"]]


def header(
    rows: list[list[str]], expected: tuple[str, ...] = ()
) -> tuple[Header, tuple[str, ...]]:
    notes = Notes()
    head = read_header(rows, lambda k: k + 7, "the file 'a'", expected, notes)
    return head, notes.sentences()


def test_the_first_record_names_the_columns() -> None:
    head, notes = header([[" age  of", "pay"], *BODY])
    assert head == Header(("age of", "pay"), ("age of", "pay"))
    assert head.above == 1
    assert notes == ()


def test_without_a_header_columns_are_called_by_their_numbers() -> None:
    head, notes = header(BODY)
    assert head.names == ("column_1", "column_2")
    assert head.above == 0
    assert head.hint.endswith("Add a first line that names them.")
    assert notes[0].startswith("The file 'a' seems to have no header (first row: '31'")


def test_names_below_a_first_record_that_has_none() -> None:
    rows = [["X1", "X2"], ["age", "pay"], *BODY]
    head, notes = header(rows)
    assert head.names == ("age", "pay")
    assert (head.skipped, head.second, head.above) == (1, False, 2)
    assert "taken from line 8 of the file 'a'" in notes[0]


def test_a_second_header_holds_no_values() -> None:
    head, notes = header([["age", "pay"], ["years", "EUR"], *BODY])
    assert head.names == ("age", "pay")
    assert (head.skipped, head.second, head.above) == (0, True, 2)
    assert "line 8 of the file 'a' ('years', 'EUR'), was left out" in notes[0]


def test_blank_and_repeated_names() -> None:
    head, notes = header([["", "pay"], *BODY])
    assert head.names == ("column_1", "pay")
    assert "no name for column 1; it is called column_1" in notes[0]
    with pytest.raises(TableError, match="'pay' occurs more than once"):
        header([["pay", "pay"], *BODY])


@pytest.mark.parametrize(
    ("last", "names"),
    [("", ("a", "b", "after_the_last_delimiter")), ("1", ("row_names", "a", "b"))],
)
def test_rows_of_one_field_more(last: str, names: tuple[str, ...]) -> None:
    assert header([["a", "b"], *([*row, last] for row in BODY)])[0].names == names


def test_names_that_stand_for_none() -> None:
    head, _ = header(BODY)
    assert all(map(is_numbered, head.names))
    assert not any(map(is_numbered, ("column", "column_", "column_x", "col_1")))
