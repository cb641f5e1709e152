# SPDX-License-Identifier: Apache-2.0
"""A cost matrix is read from a file by the names on its axes."""

from __future__ import annotations

import pytest

from equipoise.decision import CostMatrix, read_costs
from equipoise.errors import InputError

NAMES = ("a", "b", "c")
SOUND = CostMatrix(NAMES, [[0, 1, 5], [2, 0, 1], [20, 3, 0]])
TEXT = "truth,c,a,b\nb,1,2,0\na,5,0,1\nc,0,20,3\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
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
        ("t,a,b,c\n", "1 lines"),
        (TEXT.replace("truth,c,a,b", "truth,c,a,B"), "'B'.*Did you mean 'b'"),
        (TEXT.replace("b,1,2,0\n", ""), "missing: 'b'"),
        (TEXT + "d,1,1,1\n", "no class of the table: 'd'"),
        (TEXT + "a,1,1,1\n", "twice: 'a'"),
        (TEXT.replace("c,0,20,3", "c,0,20"), "3 cells in the line of 'c', and 4"),
        (TEXT.replace("20", "x"), "'x' as the cost of deciding 'a' where.*'c'"),
        (TEXT.replace("20", ""), "'' as the cost of deciding 'a'"),
        (TEXT.replace("20", "inf"), "the cost of deciding 'a'"),
        (TEXT.replace("20", "nan"), "the cost of deciding 'a'"),
    ],
)
def test_a_wrong_file_is_refused(text, says) -> None:
    with pytest.raises(InputError, match=says):
        read_costs(text, NAMES)


def test_a_file_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(InputError, match=r"cannot be read.*a CSV file in UTF-8"):
        read_costs(tmp_path / "no.csv", NAMES)
    path = tmp_path / "costs.csv"
    path.write_bytes(b"\xff\xfe,a\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_costs(path, NAMES)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_decimal_comma(delimiter) -> None:
    text = ";a;b\na;0;1,5\nb;0,25;0\n".replace(";", delimiter)
    assert read_costs(text, ("a", "b")).costs == ((0.0, 1.5), (0.25, 0.0))
    with pytest.raises(InputError, match="'1,500'"):
        read_costs(text.replace("1,5", "1,500"), ("a", "b"))
