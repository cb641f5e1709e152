"""Metrics under many weightings: scikit-learn, brute force, exact laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from equipoise import metrics
from equipoise.errors import InputError
from equipoise.uncertainty.influence import average_precision_influence
from equipoise.uncertainty.row_weights import RowWeights
from equipoise.uncertainty.weighted_metrics import (
    GroupSums,
    WeightedRanking,
    average_precision_at_prevalence,
    class_mean,
    falling_groups,
    roc_auc_within_folds,
    running,
    stratified_variance,
    without_each_row,
)

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30)


@given(ROWS)
def test_groups_fall_with_the_score_and_keep_ties_together(rows) -> None:
    score = np.array([r[0] for r in rows], float)
    y = np.array([r[1] for r in rows])
    group = falling_groups(score, y, 100)
    assert set(group) == set(range(int(group.max()) + 1))
    order = np.argsort(-score, kind="stable")
    assert (np.diff(group[order]) >= 0).all()
    for value in set(score):
        assert len(set(group[score == value])) == 1
    # Between two groups with positives lies at most one without.
    held = np.bincount(group, y) > 0
    assert not (~held[1:] & ~held[:-1]).any()


@given(ROWS, st.integers(1, 4))
def test_merging_keeps_the_order_and_the_bound(rows, most) -> None:
    score = np.array([r[0] for r in rows], float)
    y = np.array([r[1] for r in rows])
    if not y.any():
        y[0] = True
    group = falling_groups(score, y, most)
    assert np.count_nonzero(np.bincount(group, y)) <= most
    order = np.argsort(-score, kind="stable")
    assert (np.diff(group[order]) >= 0).all()


def test_sums_equal_brute_force() -> None:
    random = np.random.default_rng(0)
    y, cell = random.random(40) < 0.3, random.integers(0, 6, 40)
    weights = random.exponential(size=(40, 5)).astype(np.float32)
    sums = GroupSums.of(cell, y, (3, 2))
    positive, negative = sums(weights)
    # Positions take 32 bits: a trial holds some of these for each arm and repeat.
    assert sums.positive.indices.dtype == sums.negative.indices.dtype == np.int32
    for c in range(6):
        at = np.unravel_index(c, (3, 2))
        assert np.allclose(positive[at], weights[y & (cell == c)].sum(0), atol=1e-5)
        assert np.allclose(negative[at], weights[~y & (cell == c)].sum(0), atol=1e-5)


def sums(score: np.ndarray, y: np.ndarray, folds: int | None = None) -> GroupSums:
    group = falling_groups(score, y, 1000)
    shape = (int(group.max()) + 1,)
    return GroupSums.of(group, y, shape if folds is None else (*shape, folds))


@given(st.integers(0, 10_000), st.booleans())
def test_ranking_metrics_equal_scikit_learn(seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    y = np.append(random.random(25) < 0.4, [True, False])
    score = random.standard_normal(27)
    if ties:
        score = np.round(score)
    w = random.exponential(size=(27, 3))
    share, given = 0.3, w.astype(np.float32)
    auc = roc_auc_within_folds(*sums(score, y, 1)(given))
    ap = average_precision_at_prevalence(*sums(score, y)(given), share)
    for b in range(3):
        assert auc[b] == pytest.approx(
            roc_auc_score(y, score, sample_weight=w[:, b]), abs=1e-5
        )
        # Precision at another prevalence: rescale the classes' weights.
        scaled = np.where(
            y, share * w[:, b] / w[y, b].sum(), (1 - share) * w[:, b] / w[~y, b].sum()
        )
        assert ap[b] == pytest.approx(
            average_precision_score(y, score, sample_weight=scaled), abs=1e-5
        )


def test_auroc_within_folds_is_the_mean_over_positives() -> None:
    random = np.random.default_rng(0)
    y, fold = random.random(60) < 0.3, random.integers(0, 3, 60)
    score = random.standard_normal(60) + y + 10 * fold
    group = falling_groups(score, y, 1000)
    cells = GroupSums.of(group * 3 + fold, y, (int(group.max()) + 1, 3))
    found = roc_auc_within_folds(*cells(np.ones((60, 1), np.float32)))[0]
    each = [roc_auc_score(y[fold == k], score[fold == k]) for k in range(3)]
    size = [y[fold == k].sum() for k in range(3)]
    assert found == pytest.approx(np.average(each, weights=size), abs=1e-6)


@given(st.integers(0, 10_000))
def test_folds_without_negatives_do_not_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.append(random.random(20) < 0.4, [True, False])
    score, fold = random.standard_normal(22), random.integers(0, 3, 22)
    fold[~y & (fold == 2)] = 0
    fold[-2:] = 0
    group = falling_groups(score, y, 1000)
    cells = GroupSums.of(group * 3 + fold, y, (int(group.max()) + 1, 3))
    w = random.exponential(size=(22, 1)).astype(np.float32)
    found = roc_auc_within_folds(*cells(w))[0]
    each, size = [], []
    for k in range(3):
        rows = fold == k
        if len(set(y[rows])) == 2:
            area = roc_auc_score(y[rows], score[rows], sample_weight=w[rows, 0])
            each.append(area)
            size.append(w[rows & y, 0].sum())
    assert found == pytest.approx(np.average(each, weights=size), abs=1e-5)


def test_losses_are_means_at_the_prevalence() -> None:
    random = np.random.default_rng(0)
    y, p, w = random.random(30) < 0.4, random.random(30), random.exponential(size=30)
    loss, share = (p - y) ** 2, 0.2
    parts = [np.array([[w[rows].sum()], [(w * loss)[rows].sum()]]) for rows in (y, ~y)]
    scaled = np.where(y, share * w / w[y].sum(), (1 - share) * w / w[~y].sum())
    assert class_mean(*parts, share)[0] == pytest.approx(
        brier_score_loss(y, p, sample_weight=scaled)
    )


def test_running_sums_are_numpys() -> None:
    values = np.random.default_rng(0).random((7, 3, 2)).astype(np.float32)
    assert np.allclose(running(values), np.cumsum(values, axis=0))


def test_even_weights_give_the_metrics_of_the_rows(cases) -> None:
    for y, score, _ in cases(20):
        positive = np.asarray(y) == 1
        if not positive.any() or positive.all():
            continue
        values = WeightedRanking.of(score, positive)(np.ones((len(y), 1), np.float32))
        ap, auc = metrics.average_precision(y, score), metrics.roc_auc(y, score)
        assert values["average_precision"][0] == pytest.approx(ap, abs=1e-5)
        assert values["roc_auc"][0] == pytest.approx(auc, abs=1e-5)


def test_pairing_removes_what_two_arms_share() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([True, False], [30, 300])
    one = random.normal(size=330) + 1.5 * y
    other = one + 0.1 * random.normal(size=330)
    weights = np.concatenate(list(RowWeights(y, None, 400, 0)), axis=1)
    a, b = (WeightedRanking.of(s, y)(weights)["roc_auc"] for s in (one, other))
    assert np.std(a - b) < np.std(a) / 3


def brute_force(y, score):
    rows = np.arange(y.size)
    return np.array(
        [average_precision_score(y[rows != i], score[rows != i]) for i in rows]
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), max_size=16),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
)
def test_ties_and_all_equal_brute_force(rows, two) -> None:
    """Seven scores, so that most rows are tied; two positives remain one."""
    drawn = [*rows, *((True, score) for score in two), (False, 0)]
    y = np.array([label for label, _ in drawn])
    score = np.array([value for _, value in drawn], float)
    assert without_each_row(y, score) == pytest.approx(brute_force(y, score))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_distinct_scores_equal_brute_force(share) -> None:
    random = np.random.default_rng(0)
    y = random.permutation(300) < 300 * share
    score = random.standard_normal(300) + y
    assert without_each_row(y, score) == pytest.approx(brute_force(y, score))


def test_the_only_positive_leaves_no_value() -> None:
    found = without_each_row([0, 1, 0], [1, 2, 3])
    assert found == pytest.approx([0.5, np.nan, 1.0], nan_ok=True)
    assert np.isnan(without_each_row([0, 0], [1, 2])).all()


def test_a_perfect_order_stays_perfect() -> None:
    assert (without_each_row([0, 0, 1, 1], [1, 2, 3, 4]) == 1).all()
    assert without_each_row([1, 1, 1], [0, 0, 0]).tolist() == [1, 1, 1]


def test_it_is_that_of_the_mean_for_a_mean() -> None:
    """Of a difference of two means: the sum of their squared standard errors."""
    random = np.random.default_rng(1)
    x, y = random.standard_normal(40), np.arange(40) < 15
    without = np.empty(40)
    for i in range(40):
        rest = np.arange(40) != i
        without[i] = x[rest & y].mean() - x[rest & ~y].mean()
    expected = stats.sem(x[y]) ** 2 + stats.sem(x[~y]) ** 2
    assert stratified_variance(without, y) == pytest.approx(expected)


def test_of_clusters_it_is_that_of_their_means() -> None:
    """Of a difference of means of equal clusters: that of the clusters' means."""
    random = np.random.default_rng(4)
    unit, y = np.repeat(np.arange(20), 3), np.arange(60) < 24
    x = random.standard_normal(60) + random.standard_normal(20)[unit]
    without = np.empty(60)
    for i in range(60):
        rest = np.arange(60) != i
        without[i] = x[rest & y].mean() - x[rest & ~y].mean()
    means = x.reshape(20, 3).mean(axis=1)
    expected = stats.sem(means[:8]) ** 2 + stats.sem(means[8:]) ** 2
    assert stratified_variance(without, y, unit) == pytest.approx(expected)
    alone = stratified_variance(without, y)
    assert stratified_variance(without, y, np.arange(60)) == pytest.approx(alone)


def test_with_many_rows_it_is_that_of_the_influence() -> None:
    random = np.random.default_rng(2)
    y = np.arange(40_000) < 8_000
    score = random.standard_normal(y.size) + y
    found = stratified_variance(without_each_row(y, score), y)
    assert found == pytest.approx(
        average_precision_influence(y, score).variance(), rel=0.005
    )


def test_many_rows_lose_no_digits() -> None:
    """Values that lie 1e-6 apart: three rows of a large table against brute force."""
    random = np.random.default_rng(3)
    y = random.random(200_000) < 0.3
    score = np.round(random.standard_normal(y.size) + y, 3)
    found = without_each_row(y, score)
    whole = average_precision_score(y, score)
    for i in (0, int(np.argmax(y)), int(np.argmin(score))):
        expected = average_precision_score(np.delete(y, i), np.delete(score, i)) - whole
        assert found[i] - whole == pytest.approx(expected, rel=1e-6, abs=1e-13)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        without_each_row([0, 1, 1], [1, 2])
