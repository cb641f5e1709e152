# SPDX-License-Identifier: Apache-2.0
"""The last layers of an exported model of several classes or labels: decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.decision.class_floors import NEAR_1
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.export.layers import require_width


class _Decision(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """A layer without weights from float64 numbers to decisions in int32.

    Args:
        rule: What it decides by.
        name: The layer's name.
    """

    def __init__(self, rule: ClassRule | LabelRule, name: str | None) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.rule = rule
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {"name": self.name, "rule": self.rule.to_dict()}


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

    rule: ClassRule

    def __init__(
        self, rule: ClassRule | Mapping[str, Any], name: str | None = None
    ) -> None:
        rule = rule if isinstance(rule, ClassRule) else ClassRule.from_dict(rule)
        super().__init__(rule, name)

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
        require_width(p, len(rule.classes), "classes")
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

    rule: LabelRule

    def __init__(
        self, rule: LabelRule | Mapping[str, Any], name: str | None = None
    ) -> None:
        rule = rule if isinstance(rule, LabelRule) else LabelRule.from_dict(rule)
        super().__init__(rule, name)

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
        require_width(z, len(self.rule.labels), "labels")
        upper = np.array([rule.threshold_log_odds for rule in self.rule.rules])
        flagged = (z >= upper) & (upper < np.inf)
        decision = tf.cast(flagged, tf.int32)
        lower = [rule.lower_log_odds for rule in self.rule.rules]
        if lower == [None] * len(lower):
            return decision
        may_wait = np.array([end is not None for end in lower])
        ends = np.array([0.0 if end is None else end for end in lower])
        return tf.where(~flagged & may_wait & (z >= ends), -1, decision)

    def compute_output_spec(self, log_odds: Any) -> Any:
        """Return the shape and the type of the decisions."""
        return keras.KerasTensor(log_odds.shape, "int32")


def _first_largest(values: Any) -> Any:
    """Return the first place of each line's largest value; -1 for NaN.

    `tf.argmax` does not say which of equal values it takes.
    """
    largest = values >= tf.reduce_max(values, axis=1, keepdims=True)
    width = values.shape[-1]
    places = tf.where(largest, tf.range(width, dtype=tf.int32), width)
    first = tf.reduce_min(places, axis=1)
    return tf.where(first == width, -1, first)
