# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.diagnosis.checks.more_data import CHECK, _advice, _gain
from equipoise.diagnosis.futility import LearningCurve
from equipoise.metrics.estimate import Estimate
from equipoise.table.generators import gaussian_shift

Make = Callable[..., Any]


def test_it_says_what_four_times_as_many_would_give(run: Make) -> None:
    table = gaussian_shift(800, positives=80, features=10, seed=1).table
    found = run(CHECK, table)
    assert found.severity == "info"
    assert "With 4 times the positives (320)" in found.message
    then = found.evidence["then"]
    assert then["low"] < then["value"] < then["high"]


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.0, 0.01, "little"), (0.0, 0.1, "may pay"), (0.05, 0.2, "pay off: collect")],
)
def test_the_advice_follows_the_gain(low: float, high: float, word: str) -> None:
    assert word in _advice(low, high, 0.02)


def test_not_applicable_with_the_reason(noise: Make, run: Make) -> None:
    assert "fewer than 30" in run(CHECK, noise(100, 20)).reason


def test_no_gain_is_called_so() -> None:
    nothing = LearningCurve(100, 4, gain=Estimate(0.001, 0.0, 0.004))
    assert _gain(nothing) == "no gain worth mentioning"
