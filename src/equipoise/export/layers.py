# SPDX-License-Identifier: Apache-2.0
"""The first and the last layers of an exported model, in Keras.

The first check what it accepts; the last are average, calibration and probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.decision.calibrator import SHARPNESS, Calibrator
from equipoise.encoding.features import LARGEST as LARGEST_NUMBER
from equipoise.ensembles.blend import LARGEST


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
class AcceptedColumns(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Raw columns as they are, once each holds what `FittedModel.read` accepts.

    Args:
        booleans: The columns, by the names of the inputs, that hold 0, 1 or NaN.
        name: The layer's name.

    Example:
        >>> layer = AcceptedColumns(["paid"])
        >>> layer({"paid": np.array([1.0, np.nan])})["paid"].numpy().tolist()
        [1.0, nan]
    """

    def __init__(
        self, booleans: Sequence[str], name: str = "equipoise-columns"
    ) -> None:
        super().__init__(trainable=False, autocast=False, name=name)
        self.booleans = [str(column) for column in booleans]
        self.supports_jit = False
        self.built = True

    def call(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns.

        Raises:
            tf.errors.InvalidArgumentError: A boolean column holds another number.
        """
        checks = [
            tf.debugging.Assert(
                ~tf.reduce_any(refused_booleans(columns[name])),
                [
                    f"Received a number other than 0 and 1 in the column {name!r}; "
                    "accepted: 0, 1, or NaN for a missing value:",
                    columns[name],
                ],
            )
            for name in self.booleans
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return {name: tf.identity(values) for name, values in columns.items()}

    def compute_output_spec(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shapes and types of the columns."""
        return {
            name: keras.KerasTensor(values.shape, values.dtype)
            for name, values in columns.items()
        }

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name, "booleans": self.booleans}


@keras.saving.register_keras_serializable(package="equipoise")
class AcceptedRows(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Rows for the user's own network as they are, once all numbers are finite.

    Example:
        >>> AcceptedRows()(np.array([[1.0, 2.0]])).numpy().tolist()
        [[1.0, 2.0]]
    """

    def __init__(self, name: str = "equipoise-rows") -> None:
        super().__init__(trainable=False, autocast=False, name=name)
        self.supports_jit = False
        self.built = True

    def call(self, rows: Any) -> Any:
        """Return the rows.

        Raises:
            tf.errors.InvalidArgumentError: A number is NaN or infinite.
        """
        rows = tf.convert_to_tensor(rows)
        if not rows.dtype.is_floating:
            return rows
        check = tf.debugging.Assert(
            ~tf.reduce_any(refused_rows(rows)),
            ["Received rows with NaN or infinities; accepted: finite numbers."],
        )
        with tf.control_dependencies([] if check is None else [check]):
            return tf.identity(rows)

    def compute_output_spec(self, rows: Any) -> Any:
        """Return the shape and the type of the rows."""
        return keras.KerasTensor(rows.shape, rows.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name}


def refused_booleans(values: Any) -> Any:
    """Return which numbers no boolean column has: other finite ones than 0 and 1.

    Args:
        values: `[rows]` float64; NaN and infinities are missing values.

    Example:
        >>> refused_booleans(tf.constant([0.0, 1.0, 0.5, np.nan])).numpy().tolist()
        [False, False, True, False]
    """
    finite = tf.abs(values) <= LARGEST_NUMBER
    return finite & (values != 0.0) & (values != 1.0)


def refused_rows(rows: Any) -> Any:
    """Return which rows of floating-point numbers hold NaN or infinities, `[rows]`.

    Args:
        rows: `[rows, ...]` of a floating-point type.

    Example:
        >>> refused_rows(tf.constant([[0.0, 1.0], [0.0, np.inf]])).numpy().tolist()
        [False, True]
    """
    # Not a negated comparison, which the graph optimiser turns round: NaN is lost.
    axes = list(range(1, len(rows.shape)))
    return tf.reduce_any(~tf.math.is_finite(rows), axis=axes)


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
        calibrator = self.calibrator
        z = tf.cast(log_odds, tf.float64)
        if calibrator.method == "isotonic":
            z = _interpolated(z, calibrator.knots, calibrator.levels)
        elif calibrator.method != "none":
            z = _line(z, calibrator)
        if calibrator.smoothing:
            z = _mixed(z, calibrator.smoothing, calibrator.base_rate)
        return _bounded(z, *calibrator.bounds) + self.offset

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


def _line(z: Any, calibrator: Calibrator) -> Any:
    """Return the line between the ends of the support, and the rest beyond them."""
    low, high = calibrator.support
    slope, intercept, reach = calibrator.slope, calibrator.intercept, calibrator.reach
    if not (np.isfinite(calibrator.support).all() and reach):
        return slope * tf.clip_by_value(z, low, high) + intercept
    pace = slope / reach
    below = 1.0 / (1.0 + pace * tf.maximum(low - z, 0.0))
    above = 1.0 / (1.0 + pace * tf.maximum(z - high, 0.0))
    return slope * tf.clip_by_value(z, low, high) + intercept + reach * (below - above)


def _bounded(z: Any, low: float, high: float) -> Any:
    """Return log-odds that bend into their bounds; see `calibration`."""
    if np.isfinite(high):
        z = high - tf.nn.softplus(SHARPNESS * (high - z)) / SHARPNESS
    if np.isfinite(low):
        z = low + tf.nn.softplus(SHARPNESS * (z - low)) / SHARPNESS
    return z


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
    share, rest = np.log1p(-smoothing), np.log(smoothing)
    up = tf.stack(
        [share - tf.nn.softplus(-z), tf.zeros_like(z) + rest + np.log(base_rate)]
    )
    down = tf.stack(
        [share - tf.nn.softplus(z), tf.zeros_like(z) + rest + np.log1p(-base_rate)]
    )
    return tf.reduce_logsumexp(up, axis=0) - tf.reduce_logsumexp(down, axis=0)
