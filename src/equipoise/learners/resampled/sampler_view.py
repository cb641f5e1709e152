# SPDX-License-Identifier: Apache-2.0
"""What a sampler object sees of a table, and the way back from the rows that it makes.

The matrix has the user's columns in their order, so that a sampler such as SMOTE-NC
can be told which of them are categories; the rows that it returns become rows of the
table again, with whole categories.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.encoding.features import (
    NumberFeature,
    learn_category,
    learn_number,
)
from equipoise.table.table import MISSING_CODE, Column, Table

NEAREST_TO_THREE = 3.0 * (1.0 - 1e-6)
"""Scaled values lie within (-3, 3); nearer to the ends nothing can be told apart."""

ColumnForm = Literal["scaled", "code", "one_hot"]


@dataclass(frozen=True, eq=False)
class ColumnBlock:
    """The columns of the matrix that stand for one column of the table.

    Attributes:
        column: The column of the table.
        form: "scaled": one column, the number scaled into (-3, 3), 0 if missing.
            "code": one column, the position among `levels`. "one_hot": a column of 0
            and 1 for each of `levels`.
        levels: The values that a category can have, as the table stores them.
        feature: How a number is scaled; None for categories.
    """

    column: Column
    form: ColumnForm
    levels: npt.NDArray[Any]
    feature: NumberFeature | None = None

    @property
    def width(self) -> int:
        """The number of columns of the matrix."""
        return len(self.levels) if self.form == "one_hot" else 1

    def matrix(self) -> FloatArray:
        """Return the block, `[rows, width]`."""
        if self.feature is not None:
            return self.feature.scaled(_numbers(self.column))[:, None].astype(float)
        code = _positions(self.levels, self.column.values)
        if self.form == "code":
            return code[:, None].astype(float)
        return np.asarray(code[:, None] == np.arange(len(self.levels)), float)

    def values(self, block: FloatArray) -> npt.NDArray[Any]:
        """Return the table's values of rows of the block, `[rows]`.

        None is missing, unless missing is one of the levels.
        """
        if self.feature is None:
            code = np.argmax(block, axis=1) if self.form == "one_hot" else block[:, 0]
            code = np.clip(np.rint(code), 0, len(self.levels) - 1).astype(np.int64)
            return np.asarray(self.levels[code])
        numbers = _unscaled(self.feature, block[:, 0])
        if self.column.kind == "boolean":
            return np.clip(np.rint(numbers), 0.0, 1.0)
        if self.column.kind == "datetime":
            return np.rint(numbers).astype(np.int64).astype("datetime64[us]")
        return numbers


@dataclass(frozen=True, eq=False)
class SamplerView:
    """A table as a sampler object sees it.

    Make one with `sampler_view`.

    Attributes:
        table: The rows.
        blocks: One per column of the table, in its order.
        indicators: The columns whose missing values have a 0/1 column, which follow
            the blocks in this order.
    """

    table: Table
    blocks: tuple[ColumnBlock, ...]
    indicators: tuple[str, ...]

    @cached_property
    def matrix(self) -> FloatArray:
        """The matrix, `[rows, columns]` float64 without missing values."""
        parts = [block.matrix() for block in self.blocks]
        parts += [
            self.table[name].missing()[:, None].astype(float)
            for name in self.indicators
        ]
        return np.concatenate(parts, axis=1)

    def places(self, names: Collection[str]) -> list[int]:
        """Return where categories stand in the matrix: for a sampler to be told.

        Indicators of missing values are categories too.

        Args:
            names: Columns of the table whose form is "code".
        """
        starts = np.cumsum([0, *(block.width for block in self.blocks)])
        places = [
            int(start)
            for start, block in zip(starts, self.blocks, strict=False)
            if block.column.name in names
        ]
        return places + [int(starts[-1]) + i for i in range(len(self.indicators))]

    def restore(self, x: FloatArray, y: npt.NDArray[np.int8]) -> Table:
        """Return the table of rows that a sampler returned.

        A row that is one of the view's rows is taken over as it was. In others,
        numbers are scaled back, a value is missing if its indicator is nearer to 1
        than to 0, and a boolean or a category is the nearest one.

        Args:
            x: `[rows, columns]`, like `matrix`.
            y: `[rows]` their labels, 0 or 1.
        """
        row_of = {row.tobytes(): place for place, row in enumerate(self.matrix)}
        source = np.array([row_of.get(row.tobytes(), -1) for row in x], np.int64)
        ends = np.cumsum([block.width for block in self.blocks])
        columns = []
        for block, end in zip(self.blocks, ends, strict=True):
            column = block.column
            made = block.values(x[:, end - block.width : end])
            if column.name in self.indicators:
                place = int(ends[-1]) + self.indicators.index(column.name)
                made = np.where(x[:, place] >= 0.5, _missing(column), made)
            values = np.where(source >= 0, column.values[source], made)
            columns.append(
                dataclasses.replace(column, values=values.astype(column.values.dtype))
            )
        return dataclasses.replace(self.table.bare(), columns=tuple(columns), y=y)


def sampler_view(
    table: Table, categories: Collection[str] | None = None
) -> SamplerView:
    """Return what a sampler object sees of a table.

    Numbers, booleans and times are scaled as networks see them. Without `categories`
    a category becomes one 0/1 column per level, for samplers that know numbers only;
    levels with fewer than 5 rows share one.

    Args:
        table: The training part.
        categories: The columns that the sampler is told to be categories, of any
            kind: each becomes one column of codes. Other categorical columns then
            are one 0/1 column per level, too.

    Example:
        >>> from equipoise.task import Task
        >>> size = Column("size", "numeric", np.array([1.0, 2.0, 3.0, np.nan]))
        >>> colour = Column("colour", "categorical", np.array([0, 1, 0, 1]), ("a", "b"))
        >>> table = Table((colour, size), np.array([0, 1, 0, 0], np.int8),
        ...               Task("binary", ("n", "p")))
        >>> view = sampler_view(table, ["colour"])
        >>> view.matrix[:, [0, 2]].tolist(), view.places(["colour"])
        ([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]], [0, 2])
        >>> made = view.restore(view.matrix[[0, 3]] * 0.9, table.y[:2])
        >>> made["colour"].values.tolist(), made["size"].missing().tolist()
        ([0, 1], [False, True])
    """
    blocks = []
    indicators = []
    for column in table.columns:
        if categories is not None and column.name in categories:
            blocks.append(ColumnBlock(column, "code", np.unique(column.values)))
        elif column.kind == "categorical":
            blocks.append(ColumnBlock(column, "one_hot", _levels(column)))
        else:
            boolean = column.kind == "boolean"
            feature = learn_number(column.name, "value", _numbers(column), boolean)
            blocks.append(ColumnBlock(column, "scaled", np.empty(0), feature))
            if feature.indicator:
                indicators.append(column.name)
    return SamplerView(table, tuple(blocks), tuple(indicators))


def _levels(column: Column) -> npt.NDArray[np.int32]:
    """Return the codes with a 0/1 column of their own; rare ones share the last.

    Which level a value has that is none of them follows from `_positions`: the last.
    """
    vocabulary = learn_category(column).vocabulary
    frequent = [column.categories.index(text) for text in vocabulary]
    present = np.unique(column.values)
    rare = np.setdiff1d(present, [*frequent, MISSING_CODE])
    levels = [MISSING_CODE] * bool(column.missing().any()) + frequent
    return np.asarray([*levels, *rare[:1]], np.int32)


def _positions(
    levels: npt.NDArray[Any], values: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Return where values stand among levels; the last for those that do not."""
    order = np.argsort(levels)
    place = np.minimum(np.searchsorted(levels, values, sorter=order), len(levels) - 1)
    code = order[place]
    equal = levels[code] == values
    if levels.dtype.kind in "fM":  # missing values are equal here
        equal |= (levels[code] != levels[code]) & (values != values)
    return np.where(equal, code, len(levels) - 1)


def _numbers(column: Column) -> FloatArray:
    """Return a column's values as numbers, NaN if missing; times in microseconds."""
    if column.kind != "datetime":
        return column.values.astype(np.float64, copy=False)
    moments = column.values.astype("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64))


def _missing(column: Column) -> Any:
    return np.datetime64("NaT", "us") if column.kind == "datetime" else np.nan


def _unscaled(feature: NumberFeature, scaled: FloatArray) -> FloatArray:
    """Invert `NumberFeature.scaled`."""
    s = np.clip(scaled, -NEAREST_TO_THREE, NEAREST_TO_THREE)
    z = s / np.sqrt(1.0 - np.square(s / 3.0))
    return np.asarray(feature.median + 2.0 * feature.half_scale * z)
