# SPDX-License-Identifier: Apache-2.0
"""The main job from a file, as its users run it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import equipoise as eq
from equipoise.decision import Costs

PROGRAM = [sys.executable, "-c", "from equipoise.cli.app import main; main()"]
WORDS = ["--network", "small", "--folds", "2", "--repeats", "1", "--seed", "3"]
ARMS = ["--strategies", "prior,plain"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "compare", "example:digits", *WORDS, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def numbers(folder: Path) -> dict[str, object]:
    """Return what must be equal in a rerun: all but the seconds."""
    data = json.loads((folder / "comparison.json").read_text())
    arms = [
        {k: v for k, v in arm.items() if k != "seconds"} for arm in data["strategies"]
    ]
    return {**data, "strategies": arms, "seconds": None}


def test_a_trial_that_was_killed_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    whole = run(*ARMS, "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    assert "wrote" in whole.stdout
    assert "example 'digits'" in whole.stdout
    assert "Traceback" not in whole.stderr
    folder = tmp_path / "killed"
    killed = subprocess.Popen(
        [*PROGRAM, "compare", "example:digits", *WORDS, *ARMS, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not (folder / ".checkpoints").exists() and killed.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    assert not (folder / "comparison.json").exists()
    again = run(*ARMS, "--out", str(folder))
    assert again.returncode == 0, again.stderr
    assert numbers(folder) == numbers(tmp_path / "whole")
    assert sorted(os.listdir(folder)) == ["comparison.json", "report.html"]


def test_the_arm_that_measured_highest_is_told_beside_the_next_command(
    call: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the trial cannot tell it from the baseline, the decision is plain's."""
    monkeypatch.setattr(
        "equipoise.report.summary_choice.alternative", lambda trial: "logistic"
    )
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "logistic", "--network", "linear", "--folds", 2]
    done = call(*words, "--repeats", 1)
    assert done.exit_code == 0, done.output
    text = " ".join(done.stderr.split())
    hint, following = text.split("next: equipoise fit ")
    assert "logistic measured highest, " in hint
    assert hint.strip().endswith("pass --strategy logistic below.")
    assert "--strategy plain --folds 2 --network linear" in following


def test_the_next_command_works_when_pasted(
    call: Callable[..., Any],
    folder: Path,
    tmp_path: Path,
    next_line: Callable[[str], str],
) -> None:
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "plain,prior", "--network", "linear", "--folds", 2]
    words += ["--repeats", 1, "--cost-fp", 1, "--cost-fn", 4]
    done = call(*words)
    assert done.exit_code == 0, done.output
    line = next_line(done.stderr)
    assert line.startswith("next: equipoise fit ")
    given = shlex.split(line)[2:]
    assert given[-2:] == ["--out", "model.equipoise"]
    out = tmp_path / given[-1]
    fitted = call(*given[:-1], out, "--minutes", 0.001, "--folds", 2)
    assert fitted.exit_code == 0, fitted.output
    model = eq.load(out)
    assert model.rule.costs == Costs(fp=1, fn=4)
    assert model.schema.names == ("amount", "city")


def test_ctrl_c_leaves_no_half_written_output(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    words = ["compare", "example:digits", "--folds", "5", "--out", str(folder)]
    process = subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "fit 1 of 5" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopped" in errors
    assert "With --out" not in errors
    assert "Traceback" not in errors
    if folder.exists():
        assert not list(folder.glob("*.*part*"))
        assert not (folder / "comparison.json").exists()


@pytest.mark.parametrize("out", [True, False])
def test_a_stopped_trial_says_how_to_go_on(
    out: bool,
    call: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*args: Any, checkpoints: Path | None, **options: Any) -> None:
        if checkpoints is not None:
            checkpoints.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr("equipoise.verbs.compare.compare", stopped)
    words = ["--out", tmp_path / "trial"] if out else []
    done = call("compare", "example:digits", *words)
    assert done.exit_code == 130
    says = "Run the same command again" if out else "With --out FOLDER"
    assert says in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--folds", "1"], 2, "Received --folds 1."),
        (["--repeats", "often"], 2, "whole number or auto"),
        (["--strategies", "plane"], 2, "Did you mean 'plain'"),
        (["--cost-fp", "1"], 2, "--cost-fn"),
        (["--objective", "mcc", "--cost-fp", "1", "--cost-fn", "2"], 2, "not both"),
        (["--objective", "capacity"], 2, "one of 'f1', 'f2', 'f0.5', 'balanced_"),
        (["--out", __file__], 2, "which is a file. Accepted: a folder"),
        (["--drop", "sex"], 1, "Received --drop 'sex', but the example"),
        (["--network", "smal"], 2, "Did you mean 'small'"),
        (["--target", "digit"], 1, "digit"),
    ],
)
def test_exit_codes(words: list[str], code: int, says: str) -> None:
    done = subprocess.run(
        [*PROGRAM, "compare", "example:digits", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_trackers_are_asked_before_the_trial(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    done = run(*ARMS, "--tensorboard", str(tmp_path))
    assert done.returncode == 2
    assert "not empty" in " ".join(done.stderr.split())
    assert "epoch" not in done.stderr


def test_trackers_get_the_trial(
    call: Callable[..., Any],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tensorboard")
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "plain", "--network", "linear", "--folds", 2]
    words += ["--repeats", 1, "--tensorboard", tmp_path / "logs"]
    store = (tmp_path / "store").as_uri()
    done = call(*words, "--mlflow", store)
    assert done.exit_code == 0, done.output
    assert "logged 1 strategy to" in done.output
    assert list((tmp_path / "logs" / "plain").iterdir())
    assert list((tmp_path / "store").rglob("report.html"))


def test_a_result_is_shown_before_it_is_written(
    call: Callable[..., Any],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from equipoise.verbs.trial import Trial

    write, out = Trial.write, tmp_path / "deep" / "trial"

    def full(trial: Trial, place: Path) -> list[Path]:
        if place == out:
            raise OSError(28, "No space left on device")
        return write(trial, place)

    monkeypatch.setattr(Trial, "write", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "plain", "--network", "linear", "--folds", 2]
    done = call(*words, "--repeats", 1, "--out", out)
    assert done.exit_code == 1
    assert "plain" in done.stdout
    assert "so the result is in" in " ".join(done.output.split())
    assert len(list(tmp_path.rglob("comparison.json"))) == 1
