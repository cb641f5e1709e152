# SPDX-License-Identifier: Apache-2.0
"""Adam beside Keras' own, and its bias correction."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.training import adam


@pytest.mark.parametrize("members", [1, 3])
def test_it_is_adam_of_keras_for_each_member(members) -> None:
    random = np.random.default_rng(0)
    first = random.normal(size=(members, 4, 5))
    gradients = random.normal(size=(30, members, 4, 5)) * 10.0 ** random.integers(
        -6, 3, (30, members, 1, 1)
    )
    value, m, v = (tf.Variable(a) for a in (first, 0 * first, 0 * first))
    rates = 3e-3 * np.concatenate([adam.rates(0, 11), adam.rates(11, 19)])
    for gradient, rate in zip(gradients, rates, strict=True):
        adam.update(value, m, v, tf.constant(gradient), tf.constant(rate))
    for member in range(members):
        alone = keras.Variable(first[member], dtype="float64")
        optimizer = keras.optimizers.Adam(3e-3, epsilon=adam.EPSILON)
        for gradient in gradients[:, member]:
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [alone])
        np.testing.assert_allclose(value.numpy()[member], alone.numpy(), atol=1e-9)


def test_each_member_has_a_step_size_of_its_own() -> None:
    """Keras' by its own rate; the very bits of `update` where the rate is shared."""
    random = np.random.default_rng(1)
    first = random.normal(size=(3, 4, 5)).astype(np.float32)
    gradients = random.normal(size=(30, 3, 4, 5)).astype(np.float32)
    each, all_alike = (
        [tf.Variable(a) for a in (first, 0 * first, 0 * first)] for _ in range(2)
    )
    sizes = np.array([3e-3, 1e-4, 5e-2])
    for gradient, correction in zip(gradients, adam.rates(0, 30), strict=True):
        rates = tf.constant(sizes * correction, tf.float32)
        adam.update_each(*each, tf.constant(gradient), rates[0], rates)
        adam.update(*all_alike, tf.constant(gradient), rates[0])
    np.testing.assert_array_equal(each[0].numpy()[0], all_alike[0].numpy()[0])
    for one, other in zip(each[1:], all_alike[1:], strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    for member, size in enumerate(sizes):
        alone = keras.Variable(first[member])
        optimizer = keras.optimizers.Adam(size, epsilon=adam.EPSILON)
        for gradient in gradients[:, member]:
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [alone])
        np.testing.assert_allclose(each[0].numpy()[member], alone.numpy(), atol=1e-5)


def test_rates_are_the_bias_correction() -> None:
    t = np.arange(1, 2001)
    expected = np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    np.testing.assert_allclose(adam.rates(0, 2000), expected, rtol=2e-5)
    np.testing.assert_array_equal(adam.rates(500, 10), adam.rates(0, 510)[500:])
