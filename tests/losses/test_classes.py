# SPDX-License-Identifier: Apache-2.0
"""Losses over several classes: targets, class odds, and what they equal."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, logsumexp

from equipoise import losses
from equipoise.errors import InputError, UnsupportedError
from equipoise.losses.classes import class_log_odds, class_targets
from equipoise.losses.records import LOSS_RECORDS
from equipoise.priors import one_against_rest

RANDOM = np.random.default_rng(3)
EXAMPLE = ("cross_entropy", "focal", "logit_adjusted")


def options_of(name: str, classes: int) -> dict[str, object]:
    """Options other than the defaults, for so many classes."""
    shares = np.arange(1.0, classes + 1)
    return {
        "cross_entropy": {},
        "focal": {"gamma": 1.7, "alpha": (shares / classes).tolist()},
        "logit_adjusted": {"tau": 0.6, "prior": (shares / shares.sum()).tolist()},
    }[name]


def expected(name: str, one_hot: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The formulas, written out in NumPy with SciPy's softmax."""
    options = options_of(name, z.shape[-1])
    if name == "logit_adjusted":
        z = z + options["tau"] * np.log(options["prior"])
    logs = log_softmax(z, axis=-1)
    if name == "focal":
        scale = np.asarray(options["alpha"]) * (1 - np.exp(logs)) ** options["gamma"]
        return -(one_hot * scale * logs).sum(axis=-1)
    return -(one_hot * logs).sum(axis=-1)


def slope_of(function, targets, logits, **options):
    z = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = function(targets, z, **options)
    return value.numpy(), tape.gradient(value, z).numpy()


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("name", EXAMPLE)
def test_values_are_the_formula(name: str, classes: int) -> None:
    z = 3 * RANDOM.normal(size=(4, 16, classes))
    y = RANDOM.integers(0, classes, (4, 16))
    one_hot = np.eye(classes)[y]
    blend = 0.3 * one_hot + 0.7 * np.eye(classes)[RANDOM.integers(0, classes, (4, 16))]
    function, options = losses.get(name).softmax, options_of(name, classes)
    for targets, shares in ((y, one_hot), (one_hot, one_hot), (blend, blend)):
        value, _ = slope_of(function, targets, z, **options)
        assert value.shape == (4, 16)
        right = expected(name, shares, z)
        np.testing.assert_allclose(value, right, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("name", EXAMPLE)
def test_gradients_are_finite_differences(name: str) -> None:
    z, y = 2 * RANDOM.normal(size=(6, 4)), RANDOM.integers(0, 4, 6)
    function, options = losses.get(name).softmax, options_of(name, 4)
    _, slope = slope_of(function, y, z, **options)
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = 1e-5
        up, _ = slope_of(function, y, z + step, **options)
        down, _ = slope_of(function, y, z - step, **options)
        difference = (up.sum() - down.sum()) / 2e-5
        np.testing.assert_allclose(slope[place], difference, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", EXAMPLE)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_values_and_gradients_are_finite_at_any_logit(name: str, dtype: str) -> None:
    rows = [[0.0, 0, 0], [100, -100, 0], [-100, 100, 100], [40, 40, 40]]
    z = tf.constant(rows, dtype)
    for label in range(3):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = losses.get(name).softmax([label] * 4, z, **options_of(name, 3))
        slope = tf.cast(tape.gradient(value, z), tf.float64).numpy()
        assert value.dtype == dtype
        assert np.isfinite(slope).all()
        assert (tf.cast(value, tf.float64).numpy() >= 0).all()


def test_the_cross_entropy_is_that_of_keras() -> None:
    z, y = 3 * RANDOM.normal(size=(32, 5)), RANDOM.integers(0, 5, 32)
    weights = RANDOM.random(32)
    sparse = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight", dtype="float64"
    )
    ours = losses.CrossEntropy(link="softmax", dtype="float64")
    for targets in (y, y[:, None], np.eye(5)[y]):
        one = slope_of(lambda t, z: ours(t, z, sample_weight=weights), targets, z)
        other = slope_of(lambda t, z: sparse(t, z, sample_weight=weights), y, z)
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-14)


