# SPDX-License-Identifier: Apache-2.0
"""Texts that are numbers, with the marks that people and programs put into them.

Accepted beside plain numbers: thousands in threes ("1,234.5", "1 234", "1'234"), a
decimal comma ("1.234,5"), one currency or percent sign that all values share, and
negative numbers as bookkeeping writes them ("(1,234)", "1,234-", a typographic minus).
Whether a comma parts decimals or thousands is decided by the column: by the values
that can be read in one way only, else by the file's own decimal mark. A later file is
read by the first one's notation (`numbers_as`), which no guess overrides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray
from equipoise.table.notation import Notation

FIRST_INEXACT = 2.0**53  # 2^53 + 1 becomes this number too

_SPACE = r"[ \x{00A0}\x{2009}\x{202F}'\x{2019}]"
_INTEGER = r"\d+|[1-9]\d{0,2}(?:%s\d{3})+|[1-9]\d{0,2}(?:" + _SPACE + r"\d{3})+"
_NUMBER = r"^[+-]?(?:(?:%s)(?:%s\d*)?|%s\d+)(?:[eE][+-]?\d+)?$"
_POINT = _NUMBER % (_INTEGER % ",", r"\.", r"\.")
_COMMA = _NUMBER % (_INTEGER % r"\.", ",", ",")
_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_WORDS = r"(?i)^[+-]?(?:inf|infinity)$"
_SIGN_BEFORE = r"^(?P<sign>[$€£¥])\s?[+-]?[\d.,]"
_SIGN_AFTER = r"[\d.,]\s?(?P<sign>[%$€£¥])$"
# One group of three behind one mark: 1,250 is 1250 or 1.25.
_EITHER = r"^[+-]?[1-9]\d{0,2}%s\d{3}$"
# Bookkeeping's negative numbers, and what they are written as before they are read.
_NEGATIVES = (
    (r"^\x{2212}", "-"),
    (r"^([$€£¥]?)\s?\(\s?([$€£¥]?)\s?([\d.,][^()+-]*?)\s?\)(%?)$", r"-\1\2\3\4"),
    (r"^([$€£¥]?\s?[\d.,][^()+-]*?)\s?[-\x{2212}]$", r"-\1"),
    (r"^([+-])\s?([$€£¥])\s?", r"\2\1"),
)


@dataclass(frozen=True, eq=False)
class Numbers:
    """What distinct texts are as numbers.

    Attributes:
        values: `[values]` float64, NaN if a text is not a number.
        numeric: `[values]` whether the text is a number.
        done: What was done to read them, or an empty string if they are plain.
        notation: The marks by which they were read.
        guess: What nothing in the column or the file tells, or an empty string.
    """

    values: FloatArray
    numeric: BoolArray
    done: str = ""
    notation: Notation = field(default_factory=Notation)
    guess: str = ""


def quick_numbers(column: Any, decimal: str) -> FloatArray | None:
    """Return a text column as numbers if nothing about it needs a second look.

    Args:
        column: A `pyarrow.ChunkedArray` of texts; "" is missing.
        decimal: The file's decimal mark.

    Returns:
        `[rows]` float64, or None: something is not a plain number, or a code with
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


