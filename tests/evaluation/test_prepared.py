"""What is computed once for every arm, and what its errors are judged by."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.evaluation.decided import DECISION
from equipoise.evaluation.prepared import Prepared
from equipoise.metrics import average_precision
from equipoise.uncertainty.influence import average_precision_spread
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers

COSTS = Costs(fp=1.0, fn=8.0)


@pytest.fixture(scope="module")
def prepared(drawn) -> Prepared:
    return Prepared.of(
        drawn.y == 1, drawn.folds, drawn.scores, as_objective("f1", {}), COSTS, {}
    )


def test_every_arm_has_every_metric_in_every_repeat(prepared: Prepared) -> None:
    for name in ("plain", "noisy"):
        repeated, points = prepared.repeated[name], prepared.points[name]
        assert set(repeated) == set(points)
        for metric, values in repeated.items():
            assert values.shape == (2,)
            if metric not in DECISION:
                assert points[metric].value == pytest.approx(np.nanmean(values))


def test_a_share_is_judged_by_the_rows_it_is_a_share_of(prepared, drawn) -> None:
    """Precision by the flagged, recall by the positives, F1 by the union of both."""
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    arm, y = prepared.brought["noisy"], drawn.y == 1

    def among(metric: str, given: RowWeights = weights) -> float:
        return prepared._basis("noisy", metric, given).among

    assert among("precision") == arm.decided.flagged.sum(axis=1).mean()
    assert among("recall") == y.sum()
    assert among("specificity") == (~y).sum()
    assert among("f1") == (arm.decided.flagged | y).sum(axis=1).mean()
    assert among("g_mean") == among("roc_auc") == y.sum()
    pairs = RowWeights(y, cluster_numbers(np.arange(100) // 2, 100), 10, 0)
    sizes = np.unique(np.flatnonzero(~y) // 2, return_counts=True)[1]
    kish = sizes.sum() ** 2 / (sizes**2).sum()
    assert among("specificity", pairs) == pytest.approx(kish)


def test_average_precision_is_judged_with_care(prepared, drawn) -> None:
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    basis = prepared._basis("noisy", "average_precision", weights)
    aligned = prepared.brought["noisy"].aligned
    spreads = [average_precision_spread(drawn.y, z) for z in aligned]
    assert basis.bias == pytest.approx(np.mean([s.bias for s in spreads]))
    assert basis.unseen == pytest.approx(np.mean([s.unseen_low for s in spreads]))
    each = [average_precision(drawn.y, z) for z in aligned]
    assert basis.between == pytest.approx(np.var(each, ddof=1))
    assert prepared._basis("noisy", "roc_auc", weights).bias == 0.0


def test_costs_have_the_limits_of_their_corners(prepared, drawn) -> None:
    weights = RowWeights(drawn.y == 1, None, 10, 0)
    low, high = prepared._basis("noisy", "cost", weights).limits
    assert low == 0.0
    assert high == pytest.approx((80 * 1.0 + 20 * 8.0) / 100)


def test_errors_are_of_the_joint_replicates(prepared, drawn) -> None:
    weights = RowWeights(drawn.y == 1, None, 200, 0)
    found = prepared.replicates(weights)
    errors = prepared.errors("noisy", "plain", found, weights.rarer)
    noisy, plain = found["noisy"].values, found["plain"].values
    gap = noisy["roc_auc"] - plain["roc_auc"]
    assert errors["roc_auc"] == pytest.approx(np.sqrt(gap.var(ddof=1) * 20 / 19))
    assert prepared.errors("plain", "plain", found, 20) == {}
    apart = noisy["roc_auc"].var() + plain["roc_auc"].var()
    assert errors["roc_auc"] ** 2 < apart  # paired
