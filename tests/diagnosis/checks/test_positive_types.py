# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.positive_types import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_scattered_positives_fire_with_rows(noise: Make, run: Make) -> None:
    table = noise(1000, 50)
    found = run(CHECK, table)
    kinds = ("safe", "borderline", "rare", "outlying")
    assert sum(found.evidence[kind] for kind in kinds) == pytest.approx(1)
    assert (table.y[found.evidence["outlying_rows"]] == 1).all()


def test_silent_where_most_are_safe(build: Make, run: Make) -> None:
    y = (np.arange(500) % 10 == 0).astype(int)
    x = np.random.default_rng(0).normal(8 * y)
    assert run(CHECK, build(y, {"x": x})) is None


def test_not_applicable(noise: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(100, 7)), NotApplicable)
