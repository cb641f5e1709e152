# SPDX-License-Identifier: Apache-2.0
"""The link recovers the posterior at which a loss was minimised numerically."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from equipoise import losses
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.losses import (
    SOAP,
    ClassWeighted,
    Combined,
    CrossEntropy,
    Dice,
    ExpectedCost,
    Switch,
)
from equipoise.losses.link import link_of
from equipoise.priors import focal_link, probability, softmax

RANDOM = np.random.default_rng(5)


def posteriors(classes: int) -> np.ndarray:
    """Even, random and long-tailed posteriors."""
    tail = 0.3 ** np.arange(classes)
    return np.stack(
        [
            np.full(classes, 1 / classes),
            RANDOM.dirichlet(np.ones(classes)),
            RANDOM.permutation(tail / tail.sum()),
        ]
    )


def minimiser(function, eta: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The logits of least expected loss, by BFGS on float64 gradients."""
    one_hot = tf.eye(len(eta), dtype=tf.float64)
    mass = tf.constant(eta * weights)

    def expected(z):
        rows = tf.constant(np.tile(z, (len(eta), 1)))
        with tf.GradientTape() as tape:
            tape.watch(rows)
            value = tf.reduce_sum(mass * function(one_hot, rows))
        return float(value), tape.gradient(value, rows).numpy().sum(axis=0)

    start = np.log(eta) - np.log(eta).mean()
    optimum = minimize(
        expected, start, jac=True, method="BFGS", options={"gtol": 1e-11}
    )
    return optimum.x


def poly(targets, z):
    """Poly-1 (Leng et al. 2022, equation 3) at epsilon 1."""
    p = keras.ops.sum(targets * keras.ops.softmax(z), axis=-1)
    return keras.losses.categorical_crossentropy(targets, z, from_logits=True) + 1 - p


def margins(targets, z):
    """LDAM (Cao et al. 2019, equation 12): the true class' logit less its margin."""
    lead = 0.5 / keras.ops.arange(1, z.shape[-1] + 1, dtype=z.dtype) ** 0.25
    return keras.losses.categorical_crossentropy(
        targets, z - targets * lead, from_logits=True
    )


class Smoothed(keras.losses.Loss):
    """A user's own Keras loss: cross-entropy of smoothed targets."""

    def call(self, y_true, y_pred):
        share = 0.9 * y_true + 0.1 / y_pred.shape[-1]
        return -keras.ops.sum(share * keras.ops.log_softmax(y_pred), axis=-1)


LOSSES = {
    "cross_entropy": ("cross_entropy", lambda k: {}, losses.softmax_cross_entropy_loss),
    "focal": ("focal", lambda k: {"gamma": 2.0}, losses.softmax_focal_loss),
    "poly": (poly, lambda k: {}, poly),
    "margins": (margins, lambda k: {}, margins),
}


@pytest.mark.parametrize("classes", [2, 3, 5, 10])
@pytest.mark.parametrize("name", LOSSES)
def test_the_posterior_is_recovered(name: str, classes: int) -> None:
    loss, options, function = LOSSES[name]
    weights = np.linspace(1, 4, classes)
    link = link_of(
        loss, width=classes, class_weights=weights.tolist(), **options(classes)
    )
    for eta in posteriors(classes):
        z = minimiser(
            lambda t, rows: function(t, rows, **options(classes)), eta, weights
        )
        np.testing.assert_allclose(link(z), eta, atol=2e-5)
        naive = np.abs(softmax(z) - eta).max()
        assert naive > 0.01 or classes == 2


def test_logit_adjustment_needs_no_formula() -> None:
    prior = [0.7, 0.2, 0.1]
    link = link_of("logit_adjusted", width=3, prior=prior, tau=0.5)
    z = RANDOM.normal(size=(4, 5, 3))
    np.testing.assert_allclose(link(z), softmax(z + 0.5 * np.log(prior)), rtol=1e-9)


def test_keras_losses_and_their_own_options() -> None:
    z = RANDOM.normal(size=(40, 4))
    for loss in (
        keras.losses.CategoricalCrossentropy(from_logits=True),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        losses.CrossEntropy(link="softmax"),
    ):
        np.testing.assert_allclose(link_of(loss, width=4)(z), softmax(z), rtol=1e-6)
    ours = link_of(losses.Focal(gamma=1.5, link="softmax"), width=4)(z)
    np.testing.assert_allclose(ours, link_of("focal", width=4, gamma=1.5)(z))
    theirs = keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, gamma=1.5, from_logits=True
    )
    np.testing.assert_allclose(link_of(theirs, width=4)(z), ours, atol=1e-5)


def test_a_user_s_own_keras_loss() -> None:
    """Smoothing: softmax(z) = .9 eta + .1 / K, so eta = (softmax(z) - .1 / K) / .9."""
    z = 0.5 * RANDOM.normal(size=(30, 3))
    expected = (softmax(z) - 0.1 / 3) / 0.9
    np.testing.assert_allclose(link_of(Smoothed(), width=3)(z), expected, rtol=1e-9)
    # logits further apart than any posterior explains
    assert np.isnan(link_of(Smoothed(), width=3)([9.0, 0.0, 0.0])).all()


