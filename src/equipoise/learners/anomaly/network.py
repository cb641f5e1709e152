# SPDX-License-Identifier: Apache-2.0
"""A trained detector network as plain arrays, and how it scores rows.

Everything is computed in float64 with NumPy, so that a saved model needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from equipoise._core.checks import one_of, sentence
from equipoise._core.states import array
from equipoise._core.types import Float32Array, FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import dense_matrix
from equipoise.errors import InputError
from equipoise.table.table import Table

DetectorKind = Literal["reconstruction", "distance", "deviation"]

LEAK: dict[DetectorKind, float] = {
    "reconstruction": 0.0,
    "distance": 0.01,
    "deviation": 0.0,
}
"""The slope of a hidden unit below 0."""

LEAST = 1e-12
"""Added to an error or a distance before its logarithm is taken."""

ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class DetectorNetwork:
    """Networks that score how odd an encoded row is.

    Attributes:
        kind: What is measured. "reconstruction": the logarithm of the mean squared
            error of the columns that come out. "distance": the logarithm of the
            squared distance from the centre. "deviation": the output itself.
        kernels: Of each layer, `[copies, in, out]`.
        biases: Of each layer, `[copies, out]`; none for "distance".
        centre: `[copies, out]`; `[copies, 0]` for the others.
    """

    kind: DetectorKind
    kernels: tuple[Float32Array, ...]
    biases: tuple[Float32Array, ...]
    centre: Float32Array

    @property
    def copies(self) -> int:
        """How many networks are averaged."""
        return len(self.kernels[0])

    def scores(self, x: FloatArray) -> FloatArray:
        """Return the mean score over the copies, `[rows]`, higher for odder rows.

        Args:
            x: `[rows, columns]`, see `dense_matrix`.
        """
        each = [self._score(x, copy) for copy in range(self.copies)]
        return np.asarray(np.mean(each, axis=0))

    def _score(self, x: FloatArray, copy: int) -> FloatArray:
        h = x
        for layer, kernel in enumerate(self.kernels):
            if layer:
                h = np.where(h > 0, h, LEAK[self.kind] * h)
            h = h @ kernel[copy].astype(np.float64)
            if self.biases:
                h = h + self.biases[layer][copy]
        if self.kind == "deviation":
            return np.asarray(h[:, 0])
        if self.kind == "distance":
            return np.asarray(
                np.log(((h - self.centre[copy]) ** 2).sum(axis=1) + LEAST)
            )
        error = ((h - x) ** 2).sum(axis=1) / max(1, x.shape[1])
        return np.asarray(np.log(error + LEAST))

    def state(self) -> dict[str, Any]:
        """Return the kind and the arrays."""
        layers = [("kernel", self.kernels), ("bias", self.biases)]
        return {
            "kind": self.kind,
            "centre": self.centre,
            **{
                f"{name}_{place}": each
                for name, arrays in layers
                for place, each in enumerate(arrays)
            },
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> DetectorNetwork:
        """Rebuild it from `state()`.

        Raises:
            InputError: The layers do not fit each other, or a number is not finite.
        """
        kind: Any = one_of(str(state.get("kind")), get_args(DetectorKind), "kind")
        layers = sum(name.startswith("kernel_") for name in state)
        if not layers:
            raise InputError(sentence("a network without layers", "one or more"))
        first = array(state, "kernel_0", "float32", (None, None, None))
        copies, width, kernels, biases = len(first), first.shape[1], [], []
        for layer in range(layers):
            shape = (copies, width, None)
            kernels.append(array(state, f"kernel_{layer}", "float32", shape))
            width = kernels[-1].shape[2]
            if kind != "distance":
                biases.append(array(state, f"bias_{layer}", "float32", (copies, width)))
        ends = {"reconstruction": first.shape[1], "deviation": 1, "distance": width}
        if not copies or width != ends[kind]:
            raise InputError(
                sentence(
                    f"{copies} networks of {width} outputs",
                    f"one or more of {ends[kind]}",
                )
            )
        centred = width if kind == "distance" else 0
        centre = array(state, "centre", "float32", (copies, centred))
        return cls(kind, tuple(kernels), tuple(biases), centre)


@dataclass(frozen=True, eq=False)
class DetectorScorer:
    """A detector network with the encoding of its rows.

    Attributes:
        encoding: The encoding of the training part.
        network: Scores encoded rows.
    """

    encoding: Encoding
    network: DetectorNetwork

    def log_odds(self, table: Table) -> FloatArray:
        """Return scores, `[rows, 1]`, higher for odder rows; not calibrated."""
        parts = [np.empty(0)]
        for start in range(0, len(table), ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, len(table)))
            block = dense_matrix(table.take(rows), self.encoding)
            parts.append(self.network.scores(block))
        return np.concatenate(parts)[:, None]

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the network's arrays."""
        return {"encoding": self.encoding.to_dict(), "network": self.network.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> DetectorScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The network does not fit the encoding, or is damaged.
        """
        encoding = Encoding.from_dict(state["encoding"])
        network = DetectorNetwork.from_state(state["network"])
        columns = len(encoding.names) + sum(encoding.levels)
        if network.kernels[0].shape[1] != columns:
            raise InputError(
                sentence(
                    f"a network of {network.kernels[0].shape[1]} inputs",
                    f"one of {columns}, the columns of the encoding",
                )
            )
        return cls(encoding, network)
