# SPDX-License-Identifier: Apache-2.0
"""Who may run a trial in a queue's folder: one process at a time.

```
reservations/000001    who had the folder first
reservations/000002    who has it now
```

The last number has the folder. To take it is to make the next number, which succeeds
for one process alone, on local disks and on network drives. The last file is never
removed, only those before it, so numbers grow, and a process that judged an older
number as left behind can only make one that is not the last, which it notices.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise._core.checks import sentence
from equipoise._core.files import to_json, write_whole
from equipoise.errors import InputError
from equipoise.workers import queue as queues
from equipoise.workers.queue import (
    COORDINATOR,
    ProcessIdentity,
    WorkFolder,
    identity_in,
    read_json,
)

FOLDER = "reservations"
_RELEASED = "released"


@dataclass(frozen=True)
class Reservation:
    """A queue's folder, as this process has it.

    Attributes:
        path: The file that says so.
        who: What it holds.
    """

    path: Path
    who: Mapping[str, Any]

    def release(self) -> None:
        """Let others have the folder.

        Raises:
            OSError: The folder cannot be written to. The next process then waits for a
                heartbeat, which does not come.
        """
        # If it was taken over while this process stood still, there is another number.
        if _numbers(self.path.parent)[-1:] == [int(self.path.name)]:
            write_whole(self.path, to_json({**self.who, _RELEASED: True}).encode())


def reserve(queue: WorkFolder) -> Reservation:
    """Reserve a folder for this process, before `WorkFolder.make` empties it.

    A process that was killed has left its reservation and its last heartbeat. If it may
    still live, on another machine for example, the next heartbeat is waited for.

    Args:
        queue: The folder; made if it is absent.

    Raises:
        InputError: Another process runs a trial in this folder.
        OSError: It cannot be written to.
    """
    folder = queue.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    here = ProcessIdentity.here()
    who = {"host": here.host, "pid": here.pid, "token": uuid.uuid4().hex}
    while True:
        last = (_numbers(folder) or [0])[-1]
        _require_alone(queue, folder, last)
        path = folder / f"{last + 1:06d}"
        try:
            with open(path, "x", encoding="utf-8") as stream:
                stream.write(to_json(who))
        except FileExistsError:
            continue  # another was faster: it is looked at next
        earlier = _numbers(folder)
        if earlier[-1] != last + 1:
            # Others came and went since `last` was judged, and cleared up behind them.
            path.unlink(missing_ok=True)
            continue
        for number in earlier[:-1]:
            (folder / f"{number:06d}").unlink(missing_ok=True)
        return Reservation(path, who)


def _require_alone(queue: WorkFolder, folder: Path, last: int) -> None:
    """Return if nobody has the folder any more.

    Args:
        queue: The queue.
        folder: Of the reservations.
        last: The number of the last one, 0 without any.

    Raises:
        InputError: Another process runs a trial in it.
    """
    first, facts = _holder(folder, last), queue.last_beat(COORDINATOR)
    # Who has reserved the folder has perhaps not yet said anything, and then the
    # heartbeat is that of an earlier process.
    said = facts if first is None else first
    if (first is None and not facts) or (said and identity_in(said).ended()):
        return
    end = time.monotonic() + 2 * queues.BEAT_SECONDS + 1
    while time.monotonic() < end:
        time.sleep(queues.BEAT_SECONDS / 4)
        beat = queue.last_beat(COORDINATOR)
        if beat and beat != facts:
            raise InputError(
                sentence(
                    f"the folder {str(queue.root)!r}, in which another process "
                    "runs a trial",
                    "a folder of its own for each trial",
                    "Wait until that trial has ended, or choose another folder.",
                )
            )
        if _holder(folder, last) is None and not beat:
            return  # the trial has ended meanwhile


def _holder(folder: Path, number: int) -> Mapping[str, Any] | None:
    """Return who has the folder; None for nobody, empty if it is not written yet."""
    if not number:
        return None
    try:
        who = read_json(folder / f"{number:06d}")
    except FileNotFoundError:
        return None  # a later one has it; the caller notices
    except InputError:
        return {}
    return None if who.get(_RELEASED) else who


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of all reservations, ascending."""
    return sorted(int(name) for name in os.listdir(folder) if name.isdecimal())
