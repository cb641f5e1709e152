# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.diagnosis.checks.estimate_precision import CHECK
from equipoise.diagnosis.finding import Finding

Make = Callable[..., Any]


def test_few_positives_fire_with_the_exact_interval(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(500, 12))
    assert isinstance(found, Finding)
    assert found.severity == "warning"
    assert "0.43 to 0.95" in found.message
    assert found.evidence["recall_low"] == pytest.approx(0.428, abs=1e-3)


def test_silent_from_the_number_that_it_asks_for(noise: Make, run: Make) -> None:
    needed = run(CHECK, noise(500, 12)).evidence["positives_needed"]
    assert run(CHECK, noise(2000, needed)) is None
    assert run(CHECK, noise(2000, needed - 1)).severity == "info"


def test_a_test_file_is_what_counts(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(9000, 380), noise(586, 12, seed=1))
    assert found.severity == "warning"
    assert "On the test file's 12 positives" in found.message
    assert "0.43 to 0.95" in found.message
    assert "the table's 380 positives" in found.advice
    lacking = run(CHECK, noise(900, 80), noise(90, 0, seed=1))
    assert lacking.reason == "the test file lacks a class"
