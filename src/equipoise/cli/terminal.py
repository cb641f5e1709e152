# SPDX-License-Identifier: Apache-2.0
"""What the program prints with: two consoles, and a progress that fits both.

Results go to standard output, everything else to standard error. If standard error
is not a terminal, progress is one line per step.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from rich.console import Console

from equipoise._core.layout import WIDEST, display_width, wrap
from equipoise.errors import printable
from equipoise.verbs.progress import BAR, MOST_ARMS, STARTING, Pulse, so_far

if TYPE_CHECKING:
    from rich.console import RenderableType

    from equipoise.jobs import ArmProgress, ArmSoFar
    from equipoise.verbs.trial import Trial

# Between two lines of progress if there is no terminal.
_LINE_SECONDS = 10.0


class _Console(Console):
    """A console whose reader may stop early, as `head` does."""

    def on_broken_pipe(self) -> None:
        """Print nothing more, and let the program write its files to the end."""
        self.quiet = True
        with contextlib.suppress(OSError, ValueError):  # it has no descriptor
            # What Python flushes at its end goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def console() -> Console:
    """Return the console for results (standard output)."""
    return _console("stdout")


def errors() -> Console:
    """Return the console for progress, warnings and errors (standard error)."""
    return _console("stderr")


@cache
def _by_stream(stream: object, stderr: bool) -> Console:
    # In a terminal Rich follows the window; elsewhere the width is ours.
    terminal = hasattr(stream, "isatty") and stream.isatty()
    width = None if terminal else display_width(stream)
    return _Console(file=stream, width=width, soft_wrap=False, stderr=stderr)  # type: ignore[arg-type]  # a text stream


def _console(name: str) -> Console:
    return _by_stream(getattr(sys, name), name == "stderr")


def say_text(text: str) -> None:
    """Print a result of several lines; its control characters are written out."""
    console().print(printable(text), markup=False, highlight=False, soft_wrap=True)


def show_trial(trial: Trial, words: Callable[[str], str]) -> None:
    """Print a trial; to a person first what to do, and last what the names mean.

    Args:
        trial: The trial.
        words: Writes advice in the terms of the command line.
    """
    from equipoise.report.manager_words import action, brief_terms
    from equipoise.report.terminal import screen

    printer = console()
    read = printer.is_terminal
    width = min(printer.width, WIDEST)
    if read:
        _line(printer, wrap(printable(action(trial)), width), "bold")
        _line(printer, "")
    printer.print(screen(trial, words), crop=False)
    if read:
        _line(printer, wrap(printable(brief_terms(trial)), width), "dim")


def _line(printer: Console, text: str, style: str = "") -> None:
    printer.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def say_wrote(path: object, *, to_stderr: bool = False) -> None:
    """Print which file was written."""
    printer = errors() if to_stderr else console()
    text = wrap(printable(f"wrote {path}"), printer.width)
    printer.print(text, markup=False, highlight=False, soft_wrap=True)


def say_error(text: str) -> None:
    """Print an error; no markup is read from it."""
    _say("error:", "bold red", text)


def say_warning(text: str) -> None:
    """Print a warning; no markup is read from it."""
    _say("warning:", "yellow", text)


def say_next(command: str) -> None:
    """Print what to do next: a command to paste.

    In a terminal (or if COLUMNS is set), a command that is longer than a line ends its
    lines with the backslash by which shells continue a command.
    """
    if errors().is_terminal or os.environ.get("COLUMNS", "").isdigit():
        command = _continued(command, errors().width)
    _hint(f"next: {command}")


def _continued(command: str, width: int) -> str:
    """Break a command between its options, for a shell."""
    first, *options = command.split(" --")
    lines = [f"next: {first}"]
    for option in options:
        if len(lines[-1]) + len(option) + 5 <= width:
            lines[-1] += f" --{option}"
        else:
            lines[-1] += " \\"
            lines.append(f"    --{option}")
    return "\n".join(lines).removeprefix("next: ")


def say_hint(text: str) -> None:
    """Print a hint, in a quieter style."""
    _hint(wrap(printable(text), min(errors().width, WIDEST)))


def _hint(text: str) -> None:
    errors().print(
        printable(text), style="dim", markup=False, highlight=False, soft_wrap=True
    )


def say_written(files: Sequence[Path], elsewhere: str, *, leave: bool = True) -> None:
    """Print which files were written, or where they are instead.

    Args:
        files: The files.
        elsewhere: Why and where else they were written, or "".
        leave: Whether the program ends here, with 1, in that case.
    """
    if elsewhere:
        say_error(f"{elsewhere}.")
        if leave:
            raise SystemExit(1)
        return
    for path in files:
        say_wrote(path)


def _say(head: str, style: str, text: str) -> None:
    from rich.text import Text

    width = min(errors().width, WIDEST)
    shown = wrap(printable(text), width, first=f"{head} ", rest="")
    errors().print(
        Text.assemble((head, style), shown[len(head) :]),
        highlight=False,
        soft_wrap=True,
    )


@contextlib.contextmanager
def progress() -> Iterator[ArmProgress]:
    """Yield what shows a sentence, the share of the work done and the arms so far.

    In a terminal, a bar that moves on between two calls, and above it the arms of a
    trial by what they are worth so far. Elsewhere a line every ten seconds, and one
    for each arm when its folds are done.
    """
    shown: _Bar | _Lines = _Bar() if errors().is_terminal else _Lines()
    with shown:
        yield shown


class _Bar:
    """The lines of a terminal that show how far the work is."""

    def __init__(self) -> None:
        from rich.live import Live

        self._pulse = Pulse()
        self._live = Live(
            get_renderable=self._drawn,
            console=errors(),
            transient=True,
            refresh_per_second=4,
        )

    def __enter__(self) -> _Bar:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, text: str, share: float) -> None:
        self._pulse.tell(text, share)

    def arm(self, so_far: ArmSoFar) -> None:
        self._pulse.arm(so_far)

    def _drawn(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        pulse = self._pulse
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=BAR)
        row.add_column(no_wrap=True)
        # Names are long: the text takes more lines, and is not cut.
        row.add_column(ratio=1, overflow="fold")
        bar = ProgressBar(total=1.0, completed=pulse.share, width=BAR)
        row.add_row(bar, Text(pulse.words()), Text(pulse.text))
        room = max(errors().height - 4, 1)
        board = pulse.board()[: min(MOST_ARMS, room) + 1]
        return Group(
            *(Text(line, no_wrap=True, overflow="ellipsis") for line in board), row
        )


class _Lines:
    """Lines that say how far the work is, if nobody can draw over them."""

    def __init__(self) -> None:
        self._pulse = Pulse()
        self._said = time.monotonic() - _LINE_SECONDS
        self._ended = Event()
        self._lock = Lock()
        self._teller = Thread(target=self._tell, daemon=True)

    def __enter__(self) -> _Lines:
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._teller.join()

    def __call__(self, text: str, share: float) -> None:
        self._pulse.tell(text, share)
        self._say_if_due()

    def arm(self, arm: ArmSoFar) -> None:
        self._pulse.arm(arm)
        if arm.fits == arm.folds and not math.isnan(arm.value):
            self._line(so_far(arm))

    def _tell(self) -> None:
        while not self._ended.wait(_LINE_SECONDS / 4):
            if self._pulse.text != STARTING:
                self._say_if_due()

    def _say_if_due(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._said < _LINE_SECONDS:
                return
            self._said = now
        self._line(self._pulse.text)

    def _line(self, text: str) -> None:
        line = f"{self._pulse.words()}  {text}"
        _line(errors(), wrap(line, errors().width, rest=" " * 5))


@contextlib.contextmanager
def steps(first: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, if nobody can say how much of it there is.

    In a terminal a mark turns and the seconds count; elsewhere a line says every ten
    seconds that the work goes on, so that quick work says nothing.

    Args:
        first: What is being done, in a few words.

    Yields:
        A function that takes what is being done from now on.
    """
    if errors().is_terminal:
        with _turning(first) as call:
            yield call
    else:
        with _still_working(first) as call:
            yield call


@contextlib.contextmanager
def _turning(first: str) -> Iterator[Callable[[str], None]]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=errors(), transient=True) as shown:
        task = shown.add_task(printable(first, lines=False), total=None)

        def call(text: str) -> None:
            shown.update(task, description=printable(text, lines=False))

        yield call


@contextlib.contextmanager
def _still_working(first: str) -> Iterator[Callable[[str], None]]:
    text, done, begun = first, Event(), time.monotonic()

    def call(now: str) -> None:
        nonlocal text
        text = now

    def tell() -> None:
        while not done.wait(_LINE_SECONDS):
            line = f"{time.monotonic() - begun:.0f} s {printable(text, lines=False)}"
            _line(errors(), wrap(line, errors().width))

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield call
    finally:
        done.set()
        teller.join()
