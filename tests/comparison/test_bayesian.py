"""Posteriors against the t distribution, and against exact enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from equipoise.comparison import bayesian_correlated_t, bayesian_signed_rank
from equipoise.errors import InputError


@pytest.mark.parametrize(("share", "rope"), [(0.2, 0.01), (0.1, 0.0), (0.5, 0.2)])
def test_correlated_t_equals_the_closed_form(share: float, rope: float) -> None:
    d = np.random.default_rng(2).normal(0.02, 0.06, 15)
    scale = math.sqrt((1 / 15 + share / (1 - share)) * d.var(ddof=1))
    beliefs = bayesian_correlated_t(d, share, rope)
    posterior = stats.t(14, d.mean(), scale)
    assert beliefs.worse == pytest.approx(posterior.cdf(-rope))
    assert beliefs.better == pytest.approx(1 - posterior.cdf(rope))
    assert sum(beliefs) == pytest.approx(1)


def test_constant_differences_are_certain() -> None:
    assert bayesian_correlated_t([0.3, 0.3], 0.2, 0.1).better == 1.0
    assert bayesian_correlated_t([0.0, 0.0], 0.2, 0.1).equivalent == 1.0


def test_too_few_differences_are_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        bayesian_correlated_t([0.1], 0.2)
    with pytest.raises(InputError, match="no differences"):
        bayesian_signed_rank([])


def test_signed_rank_of_one_table_has_a_closed_form() -> None:
    """One table and the prior: the pair average 2d/2 has weight w^2 + 2 w (1 - w).

    With d = 1 and rope 0.1 the region "better" holds unless both draws are the
    pseudo-table, so it wins where (1 - w)^2 < 1/2.
    """
    beliefs = bayesian_signed_rank([1.0], rope=0.1, prior=0.5, samples=40_000)
    wins = stats.beta(1, 0.5).sf(1 - math.sqrt(0.5))
    assert beliefs.better == pytest.approx(wins, abs=0.01)
    assert beliefs.worse == 0.0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_signed_rank_turns_round_with_the_sign(values: list[float]) -> None:
    there = bayesian_signed_rank(values, 0.05, samples=200)
    back = bayesian_signed_rank([-v for v in values], 0.05, samples=200)
    assert there.worse == pytest.approx(back.better)
    assert there.equivalent == pytest.approx(back.equivalent)
    assert sum(there) == pytest.approx(1)


def test_one_seed_gives_one_result() -> None:
    d = [0.02, -0.01, 0.03]
    assert bayesian_signed_rank(d, seed=4) == bayesian_signed_rank(d, seed=4)


def test_it_is_calibrated_where_the_splits_correlate_as_it_assumes() -> None:
    """With no difference and no region, .95 on either side comes up one time in ten."""
    random = np.random.default_rng(0)
    share, trials = 0.2, 2000
    common = random.standard_normal((trials, 1))
    own = random.standard_normal((trials, 25))
    d = np.sqrt(share) * common + np.sqrt(1 - share) * own
    beliefs = [bayesian_correlated_t(row, share, 0.0) for row in d]
    told = np.mean([max(b.better, b.worse) > 0.95 for b in beliefs])
    assert told == pytest.approx(0.1, abs=0.03)
