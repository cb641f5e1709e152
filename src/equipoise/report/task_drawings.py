# SPDX-License-Identifier: Apache-2.0
"""The small drawings of a report of several classes: one per class, and the map.

They are written as SVG by hand: a dozen of them weigh less than one figure of
matplotlib's, and take their colours from the page as those do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from equipoise._core.numerals import amount
from equipoise._core.numerals import share as as_share

LEFT, TOP, SIDE = 22.0, 15.0, 92.0
DASHES = ("", "5 3", "1.5 2.5")


def precision_recall_drawing(entry: Mapping[str, Any]) -> str:
    """Draw one class's precision over recall, a line per arm, in steps.

    Args:
        entry: One of the summary's `curves["classes"]`.
    """
    parts = [_line([(0, entry["share"]), (1, entry["share"])], "muted", "1.5 2.5", 0.8)]
    for k, line in reversed(list(enumerate(entry["lines"]))):
        points = stepped(line["x"], line["y"])
        parts.append(_line(points, f"series-{k + 1}", DASHES[k], 1.6))
    return _frame(parts, "recall", "precision")


def reliability_drawing(entry: Mapping[str, Any]) -> str:
    """Draw how often one class is right over its probability, on axes that fit it.

    Args:
        entry: One of the summary's `curves["classes"]`.
    """
    line = entry["calibration"]
    ends = [v for v in (*line["x"], *line["high"]) if v is not None]
    most = next((m for m in (0.05, 0.1, 0.2, 0.5) if max(ends, default=1) <= m), 1.0)
    parts = [_line([(0, 0), (1, 1)], "muted", "1.5 2.5", 0.8)]
    points = []
    for x, y, low, high in zip(
        line["x"], line["y"], line["low"], line["high"], strict=True
    ):
        if None in (x, y, low, high):
            continue
        x, y, low, high = (v / most for v in (x, y, low, high))
        points.append((x, y))
        parts.append(_line([(x, low), (x, high)], "series-1", "", 1.0))
        parts.append(
            f'<circle cx="{_x(x)}" cy="{_y(y)}" r="2.2" fill="{paint("series-1")}"/>'
        )
    parts.append(_line(points, "series-1", "", 1.2))
    return _frame(parts, "probability", "share", most)


def stepped(x: Sequence[float], y: Sequence[float]) -> list[tuple[float, float]]:
    """Return the corners of a curve that holds each value back to the point before.

    Example:
        >>> stepped([0.5, 1.0], [0.9, 0.4])
        [(0.0, 0.9), (0.5, 0.9), (0.5, 0.4), (1.0, 0.4)]
    """
    corners: list[tuple[float, float]] = []
    before = 0.0
    for at, value in zip(x, y, strict=True):
        corners += [(before, value), (at, value)]
        before = at
    return corners


def confusion_map(facts: Mapping[str, Any]) -> str:
    """Draw a large confusion matrix without numbers; each cell says its own.

    Args:
        facts: The summary's `confusion`.
    """
    size = len(facts["classes"])
    names = [escape(name, quote=False) for name in facts["classes"]]
    cells = []
    for cell in facts["cells"]:
        i, j, total = cell["i"], cell["j"], facts["totals"][cell["i"]]
        share = cell["count"] / total if total else 0.0
        colour = "series-1" if i == j else "series-2"
        words = f"true {names[i]}, decided {names[j]}: {amount(cell['count'])} of "
        words += f"{amount(total)} ({as_share(share)})"
        cells.append(
            f'<rect x="{j}" y="{i}" width="1" height="1" fill="{paint(colour)}" '
            f'fill-opacity="{0.15 + 0.85 * share:.2f}"><title>{words}</title></rect>'
        )
    edge = f'<rect width="{size}" height="{size}" fill="none" '
    edge += f'stroke="{paint("rule")}" stroke-width="0.1"/>'
    return (
        f'<svg class="map" viewBox="0 0 {size} {size}" role="img" aria-label='
        f'"Confusion matrix of {size} classes">{edge}{"".join(cells)}</svg>'
    )


def paint(name: str) -> str:
    """Return a colour of the page, as SVG takes it.

    Args:
        name: Of a variable of the page's style, without its dashes.
    """
    return f"var(--{name})"


def _frame(parts: Sequence[str], x: str, y: str, most: float = 1.0) -> str:
    right, bottom = LEFT + SIDE, TOP + SIDE
    marks = []
    for share in (0.0, 0.5, 1.0):
        marks.append(_line([(0, share), (1, share)], "rule", "", 0.6))
        marks.append(
            f'<text x="{LEFT - 3}" y="{_y(share)}" dy="3" text-anchor="end">'
            f"{_tick(share * most)}</text>"
        )
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[share]
        marks.append(
            f'<text x="{_x(share)}" y="{bottom + 10}" text-anchor="{anchor}">'
            f"{_tick(share * most)}</text>"
        )
    return (
        f'<svg viewBox="0 0 {right + 4} {bottom + 24}" aria-hidden="true" '
        f'focusable="false">{"".join(marks)}{"".join(parts)}'
        f'<text x="{LEFT + SIDE / 2}" y="{bottom + 21}" text-anchor="middle">{x}</text>'
        f'<text x="{LEFT - 18}" y="9">{y}</text></svg>'
    )


def _tick(value: float) -> str:
    return f"{value:.3g}".lstrip("0") or "0"


def _x(value: float) -> str:
    return f"{LEFT + SIDE * value:.1f}"


def _y(value: float) -> str:
    return f"{TOP + SIDE * (1 - value):.1f}"


def _line(
    points: Sequence[tuple[float, float]], colour: str, dashes: str, width: float
) -> str:
    places = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{places}" fill="none" stroke="{paint(colour)}" '
        f'stroke-width="{width}"{dashed}/>'
    )
