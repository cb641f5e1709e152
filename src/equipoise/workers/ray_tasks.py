# SPDX-License-Identifier: Apache-2.0
"""Do the fits of a trial on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import integer, sentence
from equipoise._core.extras import require_extra
from equipoise.errors import InputTypeError, TrainingError, UnsupportedError
from equipoise.jobs import Outcome, Progress
from equipoise.models.state import pack
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard, StrategyFailure
from equipoise.workers.environment import differences, environment, thread_variables
from equipoise.workers.items import Item, Merge, divide
from equipoise.workers.loop import done
from equipoise.workers.plain import ItemResult, digest, plan_of, plan_parts

MOST_RETRIES = 5
"""So often an item is done again after its worker, or its machine, has vanished."""

WAIT_SECONDS = 1.0

_plans: dict[str, TrialPlan] = {}
"""In a worker: the plan that it read last, by its digest."""


@dataclass(frozen=True)
class Ray:
    """Does the fits of `compare` and `fit` as tasks of a Ray cluster (extra [ray]).

    The rows are sent to the cluster once. The results are those of one process, bit for
    bit. TensorFlow is loaded by the workers alone, which live for many items. Ray
    itself does an item again if its worker or its machine vanishes.

    Attributes:
        address: "auto" for the cluster that this machine belongs to, "local" for one
            that is started here, or the address of a cluster's head, such as
            "10.0.0.1:6379" or "ray://10.0.0.1:10001".
        threads: Threads, and so Ray's processors, of each item.

    Raises:
        InputTypeError: The address is not a string, or threads not an integer.
        InputError: There are no threads.

    Example:
        >>> Ray().address
        'auto'
    """

    address: str = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.address, str) or not self.address:
            raise InputTypeError(
                sentence(
                    f"address={self.address!r}",
                    "'auto', 'local', or the address of a cluster's head",
                )
            )
        integer(self.threads, "threads", 1)

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

        Raises:
            MissingExtraError: Ray is not installed.
            UnsupportedError: There is no such cluster, its workers have other versions,
                or the user's own network cannot be sent.
            TrainingError: An item's worker vanished again and again.
            EquipoiseError: The baseline cannot be fitted.
        """
        ray = self._connected()
        report = progress or (lambda text, share: None)
        parts = plan_parts(plan)
        key = digest(parts)
        items = divide(shards, plan, key)
        merge = Merge(plan, shards, items)
        stored, asked = ray.put(parts), dict(environment())
        task = ray.remote(_task).options(
            num_cpus=self.threads,
            max_retries=MOST_RETRIES,
            runtime_env={"env_vars": thread_variables(self.threads)},
        )
        order = sorted(range(len(items)), key=lambda i: not items[i].trains_networks)
        running = {
            task.remote(asked, key, [stored], pack(dict(items[i].data), "item")): i
            for i in order
            if items[i].sent
        }
        total = len(items)
        try:
            for place in order:
                if not items[place].sent:
                    merge.do(place)
            yield from merge.ready()
            while running:
                ready, _ = ray.wait(list(running), timeout=WAIT_SECONDS)
                for reference in ready:
                    place = running.pop(reference)
                    self._take(ray, reference, place, items, merge)
                yield from merge.ready()
                finished = total - len(running)
                report(_said(ray, finished, total), finished / total)
        finally:
            for reference in running:
                ray.cancel(reference)

    def _take(
        self, ray: Any, reference: Any, place: int, items: Sequence[Item], merge: Merge
    ) -> None:
        try:
            answer: Mapping[str, Any] = ray.get(reference)
        except ray.exceptions.RayError as error:
            raise TrainingError(
                sentence(
                    f"{items[place].title}, which no worker of the cluster could do: "
                    f"{str(error).strip().splitlines()[-1]}",
                    remedy="Give each worker more memory, and run it again.",
                )
            ) from error
        if answer["different"]:
            raise UnsupportedError(
                sentence(
                    f"a worker of the cluster with {', '.join(answer['different'])}",
                    "the versions of the process that runs the trial, since others may "
                    "give other numbers",
                    "Install the same versions on all machines of the cluster.",
                )
            )
        result = ItemResult.of(answer["parts"])
        if result.refused:
            merge.do(place)
        else:
            merge.take(place, result)

    def _connected(self) -> Any:
        """Return Ray, connected to the cluster."""
        require_extra("ray", ("ray",), "a runner on a Ray cluster")
        import ray

        if ray.is_initialized():
            return ray
        try:
            # Ray, too, calls "local" what is started here; without an address it would
            # join a cluster that runs.
            ray.init(address=self.address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UnsupportedError(
                sentence(
                    f"the Ray address {self.address!r}: "
                    f"{str(error).strip().splitlines()[0]}",
                    "the address of a cluster that runs",
                    "Start one with: ray start --head",
                )
            ) from error
        return ray


def _said(ray: Any, finished: int, total: int) -> str:
    nodes = sum(node["Alive"] for node in ray.nodes())
    machines = f"{nodes} {'machine' if nodes == 1 else 'machines'}"
    return f"Ray on {machines}, {finished} of {total} items done"


def _task(
    asked: Mapping[str, str], key: str, stored: Sequence[Any], data: dict[str, bytes]
) -> dict[str, Any]:
    """Do an item in a worker of the cluster.

    Args:
        asked: The environment of the process that runs the trial.
        key: The plan's digest.
        stored: The reference of the plan's parts, which are fetched if it is another
            plan than the last.
        data: What the item is, as parts.
    """
    different = differences(asked, environment())
    if different:
        return {"different": different, "parts": {}}

    def plan(digest: str) -> TrialPlan:
        if digest not in _plans:
            import ray

            _plans.clear()  # one at a time: it holds the table
            _plans[digest] = plan_of(ray.get(stored[0]))
        return _plans[digest]

    return {"different": [], "parts": done(data, plan)}
