# SPDX-License-Identifier: Apache-2.0
"""The main job from a file, as its users run it."""

from __future__ import annotations

import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.decision import Costs
from equipoise.errors import InputError
from equipoise.table.generated_tasks import make_classes

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
    names = ["comparison.json", "report.html", "trial.equipoise"]
    assert sorted(os.listdir(folder)) == names


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
    # By how much is said once, in the decision above.
    assert "average precision" not in hint.partition("measured highest, ")[2]
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
    assert "dividing the rows" in process.stderr.readline()
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
            (checkpoints / "some.checkpoint").touch()
        raise KeyboardInterrupt

    verb = importlib.import_module("equipoise.verbs.compare")
    monkeypatch.setattr(verb, "compare", stopped)
    words = ["--out", tmp_path / "trial"] if out else []
    done = call("compare", "example:digits", *words)
    assert done.exit_code == 130
    says = "Run the same command again" if out else "With --out FOLDER"
    assert says in " ".join(done.stderr.split())


KILL = """
import os, signal, sys
from equipoise.cli.app import main
from equipoise.workers.resumable import ResumableRunner

save, number = ResumableRunner.save, getattr(signal, sys.argv.pop())

def saved(runner, key, outcome):
    save(runner, key, outcome)
    if outcome.job.strategy.name == "trees":
        os.kill(os.getpid(), number)

ResumableRunner.save = saved
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_fits_that_ended_before_a_stop_are_not_done_again(
    name: str, code: int, call: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    """Trees come before networks, whose first checkpoint is half a minute away."""
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "prior,logistic,trees,plain", "--network", "linear"]
    words += ["--folds", 3, "--repeats", 1]
    trial = tmp_path / "trial"
    killed = subprocess.run(
        [sys.executable, "-c", KILL, *map(str, words), "--out", trial, name],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert killed.returncode == code, killed.stderr
    says = " ".join(killed.stderr.split())
    if name != "SIGKILL":
        assert "3 fits of prior, 3 fits of logistic, 1 fit of trees." in says
        assert "Run the same command again" in says
    saved = trial / ".checkpoints" / "fits"
    before = {path: path.stat().st_mtime_ns for path in saved.iterdir()}
    assert len(before) == 7
    module = importlib.import_module("equipoise.cli.compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "shutil", SimpleNamespace(rmtree=lambda _: None))
        assert call(*words, "--out", trial).exit_code == 0
    after = {path: path.stat().st_mtime_ns for path in saved.iterdir()}
    assert len(after) == 9
    assert before.items() <= after.items()
    whole = tmp_path / "whole"
    assert call(*words, "--out", whole).exit_code == 0
    assert not (whole / ".checkpoints").exists()
    one, other = eq.load(trial), eq.load(whole)
    for arm, log_odds in other.scores.log_odds.items():
        assert np.array_equal(one.scores.log_odds[arm], log_odds)
    assert str(one.verdict) == str(other.verdict)


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
        (["--precision", "float16"], 2, "Received --precision 'float16'"),
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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows of three classes, later ones, and costs; d is rare."""
    place = tmp_path_factory.mktemp("classes")
    for name, counts in (("a", [90, 50, 30, 3]), ("later", [40, 30, 20, 1])):
        table = make_classes(sum(counts), counts=counts, seed=len(name)).table
        columns = [column.values for column in table.columns]
        lines = [",".join([*(f"x{j}" for j in range(len(columns))), "p", "q", "kind"])]
        for i, number in enumerate(table.labels()):
            cells = [*(f"{values[i]:.4f}" for values in columns)]
            cells += [str(int(number == 1)), str(int(number > 1)), "abcd"[number]]
            lines.append(",".join(cells))
        (place / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (place / "costs.csv").write_text("truth,a,b,c\na,0,1,1\nb,2,0,2\nc,9,9,0\n")
    return place


QUICK = ["--strategies", "logistic", "--network", "linear", "--folds", 4]
QUICK += ["--repeats", 1]
OF_KIND = ["--target", "kind", "--drop", "p", "--drop", "q"]


def test_several_classes_with_all_their_options(
    call: Callable[..., Any], files: Path, tmp_path: Path
) -> None:
    words = ["compare", files / "a.csv", *OF_KIND, "--test", files / "later.csv"]
    words += [*QUICK, "--rare", "drop", "--metric", "balanced_accuracy"]
    words += ["--costs", files / "costs.csv", "--out", tmp_path / "trial"]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert "On the test file (90 rows, 3 classes" in " ".join(done.output.split())
    told = " ".join(done.stderr.replace("\\\n", "").split())
    assert f"--costs {files / 'costs.csv'}" in told.replace("' '", "")
    assert "--rare drop --out model.equipoise" in told
    data = json.loads((tmp_path / "trial" / "comparison.json").read_text())
    assert (data["metric"], data["objective"]) == ("balanced_accuracy", "cost")
    assert data["classes"] == ["a", "b", "c"]
    by_name = {arm["name"]: arm for arm in data["strategies"]}
    assert by_name["plain"]["test"]["rows"] == 90
    assert by_name["plain"]["metrics"]["cost"]["value"] > 0
    assert any("1 row of" in note for note in data["notes"])


def test_labels_by_a_pattern(call: Callable[..., Any], files: Path) -> None:
    words = ["compare", files / "a.csv", "--targets", "p", "--targets", "q"]
    words += ["--drop", "kind", *QUICK, "--test", files / "later.csv"]
    done = call(*words, "--cost-fp", 1, "--cost-fn", 4)
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "173 rows, 2 labels" in text
    assert "threshold of its own, in probability: p from 0.2, q from 0.2" in text
    assert "On the test file (91 rows, 2 labels that can be judged)" in text


def test_a_task_can_be_named(call: Callable[..., Any], files: Path) -> None:
    words = ["compare", files / "a.csv", "--target", "p", "--drop", "kind"]
    words += ["--drop", "q", "--task", "multiclass", *QUICK]
    done = call(*words, "--objective", "g_mean")
    assert done.exit_code == 0, done.output
    assert "2 classes, from 0" in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--costs", "c.csv", "--cost-fp", 1, "--cost-fn", 2], "not both"),
        (["--costs", "c.csv", "--objective", "accuracy"], "not both"),
        (["--cost-fp", 1, "--cost-fn", 2], "has 4 classes: give --costs FILE"),
    ],
)
def test_costs_that_do_not_serve_classes(
    call: Callable[..., Any], files: Path, words: list[Any], says: str
) -> None:
    done = call("compare", files / "a.csv", *OF_KIND, *words)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


