# SPDX-License-Identifier: Apache-2.0
"""EQP018: columns that were left out, are constant, or repeat another."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list
from equipoise.reading.label_columns import CONSTANT_LABEL
from equipoise.table.table import Column, Table


def check_idle_columns(subject: Subject) -> Observation | None:
    """List the columns that carry no information, or the same as another column.

    Args:
        subject: The table that is checked.
    """
    table = subject.table
    dropped = {
        d.name: d.reason for d in table.dropped if d.reason not in CONSTANT_LABEL
    }
    constant = [c.name for c in table.columns if _constant(c)]
    twins = _twins(table, set(constant))
    parts = []
    if dropped:
        reasons = [f"{name!r} ({reason})" for name, reason in list(dropped.items())[:3]]
        more = f" and {len(dropped) - 3} more" if len(dropped) > 3 else ""
        parts.append(f"left out: {', '.join(reasons)}{more}")
    if constant:
        parts.append(f"constant or empty: {name_list(constant)}")
    if twins:
        pairs = [f"{a!r} = {b!r}" for a, b in twins[:3]]
        more = f" and {len(twins) - 3} more" if len(twins) > 3 else ""
        parts.append(f"equal in every row: {', '.join(pairs)}{more}")
    if not parts:
        return None
    text = "; ".join(parts)
    return Observation(
        "info",
        f"{text[0].upper()}{text[1:]}.",
        "Nothing has to be done; check that none of them was meant to carry "
        "information.",
        {"dropped": dropped, "constant": constant, "equal": [list(t) for t in twins]},
    )


def _constant(column: Column) -> bool:
    missing = column.missing()
    if missing.all():
        return True
    if missing.any():
        return False
    return bool(np.all(column.values == column.values[0]))


def _twins(table: Table, skip: set[str]) -> list[tuple[str, str]]:
    """Return pairs of columns with equal values in every row."""
    first_of: dict[tuple[str, bytes], Column] = {}
    pairs = []
    for column in table.columns:
        if column.name in skip:
            continue
        key = (column.kind, np.ascontiguousarray(column.values[:1000]).tobytes())
        first = first_of.setdefault(key, column)
        if first is not column and _equal(first, column):
            pairs.append((first.name, column.name))
    return pairs


def _equal(a: Column, b: Column) -> bool:
    if a.kind == "categorical":
        return a.categories == b.categories and np.array_equal(a.values, b.values)
    missing = a.missing()
    if not np.array_equal(missing, b.missing()):
        return False
    return bool(np.all((a.values == b.values) | missing))


CHECK = Check(
    "EQP018", "Columns that say nothing new", check_idle_columns, scope="table"
)
