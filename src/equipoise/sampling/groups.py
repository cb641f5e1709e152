# SPDX-License-Identifier: Apache-2.0
"""Batches in which each group of rows counts equally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import one_of, sentence
from equipoise._core.options import Setting
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, Int32Array, IntArray
from equipoise.errors import InputError
from equipoise.sampling.balanced import present
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.sampler import Sampler, natural_prior, quota_shares
from equipoise.sampling.streams import permutations
from equipoise.task import TASK_KINDS


@dataclass(frozen=True, eq=False)
class GroupBalanced(Sampler):
    """Draw each group of a class equally often, however many rows it has.

    A patient with a thousand images then counts as much as one with ten. The classes
    have their natural shares, or equal ones; within a class its groups take turns, each
    once per turn in another order, and each goes through its rows of the class one by
    one. It draws from the rows that it is given: whether a group is in two parts of a
    split is decided there.

    Within a class groups are drawn at other rates than they occur, which no shift of
    the log-odds undoes. Weigh the rows by `importance`, or calibrate.

    Attributes:
        groups: `[rows]` the group of each row: numbers or texts.
        classes: "natural" or "balanced" shares of the classes.

    Raises:
        InputError: A group is missing, or `classes` is neither.

    Example:
        >>> sampler = GroupBalanced(["a", "a", "a", "b"])
        >>> draw = sampler.draw([0, 0, 0, 0], batch=4, steps=1, seed=0, epoch=0)
        >>> draw.index[0].tolist().count(3)
        2
    """

    groups: Any = field(repr=False)
    classes: str = "natural"

    name: ClassVar[str] = "groups"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    repeats_positives: ClassVar[bool] = True
    obstacle: ClassVar[str] = "groups are drawn at other rates within a class"

    def __post_init__(self) -> None:
        one_of(self.classes, ("natural", "balanced"), "classes")
        numbers = group_numbers(self.groups, len(self.groups), "groups")
        object.__setattr__(self, "groups", numbers)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return nothing: groups cannot be options of a strategy."""
        return {}

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares of the classes."""
        if self.classes == "natural":
            return natural_prior(totals)
        return quota_shares(present(totals))

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return where the classes are.

        Raises:
            InputError: There are not as many labels as groups.
        """
        where = super().grouped(labels, classes)
        if len(where) != len(self.groups):
            raise InputError(
                sentence(
                    f"{len(where):,} labels and the groups of "
                    f"{len(self.groups):,} rows",
                    "a group for each row",
                )
            )
        return where

    def rates(self, labels: npt.ArrayLike, classes: int | None = None) -> FloatArray:
        """Return how often each row is drawn, over how often it would be naturally.

        Args:
            labels: As in `draw`.
            classes: As in `draw`.

        Returns:
            `[rows]` above 0, with mean 1.

        Example:
            >>> GroupBalanced([7, 7, 7, 8]).rates([0, 0, 0, 0]).round(3).tolist()
            [0.667, 0.667, 0.667, 2.0]
        """
        result = super().rates(labels, classes)
        for rows in self.grouped(labels, classes).groups:
            if len(rows):
                number, sizes = _turns(self.groups[rows])
                result[rows] *= len(rows) / (len(sizes) * sizes[number])
        return result

    def describe(self) -> str:
        """Return what it does."""
        return f"with each group alike in every class, the classes {self.classes}"

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        quotas = (
            classes.totals if self.classes == "natural" else present(classes.totals)
        )
        streams = _GroupStreams(classes.groups, self.groups)
        return interleaved_classes(streams, quotas, start=start, count=count, seed=seed)


@dataclass(frozen=True, eq=False)
class _GroupStreams(Classes):
    """Classes whose streams take the groups in turn.

    Attributes:
        numbers: `[rows]` the number of each row's group.
    """

    numbers: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def stream(self, group: int, start: int, count: int, seed: int) -> Int32Array:
        """Return `count` positions of a class from its endless stream."""
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


def _turns(groups: IntArray) -> tuple[IntArray, IntArray]:
    """Return the number of each row's group among those here, and their sizes."""
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return number, sizes
