# SPDX-License-Identifier: Apache-2.0
"""Every pointwise loss: the link of its minimiser gives the posterior back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from equipoise import losses
from equipoise.errors import UnsupportedError
from equipoise.losses import link_of, loss_names
from equipoise.losses.posterior import PosteriorLink, sigmoid_posterior
from equipoise.losses.records import LOSS_RECORDS
from equipoise.priors import probability, softmax

P = np.array([0.001, 0.02, 0.2, 0.5, 0.7, 0.97])
RANDOM = np.random.default_rng(3)


def posteriors(classes: int, seed: int = 5) -> np.ndarray:
    """A random and a long-tailed posterior, `[rows, classes]`."""
    random, tail = np.random.default_rng(seed), 0.3 ** np.arange(classes)
    return np.stack(
        [
            random.dirichlet(np.ones(classes)),
            random.permutation(tail / tail.sum()),
        ]
    )


def softmax_minimisers(function: Callable[..., Any], etas: np.ndarray) -> np.ndarray:
    """The logits of least expected loss at each posterior, `[rows, classes]`.

    By BFGS on float64 gradients.
    """
    classes = etas.shape[1]
    one_hot = tf.eye(classes, dtype=tf.float64)

    @tf.function
    def value_and_slope(z: Any, mass: Any) -> tuple[Any, Any]:
        rows = tf.tile(z[None], (classes, 1))
        with tf.GradientTape() as tape:
            tape.watch(rows)
            value = tf.reduce_sum(mass * function(one_hot, rows))
        return value, tf.reduce_sum(tape.gradient(value, rows), axis=0)

    minimisers = []
    for eta in etas:

        def expected(z: np.ndarray, eta: np.ndarray = eta) -> tuple[float, np.ndarray]:
            value, slope = value_and_slope(tf.constant(z), tf.constant(eta))
            return float(value), slope.numpy()

        start = np.log(eta) - np.log(eta).mean()
        optimum = minimize(
            expected, start, jac=True, method="BFGS", options={"gtol": 1e-10}
        )
        minimisers.append(optimum.x)
    return np.stack(minimisers)


def sigmoid_minimiser(function: Callable[..., Any], eta: np.ndarray) -> np.ndarray:
    """The logit of least expected loss at each probability, by bisection of slopes."""

    @tf.function
    def slope(z: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = eta * function(tf.ones_like(z), z)
            value += (1 - eta) * function(tf.zeros_like(z), z)
        return tape.gradient(value, z)

    low, high = np.full(len(eta), -60.0), np.full(len(eta), 60.0)
    for _ in range(60):
        z = (low + high) / 2
        above = slope(tf.constant(z)).numpy() > 0
        low, high = np.where(above, low, z), np.where(above, z, high)
    return (low + high) / 2


def share(classes: int) -> Any:
    """A long-tailed prior."""
    each = 0.5 ** np.arange(1.0, classes + 1)
    return (each / each.sum()).tolist()


OPTIONS: dict[str, Any] = {
    "cross_entropy": lambda prior: {},
    "focal": lambda prior: {"gamma": 2.0},
    "logit_adjusted": lambda prior: {"prior": prior, "tau": 0.7},
    "weighted_cross_entropy": lambda prior: {"class_weight": 7.0},
    "class_balanced": lambda prior: {
        "prior": prior,
        "rows": 300,
        "beta": 0.99,
        "gamma": 1.5,
    },
    "balanced_softmax": lambda prior: {"prior": prior},
    "vector_scaling": lambda prior: {"prior": prior, "tau": 0.6, "gamma": 0.4},
    "ldam": lambda prior: {"prior": prior, "max_margin": 0.8, "scale": 2.0},
    "poly": lambda prior: {"epsilon": 1.5},
    "asymmetric": lambda prior: {},
}


def test_every_pointwise_loss_is_here() -> None:
    pointwise = {n for n, r in LOSS_RECORDS.items() if r.kind == "example"}
    assert pointwise - {*OPTIONS} == {"expected_cost"}  # which has no link
    assert [n for n in loss_names() if n in OPTIONS]


@pytest.mark.parametrize("name", OPTIONS)
def test_one_logit(name: str) -> None:
    spec, options = losses.get(name), OPTIONS[name](0.05)
    z = sigmoid_minimiser(lambda t, z: spec.function(t, z, **options), P)
    loss = spec.keras(**options)
    np.testing.assert_allclose(loss.link(z), P, rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(link_of(name, **options)(z), P, rtol=1e-6)
    plain = np.abs(probability(z) - P).max()
    assert plain > 0.01 or name == "cross_entropy"


@pytest.mark.parametrize("classes", [2, 3, 5, 10])
@pytest.mark.parametrize("name", [n for n in OPTIONS if losses.get(n).softmax])
def test_one_logit_per_class(name: str, classes: int) -> None:
    spec, options = losses.get(name), OPTIONS[name](share(classes))
    if name == "weighted_cross_entropy":
        options = {"class_weight": np.linspace(1, 5, classes).tolist()}
    loss = spec.keras(**options, link="softmax")
    etas = posteriors(classes)
    z = softmax_minimisers(lambda t, z: spec.softmax(t, z, **options), etas)
    np.testing.assert_allclose(loss.link(z), etas, atol=2e-6, err_msg=name)
    spread = RANDOM.normal(size=(6, classes)) * 3
    by_gradients = link_of(name, width=classes, **options)(spread)
    inside = np.isfinite(by_gradients).all(axis=1)
    assert inside.any()
    np.testing.assert_allclose(
        loss.link(spread)[inside], by_gradients[inside], atol=1e-7, err_msg=name
    )


def test_a_number_for_each_label() -> None:
    prior, z = [0.1, 0.4, 0.02], RANDOM.normal(size=(5, 3))
    for name in ("ldam", "vector_scaling", "class_balanced", "logit_adjusted"):
        loss = losses.get(name).keras(**OPTIONS[name](prior))
        each = [
            losses.get(name).keras(**OPTIONS[name](p)).link(z[:, k])
            for k, p in enumerate(prior)
        ]
        np.testing.assert_allclose(loss.link(z), np.stack(each, -1), err_msg=name)
    weighted = losses.WeightedCrossEntropy([1.0, 4.0, 9.0])
    np.testing.assert_allclose(weighted.link(z), probability(z - np.log([1, 4, 9])))


def test_alpha_of_each_class() -> None:
    loss = losses.Focal(gamma=0.0, alpha=[1.0, 2.0, 8.0], link="softmax")
    z = RANDOM.normal(size=(4, 3))
    np.testing.assert_allclose(loss.link(z), softmax(z - np.log([1, 2, 8])))
    assert loss.link == "softmax"
    assert loss.get_config()["link"] == "softmax"


def test_the_cutoff_leaves_no_probability_below_it() -> None:
    loss = losses.Asymmetric(cutoff=0.2)
    p = loss.link([-3.0, -1.3, 0.0])
    assert p[0] == 0
    assert 0 < p[1] < p[2]


def test_the_expected_cost_has_none() -> None:
    with pytest.raises(UnsupportedError, match="least at a decision"):
        losses.ExpectedCost().link([0.0])


def test_scalars_and_empty_arrays() -> None:
    half = sigmoid_posterior(losses.cross_entropy_loss, 0.0)
    assert half.shape == ()
    assert float(half) == 0.5
    assert losses.CrossEntropy().link(np.zeros((0, 2))).shape == (0, 2)
    assert PosteriorLink(lambda z: np.zeros((len(z), 1, 2)))([]).shape == (0,)


EXTREMES = np.array(
    [-np.inf, -1e308, -1e5, -800, -100, -5, 0, 5, 38, 100, 700, 1e4, 1e308, np.inf]
)
CLASSES = np.array(
    [
        [np.inf, 0, 0],
        [1e308, -1e308, 0],
        [1e4, 0, -1e4],
        [-np.inf, -np.inf, 0],
        [-np.inf, 0, np.inf],
        [-1e4, 0, 1e4],
    ]
)
WITH_PRIORS: dict[str, dict[str, Any]] = {
    "LogitAdjusted": {"prior": 0.1},
    "BalancedSoftmax": {"prior": 0.1},
    "VectorScaling": {"prior": 0.1},
    "LDAM": {"prior": 0.1},
    "ClassBalanced": {"prior": 0.1, "rows": 1000},
}
LINKED = [
    "CrossEntropy",
    "WeightedCrossEntropy",
    "Focal",
    "Poly",
    "Asymmetric",
    *WITH_PRIORS,
]


SHARES = [0.5, 0.3, 0.2]


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.filterwarnings("error")
def test_a_link_is_defined_and_increases_up_to_infinity(name: str) -> None:
    loss = getattr(losses, name)(**WITH_PRIORS.get(name, {}))
    for link in (loss.link, link_of(loss)):
        p = link(EXTREMES)
        assert (np.diff(p) >= -1e-15).all()
        assert (p[0], p[-1]) == (0.0, 1.0)
        assert not np.signbit(p).any()
        assert np.isnan(link([np.nan])).all()


@pytest.mark.parametrize("name", [name for name in LINKED if name != "Asymmetric"])
@pytest.mark.filterwarnings("error")
def test_a_link_of_classes_is_defined_up_to_infinity(name: str) -> None:
    options = {**WITH_PRIORS.get(name, {})}
    if name == "WeightedCrossEntropy":
        options = {"class_weight": SHARES}
    elif options:
        options["prior"] = SHARES
    loss = getattr(losses, name)(**options, link="softmax")
    for link in (loss.link, link_of(loss, width=3)):
        p = link(CLASSES)
        np.testing.assert_allclose(p, np.eye(3)[[0, 0, 0, 2, 2, 2]], atol=1e-12)
        assert not np.signbit(p).any()


@pytest.mark.filterwarnings("error")
def test_gradients_that_overflow_or_vanish_far_from_0() -> None:
    z = np.array([-1e4, -400, -1, 0, 1, 400, 1e4])
    exponential = link_of(lambda t, z: tf.exp(-(2 * t - 1) * z))
    expected = probability(2 * z)
    np.testing.assert_allclose(exponential(z), expected, rtol=1e-12)
    # A link that still changes there is not taken for constant.
    slow = link_of(lambda t, z: losses.cross_entropy_loss(t, z / 1000))
    np.testing.assert_allclose(slow(z), probability(z / 1000), rtol=1e-12)


def test_a_probability_of_0_has_no_sign() -> None:
    p = link_of(tf.keras.losses.MeanSquaredError())([0.0, 0.5, 2.0])
    assert p[:2].tolist() == [0.0, 0.5]
    assert not np.signbit(p[0])
    assert np.isnan(p[2])
