# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from scipy.special import expit, logit
from sklearn.metrics import log_loss

from equipoise.ensembles.blend import (
    DEVIATION,
    blend,
    mean_log_odds,
    penalised_loss,
    pool,
)


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
