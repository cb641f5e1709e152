# SPDX-License-Identifier: Apache-2.0
"""Adam, elementwise: each member is updated as if it were alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Tensor = Any

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7
"""The constants of Keras' Adam."""


def rates(first: int, steps: int) -> npt.NDArray[np.float64]:
    """Return the bias corrections of some updates, `[steps]`.

    sqrt(1 - b2^t) / (1 - b1^t), t counted from 1 (Kingma and Ba 2015, section 2,
    in the order of operations that its last paragraph gives).

    Args:
        first: How many updates there were before.
        steps: How many there will be.

    Example:
        >>> rates(0, 1).round(6).tolist()
        [0.316226]
    """
    t = np.arange(first + 1, first + steps + 1, dtype=np.float64)
    # Keras takes powers of the constants as float32 has them, in float64 too.
    beta_1, beta_2 = (np.float64(np.float32(beta)) for beta in (BETA_1, BETA_2))
    return np.asarray(np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t))


def update(
    value: Tensor, m: Tensor, v: Tensor, gradient: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return an array of weights and its two moments after one update.

    Args:
        value: `[members, ...]`.
        m: The mean gradient so far.
        v: The mean squared gradient so far.
        gradient: The gradient.
        rate: `[members, 1, ...]`: step size times bias correction.
    """
    m = m + (gradient - m) * (1.0 - BETA_1)
    v = v + (tf.square(gradient) - v) * (1.0 - BETA_2)
    return value - m * rate / (tf.sqrt(v) + EPSILON), m, v
