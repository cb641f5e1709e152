# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.metrics import average_precision, roc_auc
from equipoise.uncertainty import (
    average_precision_influence,
    average_precision_spread,
    effective_wilson,
    roc_auc_influence,
    roc_auc_spread,
)
from equipoise.uncertainty.influence import effective_clusters, jackknifed

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
    of_positives, of_negatives = spread.parts
    assert (of_positives.reach_low, of_positives.units) == (pytest.approx(value), 12)
    assert of_positives.reach_high == pytest.approx(1 - value)
    assert (of_negatives.reach_low, of_negatives.reach_high) == (0, 0)
    total = of_positives.variance + of_negatives.variance
    assert total == pytest.approx(spread.variance)


@pytest.mark.parametrize("influence", [roc_auc_influence, average_precision_influence])
def test_clusters_of_one_row_are_rows(influence, cases) -> None:
    """Up to what leaving a row out adds, which is little with many rows."""
    random = np.random.default_rng(1)
    y = np.repeat([0, 1], [400, 300])
    found = influence(y, random.normal(size=700) + y)
    assert found.variance(np.arange(700)) == pytest.approx(found.variance(), rel=0.01)
    assert found.units(np.arange(700)) == 300


def test_a_large_cluster_is_held_against_the_others() -> None:
    """The variance is the jackknife's: each cluster's mean left out in turn."""
    random = np.random.default_rng(2)
    unit = np.repeat(np.arange(5), [40, 5, 5, 5, 5])
    values = random.normal(size=60) + random.normal(size=5)[unit]
    ones = np.ones(60)
    row = (values - values.mean()) / 60
    moved = jackknifed(unit, row, ones, np.ones(60, bool))
    without = [values[unit != g].mean() for g in range(5)]
    assert values.mean() - moved == pytest.approx(np.array(without))
    assert effective_clusters(unit, ones) == pytest.approx(3600 / (1600 + 100))


# Shares of positives that are hidden and of negatives on top, and where they lie.
NEARLY_SEPARATED = {
    "hidden among the negatives": (0.05, 0.0, 0.0),
    "hidden at the bottom": (0.04, 0.0, -6.0),
    "negatives on top": (0.0, 0.06, 0.0),
    "of both": (0.03, 0.03, 0.0),
}


@pytest.mark.parametrize("sizes", [(30, 300), (12, 12), (40, 15)])
@pytest.mark.parametrize("shape", NEARLY_SEPARATED)
def test_near_separation_the_interval_holds_the_truth(shape, sizes) -> None:
    """What one sample in five does not show at all is allowed for."""
    hidden, on_top, where = NEARLY_SEPARATED[shape]
    random = np.random.default_rng(3)
    n1, n0 = sizes
    low, high, tables = 0.0, 5.0, 400

    def below(a: float, b: float) -> float:
        return float(stats.norm.cdf((a - b) / np.sqrt(2)))

    truth = sum(
        p * q * below(a, b)
        for p, a in ((1 - hidden, high), (hidden, where))
        for q, b in ((1 - on_top, low), (on_top, high))
    )
    held = 0
    for _ in range(tables):
        s1 = random.normal(np.where(random.random(n1) < hidden, where, high))
        s0 = random.normal(np.where(random.random(n0) < on_top, high, low))
        spread = roc_auc_spread(np.repeat([1, 0], [n1, n0]), np.r_[s1, s0])
        ends = effective_wilson(spread)
        held += bool(ends[0] <= truth <= ends[1])
    assert held / tables >= 0.93 - 2.5 * np.sqrt(0.93 * 0.07 / tables)


def test_few_of_the_positives_can_be_detected() -> None:
    """One in 20 of 50 positives, at 1 %; average precision is 5 % and a little."""
    random = np.random.default_rng(5)
    n1, n0, share, tables = 50, 4950, 0.05, 400
    a = np.append(0.0, np.logspace(-9, 0, 20_001))
    r = share * stats.norm.sf(stats.norm.isf(a) - 5) + (1 - share) * a
    with np.errstate(invalid="ignore"):
        precision = n1 * r / (n1 * r + n0 * a)
    precision[0] = 1.0
    truth = float(np.trapezoid(precision, r))
    held = 0
    y = np.repeat([1, 0], [n1, n0])
    for _ in range(tables):
        s = random.normal(size=n1 + n0)
        s[:n1] += 5.0 * (random.random(n1) < share)
        ends = effective_wilson(average_precision_spread(y, s))
        held += bool(ends[0] <= truth <= ends[1])
    assert held / tables >= 0.93 - 2.5 * np.sqrt(0.93 * 0.07 / tables)
