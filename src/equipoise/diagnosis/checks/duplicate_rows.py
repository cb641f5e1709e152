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
    grave = copies and common and subject.duplicates != "ignore"
    return Observation(
        "warning" if grave else "info",
        f"{count(repeated, 'row')} ({share(repeated / len(subject.table))}) "
        f"{'equals' if repeated == 1 else 'equal'} an earlier row in all features; "
        + _kind(judged, repeated),
        (OF_COPIES if copies else OF_COINCIDENCES)[subject.duplicates],
        {
            **evidence,
            "rows_with_twin": judged.twins,
            "by_coincidence": judged.expected,
            "copies": copies,
        },
    )


_REMOVE = "Remove them if they come from a join or from over-sampling."
OF_COPIES = {
    "auto": "They are kept on one side of every split and count as one case "
    f"(duplicates='auto'). {_REMOVE}",
    "group": "They are kept on one side of every split and count as one case "
    f"(duplicates='group'). {_REMOVE}",
    "ignore": "Each counts as a case of its own (duplicates='ignore'). If they are "
    "copies, all scores are too high: pass duplicates='auto', or remove them.",
}
"""What to do about copies, by how equal rows are treated."""
OF_COINCIDENCES = {
    "auto": "Nothing: different cases may have equal features. If you know that these "
    "are copies, pass duplicates='group'.",
    "group": "Equal rows count as one case (duplicates='group'). If different cases "
    "may have equal features, pass duplicates='auto'.",
    "ignore": "Nothing: different cases may have equal features.",
}
"""The same about rows that are equal by coincidence."""


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
