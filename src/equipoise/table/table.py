# SPDX-License-Identifier: Apache-2.0
"""The table: typed columns, a target, and what was noticed while reading."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.notebook import html_card, html_table, paragraph
from equipoise._core.types import AnyArray, HashArray, IntArray
from equipoise.errors import InputError, TargetError
from equipoise.table.fingerprint import Fingerprint
from equipoise.table.notation import Notation
from equipoise.task import Task

ColumnKind = Literal["numeric", "boolean", "categorical", "datetime"]
ClassValue = str | int | float | bool
"""What stands in a target for a class."""

MISSING_CODE = -1
MOST_SHOWN = 30
"""Columns that a notebook shows."""
BLOCK_ROWS = 131_072
"""Rows that are worked on at once, so that what they become stays small. A multiple of
what networks score at once: a row's score does not depend on where a block ends."""


@dataclass(frozen=True, eq=False)
class Column:
    """One feature column.

    Attributes:
        name: The column's name in the source.
        kind: What the values are.
        values: `[rows]`. Numeric and boolean: float64, NaN where missing.
            Categorical: int32 positions in `categories`, -1 where missing.
            Datetime: datetime64[us] (UTC), NaT where missing.
        categories: The texts of a categorical column, in order of first
            appearance; empty for the other kinds.
        notation: How its texts were written, by which later files are read; None
            if that is not known.
    """

    name: str
    kind: ColumnKind
    values: npt.NDArray[Any]
    categories: tuple[str, ...] = ()
    notation: Notation | None = None

    def missing(self) -> npt.NDArray[np.bool_]:
        """Return which values are missing, `[rows]`."""
        if self.kind == "categorical":
            return np.asarray(self.values == MISSING_CODE)
        if self.kind == "datetime":
            return np.asarray(np.isnat(self.values))
        return np.asarray(np.isnan(self.values))

    def raw(self, rows: Any = slice(None)) -> npt.NDArray[Any]:
        """Return the values as a model's input: numbers, texts or microseconds.

        Args:
            rows: Positions, a mask or a slice; all rows by default.
        """
        values = self.values[rows]
        if self.kind == "categorical":
            # NumPy's own texts lose the zeros at their ends.
            zeros = any(text.endswith("\0") for text in self.categories)
            texts = np.array([*self.categories, ""], object if zeros else np.str_)
            return np.asarray(texts[values])  # code -1 is the last text
        if self.kind == "datetime":
            return np.asarray(values.astype("datetime64[us]").astype(np.int64))
        return np.asarray(values, np.float64)

    def take(self, rows: npt.ArrayLike) -> Column:
        """Return the column at the given rows.

        Args:
            rows: Positions or a mask.
        """
        return dataclasses.replace(self, values=self.values[np.asarray(rows)])

    def missing_in(self, rows: int) -> Column:
        """Return the column of so many rows without a value.

        Args:
            rows: How many.
        """
        missing: Any = MISSING_CODE if self.kind == "categorical" else np.nan
        if self.kind == "datetime":
            missing = np.datetime64("NaT")
        values = np.full(rows, missing, self.values.dtype)
        return dataclasses.replace(self, values=values)


