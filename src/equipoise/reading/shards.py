# SPDX-License-Identifier: Apache-2.0
"""Which files a source is made of: one file, a folder of shards, or a pattern."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from equipoise._core.checks import listing, sentence
from equipoise.errors import TableError
from equipoise.reading import formats
from equipoise.reading.blocks import FileBlock, read_blocks
from equipoise.reading.files import file_kind
from equipoise.reading.paths import existing_file, require_path
from equipoise.reading.source import Raw
from equipoise.table.table import Table

SUFFIXES = (
    *formats.SUFFIXES["parquet"],
    *formats.SUFFIXES["csv"],
    *(text + packed for text in (".csv", ".tsv") for packed in formats.PACKED),
)
_OF = re.compile(r"^(.*?)(\d+)-of-(\d+)(\D.*)?$")


@dataclass(frozen=True)
class ShardFile:
    """One file of a source.

    Attributes:
        path: The file.
        size: Its size in bytes.
        changed: When it was last written, nanoseconds.
    """

    path: Path
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> ShardFile:
        """Return a file as it is now."""
        state = path.stat()
        return cls(path, state.st_size, state.st_mtime_ns)

    @property
    def identity(self) -> list[str | int]:
        """What tells whether it is still the same file."""
        return [self.path.name, self.size, self.changed]


def shard_files(source: str | os.PathLike[str]) -> tuple[ShardFile, ...]:
    """Return the files of a source, in the order of their names.

    Args:
        source: A file; a folder, whose Parquet, CSV and TSV files are taken, but for
            names that begin with a dot or an underscore; or a pattern such as
            "claims/part-*.parquet".

    Raises:
        TableError: There are none, they are of several formats, or a number is absent
            among names such as "part-00001-of-00010.parquet".
    """
    require_path(source)
    path = Path(source)
    if path.is_dir():
        paths = [
            each
            for each in path.iterdir()
            if each.is_file()
            and not each.name.startswith((".", "_"))
            and each.name.lower().endswith(SUFFIXES)
        ]
        where = f"the folder {path.name!r}"
    elif glob.has_magic(str(source)) and not path.exists():
        paths = [Path(each) for each in glob.glob(str(source))]
        paths = [each for each in paths if each.is_file()]
        where = f"the pattern {str(source)!r}"
    else:
        return (ShardFile.of(existing_file(source)),)
    if not paths:
        raise TableError(
            sentence(
                f"{where}, with no table in it"
                if path.is_dir()
                else f"{where}, which no file matches",
                f"files that end with {listing(SUFFIXES, len(SUFFIXES))}",
                "Folders within a folder are not searched: pass a pattern such as "
                "'claims/*/*.parquet'.",
            )
        )
    paths.sort(key=lambda each: (each.name, str(each)))
    _require_one_format(paths, where)
    _require_all(paths, where)
    return tuple(ShardFile.of(each) for each in paths)


def read_shard_blocks(
    files: Sequence[ShardFile],
    *,
    like: Table,
    labelled: bool = False,
    chosen: Callable[[Raw], Raw] | None = None,
) -> Generator[FileBlock]:
    """Yield the rows of several files, as `read_blocks` does of one.

    Args:
        files: What `shard_files` gave.
        like: The earlier table.
        labelled: Whether the target is read too.
        chosen: Returns the rows of a block that are taken; None for all.
    """
    for file in files:
        blocks = read_blocks(file.path, like=like, labelled=labelled, chosen=chosen)
        with contextlib.closing(blocks):
            yield from blocks


def _require_one_format(paths: Sequence[Path], where: str) -> None:
    kinds = {path: file_kind(path) for path in paths}
    if len(set(kinds.values())) == 1:
        return
    first = kinds[paths[0]]
    other = next(path for path in paths if kinds[path] != first)
    raise TableError(
        sentence(
            f"{where} with files of two formats ({paths[0].name!r}: {first}, "
            f"{other.name!r}: {kinds[other]})",
            "files of one format",
            "Pass a pattern that takes some of them, such as 'claims/*.parquet'.",
        )
    )


def _require_all(paths: Sequence[Path], where: str) -> None:
    """Raise if names that count say that one is absent."""
    matches = [_OF.match(path.name) for path in paths]
    numbered = [match for match in matches if match is not None]
    if len(numbered) != len(paths):
        return
    total = int(numbered[0][3])
    numbers = {int(match[2]) for match in numbered}
    start = 0 if 0 in numbers else 1
    absent = sorted(set(range(start, start + total)) - numbers)
    if absent:
        first = numbered[0]
        name = f"{first[1]}{absent[0]:0{len(first[2])}d}-of-{first[3]}{first[4] or ''}"
        raise TableError(
            sentence(
                f"{where} with {len(paths)} of {total} files; {name!r} is missing",
                "all files that the names count",
                "Copy the missing files there, or rename the others.",
            )
        )
