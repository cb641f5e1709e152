# SPDX-License-Identifier: Apache-2.0
"""Corrections proved on a model that can fit anything.

Features fall into cells, each with its own logit: the freest model there is. Then the
minimiser of a strategy's loss under a strategy's sampling is known, and its
correction must give back the log-odds that the rows were made with.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.linear_model import LogisticRegression

from equipoise import losses
from equipoise.errors import InputError, UnsupportedError
from equipoise.losses.records import LOSS_RECORDS
from equipoise.priors import Correction
from equipoise.strategies import Strategy, sweep_strategies
from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.sampler_object import resampled
from equipoise.task import Task

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
    Strategy("shares", sampling={"yes": 0.3}).with_classes(
        Task("binary", ("no", "yes"))
    ),
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
    sets = {n for n, record in LOSS_RECORDS.items() if record.kind == "set"}
    made = {s.name for s in NETWORKS if s.synthesis is not None}
    assert len(made) >= 9
    assert rest == {"asymmetric", "progressive_batches", "ldam_drw"} | made | sets


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


# ---- several classes: cells of known posteriors, as above

SEVERAL_COMPOSED = [
    Strategy("root", sampling="sqrt", weights="log_inverse"),
    Strategy(
        "mix",
        weights="sqrt",
        sampling="undersample",
        loss="focal",
        options={"gamma": 0.5, "ratio": 0.4},
    ),
    Strategy(
        "adjusted_rate",
        sampling="rate",
        weights="log",
        loss="logit_adjusted",
        options={"rate": 0.6, "tau": 0.7},
    ),
    Strategy("bagged", plan="bagging", sampling="oversample", options={"ratio": 0.3}),
    Strategy(
        "number_focal", weights="effective_number", sampling="balanced", loss="focal"
    ),
]
SEVERAL_EXACT = [
    strategy
    for strategy in [*catalogue().values(), *SEVERAL_COMPOSED]
    if strategy.learner == "network" and strategy.correction([3, 2, 1]).exact
]


def posteriors(classes, cells=12, seed=0):
    """Posteriors `[cells, classes]` with a long tail, and the cells' masses."""
    random = np.random.default_rng(seed)
    tail = -1.1 * np.arange(classes) * 4 / classes
    eta = softmax(tail + 1.3 * random.normal(size=(cells, classes)), axis=1)
    return eta, random.dirichlet(np.full(cells, 3.0))


def focal_least(mass, gamma):
    """The logits at which sum_c mass_c focal_c is least, by SciPy."""

    def value(z):
        log_q = log_softmax(z)
        return -(mass * (-np.expm1(log_q)) ** gamma * log_q).sum() / mass.sum()

    start = np.log(mass / mass.sum()) / (1 + gamma)
    found = minimize(value, start, method="BFGS", options={"gtol": 1e-11})
    return found.x


def least_of_gradients(loss, mass, options):
    """The logits of least expected loss in all cells, by its gradients."""
    import tensorflow as tf

    function, classes = losses.get(loss).softmax, mass.shape[1]
    one_hot = np.broadcast_to(np.eye(classes), (len(mass), classes, classes))
    shares = mass / mass.sum(axis=1, keepdims=True)

    @tf.function
    def value_and_slope(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            rows = tf.tile(z[:, None], (1, classes, 1))
            value = tf.reduce_sum(shares * function(one_hot, rows, **options))
        return value, tape.gradient(value, z)

    def flat(z):
        value, slope = value_and_slope(tf.constant(z.reshape(mass.shape)))
        return float(value), slope.numpy().ravel()

    start = np.log(shares).ravel()
    found = minimize(
        flat, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-10, "ftol": 0}
    )
    return found.x.reshape(mass.shape)


def shown(strategy, eta, cells, counts):
    """The mass of each class in each cell, as a model is shown it."""
    joint = cells[:, None] * eta
    drawn = strategy.sampler().prior(counts)
    return joint / joint.sum(axis=0) * drawn * strategy.class_weights(counts)


