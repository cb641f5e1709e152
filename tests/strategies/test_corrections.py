# SPDX-License-Identifier: Apache-2.0
"""Corrections proved on a model that can fit anything.

Features fall into cells, each with its own logit: the freest model there is. Then the
minimiser of a strategy's loss under a strategy's sampling is known, and its
correction must give back the log-odds that the rows were made with.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from equipoise import losses
from equipoise.priors import Correction
from equipoise.strategies import Strategy, sweep_strategies
from equipoise.strategies.catalogue import catalogue

LOG_ODDS = np.array([-6.0, -4.5, -3.5, -2.5, -1.5, -0.5, 1.0])
CELLS = np.array([0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.02])
PRIOR = float(CELLS @ expit(LOG_ODDS))

COMPOSED = [
    Strategy(weights="effective_number", sampling="balanced", loss="focal"),
    Strategy(
        "focal_alpha",
        weights="sqrt",
        sampling="undersample",
        loss="focal",
        options={"gamma": 0.5, "alpha": 0.25, "ratio": 0.4},
    ),
    Strategy(
        "adjusted_rate",
        sampling="rate",
        weights="log",
        loss="logit_adjusted",
        options={"rate": 0.2, "tau": 0.6},
    ),
    Strategy("bagged", plan="bagging", sampling="oversample", options={"ratio": 0.3}),
]
NETWORKS = [
    strategy
    for strategy in [*catalogue().values(), *sweep_strategies(), *COMPOSED]
    if strategy.learner == "network"
]
EXACT = [s for s in NETWORKS if s.correction([3, 1]).exact]


def named(strategy):
    return strategy.name


def minimiser(strategy, negative, positive, counts):
    """The logits at which the loss of these masses per cell has slope 0."""
    import tensorflow as tf

    function = losses.get(strategy.loss).function
    options = strategy.loss_options(counts)
    w0, w1 = strategy.class_weights(counts)
    low, high = np.full(len(negative), -60.0), np.full(len(negative), 60.0)
    for _ in range(40):
        z = tf.constant((low + high) / 2)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = w1 * positive * function(tf.ones_like(z), z, **options)
            value += w0 * negative * function(tf.zeros_like(z), z, **options)
        above = tape.gradient(value, z).numpy() > 0
        low, high = np.where(above, low, z), np.where(above, z, high)
    return (low + high) / 2


def test_every_exact_strategy_is_here():
    rest = {s.name for s in NETWORKS} - {s.name for s in EXACT}
    assert rest == {"smote", "mixup", "pairwise_auc", "auc_margin"}


@pytest.mark.parametrize("strategy", EXACT, ids=named)
def test_the_population_minimiser_is_corrected_exactly(strategy):
    positives = round(PRIOR * 10**9)
    counts = 10**9 - positives, positives
    share = strategy.sampler().prior(counts)[1]
    positive = share * CELLS * expit(LOG_ODDS) / PRIOR
    negative = (1 - share) * CELLS * expit(-LOG_ODDS) / (1 - PRIOR)
    logits = minimiser(strategy, negative, positive, counts)
    found = strategy.correction(counts).apply(logits)
    np.testing.assert_allclose(found, LOG_ODDS, atol=1e-6)


def errors(strategy, seed, rows=20_000):
    """Corrected log-odds less the true ones, in standard errors, per cell.

    The standard error counts the distinct rows that were drawn, which is what
    they can tell; a bootstrap sample doubles the variance.
    """
    random = np.random.default_rng(seed)
    cell = random.choice(len(CELLS), rows, p=CELLS)
    labels = (random.random(rows) < expit(LOG_ODDS)[cell]).astype(np.int8)
    counts = rows - int(labels.sum()), int(labels.sum())
    draw = strategy.sampler().draw(labels, batch=100, steps=2_000, seed=seed, epoch=0)
    index = draw.index.ravel()
    drawn = [np.bincount(cell[index[labels[index] == c]], minlength=7) for c in (0, 1)]
    distinct = np.unique(index)
    held = [
        np.bincount(cell[distinct[labels[distinct] == c]], minlength=7) for c in (0, 1)
    ]
    enough = np.minimum(*held) >= 15
    logits = minimiser(strategy, *(d.astype(float) for d in drawn), counts)
    found = strategy.correction(counts).apply(logits)
    doubled = 2 if strategy.sampler().name == "bootstrap" else 1
    error = np.sqrt(doubled * (1 / held[0][enough] + 1 / held[1][enough]))
    return (found - LOG_ODDS)[enough] / error


@pytest.mark.parametrize("strategy", EXACT, ids=named)
def test_drawn_samples_are_corrected_within_their_error(strategy):
    found = errors(strategy, seed=0)
    assert len(found) >= 4
    assert np.abs(found).max() < 4.5


@pytest.mark.slow
@pytest.mark.parametrize("strategy", EXACT, ids=named)
def test_corrections_have_no_bias(strategy):
    found = np.concatenate([errors(strategy, seed) for seed in range(30)])
    # the log-odds of small counts are themselves biased by a few hundredths
    assert abs(found.mean()) < 4.5 / np.sqrt(len(found)) + 0.1
    assert 0.8 < found.std() < 1.2


def test_mixup_has_no_exact_correction():
    """A blend's target is not the probability at the blend: it is too smooth."""
    random = np.random.default_rng(0)
    x = random.uniform(-3, 3, 60_000)
    labels = (random.random(60_000) < expit(4 * x)).astype(np.int8)
    strategy = Strategy(synthesis="mixup", options={"concentration": 1.0})
    mixup, sampler = strategy.synthesizer(), strategy.sampler()
    draw = sampler.draw(labels, batch=100, steps=600, seed=0, epoch=0)
    mixed = mixup.mix(draw, mixup.prepare(x[:, None], None, labels, 0), labels, 0, 0)
    blend = x[mixed.index] + mixed.mix * (x[mixed.partner] - x[mixed.index])
    near = np.abs(blend - 1) < 0.1
    assert mixed.targets(labels)[near].mean() < expit(4 * 1.0) - 0.1
    assert not strategy.correction([3, 1]).exact


