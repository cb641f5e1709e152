# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.shared_rows import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_copies_fire(noise: Make, run: Make) -> None:
    table = noise(500, 50)
    found = run(CHECK, table, table.take(np.arange(40)))
    assert found.severity == "error"
    assert found.evidence["shared_rows"] == 40
    assert found.evidence["shared_positives"] == int(table.y[:40].sum())


def test_silent_on_other_rows(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(500, 50), noise(100, 9, seed=1)) is None


def test_coincidences_are_told_from_copies(build: Make, run: Make) -> None:
    def dice(rows: int, seed: int) -> Any:
        random = np.random.default_rng(seed)
        y = random.integers(0, 2, rows)
        return build(y, {"a": random.integers(0, 6, rows)})

    found = run(CHECK, dice(500, 0), dice(100, 1))
    assert found.severity == "info"
    assert found.evidence["shared_rows"] == 100


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    bare = build([0, 1])
    assert isinstance(run(CHECK, bare, bare), NotApplicable)