def test_the_focal_loss_is_that_of_keras() -> None:
    z, y = 2 * RANDOM.normal(size=(32, 5)), np.eye(5)[RANDOM.integers(0, 5, 32)]
    theirs = keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, gamma=2.0, from_logits=True, dtype="float64"
    )
    ours = losses.Focal(link="softmax", dtype="float64")
    one, other = slope_of(ours, y, z), slope_of(theirs, y, z)
    for mine, expects in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, expects, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [*EXAMPLE, "pairwise_auc", "auc_margin"])
def test_two_classes_are_the_binary_loss_of_the_difference(name: str) -> None:
    z = RANDOM.normal(size=(20, 2))
    y = (np.arange(20) % 3 == 0).astype(int)
    both = {"focal": {"gamma": 1.3}}.get(name, {})
    prior = {"prior": 0.2} if name == "logit_adjusted" else {}
    priors = {"prior": [0.8, 0.2]} if name == "logit_adjusted" else {}
    make = losses.get(name).keras
    one = float(
        make(**both, **prior, dtype="float64")(y.astype(float), z[:, 1] - z[:, 0])
    )
    two = float(make(**both, **priors, link="softmax", dtype="float64")(y, z))
    assert two == pytest.approx(one, rel=1e-10)


@pytest.mark.parametrize("name", [*EXAMPLE, "pairwise_auc", "auc_margin"])
def test_only_differences_of_logits_count(name: str) -> None:
    z, y = RANDOM.normal(size=(20, 4)), RANDOM.integers(0, 4, 20)
    more = {} if name not in EXAMPLE else options_of(name, 4)
    loss = losses.get(name).keras(**more, link="softmax", dtype="float64")
    shifted = z + RANDOM.normal(size=(20, 1))
    assert float(loss(y, z)) == pytest.approx(float(loss(y, shifted)), rel=1e-9)


def test_class_log_odds_keep_their_digits() -> None:
    z = np.concatenate(
        [RANDOM.normal(size=(50, 6)) * 4, np.eye(6) * 80, np.zeros((1, 6))]
    )
    odds = class_log_odds(tf.constant(z)).numpy()
    np.testing.assert_allclose(odds, one_against_rest(z), rtol=1e-12, atol=1e-12)
    rest = [logsumexp(np.delete(z, c, axis=1), axis=1) for c in range(6)]
    np.testing.assert_allclose(odds, z - np.stack(rest, axis=1), rtol=1e-12, atol=1e-12)


def test_ranking_losses_are_means_over_classes_against_the_rest() -> None:
    """The class that the batch lacks has no pairs, and is left out of the mean."""
    z, y = RANDOM.normal(size=(24, 4)), RANDOM.integers(0, 3, 24)
    odds, weights = one_against_rest(z), RANDOM.random(24)
    for make in (losses.PairwiseAUC, losses.AUCMargin):
        alone = make(margin=0.7, dtype="float64")
        each = [
            float(alone((y == c).astype(float), odds[:, c], sample_weight=weights))
            for c in range(3)
        ]
        several = make(margin=0.7, link="softmax", dtype="float64")
        assert float(several(y, z, sample_weight=weights)) == pytest.approx(
            np.mean(each), rel=1e-9
        )
        assert float(several(np.zeros(24), z)) == 0


def loss_for_labels(name: str) -> Any:
    """Return a loss with what it must be given."""
    record = LOSS_RECORDS[name]
    needs: dict[str, Any] = {"prior": 0.3} if record.needs_prior else {}
    if record.needs_rows:
        needs["rows"] = 40
    if name == "weighted_cross_entropy":
        needs["class_weight"] = 4.0
    return losses.get(name).keras(**needs, dtype="float64")


LABEL_LOSSES = [
    name for name in losses.loss_names() if "multilabel" in LOSS_RECORDS[name].tasks
]


