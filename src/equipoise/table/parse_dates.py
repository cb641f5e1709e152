# SPDX-License-Identifier: Apache-2.0
"""Texts that are dates, with or without a time of day.

Accepted: year first (ISO 8601 and with / or .), day or month first with a year of
four digits, and months by their English names; a time of day with seconds, fractions,
AM or PM; a zone (Z, UTC, +hh:mm), from which the time is turned to UTC.

Whether 03/04/2021 is in March or April is decided by the column: by the dates that
can be read in one way only; else a slash means month first, a dot or dash day first,
and it is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.table.texts import Mask

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
_NAMES = (
    "january february march april may june july august september october november "
    "december"
)
_MONTHS = tuple(_NAMES.split())


@dataclass(frozen=True, eq=False)
class Dates:
    """What distinct texts are as dates.

    Attributes:
        values: `[values]` datetime64[us] in UTC, NaT where a text is no date.
        valid: `[values]` whether the text is a date.
        assumed: What had to be assumed about the order of day and month.
    """

    values: DateArray
    valid: Mask
    assumed: str = ""


def parse_dates(values: Any) -> Dates | None:
    """Read distinct texts as dates, or return None where hardly any looks like one.

    Args:
        values: A `pyarrow` array of texts without spaces around them.

    Example:
        >>> import pyarrow as pa
        >>> found = parse_dates(pa.array(["2021-03-04", "2021-03-05T06:30Z"]))
        >>> found.values.astype(str).tolist()
        ['2021-03-04T00:00:00.000000', '2021-03-05T06:30:00.000000']
        >>> parse_dates(pa.array(["13/04/2021"])).values.astype("datetime64[D]")
        array(['2021-04-13'], dtype='datetime64[D]')
    """
    import pyarrow.compute as pc

    head = values.slice(0, 50).to_pylist()
    scores = [sum(bool(re.match(form, text)) for text in head) for form in _LAYOUTS]
    best = int(np.argmax(scores))
    if scores[best] * 2 < len(head) or not head:
        return None
    parts = pc.extract_regex(values, _LAYOUTS[best])
    found = np.asarray(pc.is_valid(parts))
    assumed = ""
    if best == 1:
        fields, assumed = _ordered(parts)
    elif best == 0:
        fields = {name: _integers(parts, name) for name in ("year", "month", "day")}
    else:
        fields = {name: _integers(parts, name) for name in ("year", "day")}
        fields["month"] = _month(pc.struct_field(parts, "name"))
    days, valid = _days(fields)
    clock, sound = _clock(parts)
    valid &= found & sound
    return Dates(np.where(valid, days + clock, np.datetime64("NaT")), valid, assumed)


def _ordered(parts: Any) -> tuple[Fields, str]:
    import pyarrow.compute as pc

    first, second = _integers(parts, "first"), _integers(parts, "next")
    day_first = int((first > 12).sum())
    month_first = int((second > 12).sum())
    assumed = ""
    if day_first == month_first == 0:
        slash = pc.struct_field(parts, "mark").drop_null()[0].as_py() == "/"
        month_first = int(slash)
        order = "month before day" if slash else "day before month"
        assumed = f"no date tells the order of day and month; {order} was assumed"
    year = _integers(parts, "year")
    if month_first > day_first:
        return {"year": year, "month": first, "day": second}, assumed
    return {"year": year, "month": second, "day": first}, assumed


def _days(fields: Fields) -> tuple[DateArray, Mask]:
    """Return midnight of each date, and whether the day exists."""
    year, month, day = fields["year"], fields["month"], fields["day"]
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    valid &= days.astype("datetime64[M]") == months
    return days.astype("datetime64[us]"), np.asarray(valid)


def _clock(parts: Any) -> tuple[npt.NDArray[np.timedelta64], Mask]:
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
    """Return texts of digits as integers; an empty text is 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return np.asarray(pc.cast(filled, pa.int64()), np.int64)
