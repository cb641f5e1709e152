# SPDX-License-Identifier: Apache-2.0
"""Texts that are numbers, with the marks that people and programs put into them.

Accepted beside plain numbers: thousands in threes ("1,234.5", "1 234", "1'234"), a
decimal comma ("1.234,5"), and one currency or percent sign that all values share.
Whether a comma parts decimals or thousands is decided by the column: by the values
that can be read in one way only, else by the file's own decimal mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.table.table import FloatArray
from equipoise.table.texts import Mask

FIRST_INEXACT = 2.0**53  # 2^53 + 1 becomes this number too

_SPACE = r"[ \x{00A0}\x{2009}\x{202F}'\x{2019}]"
_INTEGER = r"\d+|\d{1,3}(?:%s\d{3})+|\d{1,3}(?:" + _SPACE + r"\d{3})+"
_NUMBER = r"^[+-]?(?:(?:%s)(?:%s\d*)?|%s\d+)(?:[eE][+-]?\d+)?$"
_POINT = _NUMBER % (_INTEGER % ",", r"\.", r"\.")
_COMMA = _NUMBER % (_INTEGER % r"\.", ",", ",")
_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_WORDS = r"(?i)^[+-]?(?:inf|infinity)$"
_SIGN_BEFORE = r"^(?P<sign>[$€£¥])\s?[+-]?[\d.,]"
_SIGN_AFTER = r"[\d.,]\s?(?P<sign>[%$€£¥])$"


@dataclass(frozen=True, eq=False)
class Numbers:
    """What distinct texts are as numbers.

    Attributes:
        values: `[values]` float64, NaN where a text is no number.
        numeric: `[values]` whether the text is a number.
        done: What was done to read them, or an empty text where they are plain.
    """

    values: FloatArray
    numeric: Mask
    done: str = ""


def quick_numbers(column: Any, decimal: str) -> FloatArray | None:
    """Return a text column as numbers if nothing about it needs a second look.

    Args:
        column: A `pyarrow.ChunkedArray` of texts; "" is missing.
        decimal: The file's decimal mark.

    Returns:
        `[rows]` float64, or None: something is no plain number, or a code with
        leading zeros, or too large to be exact, or infinite.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    try:
        numbers = pc.cast(filled, pa.float64())
    except pa.ArrowInvalid:
        return None
    if _any(
        pc.match_substring_regex(column.filter(pc.starts_with(column, "0")), r"^0\d")
    ):
        return None
    if decimal == "," and _any(pc.match_substring(column, ".")):
        return None
    values = np.asarray(numbers.fill_null(np.nan).combine_chunks(), np.float64)
    largest = np.nanmax(np.abs(values), initial=0.0)
    return None if largest >= FIRST_INEXACT else values


def parse_numbers(values: Any, decimal: str = ".") -> Numbers:
    """Read distinct texts as numbers.

    Args:
        values: A `pyarrow` array of texts without spaces around them.
        decimal: Which mark parts decimals where the column does not tell: "." or ",".

    Example:
        >>> import pyarrow as pa
        >>> parse_numbers(pa.array(["1,234.5", "7"], pa.large_string())).values.tolist()
        [1234.5, 7.0]
        >>> parse_numbers(pa.array(["0,5", "2"], pa.large_string())).values.tolist()
        [0.5, 2.0]
        >>> parse_numbers(pa.array(["a", "2"], pa.large_string())).values.tolist()
        [nan, 2.0]
    """
    plain = _matches(values, _PLAIN) | _matches(values, _WORDS)
    dotted = decimal == "," and plain.any() and _dots_are_thousands(values, plain)
    if plain.all() and not dotted:
        return Numbers(_cast(values), plain)
    core, sign = _without_sign(values)
    point, comma = _matches(core, _POINT), _matches(core, _COMMA)
    words = _matches(core, _WORDS)
    if _use_comma(core, point | words, comma | words, decimal):
        numeric, text = comma | words, _normal(core, ".", ",")
        how = (
            "a decimal comma"
            if _any_in(core, ",", numeric)
            else "dots between thousands"
        )
    else:
        numeric, text = point | words, _normal(core, ",", ".")
        how = "thousands separators" if (numeric & ~plain).any() and not sign else ""
    how = " and ".join(part for part in (how, sign) if part)
    return Numbers(_cast(text, numeric), numeric, how)


def _use_comma(core: Any, point: Mask, comma: Mask, decimal: str) -> bool:
    """Whether commas part decimals in this column."""
    if point.all() and comma.all():
        return decimal == ","
    only_point, only_comma = point & ~comma, comma & ~point
    if only_point.sum() == only_comma.sum():
        return decimal == ","
    return bool(only_comma.sum() > only_point.sum())


def _dots_are_thousands(values: Any, plain: Mask) -> bool:
    """Whether every dot among plain numbers parts thousands, as in 1.234."""
    import pyarrow.compute as pc

    dots = np.asarray(pc.match_substring(values, "."))
    return bool(dots.any() and _matches(values, _COMMA)[dots & plain].all())


def _without_sign(values: Any) -> tuple[Any, str]:
    """Take off a currency or percent sign that all values share."""
    import pyarrow.compute as pc

    for pattern, strip in (
        (_SIGN_BEFORE, r"^[$€£¥]\s?"),
        (_SIGN_AFTER, r"\s?[%$€£¥]$"),
    ):
        signs = pc.extract_regex(values, pattern)
        if signs.null_count:
            continue
        found = pc.unique(pc.struct_field(signs, "sign")).to_pylist()
        if len(found) == 1:
            return (
                pc.replace_substring_regex(values, strip, ""),
                f"a {found[0]!r} sign taken off",
            )
    return values, ""


def _normal(core: Any, thousands: str, mark: str) -> Any:
    import pyarrow.compute as pc

    bare = pc.replace_substring_regex(core, _SPACE, "")
    bare = pc.replace_substring(bare, thousands, "")
    return bare if mark == "." else pc.replace_substring(bare, mark, ".")


def _cast(values: Any, numeric: Mask | None = None) -> FloatArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if numeric is not None:
        nothing = pa.scalar(None, values.type)
        values = pc.if_else(pa.array(numeric), values, nothing)
    return np.asarray(pc.cast(values, pa.float64()).fill_null(np.nan), np.float64)


def _matches(values: Any, pattern: str) -> Mask:
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(values, pattern), bool)


def _any_in(values: Any, mark: str, chosen: Mask) -> bool:
    import pyarrow.compute as pc

    return bool((np.asarray(pc.match_substring(values, mark)) & chosen).any())


def _any(mask: Any) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(mask).as_py())


def inexact(values: npt.NDArray[np.float64], texts: Any) -> Mask:
    """Return which texts are whole numbers that a float64 cannot hold exactly."""
    suspect = np.flatnonzero(np.abs(values) >= FIRST_INEXACT)
    found = np.zeros(len(values), bool)
    for i in suspect:
        digits = texts[int(i)].as_py().lstrip("+")
        if digits.lstrip("-").isdigit():
            found[i] = not np.isfinite(values[i]) or int(values[i]) != int(digits)
    return found