def parse_numbers(
    values: Any, decimal: str = ".", *, proven: bool = False, accounting: bool = False
) -> Numbers:
    """Read distinct texts as numbers.

    Args:
        values: A `pyarrow` array of texts without spaces around them.
        decimal: Which mark parts decimals if the column does not tell: "." or ",".
        proven: Whether the file's other columns prove that mark.
        accounting: Whether "(5)", "5-" and "-$5" are negative numbers.

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
        seen = Notation("." if _any_in(values, ".", plain) else "")
        return Numbers(_cast(values), plain, notation=seen)
    core, unusual_minus = _signs_in_front(values) if accounting else (values, False)
    core, sign = _without_sign(core)
    point, comma = _matches(core, _POINT), _matches(core, _COMMA)
    words = _matches(core, _WORDS)
    if _use_comma(core, point | words, comma | words, decimal):
        mark, group, numeric = ",", ".", comma | words
        how = (
            "a decimal comma"
            if _any_in(core, ",", numeric)
            else "dots between thousands"
        )
    else:
        mark, group, numeric = ".", ",", point | words
        grouped = _any_in(core, ",", numeric) or bool(_spaces(core, numeric))
        how = "thousands separators" if grouped else ""
    text = _normal(core, group, mark)
    how = " and ".join(
        part
        for part in (
            how,
            f"a {sign!r} sign taken off" if sign else "",
            "minus signs behind numbers and parentheses taken as negative"
            if unusual_minus
            else "",
        )
        if part
    )
    either = _matches(core, _EITHER % f"[{group}]") | _matches(core, _EITHER % ",")
    settled = proven or (numeric & (point != comma)).any()
    guess = "" if settled or not (either & numeric).any() else _GUESS
    seen = Notation(mark_seen(core, numeric, mark, group), "", sign)
    groups = group if _any_in(core, group, numeric) else ""
    seen = seen.with_seen(Notation(thousands=groups + _spaces(core, numeric)))
    return Numbers(_cast(text, numeric), numeric, how, seen, guess)


_GUESS = "nothing tells whether the comma or dot parts decimals or thousands"


def mark_seen(core: Any, numeric: BoolArray, mark: str, group: str) -> str:
    """Return the decimal mark if any number shows it, or shows the other as group."""
    shown = _any_in(core, mark, numeric) or _any_in(core, group, numeric)
    return mark if shown else ""


@dataclass(frozen=True, eq=False)
class ByNotation:
    """What distinct texts are as numbers of an earlier notation.

    Attributes:
        values: `[values]` float64, NaN if a text is refused.
        wrong: `[values]` why a text is refused, or an empty string.
        notation: The earlier notation and what these texts add to it.
        unsigned: `[values]` which numbers lack the currency sign of the earlier ones.
        unusual_minus: Whether parentheses, or a minus sign behind it, make a number
            negative.
        guessed: `[values]` which numbers are read with a decimal point by convention,
            though they could be thousands.
    """

    values: FloatArray
    wrong: list[str]
    notation: Notation
    unsigned: BoolArray
    guessed: BoolArray
    unusual_minus: bool


def numbers_as(values: Any, notation: Notation, file: str = "") -> ByNotation:
    """Read distinct texts as the numbers of an earlier table's column.

    Each text is read by the earlier notation. What contradicts it is refused, and so
    is what could be two numbers (1,250) if neither the earlier table nor this file
    tells which.

    Args:
        values: A `pyarrow` array of texts without spaces around them.
        notation: How the earlier texts were written.
        file: The decimal mark that this file proves, or "".

    Example:
        >>> import pyarrow as pa
        >>> new = pa.array(["1,250", "2.5", "5%"], pa.large_string())
        >>> numbers = numbers_as(new, Notation(decimal=","))
        >>> numbers.values.tolist()
        [1.25, nan, nan]
        >>> numbers.wrong[1]
        'it has a decimal point, and the first table a decimal comma'
    """
    core, unusual_minus = _signs_in_front(values)
    core, signs = _each_without_sign(core)
    point, comma = _matches(core, _POINT), _matches(core, _COMMA)
    words = _matches(core, _WORDS)
    unmarked = point & comma & ~_marked(core)
    mark = notation.decimal or file
    if not mark:  # told by the texts that can be read in one way only
        ones = int((point & ~comma).sum()) - int((comma & ~point).sum())
        mark = "." if ones > 0 else "," if ones < 0 else ""
    group = "," if mark == "." else "."
    plain = _matches(core, _PLAIN)
    numeric, other = (comma, point) if mark == "," else (point, comma)
    guessed = np.zeros(len(signs), bool)
    if not mark:
        numeric = plain | unmarked
        guessed = plain & _matches(core, _EITHER % r"\.")
    either = _matches(core, _EITHER % f"[{group}]") & numeric & bool(mark)
    groups = notation.thousands
    if (numeric & ~other & _holds(core, group)).any():
        groups += group
    settled = group in groups or file == mark
    wrong = []
    for k, sign in enumerate(signs):
        why = ""
        if not (point[k] or comma[k] or words[k]):
            why = NO_NUMBER
        elif sign != notation.sign and (sign or notation.sign == "%"):
            why = _other_sign(sign, notation.sign)
        elif words[k] or unmarked[k]:
            pass
        elif not mark and not numeric[k]:
            why = "nothing tells whether the comma parts decimals or thousands"
        elif not numeric[k]:
            why = _other_mark(mark, first=bool(notation.decimal))
        elif file and mark and file != mark:
            why = _other_file(file, mark)
        elif either[k] and not settled:
            why = (
                f"the first table has no {group!r} between thousands, so it could be "
                "two numbers"
            )
        wrong.append(why)
    good = np.array([not why for why in wrong], bool)
    text = _normal(core, group if mark else ",", mark or ".")
    seen = Notation(
        mark_seen(core, good & numeric, mark or ".", group if mark else "."),
        "".join(dict.fromkeys(groups + _spaces(core, good))),
        notation.sign,
    )
    bare = np.array([bool(notation.sign) and not sign for sign in signs], bool) & good
    return ByNotation(
        _cast(text, good),
        wrong,
        notation.with_seen(seen),
        bare,
        guessed & good,
        unusual_minus,
    )


NO_NUMBER = "it is not a number"
_WITH = {".": "a decimal point", ",": "a decimal comma"}
_OTHER = {".": ",", ",": "."}


def _other_sign(sign: str, first: str) -> str:
    if not sign:
        return f"it has no {first!r} sign, and the numbers of the first table have one"
    if not first:
        return f"it has a {sign!r} sign, and the numbers of the first table have none"
    return f"it has a {sign!r} sign, and the numbers of the first table {first!r}"


def _other_mark(mark: str, *, first: bool) -> str:
    where = "the first table" if first else "the rest of the column"
    return f"it has {_WITH[_OTHER[mark]]}, and {where} {_WITH[mark]}"


def _other_file(file: str, mark: str) -> str:
    return (
        f"other columns of this file have {_WITH[file]}, and the first table "
        f"{_WITH[mark]}"
    )


def _marked(core: Any) -> BoolArray:
    return _holds(core, ",") | _holds(core, ".")


def _holds(core: Any, mark: str) -> BoolArray:
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring(core, mark), bool)


def _spaces(core: Any, chosen: BoolArray) -> str:
    """Return which unmistakable marks between thousands occur: space, apostrophe."""
    apostrophe = _matches(core, r"['\x{2019}]") & chosen
    space = _matches(core, r"\d[ \x{00A0}\x{2009}\x{202F}]\d") & chosen
    return (" " if space.any() else "") + ("'" if apostrophe.any() else "")


def _signs_in_front(values: Any) -> tuple[Any, bool]:
    """Write (5), 5- and -$5 with the minus sign in front."""
    import pyarrow.compute as pc

    core = values
    for pattern, instead in _NEGATIVES:
        core = pc.replace_substring_regex(core, pattern, instead)
    return core, not core.equals(values)


def _each_without_sign(values: Any) -> tuple[Any, list[str]]:
    """Take the currency or percent sign off each text; return the signs, too."""
    import pyarrow.compute as pc

    signs = [""] * len(values)
    for pattern, strip in _SIGNS:
        matches = pc.extract_regex(values, pattern)
        for k, sign in enumerate(pc.struct_field(matches, "sign").to_pylist()):
            signs[k] = sign or signs[k]
        chosen = pc.match_substring_regex(values, pattern)
        bare = pc.replace_substring_regex(values, strip, "")
        values = pc.if_else(chosen, bare, values)
    return values, signs


def _use_comma(core: Any, point: BoolArray, comma: BoolArray, decimal: str) -> bool:
    """Whether commas part decimals in this column."""
    if point.all() and comma.all():
        return decimal == ","
    only_point, only_comma = point & ~comma, comma & ~point
    if only_point.sum() == only_comma.sum():
        return decimal == ","
    return bool(only_comma.sum() > only_point.sum())


def _dots_are_thousands(values: Any, plain: BoolArray) -> bool:
    """Whether every dot among plain numbers parts thousands, as in 1.234."""
    import pyarrow.compute as pc

    dots = np.asarray(pc.match_substring(values, "."))
    return bool(dots.any() and _matches(values, _COMMA)[dots & plain].all())


_SIGNS = (
    (_SIGN_BEFORE, r"^[$€£¥]\s?"),
    (_SIGN_AFTER, r"\s?[%$€£¥]$"),
)


def _without_sign(values: Any) -> tuple[Any, str]:
    """Take off a currency or percent sign that all values share."""
    import pyarrow.compute as pc

    for pattern, strip in _SIGNS:
        signs = pc.extract_regex(values, pattern)
        if signs.null_count:
            continue
        each = pc.unique(pc.struct_field(signs, "sign")).to_pylist()
        if len(each) == 1:
            return pc.replace_substring_regex(values, strip, ""), str(each[0])
    return values, ""


def _normal(core: Any, thousands: str, mark: str) -> Any:
    import pyarrow.compute as pc

    bare = pc.replace_substring_regex(core, _SPACE, "")
    bare = pc.replace_substring(bare, thousands, "")
    return bare if mark == "." else pc.replace_substring(bare, mark, ".")


def _cast(values: Any, numeric: BoolArray | None = None) -> FloatArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if numeric is not None:
        nothing = pa.scalar(None, values.type)
        values = pc.if_else(pa.array(numeric), values, nothing)
    return np.asarray(pc.cast(values, pa.float64()).fill_null(np.nan), np.float64)


def _matches(values: Any, pattern: str) -> BoolArray:
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(values, pattern), bool)


def _any_in(values: Any, mark: str, chosen: BoolArray) -> bool:
    import pyarrow.compute as pc

    return bool((np.asarray(pc.match_substring(values, mark)) & chosen).any())


def _any(mask: Any) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(mask).as_py())


def inexact(values: npt.NDArray[np.float64], texts: Any) -> BoolArray:
    """Return which texts are whole numbers that a float64 cannot hold exactly."""
    suspect = np.flatnonzero(np.abs(values) >= FIRST_INEXACT)
    rounded = np.zeros(len(values), bool)
    for i in suspect:
        digits = texts[int(i)].as_py().lstrip("+")
        if digits.lstrip("-").isdigit():
            rounded[i] = not np.isfinite(values[i]) or int(values[i]) != int(digits)
    return rounded