@dataclass(frozen=True)
class Dropped:
    """A column that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class SourceSums:
    """What tells rows apart whose values were rounded after they were read.

    Both are sums of the hashes of a row's values (`table.hashes`). A row whose sum is
    no longer `here` has other values, or other columns, than it had: what is known of
    its source does not count then.

    Attributes:
        here: `[rows]` uint64, of the values that the table holds.
        source: `[rows]` uint64, of the values as they stand in the source.
    """

    here: HashArray
    source: HashArray

    def take(self, rows: npt.ArrayLike) -> SourceSums:
        """Return the sums of some rows.

        Args:
            rows: Positions or a mask.
        """
        index = np.asarray(rows)
        return SourceSums(self.here[index], self.source[index])

    def of(self, sums: HashArray) -> HashArray:
        """Return the sums of the source's values, given those of the values here.

        Args:
            sums: `[rows]` of the columns that the table has now.
        """
        if len(sums) != len(self.here):
            return sums
        return np.where(sums == self.here, self.source, sums)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with typed feature columns and a target.

    Make one with `read_table`. All arrays have one entry per row.

    Attributes:
        columns: The feature columns.
        y: `[rows]` int8 (binary, 1 is the positive class), int64 class numbers
            (multi-class), or `[rows, labels]` int8 (multi-label); None for rows that
            were read without their target: see `labelled` and `labels`.
        task: Its kind and its classes.
        target: The target's name; several names are joined by a comma.
        groups: `[rows]` group numbers that a split keeps on one side, or None.
        time: `[rows]` datetime64[us] or float64 by which rows are ordered, or None.
        dropped: Columns that were left out.
        notes: What was done while reading, one sentence each.
        source: Where the rows come from, for messages.
        fingerprint: What tells the rows apart if their features are an array that
            the table does not hold; else None.
        order: The names of all columns of the source in its order, the target and
            those left out among them; empty if the table was made otherwise.
        label_values: By class, the value that stands for it in the source's target, if
            it is a number or a boolean, or a string spelled otherwise than the class;
            a class that is absent stands for itself.
        source_sums: What tells equal rows of the source, if values were rounded;
            else None.
        group_keys: `[groups]` uint64, by group number: equal for groups of one name in
            any two tables. A number from `groups` on is that of a row without a name.
            None if the names are not known.
        beside: Columns that are not features and that rows may be drawn by; no
            model and no file of one holds them.

    Example:
        >>> import numpy as np
        >>> column = Column("age", "numeric", np.array([31.0, 47.0, np.nan]))
        >>> table = Table((column,), np.array([0, 1, 0], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> len(table), table.positives, table.names
        (3, 1, ('age',))
    """

    columns: tuple[Column, ...]
    y: AnyArray | None
    task: Task
    target: str = "target"
    groups: IntArray | None = None
    time: npt.NDArray[Any] | None = None
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = "arrays"
    fingerprint: Fingerprint | None = None
    order: tuple[str, ...] = ()
    label_values: Mapping[str, ClassValue] = field(default_factory=dict)
    source_sums: SourceSums | None = None
    group_keys: HashArray | None = None
    beside: tuple[Column, ...] = ()

    def __len__(self) -> int:
        held = (self.y, *(c.values for c in self.columns[:1]), self.groups, self.time)
        return next((len(values) for values in held if values is not None), 0)

    def __repr__(self) -> str:
        kinds: dict[str, int] = {}
        for column in self.columns:
            kinds[column.kind] = kinds.get(column.kind, 0) + 1
        shape = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        head = f"Table of {len(self):,} rows, columns: {shape or 'none'}"
        if self.task.kind != "binary":
            return f"<{head}; {self._several()}>"
        if not self.labelled:
            return f"<{head}; without the target {self.target!r}>"
        if not len(self):
            return f"<{head}; target {self.target!r}>"
        return (
            f"<{head}; target {self.target!r}: {self.positives:,} positive "
            f"({self.classes[1]!r}), {self.prevalence:.2%}>"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                column.name,
                column.kind,
                f"{int(column.missing().sum()):,}",
                f"{len(column.categories):,}" if column.categories else "",
            )
            for column in self.columns[:MOST_SHOWN]
        ]
        more = len(self.columns) - MOST_SHOWN
        parts = [html_table(("column", "kind", "missing", "categories"), rows)]
        parts += [paragraph(f"and {more:,} more columns")] if more > 0 else []
        parts += [paragraph(note, "note") for note in self.notes]
        return html_card(repr(self)[1:-1], *parts)

    def _several(self) -> str:
        """Return several classes or labels in words, with the rows of the rarest."""
        one, many = ("class", "classes"), ("label", "labels")
        singular, plural = one if self.task.kind == "multiclass" else many
        count = len(self.classes)
        text = f"{self.task.kind} target {shortened(self.target)!r}: {count:,} "
        text += singular if count == 1 else plural
        if not self.labelled:
            return f"{text}, without values"
        if not len(self):
            return text
        totals = self.task.totals(self.labels())
        rows = totals if self.task.kind == "multiclass" else totals[:, 1]
        rarest, commonest = int(np.argmin(rows)), int(np.argmax(rows))
        return (
            f"{text}, from {int(rows[rarest]):,} ({self.classes[rarest]!r}) to "
            f"{int(rows[commonest]):,} rows ({self.classes[commonest]!r})"
        )

    @property
    def labelled(self) -> bool:
        """Whether the rows have targets; rows that are only to be scored have none."""
        return self.y is not None

    def labels(self) -> AnyArray:
        """Return `y`.

        Raises:
            TargetError: The rows were read without their target.
        """
        if self.y is None:
            raise TargetError(
                sentence(
                    f"{self.source}, which was read without its target",
                    f"rows with the target {self.target!r}",
                )
            )
        return self.y

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the feature columns."""
        return tuple(column.name for column in self.columns)

    @property
    def target_columns(self) -> tuple[str, ...]:
        """The columns that hold the target: one, or one for each of several labels."""
        return self.classes if self.task.kind == "multilabel" else (self.target,)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, as in `Task`."""
        return self.task.classes

    @property
    def positives(self) -> int:
        """The number of positive rows of a binary table.

        Raises:
            UnsupportedError: The table is not binary.
            TargetError: It was read without its target.
        """
        self.task.require_binary("the number of positives")
        return int(self.labels().sum())

    @property
    def prevalence(self) -> float:
        """The share of positive rows of a binary table; NaN without rows."""
        return self.positives / len(self) if len(self) else math.nan

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each column stands: a table may have many thousands."""
        return {column.name: k for k, column in enumerate(self.columns)}

    def __getitem__(self, name: str) -> Column:
        if name in self._places:
            return self.columns[self._places[name]]
        raise InputError(
            sentence(
                f"the column name {name!r}",
                f"one of {listing(self.names)}",
                nearest(name, self.names),
            )
        )

    def take(self, rows: npt.ArrayLike) -> Table:
        """Return the table at the given rows (positions or a mask).

        Args:
            rows: Positions, in any order and repeated at will, or a mask `[rows]`.

        Example:
            >>> import numpy as np
            >>> x = Column("x", "numeric", np.array([1.0, 2.0, 3.0]))
            >>> table = Table((x,), np.array([0, 1, 0], np.int8),
            ...               Task("binary", ("no", "yes")))
            >>> table.take([2, 1]).y.tolist()
            [0, 1]
        """
        index = np.asarray(rows)
        return dataclasses.replace(
            self,
            columns=tuple(column.take(index) for column in self.columns),
            y=None if self.y is None else self.y[index],
            groups=None if self.groups is None else self.groups[index],
            time=None if self.time is None else self.time[index],
            fingerprint=None
            if self.fingerprint is None
            else self.fingerprint.take(index),
            source_sums=None
            if self.source_sums is None
            else self.source_sums.take(index),
            beside=tuple(column.take(index) for column in self.beside),
        )

    @property
    def schema(self) -> Table:
        """The table without its rows: what new rows must look like."""
        bare = dataclasses.replace(self, group_keys=None, beside=())
        return bare.take(np.arange(0))

    def bare(self) -> Table:
        """Return the table with nothing but features and targets per row.

        Rows that are drawn or made have no group, no time and no columns beside them.
        """
        return dataclasses.replace(
            self, groups=None, time=None, group_keys=None, beside=()
        )

    def select(self, columns: Sequence[str]) -> Table:
        """Return the table with some of its feature columns, in the order asked for.

        Args:
            columns: Their names.

        Raises:
            InputError: There is no such column.
        """
        return dataclasses.replace(self, columns=tuple(self[name] for name in columns))

    def blocks(
        self,
        columns: Sequence[str] | None = None,
        rows: npt.ArrayLike | None = None,
    ) -> Iterator[Table]:
        """Yield the rows in tables of at most `BLOCK_ROWS`, as in `RowSource`.

        Args:
            columns: The features that are needed; None for all.
            rows: Positions or a mask; None for all rows.

        Example:
            >>> import numpy as np
            >>> x = Column("x", "numeric", np.array([1.0, 2.0, 3.0]))
            >>> table = Table((x,), np.array([0, 1, 0], np.int8),
            ...               Task("binary", ("no", "yes")))
            >>> [len(block) for block in table.blocks(rows=[2, 0])]
            [2]
        """
        table = self if columns is None else self.select(columns)
        if rows is None and len(table) <= BLOCK_ROWS:
            yield table
            return
        index = np.arange(len(table))
        index = index if rows is None else index[np.asarray(rows)]
        for start in range(0, max(1, len(index)), BLOCK_ROWS):
            yield table.take(index[start : start + BLOCK_ROWS])

    def raw(self, rows: npt.ArrayLike | None = None) -> dict[str, npt.NDArray[Any]]:
        """Return the feature columns as an exported model takes them.

        Args:
            rows: Positions or a mask; None for all rows.

        Returns:
            By column name, `[rows]`: float64 for numeric and boolean columns (NaN
            where missing), texts for categorical ones ("" where missing), int64
            microseconds since 1970 for date-times (the smallest int64 where
            missing).

        Example:
            >>> Table(
            ...     (Column("city", "categorical", np.array([0, -1]), ("Bonn",)),),
            ...     np.array([0, 1], np.int8), Task("binary", ("no", "yes")),
            ... ).raw()["city"].tolist()
            ['Bonn', '']
        """
        index = slice(None) if rows is None else np.asarray(rows)
        return {column.name: column.raw(index) for column in self.columns}


def shortened(text: str, most: int = 60) -> str:
    """Return a text, cut off with "..." if it is long.

    Example:
        >>> shortened("label_a, label_b", 10)
        'label_a...'
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def class_counts(y: npt.ArrayLike) -> tuple[int, int]:
    """Return the numbers of negatives and positives of 0/1 labels."""
    labels = np.asarray(y)
    positives = int(np.count_nonzero(labels))
    return len(labels) - positives, positives


