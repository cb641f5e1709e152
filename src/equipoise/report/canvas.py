# SPDX-License-Identifier: Apache-2.0
"""Matplotlib figures as SVG that takes its colours and its font from the page.

Figures are drawn in stand-in colours, which become CSS variables in the SVG. So
one drawing serves a light page, a dark page and paper.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#0a0b01", "#0a0b02", "#0a0b03"
SERIES = ("#0a0b11", "#0a0b12", "#0a0b13")
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "rule",
    **{colour: f"series-{k + 1}" for k, colour in enumerate(SERIES)},
}
STYLES: tuple[str, ...] = ("solid", "dashed", "dotted")
MARKERS = ("o", "s", "^")
"""Arms differ by line and marker too, for paper and for eyes that see no colour."""

SIZE = 10.0


def axes(width: float = 4.6, height: float = 3.5) -> tuple[Figure, Axes]:
    """Return a figure with empty axes, in the house style.

    Args:
        width: Inches.
        height: Inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_visible(False)
    plot = figure.subplots()
    _dress(plot)
    return figure, plot


def _dress(one: Axes) -> None:
    one.patch.set_visible(False)
    for side in ("top", "right"):
        one.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        one.spines[side].set_color(MUTED)
        one.spines[side].set_linewidth(0.8)
    one.tick_params(which="both", colors=MUTED, labelsize=SIZE, width=0.8, length=3)
    one.grid(True, color=GRID, linewidth=0.6)
    one.set_axisbelow(True)
    for axis in (one.xaxis, one.yaxis):
        axis.label.set_color(INK)
        axis.label.set_fontsize(SIZE)


def to_svg(figure: Figure, name: str) -> str:
    """Return the figure as SVG to be put into a page.

    The same figure gives the same SVG: it holds no date, and identifiers depend on
    the name only.

    Args:
        figure: What `axes` gave.
        name: Different for each figure of a page; letters.
    """
    import matplotlib as mpl

    stream = io.StringIO()
    # The backend reads these two from the settings alone; they are put back.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _for_page(stream.getvalue(), name)


def _for_page(svg: str, name: str) -> str:
    """Cut what only a standalone file needs, and let the page's style apply."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.S)
    box = re.search(r'viewBox="([^"]+)"', body)
    head = (
        f'<svg viewBox="{box[1] if box else ""}" aria-hidden="true" focusable="false"'
    )
    body = re.sub(r"<svg[^>]*", head, body, count=1)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'href="#', f'href="#{name}-', body)
    body = body.replace("url(#", f"url(#{name}-")
    body = re.sub(r"<style.*?</style>", "", body, flags=re.S)  # would style the page
    body = re.sub(r"\s*font-family: [^;\"]+;?", "", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    return re.sub(r"\n\s*", "\n", body).strip()
