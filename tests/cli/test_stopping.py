# SPDX-License-Identifier: Apache-2.0
"""Signals that end the program leave no half-written file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.cli.stopping import unwinding

PROGRAM = """
import sys, time
from pathlib import Path
from equipoise.verbs import predict
from equipoise.cli.app import main

begun = Path(sys.argv.pop())

def slow(*args, **options):
    begun.write_text("begun")
    time.sleep(60)

predict._scored = slow
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)]
)
def test_a_stopped_prediction_leaves_nothing(
    name: str, code: int, folder: Path, model: Path, tmp_path: Path
) -> None:
    begun, out = tmp_path / "begun", tmp_path / "out" / "scores.csv"
    words = ["predict", model, folder / "new.csv", "--out", out, begun]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not begun.exists() and process.poll() is None:
        time.sleep(0.05)
    assert list(out.parent.glob(".*.part"))
    process.send_signal(getattr(signal, name))
    _, says = process.communicate(timeout=30)
    assert process.returncode == code, says
    assert "No half-written file is left" in says
    assert not list(out.parent.iterdir())


def test_handlers_are_put_back_and_nohup_is_kept() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with unwinding():
            assert signal.getsignal(signal.SIGTERM) != before
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            with pytest.raises(SystemExit) as stopped:
                signal.raise_signal(signal.SIGTERM)
            assert stopped.value.code == 143
        assert signal.getsignal(signal.SIGTERM) == before
    finally:
        signal.signal(signal.SIGHUP, ignored)
