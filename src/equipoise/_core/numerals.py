# SPDX-License-Identifier: Apache-2.0
"""How numbers are written for people, in one place.

A number shows as many digits as it needs: small ones get more decimals, large ones
thousands separators, and none is written with an exponent. The digits of an estimate
follow the width of its interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

UNDEFINED = "undefined"
MOST_DECIMALS = 12
"""More decimals than this are never shown: smaller numbers read as 0."""
PARTS = 3
"""The last digit of an interval's ends is at most its width divided by this."""
FAR = 1000
"""An end that is this many times smaller than the width may be written as 0."""
SMALLEST_P = 1e-4


def decimals_for(value: float, digits: int = 2) -> int:
    """Return how many decimals show a number with some significant digits.

    Args:
        value: A finite number.
        digits: Significant digits, at least 1.

    Example:
        >>> [decimals_for(x) for x in (0.0, 0.5, 0.0123, 0.00099, 123.0)]
        [0, 2, 3, 5, 0]
    """
    if value == 0 or not math.isfinite(value):
        return 0
    # By the number as rounded: 0.0996 is 0.10 in two digits.
    place = int(f"{value:.{digits - 1}e}".split("e")[1])
    return min(max(0, digits - 1 - place), MOST_DECIMALS)


def fixed(
    value: float, decimals: int, *, signed: bool = False, short: bool = False
) -> str:
    """Write a number with a number of decimals and thousands separators.

    Args:
        value: The number.
        decimals: How many decimals.
        signed: Whether a positive number gets a plus sign.
        short: Whether the 0 before the point is left out.

    Example:
        >>> fixed(0.5, 2), fixed(-0.0001, 2), fixed(12345.6, 0), fixed(1.0, 1)
        ('0.50', '0.00', '12,346', '1.0')
        >>> fixed(0.04, 2, signed=True, short=True)
        '+.04'
    """
    if math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    text = f"{abs(value):,.{decimals}f}"
    zero = not text.strip("0.,")
    if short and text.startswith("0."):
        text = text[1:]
    if zero:
        return text
    return f"-{text}" if value < 0 else f"+{text}" if signed else text


def estimate(
    value: float,
    low: float = math.nan,
    high: float = math.nan,
    *,
    signed: bool = False,
    short: bool = False,
) -> str:
    """Write an estimate with its interval, both with the digits that they need.

    Args:
        value: The estimate; NaN is written as "undefined".
        low: The interval's lower end; NaN if there is none.
        high: The interval's upper end; NaN if there is none.
        signed: Whether positive numbers get a plus sign, as differences do.
        short: Whether to leave out the 0 before the point, and to begin with two
            decimals, not three, for the ends.

    Example:
        >>> estimate(0.762, 0.7, 0.812), estimate(0.00123, 0.0008, 0.0021, short=True)
        ('0.762 [0.700, 0.812]', '.0012 [.0008, .0021]')
        >>> estimate(0.01, -0.02, 0.04, signed=True, short=True)
        '+.010 [-.02, +.04]'
    """
    first, *ends = estimate_parts(value, low, high, signed=signed, short=short)
    return f"{first} [{ends[0]}, {ends[1]}]" if ends else first


def estimate_parts(
    value: float,
    low: float = math.nan,
    high: float = math.nan,
    *,
    signed: bool = False,
    short: bool = False,
    least: int | None = None,
) -> tuple[str, ...]:
    """Return the texts of an estimate: the value, and its two ends if it has them.

    A value has two significant digits at least; its ends are those of
    `interval_parts`.

    Args:
        value: The estimate.
        low: The interval's lower end, or NaN.
        high: The interval's upper end, or NaN.
        signed: Whether positive numbers get a plus sign.
        short: Whether to leave out the 0 before the point.
        least: The least number of decimals of the ends; 2 or 3 by `short` if None.

    Example:
        >>> estimate_parts(1234.5, 1100.0, 1360.0), estimate_parts(float("nan"))
        (('1,234', '1,100', '1,360'), ('undefined',))
    """
    if not math.isfinite(value):
        return (fixed(value, 0),)
    bounded = not (math.isnan(low) or math.isnan(high))
    bounds = [end for end in (low, high) if bounded and math.isfinite(end)]
    largest = max(abs(x) for x in (value, *bounds))
    most = max(0, 3 - math.floor(math.log10(largest))) if largest >= 1 else 3
    needed = decimals_for(value)
    if not bounded:
        return (fixed(value, max(min(3, most), needed), signed=signed, short=short),)
    fewest = (2 if short else 3) if least is None else least
    texts = interval_parts(low, high, signed=signed, short=short, least=fewest)
    across = _across(low, high)
    # Digits far below the interval's width say nothing.
    decimals = max(min(3, most), across, min(needed, across + 2))
    return (fixed(value, decimals, signed=signed, short=short), *texts)


