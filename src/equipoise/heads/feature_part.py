# SPDX-License-Identifier: Apache-2.0
"""A split of the rows, with features in place of columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.types import Float32Array, FloatArray
from equipoise.encoding.encoding import Encoded, Encoding
from equipoise.jobs import Job
from equipoise.networks.layout import Layout
from equipoise.table.table import Table
from equipoise.training.encoded_store import EncodedPart


@dataclass(frozen=True, eq=False)
class FeaturePart(EncodedPart):
    """What the population engine trains last layers on.

    Each feature is scaled to mean 0 and variance 1 over the training rows. A feature
    that is constant there is 0. `unscaled` undoes it in a head's weights.

    Attributes:
        raw: `[rows, width]` the features of all rows of the table.
        centre: `[width]` their means.
        scale: `[width]` their standard deviations; infinite if they are constant.

    Example:
        >>> from equipoise.strategies.strategy import Strategy
        >>> from equipoise.task import Task
        >>> table = Table((), np.array([0, 0, 1], np.int8), Task("binary", ("a", "b")))
        >>> job = Job(Strategy(), np.arange(2), np.arange(2, 3), np.arange(3), seed=0)
        >>> part = FeaturePart.of(table, job, np.array([[1.0], [3.0], [5.0]]))
        >>> part.encode().numbers.ravel().tolist()
        [-1.0, 1.0, 3.0]
    """

    raw: Float32Array = field(default_factory=lambda: np.empty((0, 0), np.float32))
    centre: FloatArray = field(default_factory=lambda: np.empty(0))
    scale: FloatArray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, table: Table, job: Job, features: npt.ArrayLike) -> FeaturePart:
        """Return the part of a job.

        Args:
            table: The rows that the job indexes; only its labels are looked at.
            job: Says which rows are learned from, and what they weigh.
            features: `[rows, width]` finite numbers.
        """
        raw = np.asarray(features, np.float32)
        train = np.asarray(job.train_rows)
        learned = raw[train].astype(np.float64)
        spread = learned.std(axis=0)
        # What rounding leaves of a constant feature is no spread.
        constant = spread <= 1e-6 * np.maximum(1e-30, np.abs(learned).max(axis=0))
        names = tuple(f"feature {place}" for place in range(raw.shape[1]))
        return cls(
            job.part,
            train,
            np.asarray(job.stop_rows),
            np.asarray(job.scored_rows),
            table,
            Encoding((), ()),
            Layout(names, (), (), ()),
            job.row_weights,
            raw,
            learned.mean(axis=0),
            np.where(constant, np.inf, spread),
        )

    def encode(self, rows: npt.ArrayLike | None = None) -> Encoded:
        """Return the scaled features of some rows; of all of them if `rows` is None."""
        raw = self.raw if rows is None else self.raw[np.asarray(rows)]
        scaled = ((raw - self.centre) / self.scale).astype(np.float32)
        empty = np.empty((len(raw), 0))
        return Encoded(scaled, empty.astype(np.float32), empty.astype(np.int32))

    def unscaled(
        self, kernel: npt.ArrayLike, bias: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return the weights that give on raw features what these give on scaled ones.

        Args:
            kernel: `[width, outputs]`.
            bias: `[outputs]`.
        """
        weights = np.asarray(kernel, np.float64) / self.scale[:, None]
        return weights, np.asarray(bias, np.float64) - self.centre @ weights
