# SPDX-License-Identifier: Apache-2.0
"""Rows made between rows of a table, as rows of the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from equipoise._core.types import IntArray
from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.learners.rounds.fits import MadeRows
from equipoise.table.table import Table, concatenate


def table_with(
    table: Table,
    places: IntArray,
    made: MadeRows,
    seen: IntArray,
    categories: Sequence[str] = (),
) -> tuple[Table, IntArray]:
    """Return a table with made rows at its end, and where these are.

    Numbers and times are taken from the line between two rows, after they are scaled
    as networks see them; a category from the row that `made` says, if it says one. A
    boolean, that a value is missing, and other categories are those of the nearer of
    the two. A made row has the group and the time of the first one.

    Args:
        table: All rows.
        places: `[rows]` positions in the table of the rows that `made` names.
        made: What is made.
        seen: Positions of the rows that the scale is learned from.
        categories: The names of the columns that `made.voters` speaks of, in its order.

    Example:
        >>> from equipoise.table.table import Column
        >>> from equipoise.task import Task
        >>> x = Column("x", "numeric", np.array([1.0, 2.0, 4.0, 3.0]))
        >>> rows = Table((x,), np.array([0, 1, 1, 0], np.int8),
        ...              Task("binary", ("no", "yes")))
        >>> one = MadeRows(np.array([1]), np.array([2]), np.array([0.25]), np.ones(1))
        >>> more, where = table_with(rows, np.arange(4), one, np.arange(4))
        >>> where.tolist(), more.y.tolist(), bool(2 < more["x"].values[4] < 4)
        ([4], [0, 1, 1, 0, 1], True)
    """
    first, second = places[made.first], places[made.second]
    used, inverse = np.unique(np.concatenate([first, second]), return_inverse=True)
    scale = np.unique(np.concatenate([used, seen]))
    view = sampler_view(table.take(scale))
    lines = view.matrix[np.searchsorted(scale, used)][inverse]
    start, end = lines[: len(first)], lines[len(first) :]
    x = start + made.mix[:, None] * (end - start)
    rows = view.restore(x, table.labels()[first])
    nearer = np.where(made.mix < 0.5, first, second)
    like: dict[str, IntArray] = {}
    if made.voters is not None:
        like = dict(zip(categories, places[made.voters].T, strict=True))
    columns = tuple(
        column
        if column.kind in ("numeric", "datetime")
        else table[column.name].take(like.get(column.name, nearer))
        for column in rows.columns
    )
    extra = dataclasses.replace(
        rows,
        columns=columns,
        groups=None if table.groups is None else table.groups[first],
        time=None if table.time is None else table.time[first],
    )
    return concatenate([table, extra]), np.arange(len(table), len(table) + len(extra))
