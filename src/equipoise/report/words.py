# SPDX-License-Identifier: Apache-2.0
"""How the numbers of a summary are written in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise._core import numerals

MINUS = "\u2212"
DASH = "\u2013"


def written_number(
    value: float | None, digits: int = 3, *, signed: bool = False
) -> str:
    """Write a number with some decimals, or with more if it is small.

    A number that is undefined is a dash.

    Example:
        >>> written_number(0.12345), written_number(-0.5, 2), written_number(None)
        ('0.123', '−0.50', '–')
        >>> written_number(0.04, 2, signed=True)
        '+0.04'
        >>> written_number(0.00012)
        '0.00012'
    """
    if value is None:
        return DASH
    return _typeset(numerals.figure(value, digits, signed=signed))


def value(estimate: Mapping[str, Any] | None, *, signed: bool = False) -> str:
    """Write the value of an estimate, in digits that follow its interval.

    Example:
        >>> value({"value": 0.0012, "low": 0.0008, "high": 0.0021}), value(None)
        ('0.0012', '–')
    """
    return _parts(estimate, signed)[0]


def ends(estimate: Mapping[str, Any] | None, *, signed: bool = False) -> str:
    """Write the interval of an estimate; empty if it has none.

    Example:
        >>> ends({"value": 0.7, "low": 0.428, "high": 0.945})
        '0.43 to 0.94'
        >>> ends({"value": 0.7, "low": None, "high": None})
        ''
    """
    return " to ".join(_parts(estimate, signed)[1:])


def _parts(estimate: Mapping[str, Any] | None, signed: bool) -> tuple[str, ...]:
    """Return the value in words and, if there is an interval, its ends."""
    if estimate is None or estimate["value"] is None:
        return (DASH,)
    interval = (estimate["low"], estimate["high"])
    bounds = () if None in interval else interval
    texts = numerals.estimate_parts(estimate["value"], *bounds, signed=signed, least=2)
    return tuple(_typeset(text) for text in texts)


def written_amount(value: float | None) -> str:
    """Write a count that may be a mean: whole if it is large or whole.

    Example:
        >>> written_amount(12345.0), written_amount(96.4), written_amount(5.05)
        ('12,345', '96.4', '5.05')
        >>> written_amount(0.04), written_amount(0.0)
        ('0.04', '0')
    """
    return DASH if value is None else _typeset(numerals.amount(value))


def seconds(value: float) -> str:
    """Write a duration.

    Example:
        >>> seconds(0.71), seconds(42.3), seconds(312)
        ('0.7 s', '42.3 s', '5.2 min')
    """
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.1f} min"


def _typeset(text: str) -> str:
    return text.replace("-", MINUS)
