# SPDX-License-Identifier: Apache-2.0
"""EQP006: rows that occur more than once."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import FEATURES
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.duplicates import Duplicates, judge_duplicates


def check_duplicate_rows(
    subject: Subject, *, material: float = 0.01
) -> Observation | None:
    """Count rows that equal an earlier one, and tell copies from coincidences.

    `equipoise.table.duplicates` describes how: by the rows that nearly agree.

    Args:
        subject: The table that is checked.
        material: Copies are a warning from this share of the rows; coincidences
            below it are not reported.
    """
    sets = subject.equal_rows
    repeated = sets.repeated
    if repeated == 0:
        return None
    judged = judge_duplicates(subject.table)
    common = repeated >= material * len(subject.table)
    copies = judged.equal_copies
    if not copies and not common:
        return None
    evidence = {"repeated_rows": repeated}
    if subject.binary:
        evidence["repeated_positives"] = int(np.maximum(sets.positives - 1, 0).sum())
    return Observation(
        "warning" if copies and common else "info",
        f"{count(repeated, 'row')} ({share(repeated / len(subject.table))}) "
        f"{'equals' if repeated == 1 else 'equal'} an earlier row in all features; "
        + _kind(judged, repeated),
        "Keep equal rows on one side of every split (duplicates='group'; 'auto' does "
        "this here). Remove them if they come from a join or from over-sampling."
        if copies
        else "Nothing: different cases may have equal features. If you know that these "
        "are copies, pass duplicates='group'.",
        {
            **evidence,
            "rows_with_twin": judged.twins,
            "by_coincidence": judged.expected,
            "copies": copies,
        },
    )


def _kind(judged: Duplicates, repeated: int) -> str:
    if not judged.equal_copies:
        return "so many rows nearly agree that this is coincidence."
    verdict = "it looks like a copy" if repeated == 1 else "they look like copies"
    amount = f"{judged.expected:,.0f}" if judged.expected >= 1 else "less than one"
    return (
        f"{verdict}: of the {judged.twins:,} rows with a twin, {amount} would have "
        "one by coincidence."
    )


CHECK = Check(
    "EQP006", "Repeated rows", check_duplicate_rows, needs=(FEATURES,), scope="table"
)
