# SPDX-License-Identifier: Apache-2.0
"""What a worker does: it claims items of a trial's folder until the trial has ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from equipoise._core.checks import number, sentence
from equipoise.errors import EquipoiseError, InputError
from equipoise.workers.environment import (
    processor,
    require_same_versions,
    thread_variables,
)
from equipoise.workers.queue import (
    COORDINATOR,
    Claim,
    Heart,
    Watch,
    WorkFolder,
    unwritable,
    worker_name,
)

if TYPE_CHECKING:  # they load NumPy, whose threads are counted when it is loaded
    from equipoise.trials.plan import TrialPlan

LEAST_NAP = 0.1
MOST_NAP = 2.0
"""Seconds between two looks for work, at least and at most."""

Say = Callable[[str], None]
"""Called with a sentence for the user."""


def work(
    folder: str | os.PathLike[str], *, wait: float = 60.0, say: Say | None = None
) -> int:
    """Do items of a trial until it has ended, in this process.

    Any process on any machine that sees the folder can do this, at any time while the
    trial runs, as `equipoise work FOLDER` does. Nothing is lost if it is stopped.

    Args:
        folder: Where the trial is: the folder of `compare --out FOLDER`, or of
            `Workers(folder=FOLDER)`.
        wait: Seconds to wait for a trial to begin there, or for one to be started
            again whose process was killed.
        say: Called with a sentence when something begins or ends.

    Returns:
        How many items were done.

    Raises:
        InputError: No trial has begun there, or the folder cannot be written to.
        UnsupportedError: This process has other versions than the trial's.
    """
    number(wait, "wait", 0)
    queue = _found(folder, wait)
    header = queue.header()
    worker = Worker(queue, header, say or (lambda text: None))
    # One that was started for a trial ends with the process that started it.
    end = time.monotonic() + (0.0 if CHILD in os.environ else wait)
    watch = Watch(queue, header["stale"])
    try:
        while True:
            worker.wait(watch, end)
            if queue.ended:
                return worker.done
            worker.header = queue.header()
            require_same_versions(worker.header["environment"], "a worker")
            # TensorFlow and scikit-learn are loaded later, and read these then.
            os.environ.update(thread_variables(worker.header["threads"]))
            worker.run(watch)
            if queue.ended or time.monotonic() >= end:
                return worker.done
    except OSError as error:
        if queue.ended:
            return worker.done
        raise unwritable(queue.root, error) from error


def _found(folder: str | os.PathLike[str], wait: float) -> WorkFolder:
    """Return the queue of a trial that has begun and not ended."""
    end = time.monotonic() + wait
    while True:
        queue = WorkFolder.find(folder)
        if queue is not None and not queue.ended:
            return queue
        if time.monotonic() >= end:
            break
        time.sleep(LEAST_NAP)
    ended = "" if queue is None else ", where the trial has ended"
    raise InputError(
        sentence(
            f"the folder {str(folder)!r}{ended}, and waited {wait:g} s",
            "the folder of a trial that runs with workers",
            f"Start it with: equipoise compare ... --workers 0 --out {folder}",
        )
    )


@dataclass(eq=False)
class Worker:
    """One process that does items.

    Attributes:
        queue: The trial's.
        header: What the queue says of all items.
        say: Called with a sentence for the user.
        done: How many items it has done.
    """

    queue: WorkFolder
    header: dict[str, Any]
    say: Say
    done: int = 0
    _plans: dict[str, TrialPlan] = field(default_factory=dict)
    _warm: bool = False

    def wait(self, watch: Watch, end: float) -> None:
        """Wait while the process that runs the trial is gone.

        Args:
            watch: Knows whether it is.
            end: Until when, at the latest, by the monotonic clock.
        """
        silent = True
        while watch.gone(COORDINATOR) and not self.queue.ended:
            if time.monotonic() >= end:
                return
            if silent:
                self.say(f"waiting for the trial in {self.queue.root} to be started")
                silent = False
            time.sleep(LEAST_NAP)

    def run(self, watch: Watch) -> None:
        """Do items until the trial has ended, or the process that runs it is gone.

        Args:
            watch: Knows whether that process is gone.

        Raises:
            OSError: The folder cannot be written to.
        """
        name = worker_name()
        heart = Heart(self.queue, name, {"processor": processor(), "item": ""})
        heart.beat()
        heart.start()
        self.say(f"working on {self.queue.root}")
        nap = LEAST_NAP
        parent = os.getppid()
        try:
            while not self.queue.ended:
                if watch.gone(COORDINATOR) or self._orphaned(parent):
                    self.say("the process that runs the trial is gone")
                    break
                claim = self.queue.claim(name)
                if claim is None:
                    self._warm_up()
                    time.sleep(nap)
                    nap = min(2 * nap, MOST_NAP)
                    continue
                nap = LEAST_NAP
                self._do(claim, heart)
        finally:
            heart.stop()

    def _warm_up(self) -> None:
        """Load TensorFlow while there is nothing to do, if networks are trained."""
        if self.header["networks"] and not self._warm:
            # Only for its effect: it brings TensorFlow.
            import equipoise.training.program  # noqa: F401

            self._warm = True

    def _orphaned(self, parent: int) -> bool:
        """Return whether the process that started this one for the trial is gone."""
        return os.environ.get(CHILD) == str(parent) != str(os.getppid())

    def _do(self, claim: Claim, heart: Heart) -> None:
        """Do an item; whatever ends this process, another can have it then.

        Args:
            claim: The item.
            heart: What says which item it is.
        """
        heart.facts["item"], heart.facts["share"] = claim.item, 0.0

        def report(text: str, share: float) -> None:
            heart.facts["share"] = share

        try:
            self._write(claim, report)
            self.queue.finish(claim)
            self.done += 1
        except OSError:
            # If it took so long that another was given the item, both may have kept
            # the state of a network in one file: then that one's result counts.
            if self.queue.held(claim):
                raise
        finally:
            if self.queue.held(claim):
                self.queue.give_back(claim)
            heart.facts["item"], heart.facts["share"] = "", 0.0

    def _write(self, claim: Claim, report: Callable[[str, float], None]) -> None:
        from equipoise.training.checkpoints import CheckpointStore
        from equipoise.workers.stored import load_parts, save_parts

        results = CheckpointStore(self.queue.root / "results")
        if results.path(claim.identity).exists():
            return
        stored = CheckpointStore(self.queue.root / "plans")
        data = load_parts(stored, claim.identity)
        save_parts(results, claim.identity, done(data, self._plan, report))

    def _plan(self, key: str) -> TrialPlan:
        """Return a plan; it is read once, and then stays."""
        from equipoise.training.checkpoints import CheckpointStore
        from equipoise.workers.plain import plan_of
        from equipoise.workers.stored import load_parts

        if key not in self._plans:
            store = CheckpointStore(self.queue.root / "plans")
            states = self.queue.root / "checkpoints" if self.header["resumes"] else None
            self._plans.clear()  # one at a time: it holds the table
            self._plans[key] = plan_of(load_parts(store, key), states)
        return self._plans[key]


CHILD = "EQUIPOISE_WORKER_OF"
"""The variable that names the process for which a worker was started."""


def done(
    data: dict[str, bytes],
    plan_of_key: Callable[[str], TrialPlan],
    report: Callable[[str, float], None] | None = None,
) -> dict[str, bytes]:
    """Do an item, and return what it gave as parts.

    Args:
        data: What the item is, as parts.
        plan_of_key: Returns the plan of a digest.
        report: Called with a sentence and the share done.
    """
    from equipoise.models.state import unpack
    from equipoise.trials.runners.runner import shard_outcomes
    from equipoise.workers.items import work_of
    from equipoise.workers.plain import (
        absent_pieces,
        error_parts,
        refused_parts,
        result_parts,
    )

    state = unpack(data, "item")
    missing = [piece for each in state["strategies"] for piece in absent_pieces(each)]
    if missing:
        return refused_parts(f"{', '.join(dict.fromkeys(missing))} not registered")
    plan = plan_of_key(state["plan"])
    shard = work_of(state, plan.table.task)
    try:
        return result_parts(list(shard_outcomes(plan, shard, report)))
    except EquipoiseError as error:
        return error_parts(error)
    finally:
        from equipoise._core.memory import release_memory

        release_memory()
