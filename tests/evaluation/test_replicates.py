"""Replicates of an arm: even weights give back what was computed directly."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision.objectives import as_objective
from equipoise.evaluation import replicates
from equipoise.evaluation.alignment import align
from equipoise.evaluation.crossfit import cross_fit
from equipoise.evaluation.points import by_split, points
from equipoise.evaluation.replicates import ArmScores, Replicator, even, replicate
from equipoise.evaluation.resampled import Draw, RowWeights


def values_of(drawn, arm: ArmScores):
    y = drawn.y == 1
    fitted = cross_fit(arm.log_odds, y, drawn.folds, as_objective("f1", {}))
    splits = by_split(arm.log_odds, fitted, y, drawn.folds)
    return points(arm, splits, y, drawn.folds, None)


def arm_of(drawn, name: str = "noisy", **goal) -> tuple[ArmScores, Replicator]:
    y = drawn.y == 1
    what = as_objective(goal.pop("objective", "f1"), goal)
    z = drawn.scores[name]
    fitted = cross_fit(z, y, drawn.folds, what)
    arm = ArmScores.of(y, z, align(z, y, drawn.folds), fitted)
    return arm, Replicator(arm, y, drawn.folds, what)


def test_even_weights_give_the_values_on_the_rows(drawn) -> None:
    arm, made = arm_of(drawn)
    direct = values_of(drawn, arm)
    for name, value in even(made).items():
        assert value == pytest.approx(direct[name].value, abs=1e-5)


def test_even_weights_choose_the_thresholds_that_were_chosen(drawn) -> None:
    """A cut lies just below a positive; a midpoint may take a row of the own fold."""
    arm, made = arm_of(drawn)
    none = np.zeros(1, np.float32)
    found = made(Draw(np.ones((drawn.y.size, 1), np.float32), none, none))
    direct = values_of(drawn, arm)
    for name in ("recall", "specificity", "f1"):
        assert found[name][0, 0] == pytest.approx(direct[name].value, abs=0.03)


def test_thresholds_from_costs_are_kept(drawn) -> None:
    arm, made = arm_of(drawn, objective="cost", fp=1.0, fn=5.0)
    none = np.zeros(1, np.float32)
    found = made(Draw(np.ones((drawn.y.size, 1), np.float32), none, none))
    direct = values_of(drawn, arm)
    for name in replicates.DECISION:
        assert found[name][0, 0] == pytest.approx(direct[name].value, abs=1e-6)


def test_objectives_that_need_every_cut_are_served(drawn) -> None:
    arm, made = arm_of(drawn, objective="capacity", share=0.3)
    none = np.zeros(1, np.float32)
    found = made(Draw(np.ones((drawn.y.size, 1), np.float32), none, none))
    direct = values_of(drawn, arm)
    assert found["flag_rate"][0, 0] == pytest.approx(
        direct["flag_rate"].value, abs=0.03
    )


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
        assert value.shape == (3, 150)
        assert np.array_equal(value, second[name], equal_nan=True)
