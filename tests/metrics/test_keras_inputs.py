# SPDX-License-Identifier: Apache-2.0
"""What losses and metrics for Keras refuse, and what they say of activations."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from equipoise.errors import EquipoiseWarning, InputError

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from equipoise.metrics import keras_inputs as inputs  # noqa: E402 (after the skip)


@pytest.mark.parametrize("wrong", [-1.0, 2.0, np.nan, 1.001])
def test_labels_are_refused_at_once_and_in_a_graph(wrong) -> None:
    labels = tf.constant([0.0, 1.0, wrong])
    with pytest.raises(InputError, match=r"labels for AUROC .*\(y \+ 1\) / 2"):
        inputs.require_labels(labels, None, "AUROC")
    traced = tf.function(lambda y, w: inputs.require_labels(y, w, "AUROC"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 or 1"):
        traced(labels, tf.ones(3))
    no_weight = tf.constant([1.0, 1.0, 0.0])
    assert not inputs.require_labels(labels, no_weight, "AUROC")
    assert not traced(labels, no_weight)
    compiled = tf.function(
        lambda y: inputs.require_labels(y, None, "AUROC"), jit_compile=True
    )
    assert bool(compiled(labels))  # XLA cannot raise: the caller is told


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_weights_are_refused(wrong) -> None:
    weights = tf.constant([1.0, 0.0, wrong])
    with pytest.raises(InputError, match="weights of 0 or more"):
        inputs.require_weights(weights, "MCC")
    traced = tf.function(lambda w: inputs.require_weights(w, "MCC"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="weights for MCC"):
        traced(weights)


def test_probabilities_are_those_but_for_rounding() -> None:
    ones = tf.ones(3)
    scores = tf.constant([0.0, 1.000001, np.nan])
    assert not inputs.require_probabilities(scores, ones, "MCC")
    with pytest.raises(InputError, match="from_logits=False out"):
        inputs.require_probabilities(tf.constant([0.0, 1.2, 0.5]), ones, "MCC")


@pytest.mark.parametrize(
    ("labels", "scores", "fits"),
    [
        ((4,), (4, 1), True),
        ((None,), (None, 1), True),
        ((None, 2), (None, 2), True),
        ((4,), (4, 2), False),
        ((None,), (None, 2), False),
        ((None, 2), (None, 1), False),
        ((None, None), (None, 3), True),
    ],
)
def test_there_are_as_many_labels_as_scores(labels, scores, fits) -> None:
    one, other = tf.TensorSpec(labels), tf.TensorSpec(scores)
    if fits:
        inputs.require_as_many(one, other, "AUROC")
        return
    with pytest.raises(InputError, match="one label for each score"):
        inputs.require_as_many(one, other, "AUROC")


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (lambda z: tf.sigmoid(z), "sigmoid"),
        (lambda z: keras.ops.sigmoid(z)[:, 0], "sigmoid"),
        (lambda z: tf.cast(tf.reshape(tf.sigmoid(z), [-1]), tf.float64), "sigmoid"),
        (lambda z: tf.clip_by_value(tf.sigmoid(z), 1e-7, 1 - 1e-7), "sigmoid"),
        (lambda z: keras.ops.softmax(tf.concat([z, -z], 1)), "softmax"),
        (lambda z: z, ""),
        (lambda z: tf.nn.relu(z), ""),
        (lambda z: tf.sigmoid(z) * 3.0, ""),
        (lambda z: tf.tanh(z), ""),
    ],
)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_activation_is_seen_in_a_graph(last, found, jit_compile) -> None:
    seen = []

    @tf.function(jit_compile=jit_compile)
    def traced(z):
        seen.append(inputs.activation_of(last(z)))

    traced(tf.zeros((3, 1)))
    assert seen == [found]


def told(batches) -> int:
    watch = inputs.OutputWatch("Focal", "Take it off.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for batch in batches:
            watch.look(tf.constant(batch, tf.float32))
    assert all(issubclass(w.category, EquipoiseWarning) for w in caught)
    return len(caught)


def test_values_tell_in_eager_mode_and_once() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(10, 64))
    sigmoids = 1 / (1 + np.exp(-logits))
    assert told(sigmoids) == 1
    assert told(sigmoids[:2]) == 0
    assert told(sigmoids[:, :2]) == 0  # too few to tell
    assert told(logits) == 0
    assert told(np.maximum(logits, 0) / 10) == 0  # a relu gives zeros
    assert told(np.full((10, 64), 0.5)) == 0
    assert told([logits[0], *sigmoids]) == 0


@pytest.mark.parametrize(
    ("weights", "scores", "fits"),
    [
        ((4,), (4,), True),
        ((4, 1), (4, 3), True),
        ((1,), (4,), True),
        ((None, 1), (None, 3), True),
        ((3,), (4,), False),
        ((4, 2), (4, 3), False),
    ],
)
def test_weights_fit_the_scores(weights, scores, fits) -> None:
    one = tf.TensorSpec(weights)
    if fits:
        inputs.require_as_many_weights(one, scores, "AUROC")
        return
    with pytest.raises(InputError, match=r"weights of shape .* for AUROC"):
        inputs.require_as_many_weights(one, scores, "AUROC")
