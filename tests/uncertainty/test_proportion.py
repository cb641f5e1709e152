# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError, InputTypeError
from equipoise.uncertainty import clopper_pearson, effective_size, wilson
from equipoise.uncertainty.proportion import mid_p, normal_quantile


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("trials", [1, 8, 12, 500])
def test_equal_scipy(trials, level) -> None:
    for successes in {0, 1, trials // 2, trials - 1, trials}:
        test = stats.binomtest(successes, trials)
        for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
            reference = test.proportion_ci(level, method=method)
            low, high = ours(successes, trials, level)
            assert (low, high) == pytest.approx(tuple(reference), abs=1e-12)
            assert isinstance(low, float)
            assert 0 <= low < high <= 1


def test_arrays_and_no_trials() -> None:
    low, high = clopper_pearson(np.array([0.0, 9.0]), np.array([0.0, 12.0]))
    assert low.tolist() == [0.0, pytest.approx(0.42814, abs=1e-5)]
    assert high[0] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_clopper_pearson_covers_at_every_share() -> None:
    trials = 20
    low, high = clopper_pearson(np.arange(trials + 1.0), np.full(trials + 1, trials))
    for share in np.linspace(0, 1, 401):
        chance = stats.binom.pmf(np.arange(trials + 1), trials, share)
        assert chance[(low <= share) & (share <= high)].sum() >= 0.95 - 1e-12


def test_effective_size() -> None:
    assert effective_size(np.ones(7)) == pytest.approx(7)
    assert effective_size([5.0, 0.0]) == 1
    assert effective_size([]) == effective_size([0.0]) == 0


def test_normal_quantile_equals_scipy() -> None:
    for p in (0.001, 0.5, 0.975):
        assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p))


@pytest.mark.parametrize("bad", [(-1, 3), (4, 3), (float("nan"), 3)])
def test_successes_are_checked(bad) -> None:
    with pytest.raises(InputError, match="successes"):
        clopper_pearson(*bad)
    with pytest.raises(InputError, match="level"):
        wilson(1, 2, level=1.0)


@pytest.mark.parametrize("trials", [1, 12, 400])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_mid_p_halves_what_was_observed(trials: int, level: float) -> None:
    tail = (1 - level) / 2
    for hits in {0, 1, trials // 3, trials}:
        low, high = mid_p(hits, trials, level)
        wide = clopper_pearson(hits, trials, level)
        assert wide[0] <= low < high <= wide[1]
        at_low = stats.binom(trials, low)
        if hits:
            assert at_low.sf(hits) + at_low.pmf(hits) / 2 == pytest.approx(tail)
        at_high = stats.binom(trials, high)
        if hits < trials:
            below = at_high.cdf(hits - 1) + at_high.pmf(hits) / 2
            assert below == pytest.approx(tail)
    assert mid_p(0, trials)[0] == 0
    assert mid_p(trials, trials)[1] == 1


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_arrays_that_do_not_fit_are_refused(interval) -> None:
    with pytest.raises(InputTypeError, match="successes that are not numbers"):
        interval(["a", "b"], [3, 4])
    with pytest.raises(InputError, match="one shape"):
        interval([1, 2], [3, 4, 5])
