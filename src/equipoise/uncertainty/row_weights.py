# SPDX-License-Identifier: Apache-2.0
"""Random weights of whole rows, shared by all arms and repeats.

The Bayesian bootstrap (Rubin 1981): each row, or each cluster of rows, gets an
exponential weight. Unlike counts these leave no fold without positives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.uncertainty.influence import effective_clusters
from equipoise.uncertainty.proportion import effective_size

Float32Array = npt.NDArray[np.float32]

CHUNK = 128
"""Replicates that are drawn at once; part of what a seed means."""


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Draws the weights in chunks; one seed gives one result.

    Attributes:
        y: `[rows]` whether a row is positive.
        unit: `[rows]` cluster numbers from 0, or None where rows are independent.
        replicates: How many.
        seed: The user's seed.
        importance: `[rows]` how much each row counts; None for 1 each. The drawn
            weights are multiplied by it.
    """

    y: BoolArray
    unit: IntArray | None
    replicates: int
    seed: int
    importance: FloatArray | None = None

    def __iter__(self) -> Iterator[Float32Array]:
        """Yield weights `[rows, replicates]`, at most `CHUNK` replicates at once."""
        for start in range(0, self.replicates, CHUNK):
            yield self._draw(start // CHUNK, min(CHUNK, self.replicates - start))

    def units(self, rows: BoolArray) -> float:
        """Return how many independent units hold some of the rows, `[rows]` bool.

        Units of unequal weight, and clusters of unequal sizes, count as fewer:
        (sum w)^2 / sum w^2 (Kish 1965).
        """
        if self.unit is None and self.importance is None:
            return int(np.count_nonzero(rows))
        mass = np.ones(rows.size) if self.importance is None else self.importance
        if self.unit is None:
            return effective_size(mass[rows])
        held = effective_clusters(self.unit[rows], mass[rows])
        # Of two clusters the error is known, if badly.
        few = min(2, np.unique(self.unit[rows]).size) if held < 2 else 0
        return max(held, float(few))

    @property
    def rarer(self) -> float:
        """How many independent units hold rows of the rarer class."""
        return min(self.units(self.y), self.units(~self.y))

    def _draw(self, chunk: int, count: int) -> Float32Array:
        random = generator(self.seed, "row weights", chunk)
        units = self.y.size if self.unit is None else int(self.unit.max()) + 1
        weights = random.standard_exponential((units, count), dtype=np.float32)
        weights = weights if self.unit is None else weights[self.unit]
        if self.importance is None:
            return weights
        return weights * self.importance[:, None].astype(np.float32)


def cluster_numbers(clusters: npt.ArrayLike | None, rows: int) -> IntArray | None:
    """Return cluster numbers from 0, or None.

    Raises:
        InputError: There is not one cluster per row.
    """
    if clusters is None:
        return None
    return group_numbers(clusters, rows)
