# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.uncertainty import Spread, clopper_pearson, effective_wilson, wilson
from equipoise.uncertainty.score_interval import HELD, ClassPart, t_quantile


def test_a_share_of_many_independent_rows_gets_wilsons_interval() -> None:
    n, hits = 4000, 1200
    p = hits / n
    found = effective_wilson(Spread(p, p * (1 - p) / n, n))
    assert found == pytest.approx(wilson(hits, n), abs=2e-5)


@pytest.mark.parametrize("value", [0.0, 1e-12, 0.3, 1.0])
@pytest.mark.parametrize("variance", [0.0, 1e-9, 0.2, float("nan")])
@pytest.mark.parametrize("units", [1, 2, 8, 500])
def test_it_never_collapses_nor_leaves_the_range(value, variance, units) -> None:
    low, high = effective_wilson(Spread(value, variance, units))
    assert 0 <= low <= value <= high <= 1
    assert high - low > 1e-6


def test_less_information_and_higher_levels_widen() -> None:
    def width(units: float, variance: float, level: float = 0.95) -> float:
        low, high = effective_wilson(Spread(0.8, variance, units), level)
        return high - low

    assert width(8, 0.004) > width(12, 0.004) > width(200, 0.004)
    assert width(50, 0.01) > width(50, 0.001)
    assert width(50, 0.01, 0.99) > width(50, 0.01) > width(50, 0.01, 0.5)


def test_what_was_not_seen_widens_its_own_side() -> None:
    plain = effective_wilson(Spread(0.9, 0.002, 20))
    low = effective_wilson(Spread(0.9, 0.002, 20, unseen_low=0.01))
    high = effective_wilson(Spread(0.9, 0.002, 20, unseen_high=0.01))
    moved = effective_wilson(Spread(0.9, 0.002, 20, bias=0.05))
    assert low[0] < plain[0]
    assert low[1] == plain[1]
    assert high[0] == plain[0]
    assert high[1] > plain[1]
    assert moved[0] < plain[0]
    assert moved[1] == plain[1]


def test_arrays_equal_numbers() -> None:
    values, units = np.array([0.2, np.nan, 1.0]), np.array([8.0, 9.0, 10.0])
    low, high = effective_wilson(Spread(values, np.full(3, 0.01), units))
    assert np.isnan(low[1])
    for at in (0, 2):
        one = effective_wilson(Spread(values[at], 0.01, units[at]))
        assert (low[at], high[at]) == one


def test_t_quantile_equals_scipy() -> None:
    for freedom in (1, 3.5, 100):
        assert t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom))


def test_the_level_is_checked() -> None:
    with pytest.raises(InputError, match="level"):
        effective_wilson(Spread(0.5, 0.01, 8), 95)


@pytest.mark.parametrize("value", [0.6, 0.9, 0.998, 0.99999])
def test_what_is_added_for_an_unseen_unit_is_not_blown_up(value: float) -> None:
    """Near 1 the end solves Wilson's equation with the addition held at twice."""
    added, units, variance = 0.0017, 20.0, 1e-6
    low, _ = effective_wilson(Spread(value, variance, units, unseen_low=added))
    assert low >= value - 0.35
    largest = value * (1 - value)
    trials = 21 / (19 * variance / largest + 2 / 20)
    q = stats.t.ppf(0.975, 21)
    x = float(low)
    if value > 0.95:  # below, the scaled variance is the smaller one
        assert (value - x) ** 2 == pytest.approx(
            q * q * (x * (1 - x) / trials + HELD * added), rel=1e-6
        )


def test_both_sides_are_mirrored() -> None:
    low, high = effective_wilson(Spread(0.97, 0.001, 15, 0.003, 0.002, 0.0))
    other_low, other_high = effective_wilson(Spread(0.03, 0.001, 15, 0.002, 0.003))
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high))


def test_a_further_row_leaves_a_share_of_right_rows_exact() -> None:
    """Of values of 0 and 1 the ends are those of Clopper and Pearson."""
    n = 30
    for right in (30, 29, 20, 3):
        p = right / n
        part = ClassPart(p * (1 - p) / (n - 1), n, p, 1 - p)
        # The other method is left out of the way by a variance of nothing.
        low, high = effective_wilson(Spread(p, 0.0, 1e9, parts=(part,)))
        exact = clopper_pearson(right, n)
        assert low == pytest.approx(exact[0], abs=1e-4)
        assert high == pytest.approx(exact[1], abs=1e-4)


def test_a_further_row_counts_by_its_weight() -> None:
    part = ClassPart(0.0, 20, 0.99, 0.01)
    lows = [
        float(effective_wilson(Spread(0.99, 1e-6, 20, parts=(part,), weight_low=w))[0])
        for w in (0.0, 0.3, 1.0)
    ]
    assert lows == sorted(lows, reverse=True)
    assert lows[0] > 0.9 > lows[2] > 0.8


def test_one_row_of_a_class_says_next_to_nothing() -> None:
    part = ClassPart(float("nan"), 1, 1.0, 0.0)
    low, high = effective_wilson(Spread(1.0, 0.0, 1, parts=(part, part)))
    assert (low < 0.1, high) == (True, 1.0)
