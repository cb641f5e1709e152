# SPDX-License-Identifier: Apache-2.0
"""Which columns of a source are its targets, and which rows have a label."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import InputError, TargetError
from equipoise.reading.header import is_numbered
from equipoise.reading.infer import tidy
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import target_texts, unlabelled_rows

TARGET_NAMES = (
    "target", "label", "labels", "class", "y", "outcome", "response", "result",
    "diagnosis", "default", "churn", "fraud", "status",
)  # fmt: skip
MOST_SHOWN = 20
MOST_LABELS = 100_000
"""So many different labels of a column tell whether -1 is one."""


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
                    _what_to_do(target, raw),
                )
            )


def _what_to_do(target: str, raw: Raw) -> str:
    """Return what to do about a target that is absent."""
    if raw.hint and not is_numbered(target):
        return raw.hint
    names = [n for n in raw.data.column_names if not (raw.hint and is_numbered(n))]
    return _meant(target, names)


def _meant(target: str, names: Sequence[str]) -> str:
    """Return what the user may have meant by a target, in words."""
    if any(fnmatch.fnmatchcase(name, target) for name in names):
        return f"Pass targets={target!r} for all columns that match, as labels."
    return nearest(target, names)


def refuse_two_targets(target: Any, targets: Sequence[str]) -> NoReturn:
    """Raise, since there is a target beside several labels.

    Args:
        target: What the user gave as `target`.
        targets: What as `targets`.
    """
    raise InputError(
        sentence(
            f"target={target!r} and targets={list(targets)!r}",
            "one of them",
            "Pass target= for one column, targets= for several labels.",
        )
    )


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


@dataclass(eq=False)
class LabelledRows:
    """Takes the labelled rows of a source that comes in blocks.

    Whether -1 is a class depends on which labels there are beside it, so all blocks
    are looked at first (`look`). Memory holds the different labels of each column, of
    very many only the first.

    Attributes:
        targets: The target columns.
        labels: By column, the labels of all blocks so far.
        gone: How many rows were left out.
        left: How many were not.
        name: The source in words, as the blocks say.

    Example:
        >>> import pyarrow as pa
        >>> first = Raw(pa.table({"y": [-1, 1]}), "rows")
        >>> later = Raw(pa.table({"y": [0, 1]}), "rows")
        >>> rows = LabelledRows(("y",))
        >>> for block in (first, later):
        ...     rows.look(block)
        >>> rows.of(first).data["y"].to_pylist(), rows.gone
        ([1], 1)
    """

    targets: tuple[str, ...]
    labels: dict[str, dict[str, None]] = field(default_factory=dict)
    gone: int = 0
    left: int = 0
    name: str = ""

    def look(self, raw: Raw) -> None:
        """Learn the labels of a block.

        Raises:
            TargetError: A target is absent.
        """
        require_targets(raw, self.targets)
        for target in self.targets:
            labels = self.labels.setdefault(target, {})
            if len(labels) < MOST_LABELS:
                texts = tidy(target_texts(raw, target)).list()
                labels.update(dict.fromkeys(texts))

    def of(self, raw: Raw) -> Raw:
        """Return the labelled rows of a block; there may be none.

        Args:
            raw: The block.
        """
        import pyarrow as pa

        # All labels stand below those of the block, so that they decide together.
        columns = {}
        most = max(len(labels) for labels in self.labels.values())
        for target in self.targets:
            texts = target_texts(raw, target)
            codes = pa.array(texts.codes, mask=texts.codes < 0)
            beside: list[str | None] = [*self.labels[target]]
            beside += [None] * (most - len(beside))
            columns[target] = pa.chunked_array(
                [texts.values.take(codes), pa.array(beside, pa.large_string())],
                pa.large_string(),
            )
        both = dataclasses.replace(raw, data=pa.table(columns))
        without = unlabelled_rows(both, self.targets)[: raw.data.num_rows]
        self.name = raw.name
        self.gone += int(without.sum())
        self.left += int((~without).sum())
        if not without.any():
            return raw
        positions = np.flatnonzero(~without)
        data = raw.data.take(positions)
        return dataclasses.replace(raw, data=data, positions=positions)

    def notes(self) -> tuple[str, ...]:
        """Say how many rows were left out.

        Raises:
            TargetError: No row has a label.
        """
        if not self.left:
            raise _unlabelled(self.name, self.gone)
        return (left_out_note(self.name, self.gone),) if self.gone else ()


def left_out_note(name: str, count: int) -> str:
    """Say that rows of a source were left out since they have no label.

    Args:
        name: The source in words.
        count: How many.
    """
    return (
        f"{count:,} row{'s'[: count > 1]} of {name} without a label "
        f"{'were' if count > 1 else 'was'} left out."
    )


def _unlabelled(name: str, count: int) -> TargetError:
    return TargetError(
        sentence(
            f"{name} without a label in any of its {count:,} rows", "rows with labels"
        )
    )


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
        raise _unlabelled(raw.name, count)
    notes.add(left_out_note(raw.name, count))
    return dataclasses.replace(raw, data=raw.data.take(positions), positions=positions)
