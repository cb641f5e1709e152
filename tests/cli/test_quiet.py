# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's lines are kept off the terminal, and nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from equipoise.cli.quiet import is_noise, without_tensorflow_lines

CHATTER = [
    "WARNING: All log messages before absl::InitializeLog() is called are written",
    "I0000 00:00:1763.123 12345 cpu_feature_guard.cc:227] This binary is optimized",
    "W0000 00:00:1763.123 12345 gpu_device.cc:2342] Cannot dlopen some GPU libraries",
    "2026-01-02 03:04:05.678901: I tensorflow/core/util/port.cc:153] oneDNN is on",
    "2026-01-02 03:04:05.678901: W external/local_xla/xla/tsl/platform: something",
    "2026-01-02 03:04:05.678901: E external/xla/cuda_driver.cc] failed call to cuInit",
    "E0000 00:00:1763.1 cuda_executor.cc:1228] INTERNAL: CUDA Runtime error",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild",
]
MESSAGES = [
    "ValueError: something broke",
    "  I0000 00:00:1 indented lines are somebody else's",
    "Error: no file 'cuda.csv'",
    "2026-01-02 03:04:05.678901: E tensorflow/core/framework: a true error",
    "E0000 00:00:1763.1 allocator.cc:1] out of memory",
    "2026-01-02 03:04:05 a line of the user's own log",
    "",
]


@pytest.mark.parametrize("line", CHATTER)
def test_chatter_is_noise(line: str) -> None:
    assert is_noise(line.encode())


@pytest.mark.parametrize("line", MESSAGES)
def test_messages_pass(line: str) -> None:
    assert not is_noise(line.encode())


PROGRAM = """
import os, sys
from equipoise.cli.quiet import without_tensorflow_lines
lines = {lines!r}
before = sys.stderr
try:
    with without_tensorflow_lines():
        for line in lines:
            os.write(2, (line + "\\n").encode())     # as C++ writes
        print(lines[0], "by Python", file=sys.stderr)  # Python's own is not filtered
        os.write(2, b"the last line has no end")
        {last}
finally:
    assert sys.stderr is before
    os.write(2, ("|" + lines[0]).encode())           # the filter has gone
"""


def run(last: str) -> subprocess.CompletedProcess[str]:
    code = PROGRAM.format(lines=[*CHATTER, *MESSAGES], last=last)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def test_the_descriptor_is_filtered_and_restored() -> None:
    done = run("pass")
    assert done.returncode == 0, done.stderr
    # The two writers share the terminal, so their lines may come in either order.
    assert done.stderr.endswith(f"|{CHATTER[0]}")
    shown = done.stderr.removesuffix(f"|{CHATTER[0]}")
    expected = [*MESSAGES, f"{CHATTER[0]} by Python", "the last line has no end"]
    by_python = f"{CHATTER[0]} by Python\n"
    assert by_python in shown
    assert shown.replace(by_python, "", 1) == "\n".join(
        line for line in expected if line + "\n" != by_python
    )


def test_an_exception_passes_and_restores_as_well() -> None:
    done = run("raise SystemExit(7)")
    assert done.returncode == 7
    assert done.stderr.endswith(f"|{CHATTER[0]}")
    assert not any(line in done.stderr.splitlines() for line in CHATTER)


@pytest.mark.parametrize("stream", [io.StringIO(), None], ids=["text", "none"])
def test_a_stream_that_is_no_file_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with without_tensorflow_lines():
        assert sys.stderr is stream


@pytest.mark.parametrize("level", [None, "0"], ids=["unset", "set"])
def test_the_log_level_of_the_user_is_respected(
    monkeypatch: pytest.MonkeyPatch, level: str | None
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level or "")
    if level is None:
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    with without_tensorflow_lines():
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == (level or "2")
