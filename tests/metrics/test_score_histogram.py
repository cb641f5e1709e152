# SPDX-License-Identifier: Apache-2.0
"""Ranking metrics from histograms, with a bound."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.metrics.score_histogram import ScoreHistogram


def scores(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.random(rows) < 0.05
    return random.normal(size=rows) + 1.5 * y, y


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_value_lies_within_the_bound(seed: int) -> None:
    z, y = scores(5_000, seed)
    counts = ScoreHistogram.of(z, y)
    for bounded, exact in (
        (counts.average_precision(), average_precision_score(y, z)),
        (counts.roc_auc(), roc_auc_score(y, z)),
    ):
        assert bounded.low <= exact <= bounded.high
        assert bounded.error < 0.01
        assert bounded.value == pytest.approx(exact, abs=bounded.error)


def test_ties_are_bounded_by_the_best_and_the_worst_order() -> None:
    """Brute force: all orders of five rows in one bin, three of them positive."""
    from itertools import permutations

    y = [True, True, True, False, False]
    values = []
    for order in permutations(y):
        right = np.cumsum(order)
        places = np.arange(1, 6)
        values.append(np.mean((right / places)[np.array(order)]))
    bounded = ScoreHistogram.of(np.zeros(5), y).average_precision()
    assert bounded.low == pytest.approx(min(values))
    assert bounded.high == pytest.approx(max(values))
    area = ScoreHistogram.of(np.zeros(5), y).roc_auc()
    assert (area.low, area.high) == (0.0, 1.0)


def test_histograms_of_parts_add_up_in_any_order() -> None:
    z, y = scores(3_000, 9)
    whole = ScoreHistogram.of(z, y)
    parts = [ScoreHistogram.of(z[k::3], y[k::3]) for k in (2, 0, 1)]
    total = ScoreHistogram.empty()
    for part in parts:
        total = total + part
    np.testing.assert_array_equal(total.counts, whole.counts)


def test_weights_count_rows_several_times() -> None:
    z, y = scores(400, 3)
    weights = np.random.default_rng(0).integers(1, 4, 400)
    doubled = ScoreHistogram.of(np.repeat(z, weights), np.repeat(y, weights))
    weighted = ScoreHistogram.of(z, y, weights)
    np.testing.assert_array_equal(weighted.counts, doubled.counts)


def test_missing_scores_and_absent_classes() -> None:
    counts = ScoreHistogram.of([np.nan, 1.0, 1e9, -1e9], [True, False, False, False])
    assert counts.counts.sum() == 3
    assert np.isnan(counts.average_precision().value)
    assert np.isnan(counts.roc_auc().value)


def test_the_cut_leaves_at_most_so_many_negatives_above() -> None:
    z, y = scores(5_000, 1)
    counts = ScoreHistogram.of(z, y)
    cut = counts.cut(100)
    above = (z[~y] >= cut).sum()
    assert 80 < above <= 100
    assert (z[~y] >= counts.cut(10**9)).all()


def test_no_score_is_above_the_cut_if_the_highest_bin_is_too_full() -> None:
    clipped = ScoreHistogram.of(np.full(50, 30.0), np.zeros(50, bool))
    assert clipped.cut(49) == np.inf
    assert clipped.cut(50) < 30.0
