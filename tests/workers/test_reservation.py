# SPDX-License-Identifier: Apache-2.0
"""One process has a queue's folder, however many start in the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from equipoise.errors import InputError
from equipoise.workers import queue as queues
from equipoise.workers import reservation as reservations
from equipoise.workers.queue import COORDINATOR, Heart, ProcessIdentity, WorkFolder
from equipoise.workers.reservation import FOLDER, reserve

ELSEWHERE = {"host": "elsewhere", "pid": 1}
REFUSED = r"another process runs a trial.*Wait until"

# Reserves, says whether it could, and keeps the folder until its input ends.
RACER = """
import sys
from pathlib import Path
from equipoise.errors import InputError
from equipoise.workers import queue as queues
from equipoise.workers.reservation import reserve
queues.BEAT_SECONDS = 0.5
queue = queues.WorkFolder(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
try:
    mine = reserve(queue)
except InputError:
    print("refused", flush=True)
else:
    heart = queues.Heart(queue, queues.COORDINATOR, {})
    heart.beat()
    heart.start()
    print("reserved", flush=True)
    sys.stdin.readline()
    heart.stop()
    mine.release()
"""


@pytest.fixture
def queue(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "queue")


def numbers(queue: WorkFolder) -> list[str]:
    return sorted(os.listdir(queue.root / FOLDER))


@pytest.mark.parametrize("left_behind", [False, True])
def test_of_processes_that_start_at_once_one_has_the_folder(
    queue: WorkFolder, left_behind: bool
) -> None:
    if left_behind:
        leave_behind(queue)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(queue.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    try:
        pipes = [(racer.stdin, racer.stdout) for racer in racers]
        for _, out in pipes:
            assert out is not None
            assert out.readline() == "ready\n"
        for into, _ in pipes:
            assert into is not None
            into.write("\n")
            into.flush()
        said = [out.readline() for _, out in pipes if out is not None]
        assert sorted(said) == ["refused\n"] * 5 + ["reserved\n"]
    finally:
        for racer in racers:
            racer.communicate("\n")
    assert [racer.returncode for racer in racers] == [0] * 6
    reserve(queue).release()  # it is free again


def leave_behind(queue: WorkFolder) -> None:
    """Leave what a process leaves that was killed."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    facts = {"host": ProcessIdentity.here().host, "pid": child.pid}
    (queue.root / FOLDER).mkdir(parents=True)
    (queue.root / FOLDER / "000007").write_text(queues.to_json(facts))
    queue.beat(COORDINATOR, {**facts, "beat": 9})


def test_a_trial_that_was_killed_leaves_its_folder_free(queue: WorkFolder) -> None:
    leave_behind(queue)
    start = time.monotonic()
    mine = reserve(queue)
    assert time.monotonic() - start < 1
    assert numbers(queue) == ["000008"]
    mine.release()
    assert numbers(queue) == ["000008"]
    reserve(queue)
    assert numbers(queue) == ["000009"]


@pytest.mark.parametrize("reserved", [True, False], ids=["now", "older-version"])
def test_a_folder_whose_trial_runs_is_refused(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch, reserved: bool
) -> None:
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.05)
    queue.root.mkdir()
    if reserved:
        mine = reserve(queue)
    heart = Heart(queue, COORDINATOR, {})
    heart.beat()
    heart.start()
    with pytest.raises(InputError, match=REFUSED):
        reserve(queue)

    def end() -> None:
        heart.stop()
        if reserved:
            mine.release()

    ending = threading.Timer(0.05, end)
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.4)
    ending.start()
    reserve(queue)  # it has ended meanwhile
    ending.join()
    heart.join()


def test_one_that_has_not_yet_said_anything_is_waited_for(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heartbeat of an earlier process, which is gone, says nothing of the later."""
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.2)
    leave_behind(queue)
    reserve(queue)
    heart = Heart(queue, COORDINATOR, {})
    beginning = threading.Timer(0.3, heart.beat)
    beginning.start()
    with pytest.raises(InputError, match=REFUSED):
        reserve(queue)
    beginning.join()


@pytest.mark.parametrize("content", ["", "{", '{"host": "elsewhere", "pid": 1}'])
def test_one_that_stays_silent_elsewhere_is_gone(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(queues, "BEAT_SECONDS", 0.01)
    (queue.root / FOLDER).mkdir(parents=True)
    (queue.root / FOLDER / "000001").write_text(content)
    start = time.monotonic()
    reserve(queue)
    assert time.monotonic() - start >= 1
    assert numbers(queue) == ["000002"]
    queue.beat(COORDINATOR, {**ELSEWHERE, "beat": 9})


def test_who_judged_too_late_looks_again(
    queue: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others came and went in between: their number is not made a second time."""
    reserve(queue).release()
    real = reservations._require_alone
    calls: list[int] = []

    def slow(queue: WorkFolder, folder: Path, last: int) -> None:
        real(queue, folder, last)
        if not calls:
            calls.append(last)
            for _ in range(2):
                reserve(queue).release()
        calls.append(last)

    monkeypatch.setattr(reservations, "_require_alone", slow)
    mine = reserve(queue)
    assert mine.path.name == "000004"
    assert numbers(queue) == ["000004"]
    assert calls[0] == 1
    assert calls[-1] == 3


def test_one_that_was_taken_over_leaves_the_other_alone(queue: WorkFolder) -> None:
    leave_behind(queue)
    mine = reserve(queue)
    other = queue.root / FOLDER / f"{int(mine.path.name) + 1:06d}"
    other.write_text("{}")
    mine.release()
    assert other.read_text() == "{}"
    assert "released" not in mine.path.read_text()