def interval_parts(
    low: float,
    high: float,
    *,
    signed: bool = False,
    short: bool = False,
    least: int = 2,
) -> tuple[str, str]:
    """Return the texts of an interval's two ends.

    The last digit is at most a third of the interval's width, so that different ends
    are written differently; and an end that is not 0 does not read as 0, unless it
    lies a thousand times closer to 0 than to the other end.

    Args:
        low: The lower end.
        high: The upper end.
        signed: Whether positive numbers get a plus sign.
        short: Whether to leave out the 0 before the point.
        least: The least number of decimals of numbers below 10.

    Example:
        >>> interval_parts(0.428, 0.946), interval_parts(0.00021, 0.00035)
        (('0.43', '0.95'), ('0.00021', '0.00035'))
    """
    largest = max(abs(low), abs(high))
    most = least
    if math.isfinite(largest) and largest >= 1:
        most = min(least, max(0, 3 - math.floor(math.log10(largest))))
    decimals = max(most, _across(low, high))
    first, last = (
        fixed(
            end,
            _end_decimals(end, decimals, high - low, signed),
            signed=signed,
            short=short,
        )
        for end in (low, high)
    )
    return first, last


def _across(low: float, high: float) -> int:
    """Return the decimals that an interval's width asks for."""
    width = high - low
    if not 0 < width < math.inf:
        return 0
    return min(max(0, math.ceil(math.log10(PARTS / width))), MOST_DECIMALS)


def _end_decimals(end: float, decimals: int, width: float, signed: bool) -> int:
    """Return an end's decimals: one that is not 0 does not read as 0."""
    if end == 0 or not math.isfinite(end) or abs(end) >= 0.5 * 10.0**-decimals:
        return decimals
    # Whether a difference lies beside 0 must be seen however near it is.
    if signed or abs(end) * FAR > width:
        return max(decimals, decimals_for(end, 1))
    return decimals


def significant(value: float, digits: int = 3) -> str:
    """Write a number with some significant digits, never with an exponent.

    Args:
        value: The number.
        digits: Significant digits of numbers below 10 to the power of `digits`;
            larger ones are written whole.

    Example:
        >>> significant(18394.2, 4), significant(0.000123456), significant(-12.34)
        ('18,394', '0.000123', '-12.3')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    decimals = decimals_for(value, digits)
    text = fixed(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: float) -> str:
    """Write a number as the user gave it, without an exponent or separators.

    Example:
        >>> exact(1000000), exact(1e-7), exact(0.1), exact(20.0)
        ('1000000', '0.0000001', '0.1', '20')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    return np.format_float_positional(float(value), trim="-")


def amount(value: float, digits: int = 3) -> str:
    """Write a count that may be a mean: whole if it is large or whole.

    Example:
        >>> amount(12345.0), amount(96.4), amount(5.05), amount(0.04), amount(18390.6)
        ('12,345', '96.4', '5.05', '0.04', '18,391')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    return fixed(value, 0) if value == round(value) else significant(value, digits)


def as_probability(value: float, digits: int = 2) -> str:
    """Write a probability; close to 0 and to 1 it gets the decimals that it needs.

    Example:
        >>> as_probability(0.15), as_probability(0.00032), as_probability(0.99961)
        ('0.15', '0.00032', '0.99961')
        >>> as_probability(0.5), as_probability(1.0), as_probability(0.0)
        ('0.5', '1', '0')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    distance = min(abs(value), abs(1 - value))
    decimals = max(digits, decimals_for(distance, digits))
    text = fixed(value, decimals)
    return text.rstrip("0").rstrip(".")


