# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.rare_categories import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _words(rows: int, kinds: int, seed: int = 0) -> Any:
    numbers = np.random.default_rng(seed).integers(0, kinds, rows)
    return np.array([f"w{i}" for i in numbers])


def test_singletons_fire_and_foretell_the_unseen(build: Make, run: Make) -> None:
    y = np.arange(1000) % 2
    found = run(CHECK, build(y, {"w": _words(1000, 700)}))
    assert found.severity == "warning"
    seen = set(_words(1000, 700))
    unseen = np.mean([w not in seen for w in _words(20_000, 700, seed=1)])
    assert found.evidence["unseen_share"][0] == pytest.approx(unseen, abs=0.03)


def test_a_test_file_is_counted(build: Make, run: Make) -> None:
    table = build([0, 1] * 50, {"w": ["a", "b"] * 50})
    test = build([0, 1] * 5, {"w": ["c", "a"] * 5})
    found = run(CHECK, table, test)
    assert found.evidence["unseen_share"] == [0.5]
    assert run(CHECK, table, build([0, 1] * 5, {"w": ["", "a"] * 5})) is None


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    y = np.arange(1000) % 2
    assert run(CHECK, build(y, {"w": _words(1000, 20)})) is None
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
