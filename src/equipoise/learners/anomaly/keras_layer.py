# SPDX-License-Identifier: Apache-2.0
"""Fitted detectors as Keras layers, for export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.learners.anomaly.isolation_forest import IsolationForestScorer
from equipoise.learners.anomaly.network import (
    LEAK,
    LEAST,
    DetectorKind,
    DetectorNetwork,
    DetectorScorer,
)
from equipoise.learners.trees.keras_layer import TreeMatrix, forest_layer


def isolation_log_odds(
    scorer: IsolationForestScorer, name: str, inputs: Mapping[str, Any]
) -> Any:
    """Return the scores of an isolation forest, `[rows, 1]` float64.

    Args:
        scorer: The forest.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    matrix = TreeMatrix(scorer.encoding, "ordinal", f"equipoise-{name}")(inputs)
    return forest_layer(scorer.forest)(matrix)


@keras.saving.register_keras_serializable(package="equipoise")
class DetectorScores(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """The scores of detector networks for the rows of a matrix; see `DetectorNetwork`.

    Args:
        kind: What is measured.
        copies: How many networks are averaged.
        widths: Of all layers, from the input to the output.
        name: The layer's name.

    Example:
        >>> layer = DetectorScores("deviation", 1, [2, 1])
        >>> layer(np.zeros((3, 2))).shape
        TensorShape([3, 1])
    """

    def __init__(
        self,
        kind: DetectorKind,
        copies: int,
        widths: Sequence[int],
        name: str | None = None,
    ) -> None:
        super().__init__(trainable=False, autocast=False, dtype="float64", name=name)
        self.kind, self.copies, self.widths = kind, copies, [*widths]
        self._kernels, self._biases = [], []
        pairs = zip(self.widths[:-1], self.widths[1:], strict=True)
        for layer, (low, high) in enumerate(pairs):
            self._kernels.append(self._weight(f"kernel_{layer}", (copies, low, high)))
            if kind != "distance":
                self._biases.append(self._weight(f"bias_{layer}", (copies, high)))
        self._centre = self._weight(
            "centre", (copies, self.widths[-1] if kind == "distance" else 1)
        )
        self.built = True

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(name=name, shape=shape, dtype="float64", trainable=False)

    def assign(self, network: DetectorNetwork) -> None:
        """Take over the arrays of trained networks."""
        for weight, value in zip(self._kernels, network.kernels, strict=True):
            weight.assign(value.astype(np.float64))
        for weight, value in zip(self._biases, network.biases, strict=True):
            weight.assign(value.astype(np.float64))
        if self.kind == "distance":
            self._centre.assign(network.centre.astype(np.float64))

    def call(self, matrix: Any) -> Any:
        """Return scores `[rows, 1]` float64 for a matrix `[rows, columns]`."""
        x = tf.cast(matrix, tf.float64)
        each = [self._score(x, copy) for copy in range(self.copies)]
        return tf.add_n(each)[:, None] / float(self.copies)

    def _score(self, x: Any, copy: int) -> Any:
        h = x
        for layer, kernel in enumerate(self._kernels):
            if layer:
                # Not `leaky_relu`, which other runtimes lack in float64, nor a maximum,
                # which converters turn into it.
                h = tf.where(h > 0.0, h, LEAK[self.kind] * h)
            h = tf.matmul(h, tf.convert_to_tensor(kernel)[copy])
            if self._biases:
                h += tf.convert_to_tensor(self._biases[layer])[copy]
        if self.kind == "deviation":
            return h[:, 0]
        if self.kind == "distance":
            gap = h - tf.convert_to_tensor(self._centre)[copy]
            return tf.math.log(tf.reduce_sum(gap * gap, axis=1) + LEAST)
        gap = h - x
        columns = float(max(1, self.widths[0]))
        return tf.math.log(tf.reduce_sum(gap * gap, axis=1) / columns + LEAST)

    def compute_output_spec(self, matrix: Any) -> Any:
        """Return the shape and the type of the scores."""
        return keras.KerasTensor((matrix.shape[0], 1), "float64")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        names = ("name", "kind", "copies", "widths")
        return {name: getattr(self, name) for name in names}


def detector_log_odds(
    scorer: DetectorScorer, name: str, inputs: Mapping[str, Any]
) -> Any:
    """Return the scores of a detector network, `[rows, 1]` float64.

    Args:
        scorer: The network.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    network = scorer.network
    widths = [network.kernels[0].shape[1], *(k.shape[2] for k in network.kernels)]
    layer = DetectorScores(network.kind, network.copies, widths)
    layer.assign(network)
    return layer(TreeMatrix(scorer.encoding, "dense", f"equipoise-{name}")(inputs))
