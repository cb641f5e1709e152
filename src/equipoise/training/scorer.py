# SPDX-License-Identifier: Apache-2.0
"""A fitted model of one job: one network, or several that are averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise._core.states import array
from equipoise.errors import InputError
from equipoise.networks.layout import Inputs, Layout, arrange, exact_layout
from equipoise.networks.parameters import Parameters, shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction
from equipoise.table.encoding import Encoding
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds

FloatArray = npt.NDArray[np.float64]

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class NetworkScorer:
    """Networks of one job, with the encoding that they share.

    Attributes:
        spec: The recipe.
        encoding: From raw columns to inputs.
        layout: The exact layout of the encoding.
        correction: From raw logits to the population's log-odds.
        weights: Name to `[networks, ...]`, in the exact layout.
    """

    spec: NetworkSpec
    encoding: Encoding
    layout: Layout
    correction: Correction
    weights: Parameters

    @property
    def networks(self) -> int:
        """How many networks are averaged."""
        return len(next(iter(self.weights.values())))

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds of the positive class, `[rows]`.

        The average of several networks is that of their probabilities.
        """
        inputs = arrange(self.encoding.transform(table), self.layout, self.layout)
        found = [
            self._logits(inputs, slice(start, start + ROWS_AT_ONCE))
            for start in range(0, len(table), ROWS_AT_ONCE)
        ]
        logits = np.concatenate([np.zeros((self.networks, 0)), *found], axis=1)
        return average_log_odds([self.correction.apply(own) for own in logits])

    def _logits(self, inputs: Inputs, rows: slice) -> FloatArray:
        import tensorflow as tf

        parts = inputs.dense[rows], inputs.positions[rows], inputs.codes[rows]
        logits = self._compiled(*(tf.constant(part) for part in parts))
        return np.asarray(logits.numpy(), np.float64)

    @cached_property
    def _compiled(self) -> Any:
        """The forward pass as one graph, for any number of rows."""
        import tensorflow as tf

        from equipoise.networks.forward import forward

        last = np.asarray(self.layout.knots, np.float32) - 2
        lasts = tf.constant(np.stack([last] * self.networks))
        weights = {name: tf.constant(value) for name, value in self.weights.items()}
        widths = self.layout.dense, len(self.layout.positions)

        def logits(dense: Any, positions: Any, codes: Any) -> Any:
            dense, positions, codes = (
                tf.stack([values] * self.networks)
                for values in (dense, positions, codes)
            )
            return forward(self.spec, weights, dense, positions, codes, lasts)

        return tf.function(logits, autograph=False).get_concrete_function(
            *(tf.TensorSpec([None, width], tf.float32) for width in widths),
            tf.TensorSpec([None, len(self.layout.embedded)], tf.int32),
        )

    def state(self) -> dict[str, Any]:
        """Return all that is needed to rebuild it.

        Returns:
            "kind" ("network"), "plain" (what JSON keeps) and "arrays" (name to
            NumPy array).
        """
        return {
            "kind": "network",
            "plain": {
                "spec": self.spec.to_dict(),
                "encoding": self.encoding.to_dict(),
                "layout": self.layout.to_dict(),
                "correction": dataclasses.asdict(self.correction),
            },
            "arrays": dict(self.weights),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> NetworkScorer:
        """Rebuild a scorer from `state`.

        Raises:
            InputError: The weights, the layout and the encoding do not fit, or a
                number is not finite.
        """
        plain = state["plain"]
        spec = NetworkSpec.from_dict(plain["spec"])
        encoding = Encoding.from_dict(plain["encoding"])
        layout = Layout.from_dict(plain["layout"])
        if layout != exact_layout(encoding, layout):
            raise InputError(
                sentence("a layout of another encoding", "that of the encoding")
            )
        correction = Correction(**plain["correction"])
        one_of(correction.kind, ("offset", "focal", "calibrate"), "kind")
        number(correction.offset, "offset")
        number(correction.gamma, "gamma", 0)
        networks = len(state["arrays"]["bias_0"])
        if not networks:
            raise InputError(sentence("no networks", "one or more"))
        weights = {
            name: array(state["arrays"], name, "float32", (networks, *shape))
            for name, shape in shapes(spec, layout).items()
        }
        return cls(spec, encoding, layout, correction, weights)


def stack_weights(each: Sequence[Parameters]) -> Parameters:
    """Return the weights of several networks, `[networks, ...]` each."""
    return {name: np.stack([own[name] for own in each]) for name in each[0]}
