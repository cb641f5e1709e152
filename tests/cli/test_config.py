# SPDX-License-Identifier: Apache-2.0
"""Options in a TOML file: what is written is what is read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from equipoise.cli.config import read_config, toml_value

KEYS = {"source": "source", "target": "target", "cost-fp": "cost_fp", "drop": "drop"}


@pytest.mark.parametrize(
    "value", ["a", 'quote " and \\ and é', True, 3, 0.25, ["x", "y\n"], Path("a/b")]
)
def test_values_come_back(value: Any) -> None:
    read = tomllib.loads(f"v = {toml_value(value)}")["v"]
    assert read == (str(value) if isinstance(value, Path) else value)


def test_a_file_may_have_a_table_per_verb(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('[compare]\ntarget = "y"\ncost_fp = 2\n[fit]\ntarget = "z"\n')
    assert read_config(path, "compare", KEYS) == {"target": "y", "cost_fp": 2}
    assert read_config(path, "fit", KEYS) == {"target": "z"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('targett = "y"', "Did you mean 'target'"),
        ("target = ", "no TOML file"),
        ("[drop]\nx = 1", "no option"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_config(tmp_path: Path, text: str | None, match: str) -> None:
    path = tmp_path / "t.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(typer.BadParameter, match=match):
        read_config(path, "compare", KEYS)


def test_a_trial_from_a_file(
    folder: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "trial.toml"
    words = ["compare", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategies", "prior,logistic", "--network", "linear", "--folds", 2]
    words += ["--repeats", 1, "--cost-fp", 1, "--cost-fn", 9, "--out", tmp_path / "a"]
    written = call(*words, "--write-config", path)
    assert written.exit_code == 0, written.output
    assert not (tmp_path / "a").exists()
    data = tomllib.loads(path.read_text())
    assert data["source"] == str(folder / "train.csv")
    assert data["drop"] == ["id"]
    assert data["cost-fn"] == 9.0
    assert "seed" not in data
    assert call(*words).exit_code == 0
    again = call("compare", "--config", path, "--out", tmp_path / "b", "--seed", 0)
    assert again.exit_code == 0, again.output
    one, two = (
        json.loads((tmp_path / name / "comparison.json").read_text())["strategies"]
        for name in ("a", "b")
    )
    assert [{**arm, "seconds": 0} for arm in one] == [
        {**arm, "seconds": 0} for arm in two
    ]
    other = call("compare", "--config", path, "--folds", 3, "--out", tmp_path / "c")
    assert other.exit_code == 0, other.output
    split = json.loads((tmp_path / "c" / "comparison.json").read_text())["splits"]
    assert split["folds"] == 3
    path.write_text("nonsense = 1\n")
    assert call("compare", "--config", path).exit_code == 2


def test_a_fit_from_a_file_with_a_test_file(
    folder: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "fit.toml"
    words = ["fit", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--strategy", "logistic", "--folds", 2, "--minutes", 0.001]
    words += ["--test", folder / "later.csv", "--out", tmp_path / "m.equipoise"]
    assert call(*words, "--write-config", path).exit_code == 0
    assert not (tmp_path / "m.equipoise").exists()
    made = call("fit", "--config", path)
    assert made.exit_code == 0, made.output
    assert "On later.csv:" in made.output
    assert "150 rows" in made.output
    assert (tmp_path / "m.equipoise").exists()


def test_scores_to_standard_output(
    folder: Path, model: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    assert call("predict", model, folder / "new.csv", "--out", path).exit_code == 0
    piped = call("predict", model, folder / "new.csv", "--out", "-")
    assert piped.exit_code == 0, piped.output
    assert piped.stdout == path.read_text()
    assert "90 rows" in piped.stderr


def test_a_page_of_an_evaluation(
    folder: Path, model: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    page = tmp_path / "new" / "e.html"
    done = call("evaluate", model, folder / "later.csv", "--html", page)
    assert done.exit_code == 0, done.output
    html = page.read_text()
    assert "Evaluation of fraud.equipoise on later.csv" in html
    assert "Average precision" in html
    wrong = call("evaluate", model, folder / "later.csv", "--html", model)
    assert wrong.exit_code != 0
