# SPDX-License-Identifier: Apache-2.0
"""`equipoise fit`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import equipoise as eq
from equipoise.errors import InputError


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
