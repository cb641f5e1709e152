# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from equipoise.uncertainty.proportion import fisher_p_value
from equipoise.uncertainty.sample_sizes import (
    auroc_error,
    auroc_interval,
    cases_for_power,
    difference_interval,
    flawless_needed,
    share_half_width,
    share_interval,
    smallest,
    trials_for_half_width,
)


def test_share_interval_is_clopper_pearson_at_whole_counts() -> None:
    reference = stats.binomtest(9, 12).proportion_ci(0.9, "exact")
    assert share_interval(0.75, 12, 0.9) == pytest.approx(tuple(reference))


@pytest.mark.parametrize("width", [0.1, 0.05, 0.02])
def test_trials_for_half_width_is_the_smallest(width: float) -> None:
    n = trials_for_half_width(0.8, width)
    assert share_half_width(0.8, n) <= width < share_half_width(0.8, n - 1)


def test_auroc_error_is_that_of_exponential_scores() -> None:
    # The model behind the formula: P(positive > negative) = 1 / (1 + rate).
    random = np.random.default_rng(0)
    negative = random.exponential(1.0, (3000, 1, 30))
    positive = random.exponential(9.0, (3000, 20, 1))
    simulated = (positive > negative).mean((1, 2)).std()
    assert auroc_error(0.9, 20, 30) == pytest.approx(simulated, rel=0.05)


def test_auroc_error_of_the_two_cases_of_the_question() -> None:
    assert 1.96 * auroc_error(0.85, 12, 300) == pytest.approx(0.138, abs=1e-3)
    assert 1.96 * auroc_error(0.85, 380, 8982) == pytest.approx(0.024, abs=1e-3)


def test_auroc_interval_covers_and_never_collapses() -> None:
    random = np.random.default_rng(1)
    true = stats.norm.cdf(1.5 / math.sqrt(2))
    inside = 0
    for _ in range(300):
        positive, negative = random.normal(1.5, 1, 15), random.normal(0, 1, 200)
        auroc = float((positive[:, None] > negative).mean())
        low, high = auroc_interval(auroc, 15, 200)
        assert high > low
        inside += low <= true <= high
    assert inside / 300 >= 0.95


@pytest.mark.parametrize(("floor", "needed"), [(0.5, 5), (0.8, 14), (0.9, 29)])
def test_flawless_needed_is_where_the_exact_bound_passes(
    floor: float, needed: int
) -> None:
    assert flawless_needed(floor) == needed
    for n, passes in [(needed, True), (needed - 1, False)]:
        low = stats.binomtest(n, n, alternative="greater").proportion_ci(0.95).low
        assert (low >= floor) is passes


@pytest.mark.parametrize(
    ("floor", "truth", "power", "level"),
    [(0.7, 0.9, 0.8, 0.95), (0.8, 0.9, 0.8, 0.95), (0.5, 0.6, 0.9, 0.9)],
)
def test_cases_for_power_by_brute_force(floor, truth, power, level) -> None:
    def passes(n: int) -> bool:
        hits = np.arange(n + 1)
        p = stats.binom.sf(hits - 1, n, floor)  # P(at least this many | floor)
        return bool(stats.binom.pmf(hits, n, truth)[p <= 1 - level].sum() >= power)

    first = next(n for n in range(1, 1000) if passes(n))
    assert cases_for_power(floor, truth, power, level) == first


def test_cases_for_power_beyond_a_thousand_is_close() -> None:
    n = cases_for_power(0.5, 0.53)
    hits = int(stats.binom.isf(0.05, n, 0.5)) + 1
    assert n > 1000
    assert stats.binom.sf(hits - 1, n, 0.53) == pytest.approx(0.8, abs=0.01)


def test_difference_interval_contains_the_difference_and_agrees_with_scipy() -> None:
    low, high = difference_interval(12, 586, 380, 9362)
    assert low < 12 / 586 - 380 / 9362 < high
    # Both ends have the sign that the exact test's rejection suggests.
    assert (high < 0) == (fisher_p_value((12, 574), (380, 8982)) < 0.05)


@given(st.integers(1, 10_000))
def test_smallest_finds_the_border(border: int) -> None:
    assert smallest(lambda n: n >= border) == border
