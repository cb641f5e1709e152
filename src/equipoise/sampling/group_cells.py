# SPDX-License-Identifier: Apache-2.0
"""Groups of rows, drawn at equal or stated shares, and the classes within each.

Groups that have rows of the same classes are drawn together: they take turns within
each class, so thousands of groups cost hardly more than two. A group whose share is
stated is drawn alone. What a group lacks is drawn of its other classes, so that each
group has its share, whatever classes it has; or, if the classes are to have their
shares (`class_cells`), of other groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, Int32Array, IntArray
from equipoise.errors import UnsupportedError
from equipoise.sampling.classes import Classes, SharedClasses
from equipoise.sampling.label_groups import rows_by_number
from equipoise.sampling.sampler import quotas_of
from equipoise.sampling.streams import permutations

WITHIN = ("own", "natural", "balanced")
"""Which shares the classes have within a group: as there, as in all rows, or equal."""

MOST_CELLS = 2_000
"""Each cell takes a stream of its own, and a millisecond per draw."""


@dataclass(frozen=True, eq=False)
class GroupCells(SharedClasses):
    """Rows that are drawn together, of which the groups take turns.

    Attributes:
        numbers: `[rows]` the number of each row's group.
    """

    numbers: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def stream(self, group: int, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positions of a cell from its endless stream.

        Each group comes once per turn, in another order, and each goes through its
        rows of the cell one by one.

        Args:
            group: The number of the cell.
            start: The first place of its stream.
            count: How many places.
            seed: The seed.
        """
        rows = self.groups[group]
        if not count:
            return rows[:0]
        random = generator(seed, "rows of groups", group)
        rows = rows[random.permutation(len(rows))]
        number, sizes = _turns(self.numbers[rows])
        rows = rows[np.argsort(number, kind="stable")]
        first = np.cumsum(sizes) - sizes
        turn = np.arange(start, start + count) // len(sizes)
        which = permutations(len(sizes), start, count, seed, "groups", group)
        return np.asarray(rows[first[which] + turn % sizes[which]], np.int32)

    def rates(self) -> FloatArray:
        """Return how often each row is drawn, over how often it would be naturally."""
        result, total = np.zeros(len(self)), sum(self.quotas)
        for rows, quota in zip(self.groups, self.quotas, strict=True):
            if not len(rows):
                continue
            number, sizes = _turns(self.numbers[rows])
            each = quota / total * len(self) / len(sizes)
            result[rows] = each / sizes[number]
        return result


def class_cells(classes: Classes, numbers: IntArray, within: str) -> GroupCells:
    """Return the rows of each class, in each of which groups are drawn alike.

    The classes have their shares, and a group without rows of one leaves its draws of
    it to the groups that have some.

    Args:
        classes: Where the rows of each class are.
        numbers: `[rows]` the group of each row.
        within: "natural" or "balanced".
    """
    totals = classes.totals
    quotas = totals if within == "natural" else [int(total > 0) for total in totals]
    return GroupCells(classes.groups, tuple(quotas), len(numbers), numbers)


def group_cells(
    classes: Classes, numbers: IntArray, shares: Mapping[int, float], within: str
) -> GroupCells:
    """Return the rows that are drawn together, with the shares to draw them at.

    Each group has its share. If it lacks a class, its draws go to those that it has.

    Args:
        classes: Where the rows of each class are.
        numbers: `[rows]` the group of each row.
        shares: By group the share of the draws that is stated, above 0; the other
            groups share out what is left of 1 alike. If none is left over, or no other
            group has rows, the stated ones keep their ratios.
        within: One of `WITHIN`.

    Raises:
        UnsupportedError: There are more than `MOST_CELLS`.
    """
    distinct, group = np.unique(numbers, return_inverse=True)
    share, stated = _shares_of(distinct, shares)
    if within == "own":
        there = np.ones((len(distinct), 1), bool)
        class_of = np.zeros(len(group), np.int64)
        target = np.ones(1)
    else:
        class_of = _class_of(classes)
        there = classes_of_groups(classes, group)
        target = (
            np.array(classes.totals, np.float64)
            if within == "natural"
            else np.ones(len(classes.groups))
        )
    kind = _kinds(there, stated)
    first = np.unique(kind, return_index=True)[1]
    of_class = there[first] * target
    of_class /= of_class.sum(axis=1, keepdims=True)
    quotas = np.bincount(kind, share)[:, None] * of_class
    if np.count_nonzero(quotas) > MOST_CELLS:
        raise UnsupportedError(
            sentence(
                f"classes={within!r} for groups that have "
                f"{np.count_nonzero(quotas):,} different combinations of a share and "
                "of classes",
                f"at most {MOST_CELLS:,} combinations",
                "Use classes='own', and shares of few groups; weights='balanced' "
                "weighs the classes.",
            )
        )
    key, cell = np.unique(kind[group] * len(target) + class_of, return_inverse=True)
    return GroupCells(
        rows_by_number(cell, len(key)),
        tuple(quotas_of(quotas.ravel()[key].tolist())),
        len(group),
        group,
    )


def classes_of_groups(classes: Classes, numbers: IntArray) -> BoolArray:
    """Return which groups have rows of which classes, `[groups, classes]`.

    Args:
        classes: Where the rows of each class are.
        numbers: `[rows]` the number of each row's group, from 0 without gaps.

    Example:
        >>> there = classes_of_groups(Classes.of([0, 1, 0]), np.array([0, 0, 1]))
        >>> there.tolist()
        [[True, True], [True, False]]
    """
    there = np.zeros((int(numbers.max()) + 1, len(classes.groups)), bool)
    for place, rows in enumerate(classes.groups):
        there[numbers[rows], place] = True
    return there


def _class_of(classes: Classes) -> IntArray:
    """Return the number of each row's class."""
    numbers = np.zeros(len(classes), np.int64)
    for place, rows in enumerate(classes.groups):
        numbers[rows] = place
    return numbers


def _shares_of(
    distinct: IntArray, shares: Mapping[int, float]
) -> tuple[FloatArray, BoolArray]:
    """Return the share of each group that has rows, and whether it is stated."""
    stated = np.isin(distinct, list(shares))
    share = np.array([shares.get(number, 0.0) for number in distinct.tolist()])
    others = np.count_nonzero(~stated)
    if others:
        left = max(0.0, 1.0 - sum(shares.values()))
        share[~stated] = left / others
    return share / share.sum(), stated


def _kinds(there: BoolArray, stated: BoolArray) -> IntArray:
    """Return which groups are drawn together, as numbers from 0 without gaps."""
    packed = np.packbits(there, axis=1)
    kind = np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1)
    kind[stated] = len(kind) + np.arange(np.count_nonzero(stated))
    return np.asarray(np.unique(kind, return_inverse=True)[1], np.int64)


def _turns(groups: IntArray) -> tuple[IntArray, IntArray]:
    """Return the number of each row's group among those here, and their sizes."""
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return number, sizes
