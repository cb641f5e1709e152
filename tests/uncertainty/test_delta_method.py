# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.metrics import METRICS, Counts
from equipoise.uncertainty.delta_method import delta_interval
from equipoise.uncertainty.proportion import mid_p
from equipoise.uncertainty.score_interval import Spread, effective_wilson

NAMES = [
    name for name, one in METRICS.items() if one.of_counts and name not in ("accuracy",)
]


def table(tp: int, fp: int, fn: int, tn: int):
    y = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    return y, np.repeat([1.0, 1.0, 0.0, 0.0], [tp, fp, fn, tn])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "cells", [(9, 5, 3, 83), (12, 0, 0, 88), (1, 5, 11, 83), (12, 5, 0, 83)]
)
def test_holds_the_value_with_a_width(name, cells) -> None:
    one = METRICS[name]
    y, score = table(*cells)
    value = one(y, score, threshold=0.5)
    low, high = delta_interval(one, y, score, threshold=0.5)
    if math.isnan(value):
        return
    assert low <= value <= high
    assert high > low


@pytest.mark.parametrize("name", ["g_mean", "balanced_accuracy", "mcc", "f_beta"])
@pytest.mark.parametrize("positives", [8, 12, 50])
@pytest.mark.parametrize("recall", [0.4, 0.85])
def test_covers(name, positives, recall) -> None:
    specificity, negatives, times = 0.95, 19 * positives, 600
    one = METRICS[name]
    p, n = float(positives), float(negatives)
    cells = (p * recall, n * (1 - specificity), p * (1 - recall), n * specificity)
    true = float(one.of_counts(Counts(*(np.array(c) for c in cells))))
    random = np.random.default_rng(positives)
    held = 0
    for tp, tn in zip(
        random.binomial(positives, recall, times),
        random.binomial(negatives, specificity, times),
        strict=True,
    ):
        y, score = table(tp, negatives - tn, positives - tp, tn)
        low, high = delta_interval(one, y, score, threshold=0.5)
        held += low <= true <= high
    assert held / times >= 0.93 - 2 * np.sqrt(0.95 * 0.05 / times)


def test_log_likelihood_ratio_equals_the_published_form() -> None:
    # Simel et al. (1991): var log LR+ = 1/TP - 1/P + 1/FP - 1/N, for many rows.
    y, score = table(4500, 1000, 1500, 9000)
    low, high = delta_interval(
        METRICS["positive_likelihood_ratio"], y, score, threshold=0.5
    )
    error = math.sqrt(1 / 4500 - 1 / 6000 + 1 / 1000 - 1 / 10000)
    assert low == pytest.approx(7.5 * math.exp(-1.96 * error), rel=2e-3)
    assert high == pytest.approx(7.5 * math.exp(1.96 * error), rel=2e-3)


def test_costs_stay_between_the_cheapest_and_the_dearest() -> None:
    y, score = table(9, 5, 3, 83)
    low, high = delta_interval(
        METRICS["cost"], y, score, threshold=0.5, false_negative=20.0
    )
    value = METRICS["cost"](y, score, threshold=0.5, false_negative=20.0)
    assert 0 < low < value < high < (12 * 20 + 88) / 100


def test_a_missing_class_is_nan() -> None:
    low, high = delta_interval(METRICS["mcc"], [1, 1], [0.9, 0.1], threshold=0.5)
    assert math.isnan(low)
    assert math.isnan(high)


