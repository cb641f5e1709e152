# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.row_order import CHECK, runs_test
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_sorted_by_class_is_an_info(build: Make, run: Make) -> None:
    found = run(CHECK, build(np.repeat([0, 1], [900, 100])))
    assert found.severity == "info"
    assert found.evidence["runs"] == 2
    blocks = run(CHECK, build(np.tile(np.repeat([0, 1], [90, 40]), 10)))
    assert "20 blocks" in blocks.message


def test_a_trend_and_clusters_are_warnings(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    trend = random.random(4000) < np.linspace(0.02, 0.3, 4000)
    clusters = np.repeat(random.random(1000) < 0.1, 2)
    assert "first fifth" in run(CHECK, build(trend)).message
    assert "stand together" in run(CHECK, build(clusters)).message


def test_silent_on_a_random_order(noise: Make, run: Make) -> None:
    fired = sum(run(CHECK, noise(600, 60, seed=seed)) is not None for seed in range(50))
    assert fired == 0


def test_runs_test_by_permutation() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 20])
    runs = [runs_test(random.permutation(y))[0] for _ in range(4000)]
    _, expected, z = runs_test(y)
    assert expected == pytest.approx(np.mean(runs), rel=0.01)
    assert (2 - expected) / z == pytest.approx(np.std(runs), rel=0.05)


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    timed = build([0, 1] * 50, time=np.arange(100.0))
    assert "EQP013" in run(CHECK, timed).reason
