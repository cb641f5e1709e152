# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from equipoise.errors import InputError
from equipoise.workers import queue as queues
from equipoise.workers.queue import (
    COORDINATOR,
    Claim,
    Heart,
    ProcessIdentity,
    Watch,
    WorkFolder,
    read_json,
    unwritable,
    worker_name,
)

ELSEWHERE = {"host": "elsewhere", "pid": 1}


@pytest.fixture
def queue(tmp_path: Path) -> WorkFolder:
    return WorkFolder.make(tmp_path / "queue", {"threads": 1})


def test_each_item_is_claimed_once_by_many(queue: WorkFolder) -> None:
    for number in range(60):
        queue.put(f"{number:05d}-x{number}")
    taken: list[Claim] = []

    def take(name: str) -> None:
        while (claim := queue.claim(name)) is not None:
            taken.append(claim)

    threads = [threading.Thread(target=take, args=(f"w{k}",)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claim.identity for claim in taken) == sorted(
        f"x{number}" for number in range(60)
    )
    assert not queue.waiting()
    assert len(queue.claims()) == 60


def test_items_are_taken_in_order_and_can_be_given_back(queue: WorkFolder) -> None:
    queue.put("00002-b")
    queue.put("00001-a")
    claim = queue.claim("w")
    assert claim == Claim("00001-a", "w")
    assert claim is not None
    assert queue.held(claim)
    queue.give_back(claim)
    assert not queue.held(claim)
    assert queue.waiting() == ["00001-a", "00002-b"]
    queue.give_back(claim)  # again does nothing
    again = queue.claim("v")
    assert again is not None
    queue.finish(again)
    assert not queue.claims()


def test_a_rename_whose_answer_was_lost_counts(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put("00001-a")
    rename = os.rename

    def lossy(source: Path, target: Path) -> None:
        rename(source, target)
        raise FileNotFoundError(errno.ENOENT, "lost")

    monkeypatch.setattr(queues.os, "rename", lossy)
    assert queue.claim("w") == Claim("00001-a", "w")


def test_what_nobody_needs_is_withdrawn(queue: WorkFolder) -> None:
    queue.put("00001-a")
    queue.put("00002-b")
    assert queue.claim("w") is not None
    for item in ("00001-a", "00002-b"):
        queue.withdraw(item)
    assert not queue.waiting()
    assert not queue.claims()


def test_a_new_run_takes_out_what_was_left_to_do_but_no_results(
    queue: WorkFolder,
) -> None:
    queue.put("00001-a")
    queue.put("00002-b")
    queue.claim("w")
    queue.close()
    result = queue.root / "results" / "a.checkpoint"
    result.write_bytes(b"x")
    assert queue.ended
    again = WorkFolder.make(queue.root, {"threads": 2})
    assert not again.waiting()
    assert not again.claims()
    assert not again.ended
    assert again.header()["threads"] == 2
    assert result.exists()


def test_a_queue_is_found_below_the_folder_of_a_trial(tmp_path: Path) -> None:
    assert WorkFolder.find(tmp_path) is None
    below = WorkFolder.make(tmp_path / ".checkpoints" / "queue", {})
    assert WorkFolder.find(tmp_path) == below
    assert WorkFolder.find(below.root) == below


def test_a_folder_that_vanished_has_ended(queue: WorkFolder) -> None:
    assert not queue.ended
    (queue.root / "queue.json").unlink()
    assert queue.ended
    queue.close()


def test_another_form_and_damaged_files_are_refused(queue: WorkFolder) -> None:
    path = queue.root / "queue.json"
    path.write_text('{"form": 99}')
    with pytest.raises(InputError, match=r"form 99.*same version"):
        queue.header()
    for text in ("[]", "{", ""):
        path.write_text(text)
        with pytest.raises(InputError, match="no JSON object"):
            read_json(path)


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match=r"cannot be written to.*Choose another"):
        WorkFolder.make(blocked / "queue", {})
    error = OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert "Read-only" in str(unwritable(tmp_path, error))


def test_a_process_that_ended_here_is_known_at_once() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    here = ProcessIdentity.here()
    child.wait()
    assert ProcessIdentity(here.host, child.pid).ended()
    assert not here.ended()
    assert not ProcessIdentity("elsewhere", child.pid).ended()


def test_a_process_elsewhere_is_gone_after_silence(queue: WorkFolder) -> None:
    watch = Watch(queue, 0.05)
    queue.beat("w", {**ELSEWHERE, "beat": 1})
    assert not watch.gone("w")
    time.sleep(0.1)
    queue.beat("w", {**ELSEWHERE, "beat": 2})
    assert not watch.gone("w")  # it was heard of again
    time.sleep(0.1)
    assert watch.gone("w")


def test_one_that_never_spoke_is_gone_after_silence(queue: WorkFolder) -> None:
    watch = Watch(queue, 0.05)
    assert not watch.gone("w")
    time.sleep(0.1)
    assert watch.gone("w")


def test_a_heart_beats_until_it_is_stopped(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.01)
    heart = Heart(queue, "w", {"item": ""})
    heart.beat()
    heart.start()
    first = queue.last_beat("w")["beat"]
    heart.facts["item"] = "00001-a"
    end = time.monotonic() + 5
    while queue.last_beat("w").get("item") != "00001-a":
        assert time.monotonic() < end
        time.sleep(0.01)
    assert queue.last_beat("w")["beat"] > first
    assert queue.workers() == ["w"]
    heart.stop()
    heart.join()
    assert queue.workers() == []
    assert queue.last_beat("w") == {}


def test_the_coordinator_is_no_worker(queue: WorkFolder) -> None:
    queue.beat(COORDINATOR, {**ELSEWHERE, "beat": 1})
    assert queue.workers() == []
    assert queue.last_beat(COORDINATOR)["beat"] == 1
    queue.forget(COORDINATOR)


def test_names_of_workers_differ_and_are_plain() -> None:
    names = {worker_name() for _ in range(3)}
    assert len(names) == 3
    assert all("@" not in name and "/" not in name for name in names)
