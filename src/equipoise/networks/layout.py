# SPDX-License-Identifier: Apache-2.0
"""Where each encoded feature lies in a network's input.

Every fold has an encoding of its own, with its own knots and levels. Members of
different folds are stacked, so all of them use the places of one *common* layout,
which depends on the table and on nothing else: whoever is stacked with whom never
changes a member's arithmetic. An exported network has the *exact* layout of its
own encoding, which is a part of the common one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.types import Float32Array, Int32Array, IntArray
from equipoise.encoding.calendar import PARTS
from equipoise.encoding.encoding import Encoded, Encoding
from equipoise.encoding.features import BINS, LEAST_COUNT, MOST_CATEGORIES
from equipoise.errors import InputError
from equipoise.networks.spec import NetworkSpec
from equipoise.table.table import Column, Table


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a network takes.

    Attributes:
        dense: `[rows, dense]` float32: scaled numbers, indicators, one-hot columns.
        positions: `[rows, numbers]` float32: places on the knots; no columns where
            the network does not embed numbers.
        codes: `[rows, embedded]` int32: rows of the table of levels.
    """

    dense: Float32Array
    positions: Float32Array
    codes: Int32Array

    def __len__(self) -> int:
        return len(self.dense)


@dataclass(frozen=True)
class Category:
    """A categorical column: its name, its number of codes, how it enters."""

    name: str
    levels: int
    embedded: bool


