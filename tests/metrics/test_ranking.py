# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.metrics import (
    average_precision,
    counts,
    minimum_average_precision,
    normalised_average_precision,
    partial_roc_auc,
    precision_at_k,
    precision_at_recall,
    recall_at_k,
    recall_at_precision,
    roc_auc,
    threshold_at_precision,
    threshold_at_recall,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-5, 5), st.integers(1, 4)), min_size=2
)


def test_equal_scikit_learn(cases) -> None:
    for y, score, weights in cases(150):
        assert average_precision(y, score, weights) == pytest.approx(
            sk.average_precision_score(y, score, sample_weight=weights), abs=1e-12
        )
        assert roc_auc(y, score, weights) == pytest.approx(
            sk.roc_auc_score(y, score, sample_weight=weights), abs=1e-12
        )
        for most in (0.05, 0.3, 1.0):
            reference = sk.roc_auc_score(
                y, score, sample_weight=weights, max_fpr=most if most < 1 else None
            )
            assert partial_roc_auc(y, score, weights, max_fpr=most) == pytest.approx(
                reference, abs=1e-12
            )


def test_brute_force_over_pairs() -> None:
    random = np.random.default_rng(1)
    y, score = random.integers(0, 2, 50), random.integers(0, 12, 50)
    pairs = [
        (a > b) + (a == b) / 2
        for a, b in itertools.product(score[y == 1], score[y == 0])
    ]
    assert roc_auc(y, score) == pytest.approx(np.mean(pairs))


def test_the_minimum_is_the_worst_order() -> None:
    for p, n in ((1, 1), (3, 7), (12, 574), (8, 8)):
        y = np.repeat([1, 0], [p, n])
        worst = average_precision(y, np.arange(p + n))
        assert minimum_average_precision(y) == pytest.approx(worst)
        assert normalised_average_precision(y, np.arange(p + n)) == pytest.approx(0)
        assert normalised_average_precision(y, -np.arange(p + n)) == pytest.approx(1)
    # Boyd et al. (2012): the continuous form at 10 % and very many rows.
    many = minimum_average_precision(np.repeat([1, 0], [10_000, 90_000]))
    assert many == pytest.approx(1 + 0.9 * math.log(0.9) / 0.1, abs=1e-4)


def test_undefined_is_nan() -> None:
    for function in (roc_auc, partial_roc_auc, normalised_average_precision):
        assert math.isnan(function([1, 1], [0.1, 0.2]))
        assert math.isnan(function([0, 0], [0.1, 0.2]))
    for function in (average_precision, recall_at_precision, precision_at_recall):
        assert math.isnan(function([0, 0], [0.1, 0.2]))
        assert math.isnan(function([], []))
    assert average_precision([1, 1], [0.1, 0.2]) == 1.0
    assert math.isnan(precision_at_k([0, 1], [0.1, 0.2], k=3))
    assert math.isnan(recall_at_k([0, 0], [0.1, 0.2], k=1))
    assert math.isnan(minimum_average_precision([0, 0]))


def test_ties_at_k_are_the_mean_over_orders() -> None:
    y, score = np.array([1, 0, 1, 0, 1]), np.array([3, 2, 2, 2, 1])
    for k in range(1, 6):
        hits = [
            y[list(order)][:k].sum()
            for order in itertools.permutations(range(5))
            if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
        ]
        assert precision_at_k(y, score, k=k) == pytest.approx(np.mean(hits) / k)
        assert recall_at_k(y, score, k=k) == pytest.approx(np.mean(hits) / 3)


def test_operating_points_equal_a_search_over_all_scores(cases) -> None:
    for y, score, weights in cases(80):
        for floor in (0.1, 0.5, 0.8, 1.0):
            best_recall, best_precision = 0.0, 0.0
            for cut in np.unique(score[weights > 0]):
                c = counts(y, score, weights, threshold=cut)
                if c.tp / c.flagged >= floor:
                    best_recall = max(best_recall, c.tp / c.positives)
                if c.tp / c.positives >= floor:
                    best_precision = max(best_precision, c.tp / c.flagged)
            found = threshold_at_precision(y, score, weights, precision=floor)
            assert found.value == pytest.approx(best_recall)
            assert (
                recall_at_precision(y, score, weights, precision=floor) == found.value
            )
            if found.value > 0:
                c = counts(y, score, weights, threshold=found.threshold)
                assert c.tp / c.positives == pytest.approx(found.value)
                assert c.tp / c.flagged >= floor - 1e-12
            found = threshold_at_recall(y, score, weights, recall=floor)
            assert found.value == pytest.approx(best_precision)
            c = counts(y, score, weights, threshold=found.threshold)
            assert c.tp / c.positives >= floor - 1e-12


