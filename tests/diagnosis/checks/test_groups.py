# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from equipoise.diagnosis.checks.groups import CHECK, dispersion
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


def test_groups_that_do_not_matter_are_an_info(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    y = random.random(2000) < 0.1
    found = run(CHECK, build(y, groups=random.integers(0, 15, 2000)))
    assert found.severity == "info"


def test_dispersion_equals_scipy() -> None:
    random = np.random.default_rng(1)
    groups, y = random.integers(0, 4, 400), random.integers(0, 2, 400)
    table = [[int(((groups == g) & (y == k)).sum()) for g in range(4)] for k in (0, 1)]
    expected = stats.chi2_contingency(np.array(table), correction=False).pvalue
    assert dispersion(groups, y) == pytest.approx(expected)
    assert dispersion(np.zeros(9, int), [0, 1, 0, 1, 0, 0, 0, 0, 0]) == 1


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, build([0, 1] * 100, groups=np.arange(200))) is None
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
