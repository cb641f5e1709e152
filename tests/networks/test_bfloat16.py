# SPDX-License-Identifier: Apache-2.0
"""Products in bfloat16 are rounded to the nearest, whatever the processor."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from equipoise.networks import bfloat16
from equipoise.networks.bfloat16 import multiplied


@pytest.mark.parametrize("cuts", [None, True])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True)])
def test_the_sum_is_rounded_once(
    turned: tuple[bool, bool], cuts: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cuts:
        monkeypatch.setattr(bfloat16, "cuts_bfloat16", lambda: True)
    random = np.random.default_rng(0)
    left = random.normal(size=(3, 40, 64) if turned[0] else (3, 64, 40))
    right = random.normal(size=(3, 24, 40) if turned[1] else (3, 40, 24))
    one, other = tf.cast(left, tf.bfloat16), tf.cast(right, tf.bfloat16)
    result = multiplied(one, other, transpose_a=turned[0], transpose_b=turned[1])
    assert result.dtype == tf.bfloat16
    x, w = (tf.cast(value, tf.float64).numpy() for value in (one, other))
    x = x.transpose(0, 2, 1) if turned[0] else x
    w = w.transpose(0, 2, 1) if turned[1] else w
    exact = x @ w
    error = np.abs(tf.cast(result, tf.float64).numpy() - exact)
    assert (error <= 2.0**-8 * np.abs(exact) + 1e-4).all()


def test_float32_is_left_as_it_is() -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 16, 16)), tf.float32)
    np.testing.assert_array_equal(multiplied(x, x), tf.matmul(x, x))
