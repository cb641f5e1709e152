# SPDX-License-Identifier: Apache-2.0
"""The functions of TensorFlow that noise is made of within a graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from equipoise._core.types import Tensor


class GraphNoise:
    """What `sampling.noise.normals` computes with."""

    right_shift, bitwise_xor = map(
        staticmethod, (tf.bitwise.right_shift, tf.bitwise.bitwise_xor)
    )
    sqrt, log, cos = map(staticmethod, (tf.sqrt, tf.math.log, tf.cos))

    @staticmethod
    def word(value: Any) -> Tensor:
        """Return whole numbers as 32 bits without a sign."""
        return tf.constant(value, tf.uint32)

    @staticmethod
    def real(value: Tensor) -> Tensor:
        """Return whole numbers as floating ones."""
        return tf.cast(value, tf.float32)
