"""Point values against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.decision.objectives import as_objective
from equipoise.evaluation.alignment import align
from equipoise.evaluation.crossfit import cross_fit
from equipoise.evaluation.points import (
    Caution,
    between_repeats,
    by_split,
    confusions,
    mean_confusion,
    points,
    within_folds,
)
from equipoise.evaluation.replicates import ArmScores
from equipoise.priors import probability


@pytest.fixture(scope="module")
def prepared(drawn):
    y, z = drawn.y == 1, drawn.scores["plain"]
    fitted = cross_fit(z, y, drawn.folds, as_objective("f1", {}))
    return drawn, ArmScores.of(y, z, align(z, y, drawn.folds), fitted), fitted


def test_split_values_are_scikit_learns(prepared) -> None:
    drawn, arm, fitted = prepared
    found = by_split(arm.log_odds, fitted, drawn.y == 1, drawn.folds)
    for r, k in ((0, 0), (1, 3)):
        rows = drawn.folds[r] == k
        y, z = drawn.y[rows], arm.log_odds[r, rows]
        assert found["average_precision"][r, k] == pytest.approx(
            reference.average_precision_score(y, z)
        )
        assert found["roc_auc"][r, k] == pytest.approx(reference.roc_auc_score(y, z))
        assert found["brier"][r, k] == pytest.approx(
            reference.brier_score_loss(y, probability(fitted.log_odds[r, rows]))
        )


def test_values_over_all_splits(prepared) -> None:
    drawn, arm, fitted = prepared
    options = {"false_positive": 1.0, "false_negative": 10.0}
    splits = by_split(arm.log_odds, fitted, drawn.y == 1, drawn.folds)
    found = points(arm, splits, drawn.y == 1, drawn.folds, options)
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
        each = [function(drawn.y, flags) for flags in fitted.flagged]
        assert found[name].value == pytest.approx(np.mean(each))
    c = mean_confusion(confusions(drawn.y == 1, fitted.flagged))
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
    found = by_split(z, fitted, y, drawn.folds)
    assert np.isnan(found["roc_auc"][0, 1:]).all()
    assert np.isfinite(found["brier"]).all()


def test_caution_is_larger_with_fewer_positives(make_drawn) -> None:
    few, many = make_drawn(positives=8), make_drawn(positives=400, negatives=1600)
    small = Caution.of(few.y == 1, few.scores["noisy"])
    large = Caution.of(many.y == 1, many.scores["noisy"])
    assert small.bias > large.bias > 0


def test_variance_between_repeats(prepared) -> None:
    drawn, arm, fitted = prepared
    y = drawn.y == 1
    splits = by_split(arm.log_odds, fitted, y, drawn.folds)
    found = between_repeats(arm, splits, y, drawn.folds)
    each = [reference.average_precision_score(drawn.y, z) for z in arm.aligned]
    assert found["average_precision"] == pytest.approx(np.var(each, ddof=1))
    once = {name: value[:1] for name, value in splits.items()}
    single = ArmScores(arm.aligned[:1], arm.log_odds[:1], arm.flagged[:1], {})
    assert between_repeats(single, once, y, drawn.folds[:1]) == {
        "average_precision": 0.0,
        "roc_auc": 0.0,
    }
