# SPDX-License-Identifier: Apache-2.0
"""The rows of all parts, encoded once and laid one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoded, Encoding, learn_encoding
from equipoise.errors import TrainingError
from equipoise.jobs import Job
from equipoise.networks.layout import Inputs, Layout, arrange, exact_layout
from equipoise.table.table import Table, class_counts


@dataclass(frozen=True, eq=False)
class EncodedPart:
    """One split of the table, with the encoding that its training rows gave.

    Attributes:
        number: The number that the jobs call it by.
        train: Rows to fit on.
        stop: Rows that decide early stopping.
        score: Rows to score.
        labels: `[rows]` of the whole table, 0 or 1.
        encoding: What the training rows gave.
        encoded: All rows of the table, encoded.
        exact: The layout of the encoding.
        weights: `[rows]` how much each row of the table counts; None for 1 each.
    """

    number: int
    train: IntArray
    stop: IntArray
    score: IntArray
    labels: npt.NDArray[np.int8]
    encoding: Encoding
    encoded: Encoded
    exact: Layout
    weights: FloatArray | None = None

    @property
    def train_labels(self) -> npt.NDArray[np.int8]:
        """The labels of the training rows."""
        return self.labels[self.train]

    def counts(self) -> tuple[int, int]:
        """Return the negatives and the positives of the training rows."""
        return class_counts(self.train_labels)

    def totals(self) -> tuple[float, float]:
        """Return the weight of the negative and of the positive training rows."""
        if self.weights is None:
            return self.counts()
        weights, positive = self.weights[self.train], self.train_labels == 1
        return float(weights[~positive].sum()), float(weights[positive].sum())

    def shares(self) -> FloatArray:
        """Return each row's weight over the mean of its class, `[rows]`.

        The mean is that of the training rows, so there it is 1 in each class: how
        much the classes count as wholes is said elsewhere.
        """
        if self.weights is None:
            return np.ones(len(self.labels))
        means = np.divide(self.totals(), self.counts())
        return np.asarray(self.weights / means[self.labels])


def encode_part(table: Table, job: Job, common: Layout) -> EncodedPart:
    """Encode a table for the part of a job.

    Raises:
        TrainingError: An encoded column holds a number that is not finite.
    """
    encoding = learn_encoding(table, job.train_rows)
    encoded = encoding.transform(table)
    _require_finite(encoding, encoded)
    return EncodedPart(
        job.part,
        np.asarray(job.train_rows),
        np.asarray(job.stop_rows),
        np.asarray(job.scored_rows),
        np.asarray(table.labels()),
        encoding,
        encoded,
        exact_layout(encoding, common),
        job.row_weights,
    )


def stacked_inputs(parts: Sequence[EncodedPart], common: Layout) -> Inputs:
    """Return the inputs of several parts, one below the other."""
    rows = [len(part.labels) for part in parts]
    whole = Inputs(
        np.empty((sum(rows), common.dense), np.float32),
        np.empty((sum(rows), len(common.positions)), np.float32),
        np.empty((sum(rows), len(common.embedded)), np.int32),
    )
    start = 0
    for part, count in zip(parts, rows, strict=True):
        # Part by part into its place: a large table is copied as seldom as can be.
        inputs = arrange(part.encoded, part.exact, common)
        here = slice(start, start + count)
        whole.dense[here] = inputs.dense
        whole.positions[here] = inputs.positions
        whole.codes[here] = inputs.codes
        start += count
    return whole


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
