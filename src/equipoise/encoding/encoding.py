# SPDX-License-Identifier: Apache-2.0
"""The encoding: from typed columns to what a model takes, learned as plain data.

Learned on the training part alone. `equipoise.networks.encoding` executes the same
data in TensorFlow, with equal results.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise._core.states import real, texts
from equipoise._core.types import CodeArray, Float32Array
from equipoise.encoding.calendar import PARTS
from equipoise.encoding.features import (
    CategoryFeature,
    NumberFeature,
    learn_category,
    learn_number,
)
from equipoise.encoding.few_rows import FEW, Stacked, stacked
from equipoise.errors import InputError
from equipoise.table.table import Column, ColumnKind, Table

Kinds = tuple[ColumnKind, ...]
NUMBERS: Kinds = ("numeric", "boolean")
MOMENTS: Kinds = ("datetime",)
CATEGORIES: Kinds = ("categorical",)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoded rows.

    Attributes:
        numbers: `[rows, features + indicators]` float32: scaled numbers in (-3, 3),
            0 where missing; then one 0/1 column for each feature with an indicator.
        positions: `[rows, features]` float32: where each number lies on its knots,
            index plus fraction, at most 2 intervals outside.
        codes: `[rows, categorical columns]` int32: 0 missing, 1 rare or unseen, 2
            and up known.
    """

    numbers: Float32Array
    positions: Float32Array
    codes: CodeArray

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: npt.ArrayLike) -> Encoded:
        """Return the given rows (positions or a mask).

        Args:
            rows: Positions or a mask.
        """
        index = np.asarray(rows)
        return Encoded(self.numbers[index], self.positions[index], self.codes[index])


