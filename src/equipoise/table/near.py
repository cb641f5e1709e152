# SPDX-License-Identifier: Apache-2.0
"""Rows that are nearly equal: copies that an export, a rounding or a jitter has moved.

A learner that can overfit knows such a row as well as an exact copy, but no two of
them have one hash. They are looked for on grids.

**The rule.** Numbers are put on a scale of their own spread, z = asinh((x - median) /
median distance from it), which is linear in the middle and logarithmic in the tails.
Texts lose case and surplus spaces. P_k is the number of pairs of different rows that
fall into one cell of a grid of width 10^-k in all columns, k = 0 to 6. Among rows that
are drawn from a density, however uneven, on a curve or a surface or in the whole
space, P_k falls at least tenfold with each step, for a cell's mass falls with its
width. Copies that were moved by less than the width stay: P_k stands still. So rows
are near-copies at step k where P_(k+1) >= P_k / 2 with ten occupied cells or more, or
P_(k+2) >= P_k / 2 with three.

Values that lie on a lattice, and rows that differ in noise alone between few states,
can stand still as well. So it is also asked, as for equal rows, how many rows would
have a twin in their cell by coincidence, from the rows that agree everywhere but in a
block of columns (`duplicates`), and near-copies must be likelier.

Grids have random offsets, and rows that share a cell of any of four grids are joined.
The work is a sort per grid, and ends at the first width at which no two rows agree:
for most tables of numbers that is the second.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, HashArray, IntArray
from equipoise.table.fingerprint import directions
from equipoise.table.hashes import (
    column_hashes,
    mix,
    text_hash,
)
from equipoise.table.table import (
    Column,
    Table,
)

STEPS = 7
GRIDS = 4
CELLS = ((1, 10), (2, 3))
"""(steps further, occupied cells) that show that pairs stand still."""
STILL = 0.5
FARTHEST = 1e9


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows in the cells of a grid.

    Attributes:
        width: Of a cell, in units of each column's spread.
        cells: `[rows]` cell numbers from 0.
        sizes: `[cells]` how many rows each cell holds.
    """

    width: float
    cells: IntArray
    sizes: IntArray

    @property
    def pairs(self) -> int:
        """Pairs of rows that share a cell."""
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    @property
    def occupied(self) -> int:
        """Cells that hold several rows."""
        return int(np.count_nonzero(self.sizes > 1))


@dataclass(frozen=True, eq=False)
class Points:
    """Rows as positions, for grids.

    Attributes:
        fixed: `[rows]` digests of what must agree exactly.
        axes: `[rows, axes]` positions in units of spread; NaN where missing.
    """

    fixed: HashArray
    axes: FloatArray

    def grid(self, step: int, offset: int = 0) -> Grid:
        """Return the rows in cells of width 10^-step."""
        cells = self.fixed.copy()
        width = 10.0**-step
        shifts = _shifts(self.axes.shape[1], step, offset)
        for j, shift in enumerate(shifts):
            cells += cell_hashes(self.axes[:, j], width, shift, j)
        _, numbers, sizes = np.unique(cells, return_inverse=True, return_counts=True)
        return Grid(width, numbers.astype(np.int64), sizes.astype(np.int64))


def cell_hashes(
    values: FloatArray, width: float, shift: float, number: int
) -> HashArray:
    """Return a digest of each value's place on a line of cells, `[rows]`."""
    place = np.floor(np.clip(values, -FARTHEST, FARTHEST) / width + shift)
    bits = np.where(np.isnan(place), np.inf, place + 0.0).view(np.uint64)
    return mix(bits ^ mix(np.array([number + 1], np.uint64)))


def standing_still(points: Points) -> int | None:
    """Return the step of the grid in which near-copies lie, or None.

    Args:
        points: Different rows.
    """
    grids: list[Grid] = []
    for step in range(STEPS):
        grids.append(points.grid(step))
        if not grids[-1].pairs:
            return None
        for further, cells in CELLS:
            first = step - further
            if (
                first >= 0
                and grids[step].occupied >= cells
                and grids[step].pairs >= STILL * grids[first].pairs
            ):
                return step
    return None


