# SPDX-License-Identifier: Apache-2.0
"""The program as its users run it: exit codes, and what goes to which stream."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from equipoise.cli.quiet import is_noise


def program(*words: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    code = "from equipoise.cli.app import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_verb_and_loads_nothing_heavy() -> None:
    done = program("--help")
    assert done.returncode == 0
    for verb in ("diagnose", "compare", "fit", "evaluate", "predict", "doctor"):
        assert verb in done.stdout
    code = (
        "import sys, equipoise.cli.app; "
        "print({'tensorflow', 'sklearn', 'pyarrow'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


def test_networks_train_and_predict_without_a_line_of_tensorflow(
    folder: Path,
) -> None:
    out = folder / "network.equipoise"
    words = ["fit", folder / "train.csv", "-t", "fraud", "--drop", "id", "--folds", 2]
    fitted = program(*words, "--strategy", "plain", "--minutes", 0.001, "--out", out)
    assert fitted.returncode == 0, fitted.stderr
    scored = program("predict", out, folder / "new.csv", "--out", folder / "n.csv")
    assert scored.returncode == 0, scored.stderr
    for done in (fitted, scored):
        lines = done.stderr.encode().splitlines()
        assert not [line for line in lines if is_noise(line)]
        assert "Traceback" not in done.stderr
    assert scored.stderr == ""


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["predict"], 2, "Missing argument"),
        (["fit", "absent.csv", "--out", "m.equipoise"], 1, "absent.csv"),
        (["fit", "example:digits", "--out", "m.pkl"], 2, "m.equipoise"),
        (["predict", "absent.equipoise", "x.csv", "--out", "o.csv"], 1, "absent"),
    ],
)
def test_exit_codes(words: list[str], code: int, message: str) -> None:
    done = program(*words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
