# SPDX-License-Identifier: Apache-2.0
"""EQP010: a column that names the row instead of describing it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise.diagnosis.columns import as_numbers
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, name_list, share
from equipoise.reading.useless_columns import words_of
from equipoise.table.table import Column

# With fewer rows, distinct values are no sign of anything.
FEWEST_ROWS = 50


def look(
    subject: Subject, *, spread: float = 2.0, distinct: float = 0.9
) -> Observation | NotApplicable | None:
    """Look for running numbers and for texts that hardly repeat.

    Args:
        subject: What is looked at.
        spread: A column of distinct whole numbers is a running number where it is
            in row order, or where its range is at most this many times the rows.
        distinct: A text column is a name where this share of its values, or more,
            differ from each other.
    """
    rows = len(subject.table)
    if rows < FEWEST_ROWS:
        return NotApplicable(f"{rows} rows are too few to tell an identifier")
    free = [column for column in subject.table.columns if words_of(column)]
    found = [
        column.name
        for column in subject.table.columns
        if column not in free
        if _is_name(column, distinct) or _is_running_number(column, spread)
    ]
    if free and not found:
        return _free_text(free)
    if not found:
        return None
    one = len(found) == 1
    seems = (
        "looks like an identifier or a running number: it names"
        if one
        else "look like identifiers or running numbers: they name"
    )
    text = f" {_free_text(free).message}" if free else ""
    return Observation(
        "warning",
        f"{name_list(found)} {seems} the row and cannot carry over to new rows.{text}",
        f"Leave {'it' if one else 'them'} out with drop=, or name "
        f"{'it' if one else 'one'} as group= or time= if that is what it is.",
        {"columns": found, "free_text": [column.name for column in free]},
    )


def _free_text(columns: Sequence[Column]) -> Observation:
    first = columns[0]
    known = int(np.count_nonzero(~first.missing()))
    others = "" if len(columns) == 1 else f" ({count(len(columns), 'such column')})"
    return Observation(
        "warning",
        f"{first.name!r} is free text{others}: {words_of(first):.0f} words on average, "
        f"{share(len(first.categories) / known)} of the texts differ. Its words are "
        "not read; each whole text is one category, which new rows hardly repeat.",
        "Turn the words into columns of numbers before, for example with "
        "sklearn.feature_extraction.text.TfidfVectorizer or embeddings; or leave the "
        "text out with drop=.",
        {"columns": [], "free_text": [column.name for column in columns]},
    )


def _is_name(column: Column, distinct: float) -> bool:
    if column.kind != "categorical":
        return False
    used = np.unique(column.values[~column.missing()]).size
    known = int(np.sum(~column.missing()))
    return known >= FEWEST_ROWS and used >= distinct * known


def _is_running_number(column: Column, spread: float) -> bool:
    if column.kind != "numeric":
        return False
    values = as_numbers(column)
    few = values[:1000]
    few = few[~np.isnan(few)]
    if len(np.unique(few)) < len(few) or np.any(few != np.floor(few)):
        return False
    values = values[~np.isnan(values)]
    if len(values) < FEWEST_ROWS or not np.isfinite(values).all():
        return False
    if np.any(values != np.floor(values)):
        return False
    step = np.diff(values)
    if np.all(step > 0) or np.all(step < 0):
        return True
    span = float(values.max() - values.min()) + 1
    return span <= spread * len(values) and len(np.unique(values)) == len(values)


CHECK = Check("EQP010", "An identifier among the columns", look)
