# SPDX-License-Identifier: Apache-2.0
"""Parts that the pages share: contents, an axis for intervals, numbers to take away."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from equipoise._core.numerals import exact

LEAST_SECTIONS = 4
"""A page with fewer sections needs no table of contents."""
MOST_TICKS = 3
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
ROOM = 0.06
"""By this share of its length an axis reaches beyond what it shows."""
FIELDS = ("part", "strategy", "item", "quantity", "x", "value", "low", "high")
"""The columns of the numbers behind a page."""
_HEADING = re.compile(r'<h2 id="([\w-]+)">(.*?)</h2>', re.S)


def contents(body: str) -> list[tuple[str, str]]:
    """Return identifier and title of each section; nothing for a short page.

    Args:
        body: HTML.

    Example:
        >>> page = "".join(f'<h2 id="a{k}">Part {k}</h2>' for k in range(4))
        >>> contents(page)[0], contents("<h2>One</h2>")
        (('a0', 'Part 0'), [])
    """
    sections = [(match[1], match[2].strip()) for match in _HEADING.finditer(body)]
    return sections if len(sections) >= LEAST_SECTIONS else []


def interval_axis(
    estimates: Sequence[Mapping[str, Any]], lines: Sequence[float | None] = ()
) -> dict[str, Any]:
    """Return the ends of an axis that fits intervals within 0 and 1, and its ticks.

    Args:
        estimates: Each with "value", "low" and "high"; None stands for undefined.
        lines: Further values that must lie on the axis.

    Returns:
        "low", "high" and "ticks", pairs of a value and its text.

    Example:
        >>> axis = interval_axis([{"value": 0.21, "low": 0.18, "high": 0.29}], [0.1])
        >>> [text for _, text in axis["ticks"]]
        ['0.1', '0.2', '0.3']
    """
    shown = [e[key] for e in estimates for key in ("value", "low", "high")]
    values = [v for v in (*shown, *lines) if v is not None and math.isfinite(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = ROOM * (high - low) or 0.05
    low, high = max(0.0, low - room), min(1.0, high + room)
    step = _step((high - low) / MOST_TICKS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = [float(f"{k * step:.9g}") for k in range(first, last + 1)]
    return {"low": low, "high": high, "ticks": [(v, exact(v)) for v in ticks]}


def _step(least: float) -> float:
    """Return the first round number that is not below another."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))


def place(axis: Mapping[str, Any], value: float) -> float:
    """Return where a value lies on an axis, in per cent from its left end.

    Args:
        axis: What `interval_axis` gives.
        value: The value.

    Example:
        >>> place({"low": 0.2, "high": 0.6}, 0.3)
        25.0
    """
    low, high = float(axis["low"]), float(axis["high"])
    share = (value - low) / (high - low)
    return round(100 * min(max(share, 0.0), 1.0), 2)


def numbers(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every number of a summary that has a place in the report, as plain rows.

    Args:
        summary: What `Trial.summary()` gives.

    Returns:
        Rows of `FIELDS`: estimates with their ends, and the points of curves.
    """
    return list(_numbers(summary))


def _numbers(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of each part of a summary."""
    for row in summary["leaderboard"]:
        for quantity, one in (row.get("metrics") or row).items():
            yield from _estimate("leaderboard", row["name"], quantity, one)
        yield from _estimate(
            "leaderboard", row["name"], "difference", row["difference"]
        )
    for one in summary["decision"]["metrics"]:
        yield from _estimate(
            "decision", summary["decision"]["arm"], str(one["name"]), one
        )
    for row in (summary["test"] or {}).get("arms", ()):
        for quantity, one in (row.get("metrics") or row).items():
            if quantity != "difference":
                yield from _estimate("test file", row["name"], quantity, one)
    for row in summary["time"]:
        yield _row("time", row["name"], quantity="seconds", value=row["seconds"])
    for table in summary.get("classes") or ():
        for entry in table["rows"]:
            for quantity, one in entry["metrics"].items():
                yield from _estimate(
                    "classes", table["arm"], quantity, one, item=entry["name"]
                )
    for pair in summary.get("pairs") or ():
        yield from _estimate(
            "pairs",
            pair["first"],
            "difference",
            pair["difference"],
            item=pair["second"],
        )
    if isinstance(summary["curves"], list):
        for curve in summary["curves"]:
            for quantity in ("precision_recall", "roc"):
                yield from _points(curve["name"], quantity, curve[quantity])
    for line in summary["calibration"]["lines"]:
        yield from _points(line["name"], "calibration", line)


def _row(part: str, strategy: str, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(FIELDS), "part": part, "strategy": strategy, **values}


def _estimate(
    part: str, strategy: str, quantity: str, one: Any, item: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the row of an estimate; nothing of what is none, or undefined."""
    if isinstance(one, Mapping) and one.get("value") is not None:
        ends = {key: one.get(key) for key in ("value", "low", "high")}
        yield _row(part, strategy, quantity=quantity, item=item, **ends)


def _points(
    strategy: str, quantity: str, line: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the points of a line, with the ends of its band if it has one."""
    blank = [None] * len(line["x"])
    low, high = line.get("low", blank), line.get("high", blank)
    for x, value, below, above in zip(line["x"], line["y"], low, high, strict=True):
        yield _row(
            "curve",
            strategy,
            quantity=quantity,
            x=x,
            value=value,
            low=below,
            high=above,
        )


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of `FIELDS` as a CSV file's text; what is None is left empty.

    A text that a spreadsheet would take for a formula is preceded by an apostrophe.

    Args:
        rows: The rows.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(row[key]) for key in FIELDS} for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _spelled(data: bytes) -> str:
    """Return bytes in base 64, as an address holds them."""
    return base64.b64encode(data).decode().replace("/", "%2F")


def csv_address(summary: Mapping[str, Any]) -> str:
    """Return the numbers of a summary as an address that holds the file itself.

    Args:
        summary: What `Trial.summary()` gives.
    """
    text = as_csv(numbers(summary)).encode()
    return f"data:text/csv;charset=utf-8;base64,{_spelled(text)}"
