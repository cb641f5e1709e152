# SPDX-License-Identifier: Apache-2.0
"""The learner that knows only how rare positives are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.states import real
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.table.table import Table
from equipoise.weights.scheme import check_totals


@dataclass(frozen=True)
class PriorScorer:
    """Gives every row the same log-odds.

    Attributes:
        value: log(positives / negatives) of the training part, by weight.
    """

    value: float

    def log_odds(self, table: Table) -> FloatArray:
        """Return the same log-odds for every row, `[rows, 1]`."""
        return np.full((len(table), 1), self.value)

    def state(self) -> dict[str, Any]:
        """Return the one number."""
        return {"value": self.value}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PriorScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The number is not finite.
        """
        return cls(real(state, "value"))


class PriorLearner:
    """Predicts the share of positives in the training part for every row.

    The floor of every trial: its AUROC is exactly .5 in each fold, its average
    precision the share of positives among the scored rows.
    """

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        Raises:
            InputError: A training part lacks a class.
        """
        return run_one_by_one(_fit, table, jobs, keep=keep, progress=progress)


def _fit(table: Table, job: Job, encoding: Encoding) -> FittedJob:
    totals = check_totals(job.totals(table, job.train_rows))
    negatives, positives = totals.tolist()
    return FittedJob(PriorScorer(math.log(positives / negatives)))
