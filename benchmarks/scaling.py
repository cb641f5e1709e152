# SPDX-License-Identifier: Apache-2.0
"""Where a trial stops scaling: item times measured, and 1 to 1,000 workers simulated.

Three things are measured: how long each item of a default trial takes in a worker's
process; what an item costs besides its fits (a claim, the result written, read and
merged); and how long a worker takes to start and to load TensorFlow. Then a trial of
five repeats is simulated for a number of workers, each on a processor of its own. They
take the items in the order of the queue, the first repeat before the others, as
`compare` does. The process that runs the trial reads one result after the other.

    python benchmarks/scaling.py [--rows 10000] [--repeats 5] [--workers 0] [--quick]

`--workers N` also runs the trial, with N processes and with none.
"""

from __future__ import annotations

import argparse
import heapq
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equipoise.workers.environment import thread_variables

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.update(thread_variables(1))  # before NumPy is loaded, as in a worker

import equipoise as eq
from equipoise.models.state import pack
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import gaussian_shift
from equipoise.training.checkpoints import CheckpointStore
from equipoise.trials.blended_arms import fitted_arms
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import make_shards
from equipoise.verbs.compare import DEFAULT_STRATEGIES
from equipoise.workers.items import Merge, divide
from equipoise.workers.loop import done
from equipoise.workers.plain import ItemResult, digest, plan_of, plan_parts
from equipoise.workers.queue import WorkFolder
from equipoise.workers.stored import load_parts, save_parts

WORKERS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
GAIN = 0.10
"""A trial has stopped scaling if twice the workers save less than this share."""

BAR = 8.0
"""The speed-up of 25 workers over one, at least."""

EMPTY_ITEMS = 200


@dataclass(frozen=True)
class Costs:
    """What was measured, in seconds.

    Attributes:
        items: By learner, of the items of each part.
        networks: The learners that load TensorFlow.
        start: Until a new worker makes its first claim.
        load: Until TensorFlow is loaded, once in each worker that trains networks, and
            has nothing to do or is about to train the first.
        trace: By how much the first networks of a worker take longer than the others.
        claim: For the claim and the result of an item, in the worker.
        merge: To read a result and merge it, in the process that runs the trial.
    """

    items: Mapping[str, Sequence[float]]
    networks: frozenset[str]
    start: float
    load: float
    trace: float
    claim: float
    merge: float


