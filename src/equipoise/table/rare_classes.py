# SPDX-License-Identifier: Apache-2.0
"""Classes and labels with fewer cases than folds: keep, merge or drop them.

A class is judged in every fold, so it needs a case in each. One that has fewer is
still worth learning ("keep": trained on, not scored), can be one class with others of
its kind ("merge"), or can be left out with its rows ("drop").
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from equipoise._core.checks import integer, listing, one_of, sentence
from equipoise._core.types import AnyArray, BoolArray, IntArray
from equipoise.errors import InputError, TargetError
from equipoise.table.table import Table
from equipoise.table.units import count_units
from equipoise.task import UNKNOWN_LABEL, Task

__all__ = [
    "RARE",
    "judged_rows",
    "rare_classes",
    "too_rare",
    "treat_rare",
    "with_classes_of",
    "without_rare",
]

RARE = ("keep", "merge", "drop")
MERGED = "other (rare)"
MOST_LISTED = 8


def rare_classes(
    table: Table, folds: int, *, units: IntArray | None = None
) -> tuple[int, ...]:
    """Return the classes, or labels, that cannot be in every fold.

    Args:
        table: A table of several classes or labels.
        folds: The number of folds.
        units: `[rows]` as `tied_rows` returns them: rows of one unit are one case.

    Returns:
        Numbers of classes with fewer cases than folds; of labels that fewer cases
        than folds have, or have not.

    Example:
        >>> from equipoise.table.generated_tasks import make_classes
        >>> rare_classes(make_classes(100, counts=[90, 7, 3]).table, 5)
        (2,)
    """
    return tuple(
        number
        for number, rows in enumerate(_rarer_sides(table))
        if count_units(units, rows) < folds
    )


def too_rare(table: Table, folds: int, units: IntArray | None = None) -> dict[str, str]:
    """Return the classes or labels that have too few cases to be scored, and why.

    Args:
        table: The rows of a trial of several classes or labels.
        folds: The number of folds.
        units: Which rows are one case (`tied_rows`); None for each.

    Example:
        >>> from equipoise.task import Task
        >>> y = np.repeat([0, 1, 2], [50, 40, 3])
        >>> too_rare(Table((), y, Task("multiclass", ("a", "b", "c"))), folds=5)
        {'c': "class 'c' has fewer cases than the 5 folds"}
    """
    labels = table.task.kind == "multilabel"
    names = [table.classes[n] for n in rare_classes(table, folds, units=units)]
    return {
        name: f"label {name!r} has too few rows with it, or without it, for the "
        f"{folds} folds"
        if labels
        else f"class {name!r} has fewer cases than the {folds} folds"
        for name in names
    }


def without_rare(
    task: Task, y: AnyArray, rare: Collection[str]
) -> tuple[BoolArray, AnyArray]:
    """Return which rows are judged, and their targets, without what is too rare.

    Args:
        task: The classes, or labels.
        y: `[rows]` class numbers, or `[rows, labels]`.
        rare: The classes or labels that are not scored, see `too_rare`.

    Returns:
        `[rows]` whether a row is judged, which one of a rare class is not; and `y`, in
        which a rare label is unknown in every row.

    Example:
        >>> from equipoise.task import Task
        >>> three = Task("multiclass", ("a", "b", "c"))
        >>> judged, _ = without_rare(three, np.array([0, 2, 1]), ["c"])
        >>> judged.tolist()
        [True, False, True]
    """
    numbers = [task.classes.index(name) for name in rare]
    if task.kind != "multilabel":
        return ~np.isin(y, numbers), y
    labels = y.copy()
    labels[:, numbers] = UNKNOWN_LABEL
    return np.ones(len(y), np.bool_), labels


def judged_rows(
    table: Table, folds: int, units: IntArray | None = None, y: AnyArray | None = None
) -> tuple[BoolArray, AnyArray, dict[str, str]]:
    """Return which rows are judged, their targets, and what is too rare to be scored.

    Args:
        table: The rows of a trial. Of two classes every row is judged.
        folds: The number of folds.
        units: Which rows are one case (`tied_rows`); None for each.
        y: The targets to judge, of these rows or of some of them; None for the
            table's.

    Returns:
        Whether a row is judged, and the targets, both as `without_rare` returns them;
        and each class or label that is not scored with the reason (`too_rare`).

    Example:
        >>> from equipoise.task import Task
        >>> y = np.repeat([0, 1, 2], [50, 40, 3])
        >>> table = Table((), y, Task("multiclass", ("a", "b", "c")))
        >>> judged, _, unscored = judged_rows(table, folds=5)
        >>> int(judged.sum()), list(unscored)
        (90, ['c'])
    """
    y = table.labels() if y is None else y
    if table.task.kind == "binary":
        return np.ones(len(y), np.bool_), y, {}
    unscored = too_rare(table, folds, units)
    return *without_rare(table.task, y, unscored), unscored


def treat_rare(
    table: Table, rare: str = "keep", folds: int = 5, *, units: IntArray | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Keep, merge or drop the classes that have fewer cases than there are folds.

    Args:
        table: The rows; two classes are returned as they are.
        rare: "keep": the rows are trained on, the class is not scored. "merge": these
            classes become one. "drop": their rows are left out; of labels, the label
            is.
        folds: The number of folds.
        units: `[rows]` as `tied_rows` returns them: rows of one unit are one case.

    Returns:
        The table, and a note for each thing that was done or is to be known.

    Raises:
        InputError: `rare` is none of these, or labels are to be merged.
        TargetError: Fewer than two classes, or no label, would be left.

    Example:
        >>> from equipoise.table.generated_tasks import make_classes
        >>> rows = make_classes(100, counts=[90, 5, 3, 2]).table
        >>> merged, notes = treat_rare(rows, "merge")
        >>> merged.classes
        ('c0', 'c1', 'other (rare)')
        >>> print(notes[0])
        Classes with fewer cases than the 5 folds were merged into one class, 'other
        (rare)', of 5 rows: 'c2' (3 rows), 'c3' (2 rows).
    """
    one_of(rare, RARE, "rare")
    integer(folds, "folds", 2)
    if table.task.kind == "binary":
        return table, ()
    labels = table.task.kind == "multilabel"
    if labels and rare == "merge":
        raise InputError(
            sentence(
                "rare='merge' for a table of several labels",
                "'keep' or 'drop': labels do not exclude each other",
                "Pass rare='drop' to leave rare labels out.",
            )
        )
    numbers = rare_classes(table, folds, units=units)
    if not numbers:
        return table, ()
    if rare == "keep" or (rare == "merge" and len(numbers) == 1):
        return table, (_not_scored(table, numbers, folds, alone=rare == "merge"),)
    _require_rest(table, numbers, rare)
    if labels:
        return _without_labels(table, numbers, folds)
    if rare == "drop":
        return _without_classes(table, numbers, folds)
    return _merged(table, numbers, folds, units)


