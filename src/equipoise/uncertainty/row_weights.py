# SPDX-License-Identifier: Apache-2.0
"""Replicate weights: how often each replicate of a bootstrap draws each row.

`RowWeights` is the Bayesian bootstrap (Rubin 1981): each row, or each cluster of
rows, gets an exponential weight. Unlike counts these leave no fold without positives.
`RowResampler` is Efron's bootstrap: the number of times that each row is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import integer
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, Float32Array, FloatArray, IntArray
from equipoise.metrics.inputs import binary_labels
from equipoise.uncertainty.influence import effective_clusters
from equipoise.uncertainty.proportion import effective_size

CHUNK = 128
"""Replicates that are drawn at once; part of what a seed means."""
UNITS = 4096
"""Clusters that are drawn at once."""
_CELLS = 4_000_000
"""How many counts are held at once, 16 MB."""


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Draws the weights in chunks; one seed gives one result.

    Attributes:
        y: `[rows]` whether a row is positive.
        unit: `[rows]` cluster numbers from 0, or None if rows are independent.
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
        if self.unit is None:
            weights = random.standard_exponential(
                (self.y.size, count), dtype=np.float32
            )
        else:
            weights = _weights_of_units(random, self.unit, count)
        if self.importance is not None:
            weights *= self.importance[:, None].astype(np.float32)
        return weights


def _weights_of_units(
    random: np.random.Generator, unit: IntArray, count: int
) -> Float32Array:
    """Draw a weight for each unit and replicate, and give it to the unit's rows.

    Some units at a time, so that their weights and those of the rows are not held as
    wholes beside each other. A generator's numbers do not depend on how many are drawn
    at once.

    Args:
        random: Whence the weights come.
        unit: `[rows]` cluster numbers from 0.
        count: How many replicates.

    Returns:
        `[rows, count]`.
    """
    order = np.argsort(unit, kind="stable")
    units = int(unit.max()) + 1
    weights = np.empty((unit.size, count), np.float32)
    for first in range(0, units, UNITS):
        last = min(first + UNITS, units)
        draws = random.standard_exponential((last - first, count), dtype=np.float32)
        start, stop = np.searchsorted(unit, (first, last), sorter=order)
        rows = order[start:stop]
        weights[rows] = draws[unit[rows] - first]
    return weights


def cluster_numbers(clusters: npt.ArrayLike | None, rows: int) -> IntArray | None:
    """Return cluster numbers from 0, or None.

    Raises:
        InputError: There is not one cluster per row.
    """
    if clusters is None:
        return None
    return group_numbers(clusters, rows)


@dataclass(frozen=True, eq=False)
class RowResampler:
    """Draws bootstrap samples of rows, or of whole clusters, as counts.

    Rows are drawn within each class, so each sample has the classes' sizes of
    the table. Clusters are drawn whole, within their kind (all positive, all
    negative, mixed), so the sizes vary as they would in new data.

    Attributes:
        y: `[rows]` labels, 0 or 1.
        clusters: `[rows]` cluster of each row, or None if rows are independent.
        replicates: How many samples.
        seed: The user's seed.
        stratified: Whether to draw within each class; else from all rows.

    Example:
        >>> resampler = RowResampler(np.array([0, 0, 0, 1, 1]), replicates=3)
        >>> counts = np.concatenate(list(resampler))
        >>> counts.shape, counts.sum(axis=1).tolist(), counts[:, 3:].sum(1).tolist()
        ((3, 5), [5, 5, 5], [2, 2, 2])
    """

    y: npt.ArrayLike
    clusters: npt.ArrayLike | None = None
    replicates: int = 2000
    seed: int = 0
    stratified: bool = True
    _strata: list[npt.NDArray[np.int64]] = field(init=False, repr=False)
    _unit: npt.NDArray[np.int64] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        positive = binary_labels(self.y)
        integer(self.replicates, "replicates", 1)
        unit, kind = _units(positive, self.clusters)
        if not self.stratified:
            kind = np.zeros_like(kind)
        strata = [np.flatnonzero(kind == k) for k in np.unique(kind)]
        object.__setattr__(self, "_strata", strata)
        object.__setattr__(self, "_unit", unit)

    def __iter__(self) -> Iterator[npt.NDArray[np.int32]]:
        """Yield counts `[b, rows]` int32 until all replicates are drawn.

        The numbers depend on the seed and the replicate alone, not on the size of
        the chunks.
        """
        rows = binary_labels(self.y).size
        chunk = max(1, min(self.replicates, _CELLS // max(1, rows)))
        for start in range(0, self.replicates, chunk):
            stop = min(start + chunk, self.replicates)
            yield np.stack([self.draw(b) for b in range(start, stop)])

    def draw(self, replicate: int) -> npt.NDArray[np.int32]:
        """Return the counts `[rows]` of one replicate.

        Args:
            replicate: The number of the replicate, from 0.
        """
        random = generator(self.seed, "bootstrap", replicate)
        counts = np.zeros(sum(s.size for s in self._strata), np.int32)
        for stratum in self._strata:
            picked = random.integers(0, stratum.size, stratum.size)
            counts[stratum] = np.bincount(picked, minlength=stratum.size)
        return counts if self._unit is None else counts[self._unit]


def _units(
    positive: BoolArray, clusters: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64]]:
    """Return each row's unit (None: its own) and each unit's kind."""
    if clusters is None:
        return None, positive.astype(np.int64)
    unit = group_numbers(clusters, positive.size)
    size = np.bincount(unit)
    hits = np.bincount(unit, weights=positive)
    return unit, np.where(hits == 0, 0, np.where(hits == size, 1, 2))
