# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.groups import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def test_positives_from_few_groups_fire(build: Make, run: Make) -> None:
    y = np.repeat([0, 1], [900, 200])
    groups = np.r_[np.arange(900), 1000 + np.arange(200) % 5]
    found = run(CHECK, build(y, groups=groups))
    assert found.severity == "warning"
    assert found.evidence["effective_groups"] == pytest.approx(5)


def test_unequal_groups_count_less(build: Make, run: Make) -> None:
    y = np.repeat([0, 1], [100, 100])
    groups = np.r_[np.arange(100), np.full(91, 200), 300 + np.arange(9)]
    found = run(CHECK, build(y, groups=groups))
    assert found.evidence["groups"] == 10
    assert found.evidence["effective_groups"] == pytest.approx(100**2 / (91**2 + 9))


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, build([0, 1] * 100, groups=np.arange(200))) is None
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
