# SPDX-License-Identifier: Apache-2.0
"""The forward pass against plain NumPy, and its gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from equipoise.networks.alone import needs_company
from equipoise.networks.forward import (
    affine,
    forward,
    lookup,
    output,
    piecewise_linear,
    product,
    ramp_embedding,
)
from equipoise.networks.layout import Category, Layout
from equipoise.networks.parameters import shapes
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
    check(lambda v: product(v, kernel), x, random)
    check(lambda v: product(tf.constant(x), v), kernel, random)
    turned = x.transpose(0, 2, 1)
    check(lambda v: product(v, kernel, turned=True), turned, random)
    check(lambda v: product(tf.constant(turned), v, turned=True), kernel, random)
    last_kernel, last_bias = kernel[..., :1], bias[:, :1]
    check(lambda v: output(v, last_kernel, last_bias), x, random)
    check(lambda v: output(tf.constant(x), v, last_bias), last_kernel, random)
    check(lambda v: output(tf.constant(x), last_kernel, v), last_bias, random)
    inner = tf.constant(random.uniform(0, 5, (2, 7, 2)))
    check(lambda s: ramp_embedding(s, inner), steps, random)


def test_ramps_embed_as_interpolation_does_between_the_knots(random) -> None:
    steps = random.normal(size=(MEMBERS, NUMBERS, KNOTS, WIDTH))
    last = np.array([4.0, 0.0, 2.0, 1.0])
    positions = random.uniform(0, last + 1, (MEMBERS, BATCH, NUMBERS))
    positions[:, 0], positions[:, 1], positions[:, 2] = 0.0, last + 1, last
    lasts = tf.constant(np.tile(last, (MEMBERS, 1)))
    usual = piecewise_linear(tf.constant(steps), tf.constant(positions), lasts)
    found = ramp_embedding(tf.constant(steps), tf.constant(positions))
    turned = tf.transpose(found, [0, 3, 1, 2])
    np.testing.assert_allclose(turned, usual, atol=1e-12)


def test_the_network_in_training_is_the_network_that_scores(random) -> None:
    """Numbers, one-hot columns and embedded categories; values and gradients."""
    spec = NetworkSpec("x", hidden=(6, 5), number_width=3, category_width=2)
    categories = (Category("few", 3, False), Category("many", 7, True))
    layout = Layout(("a", "b", "a is missing"), ("a", "b"), (6, 4), categories)
    weights = {
        name: tf.constant(random.normal(size=(MEMBERS, *shape)))
        for name, shape in shapes(spec, layout).items()
    }
    dense = tf.constant(random.normal(size=(MEMBERS, BATCH, layout.dense)))
    positions = tf.constant(random.uniform(0, [5, 3], (MEMBERS, BATCH, 2)))
    codes = tf.constant(random.integers(0, 7, (MEMBERS, BATCH, 1)), tf.int32)
    last = tf.constant([[4.0, 2.0]] * MEMBERS, tf.float64)
    found = []
    for inside in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits = forward(
                spec, weights, dense, positions, codes, last, inside=inside
            )
        found.append((logits, tape.gradient(logits, weights)))
    (usual, slopes), (logits, others) = found
    np.testing.assert_allclose(logits, usual, atol=1e-12)
    for name in weights:
        np.testing.assert_allclose(others[name], slopes[name], atol=1e-12)


def lone(member: int) -> list[int]:
    """A member alone, twice if it needs company for the same bits."""
    return [member, member] if needs_company(1) else [member]


def test_a_place_among_members_changes_no_bit_of_the_embedding(random) -> None:
    for width, numbers, knots in ((5, 3, 6), (8, 7, 49), (16, 30, 49)):
        steps = random.normal(size=(9, numbers, knots, width)).astype(np.float32)
        positions = random.uniform(0, knots - 1, (9, 64, numbers)).astype(np.float32)
        kernel = random.normal(size=(9, numbers * width, 17)).astype(np.float32)
        row = random.normal(size=(9, 17, 1)).astype(np.float32)
        bias = random.normal(size=(9, 1)).astype(np.float32)
        upstream = random.normal(size=(9, 64)).astype(np.float32)
        arrays = [steps, kernel, row, bias]

        def both(which: Any, arrays=arrays, places=positions, slope=upstream):
            own = [tf.constant(a[which]) for a in arrays]
            with tf.GradientTape() as tape:
                tape.watch(own)
                numbers = ramp_embedding(own[0], tf.constant(places[which]))
                flat = tf.reshape(numbers, (numbers.shape[0], -1, 64))
                h = product(flat, own[1], turned=True)
                logits = output(h, own[2], own[3])
            slopes = tape.gradient(logits, own, output_gradients=slope[which])
            return [value.numpy() for value in (logits, *slopes)]

        whole = both(slice(None))
        for member in (0, 4, 8):
            for among, alone in zip(whole, both(lone(member)), strict=True):
                np.testing.assert_array_equal(among[member], alone[0])


@pytest.mark.parametrize("width", [1, 7, 16, 17, 64])
def test_a_place_among_members_changes_no_bit(random, width) -> None:
    x = random.normal(size=(9, 64, 11)).astype(np.float32)
    kernel = random.normal(size=(9, 11, width)).astype(np.float32)
    bias = random.normal(size=(9, width)).astype(np.float32)
    upstream = random.normal(size=(9, 64, width)).astype(np.float32)

    def both(which: Any) -> list[np.ndarray]:
        arrays = [tf.constant(a[which]) for a in (x, kernel, bias)]
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            result = affine(*arrays)
        slopes = tape.gradient(result, arrays, output_gradients=upstream[which])
        return [value.numpy() for value in (result, *slopes)]

    whole = both(slice(None))
    for member in range(9):
        for among, alone in zip(whole, both(lone(member)), strict=True):
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


def rounded(values: np.ndarray) -> np.ndarray:
    """The nearest numbers of eight significant bits, ties to even, in float64."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def test_rounded_factors_are_multiplied_and_summed_without_further_loss(random) -> None:
    """Against NumPy in float64: the result is rounded once, to eight bits."""
    shapes_of = (3, 64, 40), (3, 40, 24), (3, 24), (3, 64, 24)
    x, kernel, bias, slope = (
        random.normal(size=shape).astype(np.float32) for shape in shapes_of
    )
    values = [tf.constant(value) for value in (x, kernel, bias)]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        plain = product(*values[:2], factors=tf.bfloat16)
        with_bias = affine(*values, tf.bfloat16)
    exact = rounded(x) @ rounded(kernel)

    def close(one, other):
        # An eighth bit, and what little a sum of products in float32 may lose.
        limit = 2.0**-8 * np.abs(other) + 1e-4
        assert one.dtype == tf.float32
        assert (np.abs(one.numpy() - other) <= limit).all()

    close(plain, exact)
    np.testing.assert_array_equal(with_bias, plain + bias[:, None])
    ups = rounded(slope)
    back = ups @ rounded(kernel).transpose(0, 2, 1)
    across = rounded(x).transpose(0, 2, 1) @ ups
    for result in (plain, with_bias):
        one, other, *sums = tape.gradient(result, values, output_gradients=slope)
        close(one, back)
        close(other, across)
        if result is with_bias:
            np.testing.assert_allclose(sums[0], slope.sum(axis=1), rtol=1e-5, atol=1e-5)
    turned = tf.constant(x.transpose(0, 2, 1).copy())
    with tf.GradientTape() as tape:
        tape.watch([turned, values[1]])
        again = product(turned, values[1], turned=True, factors=tf.bfloat16)
    close(again, exact)
    one, other = tape.gradient(again, [turned, values[1]], output_gradients=slope)
    close(one, back.transpose(0, 2, 1))
    close(other, across)


@pytest.mark.parametrize("width", [1, 3])
def test_the_last_layer_and_plain_inputs_are_not_rounded(random, width) -> None:
    """Without a hidden layer, or with one on plain inputs, nothing changes."""
    dense = tf.constant(random.normal(size=(2, 16, 4)).astype(np.float32))
    empty = tf.zeros((2, 16, 0)), tf.zeros((2, 16, 0), tf.int32), tf.zeros((2, 0))
    for hidden, same in (((), True), ((8,), True), ((8, 8), False)):
        spec, sizes = NetworkSpec("x", hidden=hidden), (4, *hidden, width)
        weights = {}
        for i, pair in enumerate(itertools.pairwise(sizes)):
            weights[f"kernel_{i}"] = random.normal(size=(2, *pair)).astype(np.float32)
            weights[f"bias_{i}"] = random.normal(size=(2, pair[1])).astype(np.float32)
        weights = {name: tf.constant(value) for name, value in weights.items()}
        usual, other = (
            forward(spec, weights, dense, *empty, inside=True, factors=factors)
            for factors in (None, tf.bfloat16)
        )
        assert np.array_equal(usual, other) is same
        np.testing.assert_allclose(usual, other, rtol=0.05, atol=0.1)
