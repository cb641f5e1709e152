# SPDX-License-Identifier: Apache-2.0
"""Out-of-fold scores on one scale, calibrated without their own labels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.objectives import as_objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.evaluation.out_of_fold import (
    CALIBRATION_ROWS,
    LARGEST,
    align,
    cross_fit,
    fit_on_cells,
)


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


F1 = as_objective("f1", {})


def test_it_equals_the_loop_written_out(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["noisy"]
    found = cross_fit(z, y, drawn.folds, F1, exact=False)
    for r in range(2):
        for k in range(5):
            inside = drawn.folds[r] == k
            c = fit_calibrator(z[r, ~inside], y[~inside], exact=False)
            t = choose_threshold(c.apply(z[r, ~inside]), y[~inside]).value
            assert np.allclose(found.log_odds[r, inside], c.apply(z[r, inside]))
            assert found.threshold[r, k] == t


def test_a_folds_own_labels_change_nothing_in_it(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["plain"]
    inside = drawn.folds[0] == 2
    turned = np.where(inside, ~y, y)
    before = cross_fit(z, y, drawn.folds, F1, exact=False)
    after = cross_fit(z, turned, drawn.folds, F1, exact=False)
    assert np.array_equal(before.log_odds[0, inside], after.log_odds[0, inside])
    assert before.threshold[0, 2] == after.threshold[0, 2]
    assert not np.array_equal(before.log_odds[0, ~inside], after.log_odds[0, ~inside])


def test_a_single_positive_outside_is_served() -> None:
    y = np.array([True, False, False, True, False, False])
    z = np.array([[2.0, 0.0, -1.0, 1.0, 0.5, -2.0]])
    found = cross_fit(z, y, np.array([[0, 0, 0, 1, 1, 1]]), F1)
    assert np.isfinite(found.log_odds).all()


def test_a_fold_that_holds_all_positives_leaves_none_to_choose_by() -> None:
    y = np.array([True, True, False, False, False, False])
    z = np.zeros((1, 6))
    found = cross_fit(z, y, np.array([[0, 0, 0, 1, 1, 1]]), F1)
    assert found.threshold[0, 0] == np.inf


@pytest.mark.parametrize(("method", "near"), [("platt", 1e-3), ("isotonic", 0.03)])
def test_cells_change_a_calibrator_little(method: str, near: float) -> None:
    random = np.random.default_rng(0)
    z = 2 * random.standard_normal(3 * CALIBRATION_ROWS) - 3
    y = random.random(z.size) < 1 / (1 + np.exp(-0.6 * z - 0.5))
    cells, rows = fit_on_cells(z, y, True, method), fit_calibrator(z, y, method=method)
    assert cells.apply([-4.0, 0.0, 2.0]) == pytest.approx(
        rows.apply([-4.0, 0.0, 2.0]), abs=near
    )


def test_weights_are_copies_of_rows(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["noisy"][:1]
    times = np.random.default_rng(0).integers(1, 4, y.size)
    rows = np.repeat(np.arange(y.size), times)
    folds = drawn.folds[:1]
    weighted = cross_fit(z, y, folds, F1, exact=False, weights=times.astype(float))
    copied = cross_fit(z[:, rows], y[rows], folds[:, rows], F1, exact=False)
    assert weighted.log_odds[0, rows] == pytest.approx(copied.log_odds[0], abs=1e-4)
    assert weighted.threshold == pytest.approx(copied.threshold, abs=1e-4)


def test_weights_count_in_cells_too() -> None:
    random = np.random.default_rng(1)
    z = 2 * random.standard_normal(3 * CALIBRATION_ROWS) - 3
    y = random.random(z.size) < 1 / (1 + np.exp(-0.6 * z - 0.5))
    heavy = np.where(y, 1.0, 5.0)
    cells = fit_on_cells(z, y, True, "platt", weights=heavy)
    rows = fit_calibrator(z, y, method="platt", weights=heavy)
    assert cells.apply([-4.0, 0.0]) == pytest.approx(rows.apply([-4.0, 0.0]), abs=1e-3)
