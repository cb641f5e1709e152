# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.label_noise import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _clear(build: Make, wrong: int = 0, rows: int = 1500) -> Any:
    random = np.random.default_rng(0)
    true = np.arange(rows) % 10 == 0
    x = {f"x{i}": random.normal(3.0 * true) for i in range(3)}
    y = true.copy()
    y[np.flatnonzero(true)[:wrong]] = False
    y[np.flatnonzero(~true)[:wrong]] = True
    return build(y, x)


def test_wrong_labels_are_found_by_row(build: Make, run: Make) -> None:
    found = run(CHECK, _clear(build, wrong=12))
    true = np.arange(1500) % 10 == 0
    assert found.severity == "info"
    hidden = set(np.flatnonzero(true)[:12]) & set(found.evidence["negative_rows"])
    slips = set(np.flatnonzero(~true)[:12]) & set(found.evidence["positive_rows"])
    assert len(hidden) + len(slips) >= 12
    assert found.evidence["suspect_positives"] > found.evidence["expected_positives"]


def test_hidden_positives_alone(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    true = np.arange(3000) % 5 == 0
    y = true.copy()
    y[np.flatnonzero(true)[:25]] = False
    found = run(CHECK, build(y, {"x": random.normal(9.0 * true)}))
    assert "negatives are positive" in found.message
    assert not set(found.evidence["negative_rows"]) - set(np.flatnonzero(true)[:25])
    assert "finds" not in found.message


def test_silent_on_right_labels_and_on_noise(
    build: Make, noise: Make, run: Make
) -> None:
    assert run(CHECK, _clear(build)) is None
    assert run(CHECK, noise(1500, 150)) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(100, 24)), NotApplicable)
    assert isinstance(run(CHECK, build([0, 1] * 30)), NotApplicable)
