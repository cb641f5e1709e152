# SPDX-License-Identifier: Apache-2.0
"""The sum of an ensemble's models as a Keras layer, for export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import one_of, sentence
from equipoise._core.lazy import loaded
from equipoise.errors import InputError
from equipoise.learners.rounds.combining import LEAST_SHARE, as_combination
from equipoise.learners.rounds.scorer import RoundsScorer
from equipoise.priors import Link
from equipoise.strategies.learner_records import LearnerRecord

_LEAST_MEAN = 1e-300


@keras.saving.register_keras_serializable(package="equipoise")
class CombinedScores(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """The scores of an ensemble from those of its models; see `combining`.

    Args:
        combination: How the models add up.
        shares: What each model counts.
        shifts: Added to the scores of each, one list of `width` numbers per model.
        link: "softmax" if the last axis holds logits of classes.
        name: The layer's name.

    Example:
        >>> layer = CombinedScores("vote", [2.0, 1.0], [[0.0], [0.0]])
        >>> layer(np.array([[3.0, -1.0]])).numpy().tolist()
        [[1.0]]
    """

    def __init__(
        self,
        combination: str,
        shares: Sequence[float],
        shifts: Sequence[Sequence[float]],
        link: Link = "sigmoid",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.combination = as_combination(combination)
        self.shares = [float(share) for share in shares]
        self.shifts = [[float(number) for number in line] for line in shifts]
        self.link = one_of(link, get_args(Link), "link")
        if len(self.shares) != len(self.shifts) or not self.shares:
            raise InputError(
                sentence(
                    f"{len(self.shares)} shares and {len(self.shifts)} shifts",
                    "one of each for every model",
                )
            )
        self.built = True

    @property
    def width(self) -> int:
        """How many scores each model gives per row."""
        return len(self.shifts[0])

    def call(self, scores: Any) -> Any:
        """Return the scores of the ensemble, `[rows, width]`.

        Args:
            scores: `[rows, models]`, or `[rows, models, width]`.
        """
        z = tf.cast(scores, tf.float64)
        if len(z.shape) == 2:
            z = z[:, :, None]
        z = z + tf.constant(self.shifts, tf.float64)
        shares = tf.constant(self.shares, tf.float64)[:, None]
        if self.width == 1:
            return self._of_two(z, shares)
        if self.combination == "vote":
            votes = tf.one_hot(tf.argmax(z, axis=2), self.width, dtype=tf.float64)
            return tf.reduce_sum(votes * shares, axis=1)
        powers = tf.exp(z - tf.reduce_max(z, axis=2, keepdims=True))
        p = powers / tf.reduce_sum(powers, axis=2, keepdims=True)
        if self.combination == "log":
            p = tf.maximum(p, tf.constant(LEAST_SHARE, tf.float64))
            p = tf.math.log(p / tf.reduce_sum(p, axis=2, keepdims=True))
        total = tf.reduce_sum(p * shares, axis=1)
        if self.combination == "mean":
            total = total / np.sum(self.shares)
            total = tf.math.log(tf.maximum(total, _LEAST_MEAN))
        return total

    def _of_two(self, z: Any, shares: Any) -> Any:
        if self.combination == "vote":
            ones = tf.ones_like(z)
            return tf.reduce_sum(tf.where(z > 0.0, ones, -ones) * shares, axis=1)
        # Not `sigmoid`, which other runtimes approximate.
        positive, negative = 1.0 / (1.0 + tf.exp(-z)), 1.0 / (1.0 + tf.exp(z))
        if self.combination == "share":
            return tf.reduce_sum((positive - negative) * shares, axis=1)
        if self.combination == "log":
            low = tf.constant(LEAST_SHARE, tf.float64)
            odds = tf.maximum(positive, low) / tf.maximum(negative, low)
            return tf.reduce_sum(tf.math.log(odds) * shares, axis=1)
        least = tf.constant(_LEAST_MEAN, tf.float64)
        total = np.sum(self.shares)
        p, q = (
            tf.maximum(tf.reduce_sum(part * shares, axis=1) / total, least)
            for part in (positive, negative)
        )
        return tf.math.log(p) - tf.math.log(q)

    def compute_output_spec(self, scores: Any) -> Any:
        """Return the shape and the type of the result."""
        return keras.KerasTensor((scores.shape[0], self.width), "float64")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        return {
            "name": self.name,
            "combination": self.combination,
            "shares": self.shares,
            "shifts": self.shifts,
            "link": self.link,
        }


def ensemble_scores(
    scorer: RoundsScorer, learner: LearnerRecord, name: str, inputs: Mapping[str, Any]
) -> Any:
    """Return the scores of an ensemble as a Keras tensor, `[rows, width]` float64.

    Args:
        scorer: The ensemble.
        learner: What its models are.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.networks.layer import stacked_scores
    from equipoise.training.keras_model import network_keras_model

    models: Sequence[Any] = scorer.models
    if learner.trains_networks:
        dtypes = {column: values.dtype for column, values in inputs.items()}
        parts = [
            network_keras_model([m], output="log_odds", dtypes=dtypes)(inputs)
            for m in models
        ]
    else:
        layer = loaded(learner.keras)
        parts = [
            layer(model, f"{name}-{place}", inputs)
            for place, model in enumerate(models)
        ]
    combined = CombinedScores(
        scorer.combination,
        scorer.shares.tolist(),
        scorer.shifts.tolist(),
        scorer.link,
    )
    return combined(stacked_scores(parts, "float64"))
