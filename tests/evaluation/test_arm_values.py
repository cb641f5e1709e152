"""What an arm is worth: point values against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.evaluation.arm_values import (
    ArmScores,
    ArmValues,
    EvaluatedRows,
    between_repeats,
    by_repeat,
    by_split,
    decision_values,
    mean_confusion,
    point_estimates,
    within_folds,
)
from equipoise.evaluation.decided import Decided, DecisionCells
from equipoise.evaluation.out_of_fold import align, cross_fit
from equipoise.metrics.registry import decided_metrics
from equipoise.priors import probability

F1 = as_objective("f1", {})
COSTS = Costs(fp=1.0, fn=10.0)


def rows_of(y, folds, costs=None, weights=None) -> EvaluatedRows:
    return EvaluatedRows(y, folds, F1, costs, weights)


def values_of(arm: ArmScores, splits, rows: EvaluatedRows):
    cells = DecisionCells.of(arm.decided, rows.y, rows.weights)
    return point_estimates(
        by_repeat(arm, splits, rows),
        decision_values(arm.decided, cells.mean, rows.costs),
    )


@pytest.fixture(scope="module")
def prepared(drawn):
    y, z = drawn.y == 1, drawn.scores["plain"]
    fitted = cross_fit(z, y, drawn.folds, F1)
    decided = Decided.choose(fitted.log_odds, y, F1)
    return drawn, ArmScores.of(y, align(z, y, drawn.folds), fitted, decided), fitted


def test_split_values_are_scikit_learns(prepared) -> None:
    drawn, _, fitted = prepared
    found = by_split(drawn.scores["plain"], fitted, rows_of(drawn.y == 1, drawn.folds))
    for r, k in ((0, 0), (1, 3)):
        rows = drawn.folds[r] == k
        y, z = drawn.y[rows], drawn.scores["plain"][r, rows]
        assert found["average_precision"][r, k] == pytest.approx(
            reference.average_precision_score(y, z)
        )
        assert found["roc_auc"][r, k] == pytest.approx(reference.roc_auc_score(y, z))
        assert found["brier"][r, k] == pytest.approx(
            reference.brier_score_loss(y, probability(fitted.log_odds[r, rows]))
        )


def test_values_over_all_splits(prepared) -> None:
    drawn, arm, fitted = prepared
    splits = by_split(drawn.scores["plain"], fitted, rows_of(drawn.y == 1, drawn.folds))
    found = values_of(arm, splits, rows_of(drawn.y == 1, drawn.folds, COSTS))
    p = probability(fitted.log_odds)
    y2 = np.tile(drawn.y, 2)
    assert found["brier"].value == pytest.approx(
        reference.brier_score_loss(y2, p.ravel())
    )
    assert found["log_loss"].value == pytest.approx(reference.log_loss(y2, p.ravel()))
    for name, function in (
        ("recall", reference.recall_score),
        ("precision", reference.precision_score),
        ("f1", reference.f1_score),
        ("mcc", reference.matthews_corrcoef),
        ("balanced_accuracy", reference.balanced_accuracy_score),
    ):
        # Both repeats have all rows, so their mean counts are half of those together.
        both = function(y2, arm.decided.flagged.ravel())
        assert found[name].value == pytest.approx(both)
    c = mean_confusion(DecisionCells.of(arm.decided, drawn.y == 1))
    assert found["cost"].value == pytest.approx((c.fp + 10 * c.fn) / drawn.y.size)


def test_each_positive_counts_once() -> None:
    y, folds = np.array([True, True, True, False]), np.array([[0, 0, 1, 1]])
    assert within_folds(np.array([[0.4, 1.0]]), y, folds) == pytest.approx(0.6)
    assert within_folds(np.array([[np.nan, 1.0]]), y, folds) == 1.0
    assert math.isnan(within_folds(np.full((1, 2), np.nan), y, folds))


def test_splits_that_lack_a_class_have_no_ranking(drawn) -> None:
    y = np.zeros(drawn.y.size, bool)
    y[drawn.folds[0] == 0] = True
    y[np.flatnonzero(drawn.folds[0] == 0)[0]] = False
    z = drawn.scores["plain"]
    fitted = cross_fit(z, y, drawn.folds, as_objective("f1", {}))
    found = by_split(z, fitted, rows_of(y, drawn.folds))
    assert np.isnan(found["roc_auc"][0, 1:]).all()
    assert np.isfinite(found["brier"]).all()


def test_values_of_each_repeat(prepared) -> None:
    drawn, arm, fitted = prepared
    y = drawn.y == 1
    splits = by_split(drawn.scores["plain"], fitted, rows_of(y, drawn.folds))
    found = by_repeat(arm, splits, rows_of(y, drawn.folds))
    assert {values.shape for values in found.values()} == {(2,)}
    for r in range(2):
        assert found["average_precision"][r] == pytest.approx(
            reference.average_precision_score(drawn.y, arm.aligned[r])
        )
        assert found["roc_auc"][r] == pytest.approx(
            within_folds(splits["roc_auc"][r : r + 1], y, drawn.folds[r : r + 1])
        )
        assert found["mcc"][r] == pytest.approx(
            reference.matthews_corrcoef(drawn.y, arm.decided.flagged[r])
        )


def test_a_metric_is_the_mean_of_the_repeats_that_have_it() -> None:
    found = point_estimates(
        {"brier": np.array([0.5, np.nan, 0.7]), "roc_auc": np.full(3, np.nan)}, {}
    )
    assert found["brier"].value == pytest.approx(0.6)
    assert found["roc_auc"].reason == "no fold holds both classes"
    nan = np.array(np.nan)
    none = point_estimates({"mcc": np.array([0.3])}, {"mcc": nan})["mcc"]
    assert none.reason.startswith("all decisions")


def test_weights_are_copies_of_rows(prepared) -> None:
    drawn, _, _ = prepared
    times = np.random.default_rng(0).integers(1, 4, drawn.y.size)
    rows = np.repeat(np.arange(drawn.y.size), times)
    found = []
    for at, w in ((np.arange(drawn.y.size), times.astype(float)), (rows, None)):
        y, z, folds = drawn.y[at] == 1, drawn.scores["noisy"][:, at], drawn.folds[:, at]
        fitted = cross_fit(z, y, folds, F1, weights=w)
        arm = ArmScores.of(y, z, fitted, Decided.choose(fitted.log_odds, y, F1, w))
        made = rows_of(y, folds, COSTS, w)
        found.append(values_of(arm, by_split(z, fitted, made), made))
    weighted, copied = found
    for name, estimate in weighted.items():
        assert estimate.value == pytest.approx(copied[name].value, abs=1e-4), name


def test_variance_between_repeats() -> None:
    assert between_repeats(np.array([0.4, 0.6])) == pytest.approx(0.02)
    assert between_repeats(np.array([0.4, np.nan, 0.6])) == pytest.approx(0.02)
    assert between_repeats(np.array([0.4])) is None
    assert between_repeats(np.array([0.4, np.nan])) == 0.0


def test_every_arm_has_every_metric_in_every_repeat(drawn) -> None:
    rows = rows_of(drawn.y == 1, drawn.folds, COSTS)
    for scores in drawn.scores.values():
        arm = ArmValues.of(scores, rows)
        assert set(arm.repeated) == set(arm.points)
        for metric, values in arm.repeated.items():
            assert values.shape == (2,)
            if metric not in decided_metrics():
                assert arm.points[metric].value == pytest.approx(np.nanmean(values))


def test_the_rows_of_a_trial_know_their_totals() -> None:
    y, folds = np.array([True, False, False]), np.array([[0, 1, 2]])
    rows = rows_of(y, folds, weights=np.array([2.0, 1.0, 1.0]))
    assert (rows.totals, rows.prevalence, rows.folds_per_repeat) == ((2, 2), 0.5, 3)
    assert rows_of(y, folds).totals == (2.0, 1.0)
