# SPDX-License-Identifier: Apache-2.0
"""EQP012: columns that are distributed differently in the test file."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import figure
from equipoise._core.types import BoolArray
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import COLUMNS, TEST_FILE
from equipoise.diagnosis.shift import shifts
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list


def check_file_shift(
    subject: Subject, *, material: float = 0.1, least: float = 0.05
) -> Observation | NotApplicable | None:
    """Compare each column between table and test file, within the common class.

    Within one class a different share of positives (EQP004) has no influence.

    Args:
        subject: The table that is checked.
        material: A warning if a distance, less what chance gives, reaches this.
        least: Silent if none reaches this.
    """
    table, test = subject.table, subject.test_file
    parts = [np.flatnonzero(common) for common in _common(subject)]
    if min(len(part) for part in parts) == 0:
        return NotApplicable("the test file has no row of the common class")
    shifted = [
        shift
        for shift in shifts(
            table, parts[0], test, parts[1], seed=subject.seed, alpha=subject.alpha
        )
        if shift.distance - shift.noise >= least
    ]
    if not shifted:
        return None
    worst, one = shifted[0], len(shifted) == 1
    return Observation(
        "warning" if worst.distance - worst.noise >= material else "info",
        f"{len(shifted)} of {len(table.columns)} columns {'is' if one else 'are'} "
        f"distributed differently in the test file{':' if one else ', most of all'} "
        f"{name_list([s.name for s in shifted])} (distance {figure(worst.distance)}, "
        f"of which chance explains {figure(worst.noise)}; 1 means no overlap).",
        "Find out why. A test on this file is a test on another population, and "
        "cross-validation on the table will not predict its result.",
        {
            "columns": [s.name for s in shifted],
            "distance": [s.distance for s in shifted],
            "by_chance": [s.noise for s in shifted],
            "p_value": [s.p_value for s in shifted],
        },
    )


def _common(subject: Subject) -> list[BoolArray]:
    """Return which rows of both files are of the common class, or set of labels."""
    y, later = subject.table.labels(), subject.test_file.labels()
    if subject.table.task.kind != "multilabel":
        counts = np.bincount(y, minlength=len(subject.table.classes))
        common = int(np.argmax(counts))
        return [np.asarray(part == common) for part in (y, later)]
    sets, counts = np.unique(y, axis=0, return_counts=True)
    commonest = sets[int(np.argmax(counts))]
    return [np.asarray((part == commonest).all(1)) for part in (y, later)]


CHECK = Check(
    "EQP012",
    "Columns that differ in the test file",
    check_file_shift,
    needs=(TEST_FILE, COLUMNS),
    scope="table",
)