def test_one_logit_for_two_classes() -> None:
    z = np.array([[-3.0, 0.1], [2.0, 30.0]])
    np.testing.assert_allclose(link_of("cross_entropy")(z), probability(z), rtol=1e-9)
    focal = link_of("focal", gamma=2.5)(z)
    np.testing.assert_allclose(focal, probability(focal_link(z, 2.5)), rtol=1e-7)
    weighted = link_of("cross_entropy", class_weights=[1.0, 9.0])(z)
    np.testing.assert_allclose(weighted, probability(z - np.log(9)), rtol=1e-9)
    keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)
    np.testing.assert_allclose(link_of(keras_loss)(z), probability(z), rtol=1e-6)


def test_the_asymmetric_loss_of_the_multi_label_literature() -> None:
    """ASL (Ridnik et al. 2021): a rare label whose raw probability is far too high."""

    def asymmetric(t, z):
        p = keras.ops.sigmoid(z)
        low = keras.ops.maximum(p - 0.05, 1e-12)
        return -t * (1 - p) * keras.ops.log(p) - (1 - t) * low**4 * keras.ops.log(
            1 - low
        )

    eta, grid = 0.001, np.linspace(-3, 0, 30001)
    values = [
        asymmetric(tf.constant(t, tf.float64), tf.constant(grid)).numpy()
        for t in (0.0, 1.0)
    ]
    z = grid[np.argmin((1 - eta) * values[0] + eta * values[1])]
    assert probability(z) > 0.2
    np.testing.assert_allclose(link_of(asymmetric)(z), eta, rtol=2e-3)


def test_extreme_logits_keep_their_probabilities() -> None:
    z = np.array([[60.0, 0.0, -5.0], [0.0, 0.0, 0.0], [-30.0, -30.0, 8.0]])
    p = link_of("cross_entropy", width=3)(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(p, softmax(z), atol=1e-9)
    assert link_of("cross_entropy", width=3)(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 1)])
def test_logits_have_a_last_axis_of_the_width(width: int, shape: tuple) -> None:
    to_probability = link_of("cross_entropy", width=width)
    with pytest.raises(InputError, match=f"a last axis of {width}"):
        to_probability(np.zeros(shape))
    assert to_probability(np.zeros((5, 0, width))).shape == (5, 0, width)
    assert to_probability(np.zeros(width)) == pytest.approx(1 / width)


def test_what_has_no_link_says_why() -> None:
    for loss in ("pairwise_auc", losses.AUCMargin()):
        with pytest.raises(UnsupportedError, match="one example at a time"):
            link_of(loss)
    with pytest.raises(UnsupportedError, match="several classes"):
        link_of(losses.CrossEntropy(), width=3)
    with pytest.raises(InputTypeError, match="a function of two"):
        link_of(3)
    with pytest.raises(InputError, match="gamma"):
        link_of(losses.Focal(), gamma=1.0)
    with pytest.raises(InputError, match="class_weights"):
        link_of("focal", width=3, class_weights=[1.0, 2.0])
    with pytest.raises(InputError, match="a last axis of 3"):
        link_of("focal", width=3)([0.0, 1.0])
    with pytest.raises(InputError, match="width"):
        link_of("focal", width=0)


@pytest.mark.parametrize(
    "loss",
    [
        Combined([CrossEntropy(), Dice()]),
        Switch({"a": Dice()}),
        ClassWeighted(Dice(), [1.0, 2.0]),
        SOAP(rows=3),
    ],
    ids=lambda loss: loss.name,
)
def test_what_holds_a_loss_over_examples_has_no_link(loss):
    with pytest.raises(UnsupportedError, match="compares examples"):
        link_of(loss)


@pytest.mark.parametrize("loss", ["expected_cost", ExpectedCost()])
def test_a_loss_whose_minimum_is_a_decision_has_no_link(loss):
    with pytest.raises(UnsupportedError, match="least at a decision"):
        link_of(loss)


def test_options_that_a_loss_lacks_or_needs():
    with pytest.raises(InputError, match=r"'gama' for the loss.*'gamma'\?"):
        link_of("focal", gama=2.0)
    with pytest.raises(InputError, match="no prior for the loss 'logit_adjusted'"):
        link_of("logit_adjusted")
    with pytest.raises(InputError, match="Accepted: no options"):
        link_of("cross_entropy", gamma=2.0)


def test_class_numbers_reach_a_loss_within_another():
    inner = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    z = np.array([[0.0, 1.0, 2.0]])
    share = np.exp(z) / [1.0, 5.0, 2.0]
    link = link_of(ClassWeighted(inner, [1.0, 5.0, 2.0]), width=3)
    np.testing.assert_allclose(link(z), share / share.sum(), rtol=1e-6)
