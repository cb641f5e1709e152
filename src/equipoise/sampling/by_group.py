# SPDX-License-Identifier: Apache-2.0
"""Drawing by the groups of a column, as a part of a strategy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, one_of, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.sampling.classes import Classes
from equipoise.sampling.group_cells import (
    WITHIN,
    GroupCells,
    classes_of_groups,
    group_cells,
)
from equipoise.sampling.groups import (
    GroupBalanced,
    read_shares,
    require_shares,
    words,
)
from equipoise.table.row_groups import require_groups, row_groups
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.weights.by_class import written_name

KEY = "by_group"
"""Under which `to_dict` writes it, beside shares of classes."""

LEAST_RATE = 0.02
"""Rows that are drawn more or less often by at most this share are drawn alike."""


@dataclass(frozen=True, eq=False, repr=False)
class RowsByGroup(GroupBalanced):
    """Draws from the rows of one training part, for a `ByGroup`.

    Attributes:
        stated: The share of the draws by the number of a group.
        text: What it does, in words.
        tilt: `[classes]` the shares of the classes over those that they would have if
            each group had rows of each; empty before the labels are known.
        notes: What the user should know of the draws.
        idle: What has no effect on these rows, one sentence each.
        cells: The labels of the rows, once they are known, and what is drawn together.
    """

    stated: Mapping[int, float] = field(default_factory=dict)
    text: str = ""
    tilt: FloatArray = field(default_factory=lambda: np.ones(0))
    notes: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    cells: tuple[AnyArray, GroupCells] | None = None

    def __post_init__(self) -> None:
        """Take what `of_labels` and `ByGroup` have checked."""

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> GroupCells:
        """Return the rows that are drawn together.

        Raises:
            UnsupportedError: No rows are known.
        """
        if not len(self.groups):
            raise UnsupportedError(
                sentence(
                    "labels without their rows for a strategy with ByGroup",
                    "the rows, whose groups it draws by",
                    "Use sampling.GroupBalanced(groups).",
                )
            )
        if self.cells is not None and np.array_equal(labels, self.cells[0]):
            return self.cells[1]
        where = Classes.of(labels, classes)
        return group_cells(where, self.groups, self.stated, self.classes)

    def prior(self, totals: Sequence[int]) -> FloatArray:
        """Return the shares of the classes among the drawn rows."""
        usual = super().prior(totals)
        if len(self.tilt) != len(usual):
            return usual
        tilted = usual * self.tilt
        return np.asarray(tilted / tilted.sum())

    def describe(self) -> str:
        """Return what it does."""
        return self.text

    def of_labels(self, labels: AnyArray, task: Task, record: ByGroup) -> RowsByGroup:
        """Return the same, once the labels of the rows are known.

        Args:
            labels: Of the rows, as in `draw`.
            task: What the target is.
            record: What the user asked for.
        """
        width = len(task.classes)
        bound = dataclasses.replace(self, cells=(labels, self.grouped(labels, width)))
        totals, shares = bound.class_shares(labels, width)
        usual = super().prior(totals)
        tilt = np.where(usual > 0, shares / np.where(usual > 0, usual, 1.0), 1.0)
        notes, idle = bound._said(labels, task, record)
        return dataclasses.replace(bound, tilt=tilt, notes=notes, idle=idle)

    def _said(
        self, labels: AnyArray, task: Task, record: ByGroup
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return notes of the draws, and what has no effect."""
        notes, idle, width = [], [], len(task.classes)
        what = f"sampling={record.name!r}"
        group = np.unique(self.groups, return_inverse=True)[1]
        if np.ptp(self.rates(labels, width)) <= LEAST_RATE:
            idle.append(f"{what} has no effect: each row is drawn as often as others.")
        if self.stated and not np.isin(list(self.stated), self.groups).all():
            notes.append(
                "a group whose share is stated is absent from some training parts: "
                "its share goes to the others there."
            )
        if self.classes == "own":
            return tuple(notes), tuple(idle)
        where = Classes.of(labels, width)
        there = classes_of_groups(where, group)[:, np.array(where.totals) > 0]
        if not (there.sum(axis=1) > 1).any():
            idle.append(
                f"classes={self.classes!r} of {what} has no effect: no group has rows "
                "of two classes. weights='balanced' weighs the classes instead."
            )
        elif not there.all():
            notes.append(
                "some groups have no training rows of some classes: what is drawn of "
                "them comes from the classes that they have."
            )
        return tuple(notes), tuple(idle)


