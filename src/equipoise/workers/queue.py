# SPDX-License-Identifier: Apache-2.0
"""A folder that is a queue: items are claimed by renaming their files.

```
queue.json             what the items are, and which versions may do them
reservations/          who runs the trial, see `reservation`
coordinator.json       the heartbeat of the process that runs the trial
plans/, results/       checksummed files of arrays
todo/0007-ITEM         an item to be done
claimed/0007-ITEM@WORKER
workers/WORKER.json    the heartbeat of a worker
checkpoints/           the states of networks in training
closed                 the trial has ended
```

A rename is atomic on local disks and on network drives, so one worker has an item. A
heartbeat is a number that grows: whoever watches it uses a clock of their own, so
clocks of machines need not agree.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equipoise._core.checks import sentence
from equipoise._core.files import to_json, write_whole
from equipoise.errors import InputError

FORM = 1
"""What the folder holds and means."""

BEAT_SECONDS = 3.0
"""Between two heartbeats."""

STALE_SECONDS = 60.0
"""Without a heartbeat for so long a process counts as gone, by default."""

HEADER = "queue.json"
COORDINATOR = "coordinator"
PLACES = (Path(), Path(".checkpoints") / "queue", Path("queue"))
"""Where the queue may lie within a folder that a user names."""

_FOLDERS = ("plans", "results", "todo", "claimed", "workers")


@dataclass(frozen=True)
class Claim:
    """An item that a worker has.

    Attributes:
        item: The item's file, with its number.
        worker: The worker's name.
    """

    item: str
    worker: str

    @property
    def file(self) -> str:
        """The name of the claim's file."""
        return f"{self.item}@{self.worker}"

    @property
    def identity(self) -> str:
        """The item's name without its number."""
        return identity(self.item)