@dataclass(frozen=True)
class Layout:
    """The places of a network's input.

    Attributes:
        numbers: The names of scaled numbers and indicators.
        positions: The names of embedded numbers; empty if none is embedded.
        knots: The number of knots of each embedded number.
        categories: The categorical columns, in the order of the codes.
        indicators: How many of `numbers` are indicators, its last ones. It tells a
            column "a is missing" from the indicator of a column "a", and is needed
            only to put one layout into another.
    """

    numbers: tuple[str, ...]
    positions: tuple[str, ...]
    knots: tuple[int, ...]
    categories: tuple[Category, ...]
    indicators: int = field(default=0, compare=False)

    @property
    def one_hot(self) -> tuple[Category, ...]:
        """The categorical columns that enter as one-hot columns."""
        return tuple(c for c in self.categories if not c.embedded)

    @property
    def embedded(self) -> tuple[Category, ...]:
        """The categorical columns that are embedded."""
        return tuple(c for c in self.categories if c.embedded)

    @property
    def entries(self) -> tuple[tuple[int, bool], ...]:
        """By categorical column, the number of its codes and whether it is embedded."""
        return tuple((c.levels, c.embedded) for c in self.categories)

    @property
    def dense(self) -> int:
        """The number of dense columns."""
        return len(self.numbers) + sum(c.levels for c in self.one_hot)

    @property
    def most_knots(self) -> int:
        """The largest number of knots."""
        return max(self.knots, default=2)

    @property
    def levels(self) -> int:
        """The rows of the table of levels of all embedded columns."""
        return sum(c.levels for c in self.embedded)

    def width(self, spec: NetworkSpec) -> int:
        """Return the width of the first layer's input."""
        return (
            self.dense
            + len(self.positions) * spec.number_width
            + len(self.embedded) * spec.category_width
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain data."""
        return {
            "numbers": list(self.numbers),
            "positions": list(self.positions),
            "knots": list(self.knots),
            "categories": [[c.name, c.levels, c.embedded] for c in self.categories],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Layout:
        """Rebuild a layout from `to_dict`."""
        return cls(
            tuple(values["numbers"]),
            tuple(values["positions"]),
            tuple(values["knots"]),
            tuple(Category(*entry) for entry in values["categories"]),
        )


def common_layout(table: Table, spec: NetworkSpec) -> Layout:
    """Return the layout that the encoding of every part of a table fits into.

    Args:
        table: All rows of the trial.
        spec: The network, which says what is embedded.
    """
    numbers: list[str] = []
    knots: list[int] = []
    indicators: list[str] = []
    categories: list[Category] = []
    for column in table.columns:
        if column.kind == "categorical":
            levels = _most_levels(column)
            categories.append(Category(column.name, levels, levels > spec.one_hot))
            continue
        if column.kind == "datetime":
            numbers += [f"{column.name}:{part}" for part in PARTS]
            knots += [BINS + 1] * len(PARTS)
        else:
            numbers.append(column.name)
            knots.append(_most_knots(column))
        if column.missing().any():
            indicators.append(f"{column.name} is missing")
    embeds = spec.number_width > 0
    return Layout(
        (*numbers, *indicators),
        tuple(numbers) if embeds else (),
        tuple(knots) if embeds else (),
        tuple(categories),
        len(indicators),
    )


def exact_layout(encoding: Encoding, common: Layout) -> Layout:
    """Return the layout of one part's encoding, a part of the common one."""
    embedded = {c.name: c.embedded for c in common.categories}
    names = tuple(feature.name for feature in encoding.numbers)
    embeds = bool(common.positions)
    return Layout(
        encoding.names,
        names if embeds else (),
        encoding.knots if embeds else (),
        tuple(
            Category(feature.column, feature.levels, embedded[feature.column])
            for feature in encoding.categories
        ),
        len(encoding.indicators),
    )


def arrange(encoded: Encoded, exact: Layout, common: Layout) -> Inputs:
    """Put encoded rows of one part into the places of a layout.

    Args:
        encoded: What the part's encoding gave.
        exact: The layout of the part's encoding.
        common: Where they are put: the common layout, or `exact` itself.
    """
    rows = len(encoded)
    dense = np.zeros((rows, common.dense), np.float32)
    dense[:, number_places(exact, common)] = encoded.numbers
    codes = np.zeros((rows, len(common.embedded)), np.int32)
    column, level, place = len(common.numbers), 0, 0
    for category, values in zip(common.categories, encoded.codes.T, strict=True):
        if category.embedded:
            codes[:, place] = level + values
            level += category.levels
            place += 1
        else:
            dense[np.arange(rows), column + values] = 1.0
            column += category.levels
    positions = np.zeros((rows, len(common.positions)), np.float32)
    if common.positions:
        positions[:, places(exact.positions, common.positions)] = encoded.positions
    return Inputs(dense, positions, codes)


def number_places(exact: Layout, common: Layout) -> IntArray:
    """Return where scaled numbers and indicators are in another layout, `[numbers]`.

    Raises:
        InputError: Features of one name cannot be told apart.
    """
    if exact is common:
        return np.arange(len(exact.numbers))
    mine, theirs = (len(each.numbers) - each.indicators for each in (exact, common))
    return np.concatenate(
        [
            places(exact.numbers[:mine], common.numbers[:theirs]),
            theirs + places(exact.numbers[mine:], common.numbers[theirs:]),
        ]
    )


def places(names: Sequence[str], among: Sequence[str]) -> IntArray:
    """Return where each of the names is, `[names]`.

    A part of a moment may have the name of another column, as "day:hour" does beside
    the hours of "day". Names that repeat are told apart by their order.

    Raises:
        InputError: A name occurs more than once, and not equally often in both.

    Example:
        >>> places(["b", "a", "b"], ["a", "b", "c", "b"]).tolist()
        [1, 0, 3]
    """
    mine, theirs = Counter(names), Counter(among)
    for name, times in theirs.items():
        if times > 1 and mine[name] not in (0, times):
            raise InputError(
                sentence(
                    f"{times} features of the name {name!r}, of which a part of the "
                    "rows has no values",
                    "features with names of their own",
                    "Rename the column.",
                )
            )
    where: dict[str, list[int]] = {}
    for place, name in enumerate(among):
        where.setdefault(name, []).append(place)
    waiting = {name: iter(at) for name, at in where.items()}
    return np.asarray([next(waiting[name]) for name in names], np.int64)


def _most_knots(column: Column) -> int:
    if column.kind == "boolean":
        return 2
    distinct = len(np.unique(column.values[~column.missing()]))
    return min(BINS + 1, max(2, distinct))


def _most_levels(column: Column) -> int:
    present = column.values[column.values >= 0]
    frequent = np.bincount(present, minlength=1) >= LEAST_COUNT
    return 2 + min(MOST_CATEGORIES, int(frequent.sum()))