@pytest.mark.parametrize(
    "words",
    [
        ["--metric", "ballanced_accuracy"],
        ["--rare", "merg"],
        ["--objective", "f3"],
        ["--metric", "cost"],
        ["--costs", "absent.csv"],
    ],
)
def test_names_that_do_not_serve_classes(
    call: Callable[..., Any], files: Path, words: list[str]
) -> None:
    done = call("compare", files / "a.csv", *OF_KIND, *words)
    assert isinstance(done.exception, InputError)
    assert words[1] in str(done.exception)


def test_the_command_after_a_trial_of_classes_is_one_that_works(
    call: Callable[..., Any], files: Path
) -> None:
    words = ["compare", files / "a.csv", *OF_KIND, *QUICK]
    text = " ".join(call(*words).stderr.replace("\\\n", "").split())
    assert "--target kind --drop p --drop q --strategy" in text
    assert "--objective" not in text
    more = ["--rare", "merge", "--objective", "balanced_accuracy"]
    text = " ".join(call(*words, *more).stderr.replace("\\\n", "").split())
    assert "--objective balanced_accuracy" in text
    assert "--rare merge --out model.equipoise" in text


def test_unseen_kinds_of_a_column(call: Callable[..., Any], tmp_path: Path) -> None:
    """The column is no feature, and the next command leaves it out."""
    lines = ["x,kind,y"]
    for row in range(200):
        kind = ("up" if row % 20 else "down") if row % 10 == 0 else ""
        lines.append(f"{(row * 37 % 101) + 90 * bool(kind)},{kind},{int(bool(kind))}")
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines))
    shown = call(
        "compare",
        str(file),
        "--target",
        "y",
        "--unseen",
        "kind",
        "--strategies",
        "prior,plain",
        "--network",
        "linear",
        "--repeats",
        "1",
    )
    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.output.split())
    assert "each without one kind of positives" in text
    assert "down, 10 positives, unseen" in text
    assert "--drop kind" in text


def test_a_trial_that_is_stopped_early_says_that_nothing_is_saved(
    call: Callable[..., Any], folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    verb = importlib.import_module("equipoise.verbs.compare")
    monkeypatch.setattr(verb, "compare", stopped)
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    early = call(*words, "--out", tmp_path / "trial")
    assert "Nothing is saved yet" in " ".join(early.stderr.split())
    checkpoints = tmp_path / "trial" / ".checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "some.checkpoint").touch()
    later = call(*words, "--out", tmp_path / "trial")
    assert "it resumes from there" in " ".join(later.stderr.split())
    assert "Nothing is saved" not in later.stderr


def test_advice_of_a_trial_names_options(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """What is said of rare classes, in Python's words, on a screen of the program."""
    random = np.random.default_rng(0)
    kinds = ["a"] * 60 + ["b"] * 40 + ["c"] * 3 + ["d"] * 4
    cells = [f"{random.normal() + (k == 'b'):.3f},{k}" for k in kinds]
    source = tmp_path / "kinds.csv"
    source.write_text("\n".join(["x,kind", *cells]) + "\n")
    words = ["compare", source, "--target", "kind", "--strategies", "prior,plain"]
    words += ["--network", "linear", "--folds", 5, "--repeats", 1]
    shown = call(*words, "--out", tmp_path / "trial")
    assert shown.exit_code == 0, shown.output
    again = call("report", tmp_path / "trial")
    for done in (shown, again):
        text = " ".join(done.stdout.split())
        assert "--rare 'merge'" in text
        assert "rare=" not in text
