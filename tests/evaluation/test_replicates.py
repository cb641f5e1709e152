"""Replicates of an arm: even weights give back what was computed directly."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.objectives import as_objective
from equipoise.evaluation import replicates
from equipoise.evaluation.alignment import align
from equipoise.evaluation.crossfit import cross_fit
from equipoise.evaluation.points import by_repeat, by_split, points
from equipoise.evaluation.replicates import (
    DECISION,
    PROBABILITY,
    RANKING,
    ArmScores,
    Replicator,
    even,
    replicate,
)
from equipoise.evaluation.resampled import RowWeights
from equipoise.metrics import METRICS

COSTS = {"false_positive": 1.0, "false_negative": 5.0}


def arm_of(drawn, name: str = "noisy") -> tuple[ArmScores, Replicator]:
    y, z = drawn.y == 1, drawn.scores[name]
    fitted = cross_fit(z, y, drawn.folds, as_objective("f1", {}))
    arm = ArmScores.of(y, align(z, y, drawn.folds), fitted)
    return arm, Replicator(arm, y, drawn.folds, COSTS)


def values_of(drawn, name: str = "noisy") -> dict[str, float]:
    y, z = drawn.y == 1, drawn.scores[name]
    fitted = cross_fit(z, y, drawn.folds, as_objective("f1", {}))
    arm = ArmScores.of(y, align(z, y, drawn.folds), fitted)
    splits = by_split(z, fitted, y, drawn.folds)
    found = points(by_repeat(arm, splits, y, drawn.folds, COSTS))
    return {metric: estimate.value for metric, estimate in found.items()}


def test_even_weights_give_the_values_on_the_rows(drawn) -> None:
    _, made = arm_of(drawn)
    found, direct = made(np.ones((drawn.y.size, 1), np.float32)), values_of(drawn)
    assert set(found) == set(direct) == {*RANKING, *PROBABILITY, *DECISION, "cost"}
    for name, value in direct.items():
        assert found[name][0] == pytest.approx(value, abs=1e-5), name
    for name, value in even(made).items():
        assert value == pytest.approx(direct[name], abs=1e-5)


def test_weights_of_two_are_rows_written_twice(drawn) -> None:
    """Decisions are kept, so a row of weight 2 counts as two rows do."""
    arm, made = arm_of(drawn)
    y = drawn.y == 1
    w = np.ones((y.size, 1), np.float32)
    w[y & (np.arange(y.size) % 2 == 0)] = 2
    found = made(w)
    for name in ("recall", "g_mean"):
        each = [
            METRICS[name](
                np.repeat(y, w[:, 0].astype(int)), np.repeat(f, w[:, 0].astype(int))
            )
            for f in arm.flagged
        ]
        assert found[name][0] == pytest.approx(np.mean(each), abs=1e-6)


def test_a_repeat_that_lacks_a_metric_is_left_out(drawn) -> None:
    """Where one repeat flags nothing, precision is the others'."""
    arm, _ = arm_of(drawn)
    y, flagged = drawn.y == 1, arm.flagged.copy()
    flagged[0] = False
    some = Replicator(ArmScores(arm.aligned, flagged, arm.losses), y, drawn.folds)
    w = np.random.default_rng(0).exponential(size=(y.size, 5)).astype(np.float32)
    found = some(w)
    rows = flagged[1]
    hit = w[rows & y].sum(axis=0) / w[y].sum(axis=0) * y.sum()
    alarm = w[rows & ~y].sum(axis=0) / w[~y].sum(axis=0) * (~y).sum()
    assert found["precision"] == pytest.approx(hit / (hit + alarm), rel=1e-4)
    assert np.isfinite(found["mcc"]).all()
    flagged[1] = False
    none = Replicator(ArmScores(arm.aligned, flagged, arm.losses), y, drawn.folds)
    assert np.isnan(none(w)["precision"]).all()


def test_merging_groups_loses_little(make_drawn, monkeypatch) -> None:
    data = make_drawn(positives=150, negatives=600)
    _, fine = arm_of(data)
    monkeypatch.setattr(replicates, "GROUPS", 40)
    _, coarse = arm_of(data)
    for name, value in even(fine).items():
        assert even(coarse)[name] == pytest.approx(value, abs=0.01)


def test_all_arms_share_the_weights(drawn) -> None:
    _, made = arm_of(drawn)
    weights = RowWeights(drawn.y == 1, None, 150, seed=0)
    first, second = replicate([made, made], weights)
    for name, value in first.items():
        assert value.shape == (150,)
        assert np.array_equal(value, second[name], equal_nan=True)
