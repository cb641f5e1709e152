# SPDX-License-Identifier: Apache-2.0
"""EQP006: rows that occur more than once."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.duplicates import Duplicates, judge_duplicates


def look(
    subject: Subject, *, material: float = 0.01
) -> Observation | NotApplicable | None:
    """Count rows that equal an earlier one, and tell copies from coincidences.

    How they are told apart is described in `equipoise.table.duplicates`: by the
    rows that nearly agree.

    Args:
        subject: What is looked at.
        material: Copies are a warning from this share of the rows; coincidences
            below it are not worth a word.
    """
    if not subject.featured:
        return NotApplicable("the table has no feature columns")
    sets = subject.equal_rows
    repeated = sets.repeated
    if repeated == 0:
        return None
    judged = judge_duplicates(subject.table)
    common = repeated >= material * len(subject.table)
    copies = judged.equal_copies
    if not copies and not common:
        return None
    positives = int(np.maximum(sets.positives - 1, 0).sum())
    return Observation(
        "warning" if copies and common else "info",
        f"{count(repeated, 'row')} ({share(repeated / len(subject.table))}) "
        f"{'equals' if repeated == 1 else 'equal'} an earlier row in all features; "
        + _kind(judged, repeated),
        "Keep equal rows on one side of every split (duplicates='group'; 'auto' does "
        "so here). Remove them if they came from a join or from over-sampling."
        if copies
        else "Nothing: different cases may look alike. If you know them to be copies, "
        "say duplicates='group'.",
        {
            "repeated_rows": repeated,
            "repeated_positives": positives,
            "rows_with_twin": judged.twins,
            "by_coincidence": judged.expected,
            "copies": copies,
        },
    )


def _kind(judged: Duplicates, repeated: int) -> str:
    if not judged.equal_copies:
        return "rows that nearly agree are so common that this is coincidence."
    what = "it looks like a copy" if repeated == 1 else "they look like copies"
    amount = f"{judged.expected:,.0f}" if judged.expected >= 1 else "less than one"
    return (
        f"{what}: of the {judged.twins:,} rows with a twin, {amount} would have one by "
        "coincidence."
    )


CHECK = Check("EQP006", "Repeated rows", look)
