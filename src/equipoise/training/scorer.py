# SPDX-License-Identifier: Apache-2.0
"""A fitted model of one job: one network, or several that are averaged."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.states import array
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.errors import InputError
from equipoise.networks.layout import Inputs, Layout, arrange, exact_layout
from equipoise.networks.parameters import Parameters, outputs, shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction, Link
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.devices import let_memory_grow
from equipoise.training.settings import LANES

ROWS_AT_ONCE = 4096
MOST_PROGRAMS = 32
"""Compiled forward passes that are kept; the fold models of a fit mostly share one."""


@dataclass(frozen=True, eq=False)
class NetworkScorer:
    """Networks of one job, with the encoding that they share.

    Attributes:
        spec: The recipe.
        encoding: From raw columns to inputs.
        layout: The exact layout of the encoding.
        correction: From raw logits to the population's log-odds.
        weights: Name to `[networks, ...]`, in the exact layout.
        link: What turns its scores into probabilities.
    """

    spec: NetworkSpec
    encoding: Encoding
    layout: Layout
    correction: Correction
    weights: Parameters
    link: Link = "sigmoid"

    @property
    def width(self) -> int:
        """How many scores it gives per row."""
        return outputs(self.spec, self.weights)

    @property
    def networks(self) -> int:
        """How many networks are averaged."""
        return len(next(iter(self.weights.values())))

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds, `[rows, width]`.

        The average of several networks is that of their probabilities.
        """
        inputs = arrange(self.encoding.transform(table), self.layout, self.layout)
        rows, multiple = _block_rows() if len(table) else (ROWS_AT_ONCE, LANES)
        blocks = [
            self._logits(inputs, slice(start, start + rows), multiple)
            for start in range(0, len(table), rows)
        ]
        empty = np.zeros((self.networks, 0, self.width))
        logits = np.concatenate([empty, *blocks], axis=1)
        return average_log_odds(
            [self.correction.apply(network) for network in logits], self.link
        )

    def _logits(self, inputs: Inputs, rows: slice, multiple: int) -> FloatArray:
        import tensorflow as tf

        let_memory_grow()
        parts = inputs.dense[rows], inputs.positions[rows], inputs.codes[rows]
        padded = (tf.constant(_padded(part, multiple)) for part in parts)
        logits = self._compiled(*self._constants, *padded).numpy()
        if logits.ndim == 2:
            logits = logits[..., None]
        return np.asarray(logits[:, : len(parts[0])], np.float64)

    @cached_property
    def _constants(self) -> tuple[Any, Any]:
        """The weights and the numbers of the last intervals, on the device."""
        import tensorflow as tf

        last = np.asarray(self.layout.knots, np.float32) - 2
        weights = {name: tf.constant(value) for name, value in self.weights.items()}
        return weights, tf.constant(np.stack([last] * self.networks))

    @cached_property
    def _compiled(self) -> Any:
        """The forward pass as one graph, for any number of rows."""
        layout = self.layout
        return _program(
            self.spec,
            tuple((name, value.shape) for name, value in self.weights.items()),
            (layout.dense, len(layout.positions), len(layout.embedded)),
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
                "correction": self.correction.to_dict(),
                **({} if self.link == "sigmoid" else {"link": self.link}),
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
        correction = Correction.from_dict(plain["correction"])
        link = plain.get("link", "sigmoid")
        one_of(link, get_args(Link), "link")
        networks = len(state["arrays"]["bias_0"])
        if not networks:
            raise InputError(sentence("no networks", "one or more"))
        width = len(correction.offset)
        weights = {
            name: array(state["arrays"], name, "float32", (networks, *shape))
            for name, shape in shapes(spec, layout, width).items()
        }
        return cls(spec, encoding, layout, correction, weights, link)


@functools.lru_cache(maxsize=MOST_PROGRAMS)
def _program(
    spec: NetworkSpec,
    weights: tuple[tuple[str, tuple[int, ...]], ...],
    inputs: tuple[int, int, int],
) -> Any:
    """Return the compiled forward pass; networks of equal shapes share one.

    Args:
        spec: The recipe.
        weights: The name and the shape of each array of weights.
        inputs: The number of dense columns, of positions and of codes.
    """
    import tensorflow as tf

    from equipoise.networks.alone import doubled, first_of, needs_company
    from equipoise.networks.forward import forward
    from equipoise.networks.tracing import traced

    networks = weights[0][1][0]
    alone = needs_company(networks)

    def logits(weights: Any, last: Any, *columns: Any) -> Any:
        if alone:
            weights, last = doubled(weights), doubled(last)
        copies = 2 if alone else networks
        dense, positions, codes = (tf.stack([column] * copies) for column in columns)
        result = forward(spec, weights, dense, positions, codes, last)
        return first_of(result) if alone else result

    dense, positions, codes = inputs
    return traced(
        logits,
        [
            {name: tf.TensorSpec(shape, tf.float32) for name, shape in weights},
            tf.TensorSpec([networks, positions], tf.float32),
            tf.TensorSpec([None, dense], tf.float32),
            tf.TensorSpec([None, positions], tf.float32),
            tf.TensorSpec([None, codes], tf.int32),
        ],
    )


def _block_rows() -> tuple[int, int]:
    """Return how many rows are scored at once, and of what their number is a multiple.

    Matrix products round differently in the tail of a vector loop, and on some
    processors for few rows; this way a row's score is the same alone and among others.
    """
    from equipoise.networks.alone import rows_at_once

    rows = rows_at_once(ROWS_AT_ONCE)
    return rows, LANES if rows == ROWS_AT_ONCE else rows


def _padded(part: npt.NDArray[Any], multiple: int) -> npt.NDArray[Any]:
    """Return a multiple of so many rows; the last ones are zeros."""
    short = -len(part) % multiple
    return np.concatenate([part, np.zeros((short, part.shape[1]), part.dtype)])


def stack_networks(networks: Sequence[Parameters]) -> Parameters:
    """Return the parameters of several networks, `[networks, ...]` each."""
    return {
        name: np.stack([network[name] for network in networks]) for name in networks[0]
    }
