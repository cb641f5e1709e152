"""The corrected resampled t-test against its formula and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.comparison import RowsError, nadeau_bengio, with_rows
from equipoise.comparison.paired import variance_factor
from equipoise.errors import InputError


def test_it_equals_its_formula() -> None:
    d = np.random.default_rng(0).normal(0.03, 0.05, (5, 4))
    test = nadeau_bengio(d, test_share=0.25, level=0.9, limits=None)
    se = math.sqrt((1 / 20 + 0.25 / 0.75) * d.var(ddof=1))
    assert test.se == pytest.approx(se)
    assert test.p == pytest.approx(2 * stats.t.sf(d.mean() / se, 19))
    low, high = stats.t.interval(0.9, 19, d.mean(), se)
    assert (test.low, test.high) == pytest.approx((low, high))
    assert (test.df, test.splits, test.level) == (19, 20, 0.9)


@pytest.mark.parametrize("shape", [(1, 3), (1, 2), (2, 3)])
def test_intervals_stay_within_their_limits(shape: tuple[int, int]) -> None:
    """Few splits make wide intervals, and none of impossible differences."""
    for seed in range(200):
        random = np.random.default_rng(seed)
        d = np.clip(random.normal(random.uniform(-0.9, 0.9), 0.3, shape), -1, 1)
        test = nadeau_bengio(d, 1 / shape[1])
        assert -1 <= test.low <= test.mean <= test.high <= 1
        assert (test.low > 0 or test.high < 0) == (test.p < 0.05)
        free = nadeau_bengio(d, 1 / shape[1], limits=None)
        assert free.p == test.p
        rows = with_rows(test, RowsError(float(d.mean()), 0.4, 4))
        assert -1 <= rows.low <= rows.mean <= rows.high <= 1


def test_differences_beyond_the_limits_have_none() -> None:
    """Differences of costs are in their own unit."""
    test = nadeau_bengio([30.0, 50.0, 45.0], 1 / 3)
    assert test.high > 50


def test_without_correlation_it_is_the_plain_t_test() -> None:
    d = np.random.default_rng(1).normal(0.1, 0.3, 12)
    test = nadeau_bengio(d, test_share=1e-12)
    assert test.p == pytest.approx(stats.ttest_1samp(d, 0).pvalue, rel=1e-6)


def test_five_splits_need_nearly_two_standard_deviations() -> None:
    bar = stats.t.ppf(0.975, 4) * math.sqrt(variance_factor(5, 0.2))
    assert bar == pytest.approx(1.86, abs=0.01)
    corrected = stats.t.ppf(1 - 0.025 / 13, 4) * math.sqrt(variance_factor(5, 0.2))
    assert corrected == pytest.approx(4.04, abs=0.15)


def test_splits_without_a_value_are_left_out() -> None:
    d = np.array([0.1, np.nan, 0.2, 0.15])
    assert nadeau_bengio(d, 0.2) == nadeau_bengio(d[[0, 2, 3]], 0.2)


@pytest.mark.parametrize("d", [[], [0.1], [np.nan, 0.1]])
def test_fewer_than_two_splits_are_no_test(d: list[float]) -> None:
    test = nadeau_bengio(d, 0.2)
    assert math.isnan(test.p)
    assert "needs 2" in test.reason
    assert "no test" in str(test)


def test_equal_arms_have_p_one_and_constant_gaps_p_zero() -> None:
    assert nadeau_bengio(np.zeros(5), 0.2).p == 1.0
    assert nadeau_bengio(np.full(5, 0.25), 0.2).p == 0.0


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="test_share"):
        nadeau_bengio([0.1, 0.2], share)


def test_infinite_differences_are_refused() -> None:
    with pytest.raises(InputError, match="infinite"):
        nadeau_bengio([0.1, np.inf], 0.2)


@pytest.mark.parametrize(("se", "df"), [(0.001, 7), (0.2, 7), (0.2, 400)])
def test_the_larger_error_decides(se: float, df: float) -> None:
    d = np.random.default_rng(0).normal(0.03, 0.05, (5, 5))
    alone = nadeau_bengio(d, 0.2, level=0.9)
    both = with_rows(alone, RowsError(0.07, se, df), limits=None)
    error, freedom = max(alone.se, se), min(24, df)
    assert (both.mean, both.se, both.df) == (0.07, error, freedom)
    assert both.p == pytest.approx(2 * stats.t.sf(0.07 / error, freedom))
    low, high = stats.t.interval(0.9, freedom, 0.07, error)
    assert (both.low, both.high) == pytest.approx((low, high))
    assert (both.sd, both.splits, both.level) == (alone.sd, 25, 0.9)


def test_what_is_not_known_of_the_rows_leaves_the_splits() -> None:
    alone = nadeau_bengio([0.05, 0.03, 0.06, 0.02, 0.04], 0.2)
    both = with_rows(alone, RowsError(0.05, math.nan, 0))
    assert (both.mean, both.se, both.df) == (0.05, alone.se, 4)
    none = with_rows(nadeau_bengio([0.1], 0.2), RowsError(0.1, 0.02, 11))
    assert math.isnan(none.p)
    assert none.mean == 0.1
    lost = with_rows(alone, RowsError(math.nan, 0.02, 11))
    assert math.isnan(lost.mean)


def test_equal_arms_have_p_one_by_either_error() -> None:
    none = with_rows(nadeau_bengio(np.zeros(5), 0.2), RowsError(0.0, 0.0, 11))
    assert (none.p, none.low, none.high) == (1.0, 0.0, 0.0)
