"""Scores on one scale: what alignment keeps, removes and leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.evaluation.alignment import LARGEST, align


def test_within_a_split_the_order_is_untouched(drawn) -> None:
    z = align(drawn.scores["plain"], drawn.y == 1, drawn.folds)
    for repeat, fold in enumerate(drawn.folds):
        for k in range(5):
            rows = fold == k
            before = np.argsort(drawn.scores["plain"][repeat, rows])
            assert np.array_equal(before, np.argsort(z[repeat, rows]))


@pytest.mark.parametrize(("stretch", "shift"), [(0.1, 3.0), (7.0, -2.0)])
def test_moving_the_whole_arm_changes_no_order(drawn, stretch, shift) -> None:
    y, scores = drawn.y == 1, drawn.scores["plain"]
    moved = align(stretch * scores + shift, y, drawn.folds)
    assert np.allclose(moved, align(scores, y, drawn.folds), atol=1e-8)


def test_an_arm_that_is_constant_in_each_fold_says_nothing(drawn) -> None:
    by_fold = np.linspace(-3, -2, 5)[drawn.folds]
    z = align(by_fold, drawn.y == 1, drawn.folds)
    assert np.all(z == z[0, 0])
    assert average_precision_score(drawn.y, z[0]) == pytest.approx(drawn.y.mean())


def test_large_differences_between_folds_are_removed(make_drawn) -> None:
    data = make_drawn(positives=100, negatives=900)
    clean = data.scores["plain"]
    random = np.random.default_rng(1)
    shift = 5 * random.standard_normal((2, 5))[np.arange(2)[:, None], data.folds]
    stretch = np.exp(random.standard_normal((2, 5)))[np.arange(2)[:, None], data.folds]
    mended = align(stretch * clean + shift, data.y == 1, data.folds)
    spoiled = average_precision_score(data.y, (stretch * clean + shift)[0])
    truth = average_precision_score(data.y, clean[0])
    found = average_precision_score(data.y, mended[0])
    assert abs(found - truth) < 0.04 < abs(spoiled - truth)


def test_differences_by_chance_are_left_alone(make_drawn) -> None:
    """Folds that differ by no more than chance keep the pooled order, nearly."""
    data = make_drawn(positives=10, negatives=30)
    random = np.random.default_rng(0)
    same = random.standard_normal(data.folds.shape) + 2 * data.y
    z = align(same, data.y == 1, data.folds)
    assert np.corrcoef(same[0], z[0])[0, 1] > 0.97


def test_infinite_scores_keep_their_ends() -> None:
    y = np.array([False, False, True, False, False, True])
    scores = np.array([[-np.inf, 0.0, np.inf, 1.0, -1.0, 2.0]])
    z = align(scores, y, np.array([[0, 0, 0, 1, 1, 1]]))
    assert np.isfinite(z).all()
    assert z[0, 2] == z[0, :3].max()
    assert z[0, 0] == z[0, :3].min()
    assert LARGEST >= 1e3


def test_folds_without_negatives_are_served() -> None:
    y = np.array([True, True, False, True])
    z = align(np.array([[0.0, 1.0, 0.5, 2.0]]), y, np.array([[0, 0, 1, 1]]))
    assert np.isfinite(z).all()
    assert roc_auc_score(y, z[0]) >= 0
