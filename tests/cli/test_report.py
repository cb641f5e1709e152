# SPDX-License-Identifier: Apache-2.0
"""A folder of a trial, used again: shown, drawn, and with one more strategy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import equipoise as eq
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy
from equipoise.table.generators import gaussian_shift

PROGRAM = [sys.executable, "-c", "from equipoise.cli.app import main; main()"]
WORDS = ["--network", "linear", "--folds", "2", "--repeats", "1"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, check=False
    )


def test_a_folder_is_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "trial"

    def compare(*words: str) -> subprocess.CompletedProcess[str]:
        return run("compare", "example:digits", *WORDS, "--out", str(folder), *words)

    first = compare("--strategies", "prior,plain")
    assert first.returncode == 0, first.stderr
    assert "holds this trial" not in first.stderr
    data = json.loads((folder / "comparison.json").read_text())

    more = compare("--strategies", "prior,plain,logistic")
    assert more.returncode == 0, more.stderr
    assert "holds this trial: only what is new" in " ".join(more.stderr.split())
    again = json.loads((folder / "comparison.json").read_text())
    arms = {arm["name"]: arm for arm in again["strategies"]}
    for arm in data["strategies"]:
        assert arms[arm["name"]]["average_precision"] == arm["average_precision"]
        assert arms[arm["name"]]["seconds"] == arm["seconds"]
    assert "logistic" in arms

    page = (folder / "report.html").read_text()
    (folder / "report.html").write_text("gone")
    drawn = run("report", str(folder))
    assert drawn.returncode == 0, drawn.stderr
    assert "logistic" in drawn.stdout
    assert (folder / "report.html").read_text() == page
    assert eq.load(folder).names == tuple(arm["name"] for arm in again["strategies"])

    other = compare("--strategies", "prior,plain", "--seed", "9")
    assert other.returncode == 2
    assert "differs in 'seed'" in " ".join(other.stderr.split())
    assert "--force" in other.stderr
    forced = compare("--strategies", "prior", "--seed", "9", "--force")
    assert forced.returncode == 0, forced.stderr
    assert json.loads((folder / "comparison.json").read_text())["seed"] == 9

    wrong = run("report", str(tmp_path))
    assert wrong.returncode == 1
    assert "without trial.equipoise" in " ".join(wrong.stderr.split())
    assert run("-V").stdout == run("--version").stdout


def test_the_report_of_an_average(tmp_path: Path) -> None:
    two = Blend("two", blended=(strategy("logistic"), strategy("plain")), shares=(1, 1))
    table = gaussian_shift(200, positives=40, seed=1).table
    trial = eq.compare(table, strategies=[two], network="linear", folds=2, repeats=1)
    trial.write(tmp_path)
    drawn = run("report", str(tmp_path))
    assert drawn.returncode == 0, drawn.stderr
    assert "two" in drawn.stdout
