# SPDX-License-Identifier: Apache-2.0
"""Texts packed by gzip, bzip2, xz or Zstandard, which their first bytes tell."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from equipoise._core.checks import sentence
from equipoise.errors import TableError

PIECE = 1 << 25
# A packed file may hold so much: tables rarely shrink to less than a fortieth.
MOST_UNPACKED = 1 << 30
MOST_RATIO = 100
UNPACK_ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What is raised for a file that is damaged or cut off."""


def _zstandard(path: Path) -> BinaryIO:
    import pyarrow as pa

    stream: Any = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return io.BufferedReader(stream)


# How they begin. A name in a header may begin with BZh, too.
_OPENERS: Mapping[bytes, Callable[[Path], Any]] = {
    rb"\x1f\x8b": gzip.open,
    rb"BZh[1-9](1AY&SY|\x17rE8P\x90)": bz2.open,
    rb"\xfd7zXZ\x00": lzma.open,
    rb"\x28\xb5\x2f\xfd": _zstandard,
}
_START = 10


def unpacked_stream(path: Path) -> BinaryIO:
    """Return a stream of what a file holds, unpacked if it is packed.

    Args:
        path: An existing file.
    """
    return cast(BinaryIO, (_opener(path) or _plain)(path))


def is_packed(path: Path) -> bool:
    """Return whether a file is packed in a way that is read.

    Args:
        path: An existing file.
    """
    return _opener(path) is not None


def read_unpacked(path: Path) -> bytes:
    """Return what a file holds, unpacked if it is packed.

    Args:
        path: An existing file.

    Raises:
        TableError: It is damaged, or unpacks to more than it should.
    """
    if not is_packed(path):
        return path.read_bytes()
    size = path.stat().st_size
    most = max(MOST_UNPACKED, MOST_RATIO * size)
    pieces, total = [], 0
    try:
        with unpacked_stream(path) as stream:
            while piece := stream.read(PIECE):
                total += len(piece)
                if total > most:
                    raise _too_large(path, size, most)
                pieces.append(piece)
    except UNPACK_ERRORS as error:
        raise damaged(f"the file {path.name!r}", error) from error
    return b"".join(pieces)


def damaged(name: str, error: BaseException) -> TableError:
    """Return the error about a packed file that is damaged.

    Args:
        name: The file in words.
        error: What the unpacking raised.
    """
    return TableError(
        sentence(
            f"{name}, which is damaged or cut off ({error})",
            "a whole packed file",
            "Copy or write it again.",
        )
    )


def _too_large(path: Path, size: int, most: int) -> TableError:
    return TableError(
        sentence(
            f"the file {path.name!r} of {size:,} bytes, which unpacks to more than "
            f"{most:,}",
            f"packed files that unpack to {MOST_UNPACKED:,} bytes at most, or to "
            f"{MOST_RATIO} times their size",
            "If it is sound, unpack it first, for example with gunzip, and read the "
            "file that it holds.",
        )
    )


def _opener(path: Path) -> Callable[[Path], Any] | None:
    with path.open("rb") as file:
        start = file.read(_START)
    return next((o for magic, o in _OPENERS.items() if re.match(magic, start)), None)


def _plain(path: Path) -> BinaryIO:
    return path.open("rb")
