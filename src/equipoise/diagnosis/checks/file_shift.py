# SPDX-License-Identifier: Apache-2.0
"""EQP012: columns that are distributed differently in the test file."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.shift import Shift, shifts
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list


def look(
    subject: Subject, *, material: float = 0.1, least: float = 0.05
) -> Observation | NotApplicable | None:
    """Compare each column between table and test file, within the common class.

    Within one class a different share of positives (EQP004) plays no part.

    Args:
        subject: What is looked at.
        material: A warning where a distance, less what chance gives, reaches this.
        least: Silent where none reaches this.
    """
    if subject.test is None:
        return NotApplicable("no test file was given")
    if not subject.table.columns:
        return NotApplicable("the table has no feature columns")
    common = int(subject.counts[1] > subject.counts[0])
    parts = [np.flatnonzero(t.y == common) for t in (subject.table, subject.test)]
    if min(len(part) for part in parts) == 0:
        return NotApplicable("the test file has no row of the common class")
    found = shifts(
        subject.table,
        parts[0],
        subject.test,
        parts[1],
        seed=subject.seed,
        alpha=subject.alpha,
    )
    return describe(
        [shift for shift in found if shift.distance - shift.noise >= least],
        len(subject.table.columns),
        material,
        "the test file than in the table",
    )


def describe(
    found: list[Shift], columns: int, material: float, where: str
) -> Observation | None:
    """Put the shifted columns into words."""
    if not found:
        return None
    worst = found[0]
    return Observation(
        "warning" if worst.distance - worst.noise >= material else "info",
        f"{len(found)} of {columns} columns {'is' if len(found) == 1 else 'are'} "
        f"distributed differently in {where}, most of all "
        f"{name_list([s.name for s in found])} (distance {figure(worst.distance)}, "
        f"{figure(worst.noise)} by chance; 1 is no overlap).",
        "Find out why. A model tested there is tested on another population; "
        "cross-validation on the table will not foresee its result.",
        {
            "columns": [s.name for s in found],
            "distance": [s.distance for s in found],
            "by_chance": [s.noise for s in found],
            "p_value": [s.p_value for s in found],
        },
    )


CHECK = Check("EQP012", "Columns that differ in the test file", look)