@dataclass(frozen=True)
class WorkFolder:
    """The queue of a trial.

    Attributes:
        root: Its folder.
    """

    root: Path

    @classmethod
    def make(
        cls, root: str | os.PathLike[str], header: Mapping[str, Any]
    ) -> WorkFolder:
        """Make or open a queue for the process that runs the trial.

        What an earlier process has left to do is taken out; its results stay.

        Args:
            root: The folder; made if it is absent.
            header: What workers must know before they load anything.

        Raises:
            InputError: It cannot be written to.
        """
        folder = cls(Path(root))
        try:
            for name in _FOLDERS:
                (folder.root / name).mkdir(parents=True, exist_ok=True)
            for name in ("todo", "claimed", "workers"):
                for path in (folder.root / name).iterdir():
                    path.unlink(missing_ok=True)
            folder.closing.unlink(missing_ok=True)
            text = to_json({"form": FORM, **header})
            write_whole(folder.root / HEADER, text.encode())
        except OSError as error:
            raise unwritable(folder.root, error) from error
        return folder

    @classmethod
    def find(cls, place: str | os.PathLike[str]) -> WorkFolder | None:
        """Return the queue in or below a folder; None if there is none.

        Args:
            place: The queue's own folder, or the folder that a trial writes to.
        """
        for below in PLACES:
            folder = cls(Path(place) / below)
            if (folder.root / HEADER).is_file():
                return folder
        return None

    @property
    def closing(self) -> Path:
        """The file that says that the trial has ended."""
        return self.root / "closed"

    def header(self) -> dict[str, Any]:
        """Return what `make` was given.

        Raises:
            InputError: The file is not that of a queue of this version.
        """
        path = self.root / HEADER
        data = read_json(path)
        if data.get("form") != FORM:
            raise InputError(
                sentence(
                    f"the file {str(path)!r}, of form {data.get('form')!r}",
                    f"a queue of form {FORM}",
                    "Start compare and the workers with the same version of Equipoise.",
                )
            )
        return data

    @property
    def ended(self) -> bool:
        """Whether the trial has ended, or its folder is gone."""
        return self.closing.exists() or not (self.root / HEADER).exists()

    def close(self) -> None:
        """Say that the trial has ended, and take out what is still to be done."""
        with contextlib.suppress(FileNotFoundError):
            self.closing.touch()
        for item in self.waiting():
            (self.root / "todo" / item).unlink(missing_ok=True)

    # ---- items

    def put(self, item: str) -> None:
        """Add an item to be done.

        Args:
            item: Its file's name.
        """
        (self.root / "todo" / item).touch()

    def waiting(self) -> list[str]:
        """Return the items that nobody has, in order."""
        return _names(self.root / "todo")

    def claims(self) -> list[Claim]:
        """Return the items that workers have."""
        return [
            Claim(item, worker)
            for name in _names(self.root / "claimed")
            for item, _, worker in [name.partition("@")]
        ]

    def claim(self, worker: str) -> Claim | None:
        """Take the first item that nobody has; None if there is none.

        Args:
            worker: Who takes it.

        Raises:
            OSError: The folder cannot be written to.
        """
        for item in self.waiting():
            claim = Claim(item, worker)
            target = self.root / "claimed" / claim.file
            try:
                os.rename(self.root / "todo" / item, target)
            except FileNotFoundError:
                # Another was faster; or a network drive did it and lost the answer.
                if not target.exists():
                    continue
            return claim
        return None

    def held(self, claim: Claim) -> bool:
        """Return whether the worker still has the item."""
        return (self.root / "claimed" / claim.file).exists()

    def give_back(self, claim: Claim) -> None:
        """Put an item back among those to be done."""
        with contextlib.suppress(FileNotFoundError):
            os.rename(
                self.root / "claimed" / claim.file, self.root / "todo" / claim.item
            )

    def finish(self, claim: Claim) -> None:
        """Take out a claim whose result is written."""
        (self.root / "claimed" / claim.file).unlink(missing_ok=True)

    def withdraw(self, item: str) -> None:
        """Take out an item whose result is there, whoever has it."""
        (self.root / "todo" / item).unlink(missing_ok=True)
        for claim in self.claims():
            if claim.item == item:
                self.finish(claim)

    # ---- heartbeats

    def beat(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write a heartbeat.

        Args:
            name: Of the process.
            facts: What it says of itself, with a number "beat" that grows.
        """
        path = self._beat_path(name)
        temporary = path.with_name(f".{name}.part")
        temporary.write_text(json.dumps(dict(facts)), encoding="utf-8")
        os.replace(temporary, path)

    def last_beat(self, name: str) -> dict[str, Any]:
        """Return what a process last said; empty if it has not said anything."""
        try:
            return read_json(self._beat_path(name))
        except (InputError, OSError):
            return {}

    def workers(self) -> list[str]:
        """Return the names of all workers that have said something."""
        names = _names(self.root / "workers")
        return [name.removesuffix(".json") for name in names if name.endswith(".json")]

    def forget(self, name: str) -> None:
        """Take out the heartbeat of a process that has ended."""
        self._beat_path(name).unlink(missing_ok=True)

    def _beat_path(self, name: str) -> Path:
        if name == COORDINATOR:
            return self.root / f"{name}.json"
        return self.root / "workers" / f"{name}.json"


def identity(item: str) -> str:
    """Return the name of an item without its number.

    Example:
        >>> identity("0007-ab12")
        'ab12'
    """
    return item.partition("-")[2]


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a file holds.

    Args:
        path: A JSON file.

    Raises:
        InputError: It holds something else.
        OSError: It cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _no_object(path) from error
    if not isinstance(data, dict):
        raise _no_object(path)
    return data


def _no_object(path: Path) -> InputError:
    return InputError(
        sentence(
            f"the file {str(path)!r}, which holds no JSON object", "a queue's file"
        )
    )


def unwritable(folder: Path, error: OSError) -> InputError:
    """Return the error of a folder that cannot be written to.

    Args:
        folder: The folder.
        error: What the system said.
    """
    return InputError(
        sentence(
            f"the folder {str(folder)!r}, which cannot be written to "
            f"({error.strerror or error})",
            "a folder with write permission and free space, on a drive that all "
            "workers see",
            "Choose another folder, or make room; what is done is kept.",
        )
    )


def _names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, but for those half-written."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []


# ---- who is alive


@dataclass(frozen=True)
class ProcessIdentity:
    """Where a process runs, so that others on the same machine can look for it.

    Attributes:
        host: The machine's name, with what tells containers apart.
        pid: Its number there.
    """

    host: str
    pid: int

    @classmethod
    def here(cls) -> ProcessIdentity:
        """Return that of this process."""
        return cls(_host(), os.getpid())

    def ended(self) -> bool:
        """Return whether it runs on this machine no longer; False elsewhere."""
        if os.name != "posix" or self.host != _host() or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def identity_in(facts: Mapping[str, Any]) -> ProcessIdentity:
    """Return where the process of a heartbeat runs; nowhere if it does not say so.

    Args:
        facts: What it says of itself.
    """
    return ProcessIdentity(str(facts.get("host", "")), int(facts.get("pid", 0)))


def _host() -> str:
    """Return the machine's name, and that of the space in which processes count."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{platform.node()} {space}".strip()


def worker_name() -> str:
    """Return a name for this process that no other has."""
    node = "".join(c if c.isalnum() else "-" for c in platform.node())[:40]
    return f"{node}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@dataclass(eq=False)
class Watch:
    """Tells by heartbeats which processes are gone, with a clock of its own.

    Attributes:
        folder: The queue.
        patience: Seconds without a heartbeat, after which a process is gone.
    """

    folder: WorkFolder
    patience: float
    _seen: dict[str, tuple[Any, float]] = field(default_factory=dict)

    def gone(self, name: str) -> bool:
        """Return whether a process has ended or not been heard of for too long.

        Args:
            name: Of the process.
        """
        facts = self.folder.last_beat(name)
        if facts and identity_in(facts).ended():
            return True
        now = time.monotonic()
        beat = tuple(map(facts.get, ("host", "pid", "beat")))
        before = self._seen.get(name)
        if before is None or before[0] != beat:
            self._seen[name] = (beat, now)
            return False
        return now - before[1] > self.patience


class Heart(threading.Thread):
    """A thread that writes heartbeats until it is stopped.

    Args:
        folder: The queue.
        name: Of the process.
        facts: What it says of itself, which others may change meanwhile.
    """

    def __init__(self, folder: WorkFolder, name: str, facts: dict[str, Any]) -> None:
        super().__init__(daemon=True, name="heartbeat")
        here = ProcessIdentity.here()
        self.facts = {**facts, "host": here.host, "pid": here.pid}
        self._folder, self._process, self._beats = folder, name, 0
        self._end = threading.Event()
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Write a heartbeat now.

        Raises:
            OSError: The folder cannot be written to.
        """
        with self._lock:
            self._beats += 1
            self._folder.beat(self._process, {**self.facts, "beat": self._beats})

    def run(self) -> None:
        """Write one now and then; a drive that fails for a moment is borne."""
        while not self._end.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):
                self.beat()

    def stop(self) -> None:
        """End the thread, and take the heartbeat out."""
        self._end.set()
        with self._lock, contextlib.suppress(OSError):
            self._folder.forget(self._process)
