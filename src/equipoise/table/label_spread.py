# SPDX-License-Identifier: Apache-2.0
"""Spread rows with several labels over parts: each label in its share in every part.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, *On the stratification
of multi-label data*, algorithm 1): of the labels, the one with the fewest rows left is
dealt first, each of its rows to the part that lacks most of that label. What is
different here:

- Rows with the same labels are interchangeable. Of m such rows each part first gets
  the whole number below its share of m; only the rest, fewer than the parts, is dealt
  by the rule. That keeps more than single labels in their shares, and is fast.
- Of a label that most rows have, the rows *without* it are dealt: they are the rare
  ones.
- A part that is full gets no more rows, so that parts of one share differ by at most
  one row. Parts that lack a label equally are told apart by what they lack of the
  row's other labels, then by their room, then by chance.
- Rows of one group are one item with the sum of its rows, and the largest go first.
- If a label is still absent from a part though it has items enough, two items are
  exchanged, as long as that leaves fewer such gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, IntArray

_Counts = npt.NDArray[np.integer]

_NEAR = 1e-9
MOST_GIVEN, MOST_TAKEN = 64, 2048
"""Items that are tried on either side of an exchange."""


def spread_labels(
    y: npt.NDArray[np.integer],
    groups: IntArray | None,
    capacities: FloatArray,
    random: np.random.Generator,
) -> IntArray:
    """Return the part of each row.

    Args:
        y: `[rows, labels]` 1 with a label, 0 without it, -1 if that is unknown.
        groups: `[rows]` equal numbers stay together; None if no two rows must.
        capacities: `[parts]` the share of each part, of sum 1.
        random: Decides between equals.

    Returns:
        `[rows]` part numbers from 0. Without groups a part's size is its share of the
        rows, rounded up or down.

    Example:
        >>> y = np.array([[1, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0, 0]])
        >>> halves = np.array([0.5, 0.5])
        >>> part = spread_labels(y, None, halves, np.random.default_rng(0))
        >>> np.bincount(part).tolist(), sorted(part[y[:, 1] == 1].tolist())
        ([3, 3], [0, 1])
    """
    sides = np.concatenate([y == 1, y == 0], axis=1)
    items, item, sizes = _items(sides, groups)
    capacities = np.asarray(capacities, np.float64)
    dealing = _Dealing(items[:, _rarer(y)], sizes, capacities, random)
    part = dealing.deal()
    _fill_gaps(part, items, sizes, len(capacities), random)
    return part[item]


def _rarer(y: npt.NDArray[np.integer]) -> IntArray:
    """Return which sides are dealt: of each label the rarer; both if some are unknown.

    Returns:
        Columns of (with each label, without each label).
    """
    ones, zeros = (y == 1).sum(axis=0), (y == 0).sum(axis=0)
    partly = ones + zeros < len(y)
    return np.flatnonzero(np.r_[(ones <= zeros) | partly, (ones > zeros) | partly])


def _items(
    sides: BoolArray, groups: IntArray | None
) -> tuple[_Counts, IntArray, IntArray]:
    """Return the items' rows by side `[items, sides]`, each row's item, and sizes."""
    if groups is None:
        rows = len(sides)
        return sides.view(np.int8), np.arange(rows), np.ones(rows, np.int64)
    _, item, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(item, kind="stable")
    starts = np.cumsum(sizes) - sizes
    counts = np.add.reduceat(sides[order].astype(np.int64), starts, axis=0)
    return counts, item, sizes


@dataclass(eq=False)
class _Dealing:
    """Items, what the parts lack, and who has which.

    Attributes:
        counts: `[items, sides]` rows of each side.
        sizes: `[items]` rows.
        capacities: `[parts]` shares of sum 1.
        random: Decides between equals.
    """

    counts: _Counts
    sizes: IntArray
    capacities: FloatArray
    random: np.random.Generator

    def deal(self) -> IntArray:
        """Return the part of each item."""
        # Ties between sides are decided by their order, so it is drawn.
        self.counts = self.counts[:, self.random.permutation(self.counts.shape[1])]
        part = self._whole_shares()
        rest = np.flatnonzero(part < 0)
        totals = self.counts.sum(axis=0)
        parts = len(self.capacities)
        have = _by_part(self.counts, part, parts)
        room = self._quotas() - _by_part(self.sizes, part, parts)
        lacks = self.capacities[:, None] * totals - have
        rest = self.random.permutation(rest)
        self._rarest_first(part, rest, have, lacks, room, 1.0 / np.maximum(totals, 1))
        self._fill(part, room)
        return part

    def _whole_shares(self) -> IntArray:
        """Deal the whole numbers in each part's share of items that are alike."""
        factors = self.random.integers(0, 2**63, self.counts.shape[1] + 1, np.uint64)
        key = self.sizes.astype(np.uint64) * factors[-1]
        for column, factor in zip(self.counts.T, factors, strict=False):
            key += column.astype(np.uint64) * factor
        _, kind, many = np.unique(key, return_inverse=True, return_counts=True)
        bounds = np.cumsum(
            np.floor(many[:, None] * self.capacities + _NEAR).astype(np.int64), axis=1
        )
        order = self.random.permutation(len(kind))
        order = order[np.argsort(kind[order], kind="stable")]
        rank = np.arange(len(kind)) - np.repeat(np.cumsum(many) - many, many)
        reached = np.zeros(len(kind), np.int64)
        for bound in bounds.T:
            reached += bound[kind[order]] <= rank
        part = np.empty(len(kind), np.int64)
        part[order] = np.where(reached < len(self.capacities), reached, -1)
        return part

    def _quotas(self) -> IntArray:
        """Return the rows of each part: shares of all, rounded, with the right sum."""
        exact = self.capacities * self.sizes.sum()
        quotas: IntArray = np.floor(exact + _NEAR).astype(np.int64)
        order = self.random.permutation(len(quotas))
        order = order[np.argsort(-(exact - quotas)[order], kind="stable")]
        quotas[order[: int(self.sizes.sum() - quotas.sum())]] += 1
        return quotas

    def _rarest_first(
        self,
        part: IntArray,
        rest: IntArray,
        have: IntArray,
        lacks: FloatArray,
        room: IntArray,
        rarity: FloatArray,
    ) -> None:
        """Deal all items that have a side, in place."""
        left = self.counts[rest].sum(axis=0)
        while left.any():
            side = int(np.argmin(np.where(left > 0, left, left.max() + 1)))
            waiting = rest[(part[rest] < 0) & (self.counts[rest, side] > 0)]
            waiting = waiting[np.argsort(-self.counts[waiting, side], kind="stable")]
            for done, i in enumerate(waiting):
                counts = self.counts[i]
                k = self._furthest_behind(
                    side, counts, len(waiting) - done, have, lacks, room, rarity
                )
                part[i] = k
                have[k] += counts
                lacks[k] -= counts
                room[k] -= self.sizes[i]
                left -= counts

    def _furthest_behind(
        self,
        side: int,
        counts: _Counts,
        waiting: int,
        have: IntArray,
        lacks: FloatArray,
        room: IntArray,
        rarity: FloatArray,
    ) -> int:
        """Return the part that an item of a side goes to."""
        open_parts = room > 0
        empty = open_parts & (have[:, side] == 0)
        if 0 < waiting <= np.count_nonzero(empty):
            open_parts = empty  # or these stay empty
        parts = np.flatnonzero(open_parts)
        parts = _highest(parts, lacks[parts, side])
        if len(parts) > 1:
            sides = np.flatnonzero(counts)
            parts = _highest(parts, lacks[np.ix_(parts, sides)] @ rarity[sides])
        if len(parts) > 1:
            parts = _highest(parts, room[parts])
        return int(parts[0] if len(parts) == 1 else self.random.choice(parts))

    def _fill(self, part: IntArray, room: IntArray) -> None:
        """Deal the items without a side to where there is room, in place."""
        waiting = self.random.permutation(np.flatnonzero(part < 0))
        if (self.sizes[waiting] == 1).all() and (room >= 0).all():
            part[waiting] = np.repeat(np.arange(len(room)), room)
            return
        for i in waiting[np.argsort(-self.sizes[waiting], kind="stable")]:
            k = int(np.argmax(room))
            part[i] = k
            room[k] -= self.sizes[i]


