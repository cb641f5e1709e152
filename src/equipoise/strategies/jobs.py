# SPDX-License-Identifier: Apache-2.0
"""The learners' seam: jobs go in, outcomes come out.

A learner is handed *all* the fits it is to do at once. A simple learner loops
over the jobs; the population engine trains them as one program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

Progress = Callable[[str, float], None]
"""Called with a sentence and the share of the work that is done, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Job:
    """One fit: a strategy on one part of a table.

    The three sets of rows are disjoint positions in the table.

    Attributes:
        strategy: What is done about the imbalance.
        train: Rows to fit on.
        stop: Rows that decide when to stop, or how strong a penalty is. A learner
            that has another way to decide it may learn from them as well.
        score: Rows to score.
        seed: The job's own seed.
        part: The number of the split; jobs of one part have the same `train`,
            `stop` and `score`, so they share one encoding.
    """

    strategy: Strategy
    train: IntArray
    stop: IntArray
    score: IntArray
    seed: int
    part: int = 0


class Scorer(Protocol):
    """A fitted model, as a learner keeps it."""

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds of the positive class, `[rows]`."""
        ...

    def state(self) -> dict[str, Any]:
        """Return all that is needed to rebuild it: arrays and plain data."""
        ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one job gave.

    Attributes:
        job: The job.
        log_odds: `[len(job.score)]` float64: log-odds of the positive class
            after the strategy's exact correction, before any calibration.
        seconds: The job's share of the wall time, seconds.
        updates: The number of optimiser steps (or trees, or iterations) taken.
        best: The epoch (or iteration) that was kept; 0 where nothing is chosen.
        scorer: The fitted model where it was asked for.
        notes: What the user should know about this fit.
    """

    job: Job
    log_odds: FloatArray
    seconds: float
    updates: int = 0
    best: int = 0
    scorer: Scorer | None = None
    notes: tuple[str, ...] = ()


class Learner(Protocol):
    """Anything that can do jobs."""

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted model.
            progress: Called now and then.
        """
        ...
