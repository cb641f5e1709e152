# SPDX-License-Identifier: Apache-2.0
"""A fitted logistic regression as a Keras layer, for export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="equipoise")
class LinearLogOdds(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Log-odds that are linear in encoded columns; see `LogisticScorer`.

    Args:
        columns: How many numbers and indicators there are.
        levels: The number of codes of each categorical column.
        name: The layer's name.

    Example:
        >>> layer = LinearLogOdds(1, [2])
        >>> layer.assign(np.array([2.0, 0.0, 1.0]), -1.0)
        >>> none = np.zeros((1, 0), "float32")
        >>> code = np.array([[1]], "int32")
        >>> layer((np.array([[3.0]], "float32"), none, code)).numpy().tolist()
        [[6.0]]
    """

    def __init__(
        self, columns: int, levels: Sequence[int], name: str | None = None
    ) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.columns, self.levels = columns, tuple(levels)
        self._coefficients = self.add_weight(
            name="coefficients", shape=(columns + sum(self.levels),)
        )
        self._intercept = self.add_weight(name="intercept", shape=())
        self.built = True

    def assign(self, coefficients: Any, intercept: float) -> None:
        """Take over fitted coefficients, as `linear_matrix` orders them."""
        self._coefficients.assign(coefficients)
        self._intercept.assign(intercept)

    def call(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return log-odds `[rows, 1]` float64 for what `EncodingLayer` gives."""
        numbers, _, codes = inputs
        coefficients = tf.convert_to_tensor(self._coefficients)
        dense = tf.cast(numbers, tf.float64) @ coefficients[: self.columns, None]
        total = dense[:, 0] + tf.convert_to_tensor(self._intercept)
        starts = self.columns + np.cumsum([0, *self.levels])
        for column, start in enumerate(starts[:-1].tolist()):
            total += tf.gather(coefficients, codes[:, column] + start)
        return total[:, None]

    def compute_output_spec(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the shape and the type of the log-odds."""
        return keras.KerasTensor((inputs[0].shape[0], 1), "float64")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        return {
            "name": self.name,
            "columns": self.columns,
            "levels": list(self.levels),
        }
