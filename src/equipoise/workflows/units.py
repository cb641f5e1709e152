# SPDX-License-Identifier: Apache-2.0
"""What is said of rows that count as one case."""

from __future__ import annotations

import numpy as np

from equipoise.table.table import IntArray, Table
from equipoise.table.units import count_units

MATERIAL = 0.01
"""Copies are told as a note from this share of the rows of a class."""


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


def counted(table: Table, units: IntArray | None) -> tuple[int, int]:
    """Return the number of independent cases, and of those with a positive row."""
    positive = np.asarray(table.y == 1)
    return (
        count_units(units, np.ones(len(table), np.bool_)),
        count_units(units, positive),
    )