def united(points: Points, step: int) -> IntArray:
    """Return which rows share a cell of any of the grids, `[rows]` numbers."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = len(points.fixed)
    number = np.arange(rows)
    links, after = [], rows
    for offset in range(GRIDS):
        grid = points.grid(step, offset)
        links.append(after + grid.cells)
        after += len(grid.sizes)
    ends = np.concatenate(links)
    starts = np.tile(number, GRIDS)
    graph = coo_array((np.ones(len(ends), np.int8), (starts, ends)), (after, after))
    labels = connected_components(graph, directed=False)[1][:rows]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def apart(points: Points, together: IntArray) -> float:
    """Return how far rows of one group are apart: the median over neighbours in it.

    Args:
        points: Different rows.
        together: `[rows]` equal numbers for rows of one group.

    Returns:
        The largest distance over the axes, in units of spread.
    """
    order = np.argsort(together, kind="stable")
    same = together[order][1:] == together[order][:-1]
    steps = np.abs(points.axes[order[1:][same]] - points.axes[order[:-1][same]])
    if not steps.size:
        return 0.0
    return float(np.median(np.nan_to_num(steps).max(axis=1)))


def points_of(table: Table) -> Points:
    """Return a table's rows as positions.

    Wide tables are projected: rows that are near in all columns are near in all
    projections.
    """
    if table.fingerprint is not None:
        axes = table.fingerprint.axes
        fixed = np.zeros(len(table), np.uint64)
        if not axes.shape[1]:
            for part in table.fingerprint.parts.T:
                fixed += mix(part)
        return Points(fixed, axes)
    fixed = np.zeros(len(table), np.uint64)
    for column in table.columns:
        if not is_axis(column):
            fixed += plain_hashes(column)
    turn = directions(sum(map(is_axis, table.columns)))
    axes = np.zeros((len(table), turn.shape[1]))
    for j, column in enumerate(filter(is_axis, table.columns)):
        z = positions(column)
        if turn.shape[0] == turn.shape[1]:
            axes[:, j] = z
            continue
        gaps = np.isnan(z)
        if gaps.any():
            fixed += mix(gaps.astype(np.uint64) ^ np.uint64(j + 1))
        axes += np.where(gaps, 0.0, z)[:, None] * turn[j]
    return Points(fixed, axes)


def coarse_hashes(table: Table, step: int) -> list[HashArray]:
    """Return each column's digests on a grid, for the judgement of coincidence."""
    if table.fingerprint is not None:
        axes = table.fingerprint.axes
        shifts = _shifts(axes.shape[1], step)
        return [
            cell_hashes(axes[:, j], 10.0**-step, shift, j)
            for j, shift in enumerate(shifts)
        ]
    shifts = _shifts(len(table.columns), step)
    return [
        cell_hashes(positions(column), 10.0**-step, shift, j)
        if is_axis(column)
        else plain_hashes(column)
        for j, (column, shift) in enumerate(zip(table.columns, shifts, strict=True))
    ]


def _shifts(axes: int, step: int, offset: int = 0) -> list[float]:
    """Return where the cells of each axis begin, in cells."""
    random = generator(offset, "near", step)
    return [float(shift) for shift in random.random((axes,))]


def is_axis(column: Column) -> bool:
    """Return whether a column's values can be near each other."""
    return column.kind in ("numeric", "datetime")


def positions(column: Column) -> FloatArray:
    """Return the values in units of their spread, NaN where missing, `[rows]`."""
    values = np.asarray(column.raw(), np.float64)
    values = np.where(column.missing(), np.nan, values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return values
    middle = float(np.median(finite))
    away = np.abs(finite - middle)
    away = away[away > 0]
    if not away.size:
        return np.where(np.isnan(values), np.nan, 0.0)
    return np.asarray(np.arcsinh((values - middle) / float(np.median(away))))


def plain_hashes(column: Column) -> HashArray:
    """Return digests of texts without case and surplus spaces, of others as they are.

    Example:
        >>> texts = ("New York", " new  york", "York")
        >>> column = Column("city", "categorical", np.arange(3), texts)
        >>> first, second, third = plain_hashes(column)
        >>> bool(first == second), bool(first == third)
        (True, False)
    """
    if column.kind != "categorical":
        return column_hashes(column)
    lookup = _text_hashes(column.name, [plain_text(c) for c in column.categories])
    return np.asarray(lookup[column.values], np.uint64)


def plain_text(text: str) -> str:
    """Return a text without case, surplus spaces and variants of characters."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _text_hashes(name: str, texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    key = np.uint64(text_hash(name))
    lookup = [*(text_hash(text) for text in texts), text_hash("\x00missing")]
    return mix(np.array(lookup, np.uint64) ^ key)
