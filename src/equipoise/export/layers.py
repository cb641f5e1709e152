# SPDX-License-Identifier: Apache-2.0
"""The first and the last layers of an exported model, in Keras.

The first check what it accepts; the last are average, calibration, probability and,
for several classes or labels, the decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import one_of, sentence
from equipoise.decision.calibrator import SHARPNESS, Calibrator
from equipoise.decision.class_calibrator import FARTHEST_LOG, ClassCalibrator
from equipoise.decision.class_floors import NEAR_1
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.encoding.features import LARGEST as LARGEST_NUMBER
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
        _require_width(z, len(calibrator.slopes), "classes")
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
        _require_width(z, len(self.rule.labels), "labels")
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


class _Decision(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """A layer without weights from float64 numbers to decisions in int32."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.built = True


@keras.saving.register_keras_serializable(package="equipoise")
class ClassDecision(_Decision):
    """`ClassRule.decide`, in the graph: multipliers or costs, and floors.

    Args:
        rule: The rule, or its `to_dict()`.
        name: The layer's name.

    Example:
        >>> layer = ClassDecision(ClassRule(("a", "b"), multipliers=(1.0, 4.0)))
        >>> layer(np.array([[0.9, 0.1], [0.7, 0.3]])).numpy().tolist()
        [0, 1]
    """

    def __init__(
        self, rule: ClassRule | Mapping[str, Any], name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.rule = rule if isinstance(rule, ClassRule) else ClassRule.from_dict(rule)

    def call(self, probabilities: Any) -> Any:
        """Return the number of each row's class, -1 if it is left undecided.

        Args:
            probabilities: `[rows, classes]`, calibrated. A row with NaN is undecided.

        Returns:
            `[rows]` int32.

        Raises:
            InputError: The rule is for another number of classes.
        """
        rule, p = self.rule, tf.cast(probabilities, tf.float64)
        _require_width(p, len(rule.classes), "classes")
        if rule.costs is not None:
            values = -(p @ tf.constant(rule.costs.table, tf.float64))
        else:
            logs = tf.math.log(tf.maximum(p, 1e-300))
            values = logs + np.log(np.array(rule.multipliers))
        decision = _first_largest(values)
        if rule.costs is not None and rule.costs.abstain is not None:
            dear = -tf.reduce_max(values, axis=1) > rule.costs.abstain
            decision = tf.where(dear, -1, decision)
        return self._with_floors(decision, values, p) if rule.floors else decision

    def _with_floors(self, decision: Any, values: Any, p: Any) -> Any:
        """Do in the graph what `class_floors.impose_floors` does."""
        numbers = [self.rule.classes.index(floor.name) for floor in self.rule.floors]
        floors = list(zip(numbers, self.rule.floors, strict=True))
        strict = [k for k, floor in floors if floor.precision is not None]
        closed = np.zeros(len(self.rule.classes))
        closed[strict] = -np.inf
        other = _first_largest(values + closed)
        free = tf.ones_like(decision, tf.bool)
        for k in numbers:
            free &= decision != k
        clipped = tf.clip_by_value(p, 1e-300, NEAR_1)
        odds = tf.math.log(clipped) - tf.math.log(1.0 - clipped)
        result = decision
        for k, floor in floors:
            if floor.precision is not None:
                below = (decision == k) & (odds[:, k] < floor.threshold)
                result = tf.where(below, other, result)
        for k, floor in floors:
            if floor.recall is not None:
                claims = free & (odds[:, k] >= floor.threshold)
                result = tf.where(claims, k, result)
                free &= ~claims
        return result

    def compute_output_spec(self, probabilities: Any) -> Any:
        """Return the shape and the type of the decisions."""
        return keras.KerasTensor(probabilities.shape[:1], "int32")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name, "rule": self.rule.to_dict()}


@keras.saving.register_keras_serializable(package="equipoise")
class LabelDecision(_Decision):
    """The thresholds of a `LabelRule`, in the graph.

    Args:
        rule: The rule, or its `to_dict()`.
        name: The layer's name.

    Example:
        >>> from equipoise.decision.rule import DecisionRule
        >>> rule = LabelRule(("a", "b"), (DecisionRule(0.0), DecisionRule(-2.0)))
        >>> LabelDecision(rule)(np.array([[-1.0, -1.0]])).numpy().tolist()
        [[0, 1]]
    """

    def __init__(
        self, rule: LabelRule | Mapping[str, Any], name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.rule = rule if isinstance(rule, LabelRule) else LabelRule.from_dict(rule)

    def call(self, log_odds: Any) -> Any:
        """Return 1 for a label that is decided, 0 for none, -1 for undecided.

        Args:
            log_odds: `[rows, labels]`, calibrated: what `LabelCalibration` gives.

        Returns:
            `[rows, labels]` int32.

        Raises:
            InputError: The rule is for another number of labels.
        """
        z = tf.cast(log_odds, tf.float64)
        _require_width(z, len(self.rule.labels), "labels")
        upper = np.array([rule.threshold for rule in self.rule.rules])
        flagged = (z >= upper) & (upper < np.inf)
        decision = tf.cast(flagged, tf.int32)
        lower = [rule.lower for rule in self.rule.rules]
        if lower == [None] * len(lower):
            return decision
        may_wait = np.array([end is not None for end in lower])
        ends = np.array([0.0 if end is None else end for end in lower])
        return tf.where(~flagged & may_wait & (z >= ends), -1, decision)

    def compute_output_spec(self, log_odds: Any) -> Any:
        """Return the shape and the type of the decisions."""
        return keras.KerasTensor(log_odds.shape, "int32")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name, "rule": self.rule.to_dict()}


def _require_width(values: Any, width: int, what: str) -> None:
    """Check that the last axis of a tensor is as long as a rule asks for."""
    if len(values.shape) != 2 or values.shape[-1] != width:
        raise InputError(
            sentence(
                f"a tensor of shape {tuple(values.shape)} for {width} {what}",
                f"[rows, {width}], in the order of the {what}",
            )
        )


def _first_largest(values: Any) -> Any:
    """Return the first place of each line's largest value; -1 for NaN.

    `tf.argmax` does not say which of equal values it takes.
    """
    largest = values >= tf.reduce_max(values, axis=1, keepdims=True)
    width = values.shape[-1]
    places = tf.where(largest, tf.range(width, dtype=tf.int32), width)
    first = tf.reduce_min(places, axis=1)
    return tf.where(first == width, -1, first)


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