def least_at(strategy, mass, counts):
    """The logits that minimise a strategy's loss for these masses, `[cells, K]`."""
    options = strategy.loss_options(counts)
    if strategy.loss == "focal":
        return np.stack([focal_least(each, options["gamma"]) for each in mass])
    if strategy.loss in ("ldam", "poly"):
        return least_of_gradients(strategy.loss, mass, options)
    z = np.log(mass)
    if strategy.loss in ("logit_adjusted", "balanced_softmax"):
        z = z - options.get("tau", 1.0) * np.log(options["prior"])
    if strategy.loss == "vector_scaling":
        prior = np.array(options["prior"])
        z = (z - options["tau"] * np.log(prior)) / (prior / prior.max()) ** 0.3
    if strategy.loss == "class_balanced":
        z = z - np.log(1 - options["beta"] ** np.array(counts, float))
    return z


@pytest.mark.parametrize("strategy", SEVERAL_EXACT, ids=named)
@pytest.mark.parametrize("classes", [3, 5, 10])
def test_several_classes_are_corrected_exactly(strategy, classes):
    eta, cells = posteriors(classes)
    # The sampler counts whole rows; the population has exactly these.
    counts = np.round((cells @ eta) * 10**9).astype(int).tolist()
    logits = least_at(strategy, shown(strategy, eta, cells, counts), counts)
    correction = strategy.correction(counts)
    assert correction.link == "softmax"
    assert len(correction.offset) == classes
    found = softmax(correction.apply(logits), axis=1)
    in_closed_form = ("cross_entropy", "logit_adjusted", "balanced_softmax")
    # what SciPy's minimum leaves
    atol = 1e-7 if strategy.loss in in_closed_form else 3e-5
    np.testing.assert_allclose(found, eta, atol=atol)


MANY = [10**9, 10**8, 10**7]
SEVERAL_SHIFTED = [
    s
    for s in SEVERAL_EXACT
    if np.abs(s.correction(MANY).offset).max() > 0.1
    and s.name != "repeat_factor"  # which shifts the classes of the test only a little
]


@pytest.mark.parametrize("strategy", SEVERAL_SHIFTED, ids=named)
def test_the_opposite_sign_fails(strategy):
    eta, cells = posteriors(4)
    counts = np.round((cells @ eta) * 10**9).astype(int).tolist()
    logits = least_at(strategy, shown(strategy, eta, cells, counts), counts)
    right = strategy.correction(counts)
    wrong = Correction(
        right.kind, -np.array(right.offset), right.gamma, right.reason, right.link
    )
    assert np.abs(softmax(wrong.apply(logits), axis=1) - eta).max() > 0.15


def test_two_classes_under_a_softmax_are_the_two_classes():
    counts = [900, 100]
    for strategy in SEVERAL_EXACT:
        if strategy.loss == "vector_scaling":
            continue  # which has another formula for one logit
        one, two = strategy.correction(counts), strategy.correction(counts, "softmax")
        assert two.link == "softmax"
        assert two.offset == pytest.approx((0.0, one.offset[0]), abs=1e-12)
        z = np.linspace(-6, 6, 13)
        both = two.apply(np.stack([-z / 2, z / 2], axis=1))
        np.testing.assert_allclose(both[:, 1] - both[:, 0], one.apply(z), atol=1e-9)


def test_an_absent_class_is_not_shifted():
    for strategy in SEVERAL_EXACT:
        whole = np.array(strategy.correction([700, 200, 40]).offset)
        for place in range(4):
            counts = np.insert([700, 200, 40], place, 0)
            correction = strategy.correction(counts)
            assert np.isfinite(correction.offset).all()
            others = np.delete(correction.offset, place)
            if not strategy.loss_record.needs_prior:
                np.testing.assert_allclose(others, whole, atol=1e-9)
                assert correction.offset[place] == 0
            weights = strategy.class_weights(counts)
            assert weights[place] == 1
            assert strategy.drawn_prior(counts)[place] == 0
            prior = strategy.loss_options(counts).get("prior", (1.0,))
            assert min(prior) > 0


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy(weights="balanced"),
        Strategy(sampling="balanced"),
        Strategy(sampling="sqrt"),
        Strategy(sampling="undersample", options={"ratio": 0.5}),
        Strategy(sampling="oversample", weights="sqrt", options={"ratio": 0.4}),
        Strategy(sampling="rate", options={"rate": 0.7}),
        Strategy(plan="bagging"),
    ],
    ids=named,
)
def test_a_multinomial_regression_on_drawn_rows_is_corrected(strategy):
    """Fitted by scikit-learn on what is drawn and weighted, it knows the posteriors."""
    random = np.random.default_rng(1)
    slopes = random.normal(size=(3, 5)) * 0.9
    tail = np.array([0.0, -0.5, -1.5, -2.2, -3.0])
    x = random.normal(size=(60_000, 3))
    eta = softmax(x @ slopes + tail, axis=1)
    y = (eta.cumsum(axis=1) < random.random((60_000, 1))).sum(axis=1)
    counts = np.bincount(y, minlength=5)
    index = strategy.sampler().draw(y, batch=600, steps=100, seed=0, epoch=0).index
    rows = index.ravel()
    weights = strategy.class_weights(counts)[y[rows]]
    model = LogisticRegression(C=1e12, tol=1e-8, max_iter=2000)
    model.fit(x[rows], y[rows], sample_weight=weights)
    raw = x[:4000] @ model.coef_.T + model.intercept_
    correction = strategy.correction(counts)
    right = softmax(correction.apply(raw), axis=1)
    wrong = softmax(raw - np.array(correction.offset), axis=1)
    error = np.abs(right - eta[:4000])
    assert error.mean() < 0.012
    if any(correction.offset):
        assert np.abs(wrong - eta[:4000]).mean() > 4 * error.mean()


