# SPDX-License-Identifier: Apache-2.0
"""Products of matrices whose numbers are rounded to bfloat16.

TensorFlow rounds a sum of products to the nearest bfloat16 on processors that have
units for it, and cuts it off on others, which doubles the error and makes it one-sided.
There the products are computed in float32, and rounded to the nearest.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from equipoise._core.types import Tensor


@functools.cache
def cuts_bfloat16() -> bool:
    """Return whether products in bfloat16 are cut off here instead of rounded.

    It is measured once, also if it is first asked for while a function is traced.
    """
    random = np.random.default_rng(0)
    with tf.init_scope():
        left, right = (
            tf.cast(random.normal(size=shape), tf.bfloat16)
            for shape in ((2, 32, 24), (2, 24, 16))
        )
        exact = tf.matmul(tf.cast(left, tf.float64), tf.cast(right, tf.float64))
        error = tf.abs(tf.cast(tf.matmul(left, right), tf.float64) - exact)
        return bool(tf.reduce_any(error > 2.0**-8 * tf.abs(exact) + 1e-4))


def multiplied(
    left: Tensor,
    right: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> Tensor:
    """Return products of matrices, those in bfloat16 rounded to the nearest.

    Args:
        left: `[..., rows, inner]`, or with the last two axes turned.
        right: `[..., inner, columns]`, or with the last two axes turned.
        transpose_a: Whether those of `left` are turned.
        transpose_b: Whether those of `right` are turned.

    Returns:
        `[..., rows, columns]`, of the type of `left`.

    Example:
        >>> half = tf.fill([1, 2, 2], tf.constant(0.5, tf.bfloat16))
        >>> multiplied(half, half)[0, 0].numpy().tolist()
        [0.5, 0.5]
    """
    wide = left.dtype == tf.bfloat16 and cuts_bfloat16()
    if wide:
        left, right = tf.cast(left, tf.float32), tf.cast(right, tf.float32)
    result = tf.matmul(left, right, transpose_a=transpose_a, transpose_b=transpose_b)
    return tf.cast(result, tf.bfloat16) if wide else result
