# SPDX-License-Identifier: Apache-2.0
"""How numbers are written: no dangling signs, nothing invented where undefined."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.report import words


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [
        (0.5, 3, False, "0.500"),
        (-0.0004, 3, False, "\u22120.00040"),
        (0.00012, 3, True, "+0.00012"),
        (0.0, 2, True, "0.00"),
        (1.25, 1, True, "+1.2"),
        (-1.0, 1, False, "\u22121.0"),
        (None, 3, True, "\u2013"),
    ],
)
def test_numbers(value: Any, digits: int, signed: bool, text: str) -> None:
    assert words.written_number(value, digits, signed=signed) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (None, ""),
        ({"value": 0.2, "low": None, "high": 0.5}, ""),
        ({"value": 0.2, "low": 0.0, "high": 1.0}, "0.00 to 1.00"),
        ({"value": 0.001, "low": 0.0008, "high": 0.0021}, "0.0008 to 0.0021"),
    ],
)
def test_ends(estimate: Any, text: str) -> None:
    assert words.ends(estimate) == text


def test_signed_ends() -> None:
    found = words.ends({"value": 0.1, "low": -0.25, "high": 0.5}, signed=True)
    assert found == "\u22120.25 to +0.50"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "\u2013"), (0.0, "0"), (7.0, "7"), (12.345, "12.3"), (1234.5, "1,234")],
)
def test_amounts(value: Any, text: str) -> None:
    assert words.written_amount(value) == text


@pytest.mark.parametrize(("value", "text"), [(99.94, "99.9 s"), (120.0, "2.0 min")])
def test_seconds(value: float, text: str) -> None:
    assert words.seconds(value) == text
