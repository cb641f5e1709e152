# SPDX-License-Identifier: Apache-2.0
"""The parts of a table, and the store of their encoded rows that networks train on.

Nothing is encoded until a group of networks is trained: then its parts are written
into one store, which is all that is held, and freed with the group. What a store holds
per row is what the parts do not share, as compactly as it can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, sentence
from equipoise._core.types import AnyArray, Float32Array, FloatArray, IntArray
from equipoise.encoding.encoding import Encoded, Encoding, learn_encoding
from equipoise.errors import TrainingError
from equipoise.jobs import Job
from equipoise.networks.layout import Layout, exact_layout, number_places, places
from equipoise.table.table import Table

MOST_SMALL_CODES = 256
"""Codes that eight bits can tell apart."""


@dataclass(frozen=True, eq=False)
class EncodedPart:
    """One split of the table, with the encoding that its training rows gave.

    Attributes:
        number: The number that the jobs call it by.
        train: Rows to fit on.
        stop: Rows that decide early stopping.
        score: Rows to score.
        table: All rows.
        encoding: What the training rows gave.
        exact: The layout of the encoding.
        weights: `[rows]` how much each row of the table counts; None for 1 each.
    """

    number: int
    train: IntArray
    stop: IntArray
    score: IntArray
    table: Table
    encoding: Encoding
    exact: Layout
    weights: FloatArray | None = None

    @property
    def labels(self) -> AnyArray:
        """The targets of all rows: class numbers `[rows]`, or `[rows, labels]`."""
        return np.asarray(self.table.labels())

    @property
    def train_labels(self) -> AnyArray:
        """The targets of the training rows."""
        return self.labels[self.train]

    def encode(self, rows: npt.ArrayLike | None = None) -> Encoded:
        """Return rows of the table, encoded; all of them if `rows` is None.

        Raises:
            TrainingError: An encoded column holds a number that is not finite.
        """
        return self.encode_others(self.table, rows)

    def encode_others(self, table: Table, rows: npt.ArrayLike | None = None) -> Encoded:
        """Return rows of another table with the same columns, encoded alike.

        Args:
            table: The table.
            rows: Positions in it; all if None.

        Raises:
            TrainingError: An encoded column holds a number that is not finite.
        """
        encoded = self.encoding.transform(table, rows)
        _require_finite(self.encoding, encoded)
        return encoded

    def counts(self) -> FloatArray:
        """Return the number of training rows by class, as `Task.totals`."""
        return self.table.task.totals(self.train_labels)

    def totals(self) -> FloatArray:
        """Return the weight of the training rows by class, as `Task.totals`."""
        weights = None if self.weights is None else self.weights[self.train]
        return self.table.task.totals(self.train_labels, weights)

    def shares(self) -> FloatArray:
        """Return each row's weight over the mean of its class, `[rows]`.

        The mean is that of the training rows, so there it is 1 in each class: how
        much the classes count as wholes is said elsewhere. A class without training
        rows has the mean 1. With several labels, a row has one weight for all of them:
        over the mean of all training rows.
        """
        if self.weights is None:
            return np.ones(len(self.labels))
        if self.table.task.kind == "multilabel":
            return np.asarray(self.weights / self.weights[self.train].mean())
        counts = self.counts()
        means = np.where(counts > 0, self.totals() / np.maximum(counts, 1), 1.0)
        return np.asarray(self.weights / means[self.labels])


def encode_parts(
    table: Table, jobs: Sequence[Job], common: Layout
) -> list[EncodedPart]:
    """Return the part of each job, in the order of the jobs.

    The encoding is learned once for each part number, and no row is encoded yet. Jobs
    of one part that learn from the same rows and weight them alike share one object.

    Args:
        table: The rows that all jobs index.
        jobs: What is to be fitted.
        common: The layout of the table.
    """
    encodings: dict[int, Encoding] = {}
    parts: dict[tuple[int, ...], EncodedPart] = {}
    for job in jobs:
        key = _part_key(job)
        if key in parts:
            continue
        if job.part not in encodings:
            encodings[job.part] = job.encoding or learn_encoding(table, job.train_rows)
        parts[key] = EncodedPart(
            job.part,
            np.asarray(job.train_rows),
            np.asarray(job.stop_rows),
            np.asarray(job.scored_rows),
            table,
            encodings[job.part],
            exact_layout(encodings[job.part], common),
            job.row_weights,
        )
    return [parts[_part_key(job)] for job in jobs]


def _part_key(job: Job) -> tuple[int, ...]:
    return job.part, id(job.train_rows), id(job.row_weights)


@dataclass(frozen=True, eq=False)
class EncodedStore:
    """The encoded rows of some parts, one part below the other.

    Numbers are float32. A category is one small integer, whatever its number of levels:
    the networks make columns of zeros and ones of it when a batch is gathered.

    Attributes:
        numbers: `[parts * rows, numbers]` float32: scaled numbers and indicators, in
            the places of the common layout.
        positions: `[parts * rows, embedded numbers]` float32: places on the knots.
        codes: `[parts * rows, categories]` the code of each category; uint8 if all of
            them fit.
    """

    numbers: Float32Array
    positions: Float32Array
    codes: AnyArray

    @classmethod
    def of(cls, parts: Sequence[EncodedPart], common: Layout) -> EncodedStore:
        """Encode the rows of some parts, part by part, each into its place.

        Args:
            parts: Splits of one table.
            common: The layout of the table.
        """
        rows = len(parts[0].table)
        small = max((category.levels for category in common.categories), default=0)
        whole = cls(
            np.zeros((len(parts) * rows, len(common.numbers)), np.float32),
            np.zeros((len(parts) * rows, len(common.positions)), np.float32),
            np.zeros(
                (len(parts) * rows, len(common.categories)),
                np.uint8 if small <= MOST_SMALL_CODES else np.int32,
            ),
        )
        for place, part in enumerate(parts):
            here = slice(place * rows, (place + 1) * rows)
            encoded, exact = part.encode(), part.exact
            whole.numbers[here, number_places(exact, common)] = encoded.numbers
            if common.positions:
                columns = places(exact.positions, common.positions)
                whole.positions[here, columns] = encoded.positions
            whole.codes[here] = encoded.codes
        return whole

    def put(
        self, at: IntArray, encoded: Encoded, exact: Layout, common: Layout
    ) -> None:
        """Put rows into the places of others.

        Args:
            at: `[rows]` the places.
            encoded: The rows, by the encoding of the part that the places are of.
            exact: The layout of that encoding.
            common: The layout of the table.
        """
        columns = np.asarray(number_places(exact, common))
        self.numbers[at[:, None], columns[None]] = encoded.numbers
        if common.positions:
            columns = np.asarray(places(exact.positions, common.positions))
            self.positions[at[:, None], columns[None]] = encoded.positions
        self.codes[at] = encoded.codes


def _require_finite(encoding: Encoding, encoded: Encoded) -> None:
    finite = np.asarray(np.isfinite(encoded.numbers).all(axis=0))
    if not finite.all():
        names = [encoding.names[j] for j in np.flatnonzero(~finite)]
        raise TrainingError(
            sentence(
                f"numbers that are not finite in {listing(names)}",
                "finite numbers, or missing values",
                "Replace infinities in the source.",
            )
        )
