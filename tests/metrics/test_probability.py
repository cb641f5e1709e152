# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.errors import InputError
from equipoise.metrics import (
    brier,
    brier_parts,
    brier_skill,
    calibration_error,
    expected_calibration_error,
    log_loss,
    log_loss_of_log_odds,
    squared_calibration_error,
)
from equipoise.priors import probability


def test_equal_scikit_learn(cases) -> None:
    for y, score, weights in cases(100):
        p = np.clip(score, 0.01, 0.99)
        assert brier(y, p, weights) == pytest.approx(
            sk.brier_score_loss(y, p, sample_weight=weights), abs=1e-12
        )
        assert log_loss(y, p, weights) == pytest.approx(
            sk.log_loss(y, p, sample_weight=weights), abs=1e-12
        )
        assert brier_skill(y, p, weights) == pytest.approx(
            sk.d2_brier_score(y, p, sample_weight=weights), abs=1e-12
        )


def test_log_loss_is_exact_at_any_log_odds() -> None:
    z = np.array([-800.0, -40.0, 0.0, 40.0, 800.0])
    right = log_loss_of_log_odds(z > 0, z, [1, 1, 0, 1, 1])
    assert right == pytest.approx(math.exp(-40) / 2, rel=1e-12)
    wrong = log_loss_of_log_odds(z < 0, z, [1, 0, 0, 0, 1])
    assert wrong == 800
    random = np.random.default_rng(0)
    y, z = random.integers(0, 2, 200), random.normal(size=200) * 4
    assert log_loss_of_log_odds(y, z) == pytest.approx(log_loss(y, probability(z)))


def test_nothing_is_clipped() -> None:
    assert log_loss([1, 0], [0.0, 0.5]) == math.inf
    assert log_loss([1, 0], [0.0, 0.5], [0.0, 1.0]) == pytest.approx(math.log(2))
    assert log_loss([0, 1], [0.0, 1.0]) == 0


def test_no_rows_are_undefined() -> None:
    for function in (brier, log_loss, calibration_error, expected_calibration_error):
        assert math.isnan(function([], []))
        assert math.isnan(function([0, 1], [0.1, 0.2], [0.0, 0.0]))
    assert math.isnan(brier_skill([1, 1], [0.1, 0.2]))
    assert math.isnan(brier_parts([], []).brier)


@pytest.mark.parametrize("groups", ["distinct", "quantile", "isotonic"])
def test_the_parts_add_up(groups, cases) -> None:
    for y, score, weights in cases(60):
        parts = brier_parts(y, score, weights, groups=groups, bins=7)
        total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
        assert total == pytest.approx(parts.brier, abs=1e-12)
        assert parts.brier == pytest.approx(brier(y, score, weights))
        assert parts.reliability >= -1e-12
        assert parts.resolution >= -1e-12
        if groups != "quantile":
            assert parts.within == pytest.approx(0, abs=1e-12)


def test_parts_by_hand() -> None:
    # Murphy (1973): two forecasts, outcome rates .5 and 1.
    parts = brier_parts([0, 1, 1, 1], [0.3, 0.3, 0.9, 0.9], groups="distinct")
    assert parts.reliability == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert parts.resolution == pytest.approx(0.25**2)
    assert parts.uncertainty == pytest.approx(0.75 * 0.25)


def test_isotonic_reliability_equals_recalibration_by_scikit_learn(cases) -> None:
    from sklearn.isotonic import IsotonicRegression

    for y, score, weights in cases(20):
        kept = weights > 0  # scikit-learn interpolates outside, and gives NaN
        y, score, weights = y[kept], score[kept], weights[kept]
        fitted = IsotonicRegression().fit_transform(score, y, sample_weight=weights)
        better = brier(y, np.clip(fitted, 0, 1), weights)
        parts = brier_parts(y, score, weights)
        assert parts.reliability == pytest.approx(parts.brier - better, abs=1e-9)


def test_the_debiased_error_is_0_on_average_for_a_calibrated_model() -> None:
    random = np.random.default_rng(0)
    squares, plain = [], []
    for _ in range(400):
        p = random.beta(1, 20, 300)
        y = random.random(300) < p
        squares.append(squared_calibration_error(y, p, bins=10))
        plain.append(expected_calibration_error(y, p, bins=10))
    error = np.std(squares) / math.sqrt(len(squares))
    assert abs(np.mean(squares)) < 3 * error + 1e-5
    assert np.mean(plain) > 0.01  # the usual form calls it miscalibrated


def test_the_debiased_error_finds_the_true_distance() -> None:
    random = np.random.default_rng(1)
    p = random.uniform(0.1, 0.5, 200_000)
    y = random.random(p.size) < p + 0.1
    assert calibration_error(y, p) == pytest.approx(0.1, abs=0.01)


def test_weights_are_copies_and_ties_stay_together() -> None:
    random = np.random.default_rng(2)
    y, p = random.integers(0, 2, 60), np.round(random.random(60), 1)
    times = random.integers(0, 4, 60)
    copies = np.repeat(np.arange(60), times)
    for function in (calibration_error, expected_calibration_error, brier, log_loss):
        clipped = np.clip(p, 0.05, 0.95)
        once = function(y, clipped, times)
        assert once == pytest.approx(function(y[copies], clipped[copies]))
        order = random.permutation(60)
        shuffled = function(y[order], clipped[order], times[order])
        assert shuffled == pytest.approx(once)


def test_single_rows_have_no_debiased_error() -> None:
    assert math.isnan(calibration_error([0, 1], [0.1, 0.9], bins=2))


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="groups"):
        brier_parts([0, 1], [0.1, 0.2], groups="deciles")
    with pytest.raises(InputError, match="bins"):
        calibration_error([0, 1], [0.1, 0.2], bins=0)


def test_a_calibrated_model_has_no_debiased_error_on_average() -> None:
    # 4 rows a bin: divided by n in place of n - 1 the noise would be a third short.
    random = np.random.default_rng(0)
    found = []
    for _ in range(3000):
        p = random.beta(2, 5, 40)
        y = (random.random(40) < p).astype(int)
        found.append(squared_calibration_error(y, p, bins=10))
    mean, error = np.nanmean(found), np.nanstd(found) / np.sqrt(3000)
    assert abs(mean) < 4 * error
    assert error < 0.001
