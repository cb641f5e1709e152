# SPDX-License-Identifier: Apache-2.0
"""All columns but the targets, typed, and those of them that are left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise.errors import TableError
from equipoise.reading.answers import named_as_answers, siblings
from equipoise.reading.infer import infer
from equipoise.reading.options import ReadingOptions
from equipoise.reading.roles import TIMES
from equipoise.reading.source import Notes, Raw
from equipoise.reading.useless_columns import may_be_kept, useless
from equipoise.table.row_groups import GROUPS
from equipoise.table.table import Column, Dropped
from equipoise.task import Task


def read_feature_columns(
    raw: Raw,
    targets: Sequence[str],
    task: Task,
    options: ReadingOptions,
    notes: Notes,
) -> tuple[tuple[Column, ...], tuple[Dropped, ...]]:
    """Type all columns that are features; leave out those that cannot help.

    Args:
        raw: The source, without the columns that the user drops.
        targets: The targets' names.
        task: What they make together.
        options: The columns that are dropped, kept, group rows or order them.
        notes: Takes what was done.

    Returns:
        The features, and the columns that are none.

    Raises:
        TableError: No feature is left.
    """
    roles = {options.group: GROUPS, options.time: TIMES}
    dropped = [Dropped(name, "left out as asked") for name in options.drop]
    dropped += [Dropped(name, why) for name, why in roles.items() if name]
    columns: list[Column] = []
    useless_ones: list[Dropped] = []
    for name in raw.data.column_names:
        if name in targets or name in roles or name in options.drop:
            continue
        column = infer(name, raw, notes)
        reason = column.reason if isinstance(column, Dropped) else useless(column)
        if isinstance(column, Column) and name in options.keep:
            reason = ""
        if reason:
            useless_ones.append(Dropped(name, reason))
        elif isinstance(column, Column):
            columns.append(column)
    _tell_useless(useless_ones, notes)
    if not columns:
        raise TableError(
            sentence(
                f"{raw.name} without a usable feature beside the target",
                "at least one column that varies",
                " ".join(
                    f"{d.name!r} was left out: {d.reason}." for d in useless_ones[:5]
                ),
            )
        )
    if len(targets) == 1:
        _tell_answers(targets[0], task, columns, raw.data.column_names, notes)
    return tuple(columns), tuple(dropped + useless_ones)


def _tell_answers(
    target: str,
    task: Task,
    columns: Sequence[Column],
    order: Sequence[str],
    notes: Notes,
) -> None:
    """Say which features may be answers themselves."""
    flags = {column.name for column in columns if _is_flag(column)}
    others = siblings(target, flags, order) if task.kind == "binary" else []
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


def _tell_useless(dropped: Sequence[Dropped], notes: Notes) -> None:
    by_reason: dict[str, list[str]] = {}
    for entry in dropped:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    for reason, names in by_reason.items():
        plural, each = ("s", ", each") if len(names) > 1 else ("", "")
        one = "it" if len(names) == 1 else "one"
        advice = f" Name {one} in keep= to have it read." if may_be_kept(reason) else ""
        notes.add(
            f"Column{plural} {listing(names)} left out{each} because {reason}.{advice}"
        )


def _is_flag(column: Column) -> bool:
    """Return whether a column holds 0 and 1 only."""
    if column.kind == "boolean":
        return True
    if column.kind != "numeric":
        return False
    values = column.values[~column.missing()]
    return bool(np.isin(values[:1000], (0, 1)).all() and np.isin(values, (0, 1)).all())