def test_every_loss_but_none_is_for_labels() -> None:
    assert losses.loss_names() == LABEL_LOSSES


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_labels_that_are_not_known_add_nothing(name: str) -> None:
    z = RANDOM.normal(size=(18, 3))
    y = (RANDOM.random((18, 3)) < 0.4).astype(float)
    y[3, 1] = y[7, 1] = y[8, 0] = np.nan
    y[0], y[1] = 1, 0  # each label has both sides
    loss = loss_for_labels(name)
    each = []
    for label in range(3):
        here = ~np.isnan(y[:, label])
        value = float(loss(y[here, label], z[here, label]))
        share = here.mean() if losses.get(name).kind == "example" else 1.0
        each.append(value * share)
    assert float(loss(y, z)) == pytest.approx(np.mean(each), rel=1e-10)
    _, slope = slope_of(loss, y, z)
    assert slope[3, 1] == slope[7, 1] == slope[8, 0] == 0
    assert np.count_nonzero(slope[~np.isnan(y)]) > 0
    with pytest.raises(InputError, match="labels for"):
        loss(np.where(np.isnan(y), 2.0, y), z)
    with pytest.raises(InputError, match="labels for"):
        loss(np.where(np.isnan(y), -2.0, y), z)
    # -1 is NaN, as whole numbers too
    minus = np.where(np.isnan(y), -1, y)
    for targets in (minus, minus.astype(np.int8)):
        assert float(loss(targets, z)) == pytest.approx(float(loss(y, z)), rel=1e-14)
    _, again = slope_of(loss, minus, z)
    np.testing.assert_allclose(again, slope, rtol=1e-14)


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_the_pure_functions_take_a_mask(name: str) -> None:
    z = RANDOM.normal(size=(18, 3))
    y = (RANDOM.random((18, 3)) < 0.4).astype(np.int8)
    y[3, 1] = y[7, 1] = y[8, 0] = -1
    y[0], y[1] = 1, 0
    loss = loss_for_labels(name)
    targets, labelled = losses.known_labels(y)
    targets, labelled = (each.numpy().astype(float) for each in (targets, labelled))
    function = losses.get(name).function
    if losses.get(name).kind == "example":
        value = np.mean(labelled * np.asarray(function(targets, z, **loss.options)))
    else:
        value = np.mean(function(targets.T, z.T, labelled.T, **loss.options))
    assert float(loss(y, z)) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_labels_in_compiled_functions_and_in_combinations(jit: bool) -> None:
    z = tf.constant(RANDOM.normal(size=(6, 2)))
    y = tf.constant([[1, -1], [0, 1], [-1, 0], [1, 1], [0, 0], [1, 0]], tf.int8)
    parts = [losses.Focal(dtype="float64"), losses.PairwiseAUC(dtype="float64")]
    both = losses.Combined(parts, [1.0, 0.5], dtype="float64")
    nan = np.where(y.numpy() < 0, np.nan, y.numpy())
    expected = float(parts[0](nan, z)) + 0.5 * float(parts[1](nan, z))
    value = tf.function(both.__call__, jit_compile=jit)(y, z)
    assert float(value) == pytest.approx(expected, rel=1e-12)
    for wrapped in (
        losses.Switch({"a": parts[0]}, dtype="float64"),
        losses.Scheduled(parts[:1], [], dtype="float64"),
    ):
        value = tf.function(wrapped.__call__, jit_compile=jit)(y, z)
        assert float(value) == pytest.approx(float(parts[0](nan, z)), rel=1e-12)


def test_a_model_trains_on_labels_of_which_some_are_not_known() -> None:
    """In plain Keras; where nothing is known of a label its output does not move."""
    x = RANDOM.normal(size=(64, 3)).astype("float32")
    y = np.stack([x[:, 0] > 0.5, np.full(64, -1), np.full(64, -1)], 1).astype(np.int8)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    before = model.get_weights()[0]
    model.compile(optimizer="adam", loss=losses.CrossEntropy())
    model.fit(x, y, epochs=1, verbose=0)
    moved = np.abs(model.get_weights()[0] - before).max(axis=0)
    assert moved[0] > 0
    assert moved[1] == moved[2] == 0


