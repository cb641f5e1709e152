# SPDX-License-Identifier: Apache-2.0
"""How the numbers of a summary are written in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MINUS = "\u2212"
DASH = "\u2013"


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number with fixed digits; a dash where it is undefined.

    Example:
        >>> number(0.12345), number(-0.5, 2), number(0.04, 2, signed=True), number(None)
        ('0.123', '−0.50', '+0.04', '–')
    """
    if value is None:
        return DASH
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def ends(
    estimate: Mapping[str, Any] | None, digits: int = 2, *, signed: bool = False
) -> str:
    """Write the interval of an estimate; empty where it has none.

    Example:
        >>> ends({"low": 0.428, "high": 0.945}), ends({"low": None, "high": None})
        ('0.43 to 0.94', '')
    """
    if estimate is None or estimate["low"] is None or estimate["high"] is None:
        return ""
    low, high = (
        number(estimate[end], digits, signed=signed) for end in ("low", "high")
    )
    return f"{low} to {high}"


def amount(value: float | None) -> str:
    """Write a count that may be a mean: whole where it is large or whole.

    Example:
        >>> amount(12345.0), amount(96.4), amount(5.05), amount(0.04), amount(0.0)
        ('12,345', '96.4', '5.05', '0.04', '0')
    """
    if value is None:
        return DASH
    if value >= 999.5 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """Write a duration.

    Example:
        >>> seconds(0.71), seconds(42.3), seconds(312)
        ('0.7 s', '42.3 s', '5.2 min')
    """
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.1f} min"
