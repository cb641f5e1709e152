# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.metrics import (
    average_precision,
    average_precision_influence,
    average_precision_spread,
    roc_auc,
    roc_auc_influence,
    roc_auc_spread,
)

METRICS = [
    (average_precision, average_precision_influence),
    (roc_auc, roc_auc_influence),
]


@pytest.mark.parametrize(("metric", "influence"), METRICS)
def test_equals_finite_differences_in_the_weights(metric, influence, cases) -> None:
    for y, score, weights in cases(25):
        weights = weights + 0.1
        found = influence(y, score, weights)
        assert found.value == pytest.approx(metric(y, score, weights))
        for row in range(0, len(y), 3):
            step = np.zeros(len(y))
            step[row] = 1e-6
            # A class' total is held, so that the prevalence stays what it is.
            own = y == y[row]
            up, down = weights + step, weights - step
            up = np.where(own, up * weights[own].sum() / up[own].sum(), up)
            down = np.where(own, down * weights[own].sum() / down[own].sum(), down)
            slope = (metric(y, score, up) - metric(y, score, down)) / 2e-6
            assert found.row[row] == pytest.approx(slope * weights[row], abs=1e-6)


@pytest.mark.parametrize(("metric", "influence"), METRICS)
def test_the_standard_error_is_that_of_many_tables(metric, influence) -> None:
    random = np.random.default_rng(0)
    y = np.repeat([1, 0], [150, 1350])
    values, errors = [], []
    for _ in range(300):
        score = random.normal(size=1500) + 1.2 * y
        values.append(metric(y, score))
        errors.append(influence(y, score).variance())
    # 300 values give their standard deviation to 4 % (one standard error).
    assert np.sqrt(np.mean(errors)) == pytest.approx(np.std(values), rel=0.12)


def test_clusters_of_copies_count_once() -> None:
    random = np.random.default_rng(2)
    y = np.repeat([1, 0], [20, 60])
    score = random.normal(size=80) + y
    copies, names = np.repeat(np.arange(80), 5), np.repeat(np.arange(80), 5)
    for spread in (roc_auc_spread, average_precision_spread):
        once = spread(y, score, None, np.arange(80))
        many = spread(y[copies], score[copies], None, names)
        assert many.value == pytest.approx(once.value)
        assert many.variance == pytest.approx(once.variance)
        assert many.units == once.units == 20
        # Taken as independent, the copies would claim five times the rows.
        assert spread(y[copies], score[copies]).variance < many.variance / 3


def test_independent_clusters_equal_rows() -> None:
    random = np.random.default_rng(3)
    y = np.repeat([1, 0], [200, 200])
    score = random.normal(size=400) + y
    for spread in (roc_auc_spread, average_precision_spread):
        rows = spread(y, score)
        assert spread(y, score, None, np.arange(400)).variance == pytest.approx(
            rows.variance, rel=0.02
        )


def test_a_missing_class() -> None:
    assert np.isnan(roc_auc_spread([1, 1], [0.1, 0.2]).value)
    assert np.isnan(average_precision_spread([0, 0], [0.1, 0.2]).value)
    only = average_precision_spread([1, 1, 1], [0.1, 0.2, 0.3])
    assert only.value == 1.0
    assert only.units == 3


def test_the_ends_of_average_precision_allow_for_rows_that_were_not_drawn() -> None:
    random = np.random.default_rng(5)
    y = np.repeat([1, 0], [12, 300])
    score = random.normal(size=312) + 2 * y
    spread = average_precision_spread(y, score)
    value = average_precision(y, score)
    # A negative above all rows lowers every precision T / (T + F) by T / (T + F)^2.
    top = score.max() + 1
    many = 2000  # so many copies of each row that one more negative is a small change
    y_, score_ = np.repeat(y, many), np.repeat(score, many)
    lost = value - average_precision(np.r_[y_, 0], np.r_[score_, top])
    assert spread.unseen_low == pytest.approx(0.1 * (lost * many) ** 2, rel=0.02)
    assert spread.unseen_high == pytest.approx(0.25 * ((1 - value) / 12) ** 2)
