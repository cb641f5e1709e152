# SPDX-License-Identifier: Apache-2.0
"""How a text file is written."""

from __future__ import annotations

import pytest

from equipoise.reading.csv_dialect import has_header, second_header, sniff


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal"),
    [
        ("a,b\n1,2\n", ",", "."),
        ("a;b\n1,5;2,5\n3,5;4\n", ";", ","),
        ("a;b\n1.5;2.5\n3.5;4\n", ";", "."),
        ("a\tb\n1,5\t2,5\n", "\t", ","),
        ("a|b\nx,y|z\nu|v,w\n", "|", "."),
        ('a,b\n"1;2;3",4\n"5;6;7",8\n', ",", "."),
        ("a;b\n1,234;2\n5,678;4\n", ";", "."),  # cannot be told: as most write it
        ('a,b\n"1,25",2\n"5,75",4\n', ",", ","),
        ("a\tb,c\n1\t2\n3\t4\n", "\t", "."),
        # Decimal commas divide the rows as regularly as the delimiter does.
        ("a;b\n1,5;2\n3,5;4\n", ";", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", ","),
    ],
)
def test_delimiter_and_decimal_mark(text: str, delimiter: str, decimal: str) -> None:
    dialect, rows = sniff(text.encode())
    assert (dialect.delimiter, dialect.decimal) == (delimiter, decimal)
    assert len(rows[0]) == 2


@pytest.mark.parametrize(
    ("text", "skip", "comments"),
    [
        ("a,b\n1,2\n", 0, False),
        ("sep=;\na;b\n1;2\n", 1, False),
        ("# one\n\n# two\na,b\n1,2\n", 3, True),
        ("#a,b\n1,2\n3,4\n", 0, False),
    ],
)
def test_lines_before_the_header(text: str, skip: int, comments: bool) -> None:
    dialect, _ = sniff(text.encode())
    assert (dialect.skip, dialect.comments) == (skip, comments)


def test_a_field_beyond_the_readers_limit() -> None:
    dialect, _ = sniff(f'a,b\n1,2\n3,"{"x" * 200_000}"\n'.encode())
    assert dialect.delimiter == ","


@pytest.mark.parametrize(
    ("rows", "known", "expected"),
    [
        ([["a", "b"], ["1", "u"]], [], True),
        ([["5.1", "u"], ["4.9", "u"], ["4.7", "v"]], [], False),
        ([["2019", "2020"], ["4", "5"], ["6", "7"]], [], False),
        ([["2019", "2020"], ["4", "5"], ["6", "7"]], ["2020"], True),
        ([["0", "1"], ["4", "5"]], [], True),
        ([["1", "2"], ["4", "5"]], [], True),
        ([["age", "2020"], ["4", "5"]], [], True),
        ([["u", "v"], ["u", "w"], ["x", "v"]], [], False),
        ([["sex", "town"], ["m", "Rome"], ["f", "Bonn"]], [], True),
        ([["", "a"], ["0", "u"], ["1", "v"]], ["a"], True),
        ([["", "a"], ["0", "1.5"], ["1", "2.5"]], [], True),
        ([["a", "b"]], [], True),
    ],
)
def test_header(rows: list[list[str]], known: list[str], expected: bool) -> None:
    assert has_header(rows, known) == expected


def test_errors_of_formulas_are_no_second_header() -> None:
    rows = [["a", "b"], ["#REF!", "#NAME?"], ["1", "2"], ["3", "#DIV/0!"], ["5", "6"]]
    assert second_header(rows) == ""
    rows[1] = ["years", "EUR"]
    assert second_header(rows) == "more"
