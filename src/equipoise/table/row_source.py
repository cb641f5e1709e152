# SPDX-License-Identifier: Apache-2.0
"""What trials and models need of rows, wherever the rows lie.

A `Table` holds its rows in memory. A file that is larger than memory can hold them
too: what splits need (labels, groups, times) is a few bytes per row and stays in
memory, and the features come block by block. Code that takes a `RowSource` and reads
it through `blocks` serves both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy.typing as npt

from equipoise._core.types import AnyArray, IntArray
from equipoise.table.table import Table


class RowSource(Protocol):
    """Rows with typed columns and a target.

    Rows are numbered from 0 in the order of the source. What is per row and in memory
    is an attribute; what may be too large is yielded in blocks.
    """

    @property
    def schema(self) -> Table:
        """A table without rows: its columns, the target's name and the task."""
        ...

    @property
    def y(self) -> AnyArray | None:
        """`[rows]` or `[rows, labels]`, as in `Table`; None without a target."""
        ...

    @property
    def groups(self) -> IntArray | None:
        """`[rows]` group numbers, or None."""
        ...

    @property
    def time(self) -> AnyArray | None:
        """`[rows]` times by which rows are ordered, or None."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def blocks(
        self,
        columns: Sequence[str] | None = None,
        rows: npt.ArrayLike | None = None,
    ) -> Iterator[Table]:
        """Yield rows as tables of a bounded size, in the order asked for.

        Args:
            columns: The features to read; None for all.
            rows: Positions or a mask; None for all rows.

        Yields:
            Tables with the columns of `schema`. There is always one at least: a
            source without rows yields a table without rows.
        """
        ...

    def take(self, rows: npt.ArrayLike) -> Table:
        """Return some rows as one table in memory.

        Args:
            rows: Positions or a mask; no more than memory holds.
        """
        ...
