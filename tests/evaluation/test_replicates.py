"""Replicates of an arm: even weights give back what was computed directly."""

from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.evaluation import replicates
from equipoise.evaluation.arm_values import ArmScores, ArmValues, EvaluatedRows
from equipoise.evaluation.decided import Decided, definitions
from equipoise.evaluation.replicates import (
    PROBABILITY,
    RANKING,
    Choice,
    Replicator,
    even,
    replicate,
)
from equipoise.metrics import METRICS
from equipoise.metrics.registry import decided_metrics
from equipoise.uncertainty.row_weights import RowWeights

COSTS = Costs(fp=1.0, fn=5.0)
F1 = as_objective("f1", {})


def rows_of(drawn, costs: Costs | None = COSTS) -> EvaluatedRows:
    return EvaluatedRows(drawn.y == 1, drawn.folds, F1, costs)


def arm_of(drawn, name: str = "noisy") -> tuple[ArmScores, Replicator]:
    arm = ArmValues.of(drawn.scores[name], rows_of(drawn)).scores
    return arm, Replicator(arm, rows_of(drawn))


def values_of(drawn, name: str = "noisy") -> dict[str, float]:
    points = ArmValues.of(drawn.scores[name], rows_of(drawn)).points
    return {metric: estimate.value for metric, estimate in points.items()}


def test_even_weights_give_the_values_on_the_rows(drawn) -> None:
    _, made = arm_of(drawn)
    found, direct = made(np.ones((drawn.y.size, 1), np.float32)), values_of(drawn)
    assert (
        set(found)
        == set(direct)
        == {*RANKING, *PROBABILITY, *decided_metrics(), "cost"}
    )
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
        times = w[:, 0].astype(int)
        both = np.concatenate([np.repeat(f, times) for f in arm.decided.flagged])
        expected = METRICS[name](np.tile(np.repeat(y, times), 2), both)
        assert found[name][0] == pytest.approx(expected, abs=1e-6)


def test_a_repeat_that_flags_nothing_counts_too(drawn) -> None:
    """Counts are means over the repeats, so precision is that of all flags."""
    arm, _ = arm_of(drawn)
    y = drawn.y == 1
    score = arm.decided.score.copy()
    score[0] = -99.0
    half = Decided(score, arm.decided.upper)
    some = Replicator(ArmScores(arm.aligned, half, arm.losses), rows_of(drawn, None))
    w = np.random.default_rng(0).exponential(size=(y.size, 5)).astype(np.float32)
    found = some(w)
    rows = half.flagged[1]
    hit = w[rows & y].sum(axis=0) / w[y].sum(axis=0) * y.sum()
    alarm = w[rows & ~y].sum(axis=0) / w[~y].sum(axis=0) * (~y).sum()
    assert found["precision"] == pytest.approx(hit / (hit + alarm), rel=1e-4)
    assert found["recall"] == pytest.approx(hit / (2 * y.sum()), rel=1e-4)
    assert np.isfinite(found["mcc"]).all()
    none = Decided(score, math.inf)
    empty = Replicator(ArmScores(arm.aligned, none, arm.losses), rows_of(drawn, None))
    assert np.isnan(empty(w)["precision"]).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("f1", {}),
        ("mcc", {}),
        ("precision", {"floor": 0.6}),
        ("recall", {"floor": 0.7}),
        ("capacity", {"share": 0.15}),
        ("capacity", {"k": 12}),
    ],
)
def test_a_choice_is_judged_under_its_own_and_under_even_weights(
    drawn, name, options
) -> None:
    """The loop written out: choose under weights, then count under both."""
    y, z = drawn.y == 1, drawn.scores["noisy"]
    goal = as_objective(name, options)
    choice = Choice(z, rows_of(drawn, None), goal, definitions(None, undecided=False))
    raw = np.random.default_rng(1).exponential(size=(y.size, 6))
    # At the table's share of positives, as the replicates are.
    w = np.where(y[:, None], raw / raw[y].mean(axis=0), raw / raw[~y].mean(axis=0))
    found = choice.errors(w.astype(np.float32))
    both = np.tile(y, 2)
    for b in range(6):
        weights = np.tile(w[:, b], 2) / 2
        cut = choose_threshold(z.ravel(), both, objective=goal, weights=weights).value
        on = (z.ravel() >= cut).astype(float)
        for metric in ("recall", "precision", "f1", "flag_rate"):
            here = METRICS[metric](both, on, weights)
            even = METRICS[metric](both, on)
            expected = here - even
            assert found[metric][b] == pytest.approx(expected, abs=1e-4, nan_ok=True)


def test_a_rule_that_follows_from_costs_has_no_error_of_choice(drawn) -> None:
    goal = as_objective("cost", {"costs": COSTS})
    rows = EvaluatedRows(drawn.y == 1, drawn.folds, goal, COSTS)
    arm = ArmValues.of(drawn.scores["noisy"], rows)
    assert (arm.decided.goal, arm.decided.upper) == (None, COSTS.log_odds)
    replicates = replicate({"noisy": arm}, RowWeights(rows.y, None, 9, 0))
    assert replicates["noisy"].errors == {}


def test_merging_groups_loses_little(make_drawn, monkeypatch) -> None:
    data = make_drawn(positives=150, negatives=600)
    _, fine = arm_of(data)
    monkeypatch.setattr(replicates, "GROUPS", 40)
    _, coarse = arm_of(data)
    for name, value in even(fine).items():
        assert even(coarse)[name] == pytest.approx(value, abs=0.01)


def test_all_arms_share_the_weights(drawn) -> None:
    arm = ArmValues.of(drawn.scores["noisy"], rows_of(drawn))
    draws = RowWeights(drawn.y == 1, None, 150, seed=0)
    made = replicate({"first": arm, "second": arm}, draws)
    for name, value in made["first"].values.items():
        assert value.shape == (150,)
        assert np.array_equal(value, made["second"].values[name], equal_nan=True)
    assert set(made["first"].errors) == {*decided_metrics(), "cost"}


def test_replicates_are_computed_on_one_thread(drawn, monkeypatch) -> None:
    """Threads of a product of two rows wait for each other, and the bits are equal."""
    threads: list[int] = []
    usual = Replicator.__call__

    def watched(self, weights):
        pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
        if weights.shape[1] > 1:  # not the one of even weights
            threads.extend(pool["num_threads"] for pool in pools)
        return usual(self, weights)

    rows = rows_of(drawn)
    arm = ArmValues.of(drawn.scores["noisy"], rows)
    draws = RowWeights(rows.y, None, 40, 0)
    monkeypatch.setattr(Replicator, "__call__", watched)
    made = replicate({"noisy": arm}, draws)["noisy"].values
    assert set(threads) == {1}
    monkeypatch.setattr(replicates, "one_thread", lambda cells: nullcontext())
    several = replicate({"noisy": arm}, draws)["noisy"].values
    for name, values in made.items():
        assert np.array_equal(values, several[name], equal_nan=True), name
