# SPDX-License-Identifier: Apache-2.0
"""The curves of a report: brute force agrees, and lengths are bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.report.summary_curves import (
    POINTS,
    calibration_lines,
    explorer,
    ranking_curves,
)
from equipoise.verbs.trial import Trial


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


def test_calibration_groups_hold_every_row(summary: dict[str, Any]) -> None:
    lines = summary["calibration"]["lines"]
    assert [line["name"] for line in lines] == summary["highlighted"]
    for line in lines:
        assert sum(line["rows"]) == pytest.approx(600)
        hits = np.array(line["y"]) @ np.array(line["rows"])
        assert hits == pytest.approx(60, rel=1e-3)


def test_curves_are_bounded_and_only_some_have_bands(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(6_000, 500, repeats=2)
    found = {c["name"]: c for c in ranking_curves(trial, ["plain"])}
    assert list(found) == list(trial.names)
    for name, curves in found.items():
        for kind in ("precision_recall", "roc"):
            line = curves[kind]
            assert len(line["x"]) == len(line["y"]) <= 2 * POINTS
            assert ("low" in line) == (name == "plain")
    roc = found["plain"]["roc"]
    assert (roc["x"][0], roc["y"][-1]) == (0.0, 1.0)
    assert all(np.diff(roc["y"]) >= 0)
    for arm in explorer(trial)["arms"]:
        assert len(arm["points"]) <= POINTS + 4


def test_few_positives_have_few_groups(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(400, 20, ("plain",))
    data = calibration_lines(trial, ["plain"])
    assert data["log"]  # 5 in 100 are positive
    assert len(data["lines"][0]["x"]) <= 4
    for low, y, high in zip(
        *(data["lines"][0][key] for key in ("low", "y", "high")), strict=True
    ):
        assert low <= y <= high


def test_costs_are_the_trials_or_none(
    make_trial: Callable[..., Trial],
) -> None:
    given = explorer(make_trial(names=("plain",), costs=(2.0, 30.0)))
    assert (given["cost_fp"], given["cost_fn"], given["costs_given"]) == (2, 30, True)
    bare = explorer(make_trial(names=("plain",)))
    assert (bare["cost_fp"], bare["cost_fn"], bare["costs_given"]) == (
        None,
        None,
        False,
    )
