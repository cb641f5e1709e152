# SPDX-License-Identifier: Apache-2.0
"""`equipoise fit`."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError
from equipoise.strategies.learner_records import LEARNERS
from equipoise.table.generated_tasks import make_classes
from equipoise.trials import fewer_rows


def test_it_saves_a_model_that_loads(model: Path) -> None:
    loaded = eq.load(model)
    assert loaded.schema.names == ("amount", "city")
    assert [c.strategy.name for c in loaded.components] == ["logistic"]


def test_goals_reach_the_rule(folder: Path, call: Callable[..., Any]) -> None:
    out = folder / "costs.equipoise"
    words = ["fit", folder / "train.csv", "-t", "fraud", "--drop", "id", "--folds", 2]
    words += ["--strategy", "prior,logistic", "--minutes", 0.001, "--out", out]
    result = call(*words, "--cost-fp", 1, "--cost-fn", 9)
    assert result.exit_code == 0, result.output
    assert "# A model of fraud = 1" in result.stdout
    assert f"wrote {out}" in result.stdout.replace("\n", "")
    costs = eq.load(out).rule.costs
    assert costs is not None
    assert (costs.fp, costs.fn, costs.abstain) == (1.0, 9.0, None)
    undecided = call(*words, "--cost-fp", 1, "--cost-fn", 9, "--cost-abstain", 0.3)
    assert undecided.exit_code == 0, undecided.output
    assert "Leave undecided from" in undecided.stdout
    rule = eq.load(out).rule
    assert rule.lower is not None
    scores = folder / "scores.csv"
    told = call("predict", out, folder / "train.csv", "--out", scores)
    assert told.exit_code == 0, told.output
    left = scores.read_text().count(",-1\n")
    assert f"{left} undecided" in told.output.replace("\n", " ")
    judged = call("evaluate", out, folder / "train.csv")
    assert "rows are left undecided" in judged.output.replace("\n", " ")


def test_all_rows_are_learned_from_if_that_is_asked_for(
    folder: Path,
    tmp_path: Path,
    call: Callable[..., Any],
    next_line: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fewer_rows, "MANY_ROWS", 60)
    monkeypatch.setattr(fewer_rows, "LARGEST_PER_OTHER", 1)
    few = replace(LEARNERS["logistic"], fewer_rows=40)
    monkeypatch.setitem(LEARNERS, "logistic", few)
    words = [folder / "train.csv", "-t", "fraud", "--drop", "id", "--folds", 2]
    trial = ["compare", *words, "--strategies", "prior,logistic", "--repeats", 1]

    def facts(name: str, *more: str) -> tuple[dict[str, Any], str]:
        result = call(*trial, "--network", "linear", "--out", tmp_path / name, *more)
        assert result.exit_code == 0, result.output
        found = json.loads((tmp_path / name / "comparison.json").read_text())
        return found, next_line(result.output)

    some, line = facts("some")
    assert some["fewer_rows"]["logistic"]["fitted_on"]["0"] == 40
    assert "--all-rows" not in line
    every, line = facts("every", "--all-rows")
    assert "fewer_rows" not in every
    assert every["training"]["fewer_rows"] is False
    assert "--all-rows" in shlex.split(line)
    out = tmp_path / "m.equipoise"
    made = ["fit", *words, "--strategy", "logistic", "--minutes", 0.001, "--out", out]
    assert call(*made).exit_code == 0
    assert "fewer_rows" in eq.load(out).facts
    assert call(*made, "--all-rows").exit_code == 0
    assert "fewer_rows" not in eq.load(out).facts


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--precision-floor", "0.5", "--recall-floor", "0.5"], "two floors"),
        (["--certify", "0.95"], "without a floor"),
        (["--objective", "f1", "--capacity", "0.1"], "one goal"),
        (["--capacity", "2"], "capacity=2"),
        (["--objective", "fI"], "f1"),
        (["--strategy", "smot"], "smote"),
    ],
)
def test_wrong_goals_are_refused(
    folder: Path, call: Callable[..., Any], words: list[str], message: str
) -> None:
    out = folder / "never.equipoise"
    given = ["fit", folder / "train.csv", "-t", "fraud", "--drop", "id"]
    error = call(*given, "--out", out, *words).exception
    assert isinstance(error, InputError)
    assert message in str(error)
    assert not out.exists()


def test_usage_errors_exit_with_2(folder: Path, call: Callable[..., Any]) -> None:
    train = folder / "train.csv"
    assert call("fit", train, "-t", "fraud").exit_code == 2  # no --out
    one = call("fit", train, "-t", "fraud", "--out", "m.equipoise", "--cost-fp", 1)
    assert one.exit_code == 2
    assert "give both --cost-fp and --cost-fn" in one.output
    one = call("fit", train, "-t", "fraud", "--out", "m.equipoise", "--cost-abstain", 1)
    assert one.exit_code == 2
    assert "--cost-abstain" in one.output


def test_a_wrong_name_is_refused_before_training(
    folder: Path, call: Callable[..., Any]
) -> None:
    result = call("fit", folder / "train.csv", "-t", "fraud", "--out", "model.pkl")
    assert "Try 'model.equipoise'" in str(result.exception)


def test_a_place_that_cannot_be_written_is_refused_before_the_fit(
    folder: Path, call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("equipoise.verbs.fit.fit", never)
    words = ["fit", folder / "train.csv", "--target", "fraud", "--out"]
    error = call(*words, folder / "train.csv" / "m.equipoise").exception
    assert isinstance(error, InputError)
    assert "is a file" in str(error)


def test_a_model_that_finds_no_room_is_not_lost(
    folder: Path,
    call: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from equipoise.verbs.model import FittedModel

    save, out = FittedModel.save, tmp_path / "deep" / "m.equipoise"

    def full(model: FittedModel, path: Path) -> Path:
        if path == out:
            raise OSError(28, "No space left on device")
        return save(model, path)

    monkeypatch.setattr(FittedModel, "save", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = ["fit", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategy", "logistic", "--folds", 2, "--minutes", 0.001]
    done = call(*words, "--out", out)
    assert done.exit_code == 1
    assert "# A model of fraud" in done.stdout
    assert "so the result is in" in " ".join(done.output.split())
    (kept,) = tmp_path.rglob("m.equipoise")
    assert eq.load(kept).schema.target == "fraud"


# ---- several classes and labels


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows of four classes, d rare, of two labels, and costs."""
    place = tmp_path_factory.mktemp("classes")
    table = make_classes(173, counts=[90, 50, 30, 3], seed=1).table
    columns = [column.values for column in table.columns]
    lines = [",".join([*(f"x{j}" for j in range(len(columns))), "p", "q", "kind"])]
    for i, number in enumerate(table.labels()):
        cells = [*(f"{values[i]:.4f}" for values in columns)]
        cells += [str(int(number == 1)), str(int(number > 1)), "abcd"[number]]
        lines.append(",".join(cells))
    (place / "a.csv").write_text("\n".join(lines) + "\n")
    (place / "costs.csv").write_text("truth,b,a,c\na,1,0,1\nb,0,2,2\nc,9,9,0\n")
    wrong = {
        "square.csv": "truth,a,b\na,0,1\nb,2,0\n",
        "ragged.csv": "truth,a,b,c\na,0,1\nb,2,0,1\nc,1,1,0\n",
        "other.csv": "truth,e,b,c\ne,0,1,1\nb,2,0,2\nc,9,9,0\n",
    }
    for name, text in wrong.items():
        (place / name).write_text(text)
    return place


