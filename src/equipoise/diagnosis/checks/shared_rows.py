# SPDX-License-Identifier: Apache-2.0
"""EQP007: rows of the test file that the table holds too."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.bounds import share_interval
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, share
from equipoise.table.duplicates import judge_duplicates


def look(subject: Subject) -> Observation | NotApplicable | None:
    """Count test rows with the features of a table row, beside what is expected.

    A row drawn from the same population would meet an equal one in the table about
    as often as the table's own rows meet an equal one among the others. Where the
    test rows do so more often, or the table's own equal rows are judged to be
    copies (EQP006), they are copies.

    Args:
        subject: What is looked at.
    """
    if subject.test is None:
        return NotApplicable("no test file was given")
    if not subject.table.columns:
        return NotApplicable("the table has no feature columns")
    found = np.isin(subject.test_hashes, subject.hashes)
    total, rows = int(found.sum()), len(subject.test)
    if total == 0:
        return None
    sets = subject.equal_rows
    expected = float(sets.size[sets.size > 1].sum() / len(subject.table))
    low, _ = share_interval(total / rows, rows, subject.level)
    copies = low > expected or judge_duplicates(subject.table).copies
    positives = int(np.asarray(subject.test.y)[found].sum())
    return Observation(
        "error" if copies else "info",
        f"{count(total, 'row')} of the test file ({share(total / rows)}), "
        f"{positives:,} of them positive, {'has' if total == 1 else 'have'} the same "
        f"features as a row of the table; {_kind(copies, expected)}",
        "Remove them from the test file, or from the table, before any score is read."
        if copies
        else "Nothing, unless you know of copies.",
        {
            "shared_rows": total,
            "shared_positives": positives,
            "share": total / rows,
            "expected_share": expected,
        },
    )


def _kind(copies: bool, expected: float) -> str:
    if not copies:
        return f"by coincidence it would be about {share(expected)}."
    return (
        f"by coincidence it would be about {share(expected)}. A model has seen the "
        "answers of these rows."
    )


CHECK = Check("EQP007", "Rows shared with the test file", look)
