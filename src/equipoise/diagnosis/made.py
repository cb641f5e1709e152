# SPDX-License-Identifier: Apache-2.0
"""Rows that were computed from others, by SMOTE or a relative, before you got the file.

SMOTE puts a row on the line between a row of the rare class and one of its nearest
neighbours, x = a + u (b - a) with u at random. So do its variants (borderline, SVM and
k-means SMOTE, ADASYN), of numbers also where categories are voted on (SMOTENC), and a
change of a column's scale leaves lines straight.

**Lines.** Of up to 300 rows of a class, the directions to the 40 nearest rows of that
class are compared: the smallest angle, in either sense, between two of them. F(t) is
the share of rows whose smallest angle is below t. In a density of two or more
dimensions F falls tenfold and more as t does; rows that were put on lines are at an
angle of 0 up to rounding, and F stands still. Lattices (integers, categories written as
numbers) have straight lines too, on which distances are in the ratio of small whole
numbers: such pairs do not count, nor do pairs of which only one column differs.
Of few dimensions, two directions are soon nearly the same: an angle counts only where
accident explains it in fewer than one row of 20. The other class is the yardstick: if
its rows come from the same kind of table, they lie on lines as often.

**Fractions.** A column that is whole in every row of one class and not in the other,
where both have the same range, is a count that was averaged.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.columns import pick
from equipoise.table.fingerprint import directions
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table, class_counts

QUERIES = 300
NEIGHBOURS = 40
POOL = 60_000
FEWEST = 12
"""A class with fewer distinct rows is not examined."""
ANGLES = tuple(10.0**-k for k in range(7, 0, -1))
"""Radians, the smallest first."""
MOST = 1.1
"""A class that is larger than so many times the other has no added rows."""
LEAST = 0.1
"""The share of rows on lines that is reported, if the lines are exact."""
ROUNDED = 0.15
"""The same share if rounding must be allowed for."""
EXACT = 1e-5
LARGEST = 24
"""Ratios of whole numbers up to this are those of a lattice."""
SIMPLE = 1e-6
HITS = 5
FEW_VALUES = 20
SAME = 0.98
"""Directions with a larger cosine count once."""
TREE_DIMENSIONS = 10
"""In more dimensions a search tree visits nearly all rows, and is slower."""
BLOCK = 1 << 19
"""Distances that are in memory at once."""
CHANCE = 0.05
"""The share of rows that may have a line by accident."""


@dataclass(frozen=True)
class Made:
    """Rows of one class that were computed from others.

    Attributes:
        label: Their class, 0 or 1.
        share: The share of that class's rows that lie on a line with two others of
            it; 0 where fractions tell alone.
        others: The same share of the other class.
        angle: Up to what angle lines are straight, in radians.
        fractions: Columns that are whole in the other class and not in this one.
    """

    label: int
    share: float
    others: float
    angle: float
    fractions: tuple[str, ...]


def made_rows(table: Table, seed: int = 0) -> Made | None:
    """Return what shows that rows of a class were computed from others, or None.

    Args:
        table: A binary table.
        seed: Of the rows that are searched.
    """
    lines = [_angles(_points(table, label), seed) for label in (0, 1)]
    sizes = np.bincount(table.labels(), minlength=2)
    for label in (1, 0):
        if sizes[label] > MOST * sizes[1 - label]:
            continue  # over-sampling fills the smaller class up
        on_lines = _on_lines(lines[label], lines[1 - label])
        fractions = _fractions(table, label)
        if on_lines is not None or fractions:
            share, others, angle = on_lines or (0.0, 0.0, 0.0)
            return Made(label, share, others, angle, fractions)
    return None


def _points(table: Table, label: int) -> FloatArray:
    """Return distinct rows of one class, without gaps, as points.

    Columns of few values are left out: between them rows differ by whole steps, which
    makes lines of what has one free dimension.
    """
    rows = np.flatnonzero(table.labels() == label)
    _, first = np.unique(row_hashes(table)[rows], return_index=True)
    rows = pick(np.sort(rows[first]), POOL, generator(0, "made", "pool"))
    columns = []
    for column in table.columns:
        if column.kind != "numeric":
            continue
        values = column.values[rows]
        finite = values[np.isfinite(values)]
        if len(finite) and len(np.unique(finite)) > FEW_VALUES:
            values = values / np.abs(finite).max()  # so that no square overflows
            finite = values[np.isfinite(values)]
            columns.append((values - finite.mean()) / finite.std())
    if not columns:
        return np.empty((len(rows), 0))
    points = np.stack(columns, 1)
    points = points[np.isfinite(points).all(1)]
    turn = directions(points.shape[1])
    turned = points if turn.shape[0] == turn.shape[1] else points @ turn
    return np.asarray(turned, np.float64)


def _angles(points: FloatArray, seed: int) -> FloatArray:
    """Return the smallest angle between directions to two neighbours, `[queries]`."""
    if len(points) < FEWEST or points.shape[1] < 2:
        return np.empty(0)
    random = generator(seed, "made", "queries", len(points))
    asked = pick(np.arange(len(points)), QUERIES, random)
    count = min(NEIGHBOURS, len(points) - 1)
    each = zip(asked, _nearest(points, asked, count + 1), strict=True)
    return np.array([_smallest(points[rows] - points[i]) for i, rows in each])


def _nearest(points: FloatArray, asked: IntArray, count: int) -> IntArray:
    """Return the nearest rows of some rows, themselves among them, `[asked, count]`."""
    if points.shape[1] <= TREE_DIMENSIONS:
        from scipy.spatial import KDTree

        return np.asarray(KDTree(points).query(points[asked], count)[1], np.int64)
    from scipy.spatial.distance import cdist

    blocks = np.array_split(asked, max(1, len(asked) * len(points) // BLOCK))
    return np.concatenate(
        [
            # A copy: a view would keep the order of all points.
            np.argpartition(cdist(points[block], points), count - 1)[:, :count].copy()
            for block in blocks
        ]
    )


def _smallest(away: FloatArray) -> float:
    """Return the smallest angle between two of the steps to a row's neighbours."""
    length = np.sqrt((away**2).sum(1))
    away, length = away[length > 0], length[length > 0]
    moving = (np.abs(away) > 1e-9 * length[:, None]).sum(1) > 1
    away, length = away[moving], length[moving]
    if len(away) < 2:
        return np.inf
    unit = away / length[:, None]
    cosine = unit @ unit.T
    i, j = np.triu_indices(len(unit), 1)
    straight = np.abs(cosine[i, j])
    best = np.inf
    for k in np.argsort(-straight)[:8]:
        # The sine from the difference keeps the digits that 1 - cosine^2 loses.
        sign = np.sign(cosine[i[k], j[k]])
        gap = float(np.sqrt(((unit[i[k]] - sign * unit[j[k]]) ** 2).sum()))
        if gap < best and not _simple(length[i[k]] / length[j[k]]):
            best = gap
    return best if best < ANGLES[-1] and best < _telling(unit) else np.inf