def with_classes_of(table: Table, treated: Table) -> tuple[Table, tuple[str, ...]]:
    """Return other rows, such as a test file's, with the classes of a treated table.

    Args:
        table: Rows with the classes, or labels, that the table had before.
        treated: What `treat_rare` returned.

    Returns:
        The rows: of merged classes as of the merged one, without rows of classes that
        were dropped, without labels that were; and a note if rows were left out.

    Raises:
        TargetError: No row is left.

    Example:
        >>> from equipoise.table.generated_tasks import make_classes
        >>> rows = make_classes(100, counts=[90, 5, 3, 2]).table
        >>> merged, _ = treat_rare(rows, "merge")
        >>> test, _ = with_classes_of(rows.take([0, 1]), merged)
        >>> test.task == merged.task
        True
    """
    if table.task == treated.task:
        return table, ()
    names, task = table.classes, treated.task
    if task.kind == "multilabel":
        columns = [names.index(name) for name in task.classes]
        y = table.labels()[:, columns]
        target = treated.target
        return dataclasses.replace(table, y=y, task=task, target=target), ()
    numbers = {name: number for number, name in enumerate(task.classes)}
    numbers |= dict.fromkeys(task.merged_labels, len(task.classes) - 1)
    place = np.array([numbers.get(name, -1) for name in names], np.int64)
    y = place[table.labels()]
    rows = np.flatnonzero(y >= 0)
    if not len(rows):
        raise TargetError(
            sentence(
                f"{len(table):,} rows of {table.source}, all of classes that were "
                "dropped",
                f"rows of {listing(task.classes)}",
                "Pass rare='keep' or rare='merge'.",
            )
        )
    count = len(table) - len(rows)
    part = table if not count else table.take(rows)
    notes = (
        f"{count:,} row{'s'[: count != 1]} of {table.source} left out, of classes that "
        "were dropped.",
    )
    changed = dataclasses.replace(part, y=y[rows], task=task)
    return changed, notes if count else ()


def _rarer_sides(table: Table) -> list[BoolArray]:
    """Return of each class the rows with it; of each label the rarer side of two."""
    sides = []
    for view in table.task.views(table.labels()):
        rows = view.y
        if table.task.kind == "multilabel":
            rest = ~view.y if view.labelled is None else view.labelled & ~view.y
            rows = min(rows, rest, key=np.count_nonzero)
        sides.append(rows)
    return sides


