# SPDX-License-Identifier: Apache-2.0
"""Batches in which each group of rows counts equally, or at a share that is stated."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import listing, nearest, number, one_of, sentence
from equipoise._core.numerals import exact
from equipoise._core.options import Setting
from equipoise._core.types import FloatArray, Int32Array
from equipoise.errors import InputError, InputTypeError
from equipoise.sampling.balanced import present
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.group_cells import (
    WITHIN,
    GroupCells,
    class_cells,
    group_cells,
)
from equipoise.sampling.proportions import TOLERANCE
from equipoise.sampling.sampler import Sampler, natural_prior, quota_shares
from equipoise.task import TASK_KINDS

MOST_SHOWN = 8


@dataclass(frozen=True, eq=False)
class GroupBalanced(Sampler):
    """Draw each group of rows equally often, or at a share that you state.

    A patient with a thousand images then counts as much as one with ten. The classes
    have the shares of all rows or equal ones, and within a class the groups that have
    rows of it take turns, each once per turn in another order; each goes through its
    rows of the class one by one. If shares are stated, each group has its share: a
    group without rows of a class gives its draws to the classes that it has. It draws
    from the rows that it is given: whether a group is in two parts of a split is
    decided there.

    Within a class groups are drawn at other rates than they occur, which no shift of
    the log-odds undoes. Weigh the rows by `importance`, or calibrate. In a trial
    `ByGroup` names a column in place of the groups.

    Attributes:
        groups: `[rows]` the group of each row: numbers or texts.
        classes: Which shares the classes have: "natural" (those of all rows),
            "balanced" (equal ones) or "own" (those of each group: its rows are drawn
            alike). Rows of a label matrix are in classes by their rarest label.
        shares: The share of the draws by group, each strictly between 0 and 1; groups
            without one share out what is left of 1 alike. None for equal shares.

    Raises:
        InputTypeError: A share is not a number.
        InputError: A group is missing, `classes` is none of these, a share is out of
            range or of no group, or the sum of the shares is.

    Example:
        >>> sampler = GroupBalanced(["a", "a", "a", "b"])
        >>> draw = sampler.draw([0, 0, 0, 0], batch=4, steps=1, seed=0, epoch=0)
        >>> draw.index[0].tolist().count(3)
        2
        >>> sampler = GroupBalanced(["a", "a", "a", "b"], shares={"a": 0.75})
        >>> sampler.rates([0, 0, 0, 0]).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    groups: Any = field(repr=False)
    classes: str = "natural"
    shares: Any = None
    _stated: dict[int, float] = field(init=False, repr=False, default_factory=dict)

    name: ClassVar[str] = "groups"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    repeats_positives: ClassVar[bool] = True
    obstacle: ClassVar[str] = "groups are drawn at other rates within a class"

    def __post_init__(self) -> None:
        one_of(self.classes, WITHIN, "classes")
        numbers = group_numbers(self.groups, len(self.groups), "groups")
        if self.shares is not None:
            shares = read_shares(self.shares)
            first = np.unique(numbers, return_index=True)[1].tolist()
            held = list(self.groups)
            names = {held[row]: place for place, row in enumerate(first)}
            require_shares(shares, names)
            stated = {names[name]: share for name, share in shares.items()}
            object.__setattr__(self, "shares", shares)
            object.__setattr__(self, "_stated", stated)
        object.__setattr__(self, "groups", numbers)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return nothing: groups cannot be options of a strategy."""
        return {}

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares of the classes; with "own", or stated shares, about them.

        Args:
            totals: As in `Sampler.prior`; see `correction` for the shares of labels.
        """
        if self.classes == "balanced":
            return quota_shares(present(totals))
        return natural_prior(totals)

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> GroupCells:
        """Return the rows that are drawn together.

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
        if self.classes == "own" or self._stated:
            return group_cells(where, self.groups, self._stated, self.classes)
        return class_cells(where, self.groups, self.classes)

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
        return self.grouped(labels, classes).rates()

    def class_shares(
        self, labels: npt.ArrayLike, classes: int | None = None
    ) -> tuple[list[int], FloatArray]:
        """Return the rows of each class, and the share of each among those drawn."""
        where = Classes.of(labels, classes)
        rates = self.rates(labels, classes)
        rated = [float(rates[rows].sum()) for rows in where.groups]
        return where.totals, np.array(rated) / len(where)

    def describe(self) -> str:
        """Return what it does."""
        return words(self.shares, self.classes)

    def positions(
        self, classes: Classes, start: int, count: int, seed: int
    ) -> Int32Array:
        """Return `count` positions from place `start` of the stream."""
        quotas = getattr(classes, "quotas", classes.totals)
        return interleaved_classes(classes, quotas, start=start, count=count, seed=seed)


def read_shares(shares: Any) -> dict[Any, float]:
    """Return the shares of groups, checked one by one and together.

    Args:
        shares: A mapping of groups to shares.

    Raises:
        InputTypeError: It is no mapping, or a share is not a number.
        InputError: There is none, one is not between 0 and 1, or they sum to more.
    """
    if not isinstance(shares, Mapping):
        raise InputTypeError(
            sentence(f"shares={shares!r}", "a mapping of groups to shares, or None")
        )
    if not shares:
        raise InputError(sentence("shares={}", "a share of some group, or shares=None"))
    read = {
        name: number(share, f"the share of the group {name!r}", 0, 1, open_ends=True)
        for name, share in shares.items()
    }
    total = math.fsum(read.values())
    if total > 1 + TOLERANCE:
        raise InputError(
            sentence(
                f"shares of groups with a sum of {total:.6g}",
                "a sum of at most 1",
                "Divide them by their sum.",
            )
        )
    return read


def require_shares(shares: Mapping[Any, float], names: Collection[Any]) -> None:
    """Check shares against the groups that there are.

    Args:
        shares: By group, as `read_shares` returns them.
        names: Of all groups.

    Raises:
        InputError: A group is not among them; or nothing is left for the groups without
            a share; or all groups have one, with a sum below 1.
    """
    for name in shares:
        if name not in names:
            raise InputError(
                sentence(
                    f"a share of the group {name!r}",
                    f"groups among {listing(names, 20)}",
                    nearest(str(name), map(str, names)),
                )
            )
    left = 1 - math.fsum(shares.values())
    everyone = len(shares) == len(names)
    if (left > TOLERANCE) == everyone:
        raise InputError(
            sentence(
                f"shares with a sum of {1 - left:.6g} for {len(shares)} of "
                f"{len(names)} groups",
                "a sum of 1 for all groups"
                if everyone
                else "a sum below 1, so that the other groups are drawn too",
            )
        )


def words(shares: Mapping[Any, float] | None, within: str, of: str = "group") -> str:
    """Return how groups are drawn, in words that complete "batches drawn ...".

    Args:
        shares: By group, or None.
        within: One of `WITHIN`.
        of: What a group is called.

    Example:
        >>> words({"A": 0.5}, "balanced", "'site'")
        "with shares of 'site' A 0.5, others alike; within each the classes balanced"
    """
    text = f"with each {of} alike"
    if shares:
        named = [f"{name} {exact(share)}" for name, share in shares.items()]
        more = len(named) - MOST_SHOWN
        tail = f", {more} more" if more > 0 else ""
        everyone = math.fsum(shares.values()) > 1 - TOLERANCE
        rest = "" if everyone else ", others alike"
        text = f"with shares of {of} {', '.join(named[:MOST_SHOWN])}{tail}{rest}"
    inside = "its rows alike" if within == "own" else f"the classes {within}"
    return f"{text}; within each {inside}"
