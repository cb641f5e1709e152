# SPDX-License-Identifier: Apache-2.0
"""Texts that are dates, with or without a time of day.

Accepted: year first (ISO 8601 and with / or .), day or month first with a year of
four digits, and months by their English names; a time of day with seconds, fractions,
AM or PM; a zone (Z, UTC, +hh:mm), from which the time is turned to UTC.

Whether 03/04/2021 is in March or April is decided by the column: by the dates that
can be read in one way only; else by what the user says; else a slash means month
first, a dot or dash day first, and it is said. The dates of a later file are read in
the order of the first (`dates_as`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray

DateArray = npt.NDArray[np.datetime64]
Fields = dict[str, npt.NDArray[np.int64]]

_TIME = (
    r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?(?: ?(?P<half>[AaPp][Mm]))?"
    r"(?: ?(?P<zone>Z|z|UTC|[+-]\d{2}(?::?\d{2})?))?)?$"
)
_LAYOUTS = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME,
    r"^(?P<first>\d{1,2})(?P<mark>[-/.])(?P<next>\d{1,2})[-/.](?P<year>\d{4})" + _TIME,
    r"^(?P<day>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})\.?,?[ -](?P<year>\d{4})" + _TIME,
    r"^(?P<name>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _TIME,
)
_NUMBERS = 1  # the layout whose order of day and month is open
_NAMES = (
    "january february march april may june july august september october november "
    "december"
)
_MONTHS = tuple(_NAMES.split())


@dataclass(frozen=True, eq=False)
class Dates:
    """What distinct texts are as dates.

    Attributes:
        values: `[values]` datetime64[us] in UTC, NaT if a text is not a date.
        valid: `[values]` whether the text is a date.
        assumed: What had to be assumed about the order of day and month.
        order: The order in which they were read, "day" or "month" first, or "" if
            they are written otherwise.
        turned: The dates in the other order if nothing tells it, else None.
        example: The first date that could be read in both orders, if `turned`.
    """

    values: DateArray
    valid: BoolArray
    assumed: str = ""
    order: str = ""
    turned: DateArray | None = None
    example: str = ""


def parse_dates(values: Any, order: str = "") -> Dates | None:
    """Read distinct texts as dates, or return None if hardly any looks like one.

    Args:
        values: A `pyarrow` array of texts without spaces around them.
        order: Which comes first if no date tells, "day" or "month"; "" for what
            the mark between them suggests, which is said.

    Example:
        >>> import pyarrow as pa
        >>> moments = parse_dates(pa.array(["2021-03-04", "2021-03-05T06:30Z"]))
        >>> moments.values.astype(str).tolist()
        ['2021-03-04T00:00:00.000000', '2021-03-05T06:30:00.000000']
        >>> parse_dates(pa.array(["13/04/2021"])).values.astype("datetime64[D]")
        array(['2021-04-13'], dtype='datetime64[D]')
    """
    head = values.slice(0, 50).to_pylist()
    scores = [sum(bool(re.match(form, text)) for text in head) for form in _LAYOUTS]
    best = int(np.argmax(scores))
    if scores[best] * 2 < len(head) or not head:
        return None
    if best == _NUMBERS:
        return _numbered(values, order)
    moments, valid = _read(values, best, "")
    return Dates(moments, valid)


def _numbered(values: Any, order: str) -> Dates:
    """Read dates such as 03/04/2021, whose order of day and month they tell or not."""
    days = _tells(values, "day") & ~_tells(values, "month")
    months = _tells(values, "month") & ~_tells(values, "day")
    if days.any() or months.any():
        chosen = "month" if months.sum() > days.sum() else "day"
        moments, valid = _read(values, _NUMBERS, chosen)
        return Dates(moments, valid, order=chosen)
    either = np.flatnonzero(_either(values))
    if order:
        moments, valid = _read(values, _NUMBERS, order)
        return Dates(moments, valid, order=order)
    first = values[int(either[0])].as_py() if len(either) else ""
    chosen = "month" if "/" in (first or values[0].as_py()) else "day"
    moments, valid = _read(values, _NUMBERS, chosen)
    if not len(either):  # 03/03/2021 throughout
        return Dates(moments, valid)
    turned, _ = _read(values, _NUMBERS, "day" if chosen == "month" else "month")
    words = {"month": "month before day", "day": "day before month"}
    assumed = (
        f"no date tells the order of day and month (first: {first!r}); "
        f"{words[chosen]} was assumed; pass day_first=True or day_first=False to choose"
    )
    return Dates(moments, valid, assumed, chosen, turned, first)


@dataclass(frozen=True, eq=False)
class ByOrder:
    """What distinct texts are as dates of an earlier notation.

    Attributes:
        values: `[values]` datetime64[us] in UTC, NaT if a text is refused.
        wrong: `[values]` why a text is refused, or an empty string.
        order: The order of day and month, once it is told.
    """

    values: DateArray
    wrong: list[str]
    order: str


def dates_as(values: Any, order: str) -> ByOrder:
    """Read distinct texts as the dates of an earlier table's column.

    Args:
        values: A `pyarrow` array of texts without spaces around them.
        order: The order in which the earlier dates were read, "day" or "month" first;
            "" if they did not tell: then these must.

    Example:
        >>> import pyarrow as pa
        >>> moments = dates_as(pa.array(["01/11/2021", "11/25/2021"]), "day")
        >>> print(moments.values[0].astype("datetime64[D]"), moments.wrong[1], sep="; ")
        2021-11-01; its month is first, and the first table has the day first
    """
    result = np.full(len(values), np.datetime64("NaT"), "datetime64[us]")
    days = _tells(values, "day") & ~_tells(values, "month")
    months = _tells(values, "month") & ~_tells(values, "day")
    chosen, first = order, bool(order)
    if not chosen and days.any() != months.any():
        chosen = "day" if days.any() else "month"
    for layout in range(len(_LAYOUTS)):
        if layout == _NUMBERS and not chosen:
            continue
        moments, valid = _read(values, layout, chosen)
        result[valid] = moments[valid]
    either = _either(values)
    if not chosen:
        same = _tells(values, "day") & _tells(values, "month") & ~either
        moments, valid = _read(values, _NUMBERS, "day")
        result[same & valid] = moments[same & valid]
    wrong = []
    for k, lacks in enumerate(np.isnat(result)):
        why = ""
        if lacks and (months[k] or days[k]):
            why = _other_order("month" if months[k] else "day", chosen, first=first)
        elif lacks and either[k]:
            why = (
                "neither the first table nor this file tells the order of day and month"
            )
        elif lacks:
            why = "it is not a date that can be read"
        wrong.append(why)
    return ByOrder(result, wrong, chosen)


def in_words(moment: np.datetime64) -> str:
    """Return a date without its time, as people write it.

    Example:
        >>> in_words(np.datetime64("2021-04-03T12:00"))
        '3 April 2021'
    """
    year, month, day = str(moment.astype("datetime64[D]")).rsplit("-", 2)
    return f"{int(day)} {_MONTHS[int(month) - 1].title()} {year}"


def _other_order(this: str, chosen: str, *, first: bool) -> str:
    if not chosen:
        return "some dates of the column have the day first, others the month"
    where = "the first table has" if first else "others have"
    return f"its {this} is first, and {where} the {chosen} first"


def _tells(values: Any, order: str) -> BoolArray:
    """Return which texts are dates of two numbers and a year in this order."""
    return _read(values, _NUMBERS, order)[1]


def _either(values: Any) -> BoolArray:
    """Return which texts are two different dates, by the order of day and month."""
    days, is_day = _read(values, _NUMBERS, "day")
    months, is_month = _read(values, _NUMBERS, "month")
    return np.asarray(is_day & is_month & (days != months))


def _read(values: Any, layout: int, order: str) -> tuple[DateArray, BoolArray]:
    """Read texts of one layout; return the dates, and which texts are such dates."""
    import pyarrow.compute as pc

    parts = pc.extract_regex(values, _LAYOUTS[layout])
    matched = np.asarray(pc.is_valid(parts))
    if not matched.any():
        return np.full(len(matched), np.datetime64("NaT"), "datetime64[us]"), matched
    if layout == _NUMBERS:
        names = ("first", "next") if order == "day" else ("next", "first")
        day, month = (_integers(parts, name) for name in names)
        fields = {"year": _integers(parts, "year"), "month": month, "day": day}
    elif layout == 0:
        fields = {name: _integers(parts, name) for name in ("year", "month", "day")}
    else:
        fields = {name: _integers(parts, name) for name in ("year", "day")}
        fields["month"] = _month(pc.struct_field(parts, "name"))
    days, valid = _days(fields)
    clock, sound = _clock(parts)
    valid &= matched & sound
    return np.where(valid, days + clock, np.datetime64("NaT")), valid


def _days(fields: Fields) -> tuple[DateArray, BoolArray]:
    """Return midnight of each date, and whether the day exists."""
    year, month, day = fields["year"], fields["month"], fields["day"]
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    valid &= days.astype("datetime64[M]") == months
    return days.astype("datetime64[us]"), np.asarray(valid)


def _clock(parts: Any) -> tuple[npt.NDArray[np.timedelta64], BoolArray]:
    """Return the time of day less the zone, and whether it exists."""
    import pyarrow.compute as pc

    hour, minute = _integers(parts, "hour"), _integers(parts, "minute")
    second = _integers(parts, "second")
    half = pc.utf8_lower(pc.fill_null(pc.struct_field(parts, "half"), ""))
    in_half = np.asarray(pc.not_equal(half, ""))
    sound = (hour < 24) & (minute < 60) & (second < 61)
    sound &= ~in_half | ((hour >= 1) & (hour <= 12))
    afternoon = np.asarray(pc.equal(half, "pm"))
    hour = np.where(in_half, hour % 12 + 12 * afternoon, hour)
    digits = pc.utf8_rpad(pc.fill_null(pc.struct_field(parts, "fraction"), ""), 6, "0")
    fraction = _as_integers(pc.utf8_slice_codeunits(digits, 0, 6))
    seconds = (hour * 60 + minute) * 60 + second - 60 * _zone(parts)
    micro = seconds * 1_000_000 + fraction
    return micro.astype("timedelta64[us]"), np.asarray(sound)


def _zone(parts: Any) -> npt.NDArray[np.int64]:
    """Return how many minutes each clock is ahead of UTC."""
    import pyarrow.compute as pc

    zones = pc.fill_null(pc.struct_field(parts, "zone"), "").dictionary_encode()
    minutes = np.array([_minutes(z) for z in zones.dictionary.to_pylist()], np.int64)
    return np.asarray(minutes[np.asarray(zones.indices)])


def _minutes(zone: str) -> int:
    if zone[:1] not in {"+", "-"}:
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return minutes if zone[0] == "+" else -minutes


def _month(names: Any) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    short = pc.utf8_lower(pc.fill_null(names, "")).dictionary_encode()
    numbers = [
        next((k for k, m in enumerate(_MONTHS, 1) if name and m.startswith(name)), 0)
        for name in short.dictionary.to_pylist()
    ]
    return np.asarray(np.array(numbers, np.int64)[np.asarray(short.indices)])


def _integers(parts: Any, name: str) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    return _as_integers(pc.fill_null(pc.struct_field(parts, name), ""))


def _as_integers(texts: Any) -> npt.NDArray[np.int64]:
    """Return texts of digits as integers; an empty string is 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return np.asarray(pc.cast(filled, pa.int64()), np.int64)
