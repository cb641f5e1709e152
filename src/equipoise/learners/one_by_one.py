# SPDX-License-Identifier: Apache-2.0
"""What simple learners share: they do one job after another."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
    Scorer,
)
from equipoise.learners.kept_shares import shifted_scorer
from equipoise.stores.class_shares import KeptShares
from equipoise.strategies.by_task import fitted_correction, require_task
from equipoise.table.table import Table


@dataclass(frozen=True, eq=False)
class FittedJob:
    """What fitting one job gave.

    Attributes:
        scorer: The fitted model.
        updates: The number of trees or iterations.
        best: The iteration that was kept; 0 where nothing is chosen.
        notes: What the user should know.
        idle: Parts of the strategy that had no effect, see `Outcome`.
    """

    scorer: Scorer
    updates: int = 0
    best: int = 0
    notes: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


FitJob = Callable[[Table, Job, Encoding], FittedJob]


def run_one_by_one(
    fit: FitJob,
    table: Table,
    jobs: Sequence[Job],
    *,
    keep: bool,
    progress: Progress | None,
) -> Iterator[Outcome]:
    """Yield the outcome of each job, in the order of the jobs.

    The encoding is learned once for each part.

    Args:
        fit: Fits one job on the encoding of its part.
        table: The rows that all jobs index.
        jobs: What is to be fitted.
        keep: Whether each outcome carries its fitted model.
        progress: Called after each job.
    """
    for job in jobs:
        require_task(job.strategy, table.task)
    encodings: dict[int, Encoding] = {}
    for done, job in enumerate(jobs, start=1):
        start = time.perf_counter()
        if job.part not in encodings:
            encodings[job.part] = job.encoding or learn_encoding(table, job.train_rows)
        result = fit(table, job, encodings[job.part])
        if job.shares is not None:
            result = _of_all_rows(result, table, job, job.shares)
        log_odds = result.scorer.log_odds(table.take(job.scored_rows))
        yield Outcome(
            job=job,
            log_odds=log_odds,
            seconds=time.perf_counter() - start,
            updates=result.updates,
            best_epoch=result.best,
            scorer=result.scorer if keep else None,
            notes=result.notes,
            idle=result.idle,
        )
        if progress is not None:
            progress(
                f"{job.strategy.name}: fit {done} of {len(jobs)}", done / len(jobs)
            )


def _of_all_rows(
    result: FittedJob, table: Table, job: Job, shares: KeptShares
) -> FittedJob:
    """Return what a fit on a share of the rows gave, moved to all of them."""
    totals = job.totals(table, job.train_rows)
    exact = fitted_correction(job.strategy, table.task, totals).exact
    scorer = shifted_scorer(result.scorer, shares.shift, job.strategy.name, exact=exact)
    return dataclasses.replace(result, scorer=scorer)


def logistic_loss(
    y: FloatArray, log_odds: FloatArray, weights: FloatArray | None = None
) -> float:
    """Return the (weighted) mean cross-entropy of log-odds, stable at any size.

    Example:
        >>> round(logistic_loss(np.array([1.0, 0.0]), np.array([0.0, 0.0])), 4)
        0.6931
    """
    losses = np.logaddexp(0.0, log_odds) - y * log_odds
    if weights is None:
        return float(np.mean(losses))
    return float(np.average(losses, weights=weights))
