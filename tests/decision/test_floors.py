# SPDX-License-Identifier: Apache-2.0
"""Certified floors: exact counts, brute force, and simulated promises."""

from __future__ import annotations

import math
from json import loads

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import binom

from equipoise._core.files import to_json
from equipoise.decision import (
    Certificate,
    certify_both,
    certify_precision,
    certify_recall,
    flags_needed,
    positives_needed,
)
from equipoise.errors import InputError, RefusedError


def test_the_counts_of_the_protocol() -> None:
    assert [positives_needed(f) for f in (0.8, 0.9, 0.95)] == [14, 29, 59]
    assert [flags_needed(f) for f in (0.8, 0.9, 0.95)] == [14, 29, 59]
    assert [positives_needed(f, 0.9) for f in (0.8, 0.9, 0.95)] == [11, 22, 45]
    # An exact power of the floor counts as met: .5^4 = .0625.
    assert positives_needed(0.5, 0.9375) == 4


@pytest.mark.parametrize(
    ("floor", "precision", "power"),
    [(0.8, 0.9, 0.8), (0.5, 0.6, 0.9), (0.9, 0.97, 0.5), (0.3, 0.95, 0.8)],
)
def test_flags_needed_against_brute_force(floor, precision, power) -> None:
    delta = 0.98 * 0.05
    for n in range(1, 2_000):
        passes = [c for c in range(n + 1) if binom.cdf(c, n, 1 - floor) <= delta]
        if passes and binom.cdf(passes[-1], n, 1 - precision) >= power:
            break
    assert flags_needed(floor, precision=precision, power=power) == n


def test_flags_needed_stays_cheap_where_it_is_hopeless() -> None:
    assert 8e7 < flags_needed(0.8, precision=0.8001) < 2e8
    with pytest.raises(InputError, match="above the floor"):
        flags_needed(0.8, precision=0.8)


def brute_precision(score, y, floor, level):
    """The sequence written out, without ties, one start after the other."""
    delta = 1 - level
    start = next(n for n in range(1, 10_000) if floor**n <= 0.98 * delta)
    order = np.argsort(-score)
    m, budget, last, second = start, 0.98 * delta, None, True
    while True:
        m = min(m, len(y))
        if second and m >= 4 * start:
            budget, second = budget + 0.02 * delta, False
        alarms = int((1 - y[order[:m]]).sum())
        if budget and binom.cdf(alarms, m, 1 - floor) <= budget:
            last = m
        else:
            budget = 0.0
        if m == len(y):
            return last
        m = max(m + 1, round(m * 1.02))


@given(seed=st.integers(0, 10_000), floor=st.sampled_from([0.3, 0.6, 0.8]))
@settings(max_examples=80, deadline=None)
def test_precision_against_the_sequence_written_out(seed, floor) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 300))
    y = (rng.random(n) < rng.uniform(0.2, 0.6)).astype(int)
    score = rng.normal(size=n) + rng.uniform(0, 4) * y
    expected = brute_precision(score, y, floor, 0.95)
    if expected is None:
        with pytest.raises(RefusedError, match="flagged cases"):
            certify_precision(score, y, floor)
        return
    got = certify_precision(score, y, floor)
    assert got.flagged == expected
    assert got.caught == y[np.argsort(-score)[:expected]].sum()


@given(seed=st.integers(0, 10_000), n=st.integers(14, 200))
@settings(max_examples=60, deadline=None)
def test_recall_is_the_exact_order_statistic(seed, n) -> None:
    score = np.random.default_rng(seed).normal(size=n)
    got = certify_recall(score, np.ones(n), 0.8)
    k = int((score < got.threshold).sum())
    assert score[score >= got.threshold].min() == got.threshold
    assert binom.cdf(k, n, 0.2) <= 0.05 < binom.cdf(k + 1, n, 0.2)


def test_an_order_preserving_map_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 300)
    score = rng.normal(size=300) + 2 * y
    plain, mapped = (certify_precision(s, y, 0.7) for s in (score, np.exp(score)))
    assert (plain.flagged, plain.caught) == (mapped.flagged, mapped.caught)


def test_ties_drop_out_whole_and_do_not_stop_the_sequence() -> None:
    # 10 rows tie at the top (too few to pass), 90 below, then negatives.
    score = np.repeat([3.0, 2.0, 1.0], [10, 90, 200])
    y = np.repeat([1, 1, 0], [10, 90, 200])
    got = certify_precision(score, y, 0.8)
    assert got.flagged == 100
    assert 1.0 < got.threshold <= 2.0


def test_every_row_may_be_flagged() -> None:
    score = np.r_[-math.inf, np.arange(99.0)]
    got = certify_precision(score, np.ones(100), 0.9)
    assert got.threshold == -math.inf
    assert got.flagged == 100
    assert Certificate.from_dict(loads(to_json(got.to_dict()))) == got


