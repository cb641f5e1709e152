# SPDX-License-Identifier: Apache-2.0
"""Labelled rows for a fitted model or beside a store: files in blocks, else at once."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.memory import arrow_from_system
from equipoise._core.types import IntArray
from equipoise.errors import TableError, TableWarning
from equipoise.reading.blocks import MergedNotes, raw_blocks
from equipoise.reading.options import ReadingOptions
from equipoise.reading.paths import existing_file, is_path
from equipoise.reading.read import read_source, read_table
from equipoise.reading.roles import (
    no_groups,
    require_named,
    tuples_as_texts,
)
from equipoise.reading.shards import read_shard_blocks, shard_files
from equipoise.reading.target_columns import LabelledRows
from equipoise.stores.stored_table import StoredTable
from equipoise.table.row_groups import group_column
from equipoise.table.table import Table, concatenate

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
    unlabelled: str = "refuse",
    chosen: LabelledRows | None = None,
) -> Generator[LabelledBlock]:
    """Yield labelled rows in the form of an earlier table: files block by block.

    What was noticed is issued as `TableWarning`s, once for all blocks, after the
    last.

    Args:
        source: Anything that `read_table` takes; also a folder of files, or a pattern.
        like: The earlier table.
        target: The target's name in the source, if it is not that of `like`; of several
            labels a list of names or patterns, in the order of `like`.
        group: The column whose equal values belong together, or None.
        unlabelled: What becomes of rows without a label, as in `read_table`; with
            "drop" a file is read twice, see `read_stored_test`.
        chosen: Takes the rows of a file that have a label; None for what `unlabelled`
            says.

    Raises:
        TableError: The source cannot be read, or its columns are others.
        TargetError: The target is absent, or has a new class.
    """
    if not is_path(source) or target not in (None, like.target):
        if group not in _names(source, like):
            group = None
        several = None if target is None or isinstance(target, str) else list(target)
        name = target if isinstance(target, str) else None
        table = read_table(
            source,
            name,
            targets=several,
            like=like,
            group=group,
            unlabelled=unlabelled,
        )
        groups = table.groups
        yield LabelledBlock(
            table, None if groups is None else groups.astype(str).astype(object)
        )
        return
    merged, one_class, labels = MergedNotes(), "", set()
    files = shard_files(source)
    if chosen is None and unlabelled == "drop":
        chosen = _labelled_rows([file.path for file in files], like)
    blocks = read_shard_blocks(
        files,
        like=like,
        labelled=True,
        chosen=None if chosen is None else chosen.of,
    )
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
    gone = () if chosen is None else chosen.notes()
    warn((*gone, *merged.sentences(), *last))


def read_stored_test(
    store: StoredTable, test: Any, unlabelled: str = "refuse"
) -> Table | None:
    """Return the rows of a test file, with the columns and classes of a store.

    If the store has groups, so have they if the column is there.

    They are read into memory, a file block by block, until there are too many. With
    `unlabelled="drop"` a file is read twice, since all of its labels together tell
    which of them name no class (-1 beside 0 and 1 does, beside 1 alone it is a class).

    Args:
        store: The rows that are not test rows.
        test: A source, as in `read_table`; None for none.
        unlabelled: What becomes of rows without a label.

    Raises:
        TableError: It does not have the columns, or has more rows than fit.
    """
    if test is None:
        return None
    group = group_column(store.schema)
    if not is_path(test):
        options = ReadingOptions(unlabelled=unlabelled)
        if not isinstance(test, Table):
            options = dataclasses.replace(options, group=group)
        table = read_source(
            test, None, options, like=store.schema, roles_are_there=False
        )
        _require_room(table.source, len(table), store)
        return table
    path = existing_file(test)  # a folder or a pattern is not taken here
    tables: list[Table] = []
    names: list[npt.NDArray[Any] | None] = []
    rows, notes = 0, MergedNotes()
    with arrow_from_system(), contextlib.ExitStack() as stack:
        like = store.schema
        chosen = _labelled_rows([path], like) if unlabelled == "drop" else None
        blocks = labelled_blocks(test, like, group=group, chosen=chosen)
        for block in stack.enter_context(contextlib.closing(blocks)):
            rows += len(block.table)
            _require_room(block.table.source, rows, store, more=True)
            tables.append(block.table)
            names.append(block.groups)
            notes.add([n for n in block.table.notes if not _ONE_CLASS.match(n)])
    table = tables[0]
    if len(tables) > 1:
        table = dataclasses.replace(concatenate(tables), notes=notes.sentences())
    table = dataclasses.replace(table, groups=joined_groups(names))
    if group is not None and table.groups is None:
        warn((no_groups(table.source, group),))
    if chosen is None:
        return table
    return dataclasses.replace(table, notes=(*chosen.notes(), *table.notes))


def _labelled_rows(paths: Sequence[Path], like: Table) -> LabelledRows:
    """Return what takes the labelled rows of files, once all labels are looked at."""
    chosen = LabelledRows(like.target_columns)
    names = [*like.target_columns, *like.names]
    for path in paths:
        raws = raw_blocks(path, names, columns=like.target_columns)
        with contextlib.closing(raws):
            for raw in raws:
                chosen.look(raw)
    return chosen


def _require_room(
    source: str, rows: int, store: StoredTable, *, more: bool = False
) -> None:
    """Raise if test rows, and maybe more of them, do not fit beside a store."""
    if rows <= store.most_rows:
        return
    raise TableError(
        sentence(
            f"{source} with {rows:,}{' or more' * more} test rows",
            f"at most {store.most_rows:,}, which is what fits into the memory given",
            "Fit a model, and evaluate it on the file: eq.evaluate reads it block "
            "by block.",
        )
    )


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
