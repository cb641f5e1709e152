# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a run stopped at any moment goes on with the same numbers.

A store is a folder with one file per group of networks. A file holds the whole
state of a population: weights, moments, best weights, patience, epoch. Draws and
dropout are pure functions of seed and epoch, so the epoch is their whole state.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.files import remove_leftovers, set_aside, write_whole
from equipoise.errors import InputError

_MAGIC = b"equipoise checkpoint 1\n"
_REMEDY = "Rename or delete the file; its networks are then trained again."

NamedArrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of checkpoints.

    Files are written whole: temporary file, fsync, rename. Each has a checksum and
    the key of what was trained; a file of another key is not read, so a folder may
    serve several trials.

    Attributes:
        folder: Where the files are; made when the first is written.

    Example:
        >>> import tempfile
        >>> store = CheckpointStore(tempfile.mkdtemp())
        >>> store.save("some key", {"weights": np.arange(2.0)})
        >>> store.load("some key")["weights"].tolist()
        [0.0, 1.0]
        >>> store.load("another key") is None
        True
    """

    folder: str | os.PathLike[str]

    def path(self, key: str) -> Path:
        """Return the file of a key."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return Path(self.folder) / f"{digest[:16]}.checkpoint"

    def save(self, key: str, arrays: NamedArrays) -> None:
        """Write a state whole, in place of the key's last one.

        Args:
            key: What is trained, and on what.
            arrays: NumPy arrays by name.

        Raises:
            OSError: The folder is not writable, or the disk is full; the last
                state is intact then.
        """
        buffer = io.BytesIO()
        # NumPy before 2.1 takes allow_pickle= for the name of an array.
        named: dict[str, Any] = dict(arrays)
        np.savez(buffer, **named)
        body = key.encode() + b"\n" + buffer.getvalue()
        digest = hashlib.sha256(body).hexdigest().encode() + b"\n"
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        write_whole(self.path(key), _MAGIC + digest + body)

    def load(self, key: str) -> dict[str, npt.NDArray[Any]] | None:
        """Return the last state of a key, or None if there is none.

        Raises:
            InputError: The file is damaged, cannot be read, or is no checkpoint;
                `set_aside` makes room for a new one.
        """
        path = self.path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                sentence(
                    f"the file {str(path)!r}, which cannot be read ({error.strerror})",
                    "a checkpoint that can be read",
                    _REMEDY,
                )
            ) from error
        digest, _, body = data[len(_MAGIC) :].partition(b"\n")
        actual = hashlib.sha256(body).hexdigest().encode()
        if not data.startswith(_MAGIC) or digest != actual:
            raise InputError(
                sentence(
                    f"the file {str(path)!r}, whose checksum does not fit",
                    "a checkpoint as it was written",
                    _REMEDY,
                )
            )
        found_key, _, rest = body.partition(b"\n")
        if found_key != key.encode():
            return None
        try:
            with np.load(io.BytesIO(rest), allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
            raise InputError(
                sentence(
                    f"the file {str(path)!r}, which does not hold NumPy arrays",
                    "a checkpoint as it was written",
                    _REMEDY,
                )
            ) from error

    def set_aside(self, key: str) -> Path:
        """Rename the file of a key that cannot be used, and return its new path.

        Raises:
            OSError: The folder is not writable.
        """
        return set_aside(self.path(key))

    def sweep(self, key: str) -> None:
        """Delete what a process that was killed inside `save` left of a key.

        One process at a time trains a key.
        """
        remove_leftovers(self.path(key))

    def clear(self, key: str) -> None:
        """Delete the file of a key, if there is one."""
        self.path(key).unlink(missing_ok=True)
