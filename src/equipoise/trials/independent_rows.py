# SPDX-License-Identifier: Apache-2.0
"""What is said of rows that count as one case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise._core.types import IntArray
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.diagnosis.words import class_list
from equipoise.table.table import (
    Table,
)
from equipoise.table.units import count_units

MATERIAL = 0.01
"""Copies are reported in a note from this share of the rows of a class."""


def unit_notes(table: Table, units: IntArray | None) -> list[str]:
    """Say how many independent cases the intervals rest on, where rows are tied.

    Args:
        table: The rows.
        units: Which of them are one case (`tied_rows`).

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> from equipoise.table.units import tied_rows
        >>> rows = gaussian_shift(200, positives=20).table
        >>> copied = rows.take(np.r_[0:200, np.flatnonzero(rows.y)])
        >>> unit_notes(copied, tied_rows(copied))[0].split(":")[0]
        'Copies are one case'
    """
    if units is None:
        return []
    if table.task.kind != "binary":
        return _task_notes(table, units)
    notes = []
    rows, positives = len(table), table.positives
    cases, distinct = counted(table, units)
    if table.groups is not None:
        notes.append(
            f"Rows of one group are one case: the {positives:,} positives lie in "
            f"{distinct:,} of {cases:,} groups, and intervals draw groups."
        )
        return notes
    if rows - cases >= MATERIAL * rows or positives - distinct >= MATERIAL * positives:
        notes.append(
            f"Copies are one case: {cases:,} of the {rows:,} rows are distinct, and "
            f"{distinct:,} of the {positives:,} positives. Intervals rest on distinct "
            "rows; the share of positives is that of the file, copies included."
        )
    return notes


def _task_notes(table: Table, units: IntArray) -> list[str]:
    """Say the same of rows of several classes or labels."""
    rows, cases = len(table), count_units(units, np.ones(len(table), np.bool_))
    if table.groups is not None:
        return [
            f"Rows of one group are one case: the {rows:,} rows lie in {cases:,} "
            "groups, and intervals draw groups."
        ]
    if rows - cases < MATERIAL * rows:
        return []
    return [
        f"Copies are one case: {cases:,} of the {rows:,} rows are distinct. Intervals "
        "rest on distinct rows; the shares of the classes are those of the file, "
        "copies included."
    ]


def caution(label: int) -> str:
    """Return why no figure of a table can be believed whose rows were computed.

    Args:
        label: The class whose rows were computed from others, 0 or 1.
    """
    return caution_of(("negatives", "positives")[label])


def caution_of(kind: str) -> str:
    """Return the same of rows that are called otherwise.

    Args:
        kind: What the rows are called, in the plural.
    """
    return (
        f"Warning: do not believe these figures. Many of the {kind} look as if they "
        "had been computed from others (SMOTE or a relative) before the file arrived, "
        "see EQP025. Such rows lie on both sides of every split, and scores are too "
        "high."
    )


def doubt(diagnosis: Diagnosis, classes: Sequence[str]) -> str:
    """Return the caution that a diagnosis calls for; empty if it calls for none.

    Args:
        diagnosis: Of the table.
        classes: The names of the classes, negative first.
    """
    if "EQP025" not in diagnosis:
        return ""
    evidence = diagnosis["EQP025"].evidence
    if "class" in evidence:
        return caution(classes.index(evidence["class"]))
    return caution_of(f"rows of {class_list(evidence['classes'])}")


def counted(table: Table, units: IntArray | None) -> tuple[int, int]:
    """Return the number of independent cases, and of those with a positive row."""
    positive = np.asarray(table.labels() == 1)
    return (
        count_units(units, np.ones(len(table), np.bool_)),
        count_units(units, positive),
    )
