# SPDX-License-Identifier: Apache-2.0
"""The logistic loss over all pairs: a smooth surrogate of the area under the ROC."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import UnsupportedError
from equipoise.losses.base import as_type
from equipoise.losses.pairs import (
    ascending,
    masses_around,
    restored,
    taken,
    with_its_slope,
)
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of
from equipoise.priors import Link

WIDEST = 60.0
"""Scores that lie so far apart at most are summed without logarithms."""


def pairwise_logistic_loss(
    targets: Tensor, logits: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the mean of log(1 + exp(-(z_i - z_j))) over positives i, negatives j.

    Divided by log 2 it is at least 1 - AUROC. It is smooth, and consistent: its
    minimiser orders examples by their probability. Over all pairs, in O(n log n) time
    and linear memory.

    With d the distance of two scores, log(1 + exp(-d)) is a polynomial in exp(-d) to
    within 1e-9 at 11 terms, 1e-15 at 21: as log(1 + u) is smooth on [0, 1], its
    Chebyshev series falls by 5.8 with each term. The sum of exp(-k d) over all examples
    below, or above, is one running sum. So the loss is the sum over k of running sums,
    and for pairs in the wrong order, log(1 + exp(d)) = d + log(1 + exp(-d)), the hinge
    at margin 0.

    Source: Gao & Zhou (2015), "On the consistency of AUC pairwise optimization",
    corollary 1, for the consistency.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: The last axes differ, or the logits are not floating point.
        UnsupportedError: Keras does not run on TensorFlow.

    Example:
        >>> value = pairwise_logistic_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])
        >>> print(f"{float(value):.4f}")  # (log(1 + e^-.5) + log(1 + e^1.5)) / 2
        1.0877
    """
    if keras.backend.backend() != "tensorflow":
        raise UnsupportedError(
            sentence(
                f"the pairwise logistic loss with Keras on {keras.backend.backend()}",
                "Keras on TensorFlow for it",
            )
        )
    z, positive, negative = class_masses(targets, logits, weights)
    mass = positive - negative

    def value_and_slope(scores: Tensor) -> tuple[Tensor, Tensor]:
        u, places = ascending(scores)
        signed = taken(mass, places, u)
        p, q = ops.relu(signed), ops.relu(-signed)
        p_below, q_above = masses_around(p, q)
        gap = u[..., 1:] - u[..., :-1]
        hinge = ops.sum(gap * p_below[..., 1:] * q_above[..., :-1], axis=-1)
        # of both classes: sums of a_k exp(-k d), and of k a_k exp(-k d)
        near, slopes = _distances(u, ops.stack([p, q], axis=-2), dtype_of(z))
        value = hinge + ops.sum(p * (near[0][..., 1, :] + near[1][..., 1, :]), axis=-1)
        from_p = p_below - slopes[0][..., 0, :] + slopes[1][..., 0, :]
        from_q = q_above + slopes[0][..., 1, :] - slopes[1][..., 1, :]
        return value, restored(q * from_p - p * from_q, places)

    value = with_its_slope(z, value_and_slope)
    return ops.cast(value, dtype_of(logits))


def series(terms: int) -> FloatArray:
    """Return a_1 ... a_n with log(1 + u) = sum of a_k u^k on [0, 1], nearly.

    Args:
        terms: n.

    Example:
        >>> a, u = series(11), np.linspace(0, 1, 101)
        >>> error = np.log1p(u) - sum(c * u ** (k + 1) for k, c in enumerate(a))
        >>> bool(np.abs(error).max() < 1e-8)
        True
    """

    def ratio(u: FloatArray) -> FloatArray:
        safe = np.where(u > 0, u, 1.0)
        return np.asarray(np.where(u > 0, np.log1p(safe) / safe, 1.0))

    fit = np.polynomial.Chebyshev.interpolate(ratio, terms - 1, domain=[0, 1])
    return np.asarray(fit.convert(kind=np.polynomial.Polynomial).coef)


def _distances(
    u: Tensor, masses: Tensor, dtype: str
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return sums over the examples below each and above it, at distances d.

    They are of masses times log(1 + exp(-d)), and of masses times 1 / (1 + exp(d)).

    Args:
        u: `[..., n]` ascending scores.
        masses: `[..., 2, n]`.
        dtype: Of the scores; it sets the number of terms.

    Returns:
        `((below, above), (below, above))`, each `[..., 2, n]`.
    """
    import tensorflow as tf

    a = series(21 if dtype == "float64" else 11)
    z = tf.cast(u - 0.5 * (u[..., :1] + u[..., -1:]), tf.float64)
    k = tf.range(1, len(a) + 1, dtype=tf.float64)[:, None]
    powers = k * z[..., None, None, :]  # [..., 1, terms, n]
    mass = tf.cast(masses, tf.float64)[..., None, :]

    def short() -> tuple[Any, Any]:
        up, down = tf.exp(powers), tf.exp(-powers)
        below = tf.cumsum(mass * up, axis=-1, exclusive=True) * down
        above = tf.cumsum(mass * down, axis=-1, exclusive=True, reverse=True) * up
        return below, above

    def long() -> tuple[Any, Any]:
        logs = tf.math.log(tf.maximum(mass, 1e-300))
        sums = tf.math.cumulative_logsumexp
        below = sums(logs + powers, axis=-1, exclusive=True) - powers
        above = sums(logs - powers, axis=-1, exclusive=True, reverse=True) + powers
        return tf.exp(below), tf.exp(above)

    wide = tf.reduce_max(tf.abs(z)) * 2 > WIDEST
    each = tf.cond(wide, long, short)
    factors = tf.constant(a)[:, None]
    value = [as_type(tf.reduce_sum(part * factors, -2), dtype) for part in each]
    slope = [as_type(tf.reduce_sum(part * factors * k, -2), dtype) for part in each]
    return (value[0], value[1]), (slope[0], slope[1])


@keras.saving.register_keras_serializable("equipoise")
class PairwiseLogistic(SetLoss):
    """The logistic loss over all pairs of a batch, for `model.compile`.

    When to use: as `PairwiseAUC`, if every pair should go on pulling a little; it has
    no margin to choose.

    Args:
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = PairwiseLogistic()
        >>> print(f"{float(loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.4f}")
        1.0877
    """

    function = staticmethod(pairwise_logistic_loss)

    def __init__(
        self,
        name: str = "pairwise_logistic",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        super().__init__(name, dtype, link)