@dataclass(frozen=True)
class Encoding:
    """How columns become numbers, positions and codes: frozen plain data.

    Make one with `learn_encoding`. Equal training parts give equal encodings, in
    whatever order their rows come.

    Attributes:
        numbers: The features with a value, in the order of the columns.
        categories: The categorical columns, in the same order.
    """

    numbers: tuple[NumberFeature, ...]
    categories: tuple[CategoryFeature, ...]

    @property
    def knots(self) -> tuple[int, ...]:
        """The number of knots of each feature, at least 2."""
        return tuple(len(feature.knots) for feature in self.numbers)

    @property
    def levels(self) -> tuple[int, ...]:
        """The number of codes of each categorical column, at least 2."""
        return tuple(feature.levels for feature in self.categories)

    @property
    def indicators(self) -> tuple[str, ...]:
        """The columns whose missing values have an indicator."""
        return tuple(feature.column for feature in self.numbers if feature.indicator)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of `Encoded.numbers`, indicators last."""
        return (
            *(feature.name for feature in self.numbers),
            *(f"{column} is missing" for column in self.indicators),
        )

    @property
    def columns(self) -> dict[str, str]:
        """The source columns and what a model takes for each.

        "number" (float64), "moment" (int64 microseconds since 1970) or "text".
        """
        kinds = {
            feature.column: "number" if feature.origin == "value" else "moment"
            for feature in self.numbers
        }
        return kinds | {feature.column: "text" for feature in self.categories}

    def transform(self, table: Table, rows: npt.ArrayLike | None = None) -> Encoded:
        """Encode rows of a table that has the encoding's columns.

        Args:
            table: Rows; further columns are ignored, the target is not read.
            rows: Positions or a mask; all rows if None.

        Raises:
            InputError: A column is absent or is of another kind.
        """
        index = slice(None) if rows is None else np.asarray(rows)
        count = len(np.empty(len(table), np.bool_)[index])
        d = len(self.numbers)
        numbers = np.empty((count, d + len(self.indicators)), np.float32)
        positions = np.empty((count, d), np.float32)
        codes = np.empty((count, len(self.categories)), np.int32)
        place = d
        few = np.empty((d, count)) if count <= FEW else None
        columns = {column.name: column for column in table.columns}
        for j, feature in enumerate(self.numbers):
            column = columns.get(feature.column) or table[feature.column]
            accepted = NUMBERS if feature.origin == "value" else MOMENTS
            values = feature.extract(_column(column, accepted, index))
            if few is not None:
                few[j] = values
            else:
                numbers[:, j] = feature.scaled(values)
                positions[:, j] = feature.position(values)
            if feature.indicator:
                numbers[:, place] = np.isnan(values)
                place += 1
        if few is not None and d:
            numbers[:, :d], positions[:] = self._stacked.encode(few)
        for j, category in enumerate(self.categories):
            column = columns.get(category.column) or table[category.column]
            codes[:, j] = category.codes(_column(column, CATEGORIES, index))
        return Encoded(numbers, positions, codes)

    @cached_property
    def _stacked(self) -> Stacked:
        return stacked(self.numbers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps exactly."""
        return {
            "numbers": [_plain(feature) for feature in self.numbers],
            "categories": [_plain(feature) for feature in self.categories],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Encoding:
        """Rebuild an encoding from `to_dict`.

        Raises:
            InputError: A number is not finite, knots do not increase, or a text
                occurs twice.
        """
        numbers = tuple(_number_feature(entry) for entry in data["numbers"])
        categories = tuple(
            CategoryFeature(str(entry["column"]), texts(entry["vocabulary"], "levels"))
            for entry in data["categories"]
        )
        texts([feature.name for feature in numbers], "the names of features")
        texts([feature.column for feature in categories], "the names of columns")
        return cls(numbers, categories)


def learn_encoding(table: Table, rows: npt.ArrayLike) -> Encoding:
    """Learn an encoding from the given rows and no others.

    Numbers and booleans become one feature each. A moment becomes its days since
    1970 and, if they vary in the training part, its hour, weekday and month. A
    category has a code of its own from 5 training rows on, the 1,000 most frequent
    at most.

    Args:
        table: A table; its target is not read.
        rows: `[n]` positions of the training part, or a mask.

    Raises:
        InputError: There are no rows.

    Example:
        >>> from equipoise.task import Task
        >>> age = Column("age", "numeric", np.array([20.0, 30.0, 40.0, np.nan]))
        >>> table = Table((age,), np.array([0, 1, 0, 0], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> encoding = learn_encoding(table, np.arange(4))
        >>> encoding.transform(table).positions.ravel().tolist()
        [0.0, 1.0, 2.0, 1.0]
        >>> encoding.transform(table).numbers[3].tolist()
        [0.0, 1.0]
    """
    index = np.asarray(rows)
    numbers: list[NumberFeature] = []
    categories: list[CategoryFeature] = []
    for column in table.columns:
        part = column.take(index)
        if len(part.values) == 0:
            raise InputError(sentence("no training rows", "at least one row"))
        if column.kind == "categorical":
            categories.append(learn_category(part))
        elif column.kind == "datetime":
            numbers += _learn_moment(part)
        else:
            values = part.values.astype(np.float64, copy=False)
            boolean = column.kind == "boolean"
            numbers.append(learn_number(column.name, "value", values, boolean))
    return Encoding(tuple(numbers), tuple(categories))


def _learn_moment(column: Column) -> Sequence[NumberFeature]:
    features = []
    for part in PARTS:
        empty = NumberFeature(column.name, part, 0.0, 0.0, ())
        feature = learn_number(column.name, part, empty.extract(column))
        if part == "days" or not feature.constant:
            features.append(feature)
    return features


def _number_feature(entry: dict[str, Any]) -> NumberFeature:
    knots = np.asarray([number(knot, "a knot") for knot in entry["knots"]])
    if len(knots) < 2 or not (knots[1:] > knots[:-1]).all():
        raise InputError(sentence("knots that do not increase", "two or more that do"))
    if not isinstance(entry["indicator"], bool):
        raise InputError(sentence("an indicator that is not a Boolean", "true, false"))
    return NumberFeature(
        str(entry["column"]),
        one_of(entry["origin"], ["value", *PARTS], "origin"),  # type: ignore[arg-type]  # checked
        real(entry, "median"),
        number(entry["half_scale"], "half_scale", 0),
        tuple(knots.tolist()),
        entry["indicator"],
    )


def _column(column: Column, accepted: Kinds, index: npt.NDArray[Any] | slice) -> Column:
    """Return a column's rows if it is of an accepted kind."""
    if column.kind not in accepted:
        raise InputError(
            sentence(
                f"the {column.kind} column {column.name!r}",
                f"a {' or '.join(accepted)} column, as in the training part",
                "Read the file with like=TRAINING_TABLE.",
            )
        )
    if isinstance(index, slice):  # all rows
        return column
    return dataclasses.replace(column, values=column.values[index])


def _plain(feature: NumberFeature | CategoryFeature) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(feature).items()
    }
