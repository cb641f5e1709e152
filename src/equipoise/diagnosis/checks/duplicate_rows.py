# SPDX-License-Identifier: Apache-2.0
"""EQP006: rows that occur more than once."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share


def look(subject: Subject) -> Observation | NotApplicable | None:
    """Count rows whose features equal those of an earlier row.

    Args:
        subject: What is looked at.
    """
    if not subject.table.columns:
        return NotApplicable("the table has no feature columns")
    sets = subject.equal_rows
    repeated = sets.repeated
    if repeated == 0:
        return None
    positives = int(np.maximum(sets.positives - 1, 0).sum())
    return Observation(
        "info",
        f"{count(repeated, 'row')} ({share(repeated / len(subject.table))}) equal an "
        "earlier row in all features.",
        "Keep copies on one side of every split (duplicates='group').",
        {"repeated_rows": repeated, "repeated_positives": positives},
    )


CHECK = Check("EQP006", "Repeated rows", look)