def _by_part(values: _Counts, part: IntArray, parts: int) -> IntArray:
    """Return the sums over the items of each part, `[parts, ...]`."""
    return np.stack(
        [values[part == k].sum(axis=0, dtype=np.int64) for k in range(parts)]
    )


def _highest(parts: IntArray, values: npt.NDArray[np.number]) -> IntArray:
    """Return the parts whose value is the highest, within rounding."""
    return np.asarray(parts[values >= values.max() - _NEAR])


def _fill_gaps(
    part: IntArray,
    items: _Counts,
    sizes: IntArray,
    parts: int,
    random: np.random.Generator,
) -> None:
    """Exchange items, in place, until no side with items enough is absent from a part.

    Args:
        part: `[items]`.
        items: `[items, sides]` rows of each side of every label.
        sizes: `[items]` rows.
        parts: The number of parts.
        random: Decides which items are tried.
    """
    enough = np.flatnonzero((items > 0).sum(axis=0) >= parts)
    counts = items[:, enough]
    have = _by_part(counts, part, parts)
    hopeless: set[tuple[int, int]] = set()
    while True:
        gaps = [(int(k), int(j)) for k, j in np.argwhere(have == 0)]
        gap = next((gap for gap in gaps if gap not in hopeless), None)
        if gap is None:
            return
        exchange = _best_exchange(gap, part, counts, sizes, have, random)
        if exchange is None:
            hopeless.add(gap)
            continue
        giver, taker = exchange
        k, donor = part[taker], part[giver]
        change = counts[giver] - counts[taker]
        have[k] += change
        have[donor] -= change
        part[giver], part[taker] = k, donor


def _best_exchange(
    gap: tuple[int, int],
    part: IntArray,
    counts: _Counts,
    sizes: IntArray,
    have: IntArray,
    random: np.random.Generator,
) -> tuple[int, int] | None:
    """Return an item with the absent side and one of the part that lacks it, or None.

    Of the exchanges that leave the fewest gaps, the one that changes sizes least.
    """
    k, side = gap
    givers = np.flatnonzero((counts[:, side] > 0) & (part != k))
    takers = np.flatnonzero(part == k)
    if not len(takers):
        return None
    givers = random.permutation(givers)[:MOST_GIVEN]
    takers = random.permutation(takers)[:MOST_TAKEN]
    best, exchange = (0, 0), None
    for giver in givers:
        donor = part[giver]
        change = counts[giver] - counts[takers]
        fewer = (
            np.count_nonzero(have[[k, donor]] == 0)
            - np.count_nonzero(have[k] + change == 0, axis=1)
            - np.count_nonzero(have[donor] - change == 0, axis=1)
        )
        moved = np.abs(sizes[giver] - sizes[takers])
        order = np.lexsort((moved, -fewer))
        first = int(order[0])
        value = (int(fewer[first]), -int(moved[first]))
        if fewer[first] > 0 and value > best:
            best, exchange = value, (int(giver), int(takers[first]))
        if best[0] and not best[1]:
            break
    return exchange
