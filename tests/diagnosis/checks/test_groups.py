# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from equipoise.diagnosis.checks.groups import CHECK, _moments, dispersion
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


def test_dispersion_agrees_with_chi_square_where_that_holds() -> None:
    random = np.random.default_rng(1)
    groups, y = random.integers(0, 4, 4000), random.integers(0, 2, 4000)
    table = [[int(((groups == g) & (y == k)).sum()) for g in range(4)] for k in (0, 1)]
    expected = stats.chi2_contingency(np.array(table), correction=False).pvalue
    assert dispersion(groups, y) == pytest.approx(expected, abs=2e-3)
    assert dispersion(np.zeros(9, int), [0, 1, 0, 1, 0, 0, 0, 0, 0]) == 1
    assert dispersion(np.arange(9), [0, 1, 0, 1, 0, 0, 0, 0, 0]) == 1
    assert dispersion(np.arange(9) // 2, np.zeros(9)) == 1


def test_moments_of_the_dispersion_against_all_arrangements() -> None:
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    size = np.bincount(groups).astype(float)
    values = [
        np.sum(np.bincount(groups[list(rows)], minlength=4) ** 2 / size)
        for rows in itertools.combinations(range(10), 4)
    ]
    mean, variance = _moments(size, 4.0)
    assert mean == pytest.approx(np.mean(values))
    assert variance == pytest.approx(np.var(values))


@pytest.mark.parametrize(("rows", "size", "share"), [(4000, 2, 0.01), (4000, 4, 0.003)])
def test_dispersion_holds_its_level_in_small_groups(rows, size, share) -> None:
    random = np.random.default_rng(2)
    groups = random.integers(0, rows // size, rows)
    rejected = 0
    for _ in range(400):
        y = np.zeros(rows)
        y[random.choice(rows, int(rows * share), replace=False)] = 1
        rejected += dispersion(groups, y) <= 0.05
    assert rejected / 400 <= 0.085  # chi-square's own reference rejects 0.27 here


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, build([0, 1] * 100, groups=np.arange(200))) is None
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
