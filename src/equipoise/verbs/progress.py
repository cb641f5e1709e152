# SPDX-License-Identifier: Apache-2.0
"""Progress that is shown without being asked for: in a terminal and in a notebook."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from html import escape
from typing import Any, TextIO

from equipoise.errors import printable
from equipoise.jobs import Progress

EVERY = 0.1
"""Seconds between two drawings."""
BAR = 16


class TerminalProgress:
    """One line of a terminal that is drawn again and again, and cleared at the end.

    Attributes:
        stream: Where it is drawn.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._begun = time.monotonic()
        self._drawn = 0.0

    def __call__(self, text: str, share: float) -> None:
        """Show a sentence and the share of the work done."""
        now = time.monotonic()
        if now - self._drawn < EVERY:
            return
        self._drawn = now
        full = round(BAR * min(max(share, 0.0), 1.0))
        seconds = int(now - self._begun)
        line = (
            f"[{'#' * full}{' ' * (BAR - full)}] {share:4.0%} "
            f"{seconds // 60}:{seconds % 60:02d} {printable(text, lines=False)}"
        )
        width = shutil.get_terminal_size().columns
        self.stream.write(f"\r\x1b[K{line[: width - 1]}")
        self.stream.flush()

    def finish(self) -> None:
        """Clear the line."""
        if self._drawn:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


class NotebookProgress:
    """A bar in the output of a notebook's cell, which is gone at the end.

    Attributes:
        display: IPython's function of that name.
        html: IPython's class of HTML.
    """

    def __init__(self, display: Any, html: Any) -> None:
        self.display = display
        self.html = html
        self._handle: Any = None
        self._drawn = 0.0

    def __call__(self, text: str, share: float) -> None:
        """Show a sentence and the share of the work done."""
        now = time.monotonic()
        if now - self._drawn < EVERY:
            return
        self._drawn = now
        shown = self.html(
            f'<progress max="1" value="{share:.3f}"></progress> {share:.0%} '
            f"{escape(printable(text, lines=False))}"
        )
        if self._handle is None:
            self._handle = self.display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def finish(self) -> None:
        """Take the bar away."""
        if self._handle is not None:
            self._handle.update(self.html(""))


@contextlib.contextmanager
def shown_progress(progress: Progress | bool | None) -> Iterator[Progress]:
    """Show the progress of a verb; a bar is gone at the end, also after an error.

    Args:
        progress: A function of a sentence and a share, which is called; False for
            nothing. None or True: a bar if this is a notebook, or standard error is a
            terminal.
    """
    if callable(progress):
        yield progress
        return
    bar = None if progress is False else _bar()
    if bar is None:
        yield _nobody
        return
    try:
        yield bar
    finally:
        bar.finish()


def _nobody(text: str, share: float) -> None:
    del text, share


def _bar() -> TerminalProgress | NotebookProgress | None:
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        display: Any = __import__("IPython.display", fromlist=["display"])
        return NotebookProgress(display.display, display.HTML)
    stream = sys.stderr
    if stream is not None and stream.isatty():
        return TerminalProgress(stream)
    return None
