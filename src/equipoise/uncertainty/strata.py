# SPDX-License-Identifier: Apache-2.0
"""The independent samples that the rows are, and sums of influences over them.

Intervals are for the population at the table's shares of the classes, so the rows of
each class are a sample of their own: influences are centred within the classes. In a
multi-label task each label has two classes, and what a row does to one label's metric
is centred within those; what it does to all labels together is one term.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.estimate import NAN
from equipoise.metrics.task_rows import TaskRows
from equipoise.uncertainty.influence import effective_clusters
from equipoise.uncertainty.proportion import effective_size


@dataclass(frozen=True, eq=False)
class Strata:
    """A division of the rows into samples.

    Attributes:
        number: `[rows]` which stratum a row is in; -1 if it is in none.
        weights: `[rows]` row weights.
        unit: `[rows]` cluster numbers from 0, or None if rows are independent.
        count: How many strata there are.
    """

    number: IntArray
    weights: FloatArray
    unit: IntArray | None
    count: int

    @classmethod
    def of_rows(cls, rows: TaskRows, clusters: npt.ArrayLike | None = None) -> Strata:
        """Return the classes of a binary or multi-class task; one stratum if labels.

        Args:
            rows: The targets.
            clusters: `[rows]` names of groups of dependent rows, or None.
        """
        unit = None if clusters is None else group_numbers(clusters, len(rows.weights))
        if rows.task.kind == "multilabel":
            number = np.where(rows.labelled.any(axis=1), 0, -1)
            return cls._weighted(number, rows.weights, unit, 1)
        return cls._weighted(rows.y, rows.weights, unit, len(rows.task.classes))

    @classmethod
    def of_view(
        cls, rows: TaskRows, view: int, clusters: npt.ArrayLike | None = None
    ) -> Strata:
        """Return the two classes of a view: 0 without the label, 1 with it.

        Args:
            rows: The targets.
            view: Its number.
            clusters: `[rows]` names of groups of dependent rows, or None.
        """
        unit = None if clusters is None else group_numbers(clusters, len(rows.weights))
        number = np.where(rows.labelled[:, view], rows.truth[:, view], -1)
        return cls._weighted(number.astype(np.int64), rows.weights, unit, 2)

    @classmethod
    def _weighted(
        cls, number: IntArray, weights: FloatArray, unit: IntArray | None, count: int
    ) -> Strata:
        held = np.where(weights > 0, number, -1)
        return cls(np.asarray(held, np.int64), weights, unit, count)

    def members(self, stratum: int) -> BoolArray:
        """Return `[rows]` whether a row is in a stratum."""
        return np.asarray(self.number == stratum)

    def units(self, stratum: int) -> float:
        """Return how many independent units of equal weight a stratum is worth.

        Args:
            stratum: Its number.
        """
        inside = self.members(stratum)
        if self.unit is None:
            return effective_size(self.weights[inside])
        held = effective_clusters(self.unit[inside], self.weights[inside])
        # Of two clusters the error is known, if badly.
        few = min(2, np.unique(self.unit[inside]).size) if held < 2 else 0
        return max(held, float(few))

    def collapsed(self) -> Strata:
        """Return the strata with those of a single unit joined to others.

        Each goes to the smallest stratum that has several units: what varies within it
        stands for what cannot be seen in a single one (Cochran 1977, section 5A.12).
        """
        sizes = np.array([self._distinct(k) for k in range(self.count)])
        single = np.flatnonzero(sizes == 1)
        several = np.flatnonzero(sizes > 1)
        if not single.size:
            return self
        place = int(several[np.argmin(sizes[several])]) if several.size else single[0]
        number = np.where(np.isin(self.number, single), place, self.number)
        return Strata(number, self.weights, self.unit, self.count)

    def _distinct(self, stratum: int) -> int:
        inside = self.members(stratum)
        if self.unit is None:
            return int(np.count_nonzero(inside))
        return int(np.unique(self.unit[inside]).size)

    @property
    def left(self) -> FloatArray:
        """`[rows]` the share of a row's stratum that is left without the row."""
        share = np.zeros(self.weights.size, np.float64)
        for stratum in range(self.count):
            inside = self.members(stratum)
            total = self.weights[inside].sum()
            if total > 0:
                share[inside] = self.weights[inside] / total
        return 1 - share

    def errors(self, influences: FloatArray) -> FloatArray:
        """Return influences as independent terms of an error, `[rows]`.

        They are centred within the strata and scaled, so that the sum of their squares
        (over rows, or of their sums over clusters) is an unbiased variance: without
        weights and clusters, of n rows, by sqrt(n / (n - 1)). A cluster is held against
        the others of its stratum (Bell and McCaffrey 2002).

        Args:
            influences: `[rows]` of a metric.

        Returns:
            `[rows]`; 0 in no stratum, NaN in a stratum of a single unit.
        """
        result = np.zeros(influences.size)
        for stratum in range(self.count):
            inside = np.flatnonzero(self.number == stratum)
            if not inside.size:
                continue
            weights = self.weights[inside]
            share = weights / weights.sum()
            part = influences[inside]
            centred = part - share * part.sum()
            result[inside] = centred * self._scale(inside, share)
        return result

    def _scale(self, inside: IntArray, share: FloatArray) -> npt.ArrayLike:
        if self.unit is None:
            left = 1 - float(np.sum(share**2))
            return NAN if left <= 1e-12 else 1 / np.sqrt(left)
        unit = np.unique(self.unit[inside], return_inverse=True)[1]
        clusters = int(unit.max()) + 1
        if clusters < 2:
            return NAN
        others = np.asarray(1 - np.bincount(unit, share), np.float64)
        scale: FloatArray = np.sqrt((clusters - 1) / clusters) / others
        return scale[unit]


def unit_sums(row: FloatArray, unit: IntArray | None) -> FloatArray:
    """Return the sums of independent terms over clusters; as they are without any.

    Args:
        row: `[rows]` or `[rows, metrics]`.
        unit: `[rows]` cluster numbers from 0, or None.
    """
    if unit is None:
        return row
    sums = np.zeros((int(unit.max()) + 1 if unit.size else 0, *row.shape[1:]))
    np.add.at(sums, unit, row)
    return sums