def test_refusals_count_what_would_be_needed() -> None:
    with pytest.raises(RefusedError, match=r"12 positives .*at least 14 .*0\.77"):
        certify_recall(np.arange(12.0), np.ones(12), 0.8)
    with pytest.raises(RefusedError, match="no positive among"):
        certify_recall(np.arange(12.0), np.zeros(12), 0.8)
    with pytest.raises(RefusedError, match=r"10 rows .*at least 14 flagged"):
        certify_precision(np.arange(10.0), np.ones(10), 0.8)
    with pytest.raises(RefusedError, match="below the floor"):
        certify_precision(np.arange(100.0), np.zeros(100), 0.8)
    y = np.arange(100) % 10 != 5
    with pytest.raises(
        RefusedError, match=r"would certify the floor four times in five"
    ):
        certify_precision(np.arange(100.0), y, 0.87)
    with pytest.raises(RefusedError, match="0 rows"):
        certify_precision([], [], 0.8)


def test_a_refusal_without_an_error_among_the_highest_counts_half_a_row() -> None:
    # 14 rows without an error would do, but ties leave 10 that can be flagged alone.
    score = np.repeat([3.0, 2.0], [10, 90])
    y = np.repeat([1, 0], [20, 80])
    needed = flags_needed(0.8, precision=1 - 1 / 28)
    rows = math.ceil(needed / 14 * 100)
    text = rf"1\.00 as here, {needed} flagged cases, about {rows} rows"
    with pytest.raises(RefusedError, match=text):
        certify_precision(score, y, 0.8)


def test_both_floors_together() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(4_000) < 0.1).astype(int)
    score = rng.normal(size=4_000) + 3 * y
    got = certify_both(score, y, precision=0.5, recall=0.7)
    assert got.precision == 0.5
    assert got.recall == 0.7
    # Both hold at half the error each.
    alone = certify_recall(score, y, 0.7, level=0.975)
    assert got.threshold <= alone.threshold
    with pytest.raises(RefusedError, match="whose precision is certified catches"):
        certify_both(score, y, precision=0.9, recall=0.95)
    with pytest.raises(RefusedError, match="flagged cases"):
        certify_both(score, 1 - y, precision=0.95, recall=0.5)
    assert "precision of at least 0.5 and recall" in got.describe()


@pytest.mark.parametrize("floor", [0.0, 1.0, math.nan, -1.0])
def test_floors_lie_strictly_between_0_and_1(floor) -> None:
    for certify in (certify_precision, certify_recall):
        with pytest.raises(InputError, match="Accepted"):
            certify(np.arange(50.0), np.ones(50), floor)


def broken(
    draws: int,
    rows: int,
    prevalence: float,
    apart: float,
    step: float,
    metric: str,
    floor: float,
) -> float:
    """The share of draws in which a certified floor is broken by the population."""
    rng = np.random.default_rng(rows)
    bad = 0
    for _ in range(draws):
        y = rng.random(rows) < prevalence
        score = rng.normal(size=rows) + apart * y
        score = step * np.floor(score / step) if step else score
        certify = certify_precision if metric == "precision" else certify_recall
        try:
            t = certify(score, y, floor).threshold
        except RefusedError:
            continue
        if step:
            t = step * (math.floor(t / step) + (step * math.floor(t / step) < t))
        recall, alarms = ndtr(apart - t), ndtr(-t)
        hit, alarm = prevalence * recall, (1 - prevalence) * alarms
        real = recall if metric == "recall" else hit / (hit + alarm)
        bad += real < floor
    return bad / draws


CELLS = [
    (300, 0.3, 1.5, 0.0, "precision", 0.6),
    (300, 0.3, 2.0, 0.5, "precision", 0.8),
    (400, 0.5, 0.0, 0.0, "precision", 0.51),
    (400, 0.1, 2.0, 0.0, "recall", 0.8),
    (400, 0.1, 2.0, 0.5, "recall", 0.8),
]


@pytest.mark.parametrize("cell", CELLS)
def test_certified_floors_are_broken_in_at_most_the_promised_share(cell) -> None:
    draws = 400
    noise = 3.5 * math.sqrt(0.05 * 0.95 / draws)
    assert broken(draws, *cell) <= 0.05 + noise


@pytest.mark.slow
@pytest.mark.parametrize("rows", [150, 600, 2_400])
@pytest.mark.parametrize("cell", CELLS)
def test_certified_floors_at_full_size(cell, rows) -> None:
    draws = 4_000
    noise = 3.5 * math.sqrt(0.05 * 0.95 / draws)
    assert broken(draws, rows, *cell[1:]) <= 0.05 + noise
