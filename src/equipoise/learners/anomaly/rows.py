# SPDX-License-Identifier: Apache-2.0
"""The rows that a detector learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise._core.types import IntArray
from equipoise.jobs import Job
from equipoise.table.table import Table
from equipoise.weights.scheme import check_totals


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """Positions in the table, by part and class.

    Attributes:
        negatives: Training rows.
        positives: Training rows; a learner of one class does not look at them.
        stop_negatives: Of the rows that decide when to stop.
        stop_positives: The same.
    """

    negatives: IntArray
    positives: IntArray
    stop_negatives: IntArray
    stop_positives: IntArray


def learned_rows(table: Table, job: Job) -> LearnedRows:
    """Return the rows of a job by class.

    Args:
        table: A table of two classes.
        job: What is to be fitted.

    Raises:
        InputError: The training part lacks a class.
    """
    check_totals(job.totals(table, job.train_rows))
    y = table.labels()
    parts = [np.asarray(rows, np.int64) for rows in (job.train_rows, job.stop_rows)]
    negatives, stop_negatives = (rows[y[rows] == 0] for rows in parts)
    positives, stop_positives = (rows[y[rows] == 1] for rows in parts)
    return LearnedRows(negatives, positives, stop_negatives, stop_positives)
