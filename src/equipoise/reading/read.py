# SPDX-License-Identifier: Apache-2.0
"""From anything that holds rows to a table."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, overload

from equipoise._core.checks import sentence
from equipoise._core.memory import arrow_from_system, memory_limit
from equipoise.errors import InputError, TableError, TableWarning
from equipoise.reading.feature_columns import read_feature_columns
from equipoise.reading.into_store import open_store
from equipoise.reading.label_columns import label_names, read_label_columns
from equipoise.reading.matching import table_like
from equipoise.reading.openers import is_array, opener_of
from equipoise.reading.options import (
    ReadingOptions,
    column_name,
    require_column_name,
)
from equipoise.reading.pairs import paired
from equipoise.reading.parquet import require_present, require_some_columns
from equipoise.reading.roles import (
    beside_of,
    groups_of,
    require_roles,
    roles_that_serve,
    times_of,
)
from equipoise.reading.source import Notes, Raw, Request
from equipoise.reading.target import Positives, read_target
from equipoise.reading.target_columns import (
    refuse_two_targets,
    renamed_targets,
    require_targets,
    with_labels_only,
)
from equipoise.stores.stored_table import StoredTable
from equipoise.table.table import ClassValue, Dropped, Table

AS_THEY_ARE = ReadingOptions()
_SETTLED = ("positive", "task", "group", "time")


@overload
def read_table(
    source: Any,
    target: Any = None,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    targets: str | Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    like: Table | None = None,
    memory: None = None,
    store: None = None,
) -> Table: ...


@overload
def read_table(
    source: Any,
    target: Any = None,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    targets: str | Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    like: None = None,
    memory: str | float,
    store: str | os.PathLike[str] | None = None,
) -> StoredTable: ...


def read_table(
    source: Any,
    target: Any = None,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    targets: str | Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    like: Table | None = None,
    memory: str | float | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Table | StoredTable:
    """Read rows with their target, and say what was done to them.

    Columns are numbers, booleans, categories or date-times; which, follows from the
    source or by the values (rules in `equipoise.reading.infer`). Constants and
    identifiers are left out (rules in `equipoise.reading.useless_columns`). Everything
    that was done is in the table's `notes`, and issued as a `TableWarning`.

    Args:
        source: The path of a CSV, TSV, ARFF, JSON lines (.jsonl; all also .gz, .bz2,
            .xz or .zst), Excel (.xlsx, one sheet with rows; rules in
            `equipoise.reading.excel`) or Parquet file, or of a .zip of one such file;
            "example:digits" or "example:digits-hard"; a data frame of any library
            that narwhals knows; features and labels `(X, y)`, the features also a
            SciPy sparse matrix; a `tf.data.Dataset` of `(x, y)`, which is read into
            memory; a dictionary of columns; or a `Table`.
        target: The target column; several for a multi-label task. Or the labels, as
            scikit-learn takes them: `read_table(X, y)`. The pair `(X, y)`
            needs none; a matrix `y` holds several labels. A whole number names a
            column of an array, or of a frame whose columns have such names.
        positive: The positive class, or several that are one together; None for the
            rarest. With more than two classes it is held against all others.
        task: "binary", "multiclass" or "multilabel"; None detects it. More than two
            classes are kept as they are; numbers that look measured are refused
            unless this is "multiclass".
        targets: In place of `target`: the label columns of a multi-label task, as
            names or patterns such as "label_*". Each holds 1 or 0, true or false, yes
            or no; an empty cell or -1 says that the label is not known (rules in
            `equipoise.reading.label_columns`).
        group: A column whose equal values must stay on one side of a split (a
            patient, a customer). It is not a feature.
        time: A column by which rows are ordered in time. It is not a feature.
        drop: Columns to leave out.
        keep: Columns that are features even if they look like identifiers.
        unlabelled: What becomes of rows without a label (missing, or such as -1 beside
            0 and 1): "refuse", "drop", or "keep" if -1 or "unknown" is a class.
        day_first: Whether 03/04/2021 is 3 April, if no date of the column tells;
            None: a slash means month first, and it is said. As `time`, such a column
            is refused unless this is given.
        like: An earlier table whose columns, kinds, target and classes this source
            must have (rules in `equipoise.reading.matching`).
        memory: How much memory the rows may take, such as "2GB": they stay on disk, in
            a store that is written once. The source is then a file, a folder of files
            or a pattern such as "claims/part-*.parquet".
        store: The folder for stores; `.equipoise-store` beside the files if None.

    Returns:
        The table; a `StoredTable` with `memory`.

    Raises:
        TableError: The source cannot be read as a table, or contradicts `like`;
            lines are named.
        TargetError: The target is absent or cannot be used.
        InputTypeError: Labels were passed instead of their column's name.

    Example:
        >>> read_table("example:digits")
        <Table of 198 rows, columns: 50 numeric; target 'is_one': 20 positive ('1'),
        10.10%>
    """
    options = ReadingOptions(
        positive=positive,
        task=task,
        targets=targets,
        group=group,
        time=time,
        drop=drop,
        keep=keep,
        unlabelled=unlabelled,
        day_first=day_first,
    )
    if memory is not None:
        return read_stored(source, target, options, memory, store=store, like=like)
    if store is not None:
        raise InputError(
            sentence(
                f"store={str(store)!r} without memory=",
                "both, or neither",
                "Pass memory='2GB' for rows that stay on disk.",
            )
        )
    return read_source(source, target, options, like=like)


def read_stored(
    source: Any,
    target: Any,
    options: ReadingOptions,
    memory: str | float | None,
    *,
    store: str | os.PathLike[str] | None = None,
    like: Table | None = None,
) -> StoredTable:
    """Return rows that stay on disk, as `read_table` does with `memory`.

    Args:
        source: A file, a folder of files, a pattern; or a `StoredTable`.
        target: The target's name.
        options: How the files are read.
        memory: How much memory the rows may take; None for what a `StoredTable` has.
        store: The folder for stores.
        like: Is refused.

    Raises:
        InputError: An argument has no meaning for rows on disk, or a `StoredTable` was
            read by another one.
    """
    if isinstance(source, StoredTable):
        _require_as_read(source, target, options)
        return source if memory is None else source.with_memory(memory_limit(memory))
    limit = memory_limit(memory)
    if like is not None or not isinstance(target, str | None):
        what = "like=" if like is not None else f"target={target!r}"
        raise InputError(
            sentence(
                f"{what} with memory=",
                "the name of one target column, and no like=",
                "New rows need no store: a fitted model reads files block by block.",
            )
        )
    table = open_store(source, target, options, limit, store)
    for note in table.notes:
        warnings.warn(note, TableWarning, stacklevel=3)
    return table


def _require_as_read(store: StoredTable, target: Any, options: ReadingOptions) -> None:
    """Raise if rows on disk are to be read in another way than they were."""
    usual = vars(AS_THEY_ARE)
    asked = {n: v for n, v in vars(options).items() if v != usual[n]}
    if not (target is None or (isinstance(target, str) and target == store.target)):
        asked = {"target": target, **asked}
    if asked:
        words = [f"{name}={value!r}" for name, value in asked.items()]
        raise InputError(
            sentence(
                f"a StoredTable with {', '.join(words)}",
                "a StoredTable as it is",
                "Pass these to read_table(..., memory=), which reads the files.",
            )
        )


def read_with_test(
    source: Any, target: Any, test: Any, options: ReadingOptions = AS_THEY_ARE
) -> tuple[Table, Table | None]:
    """Read a table, and test rows with the same columns and classes.

    Args:
        source: As in `read_table`.
        target: As in `read_table`.
        test: A source of the test rows, or None.
        options: How the first source is read, see `read_test` for the test rows.

    Returns:
        The table, and that of the test rows or None.
    """
    source, target = paired(source, target)
    table = read_source(source, target, options)
    return table, read_test(test, target, options, like=table)


def read_test(
    test: Any, target: Any, options: ReadingOptions, *, like: Table
) -> Table | None:
    """Read test rows with the columns and classes of a table.

    Args:
        test: A source of the test rows, or None.
        target: As in `read_table`.
        options: How the table was read. Test rows without a label are treated in the
            same way, and groups and times are read if the columns are there; the rest
            follows the table.
        like: The table.
    """
    if test is None:
        return None
    same = ReadingOptions(unlabelled=options.unlabelled)
    if not isinstance(test, Table):
        same = dataclasses.replace(
            same, group=options.group, time=options.time, day_first=options.day_first
        )
    return read_source(test, target, same, like=like, roles_are_there=False)


def read_features(source: Any, *, like: Table, drop: Sequence[str] = ()) -> Table:
    """Read rows that are only to be scored: a target is neither needed nor read.

    Args:
        source: As in `read_table`; arrays without labels.
        like: The table that a model was trained on.
        drop: Columns to leave out.

    Returns:
        A table whose `y` is None, so `labelled` is false.

    Raises:
        TableError: A column of `like` is absent or has changed its type.

    Example:
        >>> earlier = read_table({"x": [1.0, 2.0, 3.0, 4.0], "y": [0, 0, 0, 1]}, "y")
        >>> new = read_features({"x": [2.5, 9.0]}, like=earlier)
        >>> len(new), new.labelled
        (2, False)
    """
    return read_source(
        source, None, ReadingOptions(drop=drop), like=like, labelled=False
    )


def read_source(
    source: Any,
    target: Any,
    options: ReadingOptions = AS_THEY_ARE,
    *,
    like: Table | None = None,
    labelled: bool = True,
    roles_are_there: bool = True,
) -> Table:
    """Read rows with their target, as `read_table` does.

    Args:
        source: As in `read_table`.
        target: As in `read_table`.
        options: How the source is read.
        like: As in `read_table`.
        labelled: Whether the target is read; else `like` is needed.
        roles_are_there: Whether a column of groups, or of times, that is absent is an
            error, as is a time that is missing; else a note says what follows.

    Returns:
        The table. Its notes have been issued as `TableWarning`s of the caller's
        caller.
    """
    source, target = paired(source, target)
    matrix = is_array(source)
    options = options.named(matrix)
    targets = _target_names(target, matrix)
    if options.targets is not None:
        if targets:
            refuse_two_targets(target, options.targets)
        targets = tuple(options.targets)
    if isinstance(source, Table):
        return _again(source, targets, options, like)
    if like is not None and labelled:
        targets = targets or like.target_columns
    if like is None:
        request = Request(targets, drop=options.unread)
    else:
        request = Request(targets, expected=like.names)
    with arrow_from_system():
        raw = opener_of(source)(source, request)
        notes = Notes(list(raw.notes))
        if not roles_are_there:
            options = roles_that_serve(raw, options, notes)
        table = _typed(raw, raw.targets or targets, options, notes, like, labelled)
    for note in table.notes:
        warnings.warn(note, TableWarning, stacklevel=3)
    return table


def _typed(
    raw: Raw,
    targets: tuple[str, ...],
    options: ReadingOptions,
    notes: Notes,
    like: Table | None,
    labelled: bool,
) -> Table:
    """Return what was opened as a table; see `read_source`."""
    if like is None:
        require_present(options.drop, (*raw.data.column_names, *raw.unread), raw.name)
    require_some_columns((*raw.data.column_names, *raw.unread), raw.name)
    order = () if raw.unread else tuple(raw.data.column_names)
    raw = raw.without(options.unread)
    raw = dataclasses.replace(raw, order=options.date_order)
    if not raw.data.num_rows:
        raise TableError(sentence(f"{raw.name} without rows", "at least one row"))
    if labelled:
        if options.targets is not None and not raw.targets:
            targets = label_names(targets, raw.data.column_names, raw.name)
        if like is not None and set(like.target_columns) <= set(targets):
            targets = like.target_columns  # those that the first table left out go
        require_targets(raw, targets)
    if labelled and options.unlabelled == "drop":
        raw = with_labels_only(raw, targets, notes)
    if like is None:
        table = _new_table(raw, targets, options, notes)
        return dataclasses.replace(table, order=order)
    if labelled:
        raw = renamed_targets(raw, targets, like.target_columns)
    return table_like(
        raw, like, notes, labelled=labelled, group=options.group, time=options.time
    )


def _target_names(target: Any, matrix: bool) -> tuple[str, ...]:
    """Return the names of the targets that the user gave."""
    if isinstance(target, list | tuple) and all(isinstance(t, str) for t in target):
        return tuple(target)
    require_column_name(target, "target")
    return () if target is None else (column_name(target, matrix),)


def _new_table(
    raw: Raw, targets: Sequence[str], options: ReadingOptions, notes: Notes
) -> Table:
    """Return a source as a table of its own kinds and classes."""
    group, time = options.group, options.time
    several = len(targets) > 1 or options.targets is not None
    constant: tuple[Dropped, ...] = ()
    label_values: Mapping[str, ClassValue] = {}
    if several or options.task == "multilabel":
        labels = read_label_columns(
            raw, targets, notes, positive=options.positive, task=options.task
        )
        y, task, constant = labels.y, labels.task, labels.dropped
    else:
        values = read_target(
            raw,
            targets[0],
            notes,
            positive=options.positive,
            task=options.task,
            unlabelled=options.unlabelled,
        )
        y, task, label_values = values.y, values.task, values.label_values
    require_present(options.keep, raw.data.column_names, raw.name, "keep")
    require_roles(raw, {"group": group, "time": time})
    columns, dropped = read_feature_columns(raw, targets, task, options, notes)
    groups = None if group is None else groups_of(raw, group, notes)
    return Table(
        columns,
        y,
        task,
        target=", ".join(task.classes if task.kind == "multilabel" else targets),
        groups=None if groups is None else groups.numbers,
        time=None if time is None else times_of(raw, time, notes),
        dropped=(*dropped, *constant),
        notes=notes.sentences(),
        source=raw.name,
        label_values=label_values,
        group_keys=None if groups is None else groups.keys,
        beside=beside_of(
            raw, {*targets, *(c.name for c in columns)}, group, options.draw_by
        ),
    )


def _again(
    table: Table,
    targets: tuple[str, ...],
    options: ReadingOptions,
    like: Table | None,
) -> Table:
    """Return a table that is one already, less the columns to drop."""
    settled = {name: getattr(options, name) for name in _SETTLED}
    if targets not in ((), (table.target,), table.target_columns):
        settled["target"] = targets[0] if len(targets) == 1 else list(targets)
    asked = [
        f"{name}={value!r}" for name, value in settled.items() if value is not None
    ]
    if asked:
        raise InputError(
            sentence(
                f"a Table with {', '.join(asked)}",
                "a Table as it is",
                "Pass these when reading it from its source.",
            )
        )
    if like is not None and (
        [(c.name, c.kind) for c in table.columns]
        != [(c.name, c.kind) for c in like.columns]
        or table.classes != like.classes
    ):
        raise TableError(
            sentence(
                "a Table with other columns or classes than the first",
                "the same columns, kinds and classes",
                "Read it from its source with like=.",
            )
        )
    for name in options.drop:
        table[name]  # raises with the nearest name
    drop = set(options.drop)
    return dataclasses.replace(
        table,
        columns=tuple(c for c in table.columns if c.name not in drop),
        dropped=table.dropped
        + tuple(Dropped(name, "left out as asked") for name in options.drop),
        beside=table.beside
        + tuple(c for c in table.columns if c.name in drop & set(options.draw_by)),
    )