def test_reasons_and_the_calibrated():
    counts = [700, 200, 100]
    assert catalogue()["plain"].correction(counts) == Correction(
        offset=(0.0,) * 3, link="softmax"
    )
    for name in ("smote", "mixup", "pairwise_auc", "extra_trees"):
        found = catalogue()[name].correction(counts)
        assert found.kind == "calibrate"
        assert len(found.offset) == 3
        assert found.link == "softmax"
    both = Strategy(weights="balanced", sampling="balanced").correction(counts)
    one = Strategy(weights="balanced").correction(counts)
    np.testing.assert_allclose(both.offset, 2 * np.array(one.offset), atol=1e-12)
    np.testing.assert_allclose(one.offset, [0, -np.log(3.5), -np.log(7)])
    assert both.reason == "class weights and balanced sampling undone in closed form"
    assert catalogue()["auto"].correction(counts).offset == (0.0,) * 3


def test_a_sampler_object_of_several_classes_is_calibrated():
    from imblearn.over_sampling import SMOTE

    correction = resampled(SMOTE()).correction([700, 200, 100])
    assert (correction.kind, correction.offset) == ("calibrate", (0.0,) * 3)


def test_a_share_of_two_classes_is_refused_for_several():
    strategy = Strategy(loss="focal", options={"alpha": 0.25})
    with pytest.raises(UnsupportedError, match=r"alpha for 3 classes.*weights="):
        strategy.correction([7, 2, 1])
    labels = strategy.correction([[9, 1], [5, 5]])
    np.testing.assert_allclose(labels.offset, np.log(3))


def test_totals_are_checked():
    strategy = Strategy(weights="balanced")
    for bad in ([0, 3], [3, 0], [0, 0, 0], [1, -1, 2], [1, np.nan, 2], [[1, -1]]):
        with pytest.raises(InputError):
            strategy.correction(bad)


# ---- labels

LABELS = [
    Strategy(weights="balanced"),
    Strategy(weights="capped", options={"cap": 3}),
    Strategy(loss="logit_adjusted", options={"tau": 0.6}),
    Strategy(loss="focal", weights="sqrt", options={"gamma": 1.5}),
    Strategy(loss="focal", options={"alpha": 0.8}),
    Strategy(sampling="balanced"),
    Strategy(sampling="oversample", weights="log", options={"ratio": 0.5}),
    Strategy(sampling="undersample"),
    Strategy(sampling="sqrt", loss="logit_adjusted"),
    Strategy(sampling={"b": 0.2, "c": 0.3}).with_classes(
        Task("multilabel", ("a", "b", "c"))
    ),
]


def label_rows(rows=4000, seed=0):
    """Cells and a label matrix whose labels depend on each other within a cell."""
    random = np.random.default_rng(seed)
    cell = random.integers(5, size=rows)
    base = np.array([-0.5, -2.0, -3.0]) + random.normal(size=(5, 3))[cell]
    first = random.random(rows) < expit(base[:, 0])
    second = random.random(rows) < expit(base[:, 1] + 1.5 * first)
    third = random.random(rows) < expit(base[:, 2] + 2.0 * second)
    return cell, np.stack([first, second, third], axis=1).astype(np.int8)


