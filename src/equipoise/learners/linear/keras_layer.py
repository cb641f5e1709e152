# SPDX-License-Identifier: Apache-2.0
"""A fitted logistic regression as a Keras layer, for export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.encoding.matrix import piece_table


@keras.saving.register_keras_serializable(package="equipoise")
class LinearLogOdds(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Log-odds that are linear in encoded columns; see `LogisticScorer`.

    Args:
        columns: How many numbers and indicators there are.
        levels: The number of codes of each categorical column.
        name: The layer's name.
        outputs: How many scores there are per row: one, or one for each of several
            classes or labels.
        ends: For each number the ends of its pieces, as `piece_ends` gives them; none
            for straight lines.

    Example:
        >>> layer = LinearLogOdds(1, [2])
        >>> layer.assign(np.array([2.0, 0.0, 1.0]), -1.0)
        >>> none = np.zeros((1, 0), "float32")
        >>> code = np.array([[1]], "int32")
        >>> layer((np.array([[3.0]], "float32"), none, code)).numpy().tolist()
        [[6.0]]
    """

    def __init__(
        self,
        columns: int,
        levels: Sequence[int],
        name: str | None = None,
        outputs: int = 1,
        ends: Sequence[Sequence[float]] = (),
    ) -> None:
        super().__init__(name=name, dtype="float64", autocast=False)
        self.columns, self.levels = columns, tuple(levels)
        self.outputs = outputs
        self.ends = [list(line) for line in ends]
        self._pieces = piece_table(self.ends)
        size = columns + sum(self.levels) + len(self._pieces[0])
        wide = () if outputs == 1 else (outputs,)
        self._coefficients = self.add_weight(name="coefficients", shape=(size, *wide))
        self._intercept = self.add_weight(name="intercept", shape=wide)
        self.built = True

    def assign(self, coefficients: Any, intercept: Any) -> None:
        """Take over fitted coefficients, as `piecewise_matrix` orders them."""
        self._coefficients.assign(coefficients)
        self._intercept.assign(intercept)

    def call(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return log-odds `[rows, outputs]` float64 for what `EncodingLayer` gives."""
        numbers, positions, codes = inputs
        coefficients = tf.convert_to_tensor(self._coefficients)
        if self.outputs > 1:
            total = self._several(tf.cast(numbers, tf.float64), codes, coefficients)
            return self._with_bends(total, positions, coefficients)
        dense = tf.cast(numbers, tf.float64) @ coefficients[: self.columns, None]
        total = dense[:, 0] + tf.convert_to_tensor(self._intercept)
        starts = self.columns + np.cumsum([0, *self.levels])
        for column, start in enumerate(starts[:-1].tolist()):
            total += tf.gather(coefficients, codes[:, column] + start)
        return self._with_bends(total[:, None], positions, coefficients[:, None])

    def _with_bends(self, total: Any, positions: Any, coefficients: Any) -> Any:
        """Return the scores and what the pieces add to them."""
        feature, low, high, begin, length = self._pieces
        if not len(feature):
            return total
        x = tf.gather(tf.cast(positions, tf.float64), feature.astype("int32"), axis=1)
        along = (tf.clip_by_value(x, low, high) - begin) / length
        return total + along @ coefficients[-len(feature) :]

    def _several(self, numbers: Any, codes: Any, coefficients: Any) -> Any:
        total = numbers @ coefficients[: self.columns]
        total += tf.convert_to_tensor(self._intercept)
        starts = self.columns + np.cumsum([0, *self.levels])
        for column, start in enumerate(starts[:-1].tolist()):
            total += tf.gather(coefficients, codes[:, column] + start)
        return total

    def compute_output_spec(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the shape and the type of the log-odds."""
        return keras.KerasTensor((inputs[0].shape[0], self.outputs), "float64")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        return {
            "name": self.name,
            "columns": self.columns,
            "levels": list(self.levels),
            **({} if self.outputs == 1 else {"outputs": self.outputs}),
            **({"ends": self.ends} if self.ends else {}),
        }
