# SPDX-License-Identifier: Apache-2.0
"""What plots are drawn with: Matplotlib axes in, the same axes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0063a6", "#b34a00", "#00775a", "#7b4ea3", "#5d6368", "#a4161a")
STYLES = ("solid", "dashed", "dotted", "dashdot")
MARKERS = ("o", "s", "^", "D")
"""Lines differ by their style too, for paper and for eyes that see no colour."""


def plot_axes(ax: Axes | None) -> Axes:
    """Return axes to draw into, in the house style.

    Args:
        ax: The user's; None for new ones, of a figure of `matplotlib.pyplot`.
    """
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(layout="constrained")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.set_axisbelow(True)
    return ax


def draw_lines(
    ax: Axes, rows: Sequence[Mapping[str, Any]], x: str, y: str, *, steps: bool = False
) -> None:
    """Draw a line for each name, with a band for the first if there is one.

    Args:
        ax: The axes.
        rows: Points with "strategy", the two columns, and perhaps "low" and "high".
        x: The column of the horizontal axis.
        y: The column of the vertical axis.
        steps: Whether a value holds back to the point before.
    """
    names = list(dict.fromkeys(row["strategy"] for row in rows))
    for k, name in enumerate(names):
        points = [row for row in rows if row["strategy"] == name]
        colour = COLOURS[k % len(COLOURS)]
        across = [row[x] for row in points]
        if k == 0 and "low" in points[0]:
            ax.fill_between(
                across,
                [row["low"] for row in points],
                [row["high"] for row in points],
                step="pre" if steps else None,
                color=colour,
                alpha=0.14,
                linewidth=0,
            )
        ax.plot(
            across,
            [row[y] for row in points],
            color=colour,
            linestyle=STYLES[k % len(STYLES)],
            drawstyle="steps-pre" if steps else "default",
            label=name,
        )
    ax.legend(frameon=False)


def draw_intervals(
    ax: Axes, rows: Sequence[Mapping[str, Any]], name: str, zero: float | None = None
) -> None:
    """Draw a value with its interval for each row, the first at the top.

    Args:
        ax: The axes.
        rows: With "value", "low", "high" and a name.
        name: The column of the names.
        zero: Where a line is drawn that means nothing; None for no line.
    """
    places = list(range(len(rows)))[::-1]
    for place, row in zip(places, rows, strict=True):
        ax.plot(row["value"], place, "o", color=COLOURS[0])
        ends = row["low"], row["high"]
        if all(end is not None and math.isfinite(end) for end in ends):
            ax.plot(ends, [place, place], color=COLOURS[0], linewidth=1.6)
    if zero is not None:
        ax.axvline(zero, color=COLOURS[4], linewidth=0.9, linestyle="dotted")
    ax.set_yticks(places, [str(row[name]) for row in rows])


def draw_matrix(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw a confusion matrix: shares of each true class, and the counts.

    A class without rows, whose shares are NaN, is named so and stays blank.

    Args:
        ax: The axes.
        rows: With "true", "decided", "count" and "share".
    """
    true = list(dict.fromkeys(row["true"] for row in rows))
    decided = list(dict.fromkeys(row["decided"] for row in rows))
    grid = [[0.0] * len(decided) for _ in true]
    names = [str(name) for name in true]
    for row in rows:
        i, j = true.index(row["true"]), decided.index(row["decided"])
        grid[i][j] = row["share"]
        if math.isnan(row["share"]):
            names[i] = f"{row['true']} (no rows)"
        if len(rows) <= 144:
            ink = "white" if row["share"] > 0.5 else "black"
            text = f"{row['count']:,.4g}"
            ax.text(j, i, text, ha="center", va="center", color=ink)
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1)
    ax.set_xticks(range(len(decided)), [str(name) for name in decided], rotation=45)
    ax.set_yticks(range(len(true)), names)
    ax.set(xlabel="decided", ylabel="true")
    ax.grid(False)
