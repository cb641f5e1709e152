# SPDX-License-Identifier: Apache-2.0
"""How a source is read, as one record that is checked once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputTypeError
from equipoise.reading.target import Positives
from equipoise.task import TASK_KINDS

UNLABELLED_ROWS = ("refuse", "drop", "keep")

_PASS_VALUES = {
    "target": "Labels go beside their features: (X, y).",
    "group": "Make them a column of X, and pass its name.",
    "time": "Make them a column of X, and pass its name.",
}


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a source is read, beside its target.

    A column's name may be a whole number: the position of an array's column, or the
    name of a frame's.

    Attributes:
        positive: The positive class, or several that are one together; None for the
            rarest.
        task: "binary", "multiclass" or "multilabel"; None detects it.
        targets: The label columns of a multi-label task: their names, or patterns
            such as "label_*"; None if the target is one column.
        group: The column whose equal values must stay on one side of a split.
        time: The column by which rows are ordered in time.
        drop: Columns to leave out.
        draw_by: Columns that rows are drawn by, which stand beside the features if they
            are none.
        keep: Columns that are features even if they look like identifiers.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep".
        day_first: Whether 03/04/2021 is 3 April if no date of the column tells; None
            if the user did not say.

    Raises:
        InputError: `task` or `unlabelled` is none of these.
        InputTypeError: An argument has another type.

    Example:
        >>> ReadingOptions(group="patient", drop=["id"]).drop
        ('id',)
    """

    positive: Positives | None = None
    task: str | None = None
    targets: str | Sequence[str] | None = None
    group: str | None = None
    time: str | None = None
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    draw_by: Sequence[str] = ()
    unlabelled: str = "refuse"
    day_first: bool | None = None

    def __post_init__(self) -> None:
        if self.task is not None:
            one_of(self.task, TASK_KINDS, "task")
        one_of(self.unlabelled, UNLABELLED_ROWS, "unlabelled")
        for role in ("group", "time"):
            require_column_name(getattr(self, role), role)
        if self.targets is not None:
            patterns = [self.targets] if isinstance(self.targets, str) else self.targets
            object.__setattr__(self, "targets", _names_in(patterns, "targets"))
        for role in ("drop", "keep", "draw_by"):
            object.__setattr__(self, role, _names_in(getattr(self, role), role))
        if not isinstance(self.day_first, bool | np.bool_ | None):
            raise InputTypeError(
                sentence(f"day_first={self.day_first!r}", "True, False or None")
            )

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that are not even read: left out, and not drawn by either."""
        return tuple(name for name in self.drop if name not in self.draw_by)

    @property
    def date_order(self) -> str:
        """Which comes first in a date that does not tell: "day", "month" or ""."""
        if self.day_first is None:
            return ""
        return "day" if self.day_first else "month"

    def named(self, matrix: bool) -> ReadingOptions:
        """Return the same options with strings for all names of columns.

        Args:
            matrix: Whether the source is an array, whose columns are f0, f1, ...

        Example:
            >>> ReadingOptions(group=2, drop=[0]).named(matrix=True).group
            'f2'
        """
        return dataclasses.replace(
            self,
            group=column_name(self.group, matrix),
            time=column_name(self.time, matrix),
            targets=None
            if self.targets is None
            else [column_name(name, matrix) for name in self.targets],
            drop=[column_name(name, matrix) for name in self.drop],
            keep=[column_name(name, matrix) for name in self.keep],
            draw_by=[column_name(name, matrix) for name in self.draw_by],
        )


def column_name(name: Any, matrix: bool) -> Any:
    """Return the name of a column as a string.

    Args:
        name: A string, a whole number, or None.
        matrix: Whether the source is an array, whose columns are f0, f1, ...
    """
    if name is None or isinstance(name, str):
        return name
    return f"f{name}" if matrix else str(name)


def require_column_name(name: Any, role: str) -> None:
    """Check that an argument is the name of a column.

    Args:
        name: A string, a whole number, or None.
        role: The argument.

    Raises:
        InputTypeError: It is something else, such as the values of the column.
    """
    number = isinstance(name, int | np.integer) and not isinstance(name, bool)
    if name is None or isinstance(name, str) or number:
        return
    raise InputTypeError(
        sentence(
            f"{role}= of type {type(name).__name__}",
            "the name of a column",
            _PASS_VALUES.get(role, ""),
        )
    )


def _names_in(names: Any, role: str) -> tuple[Any, ...]:
    if isinstance(names, str):
        raise InputTypeError(
            sentence(
                f"{role}={names!r}", "a list of column names", f"Pass [{names!r}]."
            )
        )
    strings = tuple(name for name in names if name is not None)
    for name in strings:
        require_column_name(name, role)
    return strings
