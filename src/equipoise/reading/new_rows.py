# SPDX-License-Identifier: Apache-2.0
"""Labelled rows for a fitted model: files in blocks, everything else at once."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import IntArray
from equipoise.errors import TableWarning
from equipoise.reading.blocks import MergedNotes
from equipoise.reading.files import is_path
from equipoise.reading.read import read_table
from equipoise.reading.roles import require_named, tuples_as_texts
from equipoise.reading.shards import read_shard_blocks, shard_files
from equipoise.table.table import Table

_ONE_CLASS = re.compile(r"All rows of .* are of class ")


@dataclass(frozen=True, eq=False)
class LabelledBlock:
    """Some labelled rows of a source.

    Attributes:
        table: The rows, with the columns and classes of an earlier table.
        groups: `[rows]` strings of the column that groups them, "" if missing; None if
            no column was asked for or the source has none of that name.
    """

    table: Table
    groups: npt.NDArray[Any] | None = None


def labelled_blocks(
    source: Any,
    like: Table,
    target: str | Sequence[str] | None = None,
    *,
    group: str | None = None,
) -> Iterator[LabelledBlock]:
    """Yield labelled rows in the form of an earlier table: files block by block.

    What was noticed is issued as `TableWarning`s, once for all blocks, after the
    last.

    Args:
        source: Anything that `read_table` takes; also a folder of files, or a pattern.
        like: The earlier table.
        target: The target's name in the source, if it is not that of `like`; of several
            labels a list of names or patterns, in the order of `like`.
        group: The column whose equal values belong together, or None.

    Raises:
        TableError: The source cannot be read, or its columns are others.
        TargetError: The target is absent, or has a new class.
    """
    if not is_path(source) or target not in (None, like.target):
        if group not in _names(source, like):
            group = None
        several = None if target is None or isinstance(target, str) else list(target)
        name = target if isinstance(target, str) else None
        table = read_table(source, name, targets=several, like=like, group=group)
        groups = table.groups
        yield LabelledBlock(
            table, None if groups is None else groups.astype(str).astype(object)
        )
        return
    merged, one_class, labels = MergedNotes(), "", set()
    blocks = read_shard_blocks(shard_files(source), like=like, labelled=True)
    with contextlib.closing(blocks):
        for block in blocks:
            labels |= set(np.unique(block.table.labels()).tolist())
            # True of a block, it need not be true of the file.
            one_class = next(filter(_ONE_CLASS.match, block.table.notes), one_class)
            merged.add([n for n in block.table.notes if not _ONE_CLASS.match(n)])
            groups = None
            if group is not None and group in block.source.column_names:
                groups = _texts(block.source.column(group), group)
            yield LabelledBlock(block.table, groups)
    last = (one_class,) if one_class and len(labels) == 1 else ()
    warn((*merged.sentences(), *last))


def joined_groups(
    groups: Sequence[npt.NDArray[Any] | None],
) -> IntArray | None:
    """Return the group of each row over all blocks of a source, as numbers.

    Args:
        groups: Of each block, see `LabelledBlock`.

    Returns:
        `[rows]` equal numbers for the rows of one group, and a number of its own for a
        row whose group is missing; None if a block has no groups.

    Example:
        >>> joined_groups([np.array(["b", "a", ""]), np.array(["a", ""])]).tolist()
        [2, 1, 5, 1, 6]
        >>> joined_groups([np.array(["a"]), None]) is None
        True
    """
    present = [names.astype(str) for names in groups if names is not None]
    if len(present) < len(groups):
        return None
    texts = np.concatenate(present)
    numbers = np.unique(texts, return_inverse=True)[1].astype(np.int64)
    alone = texts == ""
    numbers[alone] = len(texts) + np.arange(np.count_nonzero(alone))
    return numbers


def _names(source: Any, like: Table) -> list[str]:
    """Return the column names of a frame or a file; none of other sources.

    A `Table` has its groups with it.
    """
    if isinstance(source, tuple):
        return _names(source[0], like) if source else []
    if isinstance(source, Mapping):
        return [str(name) for name in source]
    if is_path(source):
        with contextlib.closing(
            read_shard_blocks(shard_files(source), like=like)
        ) as blocks:
            return list(next(blocks).source.column_names)
    names = getattr(source, "column_names", getattr(source, "columns", ()))
    return [name for name in names if isinstance(name, str)]


def _texts(column: Any, name: str) -> npt.NDArray[Any]:
    """Return a column as strings, "" if missing.

    Raises:
        TableError: No string can stand for its values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = tuples_as_texts(column)
    require_named(column.type, name)
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    texts = pc.fill_null(pc.cast(column, pa.large_string()), "")
    return np.array([text.strip() for text in texts.to_pylist()], object)


def warn(notes: tuple[str, ...]) -> None:
    """Issue notes on a source as warnings."""
    for note in notes:
        warnings.warn(note, TableWarning, stacklevel=3)
