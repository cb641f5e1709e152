# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import InputError
from equipoise.verbs.trial import Trial


def test_the_leaderboard_is_in_order(trial: Trial) -> None:
    values = [trial[name].evaluation["average_precision"].value for name in trial.names]
    assert values == sorted(values, reverse=True)
    assert trial.names[-1] == "prior"


def test_the_verdict_and_the_best_agree(trial: Trial) -> None:
    assert trial.best.name == trial.verdict.choice
    prior = trial.verdict.arms["prior"]
    assert prior.difference.value < -0.2
    assert prior.outcome in ("worse", "cannot tell")  # six splits tell little
    assert str(trial.verdict).endswith(".")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frame(trial: Trial, library: str) -> None:
    frame = trial.frame(library)
    assert frame.shape[0] == 4
    names = frame["strategy"].to_pylist() if library == "pyarrow" else frame["strategy"]
    assert list(names) == list(trial.names)


def test_comparison_json(trial: Trial, tmp_path: Path) -> None:
    written = trial.write(tmp_path / "new" / "folder")
    path = tmp_path / "new" / "folder" / "comparison.json"
    assert path in written
    data: dict[str, Any] = json.loads(path.read_text())
    for key in ("task", "rows", "positives", "seed", "splits", "strategies", "best"):
        assert key in data
    assert data["rows"] == 500
    assert data["positives"] == 60
    assert data["splits"]["folds"] == 3
    training = data["training"]
    assert (training["network"], training["patience"]) == ("default", 10)
    assert training["memory_limit"] == 4 * 2**30
    # Two arms of networks, three folds, four copies; both repeats group alike.
    assert training["groups"] == [[24]]
    by_name = {arm["name"]: arm for arm in data["strategies"]}
    plain = by_name["plain"]
    assert plain["difference_to_plain"] == {}
    difference = by_name["prior"]["difference_to_plain"]["average_precision"]
    assert difference["low"] < difference["value"] < difference["high"] < 0
    for metric in ("average_precision", "roc_auc", "brier"):
        assert set(plain[metric]) >= {"value", "low", "high"}
    assert plain["seconds"] > 0
    assert data["verdict"] == str(trial.verdict)
    assert data["detectable_difference"] is None or data["detectable_difference"] > 0


def test_writing_twice_gives_the_same_file(trial: Trial, tmp_path: Path) -> None:
    first = trial.write(tmp_path)[0].read_bytes()
    assert trial.write(tmp_path)[0].read_bytes() == first


def test_the_test_file_is_scored_by_the_average_of_the_fold_models(
    trial: Trial,
) -> None:
    found = trial.test["plain"]
    assert (found.rows, found.positives) == (300, 12)
    assert 0.5 < found["roc_auc"].value < 1
    assert trial.test["prior"]["roc_auc"].value == 0.5


def test_printing(trial: Trial) -> None:
    text = str(trial)
    assert str(trial.verdict).split(";")[0][:60] in " ".join(text.split())
    assert "average precision" in text
    assert "60 of 500 rows" in text
    assert all(name in text for name in trial.names)
    assert max(map(len, text.splitlines())) <= 100
    assert "nan" not in text


def test_an_unknown_arm(trial: Trial) -> None:
    with pytest.raises(InputError, match="Did you mean 'plain'"):
        trial["plane"]


def test_seconds_and_updates(trial: Trial) -> None:
    assert trial.scores.updates["plain"] > 0
    assert not math.isnan(trial.seconds)
    assert sum(trial.scores.seconds.values()) <= trial.seconds


def test_a_trial_is_short_where_it_is_not_printed(trial: Trial) -> None:
    assert repr(trial).startswith("<Trial of ")
    assert "on 500 rows; " in repr(trial)
    assert str(trial.verdict) in repr(trial)
    assert len(repr(trial)) < 400
