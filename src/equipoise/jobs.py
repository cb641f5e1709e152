# SPDX-License-Identifier: Apache-2.0
"""The learners' seam: jobs go in, outcomes come out.

A learner is handed *all* the fits it is to do at once. A simple learner loops
over the jobs; the population engine trains them as one program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.errors import UnsupportedError
from equipoise.stores.class_shares import KeptShares
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

__all__ = [
    "ArmProgress",
    "ArmSoFar",
    "Job",
    "Learner",
    "Outcome",
    "Progress",
    "Scorer",
    "scaled",
]

Progress = Callable[[str, float], None]
"""Called with a sentence and the share of the work that is done, 0 to 1."""


def scaled(progress: Progress, start: float, share: float) -> Progress:
    """Return a progress call for a part of the work.

    Args:
        progress: The call for all of the work.
        start: Where the part begins, 0 to 1.
        share: How much of the work it is.
    """
    return lambda text, part: progress(text, start + share * part)


@dataclass(frozen=True)
class ArmSoFar:
    """What an arm of a trial is worth on the folds that are done.

    Attributes:
        name: The arm.
        metric: The metric, as it is called within a sentence.
        value: Its mean over the folds that are done; NaN if it is undefined in all.
        fits: How many folds are done, over all repeats.
        folds: How many folds a repeat has.
    """

    name: str
    metric: str
    value: float
    fits: int
    folds: int


@runtime_checkable
class ArmProgress(Protocol):
    """A `Progress` that is also told what the arms of a trial are worth so far."""

    def __call__(self, text: str, share: float) -> None:
        """Take a sentence and the share of the work that is done."""
        ...

    def arm(self, so_far: ArmSoFar) -> None:
        """Take what an arm is worth on the folds that are done."""
        ...


@dataclass(frozen=True, eq=False)
class Job:
    """One fit: a strategy on one part of a table.

    The rows to learn from and those to stop by are disjoint positions in the table.
    Rows to score are others in a trial; rounds of boosting score those they learn from.

    Attributes:
        strategy: What is done about the imbalance.
        train_rows: Rows to fit on.
        stop_rows: Rows that decide when to stop, or how strong a penalty is. A learner
            that has another way to decide it may learn from them as well.
        scored_rows: Rows to score.
        seed: The job's own seed.
        part: The number of the part; jobs of one part share one encoding.
        row_weights: `[rows of the table]` above 0: how much each row counts in
            fitting and in stopping, as so many copies of it; None for 1 each. Jobs
            of one part may have different ones. A strategy's class weights multiply
            them.
        drawn_from: As `Task.totals`, of the rows that the training rows were drawn
            from; None if they are rows of the table as they are. Drawn rows hold copies
            of one another, so a learner must not part them, nor learn from the stop
            rows, which have other shares of the classes.
        encoding: What the columns of the part are encoded by; None to learn it from
            the training rows, which are then the same in all jobs of the part.
        shares: Which share of each class the training rows are, if others were left
            out; the stop rows are about the same share. The learner adds
            `shares.shift` to the scores of its model. None if all rows are there.
    """

    strategy: Strategy
    train_rows: IntArray
    stop_rows: IntArray
    scored_rows: IntArray
    seed: int
    part: int = 0
    row_weights: FloatArray | None = None
    drawn_from: FloatArray | None = None
    encoding: Encoding | None = None
    shares: KeptShares | None = None

    @property
    def drawn(self) -> bool:
        """Whether the training rows were drawn, see `drawn_from`."""
        return self.drawn_from is not None

    def weights(self, rows: npt.ArrayLike) -> FloatArray:
        """Return how much each of some rows counts, `[rows]`."""
        index = np.asarray(rows)
        if self.row_weights is None:
            return np.ones(len(index))
        return np.asarray(self.row_weights[index])

    def totals(self, table: Table, rows: npt.ArrayLike) -> FloatArray:
        """Return the number of some rows by class, or the sum of their weights.

        If the training rows were drawn, those of the rows that they were drawn from:
        class weights and corrections follow from these.

        Args:
            table: The rows that the job indexes.
            rows: Positions in the table.

        Returns:
            As `Task.totals`.
        """
        if self.drawn_from is not None:
            return self.drawn_from
        index = np.asarray(rows)
        weights = None if self.row_weights is None else self.row_weights[index]
        return table.task.totals(table.labels()[index], weights)

    def require_no_weights(self, who: str) -> None:
        """Raise if rows have weights, or are weighed as they are drawn by groups.

        Raises:
            UnsupportedError: They have; `who` cannot use them.
        """
        weighted = any(by_group.weighted for by_group in self.strategy.draws_by)
        if self.row_weights is not None or weighted:
            raise UnsupportedError(
                sentence(f"example weights for {who}", "rows that count alike")
            )


class Scorer(Protocol):
    """A fitted model, as a learner keeps it."""

    def log_odds(self, rows: Any) -> FloatArray:
        """Return corrected log-odds, `[rows, width]`.

        `width` is that of the table's task: 1 for two classes, of which the log-odds
        are those of the second.

        Args:
            rows: A `Table` with the columns of the training table; for the user's
                network, `ArrayRows`.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Return all that is needed to rebuild it: arrays and plain data."""
        ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one job gave.

    Attributes:
        job: The job.
        log_odds: `[len(job.scored_rows), width]` float64 scores of the table's task
            after the strategy's exact correction, before any calibration.
        seconds: The job's share of the wall time, seconds.
        updates: The number of optimiser steps (or trees, or iterations) taken.
        best_epoch: The epoch (or iteration) that was kept; 0 where nothing is chosen.
        scorer: The fitted model where it was asked for.
        notes: What the user should know about this fit.
        groups: How many networks were in each group of the run that trained this
            one; a group is one program. Empty where the engine was not at work.
        limit: The last epoch (or iteration) that there could have been; 0 if unknown.
        idle: Parts of the strategy that had no effect on this fit, one sentence each
            without the strategy's name; what `idle_parts` knows is not repeated.
        tuning: What a search inside the training part chose, as plain data; None if
            there was none.
    """

    job: Job
    log_odds: FloatArray
    seconds: float
    updates: int = 0
    best_epoch: int = 0
    scorer: Scorer | None = None
    notes: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    limit: int = 0
    idle: tuple[str, ...] = ()
    tuning: Mapping[str, Any] | None = None


class RowSupply(Protocol):
    """Rows that take the place of others between epochs, for learners that can.

    A row is replaced by another of its class, which no split of the job has elsewhere.
    So the classes keep their shares, and what holds for the rows that are there holds
    for those that come.

    Attributes:
        table: The rows that are replaced, which the jobs index.
        digest: Says which rows come when.
    """

    @property
    def table(self) -> Table: ...

    @property
    def digest(self) -> str: ...

    def refill(
        self, block: int, jobs: Sequence[tuple[IntArray, IntArray]]
    ) -> Iterator[list[tuple[IntArray, Table]]]:
        """Yield rows of a block, some at a time, for each of several jobs.

        Args:
            block: Its number, from 1: the rows of the table itself are block 0.
            jobs: The training rows and the rows to stop by of each.

        Yields:
            For each job the training rows that are replaced, and what by. A row that
            never comes stays as it is in the table.
        """
        ...

    def shard(
        self, number: int, train: IntArray, whole: IntArray, stop: IntArray
    ) -> tuple[IntArray, Table]:
        """Return rows for one of several models that learn from different ones.

        Args:
            number: Of the model, from 0.
            train: The training rows of the model.
            whole: Those of all models together.
            stop: Rows that decide when training stops.

        Returns:
            Which of the training rows are replaced, and what by.
        """
        ...


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
