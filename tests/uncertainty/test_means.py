# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.metrics import brier, log_loss
from equipoise.priors import probability
from equipoise.uncertainty import effective_wilson
from equipoise.uncertainty.means import (
    log_losses,
    mean_spread,
    positive_mean_interval,
    squared_errors,
)
from equipoise.uncertainty.score_interval import Spread


def test_the_rows_average_to_the_metric(cases) -> None:
    for y, score, weights in cases(30):
        p = np.clip(score, 0.01, 0.99)
        for values, metric in ((squared_errors, brier), (log_losses, log_loss)):
            found = mean_spread(y, values(y, p), weights)
            assert found.value == pytest.approx(metric(y, p, weights))


def test_the_variance_is_stratified() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([1, 0], [10, 90])
    values = random.random(100)
    expected = 0.1**2 * values[:10].var(ddof=1) / 10
    expected += 0.9**2 * values[10:].var(ddof=1) / 90
    assert mean_spread(y, values).variance == pytest.approx(expected)


def test_an_unseen_row_may_lie_as_far_out_as_the_farthest() -> None:
    """By class, on each side, in quadrature."""
    y = np.repeat([1, 0], [2, 3])
    values = np.array([0.2, 0.6, 0.0, 0.1, 0.8])
    spread = mean_spread(y, values)
    # One row of five; the classes have means of .4 and .3.
    assert spread.unseen_low == pytest.approx((0.2 / 5) ** 2 + (0.3 / 5) ** 2)
    assert spread.unseen_high == pytest.approx((0.2 / 5) ** 2 + (0.5 / 5) ** 2)


@pytest.mark.parametrize("units", [1.0, 1.5, 2.0, 7.0, 400.0])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_a_positive_mean_has_t_at_its_units_less_one_on_the_log_scale(
    units, level
) -> None:
    spread = Spread(0.3, 0.002, units, unseen_low=0.001, unseen_high=0.004)
    t = stats.t.ppf((1 + level) / 2, max(1.0, units - 1))
    low, high = positive_mean_interval(spread, level)
    assert low == pytest.approx(0.3 * np.exp(-t * np.sqrt(0.003) / 0.3))
    assert high == pytest.approx(0.3 * np.exp(t * np.sqrt(0.006) / 0.3))


@pytest.mark.parametrize("positives", [12, 50])
def test_covers_on_calibrated_rare_positives(positives) -> None:
    random = np.random.default_rng(positives)
    times, negatives = 500, 20 * positives
    shift = np.log(positives / negatives) - 1.5**2 / 2

    def losses(rows: int):
        y = np.repeat([1, 0], [positives * rows, negatives * rows])
        z = 1.5 * (random.normal(size=y.size) + 1.5 * y) + shift
        p = probability(z)
        return y, squared_errors(y, p), log_losses(y, p)

    y, squares, logs = losses(4000)
    truth = squares.mean(), logs.mean()
    held = np.zeros(2)
    for _ in range(times):
        y, squares, logs = losses(1)
        ends = (
            effective_wilson(mean_spread(y, squares)),
            positive_mean_interval(mean_spread(y, logs)),
        )
        held += [low <= t <= high for (low, high), t in zip(ends, truth, strict=True)]
    assert (held / times >= 0.93 - 2 * np.sqrt(0.95 * 0.05 / times)).all()


def test_degenerate_means() -> None:
    assert np.isnan(positive_mean_interval(mean_spread([0, 1], [0.0, 0.0]))).all()
    assert np.isnan(mean_spread([], []).value)
    low, high = effective_wilson(mean_spread([0, 0, 0], [0.1, 0.2, 0.3]))
    assert low < 0.2 < high


def test_the_brier_score_near_separation_allows_for_unseen_errors() -> None:
    """With 30 of each class, one sample in five holds none of 5 % hidden positives."""
    random = np.random.default_rng(4)
    y, hidden, tables, held = np.repeat([1, 0], 30), 0.05, 400, 0
    right, wrong = 0.03**2, 0.99**2
    truth = ((1 - hidden) * right + hidden * wrong + 0.01**2) / 2
    for _ in range(tables):
        p = np.r_[np.where(random.random(30) < hidden, 0.01, 0.97), np.full(30, 0.01)]
        low, high = effective_wilson(mean_spread(y, squared_errors(y, p)))
        held += bool(low <= truth <= high)
    assert held / tables >= 0.93 - 2.5 * np.sqrt(0.93 * 0.07 / tables)
