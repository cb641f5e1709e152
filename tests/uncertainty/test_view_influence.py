# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.metrics import (
    average_precision,
    normalised_average_precision,
    roc_auc,
)
from equipoise.uncertainty.view_influence import (
    average_precision_of_view,
    normalised_average_precision_of_view,
    roc_auc_of_view,
)


def drawn(rows: int = 150, seed: int = 0):
    random = np.random.default_rng(seed)
    y = random.random(rows) < 0.3
    score = np.round(random.normal(size=rows) + y, 1)
    return y, score, random.uniform(0.2, 2.0, rows)


@pytest.mark.parametrize("seed", range(3))
def test_slopes_equal_finite_differences(seed) -> None:
    y, score, weights = drawn(seed=seed)
    for make, metric in (
        (average_precision_of_view, average_precision),
        (roc_auc_of_view, roc_auc),
    ):
        made = make(y, score, weights)
        assert made.value == pytest.approx(metric(y, score, weights))
        for row in range(0, 150, 11):
            values = []
            for factor in (1 + 1e-5, 1 - 1e-5):
                moved = weights.copy()
                moved[row] *= factor
                values.append(metric(y, score, moved))
            slope = (values[0] - values[1]) / 2e-5
            assert made.row[row] == pytest.approx(slope, abs=1e-9)


def test_rows_of_one_weight_are_left_out_exactly() -> None:
    y, score, _ = drawn(40)
    made = average_precision_of_view(y, score, np.full(40, 2.0))
    rows = np.arange(40)
    sizes = np.where(y, y.sum(), (~y).sum())
    without = [average_precision(y[rows != i], score[rows != i]) for i in rows]
    taken = made.value - np.array(without)
    assert made.row == pytest.approx(taken * (1 - 1 / sizes))
    halved = average_precision_of_view(y, score, np.ones(40), np.full(40, 0.5))
    assert halved.row == pytest.approx(taken / 2)
    # The slope is near, and is what is asked for.
    slope = average_precision_of_view(y, score, np.ones(40), slope=True)
    assert slope.row != pytest.approx(made.row, abs=1e-4)
    assert slope.row == pytest.approx(made.row, abs=0.02)


def test_normalised_average_precision_is_a_line_of_average_precision() -> None:
    y, score, weights = drawn()
    made = normalised_average_precision_of_view(y, score, weights)
    assert made.value == pytest.approx(normalised_average_precision(y, score, weights))
    plain = average_precision_of_view(y, score, weights)
    ratio = (1 - made.value) / (1 - plain.value)
    assert made.row == pytest.approx(ratio * plain.row)
    only = np.ones(3, bool)
    assert np.isnan(
        normalised_average_precision_of_view(only, score[:3], weights[:3]).value
    )


def test_one_fold_is_no_fold() -> None:
    y, score, weights = drawn()
    whole = roc_auc_of_view(y, score, weights)
    one = roc_auc_of_view(y, score, weights, np.zeros(150, np.int64))
    assert one.value == whole.value
    assert (one.row == whole.row).all()


def test_folds_are_ranked_apart_and_count_by_their_positives() -> None:
    y, score, weights = drawn()
    fold = np.random.default_rng(3).integers(0, 4, 150)
    made = roc_auc_of_view(y, score, weights, fold)
    shifted = roc_auc_of_view(y, score + 100.0 * fold, weights, fold)
    assert shifted.value == pytest.approx(made.value)
    each = [
        roc_auc(y[fold == k], score[fold == k], weights[fold == k]) for k in range(4)
    ]
    mass = [weights[y & (fold == k)].sum() for k in range(4)]
    assert made.value == pytest.approx(np.average(each, weights=mass))


def test_what_is_undefined_is_nan() -> None:
    nothing = np.zeros(3, bool)
    for make in (average_precision_of_view, roc_auc_of_view):
        made = make(nothing, np.arange(3.0), np.ones(3))
        assert np.isnan(made.value)
        assert not made.row.any()
    lone = average_precision_of_view(
        np.array([True, False, False]), np.array([2.0, 3.0, 1.0]), np.ones(3)
    )
    assert lone.value == 0.5
    assert np.isfinite(lone.row).all()
