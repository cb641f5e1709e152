# SPDX-License-Identifier: Apache-2.0
"""A cost matrix is read from a file by the names on its axes."""

from __future__ import annotations

import gzip

import pytest

from equipoise.decision import CostMatrix, read_costs
from equipoise.errors import InputError

NAMES = ("a", "b", "c")
SOUND = CostMatrix(NAMES, [[0, 1, 5], [2, 0, 1], [20, 3, 0]])
TEXT = "truth,c,a,b\nb,1,2,0\na,5,0,1\nc,0,20,3\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_order_and_delimiter(delimiter, tmp_path) -> None:
    text = TEXT.replace(",", delimiter)
    assert read_costs(text, NAMES) == SOUND
    path = tmp_path / "costs.csv"
    path.write_text(text, encoding="utf-8-sig")
    assert read_costs(path, NAMES) == SOUND
    assert read_costs(str(path), NAMES) == SOUND


def test_spaces_quotes_and_an_empty_diagonal() -> None:
    text = '"", a , "b"\n\na,,1\n b , 9 ,\n'
    assert read_costs(text, ("a", "b")) == CostMatrix(("a", "b"), [[0, 1], [9, 0]])


def test_a_column_of_abstaining() -> None:
    text = "t,a,b,abstain\na,0,1,0.3\nb,9,0,0.3\n"
    assert read_costs(text, ("a", "b")).abstain == 0.3
    with pytest.raises(InputError, match="the same in every line"):
        read_costs(text.replace("0,0.3\n", "0,0.4\n"), ("a", "b"))
    # A class of that name is a class.
    text = "t,a,abstain\na,0,1\nabstain,9,0\n"
    assert read_costs(text, ("a", "abstain")).abstain is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\n", "0 lines"),
        ("t,a,b,c\n", "1 line"),
        ("# a\n# b\n", "0 lines"),
        (TEXT.replace("truth,c,a,b", "truth,c,a,Bb"), "'Bb'.*Did you mean 'b'"),
        (TEXT.replace("b,1,2,0\n", ""), "missing: 'b'"),
        (TEXT + "d,1,1,1\n", "no class of the table: 'd'"),
        (TEXT + "a,1,1,1\n", "twice: 'a'"),
        (TEXT.replace("c,0,20,3", "c,0,20"), "3 cells in the line of 'c', and 4"),
        (TEXT.replace("20", "x"), "'x' as the cost of deciding 'a' where.*'c'"),
        (TEXT.replace("20", ""), "'' as the cost of deciding 'a'"),
        (TEXT.replace("20", "inf"), "the cost of deciding 'a'"),
        (TEXT.replace("20", "nan"), "the cost of deciding 'a'"),
        (TEXT.replace("20", "1e400"), "line 4, with '1e400'.*a finite number"),
        ("# EUR\n\n" + TEXT.replace("20", "x"), "line 6, with 'x'"),
        (TEXT.replace("c,0,20,3", "c,0,20,3,1"), "line 4, with 5 cells"),
        ("# EUR\n" + TEXT.replace("truth,c,a,b", "t,c,a,d"), "line 2, with 3 col.*'d'"),
        (TEXT.replace("truth,c,a,b", "truth,c,a,A"), "twice: 'a'; missing: 'b'"),
        (TEXT.replace(",", " "), "line 1, with one column"),
        (TEXT.replace("b,1", '"b,1'), "lines? with|cells|with 1 line"),
    ],
)
def test_a_wrong_file_is_refused(text, says) -> None:
    with pytest.raises(InputError, match=says):
        read_costs(text, NAMES)


def test_a_file_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(InputError, match=r"cannot be read.*a CSV file: a first line"):
        read_costs(tmp_path / "no.csv", NAMES)
    path = tmp_path / "costs.csv"
    path.write_bytes(b"\xff\xfe,a\n")
    with pytest.raises(InputError, match="cannot be decoded"):
        read_costs(path, NAMES)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_decimal_comma(delimiter) -> None:
    text = ";a;b\na;0;1,5\nb;0,25;0\n".replace(";", delimiter)
    assert read_costs(text, ("a", "b")).costs == ((0.0, 1.5), (0.25, 0.0))
    # 0,25 tells that the comma parts decimals.
    costs = read_costs(text.replace("1,5", "1,500"), ("a", "b")).costs
    assert costs == ((0.0, 1.5), (0.25, 0.0))