@dataclass(frozen=True, repr=False)
class ByGroup:
    """Draw rows by the groups of a column: each group alike, or at stated shares.

    For `Strategy(sampling=ByGroup("site"))`. Each training part is drawn from as
    `GroupBalanced` draws, by the groups of its own rows. The column may be a feature
    and stays one; named in `drop=` it is none, and a fitted model does not need it.

    Within a class groups are drawn at other rates than they occur. Unless the rows of a
    class look alike in all groups, that changes the log-odds of a row in a way that no
    shift undoes: with `weighted` rows weigh 1 over the rate at which they are drawn,
    which undoes the draw exactly; without it, probabilities are calibrated. Rows with
    several labels always weigh so.

    Attributes:
        column: The column; None for the one that `group=` names.
        shares: The share of the draws by the name of a group, each strictly between 0
            and 1; groups without one share out what is left of 1 alike, and those of a
            group that a training part lacks go to the others. None for equal shares.
        classes: Which shares the classes have within a group: "own" (those of the
            group: its rows are drawn alike), "natural" (those of all training rows) or
            "balanced" (equal ones). A group without rows of a class gives its draws to
            the classes that it has.
        weighted: Whether drawn rows weigh 1 over the rate at which they are drawn.
        digest: Tells the groups of one table from those of another; set by `of`.
        rows: Draws from the training rows; set by `drawing`.

    Raises:
        InputTypeError: `column` is not a string, a share not a number, or `weighted`
            neither True nor False.
        InputError: `classes` is none of these, or the shares do not go together.

    Example:
        >>> ByGroup("site", shares={"north": 0.5})
        ByGroup('site', shares={'north': 0.5})
        >>> ByGroup().describe()
        'with each group alike; within each its rows alike'
    """

    column: str | None = None
    shares: Any = None
    classes: str = "own"
    weighted: bool = False
    digest: str = field(default="", kw_only=True)
    rows: RowsByGroup | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.column, str | None):
            raise InputTypeError(
                sentence(f"column={self.column!r}", "the name of a column, or None")
            )
        one_of(self.classes, WITHIN, "classes")
        if not isinstance(self.weighted, bool):
            raise InputTypeError(
                sentence(f"weighted={self.weighted!r}", "True or False")
            )
        if self.shares is not None:
            pairs_of = isinstance(self.shares, tuple)
            named = read_shares(dict(self.shares) if pairs_of else self.shares)
            pairs = [(_written(name), share) for name, share in named.items()]
            if len(dict(pairs)) < len(pairs):
                raise InputError(
                    sentence(
                        f"shares of {listing(named, 20)}, of which two have one name",
                        "one share for each group",
                    )
                )
            object.__setattr__(self, "shares", tuple(sorted(pairs)))

    def __repr__(self) -> str:
        parts = [] if self.column is None else [repr(self.column)]
        parts += [f"shares={self.by_name!r}"] if self.shares else []
        parts += [f"classes={self.classes!r}"] if self.classes != "own" else []
        parts += ["weighted=True"] if self.weighted else []
        return f"ByGroup({', '.join(parts)})"

    @property
    def by_name(self) -> dict[str, float]:
        """The stated shares by the names of groups."""
        return dict(self.shares or ())

    @property
    def name(self) -> str:
        """What names of strategies call it: its column, and what is not the default."""
        parts = [GroupBalanced.name] + ([] if self.column is None else [self.column])
        parts += [self.classes] if self.classes != "own" else []
        parts += ["weighted"] if self.weighted else []
        return "_".join(parts)

    @property
    def what(self) -> str:
        """What messages call a group."""
        return "group" if self.column is None else repr(self.column)

    def describe(self) -> str:
        """Return what it does, in words that complete "batches drawn ..."."""
        return words(self.by_name, self.classes, self.what)

    @classmethod
    def read(cls, values: Any) -> Self:
        """Return what `to_dict` wrote.

        Args:
            values: The mapping.

        Raises:
            InputError: A value is not accepted.
        """
        return cls(**dict(values[KEY]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data.

        Example:
            >>> ByGroup.read(ByGroup("site").to_dict())
            ByGroup('site')
        """
        plain: dict[str, Any] = {"column": self.column, "classes": self.classes}
        plain["shares"] = self.by_name or None
        plain["weighted"] = self.weighted
        return {KEY: {**plain, **({"digest": self.digest} if self.digest else {})}}

    def of(self, table: Table) -> Self:
        """Return the same for the rows of a table.

        Args:
            table: The rows of a trial.

        Raises:
            InputError: The table has no such column, a value of it is missing, or the
                shares are of other groups.
        """
        groups = row_groups(table, self.column)
        groups.require_all(self.what)
        if self.shares:
            require_shares(self.by_name, self._named(groups.names))
        return dataclasses.replace(self, digest=groups.digest)

    def require_stored(self, columns: Sequence[str], group: str | None) -> None:
        """Check that rows that stay on disk can be drawn by the groups.

        Args:
            columns: The features, which are all that is stored of a row.
            group: The column of `group=`, of which the store holds no names.

        Raises:
            InputError: They cannot.
        """
        require_groups(self.column, columns, grouping=group)
        if self.shares and self.column in (None, group):
            self._named(None)

    def drawing(self, table: Table, rows: npt.ArrayLike) -> Self:
        """Return the same with what draws from some rows of a table.

        Args:
            table: All rows.
            rows: Positions of the training rows.

        Raises:
            InputError: As `of`.
        """
        index, groups = np.asarray(rows), row_groups(table, self.column)
        names = self._named(groups.names)
        if self.shares:
            require_shares(self.by_name, names)
        sampler = RowsByGroup(
            groups.numbers[index],
            self.classes,
            stated={names[name]: share for name, share in self.shares or ()},
            text=self.describe(),
        )
        labels = table.labels()[index]
        return dataclasses.replace(
            self,
            digest=self.digest or groups.digest,
            rows=sampler.of_labels(labels, table.task, self),
        )

    def sampler(self) -> RowsByGroup:
        """Return what draws; before `drawing` it knows no rows."""
        if self.rows is not None:
            return self.rows
        nothing = np.empty(0, np.int64)
        return RowsByGroup(nothing, self.classes, text=self.describe())

    def _named(self, names: Mapping[str, int] | None) -> Mapping[str, int]:
        """Return the numbers of groups by name, if shares need them."""
        if names is None and self.shares:
            raise InputError(
                sentence(
                    f"shares of groups for a table that holds no names of {self.what}",
                    "shares=None, or a table with the names",
                    "Pass the source itself to compare or fit, with group=.",
                )
            )
        return names or {}


def _written(name: Any) -> str:
    """Return the name of a group as tables hold it."""
    text = written_name(name)
    if text is None:
        raise InputTypeError(
            sentence(
                f"a share of the group {name!r}", "the name of a group, or a number"
            )
        )
    return text