def test_smote_has_no_exact_correction():
    """Points between two groups of positives lie where no positive ever is."""
    labels = np.repeat([0, 1], [400, 6])
    x = np.concatenate([np.linspace(-1, 1, 400), [-5, -5.1, -5.2, 5, 5.1, 5.2]])
    strategy = catalogue()["smote"]
    smote, sampler = strategy.synthesizer(), strategy.sampler()
    draw = sampler.draw(labels, batch=100, steps=40, seed=0, epoch=0)
    mixed = smote.mix(draw, smote.prepare(x[:, None], None, labels, 0), labels, 0, 0)
    points = x[mixed.index] + mixed.mix * (x[mixed.partner] - x[mixed.index])
    positive = labels[mixed.index] == 1
    assert (np.abs(points[positive]) < 1).mean() > 0.05
    assert not strategy.correction([3, 1]).exact


def test_shifts_add_up():
    both = Strategy(weights="balanced", sampling="balanced").correction([900, 100])
    one = Strategy(weights="balanced").correction([900, 100])
    assert both.offset[0] == pytest.approx(2 * one.offset[0])
    assert both.reason == "class weights and balanced sampling undone in closed form"


def test_plain_and_prior_need_nothing():
    for name in ("plain", "prior", "trees", "logistic", "stratified_batches"):
        assert catalogue()[name].correction([900, 100]) == Correction()


def test_without_an_exact_form_the_known_shift_is_still_taken_out():
    found = catalogue()["smote"].correction([900, 100])
    assert found.kind == "calibrate"
    assert found.offset[0] == pytest.approx(-np.log(9))
    assert "where positives lie" in found.reason


def test_what_is_no_probability_needs_a_calibrator_and_says_why() -> None:
    """Shares of positives in leaves are no log-odds, though no weight shifts them."""
    for recipe, why in (
        (Strategy(learner="extra_trees"), "mean over leaves"),
        (Strategy(loss="auc_margin", sampling="balanced"), "orders scores"),
        (Strategy(synthesis="mixup"), "blends of examples"),
        (Strategy(synthesis="smote", sampling="oversample"), "where positives lie"),
    ):
        found = recipe.correction([90, 10])
        assert found.kind == "calibrate"
        assert why in found.reason
    for learner in ("trees", "logistic", "network"):
        assert Strategy(learner=learner).correction([90, 10]) == Correction()
