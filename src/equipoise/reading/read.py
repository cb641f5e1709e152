# SPDX-License-Identifier: Apache-2.0
"""From anything that holds rows to a table."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise.errors import (
    InputError,
    InputTypeError,
    TableError,
    TableWarning,
    TargetError,
)
from equipoise.reading.answers import named_as_answers, siblings
from equipoise.reading.arff import is_arff, read_arff
from equipoise.reading.arrays import read_columns, read_matrix, read_pair
from equipoise.reading.csv import read_csv
from equipoise.reading.frames import is_frame, read_frame
from equipoise.reading.infer import infer
from equipoise.reading.matching import columns_like, target_like
from equipoise.reading.parquet import read_parquet, require_known
from equipoise.reading.roles import groups_of, require_roles, times_of
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import Positives, read_target, unlabelled_rows
from equipoise.reading.useless_columns import may_be_kept, useless
from equipoise.table.table import Column, Dropped, Table

TASKS = ("binary", "multiclass", "multilabel")


def read_table(
    source: Any,
    target: str | int | Sequence[str] | None = None,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    group: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    like: Table | None = None,
) -> Table:
    """Read rows with their target, and say what was done to them.

    Columns are numbers, booleans, categories or date-times; which, is told by the
    source or by the values (rules in `equipoise.reading.infer`). Constants and
    identifiers are left out (rules in `equipoise.reading.useless_columns`). Everything
    that was done is in the table's `notes`, and issued as a `TableWarning`.

    Args:
        source: The path of a CSV, TSV, ARFF (all also .gz) or Parquet file;
            "example:digits" or "example:digits-hard"; a data frame of any library
            that narwhals knows; features and labels `(X, y)`; a dictionary of
            columns; or a `Table`.
        target: The target column; several for a multi-label task. The pair `(X, y)`
            needs none. A whole number names a column of an array, or of a frame
            whose columns have such names.
        positive: The positive class, or several that are one together; None for the
            rarest. With more than two classes it is held against all others.
        task: "binary", "multiclass" or "multilabel"; None detects it.
        group: A column whose equal values must stay on one side of a split (a
            patient, a customer). It is no feature.
        time: A column by which rows are ordered in time. It is no feature.
        drop: Columns to leave out.
        keep: Columns that are features even where they look like identifiers.
        unlabelled: What becomes of rows without a label (missing, or such as -1 beside
            0 and 1): "refuse", "drop", or "keep" where -1 or "unknown" is a class.
        day_first: Whether 03/04/2021 is 3 April, where no date of the column tells;
            None: a slash means month first, and it is said. As `time`, such a column
            is refused unless this is given.
        like: An earlier table whose columns, kinds, target and classes this source
            must have (rules in `equipoise.reading.matching`).

    Returns:
        The table.

    Raises:
        TableError: The source cannot be read as a table, or contradicts `like`;
            lines are named.
        TargetError: The target is absent or cannot be used.
        InputTypeError: Labels were given where their column's name is expected.

    Example:
        >>> read_table("example:digits")
        <Table of 198 rows, columns: 50 numeric; target 'is_one': 20 positive ('1'),
        10.10%>
    """
    table = _read(
        source,
        target,
        positive,
        task,
        group,
        time,
        drop,
        like,
        labelled=True,
        keep=keep,
        unlabelled=unlabelled,
        day_first=day_first,
    )
    _warn(table, source)
    return table


def read_parts(
    source: Any, target: str | None, test: Any, **reading: Any
) -> tuple[Table, Table | None]:
    """Read a table, and a test part with the same columns and classes.

    Args:
        source: As in `read_table`.
        target: As in `read_table`.
        test: A source of the test rows, or None.
        **reading: `positive`, `group`, `time`, `drop`, `keep`, `unlabelled` and
            `day_first`, as `read_table` takes them.

    Returns:
        The table, and that of the test rows or None.
    """
    table = read_table(source, target, **reading)
    if test is None:
        return table, None
    later = {"unlabelled": reading.get("unlabelled", "refuse")}
    return table, read_table(test, target, like=table, **later)


def read_features(source: Any, *, like: Table, drop: Sequence[str] = ()) -> Table:
    """Read rows that are only to be scored: a target is neither needed nor read.

    Args:
        source: As in `read_table`; arrays without labels.
        like: The table that a model was trained on.
        drop: Columns to leave out.

    Returns:
        A table whose `y` is -1 throughout, so `labelled` is false.

    Raises:
        TableError: A column of `like` is absent or has changed its type.

    Example:
        >>> known = read_table({"x": [1.0, 2.0, 3.0, 4.0], "y": [0, 0, 0, 1]}, "y")
        >>> new = read_features({"x": [2.5, 9.0]}, like=known)
        >>> len(new), new.labelled
        (2, False)
    """
    table = _read(source, None, None, None, None, None, drop, like, labelled=False)
    _warn(table, source)
    return table


def _target_names(
    target: Any, name_of: Callable[[Any, str], str | None]
) -> str | list[str] | None:
    if isinstance(target, list | tuple) and all(isinstance(t, str) for t in target):
        return list(target)
    return name_of(target, "target")


def _names_in(
    given: Any, role: str, name_of: Callable[[Any, str], str | None]
) -> list[str]:
    if isinstance(given, str):
        raise InputTypeError(
            sentence(
                f"{role}={given!r}", "a list of column names", f"Pass [{given!r}]."
            )
        )
    names = [name_of(name, role) for name in given]
    return [name for name in names if name is not None]


def _is_matrix(source: Any) -> bool:
    first = source[0] if isinstance(source, tuple) and source else source
    return isinstance(first, np.ndarray)


_ELSE = {
    "target": "Pass features and labels as one argument, the pair (X, y).",
    "group": "Make them a column of X, and pass its name.",
    "time": "Make them a column of X, and pass its name.",
}


def _column_name(name: Any, role: str, matrix: bool) -> str | None:
    """Return the name of a column; a whole number may be one, too.

    Args:
        name: What the caller gave.
        role: What the column is for.
        matrix: Whether the source is an array, whose columns are f0, f1, ...

    Raises:
        InputTypeError: These are values, not the name of their column.
    """
    if name is None or isinstance(name, str):
        return name
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return f"f{name}" if matrix else str(name)
    raise InputTypeError(
        sentence(
            f"{role}= of type {type(name).__name__}",
            "the name of a column",
            _ELSE.get(role, ""),
        )
    )


def _warn(table: Table, source: Any) -> None:
    if isinstance(source, Table):
        return
    for note in table.notes:
        warnings.warn(note, TableWarning, stacklevel=3)


def _read(
    source: Any,
    target: str | int | Sequence[str] | None,
    positive: Positives | None,
    task: str | None,
    group: str | None,
    time: str | None,
    drop: Sequence[str],
    like: Table | None,
    *,
    labelled: bool,
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
) -> Table:
    if task is not None:
        one_of(task, TASKS, "task")
    name_of = functools.partial(_column_name, matrix=_is_matrix(source))
    target = _target_names(target, name_of)
    group, time = name_of(group, "group"), name_of(time, "time")
    drop = _names_in(drop, "drop", name_of)
    keep = _names_in(keep, "keep", name_of)
    one_of(unlabelled, UNLABELLED, "unlabelled")
    if isinstance(source, Table):
        return _again(source, target, positive, task, group, time, drop, like)
    if like is not None and target is None and labelled:
        target = like.target
    known = () if like is None else like.names
    raw, targets = _open(source, target, drop if like is None else (), known)
    order = tuple(raw.data.column_names)
    raw = dataclasses.replace(_without(raw, drop), order=_order(day_first))
    if not raw.data.num_rows:
        raise TableError(sentence(f"{raw.name} without rows", "at least one row"))
    if labelled:
        targets = present_targets(raw, targets)
    notes = Notes(list(raw.notes))
    if labelled and unlabelled == "drop":
        raw = _labelled_only(raw, targets, notes)
    if like is not None:
        own = _as_named(raw, targets, like.target) if labelled else raw
        return table_like(own, like, group, time, notes, labelled)
    found = read_target(
        raw, targets, notes, positive=positive, task=task, unlabelled=unlabelled
    )
    require_known(keep, raw.data.column_names, raw.name, "keep")
    require_roles(raw, {"group": group, "time": time})
    roles = {group: "groups rows", time: "orders rows in time"}
    columns, dropped = _features(raw, targets, roles, drop, keep, notes)
    if len(targets) == 1:
        _tell_answers(targets[0], found.task, columns, raw.data.column_names, notes)
    return Table(
        columns,
        found.y,
        found.classes,
        target=", ".join(targets),
        task=found.task,
        groups=None if group is None else groups_of(raw, group, notes),
        time=None if time is None else times_of(raw, time, notes),
        dropped=dropped,
        notes=notes.sentences(),
        source=raw.name,
        positive_labels=found.positive_labels,
        # Columns of a Parquet file that are dropped are not read: no order is known.
        order=order if set(drop) <= set(order) else (),
    )


UNLABELLED = ("refuse", "drop", "keep")


def _labelled_only(raw: Raw, targets: Sequence[str], notes: Notes) -> Raw:
    """Return a source without the rows that have no label, with a note."""
    without = unlabelled_rows(raw, targets)
    count = int(without.sum())
    if not count:
        return raw
    kept = np.flatnonzero(~without)
    if not len(kept):
        raise TargetError(
            sentence(
                f"{raw.name} without a label in any of its {count:,} rows",
                "rows with labels",
            )
        )
    notes.add(
        f"{count:,} row{'s'[: count > 1]} of {raw.name} without a label "
        f"{'were' if count > 1 else 'was'} left out."
    )
    return dataclasses.replace(raw, data=raw.data.take(kept), kept=kept)


def _order(day_first: bool | None) -> str:
    if day_first is None:
        return ""
    if not isinstance(day_first, bool | np.bool_):
        raise InputTypeError(
            sentence(f"day_first={day_first!r}", "True, False or None")
        )
    return "day" if day_first else "month"


def _open(
    source: Any,
    target: str | Sequence[str] | None,
    drop: Sequence[str],
    known: Sequence[str],
) -> tuple[Raw, list[str]]:
    """Return the source's columns and the names of its targets.

    Columns to drop must be there; those of a Parquet file are not read at all.
    """
    raw, targets = _opened(source, target, drop, known)
    if not _is_parquet(source):
        require_known(drop, raw.data.column_names, raw.name)
    return raw, targets


def _opened(
    source: Any,
    target: str | Sequence[str] | None,
    drop: Sequence[str],
    known: Sequence[str],
) -> tuple[Raw, list[str]]:
    """Return them as they come; columns of a Parquet file without those to drop."""
    targets = [target] if isinstance(target, str) else list(target or ())
    if isinstance(source, str) and source.startswith("example:"):
        from equipoise.reading.examples import read_example

        raw, own = read_example(source)
        return raw, targets or [own]
    if isinstance(source, str | os.PathLike):
        return _open_file(Path(source), [*targets, *known], drop), targets
    if isinstance(source, tuple) and len(source) == 2:
        name = targets[0] if len(targets) == 1 else None
        raw, own = read_pair(source[0], source[1], name)
        return raw, [own]
    if isinstance(source, Mapping):
        return read_columns(source), targets
    if is_frame(source):
        return read_frame(source), targets
    if isinstance(source, list) and source and isinstance(source[0], Mapping):
        raise InputTypeError(
            sentence(
                "rows as dictionaries",
                "a dictionary of columns, or a data frame",
                "Pass pandas.DataFrame(rows) or polars.DataFrame(rows).",
            )
        )
    if isinstance(source, np.ndarray | list):
        return read_matrix(source), targets
    raise InputTypeError(
        sentence(
            f"a source of type {type(source).__name__}",
            "a path, 'example:digits', a data frame, arrays (X, y), a dictionary of "
            "columns, or a Table",
        )
    )


def _open_file(path: Path, names: Sequence[str], drop: Sequence[str]) -> Raw:
    if path.is_dir():
        raise TableError(sentence(f"the folder {path.name!r}", "one file"))
    if not path.exists():
        folder = path.parent
        others = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        raise TableError(
            sentence(
                f"the path {str(path)!r}, which does not exist",
                "an existing CSV, TSV, ARFF or Parquet file",
                nearest(path.name, others),
            )
        )
    if _is_parquet(path):
        return read_parquet(path, drop)
    if is_arff(path):
        return read_arff(path)
    return read_csv(path, names)


def _is_parquet(source: Any) -> bool:
    if not isinstance(source, str | os.PathLike) or not os.path.isfile(source):
        return False
    path = Path(source)
    with path.open("rb") as file:
        start = file.read(4)
    # A Parquet file begins and ends with these letters; by its name it may be cut off.
    return start == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}


def _without(raw: Raw, drop: Sequence[str]) -> Raw:
    names = [name for name in raw.data.column_names if name not in set(drop)]
    return dataclasses.replace(raw, data=raw.data.select(names))


def _as_named(raw: Raw, targets: Sequence[str], wanted: str) -> Raw:
    """Return a source whose target has the name that an earlier table gave it."""
    if list(targets) == [wanted] or len(targets) != 1:
        return raw
    data = raw.data
    if wanted in data.column_names:  # another column than the one that is asked for
        data = data.drop_columns([wanted])
    names = [wanted if name == targets[0] else name for name in data.column_names]
    return dataclasses.replace(raw, data=data.rename_columns(names))


TARGET_NAMES = (
    "target", "label", "labels", "class", "y", "outcome", "response", "result",
    "diagnosis", "default", "churn", "fraud", "status",
)  # fmt: skip


MOST_SHOWN = 20


def shown(names: Sequence[str], wanted: Sequence[str]) -> str:
    """List columns; if they are many, those first that are likely meant.

    Args:
        names: All columns.
        wanted: What they are compared with: the name asked for, or usual targets.

    Example:
        >>> shown([*map(str, range(30)), "Class"], ["clas"])[:12]
        "'Class', '0'"
    """
    if len(names) <= MOST_SHOWN:
        return listing(names, MOST_SHOWN)
    words = [word.casefold() for word in wanted]

    def near(name: str) -> float:
        folded = name.casefold()
        within = any(word in folded or folded in word for word in words)
        return -within - max(
            difflib.SequenceMatcher(None, folded, word).ratio() for word in words
        )

    if len(names) > 2000:  # the last columns are looked at as well as the first
        names = [*names[:1000], *names[-1000:]]
    close = sorted(names, key=near)[:8]
    close = [*close, *(name for name in names[-2:] if name not in close)]
    rest = [name for name in names if name not in close]
    return listing([*close, *rest], MOST_SHOWN)


def present_targets(raw: Raw, targets: list[str]) -> list[str]:
    """Return the targets if a source has them.

    Raises:
        TargetError: There is none, or one is absent.
    """
    names = raw.data.column_names
    if not targets:
        raise TargetError(
            sentence(
                f"no target for {raw.name}",
                f"one of its columns, {shown(names, TARGET_NAMES)}",
                " ".join([raw.hint, "Pass target=COLUMN."]).strip(),
            )
        )
    for target in targets:
        if target not in names:
            raise TargetError(
                sentence(
                    f"the target {target!r}, which {raw.name} has not",
                    f"one of its columns, {shown(names, [target])}",
                    " ".join([nearest(target, names), raw.hint]).strip(),
                )
            )
    return targets


def _features(
    raw: Raw,
    targets: Sequence[str],
    roles: Mapping[str | None, str],
    drop: Sequence[str],
    keep: Sequence[str],
    notes: Notes,
) -> tuple[tuple[Column, ...], tuple[Dropped, ...]]:
    """Type all columns but the targets; leave out those that cannot help."""
    dropped = [Dropped(name, "left out as asked") for name in drop]
    dropped += [Dropped(name, f"it {why}") for name, why in roles.items() if name]
    columns: list[Column] = []
    told: list[Dropped] = []
    for name in raw.data.column_names:
        if name in targets or name in roles:
            continue
        column = infer(name, raw, notes)
        reason = column.reason if isinstance(column, Dropped) else useless(column)
        if isinstance(column, Column) and name in keep:
            reason = ""
        if reason:
            told.append(Dropped(name, reason))
        elif isinstance(column, Column):
            columns.append(column)
    _tell_dropped(told, notes)
    if not columns:
        raise TableError(
            sentence(
                f"{raw.name} without a usable feature beside the target",
                "at least one column that varies",
                " ".join(f"{d.name!r} was left out: {d.reason}." for d in told[:5]),
            )
        )
    return tuple(columns), tuple(dropped + told)


def _tell_answers(
    target: str,
    task: str,
    columns: Sequence[Column],
    order: Sequence[str],
    notes: Notes,
) -> None:
    """Say which features may be answers themselves."""
    others = siblings(target, columns, order) if task == "binary" else []
    named = [n for n in named_as_answers([c.name for c in columns]) if n not in others]
    for names, what in (
        (others, "hold 0 and 1 and seem to be further labels beside"),
        (named, "are named like answers or predictions and are features beside"),
    ):
        if names:
            notes.add(
                f"{listing(names)} {what} the target {target!r}. If they are not known "
                "when a new row is scored, leave them out with drop=."
            )


def _tell_dropped(told: Sequence[Dropped], notes: Notes) -> None:
    by_reason: dict[str, list[str]] = {}
    for entry in told:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    for reason, names in by_reason.items():
        plural, each = ("s", ", each") if len(names) > 1 else ("", "")
        one = "it" if len(names) == 1 else "one"
        advice = f" Name {one} in keep= to have it read." if may_be_kept(reason) else ""
        notes.add(
            f"Column{plural} {listing(names)} left out{each} because {reason}.{advice}"
        )


def table_like(
    raw: Raw,
    like: Table,
    group: str | None,
    time: str | None,
    notes: Notes,
    labelled: bool,
) -> Table:
    """Return a source as a table with the columns and classes of an earlier one.

    Args:
        raw: The source's columns.
        like: The earlier table.
        group: As in `read_table`.
        time: As in `read_table`.
        notes: Takes what was noticed.
        labelled: Whether the target is read; else `y` is -1 throughout.

    Raises:
        TableError: A column is absent or has changed its type.
        TargetError: The target is absent or has a new class.
    """
    require_roles(raw, {"group": group, "time": time})
    if labelled:
        y = target_like(raw, like, notes)
    else:
        y = np.full(raw.data.num_rows, -1, np.int8)
    return Table(
        columns_like(raw, like, notes),
        y,
        like.classes,
        target=like.target,
        task=like.task,
        groups=None if group is None else groups_of(raw, group, notes),
        time=None if time is None else times_of(raw, time, notes),
        dropped=like.dropped,
        notes=notes.sentences(),
        source=raw.name,
    )


def _again(
    table: Table,
    target: str | Sequence[str] | None,
    positive: Positives | None,
    task: str | None,
    group: str | None,
    time: str | None,
    drop: Sequence[str],
    like: Table | None,
) -> Table:
    """Return a table that is one already, less the columns to drop."""
    asked = {"positive": positive, "task": task, "group": group, "time": time}
    given = [f"{key}={value!r}" for key, value in asked.items() if value is not None]
    if target not in (None, table.target):
        given.append(f"target={target!r}")
    if given:
        raise InputError(
            sentence(
                f"a Table with {', '.join(given)}",
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
    for name in drop:
        table[name]  # raises with the nearest name
    kept = tuple(column for column in table.columns if column.name not in set(drop))
    left = tuple(Dropped(name, "left out as asked") for name in drop)
    return dataclasses.replace(table, columns=kept, dropped=table.dropped + left)
