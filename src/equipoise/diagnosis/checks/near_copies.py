# SPDX-License-Identifier: Apache-2.0
"""EQP024: rows that nearly equal another."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count
from equipoise.table.duplicates import judge_duplicates
from equipoise.table.units import count_units


def look(
    subject: Subject, *, material: float = 0.01
) -> Observation | NotApplicable | None:
    """Count rows that differ from another by next to nothing.

    How they are found is described in `equipoise.table.near`.

    Args:
        subject: What is looked at.
        material: A warning from this share of the rows, or of the positives.
    """
    if not subject.featured:
        return NotApplicable("the table has no feature columns")
    judged = judge_duplicates(subject.table)
    if not judged.near:
        return None
    y = subject.table.labels() == 1
    rows, positives = len(y), int(y.sum())
    sizes = np.bincount(judged.groups)
    several = sizes[judged.groups] > 1
    labels = np.bincount(judged.groups, y)
    mixed = int(np.count_nonzero((labels > 0) & (labels < sizes)))
    cases = count_units(judged.groups, np.ones(rows, np.bool_))
    distinct = count_units(judged.groups, y)
    grave = rows - cases >= material * rows or positives - distinct >= (
        material * positives
    )
    message = (
        f"{count(judged.near, 'row')} nearly equal another: {_how(judged.apart)}. With "
        f"the equal rows, the {rows:,} rows are {count(cases, 'case')}, and the "
        f"{positives:,} positives {distinct:,}."
    )
    if mixed:
        message += f" {count(mixed, 'set')} of such rows {_hold(mixed)} both classes."
    return Observation(
        "warning" if grave else "info",
        message,
        "They are kept on one side of every split and count as one case "
        "(duplicates='auto'). Keep one row of each set, or say duplicates='ignore' if "
        "they are measured anew each time.",
        {
            "near_rows": judged.near,
            "rows_in_sets": int(np.count_nonzero(several)),
            "cases": cases,
            "positive_cases": distinct,
            "mixed_sets": mixed,
            "apart": judged.apart,
            "by_coincidence": judged.near_expected,
        },
    )


def _hold(number: int) -> str:
    return "holds" if number == 1 else "hold"


def _how(apart: float) -> str:
    if apart == 0:
        return "only the case or the spaces of texts differ"
    return f"the numbers differ by about {apart:.0e} of a column's spread"


CHECK = Check("EQP024", "Rows that nearly equal another", look)
