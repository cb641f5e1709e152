# SPDX-License-Identifier: Apache-2.0
"""Text that fits the terminal: whole words, whole numbers, no ellipsis."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

WIDTH = 80
"""Columns if there is no terminal: in files, pipes and documents."""
NARROWEST, WIDEST = 40, 120
"""Text is wrapped to the terminal's width between these: longer lines are hard to
read."""
_ONE_WORD = re.compile(r"\[[^\s\[\]]+, [^\s\[\]]+\]|--[a-z-]+ [\w.]+")
_KEPT = "\ue000"
"""Stands for a space at which no line may end."""
_BREAK = re.compile(r"(?<=[_\-+.,/:;=)(])(?=\w)|(?<=[a-z])(?=[A-Z])")


def display_width(stream: Any = None) -> int:
    """Return how many columns a line may have.

    The environment variable COLUMNS counts first, then the terminal's width; without
    either it is 80.

    Args:
        stream: Where it is printed; standard output if None.
    """
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isascii() and columns.isdigit() else 0
    target = sys.stdout if stream is None else stream
    if not width and hasattr(target, "isatty") and target.isatty():
        try:
            width = os.get_terminal_size(target.fileno()).columns
        except (OSError, ValueError):
            width = 0
    return min(max(width or WIDTH, NARROWEST), WIDEST)


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> str:
    """Wrap a text at spaces; each of its lines by itself.

    A line's own indentation is kept, and a bullet's text stays right of the bullet. An
    interval such as "[.70, .81]" and an option with its value stay on one line. A
    word that is longer than a line is broken at its marks, such as underscores and
    slashes, and if it has none it stays whole.

    Args:
        text: Lines of words.
        width: Columns.
        first: What stands before the first line.
        rest: What stands before the others; as many spaces as `first` has if None.

    Example:
        >>> print(wrap("One repeat cannot tell.", 20, first="note: "))
        note: One repeat
              cannot tell.
        >>> print(wrap("- a list of words", 10))
        - a list
          of words
    """
    before, after = first, " " * len(first) if rest is None else rest
    lines = []
    for line in text.split("\n"):
        body = line.lstrip(" ")
        indent = line[: len(line) - len(body)]
        hanging = indent + ("  " if body.startswith("- ") else "")
        lines += _filled(body, width, before + indent, after + hanging)
        before = after
    return "\n".join(lines)


def _filled(text: str, width: int, first: str, rest: str) -> list[str]:
    """Return the lines of a text without line breaks."""
    room = max(width - max(len(first), len(rest)), 10)
    text = _ONE_WORD.sub(lambda lines_within: lines_within[0].replace(" ", _KEPT), text)
    pieces = (
        word if len(word) <= room else " ".join(_parts(word, room))
        for word in text.split(" ")
    )
    lines_within = textwrap.wrap(
        " ".join(pieces),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT, " ") for line in lines_within] or [first.rstrip()]


def _parts(word: str, room: int) -> list[str]:
    """Return a long word in parts that fit, broken at its marks."""
    parts = [""]
    for piece in _BREAK.split(word):
        if parts[-1] and len(parts[-1]) + len(piece) > room:
            parts.append("")
        parts[-1] += piece
    return parts


def columns(
    header: Sequence[Sequence[str]],
    rows: Sequence[Sequence[Sequence[str]]],
    *,
    left: Sequence[int] = (0,),
    gap: int = 2,
) -> tuple[list[str], list[list[str]]]:
    r"""Lay out a table whose cells have one or more lines.

    Args:
        header: For each column the lines of its title.
        rows: For each row and column the lines of the cell.
        left: Which columns are aligned to the left; the others to the right.
        gap: Spaces between two columns.

    Returns:
        The lines of the header with a rule below it, and those of each row.

    Example:
        >>> head, body = columns([["name"], ["AP"]], [[["plain"], [".76", "[.7, .8]"]]])
        >>> print("\n".join([*head, *body[0]]))
        name         AP
        ---------------
        plain       .76
               [.7, .8]
    """
    widths = [
        max(len(line) for cell in cells for line in (*cell, ""))
        for cells in zip(header, *rows, strict=True)
    ]

    def lines(cells: Sequence[Sequence[str]]) -> Iterator[str]:
        for number in range(max(map(len, cells))):
            texts = [
                _aligned(
                    cell[number] if number < len(cell) else "", width, column in left
                )
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            yield (" " * gap).join(texts).rstrip()

    rule = "-" * (sum(widths) + gap * (len(widths) - 1))
    return [*lines(header), rule], [list(lines(row)) for row in rows]


def _aligned(text: str, width: int, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)
