# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
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


def test_groups_are_counted_where_there_are_groups(noise: Make, run: Make) -> None:
    import dataclasses

    table = noise(480, 48)
    order = np.argsort(-table.y, kind="stable")
    groups = np.empty(480, np.int64)
    groups[order] = np.arange(480) // 12  # the positives lie in 4 groups
    found = run(CHECK, dataclasses.replace(table, groups=groups))
    assert "With 48 positives in 4 groups" in found.message
    assert found.evidence["positive_cases"] == 4
    assert found.evidence["recall_high"] - found.evidence["recall_low"] > 0.7
    assert found.advice.endswith("groups with a positive.")


def test_copies_are_counted_once(noise: Make, run: Make) -> None:
    table = noise(500, 12)
    copied = table.take(np.repeat(np.arange(500), np.where(table.y == 1, 30, 1)))
    found = run(CHECK, copied)
    assert "With 360 positives in 12 distinct rows" in found.message
    assert found.evidence["recall_low"] == pytest.approx(0.428, abs=1e-3)
    assert run(CHECK, copied, duplicates="ignore") is None