def share(value: float, digits: int = 2) -> str:
    """Write a share in per cent, in few digits; never as 0% or 100% unless it is.

    Example:
        >>> share(0.0417), share(0.25), share(0.000012), share(0.99996), share(0.995)
        ('4.2%', '25%', '0.0012%', '99.996%', '99.5%')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    percent = 100 * value
    distance = min(percent, 100 - percent)
    if distance <= 0:
        return f"{fixed(percent, 0)}%"
    decimals = decimals_for(distance, digits)
    if decimals == 1 and distance >= 9.95:
        decimals = 0
    text = fixed(percent, decimals)
    return f"{text.rstrip('0').rstrip('.') if decimals else text}%"


def percent(value: float) -> str:
    """Write a share in per cent with two decimals, or the more that it needs.

    Example:
        >>> percent(0.05), percent(0.1667), percent(0.000012), percent(0.99999)
        ('5.00%', '16.67%', '0.0012%', '99.9990%')
    """
    if not math.isfinite(value):
        return fixed(value, 0)
    distance = min(abs(value), abs(1 - value))
    return f"{fixed(100 * value, max(2, decimals_for(100 * distance)))}%"


def as_p_value(value: float) -> str:
    """Write a p-value as an equation, or as an inequality if it is very small.

    Example:
        >>> as_p_value(0.0123), as_p_value(3e-12), as_p_value(float("nan"))
        ('p = 0.012', 'p < 0.0001', 'no p-value')
    """
    if math.isnan(value):
        return "no p-value"
    if value < SMALLEST_P:
        return f"p < {exact(SMALLEST_P)}"
    return f"p = {significant(value, 2)}"


def ratio(value: float) -> str:
    """Write negatives per positive with three significant digits, as one to so many.

    Example:
        >>> ratio(7.96), ratio(15.12), ratio(3170.9), ratio(0.034)
        ('1 to 7.96', '1 to 15.1', '1 to 3,171', '1 to 0.034')
    """
    return f"1 to {significant(value)}"


def duration(seconds: float) -> str:
    """Write seconds for people, in few letters.

    Example:
        >>> duration(4.64), duration(144.2), duration(2000), duration(0.004)
        ('4.6 s', '144 s', '33 min', '0.0 s')
    """
    if seconds >= 999.5:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"


def figure(value: float, least: int = 2, *, signed: bool = False) -> str:
    """Write a number with some decimals, or with more if it is near 0 or 1.

    Args:
        value: The number.
        least: The decimals of a number that is not close to 0 or 1.
        signed: Whether a positive number gets a plus sign.

    Example:
        >>> figure(0.05), figure(0.5), figure(0.0034), figure(0.99962), figure(1.0)
        ('0.05', '0.50', '0.0034', '0.9996', '1.00')
        >>> figure(12345.678), figure(0.25, signed=True)
        ('12,345.68', '+0.25')
    """
    decimals = least
    if math.isfinite(value):
        if decimals_for(value, 1) > least:
            decimals = decimals_for(value, 2)
        if 0.5 < value < 1:
            decimals = max(decimals, decimals_for(1 - value, 1))
    return fixed(value, decimals, signed=signed)


class Written(float):
    """A number that `format` writes without an exponent under the code "g".

    Phrases of strategies name options in braces, as in "at gamma {gamma:g}".

    Example:
        >>> "{:g} times, {:.0%}".format(Written(1e6), Written(0.25))
        '1000000 times, 25%'
    """

    def __format__(self, code: str) -> str:
        return exact(self) if code == "g" else super().__format__(code)


def phrase_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options ready to be filled into a phrase, by `Written`.

    Args:
        options: Names and values; only floats are changed.
    """
    return {
        name: Written(value) if isinstance(value, float) else value
        for name, value in options.items()
    }
