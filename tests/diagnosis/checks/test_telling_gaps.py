# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.telling_gaps import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _gappy(build: Make, share1: float, share0: float, rows: int = 3000) -> Any:
    random = np.random.default_rng(0)
    y = (np.arange(rows) % 10 == 0).astype(int)
    gone = random.random(rows) < np.where(y == 1, share1, share0)
    x = np.where(gone, np.nan, random.normal(size=rows))
    even = np.where(random.random(rows) < 0.2, np.nan, 1.0)
    return build(y, {"x": x, "even": even})


def test_gaps_that_tell_fire(build: Make, run: Make) -> None:
    found = run(CHECK, _gappy(build, 0.4, 0.1))
    assert found.severity == "info"
    assert found.evidence["columns"] == ["x"]
    assert run(CHECK, _gappy(build, 0.1, 0.9)).severity == "warning"


def test_silent_on_even_gaps(build: Make, run: Make) -> None:
    assert run(CHECK, _gappy(build, 0.2, 0.2)) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    one = build([0, 0], {"x": [np.nan, 1.0]})
    assert isinstance(run(CHECK, one), NotApplicable)


def test_silent_on_a_certain_but_small_difference(build: Make, run: Make) -> None:
    y = np.repeat([1, 0], [20_000, 80_000])
    place = np.r_[np.arange(20_000) % 100, np.arange(80_000) % 100]
    lost = place < np.where(y == 1, 4, 2)  # 4 % against 2 %: far beyond chance
    assert run(CHECK, build(y, {"x": np.where(lost, np.nan, place)})) is None
