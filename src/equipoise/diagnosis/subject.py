# SPDX-License-Identifier: Apache-2.0
"""What is looked at: the table, the test file, and what several checks share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.diagnosis.columns import pick
from equipoise.diagnosis.made import Made, made_rows
from equipoise.diagnosis.neighbours import Neighbourhood, neighbourhood
from equipoise.diagnosis.predictive import Strength, strengths
from equipoise.diagnosis.repeats import EqualRows, equal_rows
from equipoise.diagnosis.words import TWO_CLASSES, Wording, count
from equipoise.errors import UnsupportedError
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table, class_counts
from equipoise.table.units import count_units, one_of_each, tied_rows

# Column-wise checks read at most this many rows of each class: an AUROC from
# 100,000 positives and 100,000 negatives has a standard error below 0.002.
ROWS_PER_CLASS = 100_000


@dataclass(frozen=True, eq=False)
class Units:
    """How many independent cases rows are worth.

    Attributes:
        negatives: Units (groups, or distinct rows) that hold a negative.
        positives: Units that hold a positive.
        kind: What a unit is, in the plural: "groups" or "distinct rows"; empty if
            each row is one.
        rows: `[rows]` the unit of each row, or None if each is one.
        terms: What the two sides are called.
    """

    negatives: int
    positives: int
    kind: str
    rows: npt.NDArray[np.int64] | None
    terms: Wording = TWO_CLASSES

    @classmethod
    def of(cls, table: Table, duplicates: str) -> Units:
        """Count the units of a binary table."""
        return cls.counted(table, tied_rows(table, duplicates))

    @classmethod
    def counted(
        cls, table: Table, units: IntArray | None, terms: Wording = TWO_CLASSES
    ) -> Units:
        """Count units that are there already.

        Args:
            table: A binary table.
            units: `[rows]` the unit of each row, or None if each is one.
            terms: What the two sides are called.
        """
        kind = "distinct rows" if table.groups is None else "groups"
        return cls(
            count_units(units, np.asarray(table.labels() != 1)),
            count_units(units, np.asarray(table.labels() == 1)),
            "" if units is None else kind,
            units,
            terms,
        )

    def named(self, positives: int) -> str:
        """Return a count of positives, and in how many units they lie.

        Example:
            >>> Units(900, 4, "groups", None).named(48)
            '48 positives in 4 groups'
            >>> Units(900, 48, "groups", None).named(48)
            '48 positives'
        """
        text = self.terms.count(positives)
        if self.positives == positives:
            return text
        return f"{text} in {count(self.positives, self.kind[:-1])}"


@dataclass(frozen=True, eq=False)
class Subject:
    """A table to be diagnosed, with what is shared between checks.

    Attributes:
        table: The training table. A check of a class sees it as a binary one: the
            class against the rest, or a label in the rows in which it is known.
        test: A separate test table with the same columns, or None.
        precision: The precision that the user wants, strictly between 0 and 1.
        level: The coverage of every interval and one minus the level of every test.
        seed: Where randomness is needed.
        duplicates: "auto", "group" or "ignore": which equal rows are one case, see
            `tied_rows`.
        terms: What the two sides of a binary table are called.
        tests: How many tests the level is shared by.
        places: `[rows]` where each row stands in the whole table, if rows whose label
            is not known were left out; else None.
    """

    table: Table
    test: Table | None = None
    precision: float = 0.8
    level: float = 0.95
    seed: int = 0
    duplicates: str = "auto"
    terms: Wording = TWO_CLASSES
    tests: int = 1
    places: IntArray | None = None

    @property
    def alpha(self) -> float:
        """The level of a test."""
        return (1 - self.level) / self.tests

    def in_table(self, rows: IntArray) -> list[int]:
        """Return where rows stand in the whole table, for people to look at.

        Args:
            rows: Positions in this subject's table.
        """
        places = rows if self.places is None else self.places[rows]
        return [int(place) for place in places]

    @property
    def binary(self) -> bool:
        """Whether the table has two classes."""
        return self.table.task.kind == "binary"

    @cached_property
    def counts(self) -> tuple[int, int]:
        """Negatives and positives of a binary table."""
        self.table.task.require_binary("the counts of two classes")
        return class_counts(self.table.labels())

    @cached_property
    def test_counts(self) -> tuple[int, int]:
        """Negatives and positives of the test file; zeros if there is none."""
        return (0, 0) if self.test is None else class_counts(self.test.labels())

    @property
    def test_file(self) -> Table:
        """The test table, for checks that need one.

        Raises:
            UnsupportedError: There is none.
        """
        if self.test is None:
            raise UnsupportedError(
                sentence(
                    "a subject without a test file",
                    "a subject with one",
                    "Let the check apply only if `subject.test` is not None.",
                )
            )
        return self.test

    @property
    def featured(self) -> bool:
        """Whether the rows have features to be compared by."""
        return bool(self.table.columns) or self.table.fingerprint is not None

    @cached_property
    def tied(self) -> IntArray | None:
        """`[rows]` the unit of each row, or None if each is one (`tied_rows`)."""
        return tied_rows(self.table, self.duplicates)

    @cached_property
    def test_tied(self) -> IntArray | None:
        """The same of the test file."""
        return None if self.test is None else tied_rows(self.test, self.duplicates)

    @cached_property
    def units(self) -> Units:
        """The independent cases of a binary table."""
        self.table.task.require_binary("the cases of two classes")
        return Units.counted(self.table, self.tied, self.terms)

    @cached_property
    def test_units(self) -> Units:
        """The independent cases of the test file; none where there is none."""
        if self.test is None:
            return Units(0, 0, "", None)
        return Units.counted(self.test, self.test_tied, self.terms)

    @cached_property
    def hashes(self) -> npt.NDArray[np.uint64]:
        """A number per row; equal numbers mean equal features."""
        return row_hashes(self.table)

    @cached_property
    def test_hashes(self) -> npt.NDArray[np.uint64]:
        """The same for the test file, comparable with `hashes`."""
        if self.test is None:
            return np.empty(0, np.uint64)
        return row_hashes(self.test)

    @cached_property
    def sample(self) -> npt.NDArray[np.int64]:
        """Rows for column-wise checks: at most `ROWS_PER_CLASS` of each class."""
        random = generator(self.seed, "diagnosis", "sample")
        return np.sort(
            np.concatenate(
                [
                    pick(
                        np.flatnonzero(self.table.labels() == label),
                        ROWS_PER_CLASS,
                        random,
                    )
                    for label in (0, 1)
                ]
            )
        )

    @cached_property
    def sampled(self) -> Table:
        """The table at `sample`."""
        whole = len(self.sample) == len(self.table)
        return self.table if whole else self.table.take(self.sample)

    @cached_property
    def equal_rows(self) -> EqualRows:
        """The table's rows grouped by equal features.

        Sets of a table of several classes or labels count no positives.
        """
        y = self.table.labels() if self.binary else np.zeros(len(self.table), np.int8)
        return equal_rows(self.hashes, y)

    @cached_property
    def strengths(self) -> tuple[Strength, ...]:
        """How well each column predicts alone, the strongest first."""
        units = self.units.rows
        return strengths(
            self.sampled,
            seed=self.seed,
            level=self.level,
            units=None if units is None else units[self.sample],
        )

    @cached_property
    def made(self) -> Made | None:
        """Whether rows of a class were computed from others."""
        return made_rows(self.table, self.seed)

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        """The nearest neighbours of the positives (`deep` checks only).

        Of each set of copies one row counts.
        """
        units = self.units.rows
        if self.table.groups is not None:
            units = tied_rows(
                dataclasses.replace(self.table, groups=None), self.duplicates
            )
        rows = one_of_each(units, generator(self.seed, "diagnosis", "copies"))
        return neighbourhood(self.table, self.seed, rows=rows)
