# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

Loss = Callable[[np.ndarray], tf.Tensor]


@pytest.fixture
def differences_are_gradients() -> Callable[[Loss, np.ndarray], None]:
    """A check that the gradient of a loss is that of finite differences."""

    def check(loss: Loss, z: np.ndarray) -> None:
        with tf.GradientTape() as tape:
            at = tf.constant(z)
            tape.watch(at)
            value = loss(at)
        slopes = [
            float(loss(z + step) - loss(z - step)) / 2e-5
            for step in 1e-5 * np.eye(len(z))
        ]
        np.testing.assert_allclose(tape.gradient(value, at), slopes, atol=2e-6)
        assert np.abs(slopes).max() > 1e-3

    return check