def _listed(table: Table, numbers: tuple[int, ...]) -> str:
    """Return classes or labels with their rows, in words."""
    views = list(table.task.views(table.labels()))
    parts = []
    for number in numbers[:MOST_LISTED]:
        view = views[number]
        count = int(np.count_nonzero(view.y))
        parts.append(f"{view.name!r} ({count:,} row{'s'[: count != 1]})")
    more = len(numbers) - MOST_LISTED
    return ", ".join(parts) + (f" and {more:,} more" if more > 0 else "")


def _not_scored(
    table: Table, numbers: tuple[int, ...], folds: int, *, alone: bool
) -> str:
    several = len(numbers) > 1
    if table.task.kind == "multilabel":
        return (
            f"Label{'s'[:several]} that fewer cases than the {folds} folds have, or "
            f"have not, {'are' if several else 'is'} trained on but not scored: "
            f"{_listed(table, numbers)}."
        )
    merging = " There is no other such class to merge it with." if alone else ""
    return (
        f"{'Classes' if several else 'A class'} with fewer cases than the {folds} "
        f"folds {'are' if several else 'is'} trained on but not scored: "
        f"{_listed(table, numbers)}.{merging}"
    )


def _require_rest(table: Table, numbers: tuple[int, ...], rare: str) -> None:
    """Raise if too little is left to learn."""
    labels = table.task.kind == "multilabel"
    left = len(table.classes) - len(numbers)
    if left >= (1 if labels or rare == "merge" else 2):
        return
    raise TargetError(
        sentence(
            f"rare={rare!r} for the target {table.target!r}, of whose "
            f"{len(table.classes)} {'labels' if labels else 'classes'} {left} "
            f"{'is' if left == 1 else 'are'} not rare",
            "at least one label that is not"
            if labels
            else f"at least {1 if rare == 'merge' else 2} that are not",
            "Pass rare='keep' with fewer folds, or collect more rows.",
        )
    )


def _without_labels(
    table: Table, numbers: tuple[int, ...], folds: int
) -> tuple[Table, tuple[str, ...]]:
    left = [j for j in range(len(table.classes)) if j not in numbers]
    names = tuple(table.classes[j] for j in left)
    note = (
        f"Label{'s'[: len(numbers) > 1]} that fewer cases than the {folds} folds have, "
        f"or have not, left out: {_listed(table, numbers)}."
    )
    changed = dataclasses.replace(
        table,
        y=table.labels()[:, left],
        task=dataclasses.replace(table.task, classes=names),
        target=", ".join(names),
    )
    return changed, (note,)


def _without_classes(
    table: Table, numbers: tuple[int, ...], folds: int
) -> tuple[Table, tuple[str, ...]]:
    left = [c for c in range(len(table.classes)) if c not in numbers]
    rows = np.flatnonzero(np.isin(table.labels(), left))
    place = np.full(len(table.classes), -1, np.int64)
    place[left] = np.arange(len(left))
    count = len(table) - len(rows)
    note = (
        f"{count:,} row{'s'[: count != 1]} of classes with fewer cases than the "
        f"{folds} folds left out: {_listed(table, numbers)}."
    )
    part = table.take(rows)
    names = tuple(table.classes[c] for c in left)
    changed = dataclasses.replace(
        part,
        y=place[part.labels()],
        task=dataclasses.replace(table.task, classes=names),
    )
    return changed, (note,)


def _merged(
    table: Table, numbers: tuple[int, ...], folds: int, units: IntArray | None
) -> tuple[Table, tuple[str, ...]]:
    left = [c for c in range(len(table.classes)) if c not in numbers]
    name = _free_name(tuple(table.classes[c] for c in left))
    place = np.full(len(table.classes), len(left), np.int64)
    place[left] = np.arange(len(left))
    y = place[table.labels()]
    rows = y == len(left)
    count = int(np.count_nonzero(rows))
    notes = [
        f"Classes with fewer cases than the {folds} folds were merged into one class, "
        f"{name!r}, of {count:,} rows: {_listed(table, numbers)}."
    ]
    if count_units(units, rows) < folds:
        notes.append(
            f"The class {name!r} still has fewer cases than the {folds} folds: it is "
            "trained on but not scored."
        )
    task = dataclasses.replace(
        table.task,
        classes=(*(table.classes[c] for c in left), name),
        merged_labels=tuple(table.classes[c] for c in numbers),
    )
    return dataclasses.replace(table, y=y, task=task), tuple(notes)


def _free_name(classes: tuple[str, ...]) -> str:
    """Return a name for the merged class that no class has."""
    folded = {" ".join(text.split()).casefold() for text in classes}
    name, number = MERGED, 2
    while name in folded:
        name, number = f"{MERGED} {number}", number + 1
    return name