def require_classes(table: Table) -> None:
    """Check that there are rows of two classes or more, or of a label and without it.

    Args:
        table: The rows, with their target.

    Raises:
        TargetError: Nothing can be told apart.
    """
    y = table.labels()
    if table.task.kind == "binary":
        negatives, positives = class_counts(y)
        if negatives and positives:
            return
        raise TargetError(
            sentence(
                f"{negatives:,} negative and {positives:,} positive rows",
                "a table with both classes",
                "Check whether a filter removed one of the classes.",
            )
        )
    labels = table.task.kind == "multilabel"
    held = (y == 1).any(axis=0) & (y == 0).any(axis=0) if labels else y != y[:1]
    if held.any():
        return
    raise TargetError(
        sentence(
            "labels that are the same in all rows" if labels else "rows of one class",
            "a label that some rows have and others do not"
            if labels
            else "rows of two classes or more",
            "Check whether a filter removed the others.",
        )
    )


def concatenate(tables: Sequence[Table]) -> Table:
    """Stack tables with equal columns row by row; categories are united.

    Labels, groups, time and what stands beside are kept if every table has them.
    """
    first = tables[0]
    columns = tuple(_stack([table[name] for table in tables]) for name in first.names)
    return dataclasses.replace(
        first,
        columns=columns,
        y=_stacked([table.y for table in tables]),
        groups=_stacked([table.groups for table in tables]),
        time=_stacked([table.time for table in tables]),
        fingerprint=None,
        source_sums=_joined_sums(tables),
        group_keys=None,
        beside=_joined_beside(tables),
    )


