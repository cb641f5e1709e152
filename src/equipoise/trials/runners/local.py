# SPDX-License-Identifier: Apache-2.0
"""Do the fits of a trial in this process, one shard after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from equipoise.jobs import Outcome, Progress, scaled
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard, StrategyFailure, shard_outcomes


class LocalRunner:
    """Does one shard after the other in this process."""

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
        done = 0.0
        total = sum(len(shard.strategies) for shard in shards)
        for shard in shards:
            share = len(shard.strategies) / total
            report = None if progress is None else scaled(progress, done, share)
            yield from shard_outcomes(plan, shard, report)
            done += share