def test_a_precision_out_of_reach_flags_nothing() -> None:
    found = threshold_at_precision([1, 0], [0.1, 0.9], precision=0.9)
    assert found.value == 0.0
    assert found.threshold == math.inf


@given(ROWS)
@settings(max_examples=100, deadline=None)
def test_invariances(rows) -> None:
    y, score, weights = (np.array(column) for column in zip(*rows, strict=True))
    random = np.random.default_rng(len(rows))
    order = random.permutation(len(y))
    copies = np.repeat(np.arange(len(y)), weights)
    for function in (roc_auc, average_precision, partial_roc_auc):
        value = function(y, score, weights)
        same = {"nan_ok": True, "abs": 1e-12}
        # A monotone transform, the order of rows, weight k as k copies.
        transformed = function(y, np.exp(score / 3) - 7, weights)
        assert transformed == pytest.approx(value, **same)
        shuffled = function(y[order], score[order], weights[order])
        assert shuffled == pytest.approx(value, **same)
        copied = function(y[copies], score[copies])
        assert copied == pytest.approx(value, **same)
    value = roc_auc(y, score, weights)
    assert roc_auc(1 - y, -score, weights) == pytest.approx(value, nan_ok=True)
    assert roc_auc(y, -score, weights) == pytest.approx(1 - value, nan_ok=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: partial_roc_auc([0, 1], [0, 1], max_fpr=0.0),
        lambda: partial_roc_auc([0, 1], [0, 1], max_fpr=1.5),
        lambda: precision_at_k([0, 1], [0, 1], k=0),
        lambda: recall_at_precision([0, 1], [0, 1], precision=2),
        lambda: precision_at_recall([0, 1], [0, 1], recall=-0.1),
    ],
)
def test_options_are_checked(call) -> None:
    with pytest.raises(InputError):
        call()


def test_the_weighted_minimum_is_the_worst_order_of_whole_rows() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        weights = random.random(7)
        y = np.array([1, 1, 1, 1, 0, 0, 0])
        worst = min(
            average_precision(y, [*order, 5, 6, 7], weights)
            for order in itertools.permutations(range(1, 5))
        )
        assert minimum_average_precision(y, None, weights) == pytest.approx(worst)
        assert normalised_average_precision(y, weights * y, weights) > -1e-12


def test_the_minimum_counts_a_weight_as_copies_and_a_rest() -> None:
    y = np.array([1, 1, 0, 0, 1])
    copies = np.array([1, 3, 2, 5, 2])
    whole = minimum_average_precision(np.repeat(y, copies))
    assert minimum_average_precision(y, None, copies) == pytest.approx(whole)
    assert minimum_average_precision([1, 0], None, [2.5, 4]) == pytest.approx(
        (0.5 * 0.5 / 4.5 + 1.5 / 5.5 + 2.5 / 6.5) / 2.5
    )


def test_the_minimum_of_weights_that_stand_for_a_population() -> None:
    found = minimum_average_precision([1, 0], None, [2.5e6, 3.5e7])
    passed = np.arange(1, 2.5e6 + 1)
    assert found == pytest.approx(np.mean(passed / (passed + 3.5e7)), rel=1e-12)
    # The correction at the end of the sum, where both classes are equally large.
    equal = minimum_average_precision([1, 0], None, [2e6, 2e6])
    passed = np.arange(1, 2e6 + 1)
    assert equal == pytest.approx(np.mean(passed / (passed + 2e6)), rel=1e-12)
    share = 3 / 53  # Boyd et al. (2012): the continuous form, of any size
    limit = 1 + (1 - share) * math.log(1 - share) / share
    vast = minimum_average_precision([1, 0], None, [3e11, 5e12])
    assert vast == pytest.approx(limit, rel=1e-9)


def test_an_auroc_of_fractional_weights_is_at_most_1() -> None:
    random = np.random.default_rng(0)
    for rows in range(4, 80):
        y = np.arange(rows) % 2
        assert roc_auc(y, y, random.random(rows)) <= 1
