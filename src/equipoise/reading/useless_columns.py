# SPDX-License-Identifier: Apache-2.0
"""Columns that cannot help a model: constants and identifiers.

A column is constant if it has one value and no gap; a gap may tell something.

A categorical column is an identifier (or free text) if at least 20 values are all
different. A column of whole numbers is one if all values are different and

- its name is one of an identifier's, such as `id`, `customer_id` or `index`; or
- the values rise (or fall) from row to row throughout, over at least 20 rows; or
- the range is so narrow that values drawn from it would repeat: n values from a
  range of R whole numbers are all different with probability at most
  exp(-n (n - 1) / 2R), whatever their distribution, and this is below 0.001.

A column of numbers with fractions is never left out for being unique.
"""

from __future__ import annotations

import math
import re

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.table.table import (
    Column,
)

FEWEST = 20
CHANCE = 1e-3
FREE_TEXT = 0.3
WORDS = 4
_ID_CAPITAL = re.compile(r"[a-z](ID|Id|UUID)$")
_ID_WORD = re.compile(
    r"(^|[_\W])(id|uuid|guid|index|idx|rownum|row_?(number|id|names?)|record|serial)$"
    r"|^(id|index)[_\W]|^unnamed",
    re.IGNORECASE,
)


def useless(column: Column) -> str:
    """Return why a column is left out, or an empty string.

    Example:
        >>> useless(Column("n", "numeric", np.arange(30.0)))
        'its whole numbers rise or fall from row to row: an identifier'
        >>> useless(Column("x", "numeric", np.linspace(0, 1, 30)))
        ''
        >>> useless(Column("c", "numeric", np.ones(30)))
        'it has one value only'
    """
    if column.kind == "categorical":
        return _useless_texts(column)
    missing = column.missing()
    if missing.all():
        return "it has no values"
    gaps = bool(missing.any())
    values = column.values[~missing] if gaps else column.values
    if not gaps and values.min() == values.max():
        return "it has one value only"
    if column.kind == "numeric" and len(values) > 2:
        return _identifier(column.name, values)
    return ""


def words_of(column: Column) -> float:
    """Return the mean number of words in a column of free text; 0 if it is none.

    Free text has at least 20 different values, which are three tenths of all or more,
    and most of which have four words or more.

    Example:
        >>> texts = tuple(f"call me at {i}" for i in range(40))
        >>> words_of(Column("t", "categorical", np.arange(40), texts))
        4.0
    """
    if column.kind != "categorical":
        return 0.0
    present = int(np.count_nonzero(~column.missing()))
    if len(column.categories) < max(FEWEST, FREE_TEXT * present):
        return 0.0
    words = np.array([len(text.split()) for text in column.categories])
    return float(words.mean()) if (words >= WORDS).mean() >= 0.5 else 0.0


def may_be_kept(reason: str) -> bool:
    """Return whether a column that was left out for a reason may be a feature."""
    return "identifier" in reason


def _useless_texts(column: Column) -> str:
    codes = column.values[column.values >= 0]
    distinct = len(column.categories)
    if distinct == 1 and len(codes) == len(column.values):
        return "it has one value only"
    if distinct == len(codes) >= FEWEST:
        words = words_of(column)
        if words:
            return (
                f"it is free text ({words:.0f} words on average, all different), whose "
                "words are not read"
            )
        return "its texts are all different: an identifier or free text"
    return ""


def _identifier(name: str, values: FloatArray) -> str:
    head = values[:2000]  # most columns repeat a value early
    if (head != np.floor(head)).any() or len(np.unique(head)) < len(head):
        return ""
    if (values != np.floor(values)).any() or len(np.unique(values)) < len(values):
        return ""
    if _ID_WORD.search(name) or _ID_CAPITAL.search(name):
        return "its whole numbers are all different, and it is named like an identifier"
    steps = np.diff(values)
    if len(values) >= FEWEST and ((steps > 0).all() or (steps < 0).all()):
        return "its whole numbers rise or fall from row to row: an identifier"
    spread = float(values.max() - values.min()) + 1
    if -len(values) * (len(values) - 1) / (2 * spread) < math.log(CHANCE):
        return (
            "its whole numbers are all different where measurements would repeat: an "
            "identifier"
        )
    return ""
