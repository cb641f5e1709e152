# SPDX-License-Identifier: Apache-2.0
"""New rows for a fitted model: files in blocks, everything else at once."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from equipoise._core.checks import nearest, sentence
from equipoise.errors import TableError, TableWarning
from equipoise.table.blocks import Merged, read_blocks
from equipoise.table.read import read_features, read_table
from equipoise.table.table import Table


def is_file(source: Any) -> bool:
    """Return whether a source is the path of a file."""
    if isinstance(source, str) and source.startswith("example:"):
        return False
    return isinstance(source, str | os.PathLike)


def existing(source: str | os.PathLike[str]) -> Path:
    """Return the path of an existing file.

    Raises:
        TableError: It does not exist, or is a folder.
    """
    path = Path(source)
    if path.is_file():
        return path
    others = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    what = "which is a folder" if path.is_dir() else "which does not exist"
    raise TableError(
        sentence(
            f"the path {str(path)!r}, {what}",
            "an existing CSV, TSV or Parquet file",
            nearest(path.name, others),
        )
    )


def tables(
    source: Any, like: Table, target: str | None = None, *, labelled: bool
) -> Iterator[Table]:
    """Yield the rows of a source as tables like an earlier one.

    What was noticed is issued as `TableWarning`s, once for all blocks, after the
    last.

    Args:
        source: Anything that `read_table` takes.
        like: The earlier table.
        target: The target's name in the source, where it is not that of `like`.
        labelled: Whether the target is read.

    Raises:
        TableError: The source cannot be read, or its columns are others.
        TargetError: The target is absent, or has a new class.
    """
    if not is_file(source) or target not in (None, like.target):
        yield (
            read_table(source, target, like=like)
            if labelled
            else read_features(source, like=like)
        )
        return
    merged = Merged()
    for block in read_blocks(existing(source), like=like, labelled=labelled):
        merged.add(block.table.notes)
        yield block.table
    warn(merged.sentences())


def warn(notes: tuple[str, ...]) -> None:
    """Issue notes on a source as warnings."""
    for note in notes:
        warnings.warn(note, TableWarning, stacklevel=3)
