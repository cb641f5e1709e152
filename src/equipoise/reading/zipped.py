# SPDX-License-Identifier: Apache-2.0
"""Archives (.zip) that hold one file of rows."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from equipoise._core.checks import listing, sentence
from equipoise.errors import TableError
from equipoise.reading.packed import MOST_RATIO, MOST_UNPACKED

START = b"PK\x03\x04"
"""How an archive begins; a workbook is one, too."""


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the path of the only file of an archive, for as long as the block lasts.

    Folders, hidden files and what macOS adds do not count.

    Args:
        path: The archive.

    Raises:
        TableError: It is damaged or encrypted, or holds no file or several.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield _only_file(path, Path(folder))


def _only_file(path: Path, folder: Path) -> Path:
    """Unpack the only file of an archive into a folder and return its path."""
    name = f"the archive {path.name!r}"
    whole = "a whole archive without a password"
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _counts(entry)]
            if len(entries) != 1:
                names = listing([entry.filename for entry in entries], 5)
                raise TableError(
                    sentence(
                        f"{name} with {len(entries)} files"
                        + (f", {names}" if entries else ""),
                        "an archive of one file",
                        "Unpack it, and pass the path of one file.",
                    )
                )
            (entry,) = entries
            most = max(MOST_UNPACKED, MOST_RATIO * path.stat().st_size)
            if entry.file_size > most:  # never more is unpacked than it declares
                raise TableError(
                    sentence(
                        f"{name} of {path.stat().st_size:,} bytes, which unpacks to "
                        f"{entry.file_size:,}",
                        f"archives that unpack to {MOST_UNPACKED:,} bytes at most, or "
                        f"to {MOST_RATIO} times their size",
                        "If it is sound, unpack it first, and read the file that it "
                        "holds.",
                    )
                )
            inside = folder / PurePosixPath(entry.filename).name
            with archive.open(entry) as packed, inside.open("wb") as plain:
                shutil.copyfileobj(packed, plain, 1 << 20)
            return inside
    # `zipfile` raises NotImplementedError for a way of packing that it lacks.
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as error:
        raise TableError(
            sentence(
                f"{name}, which is damaged or packed in a way that is not known "
                f"({error})",
                whole,
            )
        ) from error
    except RuntimeError as error:
        if "password" not in str(error) and "encrypted" not in str(error):
            raise
        raise TableError(sentence(f"{name}, which is encrypted", whole)) from error


def is_workbook(path: Path) -> bool:
    """Return whether an archive is an Excel workbook.

    Args:
        path: An existing file.
    """
    return "xl/workbook.xml" in members(path)


def members(path: Path) -> list[str]:
    """Return the names of what is in an archive; none if it is damaged.

    Args:
        path: An existing file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return []


def _counts(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not entry.is_dir() and not hidden
