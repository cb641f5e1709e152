# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from equipoise.diagnosis.shift import column_shift, shifts
from equipoise.table.table import Table

Build = Callable[..., Table]


def test_p_value_equals_scipy(build: Build) -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 4, 500), random.integers(0, 4, 300)
    first = build([0] * 500, {"w": a.astype(str)})["w"]
    second = build([0] * 300, {"w": b.astype(str)})["w"]
    found = column_shift(first, second)
    table = [[int((x == k).sum()) for k in range(4)] for x in (a, b)]
    assert found.p_value == pytest.approx(
        stats.chi2_contingency(np.array(table), correction=False).pvalue
    )
    shares = np.array(table) / np.sum(table, axis=1, keepdims=True)
    assert found.distance == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)


def test_categories_are_matched_by_text_not_by_code(build: Build) -> None:
    first = build([0] * 60, {"w": ["a", "b", "c"] * 20})["w"]
    second = build([0] * 60, {"w": ["c", "a", "b"] * 20})["w"]
    assert column_shift(first, second).distance == 0


def test_the_level_holds_over_all_columns(noise: Build) -> None:
    alarms = 0
    for seed in range(60):
        table = noise(400, 40, seed=seed, columns=6)
        early, late = np.arange(200), np.arange(200, 400)
        alarms += bool(shifts(table, early, table, late, seed=0, alpha=0.05))
    assert alarms <= stats.binom.ppf(0.999, 60, 0.05)


@pytest.mark.parametrize("rows", [(80, 40), (40, 80), (160, 24), (60, 60)])
def test_the_level_holds_for_parts_of_few_rows(
    build: Build, rows: tuple[int, int]
) -> None:
    """Ranges of the first part were merged unless the second had many rows there."""
    random, alarms = np.random.default_rng(5), 0
    for _ in range(200):
        x = random.normal(size=sum(rows))
        first, second = (
            build([0] * len(part), {"x": part})["x"] for part in np.split(x, rows[:1])
        )
        alarms += column_shift(first, second).p_value <= 0.05
    assert alarms <= stats.binom.ppf(0.999, 200, 0.05)


def test_noise_foretells_the_mean_distance(build: Build) -> None:
    random = np.random.default_rng(0)
    distances, expected = [], []
    for _ in range(200):
        x = random.normal(size=600)
        shift = column_shift(
            build([0] * 300, {"x": x[:300]})["x"], build([0] * 300, {"x": x[300:]})["x"]
        )
        distances.append(shift.distance)
        expected.append(shift.noise)
    assert np.mean(distances) == pytest.approx(np.mean(expected), rel=0.1)


def test_missing_values_count_as_a_value(build: Build) -> None:
    x = np.random.default_rng(0).normal(size=500)
    gone = np.where(np.arange(500) < 250, np.nan, x)
    shift = column_shift(
        build([0] * 500, {"x": x})["x"], build([0] * 500, {"x": gone})["x"]
    )
    assert shift.distance == pytest.approx(0.5, abs=0.05)
    assert shift.p_value < 1e-6


def test_an_empty_column_shifts_nowhere(build: Build) -> None:
    empty = build([0] * 9, {"x": [np.nan] * 9})["x"]
    assert column_shift(empty, empty).p_value == 1
