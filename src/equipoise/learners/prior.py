# SPDX-License-Identifier: Apache-2.0
"""The learner that knows only how rare positives are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.states import array, real
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.strategies.by_task import absence_notes, prior_scores
from equipoise.table.table import Table
from equipoise.weights.scheme import check_totals


@dataclass(frozen=True)
class PriorScorer:
    """Gives every row the same log-odds.

    Attributes:
        value: log(positives / negatives) of the training part, by weight; with several
            classes or labels their scores.
    """

    value: float | tuple[float, ...]

    def log_odds(self, table: Table) -> FloatArray:
        """Return the same scores for every row, `[rows, width]`."""
        return np.tile(np.atleast_1d(np.asarray(self.value)), (len(table), 1))

    def state(self) -> dict[str, Any]:
        """Return the one number, or an array of the scores."""
        several = isinstance(self.value, tuple)
        return {"value": np.array(self.value) if several else self.value}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PriorScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: A number is not finite.
        """
        if isinstance(state.get("value"), np.ndarray):
            return cls(tuple(array(state, "value", "float64", (None,)).tolist()))
        return cls(real(state, "value"))


class PriorLearner:
    """Predicts the share of positives in the training part for every row.

    The floor of every trial: its AUROC is exactly .5 in each fold, its average
    precision the share of positives among the scored rows. With several classes or
    labels it predicts each one's share.
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
    counts = job.totals(table, job.train_rows)
    if table.task.kind != "binary":
        scores = tuple(prior_scores(table.task, counts).tolist())
        notes = absence_notes(table.task, counts)
        return FittedJob(PriorScorer(scores), notes=notes)
    totals = check_totals(counts)
    negatives, positives = totals.tolist()
    return FittedJob(PriorScorer(math.log(positives / negatives)))