OF_KIND = ["--target", "kind", "--drop", "p", "--drop", "q"]
OF_LABELS = ["--targets", "p", "--targets", "q", "--drop", "kind"]
QUICK = ["--strategy", "logistic", "--folds", 3, "--minutes", 0.001]


def test_costs_of_classes_reach_the_rule(
    call: Callable[..., Any], files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m.equipoise"
    words = ["fit", files / "a.csv", *OF_KIND, *QUICK, "--folds", 5, "--out", out]
    done = call(*words, "--rare", "drop", "--costs", files / "costs.csv")
    assert done.exit_code == 0, done.output
    rule = eq.load(out).rule
    assert rule.classes == ("a", "b", "c")
    assert rule.costs.costs == ((0.0, 1.0, 1.0), (2.0, 0.0, 2.0), (9.0, 9.0, 0.0))
    scores = tmp_path / "scores.csv"
    told = call("predict", out, files / "a.csv", "--out", scores)
    assert told.exit_code == 0, told.output
    header, *lines = scores.read_text().replace('"', "").splitlines()
    assert header == "probability_a,probability_b,probability_c,decision"
    for line in lines:
        *p, decision = line.split(",")
        expected = np.array(p, float) @ np.array(rule.costs.costs)
        assert decision == "abc"[expected.argmin()]
    with_d = call("evaluate", out, files / "a.csv")
    assert "has the class 'd' in 3 rows" in str(with_d.exception)
    lines = (files / "a.csv").read_text().splitlines(keepends=True)
    left = tmp_path / "left.csv"
    left.write_text("".join(line for line in lines if not line.endswith(",d\n")))
    judged = call("evaluate", out, left)
    assert judged.exit_code == 0, judged.output
    assert "170 rows, 3 classes" in judged.output


@pytest.mark.parametrize("rare", ["keep", "merge", "drop"])
def test_rare_classes(
    call: Callable[..., Any], files: Path, tmp_path: Path, rare: str
) -> None:
    out = tmp_path / "m.equipoise"
    words = ["fit", files / "a.csv", *OF_KIND, *QUICK, "--folds", 5, "--out", out]
    done = call(*words, "--rare", rare)
    assert done.exit_code == 0, done.output
    assert len(eq.load(out).schema.classes) == (3 if rare == "drop" else 4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--objective", "balanced_accuracy"], "balanced accuracy"),
        (["--floor", "c:recall=0.8"], "c also if its probability"),
    ],
)
def test_goals_of_classes(
    call: Callable[..., Any], files: Path, tmp_path: Path, words: list[str], says: str
) -> None:
    out = tmp_path / "m.equipoise"
    done = call("fit", files / "a.csv", *OF_KIND, *QUICK, "--out", out, *words)
    assert done.exit_code == 0, done.output
    text = eq.load(out).rule.describe()
    assert says in text or "gives c a recall" in text


