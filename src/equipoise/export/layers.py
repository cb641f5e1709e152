# SPDX-License-Identifier: Apache-2.0
"""The scores of an exported model, in Keras: average, calibration, probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import one_of, sentence
from equipoise.decision.calibrator import SHARPNESS, Calibrator
from equipoise.decision.class_calibrator import FARTHEST_LOG, ClassCalibrator
from equipoise.decision.label_rule import LabelRule
from equipoise.ensembles.blend import LARGEST
from equipoise.errors import InputError
from equipoise.priors import Link

CERTAIN = 1e6
"""A softmax counts larger logits, infinite ones too, as so much."""


class _Float64(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """A layer without weights, from scores to as many float64 numbers per row."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name}

    def compute_output_spec(self, scores: Any) -> Any:
        """Return the shape and the type of the result."""
        return keras.KerasTensor(scores.shape, "float64")


class _Linked(_Float64):
    """One whose result depends on the link between scores and probabilities.

    Args:
        name: The layer's name.
        link: "softmax" if the last axis holds logits of classes.
    """

    def __init__(self, name: str | None = None, link: Link = "sigmoid") -> None:
        super().__init__(name=name)
        self.link = one_of(link, get_args(Link), "link")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        link = {} if self.link == "sigmoid" else {"link": self.link}
        return {**super().get_config(), **link}


class _Joined(_Linked):
    """One from the scores of several models or arms to those of one."""

    def compute_output_spec(self, scores: Any) -> Any:
        """Return the shape and the type of the result."""
        wide = scores.shape[2:] or (1,)
        return keras.KerasTensor((scores.shape[0], *wide), "float64")


@keras.saving.register_keras_serializable(package="equipoise")
class MeanLogOdds(_Joined):
    """The log-odds of the mean probability of several models; see `mean_log_odds`.

    Args:
        name: The layer's name.
        link: "softmax" if the last axis holds logits of classes.

    Example:
        >>> MeanLogOdds()(np.array([[3.0, -3.0]])).numpy().tolist()
        [[0.0]]
    """

    def call(self, log_odds: Any) -> Any:
        """Return the scores of the mean probability.

        Args:
            log_odds: `[rows, models]`; `[rows, models, width]` of several classes or
                labels.

        Returns:
            `[rows, 1]`; `[rows, width]`.
        """
        z, alone = tf.cast(log_odds, tf.float64), len(log_odds.shape) == 2
        if self.link == "softmax":
            logs = tf.maximum(_log_softmax(z), -LARGEST)
            return tf.reduce_logsumexp(logs, 1) - np.log(log_odds.shape[1])
        z = tf.clip_by_value(z, -LARGEST, LARGEST)
        positive = tf.reduce_logsumexp(-tf.nn.softplus(-z), 1, keepdims=alone)
        negative = tf.reduce_logsumexp(-tf.nn.softplus(z), 1, keepdims=alone)
        return positive - negative


