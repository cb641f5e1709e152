# SPDX-License-Identifier: Apache-2.0
"""The summary: plain, bounded, and equal to what the trial says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.report.summary import summarise
from equipoise.report.summary_parts import highlighted
from equipoise.table.table import Dropped
from equipoise.verbs.trial import Trial


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


@pytest.mark.parametrize("options", [{}, {"repeats": 3}, {"costs": (1.0, 8.0)}])
@pytest.mark.parametrize("positives", [25, 60])
def test_box_explorer_screen_json_and_frame_say_the_same(
    make_trial: Callable[..., Trial], options: dict[str, Any], positives: int
) -> None:
    """One rule: every place where its figures are shown has the same digits."""
    trial = make_trial(500, positives, ("prior", "logistic", "plain"), **options)
    name = trial.verdict.choice
    e, arm = trial[name].evaluation, trial[name]
    y = trial.results.y
    # Brute force with the printed number, on the out-of-fold probabilities.
    screen = str(trial)
    printed = re.search(r"probability of ([\d.e-]+)", " ".join(screen.split()))
    assert printed is not None
    cut = float(printed[1].rstrip("."))
    on = arm.probability >= cut
    tp, fp = (on & y).sum(axis=1).mean(), (on & ~y).sum(axis=1).mean()
    assert e.confusion is not None
    assert (e.confusion.tp, e.confusion.fp) == pytest.approx((tp, fp), rel=1e-12)
    assert e["recall"].value == pytest.approx(tp / y.sum(), rel=1e-12)
    assert e["precision"].value == pytest.approx(tp / (tp + fp), rel=1e-12)

    summary = summarise(trial)
    box = {m["name"]: m["value"] for m in summary["decision"]["metrics"]}
    assert str(cut) in " ".join(summary["decision"]["sentences"])
    per = summary["decision"]["per_thousand"]
    assert per["tp"] == pytest.approx(1000 * tp / y.size)
    (shown,) = (a for a in summary["explorer"]["arms"] if a["name"] == name)
    threshold, *counts = shown["points"][shown["chosen"]]
    # Typing the number into the explorer: the last point from there upwards.
    typed = max(k for k, p in enumerate(shown["points"]) if k == 0 or p[0] >= cut)
    assert typed == shown["chosen"]
    assert threshold == pytest.approx(cut, rel=1e-5)
    assert counts == pytest.approx([tp, fp], rel=1e-11)
    for metric in ("recall", "precision", "f1"):
        assert shown["estimates"][metric]["value"] == e[metric].value
        assert shown["estimates"][metric]["low"] == e[metric].low

    (told,) = (a for a in trial.to_dict()["strategies"] if a["name"] == name)
    (row,) = (r for r in trial.frame("pyarrow").to_pylist() if r["strategy"] == name)
    for metric in ("recall", "precision", "f1"):
        value = e[metric].value
        assert told["decision"][metric]["value"] == row[metric] == value
        assert box[metric] == value
    assert told["threshold"] == row["threshold"] == e.threshold
    assert told["confusion"] == summary["decision"]["confusion"]
    if "costs" in options:
        assert e.threshold_range is None
    else:
        low, high = e.threshold_range or (0, 0)
        assert told["threshold_range"] == [low, high]
        assert f"the threshold would be {low:.2g} to {high:.2g}" in screen


def test_rows_left_undecided_are_told(make_trial: Callable[..., Trial]) -> None:
    costs = Costs(fp=1.0, fn=20.0, abstain=0.3)
    trial = make_trial(500, 60, ("logistic", "plain"), costs=costs)
    name = trial.verdict.choice
    arm, e = trial[name], trial[name].evaluation
    p, y = arm.probability[0], trial.results.y
    low, high = costs.band() or (0, 0)
    left = (p >= low) & (p < high)
    assert e["undecided"].value == pytest.approx(left.mean())
    assert e["cost"].value == pytest.approx(
        np.where(left, 0.3, np.where(p >= high, ~y * 1.0, y * 20.0)).mean()
    )
    assert e["cost"].low < e["cost"].value < e["cost"].high
    summary = summarise(trial)
    sentences = " ".join(summary["decision"]["sentences"])
    assert "leave it undecided from 0.015" in sentences
    assert "rows are left undecided" in sentences
    assert "leaving every row undecided 0.3" in sentences
    assert "Costs(fp=1, fn=20, abstain=0.3)" in " ".join(summary["next"])
    assert "--cost-abstain 0.3" in " ".join(summary["next"])
    assert summary["decision"]["confusion"]["left_positives"] == (left & y).sum()
    page = trial.report()
    assert "Undecided" in page
    assert "undecided from" in str(trial)
