# SPDX-License-Identifier: Apache-2.0
"""The end of an exported model as Keras layers: average, calibration, probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.decision.calibration import Calibrator
from equipoise.workflows.blend import LARGEST


class _Float64(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """A layer without weights from log-odds to one column in float64."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name}

    def compute_output_spec(self, log_odds: Any) -> Any:
        """Return the shape and the type of the result."""
        return keras.KerasTensor((log_odds.shape[0], 1), "float64")


@keras.saving.register_keras_serializable(package="equipoise")
class MeanLogOdds(_Float64):
    """The log-odds of the mean probability of several models; see `mean_log_odds`.

    Example:
        >>> MeanLogOdds()(np.array([[3.0, -3.0]])).numpy().tolist()
        [[0.0]]
    """

    def call(self, log_odds: Any) -> Any:
        """Return `[rows, 1]` for log-odds `[rows, models]`."""
        z = tf.clip_by_value(tf.cast(log_odds, tf.float64), -LARGEST, LARGEST)
        positive = tf.reduce_logsumexp(-tf.nn.softplus(-z), 1, keepdims=True)
        negative = tf.reduce_logsumexp(-tf.nn.softplus(z), 1, keepdims=True)
        return positive - negative


@keras.saving.register_keras_serializable(package="equipoise")
class PooledLogOdds(_Float64):
    """The weighted mean of the arms' log-odds; see `pool`.

    Args:
        shares: One weight per arm, summing to 1.
        name: The layer's name.

    Example:
        >>> PooledLogOdds([0.75, 0.25])(np.array([[-2.0, 0.0]])).numpy().tolist()
        [[-1.5]]
    """

    def __init__(self, shares: Sequence[float], name: str | None = None) -> None:
        super().__init__(name=name)
        self.shares = [float(share) for share in shares]

    def call(self, log_odds: Any) -> Any:
        """Return `[rows, 1]` for log-odds `[rows, arms]`."""
        z = tf.clip_by_value(tf.cast(log_odds, tf.float64), -LARGEST, LARGEST)
        return z @ tf.constant(self.shares, tf.float64)[:, None]

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name, "shares": self.shares}


@keras.saving.register_keras_serializable(package="equipoise")
class CalibratedLogOdds(_Float64):
    """`Calibrator.apply` and the rule's shift, in the graph.

    Args:
        calibrator: The calibrator, or its `to_dict()`.
        offset: Added to the calibrated log-odds.
        name: The layer's name.

    Example:
        >>> layer = CalibratedLogOdds(Calibrator("platt", slope=0.5, intercept=1.0))
        >>> layer(np.array([[2.0]])).numpy().tolist()
        [[2.0]]
    """

    def __init__(
        self,
        calibrator: Calibrator | Mapping[str, Any],
        offset: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not isinstance(calibrator, Calibrator):
            calibrator = Calibrator.from_dict(calibrator)
        self.calibrator, self.offset = calibrator, offset

    def call(self, log_odds: Any) -> Any:
        """Return calibrated log-odds, of the same shape."""
        own = self.calibrator
        z = tf.cast(log_odds, tf.float64)
        if own.method == "isotonic":
            z = _interpolated(z, own.knots, own.levels)
        elif own.method != "none":
            z = own.slope * z + own.intercept
        if own.smoothing:
            z = _mixed(z, own.smoothing, own.base_rate)
        return z + self.offset

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {
            "name": self.name,
            "calibrator": self.calibrator.to_dict(),
            "offset": self.offset,
        }


@keras.saving.register_keras_serializable(package="equipoise")
class Probability(_Float64):
    """Log-odds to probabilities, in float64.

    Example:
        >>> Probability()(np.array([[0.0]])).numpy().tolist()
        [[0.5]]
    """

    def call(self, log_odds: Any) -> Any:
        """Return probabilities, of the same shape."""
        return tf.sigmoid(tf.cast(log_odds, tf.float64))


def _interpolated(z: Any, knots: Sequence[float], levels: Sequence[float]) -> Any:
    """Return `numpy.interp`."""
    x, y = np.asarray(knots, np.float64), np.asarray(levels, np.float64)
    if len(x) == 1:
        return tf.zeros_like(z) + y[0]
    place = tf.searchsorted(x, tf.reshape(z, [-1]), side="right") - 1
    place = tf.reshape(tf.clip_by_value(place, 0, len(x) - 2), tf.shape(z))
    low, high = tf.gather(x, place), tf.gather(x, place + 1)
    share = tf.clip_by_value((z - low) / (high - low), 0.0, 1.0)
    bottom, top = tf.gather(y, place), tf.gather(y, place + 1)
    return bottom + share * (top - bottom)


def _mixed(z: Any, smoothing: float, base_rate: float) -> Any:
    """Mix a share of the base rate into probabilities given as log-odds."""
    kept, rest = np.log1p(-smoothing), np.log(smoothing)
    up = tf.stack(
        [kept - tf.nn.softplus(-z), tf.zeros_like(z) + rest + np.log(base_rate)]
    )
    down = tf.stack(
        [kept - tf.nn.softplus(z), tf.zeros_like(z) + rest + np.log1p(-base_rate)]
    )
    return tf.reduce_logsumexp(up, axis=0) - tf.reduce_logsumexp(down, axis=0)
