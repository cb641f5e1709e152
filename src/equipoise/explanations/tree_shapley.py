# SPDX-License-Identifier: Apache-2.0
"""Exact Shapley values of sums of trees, against background rows.

The worth of some columns is the mean score of rows that have them from the row that is
explained and the others from a background row (the interventional value: Janzing,
Minorics and Bloebaum 2020). A tree is a sum over its leaves. Whether a mixed row
reaches a leaf depends, for each column on the path, on two answers: whether the row
passes all questions about it, and whether the background row does. So a leaf is worth
something only to the columns on which just one of the two passes, by a closed form
(Lundberg et al. 2020, algorithm 3), and what a row gets from a leaf depends on nothing
but the pattern of its answers. The patterns of all background rows are counted once
per leaf; the time does not grow with rows times background rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.learners.trees.forest import Forest

MOST_IN_TABLES = 7
"""Up to so many columns on a path, the worth of every pattern is put in a table."""
MOST_ON_A_PATH = 62
"""A pattern of answers is one integer of 64 bits."""
CELLS = 4_000_000
"""Rows times nodes that are worked on at once, 32 MB."""


def forest_shapley(
    forest: Forest,
    matrix: FloatArray,
    background: FloatArray,
    players: IntArray,
    count: int,
) -> FloatArray:
    """Return what each column adds to the sum of some trees, row by row.

    Args:
        forest: The trees.
        matrix: `[rows, matrix columns]`, as `Forest.raw` takes it.
        background: `[background rows, matrix columns]`, one row or more.
        players: `[matrix columns]` the number of the source column of each.
        count: How many source columns there are.

    Returns:
        `[rows, count]`: they add up to the sum of the row less the mean sum of the
        background rows.

    Example:
        >>> from equipoise.learners.trees.forest import constant_forest
        >>> x = np.zeros((2, 1))
        >>> forest_shapley(constant_forest(3.0), x, x, np.array([0]), 1).tolist()
        [[0.0], [0.0]]

    References:
        Lundberg et al. (2020), From local explanations to global understanding with
        explainable AI for trees, Nature Machine Intelligence 2; Janzing, Minorics and
        Bloebaum (2020), Feature relevance quantification in explainable AI, AISTATS.
    """
    paths = _Paths.of(forest, players, count)
    reference = paths.patterns(background)
    groups = [
        _LeafGroup.of(paths, leaves, reference[:, leaves], forest.value[leaves])
        for leaves in paths.by_length()
    ]
    result = np.zeros((len(matrix), count))
    block = max(1, CELLS // max(1, len(forest.value)))
    for start in range(0, len(matrix), block):
        answers = paths.patterns(matrix[start : start + block])
        for group in groups:
            group.add(answers[:, group.leaves], result[start : start + block])
    return result


def longest_path(forest: Forest, players: IntArray, count: int) -> int:
    """Return how many source columns a path asks about at most.

    Args:
        forest: The trees.
        players: `[matrix columns]` the number of the source column of each.
        count: How many source columns there are.
    """
    return int(_Paths.of(forest, players, count).length.max(initial=0))


@dataclass(frozen=True, eq=False)
class _Paths:
    """The questions that lead to each node.

    Attributes:
        forest: The trees.
        levels: By depth, the inner nodes.
        bit: `[nodes]` of an inner node, which bit of a pattern its column has below.
        place: `[nodes, players]` the bit of each column on the way to the node, or -1.
        length: `[nodes]` how many columns are on the way.
    """

    forest: Forest
    levels: tuple[IntArray, ...]
    bit: IntArray
    place: npt.NDArray[np.int8]
    length: IntArray

    @classmethod
    def of(cls, forest: Forest, players: IntArray, count: int) -> _Paths:
        nodes = len(forest.value)
        itself = np.arange(nodes)
        inner = (forest.left != itself) | (forest.right != itself)
        place = np.full((nodes, count), -1, np.int8)
        length, bit = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
        levels = []
        level = np.asarray(forest.roots, np.int64)
        while (level := level[inner[level]]).size:
            levels.append(level)
            player = players[forest.feature[level]]
            before = place[level, player].astype(np.int64)
            new = before < 0
            bit[level] = np.where(new, length[level], before)
            for child in (forest.left[level], forest.right[level]):
                place[child] = place[level]
                place[child, player] = bit[level]
                length[child] = length[level] + new
            level = np.concatenate([forest.left[level], forest.right[level]])
        return cls(forest, tuple(levels), bit, place, length)

    def patterns(self, matrix: FloatArray) -> npt.NDArray[np.int64]:
        """Return which columns keep each row from each node, `[rows, nodes]` bits."""
        made = np.zeros((len(matrix), len(self.forest.value)), np.int64)
        for level in self.levels:
            left = _goes_left(self.forest, matrix, level).astype(np.int64)
            bit, so_far = self.bit[level], made[:, level]
            made[:, self.forest.left[level]] = so_far | ((1 - left) << bit)
            made[:, self.forest.right[level]] = so_far | (left << bit)
        return made

    def by_length(self) -> list[IntArray]:
        """Return the leaves that add something, by the number of columns before."""
        itself = np.arange(len(self.forest.value))
        leaf = (self.forest.left == itself) & (self.forest.right == itself)
        leaf &= (self.length > 0) & (self.forest.value != 0)
        return [
            np.flatnonzero(leaf & (self.length == length))
            for length in np.unique(self.length[leaf]).tolist()
        ]


def _goes_left(forest: Forest, matrix: FloatArray, nodes: IntArray) -> BoolArray:
    """Return `[rows, nodes]` whether a row goes left at each inner node."""
    x = matrix[:, forest.feature[nodes]]
    left = x <= forest.threshold[nodes]
    subset = forest.subset[nodes]
    chosen = np.flatnonzero(subset >= 0)
    if chosen.size:
        codes = np.where(np.isnan(x[:, chosen]), 0, x[:, chosen]).astype(np.int64)
        left[:, chosen] = forest.subsets[subset[chosen], codes]
    return np.where(np.isnan(x), forest.missing_left[nodes], left)


@dataclass(frozen=True, eq=False)
class _LeafGroup:
    """Leaves with equally many columns on their paths.

    Attributes:
        leaves: Their nodes.
        value: `[leaves]` what each adds.
        starts: Where each column begins among the columns of all leaves, sorted.
        order: `[leaves * length]` their order.
        columns: The columns that occur.
        table: `[leaves, patterns, length]` what a pattern gets; None if too large.
        reference: `[background rows, leaves]` patterns.
    """

    leaves: IntArray
    value: FloatArray
    starts: IntArray
    order: IntArray
    columns: IntArray
    table: FloatArray | None
    reference: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls,
        paths: _Paths,
        leaves: IntArray,
        reference: npt.NDArray[np.int64],
        value: FloatArray,
    ) -> _LeafGroup:
        length = int(paths.length[leaves[0]])
        place = paths.place[leaves]
        # The columns of each leaf in the order of their bits.
        column = np.argsort(np.where(place < 0, 127, place), axis=1, kind="stable")
        flat = column[:, :length].ravel()
        order = np.argsort(flat, kind="stable")
        columns, starts = np.unique(flat[order], return_index=True)
        table = None
        if length <= MOST_IN_TABLES:
            size = 1 << length
            cell = reference + size * np.arange(len(leaves))
            counts = np.bincount(cell.ravel(), minlength=size * len(leaves))
            share = counts.reshape(len(leaves), size) / len(reference)
            worth = pattern_worths(length)
            table = (share @ worth.reshape(size, -1)).reshape(-1, size, length)
            table = table * value[:, None, None]
        return cls(leaves, value, starts, order, columns, table, reference)

    def add(self, answers: npt.NDArray[np.int64], result: FloatArray) -> None:
        """Add what the leaves give to some rows.

        Args:
            answers: `[rows, leaves]` patterns of the rows.
            result: `[rows, players]`, which is changed.
        """
        if self.table is not None:
            each = self.table[np.arange(len(self.leaves)), answers]
        else:
            each = self._by_pairs(answers)
        flat = each.reshape(len(answers), -1)[:, self.order]
        result[:, self.columns] += np.add.reduceat(flat, self.starts, axis=1)

    def _by_pairs(self, answers: npt.NDArray[np.int64]) -> FloatArray:
        """Return `[rows, leaves, length]`, from each background row in turn."""
        length = len(self.order) // len(self.leaves)
        bits = np.arange(length)
        gains, losses = _pair_worths(length)
        failed = (answers[..., None] >> bits) & 1
        row_fails = failed.sum(axis=-1)
        total = np.zeros(failed.shape)
        for other in self.reference:
            needed = (other[:, None] >> bits) & 1
            reached = (answers & other) == 0
            other_fails = np.broadcast_to(needed.sum(axis=-1), reached.shape)
            gain = np.where(reached, gains[row_fails, other_fails], 0.0)
            loss = np.where(reached, losses[row_fails, other_fails], 0.0)
            total += gain[..., None] * needed - loss[..., None] * failed
        return total * (self.value / len(self.reference))[:, None]


@cache
def _pair_worths(length: int) -> tuple[FloatArray, FloatArray]:
    """Return what a leaf of value 1 gives to a column, `[length + 1, length + 1]`.

    Of a row that fails at m columns and a background row that fails at k others: what
    each of the k gets, which need the row, and what each of the m loses, which need
    the background row.
    """
    gains = np.zeros((length + 1, length + 1))
    losses = np.zeros((length + 1, length + 1))
    for m in range(length + 1):
        for k in range(length + 1 - m):
            if k:
                gains[m, k] = 1 / (k * math.comb(m + k, k))
            if m:
                losses[m, k] = 1 / (m * math.comb(m + k, m))
    return gains, losses


@cache
def pattern_worths(length: int) -> FloatArray:
    """Return what a leaf of value 1 gives, by the patterns of both rows.

    Args:
        length: How many columns are on the path.

    Returns:
        `[background patterns, row patterns, length]`. A bit of a pattern says that
        the column keeps the row from the leaf.

    Example:
        >>> worths = pattern_worths(1)
        >>> worths[1, 0, 0], worths[0, 1, 0]  # only the row, only the other, reaches it
        (np.float64(1.0), np.float64(-1.0))
    """
    size = 1 << length
    patterns = np.arange(size)
    bits = (patterns[:, None] >> np.arange(length)) & 1
    fails = bits.sum(axis=1)
    gains, losses = _pair_worths(length)
    other, row = patterns[:, None], patterns[None, :]
    reached = (other & row) == 0
    gain = np.where(reached, gains[fails[None, :], fails[:, None]], 0.0)
    loss = np.where(reached, losses[fails[None, :], fails[:, None]], 0.0)
    return np.asarray(
        gain[..., None] * bits[:, None, :] - loss[..., None] * bits[None, :, :]
    )
