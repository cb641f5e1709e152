# SPDX-License-Identifier: Apache-2.0
"""Where a result will be written: checked before the work, and never lost after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from equipoise._core.checks import listing, sentence
from equipoise.errors import InputError

T = TypeVar("T")


def writable_file(
    path: str | os.PathLike[str],
    what: str,
    *,
    suffixes: Iterable[str] = (),
    inputs: Iterable[Any] = (),
) -> Path:
    """Return the path of a file that can be written.

    Folders that are absent are no obstacle: `write_or_rescue` makes them.

    Args:
        path: The file, new or old.
        what: The argument's name.
        suffixes: How the name must end; any ending if there are none.
        inputs: Sources that it must not replace.

    Raises:
        InputError: The name ends otherwise, is a folder's or a source's, or its folder
            cannot be written to.

    Example:
        >>> writable_file("a.csv", "out", suffixes=[".html"])
        Traceback (most recent call last):
            ...
        equipoise.errors.InputError: Received out='a.csv'. Accepted: a name that ends \
in '.html'. Try 'a.html'.
    """
    target = Path(path)
    endings = list(suffixes)
    if endings and target.suffix.lower() not in endings:
        raise InputError(
            sentence(
                f"{what}={str(target)!r}",
                f"a name that ends in {listing(endings)}",
                f"Try {str(target.with_suffix(endings[0]))!r}.",
            )
        )
    if target.is_dir():
        raise InputError(sentence(f"{what}={str(target)!r}, a folder", "a file's name"))
    for source in inputs:
        if _same(target, source):
            raise InputError(
                sentence(
                    f"{what}={str(target)!r}, which is read as well", "another file"
                )
            )
    _require_room(target.absolute().parent, target, what)
    return target


def writable_folder(path: str | os.PathLike[str], what: str) -> Path:
    """Return the path of a folder, new or old, that can be written to.

    Args:
        path: The folder.
        what: The argument's name.

    Raises:
        InputError: It is a file, or cannot be written to or made.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise InputError(
            sentence(
                f"{what}={str(target)!r}, which is a file", "a folder, new or existing"
            )
        )
    _require_room(target.absolute(), target, what)
    return target


def _require_room(folder: Path, target: Path, what: str) -> None:
    """Raise if nothing can be written into a folder that may have to be made."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    why = "is a file"
    if place.is_dir():
        try:
            with tempfile.TemporaryDirectory(dir=place, prefix=".equipoise-"):
                return
        except OSError as error:
            why = f"cannot be written to ({error.strerror or error})"
    raise InputError(
        sentence(
            f"{what}={str(target)!r}, but {str(place)!r} {why}",
            "a place that can be written to",
            "Choose another folder.",
        )
    )


def _same(target: Path, source: Any) -> bool:
    try:
        return target.samefile(source)
    except (OSError, TypeError, ValueError):  # one is absent, or no path
        return False


def write_or_rescue(write: Callable[[Path], T], target: Path) -> tuple[T, str]:
    """Write a result; if that fails, write it to the folder for temporary files.

    Args:
        write: Writes to the path that it is given.
        target: Where the result belongs; folders that are absent are made.

    Returns:
        What `write` returned, and why and where else it was written, or "".

    Raises:
        OSError: Neither place can be written.
    """
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        return write(target), ""
    except OSError as error:
        why = error.strerror or str(error)
    other = Path(tempfile.mkdtemp(prefix="equipoise-")) / target.name
    result = write(other)
    return result, (
        f"{str(target)!r} could not be written ({why}), so the result is in "
        f"{str(other)!r}"
    )
