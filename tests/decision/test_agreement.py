# SPDX-License-Identifier: Apache-2.0
"""The calibration test: its level, its power, and its intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import chi2, norm
from sklearn.linear_model import LogisticRegression

from equipoise._core.files import to_json
from equipoise.decision import calibration_test
from equipoise.priors import probability


def sample(rows: int, seed: int, centre: float = -2.5, slope: float = 1.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(centre, 1.5, rows)
    true = centre + slope * (z - centre)
    return z, (rng.random(rows) < probability(true)).astype(int)


def test_slope_and_shift_equal_unpenalised_regressions() -> None:
    z, y = sample(1_500, 0, slope=0.7)
    got = calibration_test(z, y)
    reference = LogisticRegression(C=1e12, tol=1e-10).fit(z[:, None], y)
    assert got.slope.value == pytest.approx(reference.coef_[0, 0], abs=1e-5)
    assert probability(z + got.intercept.value).sum() == pytest.approx(y.sum())


def test_interval_ends_lie_where_the_likelihood_ratio_says() -> None:
    z, y = sample(400, 1)
    got = calibration_test(z, y, level=0.9)

    def loss(b: float) -> float:
        return float(np.sum(np.logaddexp(0, z + b) - y * (z + b)))

    for end in (got.intercept.low, got.intercept.high):
        rise = 2 * (loss(end) - loss(got.intercept.value))
        assert rise == pytest.approx(chi2.ppf(0.9, 1), rel=1e-4)
    assert got.slope.low < got.slope.value < got.slope.high


def test_spiegelhalter_and_the_ratio_against_their_formulas() -> None:
    z, y = sample(500, 2)
    got = calibration_test(z, y)
    p = probability(z)
    up = np.sum((y - p) * (1 - 2 * p))
    s = up / math.sqrt(np.sum((1 - 2 * p) ** 2 * p * (1 - p)))
    assert got.spiegelhalter == pytest.approx(s)
    assert got.spiegelhalter_p == pytest.approx(2 * norm.sf(abs(s)))
    assert got.ratio.value == pytest.approx(y.sum() / p.sum())
    assert got.ratio.low < got.ratio.value < got.ratio.high


def test_it_sees_what_is_wrong_and_says_what_it_could_not_see() -> None:
    z, y = sample(4_000, 3)
    assert not calibration_test(z, y).rejected
    assert "may be anywhere in these intervals" in calibration_test(z, y).describe()
    extreme = calibration_test(-2.5 + 2 * (z + 2.5), y)
    assert extreme.rejected
    assert extreme.slope.high < 1
    assert calibration_test(z + 1, y).intercept.high < 0
    assert "not right" in extreme.describe()


@pytest.mark.parametrize(
    ("z", "y", "reason"),
    [
        ([0.0, 1.0], [0, 0], "one class"),
        ([1.0, 1.0, 1.0], [0, 1, 1], "equal"),
        ([-1.0, 0.0, 1.0], [0, 0, 1], "separate"),
    ],
)
def test_what_cannot_be_tested_is_undefined(z, y, reason) -> None:
    got = calibration_test(z, y)
    assert not got.slope.defined
    assert reason in got.slope.reason
    assert not got.rejected
    assert "cannot be tested" in got.describe()
    assert to_json(got.to_dict())


def test_infinite_log_odds_do_not_break_it() -> None:
    z, y = sample(300, 5)
    z[y.argmax()], z[y.argmin()] = math.inf, -math.inf
    assert math.isfinite(calibration_test(z, y).slope.value)


def rates(draws: int, positives: int) -> tuple[float, float]:
    """How often the truth is rejected, and the slope's interval misses 1."""
    rejected = missed = seen = 0
    for seed in range(draws):
        z, y = sample(round(positives / 0.115), seed)
        got = calibration_test(z, y)
        if not got.slope.defined:
            continue
        seen += 1
        rejected += got.rejected
        missed += not got.slope.low <= 1 <= got.slope.high
    return rejected / seen, missed / seen


def test_the_test_holds_its_level() -> None:
    for rate in rates(200, 20):
        assert rate <= 0.05 + 3.5 * math.sqrt(0.05 * 0.95 / 200)


@pytest.mark.slow
@pytest.mark.parametrize("positives", [8, 12, 50, 500])
def test_the_test_holds_its_level_at_full_size(positives) -> None:
    # With 8 positives the chi-squared limit is a little off: .07 is allowed.
    for rate in rates(4_000, positives):
        assert rate <= (0.07 if positives < 20 else 0.06) + 0.01


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_limits_of_the_ratio_are_those_of_a_poisson_count(level) -> None:
    y = np.repeat([1, 0], [7, 93])
    z = np.full(100, np.log(0.05 / 0.95))
    got = calibration_test(z + 1e-3 * np.arange(100), y, level=level)
    expected = 7 / got.ratio.value
    low, high = got.ratio.low * expected, got.ratio.high * expected
    assert stats.poisson.sf(6, low) == pytest.approx((1 - level) / 2)
    assert stats.poisson.cdf(7, high) == pytest.approx((1 - level) / 2)
