# SPDX-License-Identifier: Apache-2.0
"""How numbers are written in findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    Example:
        >>> count(1, "row"), count(12000, "row"), count(2, "category", "categories")
        ('1 row', '12,000 rows', '2 categories')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share(value: float) -> str:
    """Write a share in per cent with two significant digits, never as 0% or 100%.

    Example:
        >>> share(0.0417), share(0.25), share(0.000012), share(0.99996)
        ('4.2%', '25%', '0.0012%', '99.996%')
    """
    percent = 100 * value
    distance = min(percent, 100 - percent)
    if distance <= 0:
        return f"{percent:.0f}%"
    digits = max(0, 1 - math.floor(math.log10(distance)))
    if digits == 1 and distance >= 9.95:
        digits = 0
    text = f"{percent:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text}%"


def ratio(value: float) -> str:
    """Write negatives per positive with three significant digits, as one to so many.

    Example:
        >>> ratio(7.96), ratio(15.12), ratio(3170.9)
        ('1 to 7.96', '1 to 15.1', '1 to 3,171')
    """
    return f"1 to {value:,.0f}" if value >= 100 else f"1 to {value:.3g}"


def interval(low: float, high: float) -> str:
    """Write an interval of shares as two decimals.

    Example:
        >>> interval(0.428, 0.946)
        '0.43 to 0.95'
    """
    return f"{low:.2f} to {high:.2f}"


def names(items: Sequence[str] | Iterable[str], most: int = 3) -> str:
    """Write column names as a short list.

    Example:
        >>> names(["a", "b", "c", "d", "e"])
        "'a', 'b', 'c' and 2 more"
        >>> names(["a", "b"])
        "'a' and 'b'"
    """
    quoted = [repr(item) for item in items]
    if len(quoted) > most + 1:
        return f"{', '.join(quoted[:most])} and {len(quoted) - most} more"
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
