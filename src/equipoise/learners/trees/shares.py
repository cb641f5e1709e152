# SPDX-License-Identifier: Apache-2.0
"""Fitted trees whose leaves hold shares of several classes, or of each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.states import array
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import InputError
from equipoise.learners.trees.forest import BLOCK, Forest
from equipoise.priors import log_odds as to_log_odds
from equipoise.table.table import Table


@dataclass(frozen=True, eq=False)
class ClassSharesScorer:
    """The mean share of each class in the leaves, and the strategy's correction.

    Attributes:
        encoding: The encoding of the training part.
        forest: The trees; what their leaves hold is in `shares`.
        shares: `[nodes, classes]` what a node adds to the classes' probabilities.
        base: `[classes]` what the sums begin with, above 0.
        offset: `[classes]` the correction, added to the logs of the probabilities.
    """

    encoding: Encoding
    forest: Forest
    shares: FloatArray
    base: FloatArray
    offset: FloatArray

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected logits, `[rows, classes]`."""
        matrix = ordinal_matrix(table, self.encoding)
        block = max(1, BLOCK // max(1, len(self.forest.roots)))
        parts = [np.zeros((0, len(self.base)))]
        for start in range(0, len(matrix), block):
            leaves = self.forest.leaves(matrix[start : start + block])
            parts.append(self.base + self.shares[leaves].sum(axis=1))
        return np.asarray(np.log(np.concatenate(parts)) + self.offset)

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {
            "encoding": self.encoding.to_dict(),
            "forest": self.forest.state(),
            "shares": self.shares,
            "base": self.base,
            "offset": self.offset,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ClassSharesScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The trees do not fit the encoding, or a leaf holds no shares.
        """
        encoding = Encoding.from_dict(state["encoding"])
        forest = _fitting(state["forest"], encoding)
        base = array(state, "base", "float64", (None,))
        classes = len(base)
        shares = array(state, "shares", "float64", (len(forest.value), classes))
        offset = array(state, "offset", "float64", (classes,))
        most = base + len(forest.roots) * shares.max(axis=0, initial=0.0)
        if (base <= 0).any() or shares.min(initial=0.0) < 0 or (most > 1).any():
            raise _no_shares()
        return cls(encoding, forest, shares, base, offset)


@dataclass(frozen=True, eq=False)
class LabelSharesScorer:
    """The mean share of each label in the leaves of trees of its own.

    Attributes:
        encoding: The encoding of the training part.
        forests: One per label; its sum is a probability strictly between 0 and 1.
        offset: `[labels]` the correction, added to the log-odds.
    """

    encoding: Encoding
    forests: tuple[Forest, ...]
    offset: FloatArray

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds, `[rows, labels]`."""
        matrix = ordinal_matrix(table, self.encoding)
        shares = [forest.raw(matrix) for forest in self.forests]
        return np.asarray(to_log_odds(np.stack(shares, axis=1)) + self.offset)

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {
            "encoding": self.encoding.to_dict(),
            "forests": [forest.state() for forest in self.forests],
            "offset": self.offset,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LabelSharesScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The trees do not fit the encoding, or a leaf holds no share.
        """
        encoding = Encoding.from_dict(state["encoding"])
        forests = tuple(checked_shares(one, encoding) for one in state["forests"])
        offset = array(state, "offset", "float64", (len(forests),))
        return cls(encoding, forests, offset)


def checked_shares(state: Mapping[str, Any], encoding: Encoding) -> Forest:
    """Return a forest whose sums are probabilities, from its `state()`.

    Args:
        state: What the forest's `state()` gave.
        encoding: Of the rows that it scores.

    Raises:
        InputError: The trees do not fit the encoding, or a leaf holds no share.
    """
    forest = _fitting(state, encoding)
    low, high = (f(forest.value, initial=0.0) for f in (np.min, np.max))
    most = forest.base + len(forest.roots) * high
    if low < 0 or not 0 < forest.base <= most < 1:
        raise _no_shares()
    return forest


def _fitting(state: Mapping[str, Any], encoding: Encoding) -> Forest:
    forest = Forest.from_state(dict(state))
    columns = len(encoding.categories) + len(encoding.names)
    forest.require_columns(columns, 0)
    return forest


def _no_shares() -> InputError:
    return InputError(sentence("leaves that are no shares", "shares in [0, 1]"))
