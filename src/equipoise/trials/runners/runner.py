# SPDX-License-Identifier: Apache-2.0
"""The seam between a trial and the machines that do its fits.

A trial divides its work into shards and hands them to a runner with its plan. Plan
and shards are plain data, so a runner may send them to other processes, which call
`shard_outcomes` and send back what it yields.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from equipoise.errors import EquipoiseError
from equipoise.jobs import Job, Learner, Outcome, Progress
from equipoise.strategies.strategy import Strategy
from equipoise.trials.fewer_rows import FewerRows, fewer_rows
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Part


@dataclass(frozen=True, eq=False)
class Shard:
    """The jobs of one learner that are recorded as one run.

    A learner gets all jobs of a shard at once and may train them as one group. A job's
    numbers do not depend on the others, but the trial records the sizes of the groups:
    who divides a shard restores them, see `workers.items`.

    Attributes:
        strategies: Strategies that share the learner.
        parts: The parts on which each is fitted.
    """

    strategies: tuple[Strategy, ...]
    parts: tuple[Part, ...]

    def jobs(self, plan: TrialPlan, strategies: Sequence[Strategy]) -> list[Job]:
        """Return one job per strategy and part, strategy by strategy.

        Args:
            plan: The trial's plan.
            strategies: Some of the shard's strategies.
        """
        test_rows = np.arange(len(plan.table), len(plan.all_rows))
        y, task = plan.table.labels(), plan.table.task
        chosen: dict[tuple[int, int], FewerRows | None] = {}
        jobs = []
        for strategy in strategies:
            least = plan.least_of_largest(strategy)
            for part in self.parts:
                key = part.number, least
                if least and key not in chosen:  # strategies share the arrays of a part
                    chosen[key] = fewer_rows(
                        y, part.train, part.stop, task, part.seed, least
                    )
                rest = chosen.get(key)
                jobs.append(
                    Job(
                        strategy=strategy,
                        train_rows=part.train if rest is None else rest.train,
                        stop_rows=part.stop if rest is None else rest.stop,
                        scored_rows=np.concatenate([part.test, test_rows]),
                        seed=part.seed,
                        part=part.number,
                        row_weights=plan.weights,
                        shares=None if rest is None else rest.shares,
                    )
                )
        return jobs


@dataclass(frozen=True)
class StrategyFailure:
    """A strategy that gave no scores.

    Attributes:
        name: The strategy.
        reason: The error's text.
    """

    name: str
    reason: str


class Runner(Protocol):
    """Does the fits of a trial."""

    def run(
        self,
        plan: TrialPlan,
        shards: Sequence[Shard],
        progress: Progress | None = None,
    ) -> Iterator[Outcome | StrategyFailure]:
        """Yield what the shards give, in the order of the shards.

        Within a shard the order is that of `shard_outcomes`. Shards do not depend on
        each other: they may be done in any order, at the same time and elsewhere.

        Args:
            plan: The trial's plan.
            shards: The work.
            progress: Called with a sentence and the share done.

        Raises:
            EquipoiseError: The baseline cannot be fitted; or any strategy, without
                a baseline.
        """
        ...


@contextlib.contextmanager
def opened(runner: Runner | None) -> Iterator[Runner | None]:
    """Keep a runner's processes for several lists of shards, if it has some.

    Args:
        runner: Who does the fits; None for this process.
    """
    session: Any = runner
    if not isinstance(session, contextlib.AbstractContextManager):
        session = contextlib.nullcontext()
    with session:
        yield runner


def make_shards(
    plan: TrialPlan, parts: Sequence[Part], strategies: Sequence[Strategy]
) -> list[Shard]:
    """Return the work on some parts: one shard for each learner.

    Args:
        plan: The trial's plan.
        parts: The parts.
        strategies: Those of the plan that are to be fitted.
    """
    by_learner: dict[int, list[Strategy]] = {}
    for strategy in strategies:
        by_learner.setdefault(id(plan.learners(strategy)), []).append(strategy)
    return [Shard(tuple(group), tuple(parts)) for group in by_learner.values()]


def shard_outcomes(
    plan: TrialPlan,
    shard: Shard,
    progress: Progress | None = None,
    learner: Learner | None = None,
) -> Iterator[Outcome | StrategyFailure]:
    """Do a shard's jobs and yield what they give, strategy by strategy.

    If a strategy fails, those of which all outcomes are there stand, and the others
    are fitted again one by one, so that the failure ends one strategy alone.

    Args:
        plan: The trial's plan.
        shard: The jobs.
        progress: Called with a sentence and the share done.
        learner: Who does them; the plan's learner of the shard if None.

    Raises:
        EquipoiseError: The baseline cannot be fitted; or any strategy, without a
            baseline.
    """
    if learner is None:
        learner = plan.learners(shard.strategies[0])
    waiting = [list(shard.strategies)]
    while waiting:
        group = waiting.pop(0)
        complete = 0
        try:
            for outcomes in _by_strategy(plan, shard, learner, group, progress):
                complete += 1
                yield from outcomes
        except EquipoiseError as error:
            open_ones = group[complete:]
            names = [strategy.name for strategy in open_ones]
            if plan.baseline is None or names == [plan.baseline]:
                raise
            if len(names) == 1:
                yield StrategyFailure(names[0], str(error))
            else:
                waiting += [[strategy] for strategy in open_ones]


def _by_strategy(
    plan: TrialPlan,
    shard: Shard,
    learner: Learner,
    strategies: Sequence[Strategy],
    progress: Progress | None,
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of one strategy after the other, each when all are there."""
    outcomes: list[Outcome] = []
    jobs = shard.jobs(plan, strategies)
    for outcome in learner.run(plan.all_rows, jobs, keep=plan.keep, progress=progress):
        outcomes.append(outcome)
        if len(outcomes) == len(shard.parts):
            yield outcomes
            outcomes = []
