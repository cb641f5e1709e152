# SPDX-License-Identifier: Apache-2.0
"""Argument checks, and the one sentence in which every error is written.

An error says what was received, what is accepted, and what to do.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

from equipoise.errors import InputError, InputTypeError

T = TypeVar("T")

LEAST_WEIGHT, MOST_WEIGHT = 1e-30, 1e30
"""Between these, weights can be added and multiplied, also as numbers of 32 bits."""

MOST_COST = 1e30
"""Costs are between this and its negative, so that their sums and ratios are finite."""


def sentence(received: str, accepted: str = "", remedy: str = "") -> str:
    """Join the three parts of an error.

    Example:
        >>> print(sentence("folds=1", "an integer from 2 to 20", "Try folds=5."))
        Received folds=1. Accepted: an integer from 2 to 20. Try folds=5.
    """
    parts = [f"Received {received.rstrip('.')}."]
    if accepted:
        parts.append(f"Accepted: {accepted.rstrip('.')}.")
    if remedy:
        parts.append(remedy)
    return " ".join(parts)


def require_fields(record: type[Any], data: Iterable[str], what: str) -> None:
    """Check that data hold no other fields than a record has.

    Args:
        record: A dataclass.
        data: Names of fields.
        what: What the record is called.

    Raises:
        InputError: A field is unknown.
    """
    names = {field.name for field in fields(record)}
    if unknown := set(data) - names:
        raise InputError(
            sentence(f"{what} fields {sorted(unknown)}", str(sorted(names)))
        )


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a "did you mean" sentence, or an empty string if nothing is near.

    Example:
        >>> nearest("Clas", ["Class", "Amount"])
        "Did you mean 'Class'?"
    """
    names = list(candidates)
    folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f"Did you mean {folded[close[0]]!r}?" if close else ""


def listing(names: Iterable[object], most: int = 8) -> str:
    """Write names as a short list: at most `most`, then how many more.

    Example:
        >>> listing(["a", "b", "c"], most=2)
        "'a', 'b' and 1 more"
    """
    shown = [repr(name) for name in names]
    head = ", ".join(shown[:most])
    return head if len(shown) <= most else f"{head} and {len(shown) - most} more"


def described(name: str, value: Any) -> str:
    """Write an argument for a message: a long one by its shape, length or type.

    Example:
        >>> described("costs", (1, 2, 3))
        'costs=(1, 2, 3)'
        >>> described("costs", [0.5] * 1000)
        'costs with 1,000 values'
    """
    shape = getattr(value, "shape", None)
    length = len(value) if isinstance(value, list | tuple | dict | set) else 1
    if shape is not None and not _is_small(shape):
        return f"{name} of shape {tuple(shape)}"
    if length > _MOST_VALUES:
        return f"{name} with {length:,} values"
    text = " ".join(repr(value).split())
    return f"{name}={text if len(text) <= _LONGEST else text[:_LONGEST] + '...'}"


def _is_small(shape: Any) -> bool:
    """Return whether an array of a shape has a few values only."""
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape):
        return False
    return math.prod(shape) <= _FEW_VALUES


_FEW_VALUES = 4
_MOST_VALUES = 20
_LONGEST = 200


def one_of(value: str, accepted: Iterable[str], what: str) -> str:
    """Return `value` if it is a known name, else raise with the nearest one.

    Raises:
        InputTypeError: `value` is not a string.
        InputError: `value` is not among `accepted`.
    """
    names = list(accepted)
    if not isinstance(value, str):
        raise InputTypeError(
            sentence(described(what, value), f"one of {listing(names, 40)}")
        )
    if value not in names:
        raise InputError(
            sentence(
                described(what, value),
                f"one of {listing(names, 40)}",
                nearest(value, names),
            )
        )
    return value


def integer(
    value: Any, what: str, low: int | None = None, high: int | None = None
) -> int:
    """Return `value` as an int within [low, high].

    Raises:
        InputTypeError: `value` is not an integer.
        InputError: `value` is out of range.
    """
    accepted = f"an integer{_range(low, high)}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise InputTypeError(sentence(described(what, value), accepted))
    result = int(value)
    if (low is not None and result < low) or (high is not None and result > high):
        raise InputError(sentence(described(what, value), accepted))
    return result


def number(
    value: Any,
    what: str,
    low: float | None = None,
    high: float | None = None,
    *,
    open_ends: bool = False,
    infinite: bool = False,
) -> float:
    """Return `value` as a float within [low, high], finite by default.

    Args:
        value: What the user gave.
        what: The argument's name.
        low: Smallest accepted value, or None.
        high: Largest accepted value, or None.
        open_ends: Whether the ends themselves are refused.
        infinite: Whether infinities are accepted, too.

    Raises:
        InputTypeError: `value` is not a real number.
        InputError: `value` is NaN, not finite, or out of range.
    """
    accepted = f"a number{_range(low, high, open_ends)}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InputTypeError(sentence(described(what, value), accepted))
    try:
        result = float(value)
    except OverflowError:  # an integer of hundreds of digits
        result = math.inf
    inside = not math.isnan(result) and (infinite or math.isfinite(result))
    if low is not None:
        inside &= result > low if open_ends else result >= low
    if high is not None:
        inside &= result < high if open_ends else result <= high
    if not inside:
        raise InputError(sentence(described(what, value), accepted))
    return result


def cost_number(value: Any, what: str) -> float:
    """Return a cost as a float.

    Raises:
        InputTypeError: It is not a real number.
        InputError: It is NaN, or not from -1e30 to 1e30.

    Example:
        >>> cost_number(9, "cost fn")
        9.0
    """
    return number(value, what, -MOST_COST, MOST_COST)


def weight_number(value: Any, what: str) -> float:
    """Return a weight of a class as a float.

    Raises:
        InputTypeError: It is not a real number.
        InputError: It is not above 0 and finite, or beyond 1e-30 and 1e30.

    Example:
        >>> weight_number(20, "the weight of the class 'POX'")
        20.0
    """
    return require_scale(number(value, what, 0, open_ends=True), f"{what}={value!r}")


def require_scale(largest: float, received: str) -> float:
    """Return the largest of some weights if sums and products of them are finite.

    Args:
        largest: 0 if all are 0.
        received: The weights, for the message.

    Raises:
        InputError: It is below 1e-30, or above 1e30.
    """
    if largest and not LEAST_WEIGHT <= largest <= MOST_WEIGHT:
        raise InputError(
            sentence(
                received,
                f"weights whose largest is from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}",
                "Only their ratios matter: divide all of them by the largest.",
            )
        )
    return largest


def _range(low: float | None, high: float | None, open_ends: bool = False) -> str:
    if low is not None and high is not None:
        between = "strictly between" if open_ends else "from"
        joint = "and" if open_ends else "to"
        return f" {between} {low} {joint} {high}"
    if low is not None:
        return f" above {low}" if open_ends else f" of at least {low}"
    if high is not None:
        return f" below {high}" if open_ends else f" of at most {high}"
    return ""
