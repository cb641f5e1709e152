# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from equipoise.jobs import Outcome
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.local import LocalRunner
from equipoise.trials.runners.runner import make_shards


def test_shards_are_done_in_order_with_their_share_of_the_progress(
    known: GeneratedTable,
) -> None:
    strategies = tuple(as_strategies(["prior", "logistic", "trees"]))
    plan = TrialPlan(known.table, strategies, Protocol(folds=2))
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    shares: list[float] = []
    results = list(
        LocalRunner().run(plan, shards, lambda text, share: shares.append(share))
    )
    jobs = [result.job for result in results if isinstance(result, Outcome)]
    assert [(job.strategy.name, job.part) for job in jobs] == [
        (name, part) for name in ("prior", "logistic", "trees") for part in (0, 1)
    ]
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0


def test_outcomes_come_as_soon_as_they_are_there(known: GeneratedTable) -> None:
    """The first number of a trial does not wait for the arms that share a learner."""
    strategies = tuple(as_strategies(["prior", "logistic", "piecewise"]))
    plan = TrialPlan(known.table, strategies, Protocol(folds=2))
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    texts: list[str] = []
    results = LocalRunner().run(plan, shards, lambda text, share: texts.append(text))
    next(results)
    assert not any("logistic" in text for text in texts)
    next(results), next(results)
    assert not any("piecewise" in text for text in texts)
    assert sum(1 for _ in results) == 3
