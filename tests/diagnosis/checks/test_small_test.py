# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.small_test import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_twelve_positives_separate_nothing_small(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(900, 80), noise(586, 12, seed=1))
    assert found.severity == "warning"
    assert found.evidence["disagreements_needed"] == 6
    assert found.evidence["provable_difference"] == pytest.approx(0.5)


def test_the_number_of_disagreements_is_the_exact_sign_test(
    noise: Make, run: Make
) -> None:
    d = run(CHECK, noise(90, 8), noise(90, 8)).evidence["disagreements_needed"]
    assert 2 * 0.5**d <= 0.05 < 2 * 0.5 ** (d - 1)


@pytest.mark.parametrize("positives", [0, 5])
def test_fewer_than_the_disagreements(noise: Make, run: Make, positives: int) -> None:
    found = run(CHECK, noise(90, 8), noise(90, positives))
    assert "cannot tell any two models apart" in found.message


def test_silent_with_many_and_not_applicable_without(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(90, 8), noise(900, 120)) is None
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)


def test_copies_in_the_test_file_are_counted_once(noise: Make, run: Make) -> None:
    later = noise(586, 12, seed=1)
    copied = later.take(np.repeat(np.arange(586), np.where(later.y == 1, 20, 1)))
    found = run(CHECK, noise(900, 80), copied)
    assert "240 positives in 12 distinct rows" in found.message
    assert found.evidence["provable_difference"] == pytest.approx(0.5)
