# SPDX-License-Identifier: Apache-2.0
"""Intervals of differences: within their limits, and of one mind with the test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.metrics import METRICS
from equipoise.uncertainty.differences import difference_ends, difference_limits

LIMITS = ((-1.0, 1.0), (-2.0, 2.0), (-0.06, 0.94))


@pytest.mark.parametrize("limits", LIMITS)
def test_they_stay_inside_and_exclude_0_exactly_if_the_test_does(limits) -> None:
    random = np.random.default_rng(0)
    for value in random.uniform(*limits, 400):
        for half in 10.0 ** random.uniform(-4, 3, 5):
            low, high = difference_ends(value, half, limits)
            assert limits[0] <= low <= value <= high <= limits[1]
            if abs(abs(value) - half) > 1e-9:
                assert (low > 0 or high < 0) == (abs(value) > half)
            assert value - half <= low
            assert high <= value + half


def coverage(units: int, means: tuple[float, float], trials: int) -> float:
    """How often the interval of a mean paired difference of shares holds the truth."""
    random, held = np.random.default_rng(units), 0
    quantile = stats.t.ppf(0.975, units - 1)
    for _ in range(trials):
        one, other = (random.beta(4 * m, 4 * (1 - m), units) for m in means)
        d = one - other
        half = quantile * d.std(ddof=1) / np.sqrt(units)
        low, high = difference_ends(d.mean(), half)
        held += low <= means[0] - means[1] <= high
    return held / trials


@pytest.mark.parametrize("means", [(0.5, 0.4), (0.9, 0.3), (0.98, 0.5)])
def test_cutting_at_the_limits_costs_no_coverage(means: tuple[float, float]) -> None:
    assert coverage(12, means, 400) >= 0.91


def test_turning_a_difference_round_turns_its_interval() -> None:
    low, high = difference_ends(0.4, 0.7, (-0.3, 0.8))
    assert difference_ends(-0.4, 0.7, (-0.8, 0.3)) == pytest.approx((-high, -low))


def test_a_narrow_interval_is_that_of_the_test() -> None:
    assert difference_ends(0.1, 1e-4) == pytest.approx((0.0999, 0.1001), abs=1e-7)
    assert difference_ends(0.1, 0.5, None) == (-0.4, 0.6)
    assert difference_ends(7.0, 2.0) == (5.0, 9.0)


def test_at_a_limit_and_without_an_error() -> None:
    assert difference_ends(1.0, 0.2) == (0.8, 1.0)
    assert difference_ends(0.0, 0.0) == (0.0, 0.0)
    assert difference_ends(0.2, math.inf) == (-1.0, 1.0)
    assert all(map(math.isnan, difference_ends(math.nan, 0.1)))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="half"):
        difference_ends(0.1, -0.1)


def test_every_metric_of_a_range_has_limits() -> None:
    for name, metric in METRICS.items():
        found = difference_limits(name)
        bounded = math.isfinite(metric.low) and math.isfinite(metric.high)
        assert (found is not None) == bounded
    assert difference_limits("no such metric") is None
