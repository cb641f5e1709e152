# SPDX-License-Identifier: Apache-2.0
"""Columns that are not features: what groups rows, and what orders them in time."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.types import HashArray, IntArray
from equipoise.errors import TableError
from equipoise.reading.arrow_types import unnamed
from equipoise.reading.infer import infer, is_text, moments, tidy
from equipoise.reading.options import ReadingOptions
from equipoise.reading.parse_dates import in_words, parse_dates
from equipoise.reading.source import Notes, Raw
from equipoise.reading.texts import Texts, texts_of, without_points
from equipoise.table.hashes import text_hash
from equipoise.table.table import (
    Column,
    Dropped,
)

MOST_NAMED = 1_000
"""Groups whose names are held although nothing asks for them."""
TIMES = "it orders rows in time"
"""Why `read_table` leaves the time column out of the features."""


def require_roles(raw: Raw, roles: Mapping[str, str | None]) -> None:
    """Raise if a column that is asked for is absent.

    Args:
        raw: The source's columns.
        roles: "group" and "time", each with its column or None.
    """
    names = raw.data.column_names
    for role, name in roles.items():
        if name is not None and name not in names:
            raise TableError(
                sentence(
                    f"{role}={name!r}, but {raw.name} has no such column",
                    f"one of {listing(names, 20)}",
                    nearest(name, names),
                )
            )


def roles_that_serve(raw: Raw, options: ReadingOptions, notes: Notes) -> ReadingOptions:
    """Return options without the roles that no column of test rows can have.

    Args:
        raw: The columns of the test rows.
        options: Asks for groups and times as they are in the first table.
        notes: Takes what is not used, and what follows.
    """
    group, time = options.group, options.time
    if group is not None and group not in raw.data.column_names:
        notes.add(no_groups(raw.name, group))
        group = None
    if time is not None and time not in raw.data.column_names:
        time = None
    if time is not None:
        try:
            times_of(dataclasses.replace(raw, order=options.date_order), time, Notes())
        except TableError as error:
            notes.add(f"The times of {raw.name} are not used. {error}")
            time = None
    return dataclasses.replace(options, group=group, time=time)


def no_groups(source: str, group: str) -> str:
    """Return what is said of test rows without the column of groups.

    Args:
        source: The test rows.
        group: The column.
    """
    what = f"{source[0].upper()}{source[1:]}"
    return (
        f"{what} has no column {group!r}, so each of its rows counts as a case of its "
        "own."
    )


@dataclass(frozen=True, eq=False)
class GroupNumbers:
    """Which rows belong together.

    Attributes:
        numbers: `[rows]` equal for rows of one group.
        keys: `[groups]` by number a hash of the group's name. A row without a name has
            a number behind these.
    """

    numbers: IntArray
    keys: HashArray


def groups_of(raw: Raw, name: str, notes: Notes) -> GroupNumbers:
    """Return the groups of rows; a row without one is a group of its own.

    Names are compared without spaces around them, and a whole number is one name
    however it is written: a column of whole numbers becomes one of floats as soon as a
    value is missing.

    Args:
        raw: The source's columns.
        name: The column.
        notes: Takes how many rows have no group.
    """
    texts = _names(raw, name, notes)
    groups = texts.codes.astype(np.int64)
    alone = np.flatnonzero(groups < 0)
    names = texts.list()
    if len(alone):
        many = "rows have" if len(alone) > 1 else "row has"
        notes.add(f"{len(alone):,} {many} no {name!r}; each is a group of its own.")
        groups[alone] = len(names) + np.arange(len(alone))
    return GroupNumbers(groups, np.array([text_hash(t) for t in names], np.uint64))


def _names(raw: Raw, name: str, notes: Notes) -> Texts:
    """Return the names of groups, none of them empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = tuples_as_texts(raw.data.column(name))
    require_named(values.type, name)
    values = without_points(values)
    if not pa.types.is_dictionary(values.type):
        values = pc.cast(values, pa.large_string())
    texts = tidy(texts_of(values), name, notes)
    return texts.without(np.array([not text for text in texts.list()], bool))


