# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.models.state import pack, unpack
from equipoise.training.checkpoints import CheckpointStore
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import make_shards
from equipoise.workers import loop
from equipoise.workers.environment import environment
from equipoise.workers.items import Item, divide
from equipoise.workers.loop import CHILD, done, work
from equipoise.workers.plain import digest, plan_parts
from equipoise.workers.queue import (
    COORDINATOR,
    Heart,
    ProcessIdentity,
    WorkFolder,
    unwritable,
)
from equipoise.workers.stored import load_parts, save_parts


def header(**fields: Any) -> dict[str, Any]:
    usual = {"threads": 1, "stale": 1.0, "resumes": False, "networks": False}
    return {"environment": dict(environment()), **usual, **fields}


@pytest.fixture
def offered(tmp_path: Path, small_plan: TrialPlan) -> tuple[WorkFolder, list[Item]]:
    """A queue with the six items of a plan, and a coordinator that is silent."""
    queue = WorkFolder.make(tmp_path, header())
    parts = plan_parts(small_plan)
    store = CheckpointStore(tmp_path / "plans")
    save_parts(store, digest(parts), parts)
    shards = make_shards(small_plan, small_plan.parts([0]), small_plan.strategies)
    items = divide(shards, small_plan, digest(parts))
    for number, item in enumerate(items):
        save_parts(store, item.identity, pack(dict(item.data), "item"))
        queue.put(f"{number:05d}-{item.identity}")
    Heart(queue, COORDINATOR, {}).beat()
    return queue, items


def close_when_empty(monkeypatch: pytest.MonkeyPatch, queue: WorkFolder) -> None:
    """End the trial when a worker finds nothing more to do."""
    claim = WorkFolder.claim

    def last(self: WorkFolder, worker: str) -> Any:
        claimed = claim(self, worker)
        if claimed is None:
            queue.close()
        return claimed

    monkeypatch.setattr(WorkFolder, "claim", last)


