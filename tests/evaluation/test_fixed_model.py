# SPDX-License-Identifier: Apache-2.0
"""A fixed model: every metric, its intervals, its decisions, doubtful scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

import equipoise as eq
from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation import evaluate
from equipoise.evaluation.fixed_model import (
    DECISIONS,
    are_decisions,
    as_costs,
)
from equipoise.metrics.registry import decided_metrics, scored_metrics
from equipoise.uncertainty import interval

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
    assert tuple(found) == (*scored_metrics(), *decided_metrics())
    for name in scored_metrics():
        assert found[name] == interval(name, Y, P, level=0.9)
    for name in decided_metrics():
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
    with pytest.raises(TypeError, match="not numbers"):
        evaluate(["yes", "no"], [0.1, 0.2])


def test_costs_that_are_given_ready_stay() -> None:
    assert as_costs(None) is None
    assert as_costs((1.0, 5.0)) == Costs(1.0, 5.0)
    with pytest.raises(InputError, match=r"Received costs of shape \(60, 60\)\. "):
        as_costs(np.zeros((60, 60)))  # type: ignore[arg-type]  # wrong on purpose


def test_rows_left_undecided_cost_what_abstaining_does() -> None:
    costs = Costs(fp=1, fn=12, tp=0.1, abstain=0.4)
    low, high = costs.band() or (0, 0)
    made = np.where(high <= P, 1, np.where(low <= P, -1, 0))
    assert set(made) == {-1, 0, 1}
    found = evaluate(Y, P, costs=costs)
    assert (found.lower, found.threshold) == (low, high)
    each = costs.per_row(Y, made)
    assert found["cost"].value == pytest.approx(each.mean())
    # No narrower than the normal interval, which forgets misses not yet seen.
    half = 1.96 * each.std() / math.sqrt(Y.size)
    assert 0 < found["cost"].low < each.mean() - half
    assert each.mean() + half < found["cost"].high < 1
    assert found["undecided"].value == pytest.approx((made == -1).mean())
    assert found["recall"].value == pytest.approx((made[Y == 1] == 1).mean())
    assert found["precision"].value == pytest.approx(Y[made == 1].mean())
    c = found.confusion
    assert c is not None
    assert c.tp + c.fn + c.left_positives == c.positives == Y.sum()
    assert c.undecided == (made == -1).sum()
    assert c.as_dict()["left_negatives"] == ((made == -1) & (Y == 0)).sum()
    assert "rows are left undecided" in found.notes[-1]
    assert "undecided from" in str(found)
    weights = np.ones(Y.size) + (np.arange(Y.size) % 2)
    heavy = evaluate(Y, P, costs=costs, weights=weights)
    assert heavy["cost"].value == pytest.approx(np.average(each, weights=weights))
    # Without a price for it the cost is not defined.
    bare = evaluate(Y, P, threshold=high, lower=low, costs=(1, 12))
    assert "no cost of abstaining" in bare["cost"].reason
    assert evaluate(Y, P, costs=Costs(fp=1, fn=12, abstain=9)).lower is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lower": 0.1}, "without a threshold"),
        ({"lower": 0.4, "threshold": 0.3}, "a lower threshold below it"),
        ({"lower": -1, "threshold": 0.3}, "lower=-1"),
    ],
)
def test_a_lower_threshold_must_be_lower(options, message) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(Y, P, **options)


def test_the_cost_of_abstaining_is_covered() -> None:
    """The truth by quadrature; 12 positives, where the interval is hardest."""
    costs = Costs(fp=1, fn=12, abstain=0.4)
    low, high = costs.band() or (0, 0)
    random, held = np.random.default_rng(4), []
    grid = np.linspace(-7, 9, 4001)
    density = np.exp(-(grid**2) / 2), np.exp(-((grid - 1.5) ** 2) / 2)

    def score(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(1.5 * z - 1.125 - math.log(9))))

    made = np.where(high <= score(grid), 1, np.where(low <= score(grid), -1, 0))
    prices = (costs.per_row(np.full(grid.size, k), made) for k in (0, 1))
    each = [np.average(v, weights=d) for v, d in zip(prices, density, strict=True)]
    truth = 0.9 * each[0] + 0.1 * each[1]
    for _ in range(120):
        y = np.repeat([0, 1], [108, 12])
        p = score(random.standard_normal(120) + 1.5 * y)
        e = evaluate(y, p, costs=costs)["cost"]
        held.append(e.low <= truth <= e.high)
    assert np.mean(held) >= 0.89


LABELS = (np.random.default_rng(0).random(400) < 0.2).astype(int)
SHARES = 1 / (1 + np.exp(2 - np.random.default_rng(1).normal(size=400) - 2 * LABELS))


def said(y, p, **options) -> str:
    return " ".join(eq.evaluate(y, p, **options).notes)


@pytest.mark.parametrize("kind", [int, float, bool, np.float32])
@pytest.mark.parametrize("threshold", [None, 0.5, 1.0])
def test_decisions_are_judged_as_decisions(kind, threshold) -> None:
    hard = (SHARES > 0.5).astype(kind)
    found = eq.evaluate(LABELS, hard, threshold=threshold)
    assert "these are decisions" in " ".join(found.notes)
    assert "predict_proba" in " ".join(found.notes)
    for name in ("average_precision", "roc_auc", "brier", "log_loss", "brier_skill"):
        assert math.isnan(found[name].value)
        assert found[name].reason == DECISIONS
    soft = eq.evaluate(LABELS, SHARES, threshold=0.5)
    for name in ("recall", "precision", "f1", "mcc"):
        assert found[name] == soft[name]


def test_two_other_values_are_said() -> None:
    text = said(LABELS, np.where(SHARES > 0.5, 0.8, 0.1), threshold=0.5)
    assert "two values, 0.1 and 0.8" in text
    assert "decisions, not" not in text
    assert not are_decisions(np.zeros(9))


def test_why_the_log_loss_is_infinite() -> None:
    p = SHARES.copy()
    p[np.flatnonzero(LABELS == 1)[:2]] = 0.0
    found = eq.evaluate(LABELS, p)
    assert math.isinf(found["log_loss"].value)
    assert "2 rows have a probability of 0" in " ".join(found.notes)


def test_the_other_class() -> None:
    assert "the wrong way round" in said(LABELS, 1 - SHARES)
    assert "the wrong way round" not in said(LABELS, SHARES)
    assert "the wrong way round" not in said(LABELS, RANDOM.random(400))


@pytest.mark.parametrize(
    ("y", "p", "words"),
    [
        (LABELS, 100 * SHARES, "percentages, divide them by 100"),
        (LABELS, np.log(SHARES / (1 - SHARES)), "For log-odds"),
        (SHARES, LABELS, "swapped"),
        (LABELS + 1, SHARES, "pass y == 2"),
        (2 * LABELS - 1, SHARES, "pass y == 1"),
        (np.ma.array(LABELS, mask=LABELS == 1), SHARES, "masked"),
        (LABELS, np.ma.array(SHARES, mask=LABELS == 1), "masked"),
    ],
)
def test_each_mistake_is_named_with_its_remedy(y, p, words) -> None:
    with pytest.raises(InputError, match=words):
        eq.evaluate(y, p)


@pytest.mark.parametrize(
    ("y", "p"),
    [
        (LABELS, np.c_[1 - SHARES, SHARES]),
        (LABELS, SHARES[:, None]),
        (LABELS[:, None], SHARES),
    ],
)
def test_columns_are_taken_as_scikit_learn_gives_them(y, p) -> None:
    for name in ("roc_auc", "average_precision", "brier"):
        assert eq.evaluate(y, p)[name] == eq.evaluate(LABELS, SHARES)[name]


def test_clusters_of_mixed_types_and_missing_ones() -> None:
    names = [f"p{i}" if i % 2 else i for i in range(40)] * 10
    numbers = np.tile(np.arange(40), 10)
    mixed, plain = (eq.evaluate(LABELS, SHARES, clusters=c) for c in (names, numbers))
    assert mixed["roc_auc"] == plain["roc_auc"]
    with pytest.raises(InputError, match="row 3"):
        eq.evaluate(
            LABELS, SHARES, clusters=[None if i == 3 else i for i in range(400)]
        )
