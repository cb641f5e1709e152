# SPDX-License-Identifier: Apache-2.0
"""Do the fits of a trial in this process, and save what each gave at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from equipoise._core.files import to_json
from equipoise.errors import EquipoiseError
from equipoise.jobs import Job, Learner, Outcome, Progress, scaled
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.checkpoints import CheckpointStore
from equipoise.trials.basis import rows_digest
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.local import LocalRunner
from equipoise.trials.runners.runner import Shard, StrategyFailure, shard_outcomes
from equipoise.workers.environment import environment
from equipoise.workers.items import in_one_run
from equipoise.workers.plain import ItemResult, result_parts, strategy_state
from equipoise.workers.stored import load_parts, save_parts

FITS = "fits"
"""Below the checkpoints: what each fit gave, one file each."""
MOST_NAMED = 6
"""So many strategies are named when a trial is stopped."""


@dataclass(eq=False)
class ResumableRunner(LocalRunner):
    """Does one shard after the other in this process; a stop loses the fit at hand.

    What a fit gave is written to the folder when it ends, under a name that says what
    was fitted on which rows with which versions. A run with the same folder takes it
    from there, and its numbers are those of a run without a stop, bit for bit. Networks
    are trained as one program, which writes checkpoints of its own to the same folder.
    Strategies that hold objects of the user's are fitted again.

    Attributes:
        folder: Where the state of the trial is.
        saved: Strategy -> how many of its fits are in the folder.
    """

    folder: Path
    saved: dict[str, int] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _plans: dict[int, tuple[TrialPlan, str]] = field(default_factory=dict)

    def __enter__(self) -> ResumableRunner:
        """Hold the folder until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Note at a stop what is saved, so that whoever sees it can say so."""
        if isinstance(error, KeyboardInterrupt | SystemExit):
            note = self.note()
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)

    def note(self) -> str:
        """Return what is saved, in a sentence.

        Example:
            >>> ResumableRunner(Path("nowhere"), {"trees": 5, "logistic": 1}).note()
            "Saved in 'nowhere': 5 fits of trees, 1 fit of logistic."
        """
        counts = [
            f"{count} {'fit' if count == 1 else 'fits'} of {name}"
            for name, count in self.saved.items()
        ]
        if len(counts) > MOST_NAMED:
            rest = len(counts) - MOST_NAMED
            more = f"fits of {rest} more {'strategy' if rest == 1 else 'strategies'}"
            counts = [*counts[:MOST_NAMED], more]
        if any(self.folder.glob("*.checkpoint")):
            counts.append("the networks as of their last checkpoint")
        if not counts:
            return "Nothing is saved yet: no fit had ended."
        return f"Saved in {str(self.folder)!r}: {', '.join(counts)}."

    def outcomes(
        self, plan: TrialPlan, shard: Shard, progress: Progress | None
    ) -> Iterator[Outcome | StrategyFailure]:
        """Yield what a shard gives; what is saved is not fitted again.

        Args:
            plan: The trial's plan.
            shard: The jobs.
            progress: Called with a sentence and the share done.

        Raises:
            OSError: The folder is not writable, or the disk is full.
        """
        learner = plan.learners(shard.strategies[0])
        if not in_one_run(learner):
            learner = _Saving(learner, self, self._key(plan))
        return shard_outcomes(plan, shard, progress, learner)

    @property
    def store(self) -> CheckpointStore:
        """Where the fits are."""
        return CheckpointStore(self.folder / FITS)

    def _key(self, plan: TrialPlan) -> str:
        """Return a name of all that the fits of a plan share."""
        if id(plan) not in self._plans:
            named = hashlib.sha256(rows_digest(plan).encode())
            named.update(to_json(dict(environment())).encode())
            if plan.weights is not None:
                named.update(plan.weights.tobytes())
            supply = plan.learners.supply
            named.update(to_json([plan.keep, supply and supply.digest]).encode())
            # The plan stays, so its id does.
            self._plans[id(plan)] = plan, named.hexdigest()
        return self._plans[id(plan)][1]

    def take(self, key: str, job: Job) -> Outcome | None:
        """Return what a fit gave, if it is saved; a file that is damaged is renamed.

        Args:
            key: Of the fit; an empty one is of nothing that is saved.
            job: The fit.
        """
        if not key or not self.store.path(key).exists():
            return None
        try:
            result = ItemResult.of(load_parts(self.store, key))
            (outcome,) = result.results({(job.strategy.name, job.part): job})
        except (EquipoiseError, KeyError, TypeError, ValueError):
            self.store.set_aside(key)
            return None
        if isinstance(outcome, StrategyFailure):
            return None
        self._count(key, job)
        return outcome

    def save(self, key: str, outcome: Outcome) -> None:
        """Write what a fit gave.

        Args:
            key: Of the fit; nothing is written under an empty one.
            outcome: What it gave.

        Raises:
            OSError: The folder is not writable, or the disk is full.
        """
        if not key:
            return
        try:
            parts = result_parts([outcome])
        except EquipoiseError:  # it holds more than is read again: fitted again then
            return
        save_parts(self.store, key, parts)
        self._count(key, outcome.job)

    def _count(self, key: str, job: Job) -> None:
        if key not in self._names:  # a shard whose strategy fails asks again
            self._names.add(key)
            self.saved[job.strategy.name] = self.saved.get(job.strategy.name, 0) + 1


@dataclass(frozen=True, eq=False)
class _Saving:
    """A learner whose outcomes are saved one by one.

    Attributes:
        learner: Who learns.
        runner: Where outcomes are saved.
        plan: The key of the plan.
    """

    learner: Learner
    runner: ResumableRunner
    plan: str

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
        keys = self._keys(table, jobs)
        saved = [self.runner.take(*pair) for pair in zip(keys, jobs, strict=True)]
        fits = self._fits(
            table,
            [job for job, outcome in zip(jobs, saved, strict=True) if outcome is None],
            keep,
            progress,
        )
        for key, outcome in zip(keys, saved, strict=True):
            if outcome is not None:
                yield outcome
                continue
            made = next(fits)
            self.runner.save(key, made)
            yield made

    def _fits(
        self,
        table: Table,
        jobs: Sequence[Job],
        keep: bool,
        progress: Progress | None,
    ) -> Iterator[Outcome]:
        """Yield outcomes as soon as they can be had, each from one run if need be."""
        if not getattr(self.learner, "ends_together", False) or any(
            job.strategy.learner_record.trains_networks for job in jobs
        ):
            yield from self.learner.run(table, jobs, keep=keep, progress=progress)
            return
        for number, job in enumerate(jobs):
            step = progress and _step(progress, job, number, len(jobs))
            yield from self.learner.run(table, [job], keep=keep, progress=step)

    def _keys(self, table: Table, jobs: Sequence[Job]) -> list[str]:
        """Return a name of each job; an empty one if its outcome is not saved."""
        states: dict[str, str] = {}
        for job in jobs:
            strategy = job.strategy
            if strategy.name not in states:
                states[strategy.name] = _state(strategy, table)
        return [
            self._name(states[job.strategy.name], job)
            if states[job.strategy.name]
            else ""
            for job in jobs
        ]

    def _name(self, state: str, job: Job) -> str:
        named = hashlib.sha256(f"{self.plan} {state}".encode())
        named.update(f"{job.part} {job.seed}\0".encode())
        for rows in (job.train_rows, job.stop_rows, job.scored_rows):
            named.update(f"{len(rows)}\0".encode() + rows.tobytes())
        return named.hexdigest()


def _step(progress: Progress, job: Job, number: int, count: int) -> Progress:
    """Return a progress call for one job of several, which says which it is."""
    part = scaled(progress, number / count, 1 / count)
    name = f"{job.strategy.name}: fit {number + 1} of {count}"
    return lambda text, share: part(f"{name}, {text}", share)


def _state(strategy: Strategy, table: Table) -> str:
    """Return a strategy as text; nothing if its fits are not saved here."""
    if strategy.learner_record.trains_networks:
        return ""
    state: Any = strategy_state(strategy, table.task)
    return "" if state is None else to_json(state)
