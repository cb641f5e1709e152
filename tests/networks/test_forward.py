# SPDX-License-Identifier: Apache-2.0
"""The forward pass against plain NumPy, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from equipoise.networks.forward import affine, forward, lookup, piecewise_linear
from equipoise.networks.spec import NetworkSpec

MEMBERS, BATCH, NUMBERS, KNOTS, WIDTH = 3, 16, 4, 6, 5


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def numeric_gradient(function, value: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    gradient = np.zeros_like(value)
    for place in np.ndindex(value.shape):
        both = []
        for sign in (1e-6, -1e-6):
            moved = value.copy()
            moved[place] += sign
            both.append((function(tf.constant(moved)).numpy() * upstream).sum())
        gradient[place] = (both[0] - both[1]) / 2e-6
    return gradient


def check(function, value: np.ndarray, random: np.random.Generator) -> None:
    tensor = tf.constant(value)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = function(tensor)
    upstream = random.normal(size=result.shape)
    exact = tape.gradient(result, tensor, output_gradients=tf.constant(upstream))
    expected = numeric_gradient(function, value, upstream)
    np.testing.assert_allclose(exact, expected, atol=1e-6)


def test_piecewise_linear_interpolates_and_extrapolates(random) -> None:
    steps = random.normal(size=(MEMBERS, NUMBERS, KNOTS, WIDTH))
    knots = np.array([6, 2, 4, 3])
    last = np.tile(knots - 2.0, (MEMBERS, 1))
    positions = random.uniform(-2, 7, (MEMBERS, BATCH, NUMBERS))
    positions = np.clip(positions, -2, knots + 1.0)
    found = piecewise_linear(*map(tf.constant, (steps, positions, last))).numpy()
    values = np.cumsum(steps, axis=2)
    for m, b, j in np.ndindex(positions.shape):
        grid, own = np.arange(knots[j]), values[m, j, : knots[j]]
        p = positions[m, b, j]
        k = int(np.clip(np.floor(p), 0, knots[j] - 2))
        inside = own[k] + (p - k) * (own[k + 1] - own[k])
        np.testing.assert_allclose(found[m, b, j], inside, atol=1e-12)
        if 0 <= p <= knots[j] - 1:
            usual = [np.interp(p, grid, own[:, w]) for w in range(WIDTH)]
            np.testing.assert_allclose(found[m, b, j], usual, atol=1e-12)


def test_gradients_are_those_of_finite_differences(random) -> None:
    steps = random.normal(size=(2, 2, KNOTS, 3))
    positions = tf.constant(random.uniform(-1, 6, (2, 7, 2)))
    last = tf.constant([[4.0, 3.0]] * 2, tf.float64)
    check(lambda s: piecewise_linear(s, positions, last), steps, random)
    codes = tf.constant(random.integers(0, 5, (2, 7, 3)), tf.int32)
    check(lambda t: lookup(t, codes), random.normal(size=(2, 5, 3)), random)
    x, kernel, bias = (random.normal(size=s) for s in ((2, 7, 3), (2, 3, 4), (2, 4)))
    check(lambda v: affine(v, kernel, bias), x, random)
    check(lambda v: affine(tf.constant(x), v, bias), kernel, random)
    check(lambda v: affine(tf.constant(x), kernel, v), bias, random)


@pytest.mark.parametrize("width", [1, 7, 16, 17, 64])
def test_a_place_among_members_changes_no_bit(random, width) -> None:
    x = random.normal(size=(9, 64, 11)).astype(np.float32)
    kernel = random.normal(size=(9, 11, width)).astype(np.float32)
    bias = random.normal(size=(9, width)).astype(np.float32)
    upstream = random.normal(size=(9, 64, width)).astype(np.float32)

    def both(which: slice) -> list[np.ndarray]:
        arrays = [tf.constant(a[which]) for a in (x, kernel, bias)]
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            result = affine(*arrays)
        slopes = tape.gradient(result, arrays, output_gradients=upstream[which])
        return [value.numpy() for value in (result, *slopes)]

    whole = both(slice(None))
    for member in range(9):
        for among, alone in zip(whole, both(slice(member, member + 1)), strict=True):
            np.testing.assert_array_equal(among[member], alone[0])


def test_forward_is_a_chain_of_layers(random) -> None:
    spec = NetworkSpec("x", hidden=(6,))
    weights = {
        "kernel_0": random.normal(size=(MEMBERS, 4, 6)),
        "bias_0": random.normal(size=(MEMBERS, 6)),
        "kernel_1": random.normal(size=(MEMBERS, 6, 1)),
        "bias_1": random.normal(size=(MEMBERS, 1)),
    }
    dense = random.normal(size=(MEMBERS, BATCH, 4))
    empty = np.zeros((MEMBERS, BATCH, 0)), np.zeros((MEMBERS, BATCH, 0), np.int32)
    found = forward(spec, weights, tf.constant(dense), *empty, np.zeros((MEMBERS, 0)))
    hidden = np.maximum(dense @ weights["kernel_0"] + weights["bias_0"][:, None], 0)
    expected = hidden @ weights["kernel_1"] + weights["bias_1"][:, None]
    np.testing.assert_allclose(found, expected[..., 0], atol=1e-12)
