# SPDX-License-Identifier: Apache-2.0
"""Which columns of a source are its targets, and which rows have a label."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
from collections.abc import Sequence

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import TargetError
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import unlabelled_rows

TARGET_NAMES = (
    "target", "label", "labels", "class", "y", "outcome", "response", "result",
    "diagnosis", "default", "churn", "fraud", "status",
)  # fmt: skip
MOST_SHOWN = 20


def shown(names: Sequence[str], likely: Sequence[str]) -> str:
    """List columns; if they are many, those first that are likely meant.

    Args:
        names: All columns.
        likely: What they are compared with: the name asked for, or usual targets.

    Example:
        >>> shown([*map(str, range(30)), "Class"], ["clas"])[:12]
        "'Class', '0'"
    """
    if len(names) <= MOST_SHOWN:
        return listing(names, MOST_SHOWN)
    words = [word.casefold() for word in likely]

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


def require_targets(raw: Raw, targets: Sequence[str]) -> None:
    """Check that there are targets, and that a source has them.

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
                    f"the target {target!r}, but {raw.name} has no such column",
                    f"one of its columns, {shown(names, [target])}",
                    " ".join([_meant(target, names), raw.hint]).strip(),
                )
            )


def _meant(target: str, names: Sequence[str]) -> str:
    """Return what the user may have meant by a target, in words."""
    if any(fnmatch.fnmatchcase(name, target) for name in names):
        return f"Pass targets={target!r} for all columns that match, as labels."
    return nearest(target, names)


def renamed_targets(raw: Raw, targets: Sequence[str], names: Sequence[str]) -> Raw:
    """Return a source whose targets have the names that an earlier table gave them.

    Args:
        raw: The source.
        targets: What it calls its targets.
        names: What the earlier table calls its own, in the same order.

    Raises:
        TargetError: They are not as many.
    """
    if list(targets) == list(names):
        return raw
    if len(targets) != len(names):
        raise TargetError(
            sentence(
                f"{len(targets)} label columns of {raw.name} ({listing(targets)})",
                f"the {len(names)} of the first table, {listing(names)}",
                "Name them in the order of the first table; or leave out targets=, if "
                "they have the same names.",
            )
        )
    # Columns of these names are others than those that are asked for.
    others = [name for name in names if name not in targets]
    data = raw.data.drop_columns([n for n in others if n in raw.data.column_names])
    renamed = dict(zip(targets, names, strict=True))
    columns = [renamed.get(column, column) for column in data.column_names]
    return dataclasses.replace(raw, data=data.rename_columns(columns))


def with_labels_only(raw: Raw, targets: Sequence[str], notes: Notes) -> Raw:
    """Return a source without the rows that have no label, with a note.

    Raises:
        TargetError: No row has one.
    """
    unlabelled = unlabelled_rows(raw, targets)
    count = int(unlabelled.sum())
    if not count:
        return raw
    positions = np.flatnonzero(~unlabelled)
    if not len(positions):
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
    return dataclasses.replace(raw, data=raw.data.take(positions), positions=positions)
