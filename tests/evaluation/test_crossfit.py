"""Calibrators and thresholds must not have seen the rows they are used on."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.objectives import as_objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.evaluation.crossfit import CALIBRATION_ROWS, cross_fit, fit

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
    cells, rows = fit(z, y, True, method), fit_calibrator(z, y, method=method)
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
    cells = fit(z, y, True, "platt", weights=heavy)
    rows = fit_calibrator(z, y, method="platt", weights=heavy)
    assert cells.apply([-4.0, 0.0]) == pytest.approx(rows.apply([-4.0, 0.0]), abs=1e-3)
