# SPDX-License-Identifier: Apache-2.0
"""Odd values of every kind of column, as a deployed model meets them.

They are what a reader of tables accepts without an error and another runtime may
treat differently: infinities, numbers at the ends of float64 and next to a split
point, strings with spaces of every kind around them, dates far from now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from equipoise._core.types import AnyArray
from equipoise.reading.arrays import read_columns
from equipoise.reading.matching import table_like
from equipoise.reading.source import Notes
from equipoise.table.table import Column, Table

SPACES = (" ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\x1c", "\u0085")
"""Spaces according to Unicode: of one byte in UTF-8, of two and of three."""

ODD_NUMBERS = (
    *(np.inf, -np.inf, np.nan, 0.0, -0.0),
    *(5e-324, -1e-310, 1e-300, -1e-281, 1e-279, 1e-45, 1e-38),
    *(3.5e38, -3.5e38, 2.0**53, 2.0**63, 1e300, -1e300),
    *(np.finfo(np.float64).max, np.finfo(np.float64).min),
)
ODD_TEXTS = ("", " ", "\u00a0\u2003", "NA", "nan", "None", "0", "\0", "a" * 9_000)
ODD_MOMENTS = (
    *("NaT", "1969-12-31T23:59:59.999999", "1970-01-01", "0001-01-01"),
    *("1582-10-15", "2000-02-29", "2262-04-12", "9999-12-31T23:59:59.999999"),
)


ODD_FIRST = 32
"""So many odd values, the first of a column, are always used."""


def odd_values(column: Column, knots: Sequence[float] = ()) -> AnyArray:
    """Return odd values of a column as `Table.raw` writes them, strings as objects.

    Args:
        column: Its name, kind and categories.
        knots: Numbers near which a learner may have split.

    Example:
        >>> odd_values(Column("paid", "boolean", np.zeros(0))).tolist()
        [inf, -inf, nan, 0.0, 1.0]
    """
    if column.kind == "boolean":
        return np.array([np.inf, -np.inf, np.nan, 0.0, 1.0])
    if column.kind == "datetime":
        moments = np.array(ODD_MOMENTS, "datetime64[us]").astype(np.int64)
        return np.append(moments, [-(2**60), 2**60])
    if column.kind == "categorical":
        return np.array([*ODD_TEXTS, *_variants(column.categories)], object)
    at = np.asarray(knots, np.float64)
    with np.errstate(over="ignore"):  # what is infinite then is odd, too
        beside = [np.nextafter(at, np.inf), np.nextafter(at, -np.inf)]
        rounded = at.astype(np.float32).astype(np.float64)
    middle = at[:-1] / 2 + at[1:] / 2
    return np.concatenate([ODD_NUMBERS, at, *beside, rounded, middle])


def _variants(categories: Sequence[str]) -> list[str]:
    """Return known categories within spaces, and strings that are nearly the same."""
    variants = []
    for place, text in enumerate(categories):
        space = SPACES[place % len(SPACES)]
        other = SPACES[(place + 3) % len(SPACES)]
        variants += [space + text, text + other, other + space + text + space]
        variants += [text.swapcase(), text + "\0", f"{text}{space}{text}"]
    return variants


def as_read(raw: Mapping[str, AnyArray], schema: Table) -> Table:
    """Return columns as `FittedModel.read` reads them, without its warnings.

    Args:
        raw: Name to `[rows]`, as `Table.raw` writes them.
        schema: The model's schema.
    """
    kinds = {column.name: column.kind for column in schema.columns}
    columns = {
        name: values.astype("datetime64[us]") if kinds[name] == "datetime" else values
        for name, values in raw.items()
    }
    return table_like(read_columns(columns), schema, Notes(), labelled=False)
