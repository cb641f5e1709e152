# SPDX-License-Identifier: Apache-2.0
"""Signals that end the program end it in order, so that no half-written file is left.

The system's default for SIGTERM (`kill`, a scheduler) and SIGHUP (a closed terminal)
stops a process at once. Here they unwind it, as Ctrl-C does. A signal that is
ignored, as under `nohup`, stays ignored.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

NAMES = ("SIGTERM", "SIGHUP")


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Turn signals that would end the process into `SystemExit(128 + number)`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    usual = [n for n in numbers if signal.getsignal(n) == signal.SIG_DFL]
    for number in usual:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in usual:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # let what was begun be cleaned up
    raise SystemExit(128 + number)
