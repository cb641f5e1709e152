# SPDX-License-Identifier: Apache-2.0
"""The summary: plain, bounded, and equal to what the trial says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from equipoise.table.table import Dropped
from equipoise.workflows.summary import highlighted, summarise
from equipoise.workflows.trial import Trial


@pytest.fixture(scope="module")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=("prior", "logistic", "plain", "focal", "sweep"))


@pytest.fixture(scope="module")
def summary(trial: Trial) -> dict[str, Any]:
    return summarise(trial)


def test_it_survives_json_unchanged(summary: dict[str, Any]) -> None:
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_one_trial_gives_one_summary(trial: Trial, summary: dict[str, Any]) -> None:
    assert summarise(trial) == summary


def test_the_leaderboard_is_the_trials(trial: Trial, summary: dict[str, Any]) -> None:
    board = summary["leaderboard"]
    assert [row["name"] for row in board] == list(trial.names)
    assert [row["name"] for row in board if row["best"]] == [trial.best.name]
    for row in board:
        found = trial[row["name"]].evaluation["average_precision"]
        assert row["average_precision"]["value"] == found.value
        assert row["average_precision"]["low"] == found.low


def test_at_most_three_arms_are_drawn_in_colour(trial: Trial) -> None:
    shown = highlighted(trial)
    assert shown[0] == trial.best.name
    assert "plain" in shown
    assert "prior" not in shown
    assert len(shown) == 3


def test_its_size_does_not_grow_with_the_rows(make_trial: Callable[..., Trial]) -> None:
    small = len(json.dumps(summarise(make_trial(600, 60))))
    large = len(json.dumps(summarise(make_trial(6_000, 400, repeats=2))))
    assert large < 4 * small
    assert large < 200_000


def test_it_speaks_of_the_test_file_and_of_costs(
    make_trial: Callable[..., Trial],
) -> None:
    summary = summarise(make_trial(later=True, objective="cost", costs=(1.0, 5.0)))
    assert summary["test"]["rows"] == 300
    assert summary["decision"]["goal"] == "expected cost"
    assert (summary["explorer"]["cost_fp"], summary["explorer"]["cost_fn"]) == (1, 5)
    assert [m["name"] for m in summary["decision"]["metrics"]][-1] == "cost"
    text = " ".join(summary["next"])
    assert "missed positive cost" not in text
    assert "came later" not in text


def test_what_was_left_out_is_told_once(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(
        dropped=(Dropped("id", "it is an identifier"),),
        notes=("Column 'id' left out because it is an identifier.", "Another note."),
    )
    data = trial.summary()["data"]
    assert data["dropped"] == [{"name": "id", "reason": "it is an identifier"}]
    assert data["notes"] == ["Another note."]
