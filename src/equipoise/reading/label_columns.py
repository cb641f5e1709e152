# SPDX-License-Identifier: Apache-2.0
"""Several label columns: which they are, and their values as a label matrix.

- A label is 1 or 0, true or false, yes or no. Empty cells, NaN, -1 and words such as
  "unknown" say that a label is not known in a row: the label matrix has -1 there.
- Labels whose known values are all equal can be neither learned nor judged. They are
  left out, and named in a note.
"""

from __future__ import annotations

import csv
import fnmatch
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.types import BoolArray, IntArray
from equipoise.errors import TargetError
from equipoise.reading.infer import tidy
from equipoise.reading.missing_labels import UNLABELLED
from equipoise.reading.parse_numbers import parse_numbers
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import (
    MOST_CLASSES,
    Positives,
    places_of,
    target_texts,
)
from equipoise.table.table import Dropped
from equipoise.task import UNKNOWN_LABEL, Task

LabelMatrix = npt.NDArray[np.int8]

MOST_LISTED = 8

_WITH = {"true", "yes", "y", "t"}
_WITHOUT = {"false", "no", "n", "f"}
_WRONG = 2


@dataclass(frozen=True, eq=False)
class LabelColumns:
    """Label columns that can be learned.

    Attributes:
        y: `[rows, labels]` int8: 1, 0, or -1 if unknown.
        task: The labels' names.
        dropped: Labels that are constant.
    """

    y: LabelMatrix
    task: Task
    dropped: tuple[Dropped, ...]


def label_names(
    patterns: Sequence[str], columns: Sequence[str], source: str
) -> tuple[str, ...]:
    """Return the columns that names and globs stand for, each once.

    Args:
        patterns: Names of columns; or with `*`, `?` or `[...]`, which stand for all
            columns that match; or several of these in one string, divided by commas.
        columns: All columns, in order.
        source: Where they come from, for messages.

    Raises:
        TargetError: No column is meant.

    Example:
        >>> label_names(["label_*"], ["x", "label_a", "label_b"], "the frame")
        ('label_a', 'label_b')
    """
    names: dict[str, None] = {}
    for pattern in patterns:
        matching = _matching(pattern, columns)
        if not matching:
            parts = next(csv.reader([pattern], skipinitialspace=True), [])
            each = [_matching(part, columns) for part in parts]
            if len(parts) < 2 or not all(each):
                raise TargetError(
                    sentence(
                        f"targets={pattern!r}, but {source} has no such column",
                        f"names or a pattern of its columns, {listing(columns, 20)}",
                        nearest(pattern, columns),
                    )
                )
            matching = [name for part in each for name in part]
        names |= dict.fromkeys(matching)
    return tuple(names)


def _matching(pattern: str, columns: Sequence[str]) -> list[str]:
    if pattern in columns:
        return [pattern]
    return [name for name in columns if fnmatch.fnmatchcase(name, pattern)]


