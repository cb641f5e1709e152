# SPDX-License-Identifier: Apache-2.0
"""What a moment says besides its date: hour of day, day of week, month of year.

Integer arithmetic and one division, so that any runtime gives equal results. The
parts are plain numbers, not sines: each is encoded on knots of its own, which can
express a daily or yearly course, and a sine may differ in its last bit between
runtimes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from equipoise._core.types import FloatArray, IntArray

MomentPart = Literal["days", "hour", "weekday", "month"]

PARTS: tuple[MomentPart, ...] = ("days", "hour", "weekday", "month")
MISSING_TIME = int(np.iinfo(np.int64).min)
MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 86_400_000_000


def moment_part(microseconds: IntArray, part: MomentPart) -> FloatArray:
    """Return one part of each moment as a number; NaN if it is missing.

    Args:
        microseconds: `[rows]` since 1970-01-01 UTC; the smallest int64 is missing.
        part: "days" since 1970 with their fraction, "hour" of the day in [0, 24),
            "weekday" from 0 (Monday) to 6, or "month" from 1 to 12.

    Example:
        >>> moment = np.array(["2024-02-29T18:30"], "M8[us]").astype(np.int64)
        >>> [float(moment_part(moment, part)[0]) for part in PARTS]
        [19782.770833333332, 18.5, 3.0, 2.0]
    """
    missing = microseconds == MISSING_TIME
    moments = np.where(missing, 0, microseconds)
    value = _PART[part](moments)
    return np.asarray(np.where(missing, np.nan, value))


def _days(microseconds: IntArray) -> FloatArray:
    return np.asarray(microseconds.astype(np.float64) / MICROSECONDS_PER_DAY)


def _hour(microseconds: IntArray) -> FloatArray:
    of_day = np.mod(microseconds, MICROSECONDS_PER_DAY)
    return np.asarray(of_day.astype(np.float64) / MICROSECONDS_PER_HOUR)


def _weekday(microseconds: IntArray) -> FloatArray:
    # 1970-01-01 was a Thursday: day 3 of a week that starts on Monday.
    day = np.floor_divide(microseconds, MICROSECONDS_PER_DAY)
    return np.asarray(np.mod(day + 3, 7).astype(np.float64))


def _month(microseconds: IntArray) -> FloatArray:
    # Civil date from a day count: Howard Hinnant, "chrono-Compatible Low-Level Date
    # Algorithms" (2013), civil_from_days. Years start in March there, so that the
    # leap day is a year's last.
    day = np.floor_divide(microseconds, MICROSECONDS_PER_DAY)
    of_era = np.mod(day + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    return np.asarray((np.mod(from_march + 2, 12) + 1).astype(np.float64))


_PART = {"days": _days, "hour": _hour, "weekday": _weekday, "month": _month}
