# SPDX-License-Identifier: Apache-2.0
"""A trained network as Keras layers, for export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise.networks.forward import arranged, forward
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction


@keras.saving.register_keras_serializable(package="equipoise")
class TabularNetwork(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Networks of one recipe on what `EncodingLayer` gives.

    Args:
        spec: The recipe, or its `to_dict()`.
        layout: The exact layout of the encoding, or its `to_dict()`.
        networks: How many networks there are.
        name: The layer's name.

    Example:
        >>> spec = NetworkSpec("tiny", hidden=(4,))
        >>> layer = TabularNetwork(spec, Layout(("a", "b"), (), (), ()))
        >>> empty = np.zeros((3, 0), "float32"), np.zeros((3, 0), "int32")
        >>> layer((np.zeros((3, 2), "float32"), *empty)).shape
        TensorShape([3, 1])
    """

    def __init__(
        self,
        spec: NetworkSpec | Mapping[str, Any],
        layout: Layout | Mapping[str, Any],
        networks: int = 1,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.spec = (
            spec if isinstance(spec, NetworkSpec) else NetworkSpec.from_dict(dict(spec))
        )
        self.layout = (
            layout if isinstance(layout, Layout) else Layout.from_dict(dict(layout))
        )
        self.networks = networks
        self._arrays = {
            key: self.add_weight(
                name=key, shape=(networks, *shape), initializer="glorot_uniform"
            )
            for key, shape in shapes(self.spec, self.layout).items()
        }
        self.built = True

    def assign(self, weights: Mapping[str, Any]) -> None:
        """Take over trained weights, name to `[networks, ...]`."""
        for name, variable in self._arrays.items():
            variable.assign(weights[name])

    def call(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the raw logits, `[rows, networks]`.

        Args:
            inputs: "numbers", "positions" and "codes", as `EncodingLayer` gives.
        """
        dense, positions, codes = (
            self._stacked(values) for values in self._arranged(*inputs)
        )
        last = np.asarray(self.layout.knots, np.float32) - 2
        weights = {
            name: tf.convert_to_tensor(value) for name, value in self._arrays.items()
        }
        lasts = self._stacked(tf.constant(last))
        logits = forward(self.spec, weights, dense, positions, codes, lasts)
        return tf.transpose(logits)

    def compute_output_spec(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the shape and the type of the logits."""
        return keras.KerasTensor((inputs[0].shape[0], self.networks), self.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        return {
            "name": self.name,
            "spec": self.spec.to_dict(),
            "layout": self.layout.to_dict(),
            "networks": self.networks,
        }

    def _stacked(self, values: Any) -> Any:
        shape = tf.concat([[self.networks], tf.shape(values)], axis=0)
        return tf.broadcast_to(values[None], shape)

    def _arranged(self, numbers: Any, positions: Any, codes: Any) -> tuple[Any, ...]:
        """Do in the graph what `layout.arrange` does."""
        dense, embedded = arranged(numbers, codes, self.layout.entries)
        rows = tf.shape(numbers)[0]
        return (
            dense,
            positions if self.layout.positions else tf.zeros([rows, 0], numbers.dtype),
            embedded,
        )


@keras.saving.register_keras_serializable(package="equipoise")
class CorrectedLogOdds(keras.layers.Layer):  # type: ignore[misc]
    """Raw logits to log-odds, averaged: `priors.Correction` in the graph.

    Args:
        kind: As in `Correction`; "focal" is the link of the focal loss.
        offset: Added to the log-odds, a number or one per output.
        gamma: The focal loss' exponent.
        name: The layer's name.

    Example:
        >>> layer = CorrectedLogOdds(offset=-2.0)
        >>> layer(np.array([[1.0], [3.0]], "float32")).numpy().tolist()
        [[-1.0], [1.0]]
    """

    def __init__(
        self,
        kind: str = "offset",
        offset: float | Sequence[float] = 0.0,
        gamma: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.correction = Correction(kind, offset, gamma)  # type: ignore[arg-type]

    def call(self, logits: Any) -> Any:
        """Return the corrected log-odds of each network, `[rows, networks]`."""
        z = logits
        if self.correction.kind == "focal" and self.correction.gamma > 0:
            z = _log_phi(-z, self.correction.gamma) - _log_phi(z, self.correction.gamma)
        return z + self.correction.shift

    def compute_output_spec(self, logits: Any) -> Any:
        """Return the shape and the type of the log-odds."""
        return keras.KerasTensor(logits.shape, logits.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        config = self.correction.to_dict()
        del config["reason"]
        return {"name": self.name, **config}


@keras.saving.register_keras_serializable(package="equipoise")
class AverageLogOdds(keras.layers.Layer):  # type: ignore[misc]
    """The log-odds of the mean probability of several networks.

    Example:
        >>> AverageLogOdds()(np.array([[80.0, -80.0]], "float32")).numpy().tolist()
        [[0.0]]
    """

    def call(self, log_odds: Any) -> Any:
        """Return `[rows, 1]` for log-odds `[rows, networks]`."""
        positive = tf.reduce_logsumexp(-tf.nn.softplus(-log_odds), 1, keepdims=True)
        negative = tf.reduce_logsumexp(-tf.nn.softplus(log_odds), 1, keepdims=True)
        return positive - negative

    def compute_output_spec(self, log_odds: Any) -> Any:
        """Return the shape and the type of the average."""
        return keras.KerasTensor((log_odds.shape[0], 1), log_odds.dtype)


def _log_phi(z: Any, gamma: float) -> Any:
    """Log of the slope of the focal loss, negated; see `priors.focal_link`."""
    log_q, log_not_q = -tf.nn.softplus(-z), -tf.nn.softplus(z)
    # log(-log q): for large z, -log q is exp(-z) to within its own digits.
    log_minus_log_q = tf.where(
        z > 15.0, -z, tf.math.log(tf.minimum(log_q, -1e-30) * -1)
    )
    first = gamma * log_not_q - log_q
    second = tf.math.log(gamma) + (gamma - 1.0) * log_not_q + log_minus_log_q
    return tf.reduce_logsumexp(tf.stack([first, second]), axis=0)
