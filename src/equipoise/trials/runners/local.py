# SPDX-License-Identifier: Apache-2.0
"""Do the fits of a trial in this process, one shard after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from equipoise._core.memory import release_memory
from equipoise.jobs import Outcome, Progress, scaled
from equipoise.trials.expected_work import START, shard_seconds
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard, StrategyFailure, shard_outcomes


class LocalRunner:
    """Does one shard after the other in this process.

    Networks come last: they load TensorFlow, which takes hundreds of megabytes, and
    what trees take while they grow is free again by then. What a shard leaves free is
    given back to the system.
    """

    def run(
        self,
        plan: TrialPlan,
        shards: Sequence[Shard],
        progress: Progress | None = None,
    ) -> Iterator[Outcome | StrategyFailure]:
        """Yield what the shards give, in the order of the shards; see `Runner`.

        Args:
            plan: The trial's plan.
            shards: The work.
            progress: Called with a sentence and the share done.
        """
        order = sorted(range(len(shards)), key=lambda i: _trains_networks(shards[i]))
        results: dict[int, list[Outcome | StrategyFailure]] = {}
        done, following = 0.0, 0
        seconds = [shard_seconds(plan, shard) for shard in shards]
        if order and all(part.repeat == 0 for part in shards[order[0]].parts):
            seconds[order[0]] += START
        for place in order:
            share = seconds[place] / sum(seconds)
            report = None if progress is None else scaled(progress, done, share)
            outcomes = self.outcomes(plan, shards[place], report)
            if place == following:
                yield from outcomes
                following += 1
            else:
                results[place] = list(outcomes)
            release_memory()
            done += share
            while following in results:
                yield from results.pop(following)
                following += 1

    def outcomes(
        self, plan: TrialPlan, shard: Shard, progress: Progress | None
    ) -> Iterator[Outcome | StrategyFailure]:
        """Yield what a shard gives.

        Args:
            plan: The trial's plan.
            shard: The jobs.
            progress: Called with a sentence and the share done.
        """
        return shard_outcomes(plan, shard, progress)


def _trains_networks(shard: Shard) -> bool:
    return shard.strategies[0].learner_record.trains_networks
