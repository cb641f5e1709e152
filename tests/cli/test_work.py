# SPDX-License-Identifier: Apache-2.0
"""`equipoise work`, and the options that divide the work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-c", "from equipoise.cli.app import main; main()"]


def test_a_worker_helps_a_trial_that_waits_for_one(
    folder: Path, tmp_path: Path
) -> None:
    words = ["--target", "fraud", "--strategies", "prior,logistic", "--folds", "2"]
    words += ["--repeats", "1", "--network", "linear"]
    out = tmp_path / "trial"
    source = str(folder / "train.csv")
    trial = subprocess.Popen(
        [*PROGRAM, "compare", source, *words, "--workers", "0", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    worker = subprocess.run(
        [*PROGRAM, "work", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    _, told = trial.communicate(timeout=300)
    assert trial.returncode == 0, told
    assert worker.returncode == 0, worker.stderr
    assert worker.stderr.splitlines()[-1] == "done: 6 items"
    assert "work" in told
    data = json.loads((out / "comparison.json").read_text())
    assert {arm["name"] for arm in data["strategies"]} == {"prior", "logistic", "plain"}
    assert not (out / ".checkpoints").exists()


@pytest.mark.parametrize("verb", ["compare", "fit"])
def test_options_that_exclude_each_other_are_refused(
    verb: str, folder: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    words = [verb, folder / "train.csv", "--target", "fraud"]
    words += ["--out", tmp_path / ("m.equipoise" if verb == "fit" else "trial")]
    both = call(*words, "--workers", 2, "--ray", "auto")
    assert both.exit_code == 2
    assert "exclude each other" in both.output
    if verb == "fit":
        none = call(*words, "--workers", 0)
        assert none.exit_code == 2
        assert "--workers 0 needs" in none.output


def test_a_folder_without_a_trial_is_refused(
    tmp_path: Path, call: Callable[..., Any]
) -> None:
    result = call("work", tmp_path, "--wait", 0)
    assert result.exit_code != 0
    assert "waited 0 s" in str(result.exception)