def test_copies_in_clusters_do_not_narrow() -> None:
    y, score = table(9, 5, 3, 83)
    copies = np.repeat(np.arange(100), 6)
    plain = delta_interval(METRICS["mcc"], y, score, threshold=0.5)
    low, high = delta_interval(
        METRICS["mcc"], y[copies], score[copies], threshold=0.5, clusters=copies
    )
    assert high - low > 0.9 * (plain[1] - plain[0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cells", [(40, 0, 10, 10**6), (50, 0, 0, 10**5)])
def test_half_a_row_may_be_less_than_the_step_of_the_slope(name, cells) -> None:
    one = METRICS[name]
    y, score = table(*cells)
    value = one(y, score, threshold=0.5)
    low, high = delta_interval(one, y, score, threshold=0.5)
    assert low <= value <= high
    assert low < high


def test_a_ratio_combines_the_ends_of_its_shares() -> None:
    # One false positive in a million: LR+ = recall / (1 - specificity) (Zou, Donner).
    y, score = table(40, 1, 10, 10**6 - 1)
    one = METRICS["positive_likelihood_ratio"]
    low, high = delta_interval(one, y, score, threshold=0.5)
    hit, alarm = mid_p(40, 50), mid_p(1, 10**6)
    less = math.hypot(math.log(0.8 / hit[0]), math.log(alarm[1] / 1e-6))
    more = math.hypot(math.log(0.8 / hit[1]), math.log(alarm[0] / 1e-6))
    assert math.log(low) == pytest.approx(math.log(0.8e6) - less, rel=1e-6)
    assert math.log(high) == pytest.approx(math.log(0.8e6) + more, rel=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "g_mean",
        "positive_likelihood_ratio",
        "negative_likelihood_ratio",
        "diagnostic_odds_ratio",
    ],
)
@pytest.mark.parametrize("sizes", [(8, 8), (12, 12), (12, 60)])
def test_covers_exactly_where_a_count_is_near_0(name, sizes) -> None:
    """Over all tables, each with its probability: no luck is left."""
    one = METRICS[name]
    p, n = sizes
    ends = {}
    for tp, fp in np.ndindex(p + 1, n + 1):
        y, score = table(tp, fp, p - tp, n - fp)
        ends[tp, fp] = delta_interval(one, y, score, threshold=0.5)
    low, high = np.array([ends[k] for k in np.ndindex(p + 1, n + 1)]).T
    for recall, alarm in [(0.1, 0.05), (0.5, 0.02), (0.85, 0.1), (0.98, 0.01)]:
        cells = (p * recall, n * alarm, p * (1 - recall), n * (1 - alarm))
        true = float(one.of_counts(Counts(*(np.array(c) for c in cells))))
        hit = stats.binom.pmf(np.arange(p + 1), p, recall)
        weight = np.outer(hit, stats.binom.pmf(np.arange(n + 1), n, alarm)).ravel()
        known = ~np.isnan(low)
        held = weight[known & (low <= true) & (true <= high)].sum()
        assert held / weight[known].sum() >= 0.929, (recall, alarm)


def test_clusters_widen_a_ratio_by_their_jackknife_and_by_t() -> None:
    """Written out: each cluster left out, and t at the clusters less one."""
    random = np.random.default_rng(5)
    clusters = np.repeat(np.arange(12), 20)
    y = np.tile(np.repeat([1, 0], [5, 15]), 12)
    bias = random.normal(0, 1.2, 12)[clusters]
    score = (random.normal(0, 0.7, 240) + bias + 2 * y > 1.2).astype(float)
    one = METRICS["positive_likelihood_ratio"]
    plain = delta_interval(one, y, score, threshold=0.5)
    low, high = delta_interval(one, y, score, threshold=0.5, clusters=clusters)

    right = score == y
    sizes = np.array([60.0, 180.0])
    hits = np.array([right[y == 1].sum(), right[y == 0].sum()])
    recall, specificity = (hits + 0.5) / (sizes + 1)
    slopes = 1 / recall, 1 / (1 - specificity)  # of log recall - log(1 - specificity)
    shares = recall, specificity
    independent = sum(
        s**2 * p * (1 - p) / n for s, p, n in zip(slopes, shares, sizes, strict=True)
    )
    moved = np.zeros(12)
    for kind, slope in zip((1, 0), slopes, strict=True):
        of_class = y == kind
        whole = right[of_class].mean()
        for j in range(12):
            moved[j] += slope * (whole - right[of_class & (clusters != j)].mean())
    clustered = 11 / 12 * np.sum(moved**2)
    assert clustered > 1.5 * independent
    few = stats.t.ppf(0.975, 11) / stats.norm.ppf(0.975)
    wider = math.sqrt(clustered / independent) * few
    value = one(y, score, threshold=0.5)
    for end, without in zip((low, high), plain, strict=True):
        assert math.log(end / value) == pytest.approx(
            wider * math.log(without / value), rel=1e-6
        )


def test_the_slope_is_taken_within_half_a_row_of_1() -> None:
    """F1 at a specificity of 1, against its closed-form slopes."""
    p, n = 50.0, 1e6
    y, score = table(40, 0, 10, 10**6)
    low, high = delta_interval(METRICS["f1"], y, score, threshold=0.5)
    recall, alarms = 40.5 / 51, 0.5 / (n + 1)
    flagged = p * recall + n * alarms + p
    of_recall = 2 * p * (p + n * alarms) / flagged**2
    of_alarms = 2 * p * recall * n / flagged**2
    variance = (
        of_recall**2 * recall * (1 - recall) / p
        + of_alarms**2 * alarms * (1 - alarms) / n
    )
    spread = Spread(METRICS["f1"](y, score, threshold=0.5), variance, p)
    assert (low, high) == pytest.approx(effective_wilson(spread), rel=1e-6)


def test_one_cluster_tells_nothing_of_a_ratio() -> None:
    y, score = table(9, 5, 3, 83)
    one = METRICS["positive_likelihood_ratio"]
    ends = delta_interval(one, y, score, threshold=0.5, clusters=np.zeros(100))
    assert np.isnan(ends).all()
