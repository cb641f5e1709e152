# SPDX-License-Identifier: Apache-2.0
"""Do the fits of a trial in several processes, which find them in a folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from equipoise._core.checks import integer, listing, number, sentence
from equipoise.errors import InputError, TrainingError, TrialWarning
from equipoise.jobs import Outcome, Progress, scaled
from equipoise.models.state import pack
from equipoise.training.checkpoints import CheckpointStore
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard, StrategyFailure
from equipoise.workers.environment import environment, thread_variables
from equipoise.workers.items import Item, Merge, divide
from equipoise.workers.loop import CHILD
from equipoise.workers.plain import ItemResult, digest, plan_parts
from equipoise.workers.queue import (
    COORDINATOR,
    STALE_SECONDS,
    Claim,
    Heart,
    ProcessIdentity,
    Watch,
    WorkFolder,
    identity,
    unwritable,
)
from equipoise.workers.reservation import Reservation, reserve
from equipoise.workers.stored import load_parts, save_parts

NAP_SECONDS = 0.1
"""Between two looks for results."""

LOOK_SECONDS = 1.0
"""Between two looks at the workers: each reads a file of every one of them."""

MOST_CRASHES = 3
"""So many workers, or as many as were asked for, may end by an error in a row."""

MOST_LOSSES = 20
"""So often an item may be lost with a worker that was killed, or vanished."""

STOPPED = 128
"""Exit codes above are those of a signal, which says nothing of the work."""

MOST_WORKERS = 1_000

_PROGRAM = "from equipoise.cli import main; main()"


@dataclass(eq=False)
class Workers:
    """Does the fits of `compare` and `fit` in processes that take them from a folder.

    The results are those of one process, bit for bit, whatever the number of workers.
    Besides the processes started here, any other can join with `equipoise work FOLDER`,
    on any machine with the same versions that sees the folder.

    Use it as `compare(..., runner=Workers(4))`. In a `with` block the processes serve
    all calls within it, and are ended at its end.

    Attributes:
        count: How many processes are started here; 0 to wait for others.
        folder: Where the work is kept, on a drive that all workers see. If the same
            call is made again after an interruption, what is there is not done again.
            None for a temporary folder of this machine.
        threads: Threads of each worker, 1 by default.
        stale: Seconds without a heartbeat after which a worker counts as gone, and its
            item is done again.

    Raises:
        InputError: A number is out of range; or there are no workers and no folder.

    Example:
        >>> Workers(2).count
        2
    """

    count: int = 2
    folder: str | os.PathLike[str] | None = None
    threads: int = 1
    stale: float = STALE_SECONDS
    _entered: int = field(default=0, repr=False)
    _session: _Session | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        integer(self.count, "count", 0, MOST_WORKERS)
        integer(self.threads, "threads", 1, MOST_WORKERS)
        number(self.stale, "stale", 1)
        if not self.count and self.folder is None:
            raise InputError(
                sentence(
                    "no workers and no folder",
                    "at least one worker, or a folder where others find the work",
                    "Pass count=2, or folder=FOLDER and start: equipoise work FOLDER",
                )
            )

    def __enter__(self) -> Workers:
        """Keep the processes until the block ends."""
        self._entered += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes."""
        self._entered -= 1
        if not self._entered and self._session is not None:
            session, self._session = self._session, None
            session.close()

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
            InputError: The folder cannot be written to, or another process runs a
                trial in it.
            UnsupportedError: The user's own network cannot be sent.
            TrainingError: An item ends every worker that begins it.
            EquipoiseError: The baseline cannot be fitted.
        """
        if not self._entered:
            with self:
                yield from self.run(plan, shards, progress)
            return
        if self._session is None:
            networks = [s.learner_record.trains_networks for s in plan.strategies]
            self._session = _Session.begin(self, any(networks))
        session = self._session
        try:
            yield from session.run(plan, shards, progress)
        except OSError as error:
            raise unwritable(session.queue.root, error) from error


@dataclass(eq=False)
class _Session:
    """The queue and the processes, while they are in use."""

    settings: Workers
    queue: WorkFolder
    temporary: tempfile.TemporaryDirectory[str] | None
    reservation: Reservation
    heart: Heart
    watch: Watch
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: dict[int, Path] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)
    fruitless: int = 0
    last_words: str = ""
    plans: dict[int, tuple[TrialPlan, str]] = field(default_factory=dict)
    processors: set[str] = field(default_factory=set)
    shares: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, settings: Workers, networks: bool) -> _Session:
        """Make the queue, without any process.

        Args:
            settings: What the user asked for.
            networks: Whether any strategy trains networks.

        Raises:
            InputError: The folder cannot be written to, or another process runs a
                trial in it.
        """
        temporary = None
        folder = settings.folder
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="equipoise-")
            folder = temporary.name
        header = {
            "environment": dict(environment()),
            "threads": settings.threads,
            "stale": settings.stale,
            "resumes": settings.folder is not None,
            "networks": networks,
        }
        queue = WorkFolder(Path(folder))
        try:
            reservation = reserve(queue)
        except OSError as error:
            raise unwritable(queue.root, error) from error
        heart = Heart(queue, COORDINATOR, {})
        with contextlib.ExitStack() as undone:
            undone.callback(_release, reservation)
            undone.callback(heart.stop)
            heart.beat()  # before the queue is emptied, which may take its time
            heart.start()
            WorkFolder.make(folder, header)
            undone.pop_all()
        watch = Watch(queue, settings.stale)
        return cls(settings, queue, temporary, reservation, heart, watch)

    def close(self) -> None:
        """End the processes; a temporary folder is deleted."""
        with contextlib.suppress(OSError):
            self.queue.close()
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.heart.stop()
        with contextlib.suppress(OSError):
            self.queue.close()  # without what they have given back
        _release(self.reservation)
        if self.temporary is not None:
            self.temporary.cleanup()

    # ---- one list of items

    def run(
        self, plan: TrialPlan, shards: Sequence[Shard], progress: Progress | None
    ) -> Iterator[Outcome | StrategyFailure]:
        """Yield what the shards give, in their order."""
        report = progress or (lambda text, share: None)
        items = divide(shards, plan, self._plan_key(plan))
        merge = Merge(plan, shards, items)
        results = CheckpointStore(self.queue.root / "results")
        open_places: dict[str, int] = {}
        # Those that take longest first: networks, of which a worker does many.
        order = sorted(range(len(items)), key=lambda i: not items[i].trains_networks)
        for place in order:
            item = items[place]
            if not item.sent or item.identity in open_places:
                continue
            open_places[item.identity] = place
            if not results.path(item.identity).exists():
                self._offer(item, len(open_places))
        here = [place for place in order if not items[place].sent]
        total, done, looked = len(items), 0, -LOOK_SECONDS
        if self.queue.waiting():
            self._restart()
        try:
            for place in here:
                merge.do(place, scaled(report, done / total, 1 / total))
                done += 1
                yield from merge.ready()
            while open_places:
                taken = self._taken(open_places, results, merge, items)
                done += taken
                if taken:
                    self.fruitless = 0
                    yield from merge.ready()
                elif time.monotonic() >= looked + LOOK_SECONDS:
                    looked = time.monotonic()
                    self._mind(items, open_places)
                    self._look()
                else:
                    time.sleep(NAP_SECONDS)
                    continue
                report(*self._state(done, total))
            yield from merge.ready()
        finally:
            self._withdraw(open_places)
            self._warn_of_processors()

    def _plan_key(self, plan: TrialPlan) -> str:
        """Write a plan once, and return its digest."""
        if id(plan) not in self.plans:
            parts = plan_parts(plan)
            key = digest(parts)
            store = CheckpointStore(self.queue.root / "plans")
            if not store.path(key).exists():
                save_parts(store, key, parts)
            self.plans[id(plan)] = (plan, key)  # the plan stays, so its id does
        return self.plans[id(plan)][1]

    def _offer(self, item: Item, number: int) -> None:
        store = CheckpointStore(self.queue.root / "plans")
        save_parts(store, item.identity, pack(dict(item.data), "item"))
        self.queue.put(f"{number:05d}-{item.identity}")

    def _taken(
        self,
        open_places: dict[str, int],
        results: CheckpointStore,
        merge: Merge,
        items: Sequence[Item],
    ) -> int:
        """Take the results that are there; return how many."""
        taken = 0
        there = set(os.listdir(self.queue.root / "results"))
        for name in [n for n in open_places if results.path(n).name in there]:
            try:
                parts = load_parts(results, name)
                result = ItemResult.of(parts)
            except InputError:  # damaged: it is done again
                results.set_aside(name)
                self._offer(items[open_places[name]], 0)
                continue
            place = open_places.pop(name)
            taken += 1
            if result.refused:
                merge.do(place)
            else:
                merge.take(place, result)
        return taken

    def _withdraw(self, names: dict[str, int]) -> None:
        """Take out what is still to be done, if nobody will take its result."""
        with contextlib.suppress(OSError):
            for item in self.queue.waiting():
                if identity(item) in names:
                    self.queue.withdraw(item)

    def _warn_of_processors(self) -> None:
        """Warn once if the numbers may depend on who has done which item."""
        if len(self.processors) < 2:
            return
        warnings.warn(
            "The workers had different processors: "
            f"{listing(sorted(self.processors))}. Another division of the work may "
            "change the last digits of the results.",
            TrialWarning,
            stacklevel=2,
        )
        self.processors.clear()

    # ---- the workers

    def _state(self, done: int, total: int) -> tuple[str, float]:
        """Return what progress shows."""
        count = len(self.shares)
        workers = f"{count} {'worker' if count == 1 else 'workers'}"
        if not count and not self.settings.count:
            workers = f"waiting for: equipoise work {self.queue.root}"
        begun = min(sum(self.shares.values()), total - done)
        share = min(1.0, (done + begun) / max(total, 1))
        return f"{workers}, {done} of {total} items done", share

    def _look(self) -> None:
        """Read what the workers say of themselves."""
        self.shares = {}
        for name in self.queue.workers():
            facts = self.queue.last_beat(name)
            self.shares[name] = float(facts.get("share", 0.0))
            if "processor" in facts:
                self.processors.add(facts["processor"])

    def _mind(self, items: Sequence[Item], open_places: dict[str, int]) -> None:
        """Put the items of workers that are gone back, and start others for them."""
        ended = self._ended_children()
        for claim in self.queue.claims():
            if claim.identity not in open_places:
                continue
            item = items[open_places[claim.identity]]
            facts = self.queue.last_beat(claim.worker)
            here = ProcessIdentity.here().host == facts.get("host")
            code = ended.get(facts.get("pid", 0)) if here else None
            if code is None and not self.watch.gone(claim.worker):
                continue
            self.queue.give_back(claim)
            self.queue.forget(claim.worker)
            self._count(claim, item)
        for name in self.queue.workers():
            if self.watch.gone(name):
                self.queue.forget(name)
        self._restart()

    def _ended_children(self) -> dict[int, int]:
        """Return the exit codes of our processes that have ended, by their number."""
        ended = {}
        for child in list(self.children):
            code = child.poll()
            if code is None:
                continue
            self.children.remove(child)
            ended[child.pid] = code
            if 0 < code < STOPPED:
                self.fruitless += 1
                self.last_words = _last_line(self.logs[child.pid])
        if self.fruitless >= max(MOST_CRASHES, self.settings.count):
            raise TrainingError(
                sentence(
                    f"{self.fruitless} workers that ended with an error; the last "
                    f"said: {self.last_words}",
                    remedy="What was done is kept if there is a folder. Correct what "
                    "is said, and run the same command again.",
                )
            )
        return ended

    def _count(self, claim: Claim, item: Item) -> None:
        """Give an item up during which worker after worker was lost."""
        self.losses[claim.identity] += 1
        if self.losses[claim.identity] < MOST_LOSSES:
            return
        raise TrainingError(
            sentence(
                f"{item.title}, during which {MOST_LOSSES} workers were killed or "
                "vanished",
                remedy="Give each worker more memory, or use fewer workers on a "
                "machine.",
            )
        )

    def _restart(self) -> None:
        """Start processes until there are as many as were asked for."""
        while len(self.children) < self.settings.count:
            self._start()

    def _start(self) -> None:
        log = self.queue.root / "workers" / f".{len(self.logs)}.log"
        variables = thread_variables(self.settings.threads)
        # Modules that the user's script finds beside it are found there too.
        path = os.pathsep.join(entry for entry in sys.path if entry)
        with open(log, "wb") as stream:
            child = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, "work", str(self.queue.root)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={
                    **os.environ,
                    **variables,
                    "PYTHONPATH": path,
                    CHILD: str(os.getpid()),
                },
            )
        self.children.append(child)
        self.logs[child.pid] = log


def _release(reservation: Reservation) -> None:
    """Release a folder, if it can be written to."""
    with contextlib.suppress(OSError):
        reservation.release()


def _last_line(log: Path) -> str:
    """Return the last line that a worker has written."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"
