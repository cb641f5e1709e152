# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from scipy.special import expit, log_softmax, logit
from sklearn.metrics import log_loss

from equipoise.ensembles.blend import (
    DEVIATION,
    blend,
    mean_log_odds,
    penalised_loss,
    pool,
    task_penalised_loss,
)
from equipoise.priors import softmax
from equipoise.task import Task


def two_views(rows: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Each arm sees another half of what decides, as calibrated log-odds."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, rows))
    y = (rng.random(rows) < expit(-2.5 + 1.5 * a + 1.5 * b)).astype(np.int8)
    return {"a": (-2.2 + 1.3 * a)[None], "b": (-2.2 + 1.3 * b)[None]}, y


@pytest.mark.parametrize("shares", [None, {"a": 1, "b": 3, "noise": 2}])
def test_weights_equal_a_direct_minimisation(shares: dict | None) -> None:
    log_odds, y = two_views(300)
    log_odds["noise"] = np.random.default_rng(1).normal(-2, 1, (1, 300))
    z = np.stack([value[0] for value in log_odds.values()])
    c = np.full(3, 1 / 3) if shares is None else np.array([1, 3, 2]) / 6

    def loss(v: np.ndarray) -> float:
        w = np.exp(v[:3])
        fit = log_loss(y, expit(w @ z + v[3]), normalize=False)
        return fit + np.sum((w - c * w.sum()) ** 2) / (2 * DEVIATION**2)

    found = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"maxiter": 9999})
    w = np.exp(found.x[:3])
    weights = blend(log_odds, y, shares=shares)
    np.testing.assert_allclose(list(weights.values()), w / w.sum(), atol=2e-3)
    assert sum(weights.values()) == pytest.approx(1)


def test_the_pool_of_two_views_is_better_than_either() -> None:
    log_odds, y = two_views(2_000)
    fresh, y_fresh = two_views(20_000, seed=5)
    z = pool({name: value[0] for name, value in fresh.items()}, blend(log_odds, y))
    slope = 2.0  # a mean of two halves is half as sure as it could be
    shift = logit(y.mean()) - logit(expit(slope * z).mean())
    losses = [log_loss(y_fresh, expit(value[0])) for value in fresh.values()]
    assert log_loss(y_fresh, expit(slope * z + shift)) < min(losses) - 0.02


def test_few_positives_leave_weights_near_equal_and_many_do_not() -> None:
    def share(rows: int) -> float:
        rng = np.random.default_rng(2)
        signal = rng.normal(size=rows)
        y = (rng.random(rows) < expit(-3 + 2 * signal)).astype(np.int8)
        noise = rng.normal(-3, 2, rows)
        weights = blend({"good": (-3 + 2 * signal)[None], "noise": noise[None]}, y)
        return weights["good"]

    few, many = share(60), share(20_000)
    assert 0.5 <= few < 0.85
    assert many > 0.97


def test_a_narrow_prior_gives_equal_weights() -> None:
    log_odds, y = two_views(300)
    log_odds["a"] = log_odds["a"] * 0.3
    weights = blend(log_odds, y, deviation=1e-4)
    np.testing.assert_allclose(list(weights.values()), 0.5, atol=1e-3)
    weights = blend(log_odds, y, shares={"b": 1, "a": 3}, deviation=1e-4)
    assert weights == pytest.approx({"a": 0.75, "b": 0.25}, abs=1e-3)


def test_arms_below_chance_leave_all_weight_to_the_others() -> None:
    log_odds, y = two_views(5_000)
    weights = blend({"good": log_odds["a"], "inverted": -log_odds["b"]}, y)
    assert weights == {"good": 1.0}


def test_only_arms_below_chance_constants_and_single_arms() -> None:
    log_odds, y = two_views(2_000)
    inverted = {name: -z for name, z in log_odds.items()}
    assert sum(blend(inverted, y).values()) == pytest.approx(1)
    assert blend({"a": log_odds["a"]}, y) == {"a": 1.0}
    constant = np.zeros((2, 2_000))
    assert blend({"a": constant, "b": constant}, y) == {"a": 0.5, "b": 0.5}


def test_repeats_are_averaged_as_probabilities() -> None:
    z = np.array([[-3.0, 1.0], [-1.0, 2.0], [0.5, 2.5]])
    np.testing.assert_allclose(mean_log_odds(z), logit(expit(z).mean(axis=0)))
    log_odds, y = two_views(200)
    several = {n: np.repeat(value, 3, axis=0) for n, value in log_odds.items()}
    assert blend(several, y) == pytest.approx(blend(log_odds, y))


def test_sure_arms_give_finite_sums() -> None:
    z = np.array([[-np.inf, np.inf, 800.0], [-900.0, np.inf, -800.0]])
    assert np.isfinite(mean_log_odds(z)).all()
    pooled = pool({"a": z[0], "b": -z[0]}, {"a": 0.5, "b": 0.5})
    np.testing.assert_array_equal(pooled, 0.0)