def label_least(strategy, without, having, totals):
    """Logits `[cells, labels]` at which a label's loss of these masses is least."""
    options = strategy.loss_options(totals)
    z = np.log(having) - np.log(without)
    if strategy.loss == "logit_adjusted":
        return z - options["tau"] * logit(options["prior"])
    if strategy.loss != "focal":
        return z
    alpha, gamma = options["alpha"], options["gamma"]
    low, high = np.full(z.shape, -30.0), np.full(z.shape, 30.0)
    scale = 1.0 if alpha is None else alpha / (1 - alpha)

    def slope(z, step=1e-6):
        def value(z):
            q = expit(z)
            right = -scale * having * (1 - q) ** gamma * np.log(q)
            return right - without * q**gamma * np.log1p(-q)

        return value(z + step) - value(z - step)

    for _ in range(60):
        middle = (low + high) / 2
        above = slope(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2


@pytest.mark.parametrize("strategy", LABELS, ids=named)
def test_drawn_rows_of_labels_are_corrected_exactly(strategy):
    """Drawn, weighted and corrected, a free model has the shares among all rows."""
    cell, labels = label_rows()
    totals = np.stack([len(labels) - labels.sum(axis=0), labels.sum(axis=0)], axis=1)
    importance = strategy.importance(labels)
    rates = strategy.sampler().rates(labels)
    mass = rates if importance is None else rates * importance
    weights = strategy.class_weights(totals)
    assert weights.shape == (3, 2)
    sums = [
        np.stack(
            [
                np.bincount(cell, mass * (labels[:, j] == side), 5) * weights[j, side]
                for j in range(3)
            ],
            axis=1,
        )
        for side in (0, 1)
    ]
    logits = label_least(strategy, *sums, totals)
    correction = strategy.correction(totals)
    assert correction.link == "sigmoid"
    found = expit(correction.apply(logits))
    shares = np.stack([labels[cell == each].mean(axis=0) for each in range(5)])
    np.testing.assert_allclose(found, shares, atol=2e-5)
    if any(correction.offset):
        wrong = expit(correction.apply(logits) - 2 * np.array(correction.offset))
        assert np.abs(wrong - shares).max() > 0.1


def test_no_shift_of_single_labels_corrects_the_drawing_of_rows():
    """Why rows are weighted: each label's own change of prior is wrong by a lot."""
    random = np.random.default_rng(0)
    cell = random.integers(2, size=20_000)
    first = random.random(20_000) < 0.5
    # In one cell the rare label goes with the first, in the other with its absence.
    rare = (random.random(20_000) < 0.1) & (first == (cell == 0))
    labels = np.stack([first, rare], axis=1).astype(np.int8)
    rates = Strategy(sampling="balanced").sampler().rates(labels)
    shares, drawn = (
        np.stack(
            [
                np.average(labels[cell == c], axis=0, weights=mass[cell == c])
                for c in (0, 1)
            ]
        )
        for mass in (np.ones(20_000), rates)
    )
    shift = logit(labels.mean(axis=0))
    shift -= logit(np.average(labels, axis=0, weights=rates))
    wrong = np.abs(expit(logit(drawn) + shift) - shares)
    assert wrong[:, 0].max() > 0.15


def test_labels_that_are_constant_have_no_offset():
    totals = [[90, 10], [100, 0], [0, 100], [0, 0]]
    for strategy in LABELS:
        if strategy.loss == "focal" and strategy.option("alpha") is not None:
            continue
        correction = strategy.correction(totals)
        assert np.isfinite(correction.offset).all()
        assert strategy.class_weights(totals)[1:].tolist() == [[1.0, 1.0]] * 3
        if strategy.loss != "logit_adjusted":
            assert correction.offset[1:] == (0.0,) * 3


def test_importance_is_for_drawn_rows_of_labels_only():
    _, labels = label_rows(200)
    assert Strategy(sampling="balanced").importance(labels[:, 0]) is None
    assert Strategy(sampling="stratified").importance(labels) is None
    assert Strategy(weights="balanced").importance(labels) is None
    assert Strategy(learner="trees").importance(labels) is None
    weights = Strategy(sampling="sqrt").importance(labels)
    assert weights.shape == (200,)
    reason = Strategy(sampling="sqrt").correction([[9, 1], [8, 2]]).reason
    assert reason == "rows of sqrt sampling weigh 1 / the rate of drawing"