def beside_of(
    raw: Raw, features: Collection[str], group: str | None, draw_by: Sequence[str]
) -> tuple[Column, ...]:
    """Return the columns that rows may be drawn by and that are not features.

    The column that groups rows is among them if its groups are few enough to be named,
    whether or not it is asked for.

    Args:
        raw: The source's columns.
        features: The names of the features.
        group: The column that groups rows, or None.
        draw_by: The columns that are asked for; one that is not there is left out, and
            whoever draws by it says so.
    """
    there = set(raw.data.column_names) - set(features)
    columns = [_named_groups(raw, name) for name in draw_by if name in there]
    if group is not None and group not in draw_by:
        column = _named_groups(raw, group)
        columns += [column] if len(column.categories) <= MOST_NAMED else []
    return tuple(columns)


def _named_groups(raw: Raw, name: str) -> Column:
    """Return a column that groups rows as their names, as `groups_of` reads them."""
    texts = _names(raw, name, Notes())
    return Column(name, "categorical", texts.codes, tuple(texts.list()))


def tuples_as_texts(values: Any) -> Any:
    """Return a column of tuples or records as texts, and any other as it is.

    What a tuple is written as names its group.

    Args:
        values: An Arrow column.
    """
    import pyarrow as pa

    kind = values.type
    of_several = (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_struct(kind)
    )
    if not of_several:
        return values
    names = [None if value is None else repr(value) for value in values.to_pylist()]
    return pa.chunked_array([pa.array(names, pa.large_string())])


def require_named(kind: Any, name: str) -> None:
    """Raise if no text can stand for the values of a column that groups rows.

    Args:
        kind: The column's Arrow type.
        name: Its name.
    """
    if unnamed(kind):
        raise TableError(
            sentence(
                f"group={name!r}, a column of type {kind}",
                "strings, numbers or dates that name groups",
            )
        )


def times_of(raw: Raw, name: str, notes: Notes) -> npt.NDArray[Any]:
    """Return times, as numbers or date-times, none missing.

    Raises:
        TableError: The values are not times, one is missing, or nothing tells the order
            of day and month, and the rows have another order with each.
    """
    column = infer(name, raw, notes)
    if isinstance(column, Dropped) or column.kind not in {"numeric", "datetime"}:
        raise TableError(
            sentence(
                f"time={name!r}, whose values are not times", "numbers or date-times"
            )
        )
    missing = np.flatnonzero(column.missing())
    if len(missing):
        raise TableError(
            sentence(
                f"time={name!r} with {len(missing):,} missing values (first: "
                f"{raw.place(int(missing[0]))})",
                "a time in every row",
            )
        )
    _require_order(raw, name, column)
    return column.values


def _require_order(raw: Raw, name: str, column: Column) -> None:
    """Raise if the order of rows depends on a guess about day and month."""
    values = raw.data.column(name)
    if raw.order or column.kind != "datetime" or not is_text(values.type):
        return
    texts = tidy(texts_of(values))
    dates = parse_dates(texts.values)
    if dates is None or dates.turned is None:
        return
    turned = moments(texts, dates.turned)
    _, one = np.unique(column.values, return_inverse=True)
    _, other = np.unique(turned, return_inverse=True)
    if np.array_equal(one, other):
        return
    row = int(np.argmax(column.values != turned))
    day, month = column.values[row], turned[row]
    if dates.order == "month":
        day, month = month, day
    raise TableError(
        sentence(
            f"time={name!r} whose dates do not tell which of day and month comes "
            f"first ({texts.text(int(texts.codes[row]))!r}, {raw.place(row)})",
            "dates whose order of day and month is certain, because the split by time "
            "depends on it",
            f"Pass day_first=True if this is {in_words(day)}, or day_first=False if "
            f"it is {in_words(month)}; or write dates as YYYY-MM-DD.",
        )
    )
