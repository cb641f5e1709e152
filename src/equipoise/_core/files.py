# SPDX-License-Identifier: Apache-2.0
"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import json
import math
import os
import re
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from equipoise.errors import printable

_UNIQUE = re.compile("[0-9a-f]{32}")


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file atomically, see `writing`.

    Args:
        path: The file's place; its folder must exist.
        data: The whole content.

    Raises:
        OSError: The folder is absent or not writable, or the disk is full; the
            old file is intact then.
    """
    with writing(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a stream whose content becomes the file when the block ends well.

    A temporary file, fsync, rename, fsync of the folder: a reader, or a process
    killed at any moment, sees the old file or the new one and nothing between. A file
    that was there keeps its permissions.

    Args:
        path: The file's place; its folder must exist.

    Raises:
        OSError: The folder is absent or not writable, or the disk is full; the
            old file is intact then.
    """
    target = Path(path)
    temporary = target.with_name(f"{_stem(target)}{uuid.uuid4().hex}.part")
    try:
        # Opened, not made by `tempfile`: the system itself then gives it the usual
        # permissions, and nobody has to read the umask by changing it.
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Delete the temporary files of a file whose writers were killed.

    Args:
        path: The file; nobody must be writing it now.

    Raises:
        OSError: The folder is not writable.
    """
    target = Path(path)
    before = _stem(target)
    for left in target.parent.glob(f"{glob.escape(before)}*.part"):
        if _UNIQUE.fullmatch(left.name[len(before) : -len(".part")]):
            left.unlink(missing_ok=True)


def set_aside(path: str | os.PathLike[str]) -> Path:
    """Rename a file that cannot be used to `NAME.damaged`, in place of an earlier one.

    Args:
        path: The file, or a folder that lies where the file should be.

    Returns:
        Where it is now.

    Raises:
        OSError: The folder is not writable.
    """
    target = Path(path)
    aside = target.with_name(f"{target.name}.damaged")
    number = 1
    while aside.is_dir() or (target.is_dir() and aside.exists()):
        # Only a file can be replaced by a file.
        number += 1
        aside = target.with_name(f"{target.name}.damaged-{number}")
    os.replace(target, aside)
    return aside


def _stem(target: Path) -> str:
    """Return how the names of a file's temporary files begin."""
    return f".{target.name[:40]}."


def to_json(value: Any) -> str:
    r"""Write plain data as JSON; NaN and infinities become null.

    Control and zero-width characters are written as escapes, see `errors.printable`.

    Args:
        value: Nested dictionaries, lists, texts, numbers, booleans and None;
            NumPy scalars are accepted.

    Example:
        >>> to_json({"low": float("nan"), "n": 3})
        '{\n "low": null,\n "n": 3\n}'
    """
    text = json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False)
    if printable(text) == text:
        return text
    # What a terminal would obey can stand within strings only.
    return "".join(
        c
        if printable(c) == c
        else f"\\u{ord(c):04x}"
        if ord(c) < 65536
        else json.dumps(c)[1:-1]
        for c in text
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _sync_folder(folder: Path) -> None:
    """Ask that the new name outlives a loss of power.

    The file is whole and in its place. Windows cannot open a folder, some network
    drives cannot sync one, and some folders may be written to but not read: that is
    no failure to write.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
