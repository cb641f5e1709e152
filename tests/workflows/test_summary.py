# SPDX-License-Identifier: Apache-2.0
"""The summary: plain, bounded, and equal to what the trial says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.strategies.catalogue import sweep_strategies
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


def test_letters_agree_with_the_verdict(trial: Trial, summary: dict[str, Any]) -> None:
    letters = {row["name"]: set(row["letters"]) for row in summary["leaderboard"]}
    for name, verdict in trial.conclusion.arms.items():
        apart = not letters[name] & letters["plain"]
        assert apart == (verdict.outcome in ("better", "worse"))
    assert trial.conclusion.arms["prior"].outcome == "worse"


def test_the_explorer_counts_as_brute_force_does(
    trial: Trial, summary: dict[str, Any]
) -> None:
    data = summary["explorer"]
    y = trial.results.y
    assert data["positives"] == y.sum()
    for arm in data["arms"]:
        probability = trial[arm["name"]].probability[0]
        assert arm["points"][0] == [None, 0.0, 0.0]
        assert arm["points"][-1][1:] == [y.sum(), (~y).sum()]
        for k, (threshold, tp, fp) in enumerate(arm["points"][1:], 1):
            # Thresholds are rounded to six digits, which may pass a row by.
            slack = 0 if k == arm["chosen"] else 1e-6 * threshold
            flagged = probability >= threshold - slack
            assert abs((flagged & y).sum() - tp) <= 1
            assert abs((flagged & ~y).sum() - fp) <= 2


def test_the_explorer_starts_at_the_trials_threshold(
    trial: Trial, summary: dict[str, Any]
) -> None:
    for arm in summary["explorer"]["arms"]:
        wanted = trial[arm["name"]].evaluation.threshold
        assert wanted is not None
        start = arm["points"][arm["chosen"]]
        assert start[0] == pytest.approx(wanted, rel=1e-5)
        flagged = trial[arm["name"]].probability[0] >= wanted
        assert start[1] + start[2] == flagged.sum()


def test_the_sweep_cuts_at_the_weight(trial: Trial, summary: dict[str, Any]) -> None:
    data = summary["sweep"]
    y = trial.results.y
    assert data["weights"] == [1, 1.5, 2, 3, 5, 7, 10, 14, 20, 30]
    for source in ("weighted", "moved"):
        for weight, point in zip(data["weights"], data[source], strict=True):
            name = f"weight_{weight:g}" if source == "weighted" else "weight_1"
            flagged = trial.scores.log_odds[name][0] >= -math.log(weight)
            assert point["recall"] == pytest.approx(flagged[y].mean())
            assert point["precision"] == pytest.approx(y[flagged].mean())


def test_there_is_no_sweep_of_two_weights(make_trial: Callable[..., Trial]) -> None:
    names = ["plain", *sweep_strategies((1, 30))]
    assert summarise(make_trial(names=names))["sweep"] is None


def test_calibration_groups_hold_every_row(summary: dict[str, Any]) -> None:
    lines = summary["calibration"]["lines"]
    assert [line["name"] for line in lines] == summary["highlighted"]
    for line in lines:
        assert sum(line["rows"]) == pytest.approx(600)
        hits = np.array(line["y"]) @ np.array(line["rows"])
        assert hits == pytest.approx(60, rel=1e-3)


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


def test_more_repeats_are_advised_only_while_they_help(
    make_trial: Callable[..., Trial],
) -> None:
    once, often = (" ".join(make_trial(repeats=r).summary()["next"]) for r in (1, 5))
    assert "repeats=5" in once
    assert "repeats=5" not in often
    assert "more positives would" in often


def test_words_name_the_protocol(summary: dict[str, Any]) -> None:
    text = {m["term"]: m["text"] for m in summary["methods"]}
    assert "4/5 of this table" in text["What is estimated"]
    assert "600 rows with 60 positives" in text["Rows"]
    assert text["Splits"].startswith("5 folds, 1 repeat, at random")
    assert text["Seed"].startswith("0.")
    assert set(summary["versions"]) >= {"python", "tensorflow", "equipoise"}


def test_what_was_left_out_is_told_once(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(
        dropped=(Dropped("id", "it is an identifier"),),
        notes=("Column 'id' left out because it is an identifier.", "Another note."),
    )
    data = trial.summary()["data"]
    assert data["dropped"] == [{"name": "id", "reason": "it is an identifier"}]
    assert data["notes"] == ["Another note."]
