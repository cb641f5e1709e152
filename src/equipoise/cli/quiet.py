# SPDX-License-Identifier: Apache-2.0
"""Keep TensorFlow's start-up lines off the user's terminal.

TensorFlow and XLA write information lines straight to the process' standard
error, below Python and partly before the log level is read. In the command line
tool, and only there, such lines are filtered out of the file descriptor;
everything else passes, and Python's own `sys.stderr` is not touched by the filter.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Iterator

# glog's "I0000 00:00:1763.. file.cc:12] ..." and its date form, information and
# warning level; absl's notice about its own start; and the one error line that a
# machine without a GPU always gets (`equipoise doctor` says what it means).
_NOISE = re.compile(
    rb"^(WARNING: All log messages before absl::InitializeLog"
    rb"|[IW]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] "
    rb"|.*\bE\b.*(cuda|cuInit|CUDA)"
    rb"|E0000 .*(cuda|cuInit|CUDA)"
    rb"|To enable the following instructions: )"
)


@contextlib.contextmanager
def without_tensorflow_lines() -> Iterator[None]:
    """Filter TensorFlow's information lines from standard error in this block."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, io.UnsupportedOperation):
        yield  # standard error is no file here (a notebook, a test)
        return
    real = os.dup(descriptor)
    reader, writer = os.pipe()
    python_stderr = sys.stderr
    sys.stderr = os.fdopen(os.dup(real), "w", buffering=1, encoding="utf-8")
    os.dup2(writer, descriptor)
    os.close(writer)
    pump = threading.Thread(target=_pump, args=(reader, real), daemon=True)
    pump.start()
    try:
        yield
    finally:
        sys.stderr.close()
        sys.stderr = python_stderr
        os.dup2(real, descriptor)  # closes the pipe's last writer: the pump ends
        pump.join(timeout=2)
        os.close(real)


def _pump(reader: int, real: int) -> None:
    with os.fdopen(reader, "rb") as lines:
        for line in lines:
            if not is_noise(line):
                os.write(real, line)


def is_noise(line: bytes) -> bool:
    """Return whether a line of standard error is TensorFlow's own chatter.

    Example:
        >>> is_noise(b"I0000 00:00:1763.1 cpu_feature_guard.cc:227] built with ...")
        True
        >>> is_noise(b"ValueError: something broke")
        False
    """
    return bool(_NOISE.match(line))
