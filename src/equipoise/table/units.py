# SPDX-License-Identifier: Apache-2.0
"""Independent units: which rows of a table count as one case.

Rows of one group, and copies of one row, are no independent draws. The splits keep
them on one side, and whatever counts cases (an interval, a test, a finding, a
certificate) counts units in place of rows. Both ask here, so that what is kept
together is what is counted once.

A unit is what hangs together by the user's groups and by copies: two patients of
whom a record was copied from one to the other are one unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of
from equipoise._core.types import BoolArray, HashArray, IntArray
from equipoise.table.duplicates import duplicate_groups, judge_duplicates
from equipoise.table.table import (
    Table,
)

DUPLICATES = ("auto", "group", "ignore")


def tied_rows(table: Table, duplicates: str = "auto") -> IntArray | None:
    """Return which rows count as one case, as numbers from 0.

    Args:
        table: The rows.
        duplicates: "auto": equal and nearly equal rows are one case if a copy is
            likelier than a coincidence, see `judge_duplicates`; "group": equal rows
            are in any case; "ignore": they never are.

    Returns:
        `[rows]` equal numbers for the rows of one unit; None if each row is a
        unit of its own.

    Raises:
        InputError: `duplicates` is none of these.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> rows = gaussian_shift(200, positives=20).table
        >>> tied_rows(rows) is None
        True
        >>> doubled = rows.take(np.r_[0:200, 0:50])
        >>> units = tied_rows(doubled)
        >>> int(units.max()) + 1, bool(units[0] == units[200])
        (200, True)
    """
    return joined_units(table.groups, _equal_rows(table, duplicates))


def joined_units(
    first: npt.NDArray[Any] | None, second: npt.NDArray[Any] | None
) -> IntArray | None:
    """Return units of what hangs together by either of two groupings.

    Args:
        first: `[rows]` equal values for rows of one group, or None.
        second: The same.

    Returns:
        `[rows]` numbers from 0; None if each row is a unit of its own.

    Example:
        >>> joined_units(np.array(list("aabc")), np.array([1, 2, 2, 3])).tolist()
        [0, 0, 0, 1]
        >>> joined_units(np.array([1, 2]), None) is None
        True
    """
    parts = [part for part in (first, second) if part is not None]
    numbered = [np.unique(part, return_inverse=True)[1] for part in parts]
    tied = [part for part in numbered if part.max(initial=-1) + 1 < len(part)]
    if not tied:
        return None
    return np.asarray(tied[0] if len(tied) == 1 else _connected(*tied), np.int64)


def count_units(units: IntArray | None, rows: npt.NDArray[np.bool_]) -> int:
    """Return how many units hold some of the rows.

    Args:
        units: As `tied_rows` returns them.
        rows: `[rows]` which rows are meant.

    Example:
        >>> count_units(np.array([0, 0, 1]), np.array([True, True, False]))
        1
    """
    if units is None:
        return int(np.count_nonzero(rows))
    return int(np.unique(units[rows]).size)


def one_of_each(units: IntArray | None, random: np.random.Generator) -> IntArray | None:
    """Return the position of one row of each unit, drawn at random, ascending.

    Args:
        units: As `tied_rows` returns them; None gives None: every row.
        random: Draws.

    Example:
        >>> one_of_each(np.array([0, 1, 1, 1]), np.random.default_rng(0)).shape
        (2,)
    """
    if units is None:
        return None
    order = random.permutation(len(units))
    _, first = np.unique(units[order], return_index=True)
    return np.sort(order[first])


def in_groups_of(rows: Table, table: Table) -> BoolArray:
    """Return which rows belong to a group that another table has rows of.

    Args:
        rows: The rows.
        table: The other table.

    Returns:
        `[rows]`; all False unless both tables know the names of their groups.

    Example:
        >>> import dataclasses
        >>> from equipoise.table.table import Column
        >>> from equipoise.task import Task
        >>> x, y = Column("x", "numeric", np.zeros(2)), np.array([0, 1], np.int8)
        >>> two = Table((x,), y, Task("binary", ("no", "yes")), groups=np.array([0, 1]))
        >>> first = dataclasses.replace(two, group_keys=np.array([7, 9], np.uint64))
        >>> other = dataclasses.replace(two, group_keys=np.array([9, 4], np.uint64))
        >>> in_groups_of(other, first).tolist()
        [True, False]
    """
    here, there = _group_names(rows), _group_names(table)
    if here is None or there is None:
        return np.zeros(len(rows), np.bool_)
    names, named = here
    shared = np.zeros(len(rows), np.bool_)
    shared[named] = np.isin(names, there[0])
    return shared


def _group_names(table: Table) -> tuple[HashArray, BoolArray] | None:
    """Return a number for the name of each row that has one, and which have one."""
    if table.groups is None or table.group_keys is None:
        return None
    named = np.asarray(table.groups < len(table.group_keys))
    return table.group_keys[table.groups[named]], named


def _equal_rows(table: Table, duplicates: str) -> IntArray | None:
    one_of(duplicates, DUPLICATES, "duplicates")
    if duplicates == "ignore":
        return None
    if duplicates == "group":
        return duplicate_groups(table)
    judged = judge_duplicates(table)
    return judged.groups if judged.copies else None


def _connected(first: IntArray, second: IntArray) -> IntArray:
    """Return the connected components of rows that share either group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = first, second + first.max() + 1
    size = int(right.max()) + 1
    edges = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    labels = connected_components(edges, directed=False)[1]
    return np.asarray(labels[left], np.int64)
