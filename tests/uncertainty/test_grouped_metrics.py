"""Grouped metrics of many weightings, against scikit-learn and exact laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from equipoise.uncertainty import grouped_metrics as statistics
from equipoise.uncertainty.score_groups import Sums, falling_groups


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
    share, given = 0.3, w.astype(np.float32)
    auc = statistics.roc_auc(*sums(score, y, 1)(given))
    ap = statistics.average_precision(*sums(score, y)(given), share)
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
    found = statistics.roc_auc(*cells(np.ones((60, 1), np.float32)))[0]
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
    cells = Sums.of(group * 3 + fold, y, (int(group.max()) + 1, 3))
    w = random.exponential(size=(22, 1)).astype(np.float32)
    found = statistics.roc_auc(*cells(w))[0]
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
    assert statistics.class_mean(*parts, share)[0] == pytest.approx(
        brier_score_loss(y, p, sample_weight=scaled)
    )


def test_running_sums_are_numpys() -> None:
    values = np.random.default_rng(0).random((7, 3, 2)).astype(np.float32)
    assert np.allclose(statistics.running(values), np.cumsum(values, axis=0))