@keras.saving.register_keras_serializable(package="equipoise")
class PooledLogOdds(_Joined):
    """The weighted mean of the arms' log-odds; see `pool`.

    Args:
        shares: One weight per arm, summing to 1.
        name: The layer's name.
        link: "softmax" if the last axis holds logits of classes.

    Example:
        >>> PooledLogOdds([0.75, 0.25])(np.array([[-2.0, 0.0]])).numpy().tolist()
        [[-1.5]]
    """

    def __init__(
        self,
        shares: Sequence[float],
        name: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        super().__init__(name, link)
        self.shares = [float(share) for share in shares]

    def call(self, log_odds: Any) -> Any:
        """Return the weighted mean.

        Args:
            log_odds: `[rows, arms]`; `[rows, arms, width]` of several classes or
                labels.

        Returns:
            `[rows, 1]`; `[rows, width]`.
        """
        z = tf.cast(log_odds, tf.float64)
        shares = tf.constant(self.shares, tf.float64)[:, None]
        if self.link == "softmax":
            logs = tf.maximum(_log_softmax(z), -LARGEST)
            return tf.reduce_sum(logs * shares, axis=1)
        z = tf.clip_by_value(z, -LARGEST, LARGEST)
        if len(z.shape) == 2:
            return z @ shares
        return tf.reduce_sum(z * shares, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {**super().get_config(), "shares": self.shares}


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
        return _calibrated(tf.cast(log_odds, tf.float64), self.calibrator) + self.offset

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {
            "name": self.name,
            "calibrator": self.calibrator.to_dict(),
            "offset": self.offset,
        }


@keras.saving.register_keras_serializable(package="equipoise")
class ClassCalibration(_Float64):
    """`ClassCalibrator.apply`, in the graph.

    Args:
        calibrator: The calibrator, or its `to_dict()`.
        name: The layer's name.

    Example:
        >>> half = ClassCalibrator(
        ...     "temperature", (0.5, 0.5), shifts=(0.0, 0.0), base_rates=(0.5, 0.5)
        ... )
        >>> ClassCalibration(half)(np.array([[4.0, 0.0]])).numpy().round(4).tolist()
        [[-0.1269, -2.1269]]
    """

    def __init__(
        self, calibrator: ClassCalibrator | Mapping[str, Any], name: str | None = None
    ) -> None:
        super().__init__(name=name)
        if not isinstance(calibrator, ClassCalibrator):
            calibrator = ClassCalibrator.from_dict(calibrator)
        self.calibrator = calibrator

    def call(self, logits: Any) -> Any:
        """Return calibrated logits, of the same shape.

        Args:
            logits: `[rows, classes]`.

        Raises:
            InputError: The calibrator is for another number of classes.
        """
        calibrator, z = self.calibrator, tf.cast(logits, tf.float64)
        if calibrator.method == "none":
            return z
        require_width(z, len(calibrator.slopes), "classes")
        z = _within_reach(z)
        if calibrator.scale == "centred":
            x = z - tf.reduce_mean(z, axis=-1, keepdims=True)
        else:
            x = tf.maximum(_log_softmax(z), -FARTHEST_LOG)
        p = _softmax(x * np.array(calibrator.slopes) + np.array(calibrator.shifts))
        base = calibrator.smoothing * np.array(calibrator.base_rates)
        return tf.math.log((1.0 - calibrator.smoothing) * p + base)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {**super().get_config(), "calibrator": self.calibrator.to_dict()}


@keras.saving.register_keras_serializable(package="equipoise")
class LabelCalibration(_Float64):
    """`LabelRule.log_odds`, in the graph: each label's calibrator and shift.

    Args:
        rule: The rule, or its `to_dict()`.
        name: The layer's name.

    Example:
        >>> from equipoise.decision.rule import DecisionRule
        >>> halved = DecisionRule(0.0, calibrator=Calibrator("temperature", slope=0.5))
        >>> layer = LabelCalibration(LabelRule(("a", "b"), (DecisionRule(0.0), halved)))
        >>> layer(np.array([[2.0, 2.0]])).numpy().tolist()
        [[2.0, 1.0]]
    """

    def __init__(
        self, rule: LabelRule | Mapping[str, Any], name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.rule = rule if isinstance(rule, LabelRule) else LabelRule.from_dict(rule)

    def call(self, log_odds: Any) -> Any:
        """Return calibrated log-odds, of the same shape.

        Args:
            log_odds: `[rows, labels]`.

        Raises:
            InputError: The rule is for another number of labels.
        """
        z = tf.cast(log_odds, tf.float64)
        require_width(z, len(self.rule.labels), "labels")
        each = [
            _calibrated(z[:, j], rule.calibrator) + rule.offset
            for j, rule in enumerate(self.rule.rules)
        ]
        return tf.stack(each, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {**super().get_config(), "rule": self.rule.to_dict()}


@keras.saving.register_keras_serializable(package="equipoise")
class Probability(_Linked):
    """Scores to probabilities, in float64.

    Args:
        name: The layer's name.
        link: "softmax" if the last axis holds logits of classes.

    Example:
        >>> Probability()(np.array([[0.0]])).numpy().tolist()
        [[0.5]]
        >>> Probability(link="softmax")(np.zeros((1, 4))).numpy().tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """

    def call(self, log_odds: Any) -> Any:
        """Return probabilities, of the same shape."""
        z = tf.cast(log_odds, tf.float64)
        if self.link == "softmax":
            return _softmax(tf.clip_by_value(z, -CERTAIN, CERTAIN))
        return tf.sigmoid(z)


def require_width(values: Any, width: int, what: str) -> None:
    """Check that the last axis of a tensor is as long as a rule asks for.

    Args:
        values: The tensor.
        width: How long it must be.
        what: What the axis holds, in the plural.

    Raises:
        InputError: It is not, or the tensor has not two axes.
    """
    if len(values.shape) != 2 or values.shape[-1] != width:
        raise InputError(
            sentence(
                f"a tensor of shape {tuple(values.shape)} for {width} {what}",
                f"[rows, {width}], in the order of the {what}",
            )
        )


def _within_reach(z: Any) -> Any:
    """Return scores with infinities beyond the finite ones by 40."""
    finite = tf.where(tf.math.is_finite(z), tf.abs(z), tf.zeros_like(z))
    most = FARTHEST_LOG + tf.reduce_max(finite)
    return tf.clip_by_value(z, -most, most)


# Written out: other runtimes approximate the softmax.
def _log_softmax(z: Any) -> Any:
    z = z - tf.reduce_max(z, axis=-1, keepdims=True)
    return z - tf.math.log(tf.reduce_sum(tf.exp(z), axis=-1, keepdims=True))


def _softmax(z: Any) -> Any:
    powers = tf.exp(z - tf.reduce_max(z, axis=-1, keepdims=True))
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)


def _calibrated(z: Any, calibrator: Calibrator) -> Any:
    """Return what `Calibrator.apply` does."""
    if calibrator.method == "isotonic":
        z = _interpolated(z, calibrator.knots, calibrator.levels)
    elif calibrator.method != "none":
        z = _line(z, calibrator)
    if calibrator.smoothing:
        z = _mixed(z, calibrator.smoothing, calibrator.base_rate)
    return _bounded(z, *calibrator.bounds)


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
