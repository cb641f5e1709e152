"""Paired differences on the same rows: formula, symmetry, level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from equipoise.comparison import delong_difference, resampled_difference
from equipoise.errors import InputError
from equipoise.priors import probability


def pair(seed: int, positives: int = 30, negatives: int = 120, gain: float = 0.0):
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1], [negatives, positives])
    common = random.standard_normal(y.size) + y
    a, b = common + 0.8 * random.standard_normal((2, y.size))
    return y, a + gain * y, b


def brute_force_delong(y, a, b) -> float:
    """Variance of the difference from the placement matrix itself."""
    parts = []
    for s in (a, b):
        wins = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (
            s[y == 1][:, None] == s[y == 0]
        )
        parts.append(wins)
    d = parts[0] - parts[1]
    return d.mean(1).var(ddof=1) / d.shape[0] + d.mean(0).var(ddof=1) / d.shape[1]


def test_delong_equals_the_placement_matrix() -> None:
    y, a, b = pair(0)
    a = np.round(a, 1)
    test = delong_difference(y, a, b)
    assert test.mean == pytest.approx(roc_auc_score(y, a) - roc_auc_score(y, b))
    assert test.se**2 == pytest.approx(brute_force_delong(y, a, b))
    assert test.p == pytest.approx(2 * stats.t.sf(abs(test.mean) / test.se, 29))


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("average_precision", average_precision_score),
        ("roc_auc", roc_auc_score),
        ("brier", lambda y, z: brier_score_loss(y, probability(z))),
    ],
)
def test_resampled_differences_are_of_the_metric(metric, reference) -> None:
    y, a, b = pair(1)
    test = resampled_difference(y, a, b, metric=metric)
    assert test.mean == pytest.approx(reference(y, a) - reference(y, b))
    back = resampled_difference(y, b, a, metric=metric)
    assert (back.mean, back.low, back.high) == pytest.approx(
        (-test.mean, -test.high, -test.low)
    )


def test_the_error_of_average_precision_is_the_jackknifes() -> None:
    """Classes apart, by brute force, with ties; of no use are draws and their seed."""
    y, a, b = pair(6, 9, 31)
    a = np.round(a, 1)
    rest = [np.arange(y.size) != i for i in range(y.size)]
    without = np.array(
        [
            average_precision_score(y[r], a[r]) - average_precision_score(y[r], b[r])
            for r in rest
        ]
    )
    expected = sum((n - 1) * without[y == k].var() for k, n in ((0, 31), (1, 9)))
    test = resampled_difference(y, a, b)
    assert (test.se**2, test.df) == (pytest.approx(expected), 8)
    assert test == resampled_difference(y, a, b, replicates=2, seed=1)


def test_clusters_of_one_row_each_are_rows() -> None:
    y, a, b = pair(7)
    one, other = (
        resampled_difference(y, a, b, clusters=names)
        for names in (None, [f"row {i}" for i in range(y.size)])
    )
    assert (other.df, other.se) == (one.df, pytest.approx(one.se))


def in_clusters(seed: int):
    """40 clusters of 8 rows of both classes, in each of which a model errs alike."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(40), 8)
    y = random.random(320) < 0.5
    shared = random.standard_normal(320) + 1.2 * y
    a, b = (
        shared
        + 0.5 * random.standard_normal(320)
        + 0.7 * random.standard_normal(40)[cluster] * np.where(y, 1, -1)
        for _ in range(2)
    )
    return y, a, b, cluster


def test_the_level_holds_with_clusters() -> None:
    """Weights of clusters reject in 7.7 % here, and as rows they reject in far more."""
    trials, found, as_rows = 500, 0, 0
    for seed in range(trials):
        y, a, b, cluster = in_clusters(seed)
        found += resampled_difference(y, a, b, clusters=cluster).p <= 0.05
        as_rows += resampled_difference(y, a, b).p <= 0.05
    assert found <= stats.binom.ppf(0.999, trials, 0.05) < as_rows


def test_both_ways_agree_on_auroc() -> None:
    y, a, b = pair(2, 60, 240)
    one, other = (
        delong_difference(y, a, b),
        resampled_difference(y, a, b, metric="roc_auc"),
    )
    assert other.se == pytest.approx(one.se, rel=0.12)


def test_equal_scores_differ_by_nothing() -> None:
    y, a, _ = pair(3)
    assert delong_difference(y, a, a).p == 1.0
    assert resampled_difference(y, a, a).p == 1.0


def test_one_positive_is_no_test() -> None:
    test = delong_difference([0, 0, 1], [1, 2, 3], [3, 2, 1])
    assert np.isnan(test.p)
    assert "one row" in test.reason


def test_clusters_widen() -> None:
    y, a, b = pair(4)
    alone = resampled_difference(y, a, b)
    whole = resampled_difference(y, a, b, clusters=np.arange(y.size) // 10)
    assert whole.df < alone.df


def test_wrong_arguments_are_refused() -> None:
    y, a, b = pair(5)
    with pytest.raises(InputError, match="metric"):
        resampled_difference(y, a, b, metric="recall")
    with pytest.raises(InputError, match="shape"):
        delong_difference(y, a[:3], b)


def rejected(
    trials: int, positives: int, seed: int, gain: float = 0.0
) -> dict[str, float]:
    found = {"delong": 0, "average_precision": 0}
    for trial in range(trials):
        y, a, b = pair(seed + trial, positives, 9 * positives, gain)
        found["delong"] += delong_difference(y, a, b).p <= 0.05
        p = resampled_difference(y, a, b, replicates=200, seed=trial).p
        found["average_precision"] += p <= 0.05
    return {name: count / trials for name, count in found.items()}


def test_the_level_holds_small() -> None:
    assert all(rate <= 0.12 for rate in rejected(100, 12, 0).values())


def test_a_difference_is_found() -> None:
    """DeLong's formula foretells the power: the difference over its standard error."""
    y, a, b = pair(0, 3000, 27_000, 0.5)
    large = delong_difference(y, a, b)
    shift = large.mean / (large.se * np.sqrt(100))  # of 30 positives
    expected = stats.nct(29, shift).sf(stats.t.ppf(0.975, 29))
    found = rejected(150, 30, 500, 0.5)
    assert 0.3 < expected < 0.95
    assert found["delong"] == pytest.approx(expected, abs=0.12)
    assert found["average_precision"] > 0.25


@pytest.mark.parametrize("digits", [0, 9])
def test_the_level_holds_where_half_are_positive(digits: int) -> None:
    """50 of 100 positive: weights of rows reject in 7 % or more here."""
    trials, found = 1000, 0
    for seed in range(trials):
        y, a, b = pair(20_000 + seed, 50, 50)
        a, b = np.round(a, digits), np.round(b, digits)
        found += resampled_difference(y, a, b).p <= 0.05
    assert found <= stats.binom.ppf(0.999, trials, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("positives", [8, 12, 50])
def test_the_level_holds(positives: int) -> None:
    assert all(rate <= 0.07 for rate in rejected(2000, positives, 10_000).values())


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "brier"])
def test_rows_of_one_class_tell_no_difference(metric: str, label: int) -> None:
    score = np.linspace(-1, 1, 20)
    found = resampled_difference(np.full(20, label), score, -score, metric=metric)
    assert np.isnan([found.mean, found.low, found.high, found.p]).all()
    assert "a class is absent" in found.reason
