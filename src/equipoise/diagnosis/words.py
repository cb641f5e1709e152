# SPDX-License-Identifier: Apache-2.0
"""How numbers are written in findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from equipoise._core.numerals import interval_parts
from equipoise._core.numerals import ratio as ratio
from equipoise._core.numerals import share as share


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    Example:
        >>> count(1, "row"), count(12000, "row"), count(2, "category", "categories")
        ('1 row', '12,000 rows', '2 categories')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def interval_text(low: float, high: float) -> str:
    """Write an interval of shares, with two decimals or the more that it needs.

    Example:
        >>> interval_text(0.428, 0.946), interval_text(0.99912, 0.99988)
        ('0.43 to 0.95', '0.9991 to 0.9999')
    """
    low_text, high_text = interval_parts(low, high)
    return f"{low_text} to {high_text}"


def name_list(items: Sequence[str] | Iterable[str], most: int = 3) -> str:
    """Write column names as a short list.

    Example:
        >>> name_list(["a", "b", "c", "d", "e"])
        "'a', 'b', 'c' and 2 more"
        >>> name_list(["a", "b"])
        "'a' and 'b'"
    """
    quoted = [repr(item) for item in items]
    if len(quoted) > most + 1:
        return f"{', '.join(quoted[:most])} and {len(quoted) - most} more"
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
