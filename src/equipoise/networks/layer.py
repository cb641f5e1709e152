# SPDX-License-Identifier: Apache-2.0
"""A trained network as Keras layers, for export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import one_of
from equipoise.links import ArrayFunctions, Form
from equipoise.networks.forward import arranged, forward
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction, CorrectionKind, Link


@keras.saving.register_keras_serializable(package="equipoise")
class TabularNetwork(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Networks of one recipe on what `EncodingLayer` gives.

    Args:
        spec: The recipe, or its `to_dict()`.
        layout: The exact layout of the encoding, or its `to_dict()`.
        networks: How many networks there are.
        name: The layer's name.
        width: How many logits each of them gives per row.

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
        width: int = 1,
    ) -> None:
        super().__init__(name=name)
        self.spec = (
            spec if isinstance(spec, NetworkSpec) else NetworkSpec.from_dict(dict(spec))
        )
        self.layout = (
            layout if isinstance(layout, Layout) else Layout.from_dict(dict(layout))
        )
        self.networks, self.width = networks, width
        self._arrays = {
            key: self.add_weight(
                name=key, shape=(networks, *shape), initializer="glorot_uniform"
            )
            for key, shape in shapes(self.spec, self.layout, width).items()
        }
        self.built = True

    def assign(self, weights: Mapping[str, Any]) -> None:
        """Take over trained weights, name to `[networks, ...]`."""
        for name, variable in self._arrays.items():
            variable.assign(weights[name])

    def call(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the raw logits, `[rows, networks]`.

        Networks of several outputs give `[rows, networks, width]`.

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
        return tf.transpose(logits, [1, 0] if self.width == 1 else [1, 0, 2])

    def compute_output_spec(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Return the shape and the type of the logits."""
        wide = () if self.width == 1 else (self.width,)
        shape = (inputs[0].shape[0], self.networks, *wide)
        return keras.KerasTensor(shape, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        return {
            "name": self.name,
            "spec": self.spec.to_dict(),
            "layout": self.layout.to_dict(),
            "networks": self.networks,
            **({} if self.width == 1 else {"width": self.width}),
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
        link: As in `Correction`: "softmax" if the last axis holds logits of classes.
        form: As in `Correction`, or its `to_dict()`; None without one.

    Example:
        >>> layer = CorrectedLogOdds(offset=-2.0)
        >>> layer(np.array([[1.0], [3.0]], "float32")).numpy().tolist()
        [[-1.0], [1.0]]
    """

    def __init__(
        self,
        kind: CorrectionKind = "offset",
        offset: float | Sequence[float] = 0.0,
        gamma: float = 0.0,
        name: str | None = None,
        link: Link = "sigmoid",
        form: Form | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name=name)
        each = tuple(np.atleast_1d(offset).tolist())
        closed = Form.from_dict(form) if isinstance(form, Mapping) else form
        self.correction = Correction(
            kind, each, gamma, link=link, form=closed or Form()
        )

    @classmethod
    def of(cls, correction: Correction) -> CorrectedLogOdds:
        """Return the layer that does what a correction does.

        Args:
            correction: The correction.
        """
        made = correction.kind, correction.offset, correction.gamma
        return cls(*made, link=correction.link, form=correction.form)

    def call(self, logits: Any) -> Any:
        """Return the corrected log-odds, of the same shape.

        Args:
            logits: `[rows, networks]`; `[..., width]` of several classes or labels.
        """
        z, gamma = logits, self.correction.gamma
        if self.correction.kind == "focal" and gamma > 0:
            if self.correction.link == "softmax":
                z = -_log_phi(_one_against_rest(z), gamma)
            else:
                z = _log_phi(-z, gamma) - _log_phi(z, gamma)
        if self.correction.kind == "form":
            several = self.correction.link == "softmax"
            z = self.correction.form.scores(z, several=several, graph=_GRAPH)
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

    Of several classes it is the log of each one's mean probability; see
    `training.average_log_odds`.

    Args:
        link: "softmax" if the last axis holds logits of classes.
        options: Those of a Keras layer: its name.

    Example:
        >>> AverageLogOdds()(np.array([[80.0, -80.0]], "float32")).numpy().tolist()
        [[0.0]]
    """

    def __init__(self, link: Link = "sigmoid", **options: Any) -> None:
        super().__init__(**options)
        self.link = one_of(link, get_args(Link), "link")

    def call(self, log_odds: Any) -> Any:
        """Return the average over the networks.

        Args:
            log_odds: `[rows, networks]`; `[rows, networks, width]` of several classes
                or labels.

        Returns:
            `[rows, 1]`; `[rows, width]`.
        """
        alone = len(log_odds.shape) == 2
        if not alone and log_odds.shape[1] == 1:
            return log_odds[:, 0]
        if self.link == "softmax":
            logs = log_odds - tf.reduce_logsumexp(log_odds, -1, keepdims=True)
            return tf.reduce_logsumexp(logs, 1) - np.log(log_odds.shape[1])
        positive = tf.reduce_logsumexp(-tf.nn.softplus(-log_odds), 1, keepdims=alone)
        negative = tf.reduce_logsumexp(-tf.nn.softplus(log_odds), 1, keepdims=alone)
        return positive - negative

    def compute_output_spec(self, log_odds: Any) -> Any:
        """Return the shape and the type of the average."""
        wide = log_odds.shape[2:] or (1,)
        return keras.KerasTensor((log_odds.shape[0], *wide), log_odds.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        usual = super().get_config()
        # As Keras writes it of a layer that has no configuration of its own.
        regularizer = usual.get("activity_regularizer")
        usual |= {"activity_regularizer": regularizer, "autocast": self.autocast}
        return usual if self.link == "sigmoid" else {**usual, "link": self.link}


def stacked_scores(parts: Sequence[Any], dtype: str | None = None) -> Any:
    """Return the scores of several models as one Keras tensor, for their average.

    Args:
        parts: Keras tensors `[rows, width]`, one per model.
        dtype: Of the result; None for float32.

    Returns:
        `[rows, models]` if each gives one score per row, else `[rows, models, width]`.

    Example:
        >>> parts = [keras.Input((3,)), keras.Input((3,))]
        >>> stacked_scores(parts).shape
        (None, 2, 3)
    """
    width = parts[0].shape[-1]
    if width == 1:
        alone = len(parts) == 1
        return parts[0] if alone else keras.layers.Concatenate(dtype=dtype)(parts)
    lines = [keras.layers.Reshape((1, width), dtype=dtype)(part) for part in parts]
    if len(lines) == 1:
        return lines[0]
    return keras.layers.Concatenate(axis=1, dtype=dtype)(lines)


def _one_against_rest(z: Any) -> Any:
    """Return each class's log-odds against all others; see `priors`."""
    classes = z.shape[-1]
    others = [[k for k in range(classes) if k != c] for c in range(classes)]
    return z - tf.reduce_logsumexp(tf.gather(z, others, axis=-1), axis=-1)


_GRAPH = ArrayFunctions(tf.math.softplus, _one_against_rest)


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
