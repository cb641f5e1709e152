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

# With fewer rows, distinct values mean nothing.
FEWEST_ROWS = 50


def check_identifier(
    subject: Subject, *, spread: float = 2.0, distinct: float = 0.9
) -> Observation | NotApplicable | None:
    """Look for running numbers, and for text columns whose values hardly repeat.

    Args:
        subject: The table that is checked.
        spread: A column of distinct whole numbers is a running number if it is in
            row order, or if its range is at most this many times the rows.
        distinct: A text column is an identifier if this share of its values, or
            more, differ from each other.
    """
    rows = len(subject.table)
    if rows < FEWEST_ROWS:
        return NotApplicable(f"{rows} rows are too few to recognise an identifier")
    free = [column for column in subject.table.columns if words_of(column)]
    identifiers = [
        column.name
        for column in subject.table.columns
        if column not in free
        if _hardly_repeats(column, distinct) or _is_running_number(column, spread)
    ]
    if not identifiers:
        return _free_text(free) if free else None
    one = len(identifiers) == 1
    seems = (
        "looks like an identifier or a running number: it says which row this is,"
        if one
        else "look like identifiers or running numbers: they say which row this is,"
    )
    text = f" {_free_text(free).message}" if free else ""
    return Observation(
        "warning",
        f"{name_list(identifiers)} {seems} and nothing about new rows.{text}",
        f"Leave {'it' if one else 'them'} out with drop=, or name "
        f"{'it' if one else 'one'} as group= or time= if that is what it is.",
        {"columns": identifiers, "free_text": [column.name for column in free]},
    )


def _free_text(columns: Sequence[Column]) -> Observation:
    first = columns[0]
    texts = int(np.count_nonzero(~first.missing()))
    others = "" if len(columns) == 1 else f" ({count(len(columns), 'such column')})"
    return Observation(
        "warning",
        f"{first.name!r} is free text{others}: {words_of(first):.0f} words on average, "
        f"{share(len(first.categories) / texts)} of the texts are different. Its words "
        "are not read: each whole text is one category, and new rows will hardly "
        "repeat it.",
        "Turn the words into numeric columns first, for example with "
        "sklearn.feature_extraction.text.TfidfVectorizer or embeddings, or leave the "
        "column out with drop=.",
        {"columns": [], "free_text": [column.name for column in columns]},
    )


def _hardly_repeats(column: Column, distinct: float) -> bool:
    if column.kind != "categorical":
        return False
    texts = column.values[~column.missing()]
    return len(texts) >= FEWEST_ROWS and np.unique(texts).size >= distinct * len(texts)


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


CHECK = Check(
    "EQP010", "An identifier among the columns", check_identifier, scope="table"
)
