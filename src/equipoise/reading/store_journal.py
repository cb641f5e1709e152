# SPDX-License-Identifier: Apache-2.0
"""The records of a store while it is written, and the journal of what is done.

After each piece of a source (a row group, a block of text) its records are flushed and
one line is added to the journal. A process that is killed leaves a piece without a
line; the next one cuts the files back to the last line and goes on from there. If a
file is shorter than a line says, that line and all that follow do not count.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from equipoise._core.checks import sentence
from equipoise._core.files import write_whole
from equipoise.errors import InputError
from equipoise.stores.records import RecordArray

JOURNAL = "journal.jsonl"
LOCK = "lock"


def label_file(place: int) -> str:
    """Return the name of the file of the label that came as number `place`."""
    return f"rows-{place}.bin"


@contextlib.contextmanager
def one_writer(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let no other process write a store meanwhile.

    The system ends the lock with the process. Where there are no such locks (on
    Windows, and on some network drives) nothing is done.

    Args:
        folder: The store, which is made if it is absent.
        waiting: Called if another process writes it, before waiting for that.

    Raises:
        InputError: The folder cannot be written to.
    """
    with _writable(folder):
        stream = (folder / LOCK).open("ab")
    with stream:
        _lock(stream, waiting)
        yield


def _lock(stream: BinaryIO, waiting: Callable[[], None]) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(stream, fcntl.LOCK_EX)
    except OSError:
        return  # a drive without locks


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Make a folder, and say what to do if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(
            sentence(
                f"the folder {str(folder)!r} for the store, which cannot be "
                f"written to ({error.strerror or error})",
                "a folder with room for the rows",
                "Pass another one as store=.",
            )
        ) from error


@dataclass
class StoreJournal:
    """Appends records to the files of a store, and remembers what is whole.

    Attributes:
        folder: The store.
        lines: What the journal holds: the head, then one entry for each piece.
        sizes: By file, the bytes that are whole.
    """

    folder: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    _open: dict[str, BinaryIO] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> StoreJournal:
        """Open the journal of a folder, which is made if it is absent.

        Raises:
            InputError: The folder cannot be written to.
        """
        with _writable(folder), (folder / JOURNAL).open("ab"):
            pass
        lines = list(_whole_lines(folder / JOURNAL))
        while lines and not _all_there(folder, lines[-1].get("sizes", {})):
            lines.pop()
        return cls(folder, lines, dict(lines[-1].get("sizes", {})) if lines else {})

    def begin(self, head: Mapping[str, Any]) -> None:
        """Forget everything, and write the head."""
        self.cut(0)
        self._write(dict(head))

    def cut(self, count: int) -> None:
        """Keep the first `count` lines, and the records that they know of."""
        self.close()
        self.lines = self.lines[:count]
        self.sizes = dict(self.lines[-1].get("sizes", {})) if self.lines else {}
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        write_whole(self.folder / JOURNAL, text.encode())
        for path in self.folder.glob("rows-*.bin"):
            size = self.sizes.get(path.name, 0)
            if size:
                os.truncate(path, size)
            else:
                path.unlink()

    def append(self, name: str, records: RecordArray) -> None:
        """Add records to a file.

        Args:
            name: What `label_file` gave.
            records: The records.
        """
        if name not in self._open:
            self._open[name] = (self.folder / name).open("ab")
        self._open[name].write(records.tobytes())
        self.sizes[name] = self.sizes.get(name, 0) + records.nbytes

    def commit(self, entry: Mapping[str, Any]) -> None:
        """Say that a piece is done.

        Args:
            entry: What the next process must know of it.
        """
        for stream in self._open.values():
            stream.flush()
            os.fsync(stream.fileno())
        self._write({**entry, "sizes": dict(self.sizes)})

    def close(self) -> None:
        """Close the files."""
        for stream in self._open.values():
            stream.close()
        self._open.clear()

    def _write(self, entry: dict[str, Any]) -> None:
        self.lines.append(entry)
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal up to the first that is cut off."""
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if not line.endswith(b"\n") or not isinstance(entry, dict):
            return
        yield entry


def _all_there(folder: Path, sizes: Mapping[str, int]) -> bool:
    """Return whether no file is absent or shorter than it must be."""
    paths = [(folder / name, size) for name, size in sizes.items() if size]
    return all(p.exists() and p.stat().st_size >= size for p, size in paths)
