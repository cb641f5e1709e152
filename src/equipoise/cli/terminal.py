# SPDX-License-Identifier: Apache-2.0
"""What the program prints with: two consoles, and a progress that fits both.

Results go to standard output, everything else to standard error. Where standard
error is no terminal, progress is one line per step.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from rich.console import Console

from equipoise.errors import printable

# Between two lines of progress where there is no terminal.
_LINE_SECONDS = 10.0


def console() -> Console:
    """Return the console for results (standard output)."""
    return _console("stdout")


def errors() -> Console:
    """Return the console for progress, warnings and errors (standard error)."""
    return _console("stderr")


@cache
def _by_stream(stream: object, stderr: bool) -> Console:
    # Without a terminal Rich assumes 80 columns and would fold our tables.
    terminal = hasattr(stream, "isatty") and stream.isatty()
    width = None if terminal else 100
    return Console(file=stream, width=width, soft_wrap=False, stderr=stderr)  # type: ignore[arg-type]  # a text stream


def _console(name: str) -> Console:
    return _by_stream(getattr(sys, name), name == "stderr")


def say_text(text: str) -> None:
    """Print a result of several lines; its control characters are written out."""
    console().print(printable(text), markup=False, highlight=False, soft_wrap=True)


def say_wrote(path: object, *, to_stderr: bool = False) -> None:
    """Print which file was written."""
    printer = errors() if to_stderr else console()
    printer.print(printable(f"wrote {path}"), markup=False, highlight=False)


def say_error(text: str) -> None:
    """Print an error; no markup is read from it."""
    _say("error:", "bold red", text)


def say_warning(text: str) -> None:
    """Print a warning; no markup is read from it."""
    _say("warning:", "yellow", text)


def say_next(command: str) -> None:
    """Print what to do next: a command to paste."""
    say_hint(f"next: {command}")


def say_hint(text: str) -> None:
    """Print a line beside the matter, without folding it."""
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

    errors().print(Text.assemble((head, style), " ", printable(text)), highlight=False)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Yield a function that shows a sentence and the share of the work done."""
    if errors().is_terminal:
        with _bar() as call:
            yield call
    else:
        yield _lines()


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=errors(), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def call(text: str, share: float) -> None:
            bar.update(task, description=printable(text, lines=False), completed=share)

        yield call


def _lines() -> Callable[[str, float], None]:
    last = time.monotonic() - _LINE_SECONDS

    def call(text: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LINE_SECONDS:
            return
        last = now
        line = f"{share:4.0%} {printable(text, lines=False)}"
        errors().print(line, markup=False, highlight=False)

    return call