def test_a_weight_is_so_many_copies() -> None:
    log_odds, y = two_views(200)
    times = np.random.default_rng(0).integers(1, 9, 200)
    copies = {name: np.repeat(z, times, axis=1) for name, z in log_odds.items()}
    wanted = blend(copies, np.repeat(y, times))
    found = blend(log_odds, y, rows=times.astype(float))
    assert found == pytest.approx(wanted, abs=1e-4)
    assert found != pytest.approx(blend(log_odds, y), abs=1e-3)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_belongs_to_the_loss(weighted: bool) -> None:
    log_odds, y = two_views(100)
    rows = np.linspace(0.1, 3, 100) if weighted else None
    scores = np.stack([value[0] for value in log_odds.values()], axis=1)
    shares = np.array([0.3, 0.7])

    def value(v: np.ndarray) -> float:
        return penalised_loss(v, scores, y.astype(float), shares, 25.0, rows)[0]

    def slope(v: np.ndarray) -> np.ndarray:
        return penalised_loss(v, scores, y.astype(float), shares, 25.0, rows)[1]

    assert check_grad(value, slope, np.array([0.7, 0.1, -0.4])) < 1e-3


def test_an_arm_of_less_than_a_hundredth_is_left_out() -> None:
    y = np.arange(40) % 4 == 0
    scores = {name: (2.0 * y - 1)[None] for name in ("most", "some", "hardly")}
    shares = {"most": 0.97, "some": 0.022, "hardly": 0.008}
    found = blend(scores, y, shares=shares, deviation=1e-5)
    assert set(found) == {"most", "some"}
    assert sum(found.values()) == pytest.approx(1)


def class_scores(rows: int = 300, classes: int = 4):
    random = np.random.default_rng(0)
    truth = 2 * random.normal(size=(rows, classes)) - np.arange(classes)
    y = np.argmax(truth + random.gumbel(size=truth.shape), axis=1)
    good = truth + random.normal(size=(2, rows, classes))
    bad = random.normal(size=(2, rows, classes))
    return y, {"good": good, "bad": bad}


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_the_slope_of_the_weights_of_several(kind: str) -> None:
    y, each = class_scores(40)
    if kind == "multilabel":
        y = np.eye(4, dtype=int)[y]
        y[::7, 2] = -1
    link = "softmax" if kind == "multiclass" else "sigmoid"
    scores = np.stack([z[0] for z in each.values()], axis=1)
    rows = np.random.default_rng(1).random(40)
    more = (scores, y, np.array([0.3, 0.7]), 50.0, rows, link)
    at = np.array([0.6, 0.2, 0.1, -0.2, 0.3, 0.0])
    value, slope = task_penalised_loss(at, *more)
    for place in range(len(at)):
        step = np.eye(len(at))[place] * 1e-6
        up, down = (task_penalised_loss(at + s, *more)[0] for s in (step, -step))
        assert slope[place] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-6)
    z = np.einsum("raw,a->rw", scores, at[:2]) + at[2:]
    if kind == "multiclass":
        losses = -log_softmax(z, axis=1)[np.arange(40), y]
    else:
        losses = np.where(y < 0, 0, np.logaddexp(0, z) - (y == 1) * z).sum(axis=1)
    away = at[:2] - np.array([0.3, 0.7]) * 0.8
    prior = 25 * away @ away + 0.005 * at[2:] @ at[2:]
    assert value == pytest.approx(rows @ losses + prior, rel=1e-12)


def test_a_good_arm_counts_more_for_several_classes_and_labels() -> None:
    y, each = class_scores()
    task = Task("multiclass", tuple("abcd"))
    weights = blend(each, y, task=task)
    assert weights["good"] > 0.6
    assert sum(weights.values()) == pytest.approx(1)
    labels = np.eye(4, dtype=int)[y]
    assert blend(each, labels, task=Task("multilabel", tuple("abcd")))["good"] > 0.6
    firm = blend(each, y, shares={"good": 1, "bad": 3}, deviation=1e-4, task=task)
    assert firm == pytest.approx({"good": 0.25, "bad": 0.75}, abs=1e-3)


def test_two_classes_with_a_softmax_are_weighted_as_two_classes() -> None:
    """But for the intercept, whose weak prior it alone has."""
    y, each = class_scores(classes=2)
    gaps = {name: z[..., 1] - z[..., 0] for name, z in each.items()}
    one = blend(each, y, task=Task("multiclass", ("a", "b")))
    other = blend(gaps, y, deviation=0.3)
    assert one == pytest.approx(other, abs=0.01)


def test_pools_of_classes() -> None:
    _, each = class_scores(5)
    z = {name: scores[0] for name, scores in each.items()}
    pooled = pool(z, {"good": 0.6, "bad": 0.4}, "softmax")
    expected = 0.6 * z["good"] + 0.4 * z["bad"]
    np.testing.assert_allclose(softmax(pooled), softmax(expected), rtol=1e-12)
    mean = mean_log_odds(each["good"], "softmax")
    np.testing.assert_allclose(np.exp(mean), softmax(each["good"]).mean(axis=0))
    far = mean_log_odds([[[0.0, 2000.0]], [[0.0, 2000.0]]], "softmax")
    assert np.isfinite(far).all()


def test_weights_of_several_classes_and_labels_are_held_back_less() -> None:
    random = np.random.default_rng(3)
    y = random.integers(0, 3, 60)
    good = 2.0 * np.eye(3)[y] + random.normal(size=(1, 60, 3))
    each = {"good": good, "bad": random.normal(size=(1, 60, 3))}
    task = Task("multiclass", ("a", "b", "c"))
    assert blend(each, y, task=task) == blend(each, y, deviation=0.3, task=task)
    firm = blend(each, y, deviation=0.1, task=task)
    assert firm["bad"] > blend(each, y, task=task).get("bad", 0.0)
    two = {name: z[..., 0] for name, z in each.items()}
    assert blend(two, y == 0) == blend(two, y == 0, deviation=0.1)
