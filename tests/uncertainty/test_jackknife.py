"""Average precision without each row: brute force, ties, extremes, its variance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score

from equipoise.errors import InputError
from equipoise.uncertainty.influence import average_precision_influence
from equipoise.uncertainty.jackknife import stratified_variance, without_each_row


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
