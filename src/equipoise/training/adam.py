# SPDX-License-Identifier: Apache-2.0
"""Adam, elementwise: each member is updated as if it were alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from equipoise._core.types import Tensor

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
    value: tf.Variable, m: tf.Variable, v: tf.Variable, gradient: Tensor, rate: Tensor
) -> None:
    """Update an array of weights and its two moments in place, in one pass.

    Args:
        value: `[members, ...]`.
        m: The mean gradient so far.
        v: The mean squared gradient so far.
        gradient: The gradient.
        rate: The step size times the bias correction.
    """
    tf.raw_ops.ResourceApplyAdam(
        var=value.handle,
        m=m.handle,
        v=v.handle,
        beta1_power=tf.zeros((), gradient.dtype),  # the rate is corrected already
        beta2_power=tf.zeros((), gradient.dtype),
        lr=rate,
        beta1=tf.constant(BETA_1, gradient.dtype),
        beta2=tf.constant(BETA_2, gradient.dtype),
        epsilon=tf.constant(EPSILON, gradient.dtype),
        grad=gradient,
    )


def update_each(
    value: tf.Variable,
    m: tf.Variable,
    v: tf.Variable,
    gradient: Tensor,
    rate: Tensor,
    rates: Tensor,
) -> None:
    """Update as `update` does, but each member by a step size of its own.

    The moments do not depend on the step size. Whose rate is `rate` gets the very
    bits of `update`, whoever else is in the array.

    Args:
        value: `[members, ...]`.
        m: The mean gradient so far.
        v: The mean squared gradient so far.
        gradient: The gradient.
        rate: The network's step size times the bias correction.
        rates: `[members]`, each member's own.
    """
    before = value.read_value()
    update(value, m, v, gradient, rate)
    wide = by_member(rates, value)
    step = wide * m / (tf.sqrt(v) + tf.constant(EPSILON, gradient.dtype))
    value.assign(tf.where(wide == rate, value, before - step))


def by_member(numbers: Tensor, like: Any) -> Tensor:
    """Return a number per member, shaped to multiply an array of weights.

    Args:
        numbers: `[members]`.
        like: `[members, ...]`.
    """
    return tf.reshape(numbers, (-1, *(1 for _ in like.shape[1:])))