def read_label_columns(
    raw: Raw,
    names: Sequence[str],
    notes: Notes,
    *,
    positive: Positives | None = None,
    task: str | None = None,
) -> LabelColumns:
    """Read label columns; constant ones are left out.

    Args:
        raw: The source.
        names: The columns.
        notes: Takes what was done.
        positive: None: labels have no positive class to choose.
        task: "multilabel" or None.

    Raises:
        TargetError: A value is no label, there are too many labels, all are constant,
            or the task is another.
    """
    require_multilabel(names, positive, task)
    y = label_values(raw, names, notes)
    counts = LabelCounts.of(y)
    varied, dropped = labels_left(names, counts, raw.name, notes)
    y = np.ascontiguousarray(y[:, varied])
    if look_exclusive(y):
        tell_exclusive(len(varied), notes)
    return LabelColumns(y, Task("multilabel", tuple(names[j] for j in varied)), dropped)


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How often labels are there, are not, and are unknown; counts can be added.

    Attributes:
        rows: The number of rows.
        totals: `[labels, 2]` rows without and with each label.
        without_any: Rows in which no label is known.

    Example:
        >>> counts = LabelCounts.of(np.array([[1, 0], [-1, 1], [-1, -1]], np.int8))
        >>> (counts + counts).totals.tolist(), counts.unknown.tolist()
        ([[0, 2], [2, 2]], [2, 1])
    """

    rows: int
    totals: IntArray
    without_any: int

    @classmethod
    def of(cls, y: LabelMatrix) -> LabelCounts:
        """Count the labels of some rows."""
        sides = np.stack([(y == 0).sum(axis=0), (y == 1).sum(axis=0)], axis=1)
        nothing = int(np.count_nonzero((y == UNKNOWN_LABEL).all(axis=1)))
        return cls(len(y), sides.astype(np.int64), nothing)

    def __add__(self, other: LabelCounts) -> LabelCounts:
        return LabelCounts(
            self.rows + other.rows,
            self.totals + other.totals,
            self.without_any + other.without_any,
        )

    @property
    def unknown(self) -> IntArray:
        """`[labels]` in how many rows each is not known."""
        return np.asarray(self.rows - self.totals.sum(axis=1))


def labels_left(
    names: Sequence[str], counts: LabelCounts, source: str, notes: Notes
) -> tuple[list[int], tuple[Dropped, ...]]:
    """Return the labels that can be learned, by number, and those that are constant.

    Args:
        names: All label columns.
        counts: How often each label is there.
        source: Where they come from, for messages.
        notes: Takes which labels were left out.

    Raises:
        TargetError: All are constant, or there are too many.
    """
    sides = [{v for v in (0, 1) if counts.totals[j, v]} for j in range(len(names))]
    varied = [j for j, values in enumerate(sides) if len(values) == 2]
    dropped = tuple(
        Dropped(names[j], _why_constant(values))
        for j, values in enumerate(sides)
        if len(values) < 2
    )
    if not varied:
        raise TargetError(
            sentence(
                f"{len(names)} label column{'s'[: len(names) > 1]} of {source}, all "
                f"constant ({dropped[0].name!r}: {dropped[0].reason})",
                "labels that some rows have and some have not",
                "Write 1 with a label and 0 without it: -1 and empty cells stand for "
                "labels that are not known.",
            )
        )
    if len(varied) > MOST_CLASSES:
        raise TargetError(
            sentence(
                f"{len(varied):,} label columns of {source}",
                f"at most {MOST_CLASSES:,}",
                "Choose the labels that matter most, for example the commonest.",
            )
        )
    _tell_dropped(dropped, notes)
    return varied, dropped


def require_multilabel(
    names: Sequence[str], positive: Positives | None, task: str | None
) -> None:
    """Raise if what else was said of a target does not go with several labels.

    Args:
        names: The label columns.
        positive: None: labels have no positive class to choose.
        task: "multilabel" or None.

    Raises:
        TargetError: It is about one target.
    """
    if task in {None, "multilabel"} and positive is None:
        return
    argument = f"positive={positive!r}" if positive is not None else f"task={task!r}"
    raise TargetError(
        sentence(
            f"{len(names)} target column{'s'[: len(names) != 1]} with {argument}",
            "several target columns for a multi-label task",
            "Name one target column for a binary or multi-class task.",
        )
    )


CONSTANT_LABEL = (
    "all its known values are 0",
    "all its known values are 1",
    "it is known in no row",
)
"""Why a label was left out, by its only value; the last if it has none."""


def _why_constant(values: set[int]) -> str:
    return CONSTANT_LABEL[values.pop() if values else -1]


def _tell_dropped(dropped: Sequence[Dropped], notes: Notes) -> None:
    by_reason: dict[str, list[str]] = {}
    for entry in dropped:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    for reason, names in by_reason.items():
        count = len(names)
        plural, each = ("s", ", each") if count > 1 else ("", "")
        number = f"{count:,} labels, " if count > MOST_LISTED else f"Label{plural} "
        notes.add(
            f"{number}{listing(names, MOST_LISTED)} left out{each} because {reason}."
        )


def look_exclusive(y: LabelMatrix) -> bool:
    """Return whether more than two labels look like classes that exclude each other.

    Args:
        y: `[rows, labels]` as in `LabelColumns`, of all rows or of some.
    """
    return bool(y.shape[1] > 2 and (y >= 0).all() and (y.sum(axis=1) == 1).all())


def tell_exclusive(count: int, notes: Notes) -> None:
    """Say that each row has one of so many labels."""
    notes.add(
        f"Each row has exactly one of the {count} labels. If they exclude "
        "each other, pass one column of class names as target=."
    )


def label_values(raw: Raw, names: Sequence[str], notes: Notes) -> LabelMatrix:
    """Return label columns as a matrix, constant ones included.

    Args:
        raw: The source.
        names: The columns.
        notes: Takes which labels are unknown in some rows.

    Returns:
        `[rows, labels]` 1, 0, or -1 if unknown.

    Raises:
        TargetError: A value is no label.
    """
    y = np.stack([_values(raw, name) for name in names], axis=1)
    tell_unknown(names, LabelCounts.of(y), raw.name, notes)
    return y


def tell_unknown(
    names: Sequence[str], counts: LabelCounts, source: str, notes: Notes
) -> None:
    """Say which labels are unknown in some rows.

    Args:
        names: The labels.
        counts: Of these.
        source: Where they come from.
        notes: Takes what is said.
    """
    for name, count in zip(names, counts.unknown.tolist(), strict=True):
        if count:
            notes.column(
                name,
                f"the label is unknown in {count:,} row{'s'[: count > 1]}, which "
                "weigh nothing in its training and are in none of its metrics",
                "the label is unknown in some rows, which weigh nothing in its "
                "training and are in none of its metrics",
            )
    none = counts.without_any
    if none:
        notes.add(
            f"{none:,} row{'s'[: none > 1]} of {source} "
            f"{'have' if none > 1 else 'has'} no known label. Pass unlabelled='drop' "
            "to leave such rows out."
        )


def _values(raw: Raw, name: str) -> LabelMatrix:
    """Return a label column as 1, 0 and -1."""
    texts = tidy(target_texts(raw, name))
    numbers = parse_numbers(texts.values, raw.decimal)
    values = np.full(len(texts.values) + 1, UNKNOWN_LABEL, np.int8)
    for code, text in enumerate(texts.list()):
        word = text.casefold()
        if numbers.numeric[code]:
            number = float(numbers.values[code])
            if not math.isnan(number):
                values[code] = int(number) if number in (-1, 0, 1) else _WRONG
        elif word in _WITH or word in _WITHOUT:
            values[code] = word in _WITH
        elif word not in UNLABELLED and word != "<na>":
            values[code] = _WRONG
    wrong: BoolArray = values[:-1] == _WRONG
    if wrong.any():
        rows = np.flatnonzero(texts.at(wrong))
        _, first = texts.first(wrong)
        raise TargetError(
            sentence(
                f"the label column {name!r} of {raw.name} with {first!r} in "
                f"{len(rows):,} row{'s'[: len(rows) > 1]} ({places_of(rows, raw)})"
                + _others(texts.list(), wrong),
                "0 and 1, true and false, or yes and no; empty or -1 if unknown",
                f"If the values of {name!r} are classes, pass it alone as target=, or "
                "make a column of 0 and 1 for each.",
            )
        )
    return np.asarray(values[texts.codes])


def _others(texts: Sequence[str], wrong: BoolArray) -> str:
    count = int(np.count_nonzero(wrong))
    if count < 2:
        return ""
    shown = [text for text, bad in zip(texts, wrong, strict=True) if bad]
    return f", and {count} such values in all: {listing(shown, 4)}"
