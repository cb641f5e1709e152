# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.file_shift import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_a_shifted_column_fires(build: Make, noise: Make, run: Make) -> None:
    table, test = noise(2000, 200), noise(500, 50, seed=1)
    x = {c.name: c.values for c in test.columns}
    x["x1"] = x["x1"] + 1
    found = run(CHECK, table, build(test.y, x))
    assert found.severity == "warning"
    assert found.evidence["columns"] == ["x1"]


def test_silent_on_a_random_part(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(2000, 200), noise(500, 50, seed=1)) is None


def test_another_prevalence_alone_is_no_shift(build: Make, run: Make) -> None:
    def make(positives: int, seed: int) -> Any:
        random = np.random.default_rng(seed)
        y = np.repeat([0, 1], [2000, positives])
        return build(y, {"x": random.normal(3 * y)})

    assert run(CHECK, make(1500, 0), make(20, 1)) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    assert isinstance(run(CHECK, build([0, 1]), build([0, 1])), NotApplicable)
    rare = build([1, 1], {"x0": [1.0, 2.0], "x1": [1.0, 2.0]})
    assert isinstance(run(CHECK, noise(90, 8), rare), NotApplicable)
