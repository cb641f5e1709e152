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

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise.errors import InputError

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHUNK = 128
"""Replicates that are drawn at once; part of what a seed means."""
EXTRA = 0.2
"""Weight of a pseudo-row, chosen by simulation of the coverage from 8 positives."""


@dataclass(frozen=True, eq=False)
class Draw:
    """Some replicates.

    Attributes:
        weights: `[rows, replicates]` float32.
        extra_positive: `[replicates]` weight of a pseudo-positive.
        extra_negative: `[replicates]` weight of a pseudo-negative.
    """

    weights: Float32Array
    extra_positive: Float32Array
    extra_negative: Float32Array


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Draws the weights in chunks; one seed gives one result.

    Attributes:
        y: `[rows]` whether a row is positive.
        unit: `[rows]` cluster numbers from 0, or None where rows are independent.
        replicates: How many.
        seed: The user's seed.
        extra: Shape parameter of the pseudo-rows' gamma weights, in rows.
    """

    y: BoolArray
    unit: IntArray | None
    replicates: int
    seed: int
    extra: float = EXTRA

    def __iter__(self) -> Iterator[Draw]:
        """Yield draws of at most `CHUNK` replicates."""
        for start in range(0, self.replicates, CHUNK):
            yield self._draw(start // CHUNK, min(CHUNK, self.replicates - start))

    def units(self, positive: bool) -> int:
        """Return how many independent units hold rows of the class."""
        rows = self.y == positive
        if self.unit is None:
            return int(rows.sum())
        return int(np.unique(self.unit[rows]).size)

    def _draw(self, chunk: int, count: int) -> Draw:
        random = generator(self.seed, "row weights", chunk)
        units = self.y.size if self.unit is None else int(self.unit.max()) + 1
        weights = random.standard_exponential((units, count), dtype=np.float32)
        if self.unit is not None:
            weights = weights[self.unit]
        return Draw(
            weights, self._extra(random, count, True), self._extra(random, count, False)
        )

    def _extra(
        self, random: np.random.Generator, count: int, positive: bool
    ) -> Float32Array:
        size = (self.y == positive).sum() / max(self.units(positive), 1)
        drawn = random.standard_gamma(self.extra, count)
        return np.asarray(drawn * size, np.float32)


def cluster_numbers(clusters: npt.ArrayLike | None, rows: int) -> IntArray | None:
    """Return cluster numbers from 0, or None.

    Raises:
        InputError: There is not one cluster per row.
    """
    if clusters is None:
        return None
    values = np.asarray(clusters)
    if values.shape != (rows,):
        raise InputError(
            sentence(f"clusters of shape {values.shape}", f"one per row, ({rows},)")
        )
    return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)