def _joined_beside(tables: Sequence[Table]) -> tuple[Column, ...]:
    """Return the columns beside all rows: those that every table has."""
    each = [{column.name: column for column in table.beside} for table in tables]
    return tuple(
        _stack([columns[name] for columns in each])
        for name in each[0]
        if all(name in columns for columns in each)
    )


def _joined_sums(tables: Sequence[Table]) -> SourceSums | None:
    """Return the sums of all rows; None if no table knows those of its source."""
    if all(table.source_sums is None for table in tables):
        return None
    each = []
    for table in tables:
        nothing = np.zeros(len(table), np.uint64)
        # Equal sums leave a row as it is.
        each.append(table.source_sums or SourceSums(nothing, nothing))
    return SourceSums(
        np.concatenate([sums.here for sums in each]),
        np.concatenate([sums.source for sums in each]),
    )


def _stacked(arrays: Sequence[AnyArray | None]) -> AnyArray | None:
    """Return arrays one below the other; None if one is absent."""
    present = [values for values in arrays if values is not None]
    return np.concatenate(present) if len(present) == len(arrays) else None


def _stack(columns: Sequence[Column]) -> Column:
    if columns[0].kind != "categorical":
        return dataclasses.replace(
            columns[0], values=np.concatenate([column.values for column in columns])
        )
    categories = list(dict.fromkeys(c for column in columns for c in column.categories))
    position = {category: i for i, category in enumerate(categories)}
    parts = []
    for column in columns:
        lookup = [*(position[c] for c in column.categories), MISSING_CODE]
        parts.append(np.asarray(lookup, np.int32)[column.values])
    return dataclasses.replace(
        columns[0], values=np.concatenate(parts), categories=tuple(categories)
    )