def _telling(unit: FloatArray) -> float:
    """Return the angle below which two directions hardly ever come to lie.

    Among P pairs of directions that are spread over D dimensions, about P t^(D - 1)
    have an angle below t. D is the participation ratio of their covariance.

    Args:
        unit: `[neighbours, axes]` directions of length 1.
    """
    same = np.abs(unit @ unit.T) >= SAME
    apart: list[int] = []  # many neighbours on one line are one direction
    for i in range(len(unit)):
        if not same[i, apart].any():
            apart.append(i)
    thinned = unit[apart]
    spread = np.linalg.eigvalsh(thinned.T @ thinned)
    dimensions = float(spread.sum() ** 2 / np.sum(spread**2))
    pairs = len(unit) * (len(unit) - 1) / 2
    if dimensions <= 1.05:
        return 0.0
    return float((CHANCE / pairs) ** (1 / (dimensions - 1)))


def _simple(ratio: float) -> bool:
    """Return whether a ratio is one of small whole numbers."""
    below = np.arange(1, LARGEST + 1)
    ratio = min(ratio, 1 / ratio)
    away = np.abs(ratio * below - np.round(ratio * below))
    return bool((away < SIMPLE * below).any())


def _on_lines(
    angles: FloatArray, other: FloatArray
) -> tuple[float, float, float] | None:
    """Return the shares on lines and the angle at which the share stands still."""
    if len(angles) < FEWEST:
        return None
    for smaller, larger in itertools.pairwise(ANGLES):
        share, wider = float(np.mean(angles < smaller)), float(np.mean(angles < larger))
        others = float(np.mean(other < smaller)) if len(other) else 0.0
        least = LEAST if smaller <= EXACT else ROUNDED
        still = share * len(angles) >= HITS and share >= max(least, 0.5 * wider)
        if still and others <= share / 4:
            return share, others, smaller
    return None


def _fractions(table: Table, label: int) -> tuple[str, ...]:
    """Return the columns that are whole in the other class and not in this one."""
    averaged = []
    for column in table.columns:
        if column.kind != "numeric":
            continue
        values = column.values[table.labels() == label]
        other = column.values[table.labels() != label]
        values, other = values[np.isfinite(values)], other[np.isfinite(other)]
        if min(len(values), len(other)) < FEWEST or len(np.unique(other)) < 2:
            continue
        broken = values != np.round(values)
        inside = (values >= other.min()) & (values <= other.max())
        if (other == np.round(other)).all() and np.mean(broken & inside) >= LEAST:
            averaged.append(column.name)
    # One such column may be an accident of how the classes were recorded.
    negatives, positives = class_counts(table.labels())
    equal = positives == negatives
    return tuple(averaged) if len(averaged) > 1 or (averaged and equal) else ()
