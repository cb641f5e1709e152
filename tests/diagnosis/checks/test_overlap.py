# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.overlap import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_noise_is_a_warning(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(1000, 50))
    assert found.severity == "warning"
    assert "no region where positives gather" in found.message


def test_a_weak_gathering_is_an_info(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    y = (np.arange(2000) % 20 == 0).astype(int)
    found = run(CHECK, build(y, {"x": random.normal(1.5 * y)}))
    assert found.severity == "info"
    assert found.evidence["low"] > found.evidence["by_chance"]


def test_silent_where_the_classes_lie_apart(build: Make, run: Make) -> None:
    y = (np.arange(500) % 10 == 0).astype(int)
    x = np.random.default_rng(0).normal(8 * y)
    assert run(CHECK, build(y, {"x": x})) is None


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(100, 7)), NotApplicable)
    assert isinstance(run(CHECK, build([0, 1] * 30)), NotApplicable)
