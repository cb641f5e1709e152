# SPDX-License-Identifier: Apache-2.0
"""What a check needs of the data, and what is said if it is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from equipoise.diagnosis.subject import Subject


@dataclass(frozen=True)
class Need:
    """Something without which a check makes no sense.

    Attributes:
        reason: What is said without it; completes "not applicable, because ...".
        is_met: Whether a subject has it.

    Example:
        >>> TEST_FILE.reason
        'no test file was given'
    """

    reason: str
    is_met: Callable[[Subject], bool]


def rows_of_each_class(fewest: int) -> Need:
    """Return the need for so many rows of either class.

    A table of several classes meets it; a class of it, against the rest, may not.

    Example:
        >>> rows_of_each_class(25).reason
        'a class has fewer than 25 rows'
    """
    return Need(
        f"a class has fewer than {fewest} rows",
        lambda subject: not subject.binary or min(subject.counts) >= fewest,
    )


def _has_kind(kind: str) -> Callable[[Subject], bool]:
    return lambda subject: any(c.kind == kind for c in subject.table.columns)


_NO_COLUMNS = "the table has no feature columns"
_NEIGHBOUR_ROWS, _NEIGHBOUR_POSITIVES = 20, 8

FEATURES = Need(_NO_COLUMNS, lambda subject: subject.featured)
"""Something to compare rows by: feature columns, or a network's input."""
COLUMNS = Need(_NO_COLUMNS, lambda subject: bool(subject.table.columns))
NUMERIC_COLUMN = Need("the table has no numeric column", _has_kind("numeric"))
CATEGORICAL_COLUMN = Need(
    "the table has no categorical column", _has_kind("categorical")
)
TEST_FILE = Need("no test file was given", lambda subject: subject.test is not None)
GROUPS = Need(
    "no group column was named", lambda subject: subject.table.groups is not None
)
TIME = Need("no time column was named", lambda subject: subject.table.time is not None)
ENOUGH_TO_SEARCH = Need(
    f"a search for neighbours needs at least {_NEIGHBOUR_ROWS} rows and "
    f"{_NEIGHBOUR_POSITIVES} positives",
    lambda subject: (
        not subject.binary
        or (
            len(subject.table) >= _NEIGHBOUR_ROWS
            and subject.counts[1] >= _NEIGHBOUR_POSITIVES
        )
    ),
)
