# SPDX-License-Identifier: Apache-2.0
"""The work of a trial as a list of items, and what they gave in the trial's order.

An item is the work of one learner on one part. What it gives depends on the plan and on
its name, never on who does it, when, or beside what, so the merged results are those of
one process, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise._core.files import to_json
from equipoise.jobs import Outcome, Progress
from equipoise.strategies.strategy import Strategy
from equipoise.task import Task
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard, StrategyFailure, shard_outcomes
from equipoise.workers.environment import environment
from equipoise.workers.plain import (
    ItemResult,
    Results,
    part_from_state,
    parts_state,
    strategy_of,
    strategy_state,
)


@dataclass(frozen=True, eq=False)
class Item:
    """What is done at once by one worker.

    Attributes:
        shard: The number of the shard that it is a part of.
        work: Some parts of the shard.
        identity: A name that says what is done on which rows with which versions;
            empty if it holds objects that cannot be sent.
        data: What a worker must know besides the plan.
    """

    shard: int
    work: Shard
    identity: str
    data: Mapping[str, Any]

    @property
    def sent(self) -> bool:
        """Whether another process can do it."""
        return bool(self.identity)

    @property
    def trains_networks(self) -> bool:
        """Whether TensorFlow is loaded for it."""
        return self.work.strategies[0].learner_record.trains_networks

    @property
    def title(self) -> str:
        """What messages call it."""
        names = ", ".join(strategy.name for strategy in self.work.strategies)
        numbers = [part.number for part in self.work.parts]
        where = f"part {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} parts"
        return f"{names} on {where}"


def divide(shards: Sequence[Shard], plan: TrialPlan, plan_key: str) -> list[Item]:
    """Return the items of some shards, in the order of the shards.

    A shard is divided by its parts. One whose networks are trained in rounds is not:
    the trial records how many networks of all parts a round trains together. Nor is
    one of a learner that says so of itself by `one_run`.

    Args:
        shards: The work.
        plan: Of the trial.
        plan_key: The plan's digest.
    """
    items = []
    for number, shard in enumerate(shards):
        whole = trained_in_rounds(shard.strategies[0]) or in_one_run(
            plan.learners(shard.strategies[0])
        )
        pieces = [shard.parts] if whole else [(part,) for part in shard.parts]
        for parts in pieces:
            work = Shard(shard.strategies, tuple(parts))
            items.append(_item(number, work, plan, plan_key))
    return items


def in_one_run(learner: Any) -> bool:
    """Return whether a learner, or who learns for it, does all jobs in one run.

    Args:
        learner: Any learner.
    """
    while learner is not None:
        if getattr(learner, "one_run", False):
            return True
        learner = getattr(learner, "learner", None)
    return False


def trained_in_rounds(strategy: Strategy) -> bool:
    """Return whether a strategy makes networks round after round."""
    return strategy.learner_record.trains_networks and strategy.parts.by_rounds


def _item(shard: int, work: Shard, plan: TrialPlan, plan_key: str) -> Item:
    states = [strategy_state(s, plan.table.task) for s in work.strategies]
    if None in states:
        return Item(shard, work, "", {})
    data = {
        "plan": plan_key,
        "strategies": states,
        "parts": parts_state(work.parts),
    }
    named = hashlib.sha256(plan_key.encode())
    named.update(to_json({"strategies": states, **environment()}).encode())
    for part in work.parts:
        named.update(f"{part.number} {part.repeat} {part.fold} {part.seed}\0".encode())
        for rows in (part.train, part.stop, part.test):
            named.update(f"{len(rows)}\0".encode() + rows.tobytes())
    return Item(shard, work, named.hexdigest()[:24], data)


def work_of(data: Mapping[str, Any], task: Task) -> Shard:
    """Rebuild the work of an item.

    Args:
        data: As it came back from `unpack`.
        task: What the plan's target is.
    """
    strategies = tuple(strategy_of(each, task) for each in data["strategies"])
    return Shard(strategies, tuple(part_from_state(each) for each in data["parts"]))


@dataclass(eq=False)
class Merge:
    """Takes what items gave in any order, and yields it in the order of the shards.

    Attributes:
        plan: Of the trial.
        shards: The work.
        items: All items, in the order of the shards.
    """

    plan: TrialPlan
    shards: Sequence[Shard]
    items: Sequence[Item]

    def __post_init__(self) -> None:
        self._results: dict[int, dict[int, Results]] = {}
        self._following = 0
        self._of: dict[int, list[int]] = {}
        for place, item in enumerate(self.items):
            self._of.setdefault(item.shard, []).append(place)

    def take(self, place: int, result: ItemResult) -> None:
        """Take what another process gave for an item.

        Args:
            place: The item's place among all.
            result: What it gave; it holds no refusal.

        Raises:
            EquipoiseError: The baseline cannot be fitted.
        """
        if result.error is not None:
            raise result.error
        work = self.items[place].work
        jobs = {
            (job.strategy.name, job.part): job
            for job in work.jobs(self.plan, work.strategies)
        }
        self._keep(place, result.results(jobs))

    def do(self, place: int, progress: Progress | None = None) -> None:
        """Do an item in this process.

        Args:
            place: The item's place among all.
            progress: Called with a sentence and the share done.

        Raises:
            EquipoiseError: The baseline cannot be fitted.
        """
        work = self.items[place].work
        self._keep(place, list(shard_outcomes(self.plan, work, progress)))

    def _keep(self, place: int, results: Results) -> None:
        self._results.setdefault(self.items[place].shard, {})[place] = results

    def ready(self) -> Iterator[Outcome | StrategyFailure]:
        """Yield what is complete and has not been yielded."""
        while self._following < len(self.shards):
            number = self._following
            taken = self._results.get(number, {})
            places = self._of.get(number, [])
            if len(taken) < len(places):
                return
            results = [result for place in places for result in taken[place]]
            self._results.pop(number, None)
            self._following += 1
            yield from merged(self.plan, self.shards[number], results)


def merged(plan: TrialPlan, shard: Shard, results: Results) -> Results:
    """Return the results of a shard's items as one run of the learner gives them.

    A strategy that failed on any part has failed, for the reason of the first.

    Args:
        plan: Of the trial.
        shard: The work.
        results: Those of all items, in their order.
    """
    failed: dict[str, StrategyFailure] = {}
    outcomes: dict[str, list[Outcome]] = {}
    for result in results:
        if isinstance(result, StrategyFailure):
            failed.setdefault(result.name, result)
        else:
            outcomes.setdefault(result.job.strategy.name, []).append(result)
    names = [strategy.name for strategy in shard.strategies]
    able = [name for name in names if name not in failed]
    learner: Any = plan.learners(shard.strategies[0])
    # If one fails, the learner fits the others again one by one: see `shard_outcomes`.
    runs = [[name] for name in able] if failed else [able]
    divided = not trained_in_rounds(shard.strategies[0])
    together: Results = []
    for run in runs:
        several = [outcome for name in run for outcome in outcomes[name]]
        if divided and hasattr(learner, "as_one_run"):
            several = learner.as_one_run(plan.all_rows, several)
        together += several
    return [*together, *(failed[name] for name in names if name in failed)]
