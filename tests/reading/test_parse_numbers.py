# SPDX-License-Identifier: Apache-2.0
"""Numbers as people write them, against Python's own reading."""

from __future__ import annotations

import locale
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.reading.parse_numbers import inexact, parse_numbers, quick_numbers


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def parsed(*values: str, decimal: str = ".") -> list[float]:
    return parse_numbers(texts(*values), decimal).values.tolist()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_comes_back(values: list[float]) -> None:
    assert parsed(*map(repr, values)) == values


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.sampled_from(".,"))
def test_thousands_and_decimals_in_both_manners(values: list[int], mark: str) -> None:
    exact = [value / 100 for value in values]
    written = [f"{value:,.2f}" for value in exact]
    if mark == ",":
        written = [text.translate(str.maketrans(".,", ",.")) for text in written]
    assert parsed(*written, decimal=mark) == exact


@pytest.mark.parametrize(
    ("values", "decimal", "expected"),
    [
        (["1,234", "2,345"], ".", [1234, 2345]),  # told by the file
        (["1,234", "2,345"], ",", [1.234, 2.345]),
        (["1,234", "2,3"], ".", [1.234, 2.3]),  # told by the column
        (["1,234", "2.5"], ",", [1234, 2.5]),
        (["1.234", "2.345"], ",", [1234, 2345]),
        (["1.234", "2.3"], ",", [1.234, 2.3]),
        (["1.234.567", "1"], ".", [1234567, 1]),
        (["1 234,5", "1\u00a0234"], ".", [1234.5, 1234]),
        (["1'234.5", "12"], ".", [1234.5, 12]),
        (["+5", "-.5", "5.", "1e3", "1E-2"], ".", [5, -0.5, 5, 1000, 0.01]),
        (["inf", "-Infinity", "1"], ".", [math.inf, -math.inf, 1]),
        (["5%", "7.5 %"], ".", [5, 7.5]),
        (["€5", "€1,234.5"], ".", [5, 1234.5]),
    ],
)
def test_notations(values: list[str], decimal: str, expected: list[float]) -> None:
    assert parsed(*values, decimal=decimal) == expected


@pytest.mark.parametrize(
    "text",
    ["", "e5", ".", "1,23,4", "12 34", "0x1F", "1_000", "1-2", "5%%", "١", "nan"],
)
def test_no_numbers(text: str) -> None:
    found = parse_numbers(texts(text, "abc"))
    assert not found.numeric.any()
    assert np.isnan(found.values).all()


def test_signs_must_be_shared() -> None:
    assert not parse_numbers(texts("5%", "7")).numeric.all()
    assert not parse_numbers(texts("$5", "€7")).numeric.any()


def test_some_numbers_among_texts() -> None:
    found = parse_numbers(texts("1,5", "b", "2"), ",")
    assert found.numeric.tolist() == [True, False, True]
    assert found.values[[0, 2]].tolist() == [1.5, 2.0]


def test_the_locale_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = locale.setlocale(locale.LC_NUMERIC)
    assert parsed("1.5") == [1.5]
    assert locale.setlocale(locale.LC_NUMERIC) == before


@pytest.mark.parametrize(
    ("values", "quick"),
    [
        (["1.5", "", "2"], True),
        (["1.5", "x"], False),
        (["007", "1"], False),
        (["0", "0.5"], True),
        ([str(2**53 + 1)], False),
        (["inf"], False),
        ([" 1"], False),
    ],
)
def test_the_quick_way_agrees_or_declines(values: list[str], quick: bool) -> None:
    found = quick_numbers(pa.chunked_array([texts(*values)]), ".")
    assert (found is not None) == quick
    if found is not None:
        expected = [float(value) if value else np.nan for value in values]
        np.testing.assert_array_equal(found, expected)


def test_which_whole_numbers_a_float_rounds() -> None:
    written = [
        "9007199254740992",
        "9007199254740993",
        "-9007199254740993",
        "1e300",
        "7",
    ]
    values = np.array([float(text) for text in written])
    assert inexact(values, texts(*written)).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
