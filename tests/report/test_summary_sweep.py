# SPDX-License-Identifier: Apache-2.0
"""The weight sweep: the same cuts as the weights, and none without a sweep."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from equipoise.report.summary import summarise
from equipoise.report.summary_sweep import sweep
from equipoise.strategies.catalogue import sweep_strategies
from equipoise.verbs.trial import Trial


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


def test_a_moved_threshold_is_that_of_the_weight_nearest_to_one(
    make_trial: Callable[..., Trial],
) -> None:
    names = ["plain", *sweep_strategies((0.5, 2, 8))]
    data = sweep(make_trial(names=names))
    assert data is not None
    assert data["weights"] == [0.5, 2, 8]
    assert data["base"] in ("weight_0.5", "weight_2")
    recalls = [point["recall"] for point in data["moved"]]
    assert recalls == sorted(recalls)
    for value, low, high in data["average_precision"]:
        assert low <= value <= high
