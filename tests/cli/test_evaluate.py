# SPDX-License-Identifier: Apache-2.0
"""`equipoise evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equipoise as eq
from equipoise.errors import TargetError
from equipoise.verbs.evaluate import evaluate_model


def test_it_prints_every_metric_with_its_interval(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    result = call("evaluate", model, folder / "later.csv")
    assert result.exit_code == 0, result.output
    assert str(eq.load(model).evaluate(folder / "later.csv")) in result.stdout
    for text in ("roc_auc", "recall", "caught", "Prevalence", "no change is shown"):
        assert text in " ".join(result.stdout.split())


def test_it_says_what_it_is_doing(folder: Path, model: Path) -> None:
    said: list[str] = []
    evaluate_model(eq.load(model), folder / "later.csv", slices=True, say=said.append)
    assert said == [
        "150 rows are scored",
        "searching for parts of the rows with more errors",
        "computing the intervals on 150 rows",
    ]


def test_plain_data(folder: Path, model: Path, call: Callable[..., Any]) -> None:
    result = call("evaluate", model, folder / "later.csv", "--json", "--level", 0.9)
    data = json.loads(result.stdout)
    assert data["rows"] == 150
    assert data["level"] == 0.9
    assert set(data["metrics"]) >= {"roc_auc", "precision", "recall"}


def test_training_rows_are_told(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    """Once: a warning beside it would say the same again, and is an error here."""
    result = call("evaluate", model, folder / "train.csv")
    assert result.stdout.count("240 of 240 rows") == 1
    assert result.stdout.startswith("warning: 240 of 240 rows")
    assert "evaluate on others" in result.stdout
    plain = call("evaluate", model, folder / "train.csv", "--json")
    assert "240 of 240 rows" in json.loads(plain.stdout)["notes"][-1]


def test_rows_without_the_target_are_an_error(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    error = call("evaluate", model, folder / "new.csv").exception
    assert isinstance(error, TargetError)


def test_slices_are_searched(
    folder: Path, model: Path, call: Callable[..., Any]
) -> None:
    result = call("evaluate", model, folder / "later.csv", "--slices", "all")
    assert result.exit_code == 0, result.output
    assert "shares of parts of the rows" in result.stdout
    one = call("evaluate", model, folder / "later.csv", "--slices", "city")
    assert "4 shares of parts of the rows" in one.stdout