def measured(rows: int, network: str) -> Costs:
    """Do the items of one repeat as a worker does, one after the other."""
    table = gaussian_shift(rows, positives=rows // 20, seed=1).table
    arms = fitted_arms(as_strategies(DEFAULT_STRATEGIES))
    plan = TrialPlan(table, tuple(arms), Protocol(), LearnerChoice(network))
    parts = plan_parts(plan)
    there = plan_of(parts)
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    items = divide(shards, plan, digest(parts))
    merge = Merge(plan, shards, items)
    load = seconds_of("import tensorflow, keras")
    start = seconds_of("import equipoise.cli.app, equipoise.workers.items")
    import keras  # so that the first item does not count it  # noqa: F401

    times: dict[str, list[float]] = {}
    merging: list[float] = []
    for place, item in enumerate(items):
        data = pack(dict(item.data), "item")
        begun = time.perf_counter()
        answer = done(data, lambda key: there)
        name = item.work.strategies[0].name
        times.setdefault(name, []).append(time.perf_counter() - begun)
        begun = time.perf_counter()
        merge.take(place, ItemResult.of(answer))
        list(merge.ready())
        merging.append(time.perf_counter() - begun)
    networks = {i.work.strategies[0].name for i in items if i.trains_networks}
    trace = 0.0
    for name in networks:
        first, *others = times[name]
        trace = max(trace, first - sum(others) / len(others))
        times[name] = [sum(others) / len(others), *others]
    claim, read = queue_costs(answer)
    merged = sum(merging) / len(merging) + read
    return Costs(times, frozenset(networks), start, load, trace, claim, merged)


def seconds_of(code: str) -> float:
    """Return how long a new process takes for some lines; the second time counts."""
    for _ in range(2):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - begun


def queue_costs(answer: Mapping[str, bytes]) -> tuple[float, float]:
    """Return what an item costs in the queue: in the worker, and for who reads it."""
    with tempfile.TemporaryDirectory() as place:
        queue = WorkFolder.make(place, {})
        results = CheckpointStore(queue.root / "results")
        names = [f"{number:05d}-item{number}" for number in range(EMPTY_ITEMS)]
        for name in names:
            queue.put(name)
        begun = time.perf_counter()
        for _ in names:
            claim = queue.claim("worker")
            if claim is not None:
                save_parts(results, claim.identity, answer)
                queue.finish(claim)
        worker = (time.perf_counter() - begun) / len(names)
        begun = time.perf_counter()
        for name in names:
            load_parts(results, name.partition("-")[2])
        return worker, (time.perf_counter() - begun) / len(names)


def simulated(costs: Costs, workers: int, repeats: int) -> float:
    """Return the seconds of the fits of a trial with so many workers."""
    free = [costs.start] * workers
    loaded, traced = [False] * workers, [False] * workers
    clock = 0.0
    for batch in [1, repeats - 1] if repeats > 1 else [1]:
        # Networks come first, as in `Workers`; each item reads once it is done.
        order = sorted(costs.items, key=lambda name: name not in costs.networks)
        queue = [(name, t) for name in order for t in costs.items[name] * batch]
        heap = [(max(clock, free[w]), w) for w in range(workers)]
        heapq.heapify(heap)
        ends = []
        for name, seconds in queue:
            begun, w = heapq.heappop(heap)
            end = begun + costs.claim + seconds
            if name in costs.networks:
                end += 0.0 if loaded[w] else costs.load
                end += 0.0 if traced[w] else costs.trace
                loaded[w] = traced[w] = True
            ends.append(end)
            free[w] = end
            heapq.heappush(heap, (end, w))
        for end in sorted(ends):
            clock = max(clock, end) + costs.merge
        # Who has nothing more to do loads TensorFlow for the networks to come.
        free = [
            f + (0.0 if ok else costs.load) for f, ok in zip(free, loaded, strict=True)
        ]
        loaded = [True] * workers
    return clock


def report(costs: Costs, repeats: int, quick: bool) -> None:
    """Print what was measured, the simulation, and where it stops scaling."""
    for name, times in costs.items.items():
        kind = "networks" if name in costs.networks else ""
        print(f"{name:18} {sum(times) / len(times):8.3f} s per item  {kind}")
    print(
        f"start of a worker {costs.start:.2f} s, TensorFlow {costs.load:.2f} s, the "
        f"first networks {costs.trace:.2f} s more"
    )
    claim, merge = 1e3 * costs.claim, 1e3 * costs.merge
    print(
        f"overhead per item {claim + merge:.1f} ms: {claim:.1f} in the worker, "
        f"{merge:.1f} where results are merged"
    )
    fits = sum(sum(times) for times in costs.items.values()) * repeats
    items = sum(len(times) for times in costs.items.values()) * repeats
    print(f"{items} items, {fits:.0f} s of fits\n")
    print(f"{'workers':>8} {'seconds':>9} {'speed-up':>9} {'efficiency':>11}")
    seconds = {w: simulated(costs, w, repeats) for w in WORKERS}
    for w in WORKERS:
        gain = seconds[1] / seconds[w]
        print(f"{w:>8,} {seconds[w]:9.1f} {gain:9.1f} {gain / w:11.0%}")
    w = 1
    while simulated(costs, 2 * w, repeats) < (1 - GAIN) * simulated(costs, w, repeats):
        w *= 2
    print(f"\ntwice as many workers as {w} save less than {GAIN:.0%}")
    if quick:  # where TensorFlow takes longer to load than the networks to train
        return
    speed_up = seconds[1] / seconds[25]
    print(f"ratio simulated_speed_up_25 {speed_up:.1f} bar {BAR:.0f}")


def run_both(rows: int, network: str, repeats: int, workers: int) -> None:
    """Run the trial with none and with some workers, and print both times."""
    table = gaussian_shift(rows, positives=rows // 20, seed=1).table
    for runner in (None, eq.Workers(workers)):
        begun = time.perf_counter()
        eq.compare(table, network=network, repeats=repeats, runner=runner)
        who = "this process" if runner is None else f"{workers} workers"
        print(f"whole trial, {who}: {time.perf_counter() - begun:.1f} s")


def main() -> None:
    """Read the options, measure, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--network", default="default")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rows, network = (600, "small") if args.quick else (args.rows, args.network)
    print(f"{Path(__file__).name}: {rows:,} rows, network {network}\n")
    report(measured(rows, network), args.repeats, args.quick)
    if args.workers:
        run_both(rows, network, args.repeats, args.workers)


if __name__ == "__main__":
    main()
