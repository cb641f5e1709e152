# SPDX-License-Identifier: Apache-2.0
"""One file of named parts, in which every byte is covered by a checksum.

```
8 bytes     "EQUIPOIS"
8 bytes     length of the manifest, little-endian
n bytes     manifest: JSON {"format": 1, "parts": [{"name", "size", "sha256"}, ...]}
32 bytes    SHA-256 of all of the above
            the parts, one after the other, and nothing after the last
```

The format is 2 for models of several classes or labels, 3 for trials.

It is not an archive: there is no compression to blow up, no path to escape from
and no field that a checksum misses. Sizes are compared with the file's own before
anything is read. Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from equipoise._core.checks import sentence
from equipoise._core.files import writing
from equipoise.errors import BundleError, InputError

MAGIC = b"EQUIPOIS"
FORMAT = 1
"""Models of two classes."""
TASK_FORMAT = 2
"""Models of several classes or labels, which older versions cannot use."""
TRIAL_FORMAT = 3
"""Trials, which older versions cannot use either."""
WRITTEN = "a model's or a trial's file, as `save` or --out writes it"
MOST_BYTES = 2 * 2**30
MOST_MANIFEST = 4 * 2**20
MOST_PARTS = 20_000
_NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,80}(/[a-z0-9_][a-z0-9_.-]{0,80}){0,8}")
_HEAD = struct.Struct("<8sQ")
_DIGEST = hashlib.sha256().digest_size


def write_bundle(
    path: str | os.PathLike[str], parts: Mapping[str, bytes], *, format: int = FORMAT
) -> None:
    """Write parts as one file, whole or not at all.

    Args:
        path: The file.
        parts: Name (lower case, digits, "_", "-", ".", "/") to content.
        format: The version of the format, 1, 2 or 3.

    Raises:
        OSError: The file cannot be written; an old one is intact then.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_bundle(f"{folder}/two.equipoise", {"a": b"1", "b/c": b"23"})
        ...     read_bundle(f"{folder}/two.equipoise")
        {'a': b'1', 'b/c': b'23'}
    """
    entries = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in parts.items()
    ]
    manifest = json.dumps({"format": format, "parts": entries}).encode()
    head = _HEAD.pack(MAGIC, len(manifest)) + manifest
    body = [head, hashlib.sha256(head).digest(), *parts.values()]
    _require_readable(len(parts), len(manifest), sum(map(len, body)))
    with writing(path) as stream:
        stream.writelines(body)


def _require_readable(parts: int, manifest: int, size: int) -> None:
    """Raise if the file that is to be written could not be read."""
    if parts > MOST_PARTS or manifest > MOST_MANIFEST or size > MOST_BYTES:
        raise InputError(
            sentence(
                f"a model of {parts:,} parts and {size:,} bytes",
                f"at most {MOST_PARTS:,} parts and {MOST_BYTES:,} bytes in one file",
                "Fit it with fewer repeats, folds or strategies.",
            )
        )


def read_bundle(
    path: str | os.PathLike[str], *, most_bytes: int = MOST_BYTES
) -> dict[str, bytes]:
    """Read the parts of a file after checking every byte of it.

    Args:
        path: The file.
        most_bytes: A larger file is refused before it is read.

    Returns:
        Name to content, in the order in which they were written.

    Raises:
        BundleError: The file is not a bundle, or is damaged; the part is named.
        OSError: The file cannot be read.
    """
    name = Path(path).name
    _require_regular(path, name)
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most_bytes:
            raise BundleError(
                sentence(
                    f"{name} of {size:,} bytes",
                    f"a bundle of at most {most_bytes:,} bytes",
                    "`save` writes no file of that size. Is it a model?",
                )
            )
        entries, start = _manifest(stream, name, size)
        _check_sizes(entries, start, name, size)
        return {entry["name"]: _part(stream, entry, name) for entry in entries}


def _require_regular(path: str | os.PathLike[str], name: str) -> None:
    """Raise if a path is not a file: a pipe or a device might never end."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise BundleError(sentence(f"{name}, which is {what}", WRITTEN))


def _manifest(
    stream: BinaryIO, name: str, size: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the manifest's entries and where the parts begin."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(MAGIC):
        raise BundleError(
            sentence(
                f"{name}, which does not begin like a bundle",
                WRITTEN,
                "Is it another kind of file, or was it cut off?",
            )
        )
    _, length = _HEAD.unpack(head)
    if length > min(MOST_MANIFEST, size - _HEAD.size - _DIGEST):
        raise _damaged(name, "manifest", f"its length reads {length:,} bytes")
    manifest = stream.read(length)
    if hashlib.sha256(head + manifest).digest() != stream.read(_DIGEST):
        raise _damaged(name, "manifest", "its checksum differs")
    data = _json(manifest, name)
    if data.get("format") not in (FORMAT, TASK_FORMAT, TRIAL_FORMAT):
        raise BundleError(
            sentence(
                f"{name} of format {data.get('format')!r}",
                f"format {FORMAT}, {TASK_FORMAT} or {TRIAL_FORMAT}",
                "Load it with the version of Equipoise that wrote it, or a later one.",
            )
        )
    entries = data.get("parts")
    if not isinstance(entries, list) or len(entries) > MOST_PARTS:
        raise _damaged(name, "manifest", "it does not list parts")
    return [_entry(entry, name) for entry in entries], stream.tell()


def _json(manifest: bytes, name: str) -> dict[str, Any]:
    try:
        data = json.loads(manifest)
    except (ValueError, RecursionError) as error:
        raise _damaged(name, "manifest", "it is not JSON") from error
    if not isinstance(data, dict):
        raise _damaged(name, "manifest", "it is not a JSON object")
    return data


def _entry(entry: Any, name: str) -> dict[str, Any]:
    sound = (
        isinstance(entry, dict)
        and set(entry) == {"name", "size", "sha256"}
        and isinstance(entry["name"], str)
        and _NAME.fullmatch(entry["name"])
        and type(entry["size"]) is int
        and entry["size"] >= 0
        and isinstance(entry["sha256"], str)
    )
    if not sound:
        raise _damaged(name, "manifest", f"{str(entry)[:80]!r} is not an entry")
    return dict(entry)


def _check_sizes(
    entries: list[dict[str, Any]], start: int, name: str, size: int
) -> None:
    names = [entry["name"] for entry in entries]
    if len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise _damaged(name, twice, "it is listed twice")
    end = start
    for entry in entries:
        end += entry["size"]
        if end > size:
            raise _damaged(name, entry["name"], "the file ends before it does")
    if end != size:
        raise _damaged(name, "end", f"{size - end:,} bytes follow the last part")


def _part(stream: BinaryIO, entry: Mapping[str, Any], name: str) -> bytes:
    data = stream.read(entry["size"])
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise _damaged(name, entry["name"], "its checksum differs")
    return data


def _damaged(name: str, part: str, why: str) -> BundleError:
    return BundleError(
        sentence(
            f"{name} with a damaged part {part!r}: {why}",
            "a file that is unchanged since `save` wrote it",
            "Copy it again from its source.",
        )
    )
