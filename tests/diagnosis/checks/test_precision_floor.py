# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.precision_floor import CHECK

Make = Callable[..., Any]


def test_impossible_with_fewer_than_the_flawless_number(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(500, 69), precision=0.8)
    assert found.severity == "warning"
    assert found.evidence["flawless_flagged"] == 14
    assert found.evidence["positives_at_least"] == 70
    assert run(CHECK, noise(500, 70), precision=0.8).severity == "info"


def test_silent_with_as_many_as_it_asks_for(noise: Make, run: Make) -> None:
    wanted = run(CHECK, noise(500, 20)).evidence["positives_for_power"]
    assert run(CHECK, noise(3 * wanted, wanted)) is None


def test_a_test_file_is_what_a_floor_is_certified_on(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(3000, 1000), noise(300, 13, seed=1))
    assert found.severity == "warning"
    assert "in the test file" in found.advice
    assert found.evidence["held_out_positives"] == 13


def test_copies_certify_nothing(noise: Make, run: Make) -> None:
    table = noise(500, 20)
    copied = table.take(np.repeat(np.arange(500), np.where(table.y == 1, 100, 1)))
    found = run(CHECK, copied)
    assert found.severity == "warning"
    assert found.evidence["held_out_positives"] == 4
    assert "4 distinct rows with a positive" in found.message
