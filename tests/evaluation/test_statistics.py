"""Grouped metrics of many weightings, against scikit-learn and exact laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from equipoise.evaluation import statistics
from equipoise.evaluation.grouping import Sums, falling_groups
from equipoise.evaluation.resampled import Draw, RowWeights
from equipoise.metrics.threshold import f1, precision, recall


def nothing_extra(weights: np.ndarray) -> Draw:
    none = np.zeros(weights.shape[1], np.float32)
    return Draw(weights.astype(np.float32), none, none)


def sums(score: np.ndarray, y: np.ndarray, folds: int | None = None) -> Sums:
    group = falling_groups(score, y, 1000)
    shape = (int(group.max()) + 1,)
    return Sums.of(group, y, shape if folds is None else (*shape, folds))


@given(st.integers(0, 10_000), st.booleans())
def test_ranking_metrics_equal_scikit_learn(seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    y = np.append(random.random(25) < 0.4, [True, False])
    score = random.standard_normal(27)
    if ties:
        score = np.round(score)
    w = random.exponential(size=(27, 3))
    draw = nothing_extra(w)
    share = 0.3
    auc = statistics.roc_auc(*sums(score, y, 1)(draw.weights), draw)[0]
    ap = statistics.average_precision(*sums(score, y)(draw.weights), share, draw)[0]
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
    cells = Sums.of(group * 3 + fold, y, (int(group.max()) + 1, 3))
    draw = nothing_extra(np.ones((60, 1)))
    found = statistics.roc_auc(*cells(draw.weights), draw)[0, 0]
    each = [roc_auc_score(y[fold == k], score[fold == k]) for k in range(3)]
    size = [y[fold == k].sum() for k in range(3)]
    assert found == pytest.approx(np.average(each, weights=size), abs=1e-6)


@given(st.integers(0, 10_000))
def test_pseudo_rows_harm_and_help(seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.append(random.random(15) < 0.4, [True, False])
    # Below chance a further positive at the bottom would raise average precision.
    score = random.standard_normal(17) + 2 * y
    w = random.exponential(size=(17, 4)).astype(np.float32)
    extra = random.exponential(size=(2, 4)).astype(np.float32)
    draw = Draw(w, extra[0], extra[1])
    for form in (
        statistics.roc_auc(*sums(score, y, 1)(w), draw),
        statistics.average_precision(*sums(score, y)(w), float(y.mean()), draw),
    ):
        plain, adverse, favourable = form
        assert (adverse <= plain + 1e-6).all()
        assert (plain <= favourable + 1e-6).all()
        assert (favourable <= 1 + 1e-6).all()


def test_a_whole_pseudo_row_gives_clopper_pearson() -> None:
    """For a share the harmed and helped forms are the two beta distributions."""
    y = np.array([True] * 12 + [False] * 5)
    hits = np.arange(17) < 9
    adverse, favourable = [], []
    for draw in RowWeights(y, None, 4000, seed=0, extra=1.0):
        w = draw.weights
        form = statistics.decisions(
            w[hits].sum(0),
            np.zeros(w.shape[1], np.float32),
            w[y].sum(0),
            w[~y].sum(0),
            (5, 12),
            draw,
            recall,
        )
        adverse.append(form[1])
        favourable.append(form[2])
    low, high = np.concatenate(adverse), np.concatenate(favourable)
    assert stats.kstest(low, stats.beta(9, 4).cdf).pvalue > 0.001
    assert stats.kstest(high, stats.beta(10, 3).cdf).pvalue > 0.001


def test_decisions_at_even_weights_are_the_definitions() -> None:
    draw = nothing_extra(np.ones((100, 1)))
    cells = [np.array([v], np.float32) for v in (9.0, 3.0, 12.0, 88.0)]
    for definition, expected in ((recall, 0.75), (precision, 0.75), (f1, 0.75)):
        found = statistics.decisions(*cells, (88, 12), draw, definition)
        assert found[0, 0] == pytest.approx(expected)


def test_losses_are_means_at_the_prevalence() -> None:
    random = np.random.default_rng(0)
    y, p = random.random(30) < 0.4, random.random(30)
    loss = (p - y) ** 2
    parts = [np.array([[rows.sum()], [loss[rows].sum()]]) for rows in (y, ~y)]
    draw = Draw(np.ones((30, 1), np.float32), np.ones(1), np.ones(1))
    plain, harmed, helped = statistics.class_mean(
        *parts, (1.0, 1.0), float(y.mean()), draw
    )
    assert plain[0] == pytest.approx(brier_score_loss(y, p))
    assert helped[0] < plain[0] < harmed[0]


def test_running_sums_are_numpys() -> None:
    values = np.random.default_rng(0).random((7, 3, 2)).astype(np.float32)
    assert np.allclose(statistics.running(values), np.cumsum(values, axis=0))
