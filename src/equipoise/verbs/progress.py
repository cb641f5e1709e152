# SPDX-License-Identifier: Apache-2.0
"""Progress that is shown without being asked for: in a terminal and in a notebook.

What is shown goes on between two calls of a verb: the seconds count, and the bar moves
at the pace so far.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any, TextIO

from equipoise.errors import printable

if TYPE_CHECKING:
    from equipoise.jobs import ArmSoFar, Progress

EVERY = 0.1
"""Seconds between two drawings that calls lead to, at least."""
TICK = 1.0
"""Seconds after which it is drawn again although nothing was said."""
BAR = 16
"""Characters of the bar."""
STARTING = "starting"
FIRST_GUESS = 5.0
"""Seconds after which the time that is left is shown."""
LEAST_SHARE = 0.05
"""The share of the work that must be done for that."""
MOST_ARMS = 12
"""A terminal shows at most so many arms, the best."""


class Pulse:
    """How far the work is, as far as was told, and as reckoned since then.

    Attributes:
        text: What is being done.
        arms: Arm -> what it is worth so far.
    """

    def __init__(self, text: str = STARTING) -> None:
        self.text = text
        self.arms: dict[str, ArmSoFar] = {}
        self._begun = self._told = time.monotonic()
        self._share = self._shown = 0.0

    def tell(self, text: str, share: float) -> None:
        """Take a sentence and the share of the work that is done."""
        self.text = printable(text, lines=False)
        if share > self._share:
            self._shown = self.share
            self._told, self._share = time.monotonic(), min(share, 1.0)

    def arm(self, so_far: ArmSoFar) -> None:
        """Take what an arm is worth on the folds that are done."""
        # The ticker may be reading the dict: it is replaced, never changed.
        self.arms = {**self.arms, so_far.name: so_far}

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._begun

    @property
    def share(self) -> float:
        """The share of the work done, as it is shown: it never falls.

        If less was done than was reckoned, it waits until the work has come as far.
        """
        return max(self._shown, self._reckoned)

    @property
    def _reckoned(self) -> float:
        """The share of the work done: what was told, and since then at the same pace.

        A step that takes longer than the others did moves it ever more slowly, at most
        half way to the end.
        """
        spent = self._told - self._begun
        room = (1.0 - self._share) / 2
        if spent < TICK or room <= 0:
            return self._share
        pace = self._share / spent
        since = time.monotonic() - self._told
        return self._share + room * -math.expm1(-pace * since / room)

    @property
    def left(self) -> float | None:
        """Seconds that are likely to be left; None while that cannot be said."""
        share, seconds = self._reckoned, self.seconds
        if seconds < FIRST_GUESS or share < LEAST_SHARE:
            return None
        return seconds * (1.0 - share) / share

    def words(self) -> str:
        """Return the share, the time so far and the time left, in few words."""
        seconds = int(self.seconds)
        text = f"{self.share:4.0%} {seconds // 60}:{seconds % 60:02d}"
        left = self.left
        return text if left is None else f"{text}, {about(left)} left"

    def board(self) -> list[str]:
        """Return a line for each arm that has a value, the best first."""
        arms = sorted(
            (arm for arm in self.arms.values() if not math.isnan(arm.value)),
            key=lambda arm: -arm.value,
        )
        if not arms:
            return []
        width = max(len(_name(arm)) for arm in arms)
        return [
            f"{arms[0].metric} so far",
            *(f"  {_name(arm):<{width}}  {_value(arm)}" for arm in arms),
        ]


def about(seconds: float) -> str:
    """Return seconds that are an estimate: one or two figures.

    Example:
        >>> about(3.2), about(47), about(110), about(1_000)
        ('about 5 s', 'about 50 s', 'about 2 min', 'about 17 min')
    """
    if seconds < 7.5:
        return "about 5 s"
    if seconds < 57:
        return f"about {round(seconds / 10 + 1e-9) * 10} s"
    return f"about {round(seconds / 60)} min"


def so_far(arm: ArmSoFar) -> str:
    """Return what an arm is worth so far, in a few words.

    Example:
        >>> from equipoise.jobs import ArmSoFar
        >>> so_far(ArmSoFar("trees", "average precision", 0.5134, 3, 5))
        'trees: average precision 0.51 in 3 of 5 folds'
    """
    return f"{_name(arm)}: {arm.metric} {_value(arm)}"


def _name(arm: ArmSoFar) -> str:
    return printable(arm.name, lines=False)


def _value(arm: ArmSoFar) -> str:
    from equipoise._core.numerals import figure  # loads NumPy

    folds = f"{arm.fits} of {arm.folds} folds"
    done = folds if arm.fits <= arm.folds else f"{arm.fits} fits"
    return f"{figure(arm.value)} in {done}"


class _Shown(ABC):
    """What is drawn again while the work goes on, and taken away at the end."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self._drawn = -math.inf
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    def __call__(self, text: str, share: float) -> None:
        """Show a sentence and the share of the work done."""
        self.pulse.tell(text, share)
        self._soon()

    def arm(self, so_far: ArmSoFar) -> None:
        """Show what an arm is worth on the folds that are done."""
        self.pulse.arm(so_far)
        self._soon()

    def finish(self) -> None:
        """Take away what was shown."""
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._drawn > -math.inf:
            self._clear()
            self._drawn = -math.inf

    def _soon(self) -> None:
        if self._ticker is None and not self._ended.is_set():
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()
        if time.monotonic() - self._drawn >= EVERY:
            self._draw_once()

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            self._draw_once()

    def _draw_once(self) -> None:
        with self._lock:
            self._drawn = time.monotonic()
            self._draw()

    @abstractmethod
    def _draw(self) -> None:
        """Draw what is to be seen now."""

    @abstractmethod
    def _clear(self) -> None:
        """Take away what was drawn."""


class TerminalProgress(_Shown):
    """Lines of a terminal that are drawn again and again, and cleared at the end.

    Attributes:
        stream: Where they are drawn.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.stream = stream
        self._above = 0

    def _draw(self) -> None:
        size = shutil.get_terminal_size()
        full = round(BAR * self.pulse.share)
        bar = f"[{'#' * full}{' ' * (BAR - full)}]"
        board = self.pulse.board()[: min(MOST_ARMS, size.lines - 2) + 1]
        lines = [*board, f"{bar} {self.pulse.words()} {self.pulse.text}"]
        text = "\n".join(line[: size.columns - 1] for line in lines)
        self.stream.write(self._back() + text)
        self._above = len(lines) - 1
        self.stream.flush()

    def _clear(self) -> None:
        self.stream.write(self._back())
        self._above = 0
        self.stream.flush()

    def _back(self) -> str:
        """Return what clears the lines drawn last."""
        return f"\r\x1b[{self._above}A\x1b[J" if self._above else "\r\x1b[K"


class NotebookProgress(_Shown):
    """A bar in the output of a notebook's cell, which is gone at the end.

    Attributes:
        display: IPython's function of that name.
        html: IPython's class of HTML.
    """

    def __init__(self, display: Any, html: Any) -> None:
        super().__init__()
        self.display = display
        self.html = html
        self._handle: Any = None

    def _draw(self) -> None:
        share, board = self.pulse.share, self.pulse.board()
        rows = "".join(f"{escape(line)}\n" for line in board)
        shown = self.html(
            f'<progress max="1" value="{share:.3f}"></progress> '
            f"{escape(self.pulse.words().strip())} {escape(self.pulse.text)}"
            + (f"<pre>{rows}</pre>" if rows else "")
        )
        if self._handle is None:
            self._handle = self.display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def _clear(self) -> None:
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