@pytest.mark.usefixtures("threads_kept")
def test_a_worker_does_all_items_until_the_trial_ends(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, items = offered
    close_when_empty(monkeypatch, queue)
    said: list[str] = []
    assert work(queue.root, wait=0, say=said.append) == 6
    results = CheckpointStore(queue.root / "results")
    for item in items:
        entries = unpack(load_parts(results, item.identity), "result")["entries"]
        assert len(entries) == 1
    assert not queue.claims()
    assert not queue.workers()
    assert said[0].startswith("working on")


@pytest.mark.usefixtures("threads_kept")
def test_what_is_done_is_not_done_again(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, items = offered
    close_when_empty(monkeypatch, queue)
    results = CheckpointStore(queue.root / "results")
    for item in items:
        save_parts(results, item.identity, {"mark": b"kept"})
    work(queue.root, wait=0)
    assert load_parts(results, items[0].identity) == {"mark": b"kept"}


def test_other_versions_are_refused_by_name(tmp_path: Path) -> None:
    asked = {**environment(), "keras": "2.0"}
    WorkFolder.make(tmp_path, header(environment=asked))
    with pytest.raises(UnsupportedError, match=r"with keras \S+ in place of 2"):
        work(tmp_path, wait=0)


def test_a_folder_without_a_trial_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"waited 0\.1 s.*--workers 0 --out"):
        work(tmp_path, wait=0.1)
    WorkFolder.make(tmp_path, header()).close()
    with pytest.raises(InputError, match="the trial has ended"):
        work(tmp_path, wait=0)


@pytest.mark.usefixtures("threads_kept")
def test_a_full_disk_gives_the_item_back(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, _ = offered
    queue_before = queue.waiting()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("equipoise.training.checkpoints.write_whole", full)
    with pytest.raises(InputError, match=r"No space left.*make room"):
        work(queue.root, wait=0)
    assert queue.waiting() == queue_before
    assert not queue.workers()


@pytest.mark.usefixtures("threads_kept")
def test_a_read_only_folder_is_said(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, _ = offered

    def read_only(self: WorkFolder, worker: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(WorkFolder, "claim", read_only)
    with pytest.raises(InputError, match="Read-only file system"):
        work(queue.root, wait=0)
    assert "Read-only" in str(unwritable(queue.root, OSError(30, "Read-only")))


@pytest.mark.usefixtures("threads_kept")
def test_a_worker_ends_if_nobody_runs_the_trial(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, _ = offered
    host = ProcessIdentity.here().host
    queue.beat(COORDINATOR, {"host": host, "pid": 2**22 + 1, "beat": 1})
    said: list[str] = []
    assert work(queue.root, wait=0, say=said.append) == 0
    assert said[-1] == "the process that runs the trial is gone"
    Heart(queue, COORDINATOR, {}).beat()
    monkeypatch.setenv(CHILD, str(os.getppid()))
    parents = iter([os.getppid(), 1, 1, 1])
    monkeypatch.setattr(loop.os, "getppid", lambda: next(parents))
    assert work(queue.root, wait=0, say=said.append) == 0


@pytest.mark.usefixtures("threads_kept")
@pytest.mark.parametrize("host", ["here", "elsewhere"])
def test_a_worker_waits_for_a_trial_that_was_killed_to_be_started_again(
    host: str, offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, items = offered
    close_when_empty(monkeypatch, queue)
    names = [*queue.waiting()]
    for name in names:
        queue.withdraw(name)
    host = ProcessIdentity.here().host if host == "here" else host
    queue.beat(COORDINATOR, {"host": host, "pid": 2**22 + 1, "beat": 1})
    claim = WorkFolder.claim
    monkeypatch.setattr(WorkFolder, "claim", lambda self, worker: None)

    def start_again() -> None:
        monkeypatch.setattr(WorkFolder, "claim", claim)
        WorkFolder.make(queue.root, header(threads=2))
        for name in names:
            queue.put(name)
        Heart(queue, COORDINATOR, {}).beat()

    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("waiting"):
            starting.start()

    starting = threading.Timer(0.3, start_again)
    assert work(queue.root, wait=60, say=say) == len(items)
    starting.join()
    assert said[-1].startswith("working on")
    assert os.environ["OMP_NUM_THREADS"] == "2"
    # One that a trial has started does not outlive it.
    WorkFolder.make(queue.root, header())
    queue.beat(COORDINATOR, {"host": host, "pid": 2**22 + 1, "beat": 1})
    monkeypatch.setattr(WorkFolder, "claim", lambda self, worker: None)
    monkeypatch.setenv(CHILD, "1")
    said.clear()
    assert work(queue.root, wait=60, say=said.append) == 0
    assert said == [
        f"working on {queue.root}",
        "the process that runs the trial is gone",
    ]


@pytest.mark.usefixtures("threads_kept")
def test_an_error_after_the_item_was_given_to_another_is_borne(
    offered: tuple[WorkFolder, list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, _ = offered
    close_when_empty(monkeypatch, queue)
    write = loop.Worker._write
    lost: list[str] = []

    def losing(self: loop.Worker, claim: Any, report: Any) -> None:
        if not lost:
            lost.append(claim.item)
            queue.give_back(claim)
            raise FileNotFoundError(errno.ENOENT, "another has swept it")
        write(self, claim, report)

    monkeypatch.setattr(loop.Worker, "_write", losing)
    assert work(queue.root, wait=0) == 6


def test_a_piece_that_is_not_registered_is_refused(small_plan: TrialPlan) -> None:
    state = {
        "plan": "key",
        "strategies": [{"loss": "mine"}, {"loss": "mine"}],
        "parts": [],
    }
    parts = done(pack(state, "item"), lambda key: small_plan)
    assert unpack(parts, "result") == {"refused": "the loss 'mine' not registered"}