def test_goals_of_labels(call: Callable[..., Any], files: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.equipoise"
    words = ["fit", files / "a.csv", *OF_LABELS, *QUICK, "--out", out]
    for goal in (
        ["--objective", "subset_accuracy"],
        ["--cost-fp", 1, "--cost-fn", 4],
        ["--floor", "p:recall=0.8"],
    ):
        done = call(*words, *goal)
        assert done.exit_code == 0, done.output
    assert eq.load(out).rule.rules[0].objective == "recall"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--costs", "c.csv", "--cost-fp", 1, "--cost-fn", 2], "not both"),
        (["--costs", "c.csv", "--objective", "accuracy"], "not both"),
        (["--cost-fp", 1, "--cost-fn", 2], "has 4 classes: give --costs FILE"),
        (["--recall-floor", 0.9], "give --floor 'd:recall=0.9'"),
        (["--capacity", 0.1], "--capacity is for two classes"),
        (["--floor", "c=0.9"], "NAME:recall=NUMBER"),
    ],
)
def test_options_that_do_not_serve_classes(
    call: Callable[..., Any],
    files: Path,
    tmp_path: Path,
    words: list[Any],
    says: str,
) -> None:
    out = tmp_path / "m.equipoise"
    done = call("fit", files / "a.csv", *OF_KIND, "--out", out, *words)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--objective", "f3"], "f3"),
        (["--objective", "mcc"], "mcc"),
        (["--rare", "merg"], "merg"),
        (["--floor", "z:recall=0.9"], "'z'"),
        (["--costs", "absent.csv"], "cannot be read"),
        (["--costs", "square.csv"], "'c'"),
        (["--costs", "ragged.csv"], "3 cells in the line of 'a'"),
        (["--costs", "other.csv"], "'e'"),
    ],
)
def test_names_and_files_that_do_not_fit_the_classes(
    call: Callable[..., Any],
    files: Path,
    tmp_path: Path,
    words: list[str],
    says: str,
) -> None:
    option, value = words
    value = str(files / value) if option == "--costs" else value
    out = tmp_path / "m.equipoise"
    shown = ["fit", files / "a.csv", *OF_KIND, *QUICK, "--rare", "drop"]
    done = call(*shown, "--folds", 5, "--out", out, option, value)
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)
    assert not out.exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_stops_early_costs_no_model(folder: Path, tmp_path: Path) -> None:
    """As in `equipoise fit ... | head`: its card comes before the model is saved."""
    out = tmp_path / "m.equipoise"
    words = ["fit", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategy", "logistic", "--folds", 2, "--minutes", 0.001, "--out", out]
    program = "from equipoise.cli.app import main; main()"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert done.returncode == 0, done.stderr
    assert "Broken" not in done.stderr
    assert eq.load(out).components
