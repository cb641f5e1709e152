"""`evaluate`: values against scikit-learn, intervals against `interval`, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation import evaluate
from equipoise.evaluation.arrays import DECIDED, SCORED, as_costs
from equipoise.metrics import interval

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(300) < 0.2).astype(int)
P = 1 / (1 + np.exp(-(2.0 * Y - 2 + RANDOM.standard_normal(300))))


def test_values_are_scikit_learns() -> None:
    found, flags = evaluate(Y, P, threshold=0.3), P >= 0.3
    expected = {
        "average_precision": reference.average_precision_score(Y, P),
        "roc_auc": reference.roc_auc_score(Y, P),
        "brier": reference.brier_score_loss(Y, P),
        "log_loss": reference.log_loss(Y, P),
        "recall": reference.recall_score(Y, flags),
        "precision": reference.precision_score(Y, flags),
        "f1": reference.f1_score(Y, flags),
        "mcc": reference.matthews_corrcoef(Y, flags),
        "balanced_accuracy": reference.balanced_accuracy_score(Y, flags),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value), name


def test_every_metric_has_the_interval_of_its_own() -> None:
    found = evaluate(Y, P, threshold=0.3, level=0.9)
    assert tuple(found) == (*SCORED, *DECIDED)
    for name in SCORED:
        assert found[name] == interval(name, Y, P, level=0.9)
    for name in DECIDED:
        assert found[name] == interval(name, Y, P, threshold=0.3, level=0.9)
        assert found[name].low <= found[name].value <= found[name].high


def test_costs_give_the_threshold_and_their_own_line() -> None:
    found = evaluate(Y, P, costs=(1, 9))
    assert found.threshold == pytest.approx(0.1)
    c = found.confusion
    assert c is not None
    assert found["cost"].value == pytest.approx((c.fp + 9 * c.fn) / 300)
    assert evaluate(Y, P, costs=Costs(1, 9)).estimates == found.estimates


def test_a_threshold_goes_before_the_costs() -> None:
    found = evaluate(Y, P, costs=(1, 9), threshold=0.6)
    assert found.threshold == 0.6
    assert "cost" in found


def test_without_a_threshold_no_decision_is_judged() -> None:
    found = evaluate(Y, P)
    assert "recall" not in found
    assert found.confusion is None
    assert any("left out" in note for note in found.notes)


def test_one_class_alone_says_what_is_undefined() -> None:
    found = evaluate(np.zeros(20), np.full(20, 0.1), threshold=0.5)
    assert math.isnan(found["recall"].value)
    assert found["recall"].reason == "no positives"
    assert not found["roc_auc"].defined
    assert found["brier"].value == pytest.approx(0.01)


def test_few_positives_are_noted() -> None:
    found = evaluate([1] * 3 + [0] * 50, np.linspace(0, 1, 53))
    assert any("3 rows of the rarer class" in note for note in found.notes)


def test_weights_and_clusters_reach_the_intervals() -> None:
    plain = evaluate(Y, P, threshold=0.3)
    weighted = evaluate(Y, P, threshold=0.3, weights=1 + 4 * Y)
    assert weighted["precision"].value > plain["precision"].value
    clustered = evaluate(Y, P, threshold=0.3, clusters=np.arange(300) // 10)
    assert clustered["roc_auc"].low != plain["roc_auc"].low


@pytest.mark.parametrize(
    ("y", "p", "options", "message"),
    [
        ([0, 2], [0.1, 0.2], {}, "labels that hold"),
        ([0, np.nan], [0.1, 0.2], {}, "labels that are missing"),
        ([], [], {}, "labels of shape"),
        ([[0, 1]], [[0.1, 0.2]], {}, "labels of shape"),
        ([0, 1], [0.1, 1.2], {}, r"from 0\.1 to 1\.2"),
        ([0, 1], [-3.0, 2.0], {}, "log-odds"),
        ([0, 1], [0.1, np.nan], {}, "not a number"),
        ([0, 1], [0.1], {}, r"shape \(1,\)"),
        ([0, 1], [[0.9, 0.1], [0.2, 0.8]], {}, r"probability\[:, 1\]"),
        ([0, 1], [0.1, 0.2], {"threshold": 1.5}, "threshold=1.5"),
        ([0, 1], [0.1, 0.2], {"level": 1.0}, "level"),
        ([0, 1], [0.1, 0.2], {"costs": (1, 2, 3)}, "cost of a false alarm"),
        ([0, 1], [0.1, 0.2], {"weights": [1.0]}, "weights of shape"),
        ([0, 1], [0.1, 0.2], {"clusters": [1]}, "clusters of shape"),
    ],
)
def test_bad_input_is_one_clear_error(y, p, options, message) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(y, p, **options)


def test_texts_are_the_wrong_type() -> None:
    with pytest.raises(TypeError, match="no numbers"):
        evaluate(["yes", "no"], [0.1, 0.2])


def test_costs_that_are_given_ready_stay() -> None:
    assert as_costs(None) is None
    assert as_costs((1.0, 5.0)) == Costs(1.0, 5.0)