def test_a_label_matrix_may_not_be_one_number_too_wide() -> None:
    with pytest.raises(InputError, match="equal shapes"):
        losses.CrossEntropy()(np.zeros((4, 3)), np.zeros((4, 2), "float32"))


@pytest.mark.parametrize("wrong", [[3, 0], [-1, 0], [0.5, 0], [np.nan, 0]])
def test_numbers_that_are_no_classes_are_refused(wrong: list[float]) -> None:
    z = np.zeros((2, 3), "float32")
    for name in ("CrossEntropy", "PairwiseAUC"):
        loss = getattr(losses, name)(link="softmax")
        with pytest.raises(InputError, match=f"class numbers for {name}.*0 to 2"):
            loss(wrong, z)
        assert np.isfinite(float(loss(wrong, z, sample_weight=[0.0, 1.0])))
        traced = tf.function(loss.__call__)
        with pytest.raises(tf.errors.InvalidArgumentError, match="0 to 2"):
            traced(tf.constant(wrong, tf.float32), tf.constant(z))


def test_shapes_and_options_that_do_not_fit() -> None:
    z = np.zeros((4, 3), "float32")
    for targets in (np.zeros((4, 2)), np.zeros(5), np.zeros((4, 3, 1))):
        with pytest.raises(InputError):
            class_targets(targets, z)
    with pytest.raises(InputError, match="floating"):
        class_targets([0], [[1, 2, 3]])
    with pytest.raises(InputError, match="two classes or more"):
        losses.CrossEntropy(link="softmax")([0.0], [[0.5]])
    with pytest.raises(InputError, match="two classes or more"):
        class_targets([0.0], [[0.5]])
    with pytest.raises(InputError, match="alpha"):
        losses.softmax_focal_loss([0] * 4, z, alpha=[0.1, 0.2])
    with pytest.raises(InputError, match="prior"):
        losses.softmax_logit_adjusted_loss([0] * 4, z, prior=0.5)
    with pytest.raises(InputError, match="prior"):
        losses.LogitAdjusted(prior=[0.5, 0.0], link="softmax")
    with pytest.raises(InputError, match="link"):
        losses.CrossEntropy(link="probit")


def test_a_loss_without_a_formula_for_classes_says_so() -> None:
    from equipoise.losses.plain import keras_class

    plain = keras_class("mine", "example", losses.cross_entropy_loss, {})
    with pytest.raises(UnsupportedError, match="link='sigmoid'"):
        plain(link="softmax")


@pytest.mark.parametrize("name", [*EXAMPLE, "pairwise_auc", "auc_margin"])
def test_configurations_come_back(name: str) -> None:
    more = {"margin": 0.4} if name not in EXAMPLE else options_of(name, 3)
    loss = losses.get(name).keras(**more, link="softmax", dtype="float64")
    again = type(loss).from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    z, y = RANDOM.normal(size=(9, 3)), np.arange(9) % 3
    assert float(again(y, z)) == float(loss(y, z))
    usual = {} if name != "logit_adjusted" else {"prior": 0.5}
    assert "link" not in losses.get(name).keras(**usual).get_config()


def test_a_plain_keras_model_learns_three_classes() -> None:
    x = RANDOM.normal(size=(300, 2)).astype("float32")
    y = np.argmax(np.c_[x, -x.sum(axis=1)], axis=1)
    for loss in (
        losses.CrossEntropy(link="softmax"),
        losses.PairwiseAUC(link="softmax"),
    ):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3)])
        model.compile(optimizer=keras.optimizers.Adam(0.05), loss=loss)
        history = model.fit(x, y, epochs=5, batch_size=32, verbose=0).history["loss"]
        assert history[-1] < 0.8 * history[0]
