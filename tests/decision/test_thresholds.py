# SPDX-License-Identifier: Apache-2.0
"""Thresholds: against brute force, scikit-learn, and the analytic optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from equipoise.decision import Costs, choose_threshold, choose_threshold_many
from equipoise.decision.objectives import objective
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import probability

GOALS = [
    ("f1", {}),
    ("f2", {}),
    ("fbeta", {"beta": 0.7}),
    ("balanced_accuracy", {}),
    ("g_mean", {}),
    ("mcc", {}),
    ("cost", {"fp": 1.0, "fn": 7.5, "tp": 0.5, "tn": -0.25, "method": "empirical"}),
    ("capacity", {"k": 5}),
    ("capacity", {"share": 0.3}),
    ("capacity", {"per_day": 20, "rows_per_day": 70}),
    ("precision", {"floor": 0.6}),
    ("recall", {"floor": 0.7}),
]


def brute(score, y, w, name, options):
    """The best objective over every set {score >= t}, and its smallest flag weight."""
    options = {k: v for k, v in options.items() if k != "method"}
    goal = objective(name, **options)
    best = (-math.inf, math.inf)
    for t in [math.inf, *np.unique(score[w > 0])[::-1]]:
        on = score >= t
        tp, fp = (w * y * on).sum(), (w * (1 - y) * on).sum()
        counts = [np.asarray(v) for v in (tp, fp, (w * y).sum(), (w * (1 - y)).sum())]
        value = float(goal.value(*counts))
        if not math.isnan(value) and value > best[0] + 1e-12:
            best = (value, tp + fp)
    return best


@st.composite
def rows(draw):
    n = draw(st.integers(2, 25))
    grid = draw(st.sampled_from([3, 8, 1000]))
    score = draw(st.lists(st.integers(-grid, grid), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    w = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return np.array(score, float), np.array(y, float), np.array(w, float)


@pytest.mark.parametrize(("name", "options"), GOALS)
@given(data=rows())
@settings(max_examples=60, deadline=None)
def test_the_threshold_is_the_best_of_all(name, options, data) -> None:
    score, y, w = data
    found = choose_threshold(score, y, objective=name, weights=w, **options)
    value, flagged = brute(score, y, w, name, options)
    on = found.flag(score)
    if value == -math.inf:
        assert found.value == math.inf
        assert found.reason
        return
    assert (w * on).sum() == flagged


@pytest.mark.parametrize(("name", "options"), GOALS)
@given(data=rows(), seed=st.integers(0, 9), chunk=st.sampled_from([1, 30, 2**20]))
@settings(max_examples=40, deadline=None)
def test_many_equal_one_by_one(name, options, data, seed, chunk) -> None:
    score, y, _ = data
    counts = np.random.default_rng(seed).poisson(1.0, (4, len(y)))
    many = choose_threshold_many(
        score, y, counts, objective=name, chunk=chunk, **options
    )
    for got, w in zip(many, counts, strict=True):
        one = choose_threshold(score, y, objective=name, weights=w, **options)
        assert got == one.value


@given(data=rows(), shift=st.floats(-3, 3), scale=st.floats(0.1, 5))
@settings(max_examples=60, deadline=None)
def test_a_linear_map_of_the_scores_moves_the_threshold_along(
    data, shift, scale
) -> None:
    score, y, w = data
    before = choose_threshold(score, y, weights=w, objective="mcc").value
    after = choose_threshold(scale * score + shift, y, weights=w, objective="mcc").value
    assert after == pytest.approx(scale * before + shift)


def test_weights_are_copies() -> None:
    rng = np.random.default_rng(0)
    score, y = rng.normal(size=60), rng.integers(0, 2, 60)
    w = rng.integers(0, 4, 60)
    weighted = choose_threshold(score, y, weights=w)
    copied = choose_threshold(np.repeat(score, w), np.repeat(y, w))
    assert weighted.value == copied.value
    assert weighted.achieved == pytest.approx(copied.achieved)
    assert weighted.flagged == pytest.approx(copied.flagged)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("f1", sk.f1_score),
        ("f2", lambda y, p: sk.fbeta_score(y, p, beta=2)),
        ("balanced_accuracy", sk.balanced_accuracy_score),
        ("mcc", sk.matthews_corrcoef),
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
    ],
)
def test_achieved_equals_scikit_learn(name, function) -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(400) < 0.1).astype(int)
    score = rng.normal(size=400) + 1.5 * y
    options = {"floor": 0.55} if name in ("precision", "recall") else {}
    found = choose_threshold(score, y, objective=name, **options)
    assert found.achieved == pytest.approx(function(y, found.flag(score)))
    assert found.recall == pytest.approx(sk.recall_score(y, found.flag(score)))
    assert found.precision == pytest.approx(sk.precision_score(y, found.flag(score)))


def rare(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated log-odds of a class of about 0.2 %, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-8.2, 2.0, n)
    return z, (rng.random(n) < probability(z)).astype(int)


def test_the_empirical_cost_minimiser_is_the_analytic_one_where_a_grid_is_not() -> None:
    """scikit-learn's tuner looks at 100 equal steps of probability.

    At 0.2 % positives the optimum of 500 to 1 lies below all but the first step.
    """
    z, y = rare(400_000, 1)
    costs = Costs(fp=1, fn=500)
    found = choose_threshold(z, y, objective="cost", fp=1, fn=500, method="empirical")
    assert found.value == pytest.approx(costs.log_odds, abs=0.35)

    def spent(threshold: float) -> float:
        fresh, label = rare(400_000, 2)
        on = fresh >= threshold
        return float(np.sum(on & (label == 0)) + 500 * np.sum(~on & (label == 1)))

    p = probability(z)
    steps = np.linspace(p.min(), p.max(), 100)
    by_step = [np.sum((p >= t) & (y == 0)) + 500 * np.sum((p < t) & y) for t in steps]
    grid = float(steps[int(np.argmin(by_step))])
    best = spent(costs.log_odds)
    assert spent(found.value) <= 1.02 * best
    assert spent(math.log(grid / (1 - grid))) > 1.1 * best


def test_costs_are_analytic_unless_asked() -> None:
    z, y = rare(1_000, 5)
    found = choose_threshold(z, y, objective="cost", fp=2, fn=40, tp=-1, tn=0.5)
    assert found.value == pytest.approx(math.log(1.5 / 41))
    assert found.basis == "analytic"
    many = choose_threshold_many(
        z, y, np.ones((3, 1_000)), objective="cost", costs=Costs(2, 40, -1, 0.5)
    )
    assert many.tolist() == [found.value] * 3


def test_costs_by_row_against_brute_force() -> None:
    rng = np.random.default_rng(8)
    score = rng.normal(size=80).round(1)
    y = (rng.random(80) < probability(score)).astype(int)
    fp, fn = rng.uniform(0.5, 2, 80), rng.uniform(1, 9, 80)
    w = rng.integers(0, 3, 80)

    def cost(t: float) -> float:
        on = score >= t
        each = np.where(y == 1, np.where(on, 0.1, fn), np.where(on, fp, 0))
        return float(np.sum(w * each))

    found = choose_threshold(
        score, y, objective="cost", weights=w, fp=fp, fn=fn, tp=0.1
    )
    every = [math.inf, *np.unique(score)]
    assert cost(found.value) == pytest.approx(min(map(cost, every)))
    assert found.achieved == pytest.approx(cost(found.value) / w.sum())
    with pytest.raises(InputError, match="row_thresholds"):
        choose_threshold(score, y, objective="cost", fp=fp, fn=fn, method="analytic")


def test_the_threshold_lies_midway_and_apart_from_float_neighbours() -> None:
    assert choose_threshold([-8.0, -2.0], [0, 1]).value == -5.0
    low = 1.0
    high = float(np.nextafter(1.0, 2.0))
    found = choose_threshold([low, high], [0, 1])
    assert found.flag([low, high]).tolist() == [False, True]
    endless = choose_threshold([-math.inf, 0.0, math.inf], [0, 1, 1])
    assert endless.flag([-math.inf, 0.0, math.inf]).tolist() == [False, True, True]


def test_a_floor_that_nothing_meets_flags_nothing_and_says_so() -> None:
    found = choose_threshold(
        [3.0, 2.0, 1.0], [0, 1, 0], objective="precision", floor=0.9
    )
    assert found.value == math.inf
    assert "precision of at least 0.9" in found.reason
    assert not found.flag([math.inf]).any()
    alone = choose_threshold([1.0, 2.0], [0, 0], objective="recall", floor=0.5)
    assert alone.reason == "there is no positive among the choosing rows"
    assert math.isnan(alone.recall)
    assert choose_threshold([], [], objective="f1").value == math.inf


def test_everything_may_be_flagged() -> None:
    found = choose_threshold([1.0, 2.0], [1, 0], objective="recall", floor=1.0)
    assert found.value == -math.inf
    assert found.flag([-math.inf, 0.0]).all()


@pytest.mark.parametrize("given", [{"k": 0}, {"share": 0}])
def test_no_capacity_flags_nothing_and_that_is_what_was_asked(given) -> None:
    found = choose_threshold([1.0, 2.0], [0, 1], objective="capacity", **given)
    assert (found.value, found.achieved, found.reason) == (math.inf, 0, "")


def test_capacity_leaves_out_ties_that_do_not_fit() -> None:
    score, y = [3.0, 2.0, 2.0, 1.0], [1, 0, 1, 0]
    assert choose_threshold(score, y, objective="capacity", k=2).value == 2.5
    assert choose_threshold(score, y, objective="capacity", k=3).value == 1.5
    found = choose_threshold(
        score, y, objective="capacity", per_day=30, rows_per_day=40
    )
    assert found.achieved == 0.75


def test_round_trip() -> None:
    found = choose_threshold([0.0, 1.0], [0, 1], objective="fbeta", beta=3.0)
    assert type(found).from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: choose_threshold([0.0], [0, 1]), InputError),
        (lambda: choose_threshold([math.nan], [1]), InputError),
        (lambda: choose_threshold([0.0], [2]), InputError),
        (lambda: choose_threshold([0.0], [1], weights=[-1.0]), InputError),
        (lambda: choose_threshold([[0.0]], [[1]]), InputError),
        (lambda: choose_threshold([0.0], [1], objective="f3"), InputError),
        (lambda: choose_threshold([0.0], [1], objective="precision"), InputTypeError),
        (lambda: choose_threshold([0.0], [1], objective="f1", floor=1), InputTypeError),
        (lambda: choose_threshold([0.0], [1], objective="capacity"), InputTypeError),
        (
            lambda: choose_threshold([0.0], [1], objective="capacity", per_day=3),
            InputTypeError,
        ),
        (lambda: choose_threshold([0.0], [1], objective="cost", fp=1), InputTypeError),
        (
            lambda: choose_threshold([0.0], [1], objective="cost", fp=1, fn=0),
            InputError,
        ),
        (lambda: choose_threshold([0.0], [1], method="analytic"), InputError),
        (lambda: choose_threshold([0.0], [1], method="grid"), InputError),
        (
            lambda: choose_threshold([0.0], [1], objective=objective("f1"), beta=2),
            InputError,
        ),
        (lambda: choose_threshold_many([0.0], [1], [[1, 1]]), InputError),
    ],
)
def test_errors_say_what_is_accepted(call, error) -> None:
    with pytest.raises(error, match="Accepted"):
        call()


@pytest.mark.parametrize("below", [0.0, -math.inf])
def test_a_row_of_infinite_score_can_be_flagged_alone(below) -> None:
    score = [math.inf, below, below]
    found = choose_threshold(score, [1, 0, 0])
    assert found.flag(score).tolist() == [True, False, False]
    assert found.achieved == 1
    many = choose_threshold_many(score, [1, 0, 0], [[1, 1, 1], [2, 1, 0]])
    assert np.isfinite(many).all()


@pytest.mark.parametrize("name", ["mcc", "g_mean", "balanced_accuracy", "f1"])
def test_rounded_sums_of_weights_choose_what_exact_ones_do(name) -> None:
    # Where nothing is left to flag the counts differ from the totals by rounding.
    random = np.random.default_rng(0)
    for _ in range(200):
        rows = int(random.integers(2, 12))
        score, y = random.integers(0, 4, rows), random.integers(0, 2, rows)
        tenths = random.integers(1, 60, rows)
        fraction = choose_threshold(score, y, objective=name, weights=tenths * 0.1)
        whole = choose_threshold(score, y, objective=name, weights=tenths)
        assert fraction.value == whole.value
