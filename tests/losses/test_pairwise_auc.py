# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.losses import pairwise_auc_loss


def brute(targets, logits, weights=None, margin=1.0):
    """Value and gradient from the matrix of all pairs, float64."""
    z = np.asarray(logits, np.float64)
    w = np.ones(len(z)) if weights is None else np.asarray(weights, np.float64)
    p = np.where(np.asarray(targets) > 0, w, 0)
    q = w - p
    if p.sum() == 0 or q.sum() == 0:
        return 0.0, np.zeros(len(z))
    p, q = p / p.sum(), q / q.sum()
    hinge = np.maximum(margin - (z[:, None] - z[None, :]), 0)
    pairs = 2 * p[:, None] * q[None, :] * hinge
    return (p[:, None] * q * hinge**2).sum(), pairs.sum(axis=0) - pairs.sum(axis=1)


def ours(targets, logits, weights=None, margin=1.0, dtype="float64"):
    z = tf.constant(logits, dtype)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = pairwise_auc_loss(targets, z, weights, margin=margin)
    return value.numpy(), tape.gradient(value, z).numpy()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 40), st.floats(0.1, 3))
def test_against_the_matrix_with_ties_and_weights(seed, size, margin):
    random = np.random.default_rng(seed)
    targets = (random.random(size) < 0.4).astype(float)
    logits = np.round(2 * random.normal(size=size), 1)  # many ties
    weights = random.integers(0, 4, size).astype(float)
    value, slope = ours(targets, logits, weights, margin)
    expected, expected_slope = brute(targets, logits, weights, margin)
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slope, expected_slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [0.01, 1.0, 40.0, 1000.0])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_float32_keeps_its_digits(scale, offset):
    """Against float64 on the same rounded logits; the expanded square fails here."""
    random = np.random.default_rng(0)
    targets = (np.arange(4000) % 50 == 0).astype(float)
    logits = (scale * random.normal(size=4000) + 2 * scale * targets + offset).astype(
        np.float32
    )
    value, slope = ours(targets, logits, dtype="float32")
    expected, expected_slope = brute(targets, logits)
    # the margin itself is rounded to the last digit of the logits
    digits = float(3e-5 + 2e-7 * np.abs(logits).max())
    assert value == pytest.approx(expected, rel=digits)
    apart = np.abs(slope - expected_slope).max() / np.abs(expected_slope).max()
    assert apart < digits


def test_a_perfect_order_costs_nothing():
    value, slope = ours([1.0, 1, 0, 0], [3.0, 2, 1, 0])
    assert value == 0
    assert not slope.any()


def test_margins_of_each_member():
    random = np.random.default_rng(0)
    targets = np.tile([1.0, 0, 1, 0, 0], (3, 1))
    logits = random.normal(size=(3, 5))
    margins = np.array([0.5, 1.0, 2.0])
    found = pairwise_auc_loss(targets, logits, margin=margins)
    for i in range(3):
        assert float(found[i]) == pytest.approx(
            brute(targets[i], logits[i], margin=margins[i])[0]
        )


def test_it_says_nothing_about_the_level():
    """Any constant may be added to the scores: so nothing can correct them."""
    targets, logits = [1.0, 0, 0, 1], np.array([0.1, 0.4, -1, 2])
    assert ours(targets, logits + 3)[0] == pytest.approx(ours(targets, logits)[0])


def test_batches_of_unknown_size():
    @tf.function(
        input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None])]
    )
    def run(targets, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = pairwise_auc_loss(targets, logits)
        return value, tape.gradient(value, logits)

    random = np.random.default_rng(0)
    for shape in [(1, 7), (3, 12)]:
        targets = (np.arange(np.prod(shape)).reshape(shape) % 3 == 0).astype("f4")
        logits = random.normal(size=shape).astype("f4")
        value, slope = run(targets, logits)
        for i in range(shape[0]):
            expected, expected_slope = brute(targets[i], logits[i])
            assert float(value[i]) == pytest.approx(expected, rel=1e-5)
            np.testing.assert_allclose(slope[i], expected_slope, atol=1e-5)


def test_a_row_of_a_stack_is_what_it_is_alone():
    """To the last bit: so neighbours in a stack change nothing."""
    random = np.random.default_rng(3)
    targets = (random.random((6, 256)) < 0.1).astype("f4")
    logits = random.normal(size=(6, 256)).astype("f4")
    values, slopes = ours(targets, logits, dtype="float32")
    assert np.isfinite(slopes).all()
    for i in range(6):
        value, slope = ours(targets[i : i + 1], logits[i : i + 1], dtype="float32")
        assert value.tolist() == [values[i]]
        np.testing.assert_array_equal(slope, slopes[i : i + 1])