@pytest.mark.parametrize(
    "text",
    [
        "t,A, b\nA,0,1.5\n B ,9,0\n",
        "\ufefft,a,b\na,0,1.5\nb,9,0\n",
        "t,a,b,\na,0,1.5,\nb,9,0,\n",  # a delimiter behind every line
        "t,a,b,,\na,0,1.5\nb,9,\n",
        "t,a,b\na,0,1.5,\nb,9,0,\n",
        "a,b\na,0,1.5\nb,9,\n",  # no cell above the true classes
        '# EUR, per year\nt,a,b\na,0,1.5\n  # dear, "very\nb,9,0\n',
        "#t,a,b\na,0,1.5\nb,9,0\n",
        "sep=|\nt|a|b\na|0|1.5\nb|9|0\n",
        "# EUR\nsep=;\nt;a;b\na;0;1.5\nb;9;0\n",
        "t,a,b\r\na,0,1.5\r\nb,9,0\r\n",
        "t,a,b\ra,0,1.5\rb,9,0\r",
    ],
)
def test_written_as_tables_are(text) -> None:
    assert read_costs(text, ("a", "b")).costs == ((0.0, 1.5), (9.0, 0.0))


def test_a_file_that_is_packed_or_in_another_encoding(tmp_path) -> None:
    classes, text = ("gr\u00fcn", "rot"), "t,GR\u00dcN,rot\ngr\u00fcn,0,1\nrot,2,0\n"
    path = tmp_path / "costs.csv"
    for data in (text.encode("cp1252"), text.encode("utf-16"), gzip.compress(b"a\n")):
        path.write_bytes(data)
        if data[:2] == b"\x1f\x8b":
            with pytest.raises(InputError, match="with 1 line"):
                read_costs(path, classes)
        else:
            assert read_costs(path, classes).costs == ((0.0, 1.0), (2.0, 0.0))


def test_numbers_that_name_classes() -> None:
    text = "t,1.0,00\n01,0,5\n0,2,0\n"
    assert read_costs(text, ("0", "1")).costs == ((0.0, 2.0), (5.0, 0.0))
    # Classes that begin with a hash are no comments.
    text = "#1,#2\n#1,0,5\n#2,1,0\n"
    assert read_costs(text, ("#1", "#2")).costs == ((0.0, 5.0), (1.0, 0.0))


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("1.234,5", "2"), (1234.5, 2.0)),
        (("1 500", "1'000"), (1500.0, 1000.0)),
        (("1,500", "0,25"), (1.5, 0.25)),
        (("1,500", "0.25"), (1500.0, 0.25)),
        (("(3)", "$2"), None),
        (("-3", "(2)"), (-3.0, -2.0)),
    ],
)
def test_numbers_are_read_as_those_of_a_table(cells, numbers) -> None:
    text = f"t;a;b\na;0;{cells[0]}\nb;{cells[1]};0\n"
    if numbers is None:
        with pytest.raises(InputError, match=r"line 3, with '\$2'"):
            read_costs(text, ("a", "b"))
    else:
        assert read_costs(text, ("a", "b")).costs == ((0, numbers[0]), (numbers[1], 0))


def test_a_number_that_can_be_read_in_two_ways() -> None:
    text = "t;a;b\na;0;1,500\nb;1;0\n"
    with pytest.raises(InputError, match=r"line 2.*'1,500'.*Write 1500, or 1\.5000"):
        read_costs(text, ("a", "b"))
    for cell, cost in (("1500", 1500.0), ("1.5000", 1.5)):
        assert read_costs(text.replace("1,500", cell), ("a", "b")).costs[0][1] == cost
