# SPDX-License-Identifier: Apache-2.0
"""EQP021: safe, borderline, rare and outlying positives."""

from __future__ import annotations

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS, ENOUGH_TO_SEARCH
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share


def check_positive_types(
    subject: Subject, *, safe: float = 0.5, rows: int = 20
) -> Observation | None:
    """Sort the positives by how many of their 5 neighbours are positive.

    Napierala & Stefanowski (2016): safe (4 or 5), borderline (2 or 3), rare (1),
    outlying (0).

    Args:
        subject: The table that is checked.
        safe: Silent if at least this share is safe.
        rows: How many outlying rows to list, at most.
    """
    near = subject.neighbourhood
    types = near.types
    if types["safe"] >= safe:
        return None
    outlying = near.rows[near.positive.sum(1) == 0]
    parts = ", ".join(f"{share(part)} {name}" for name, part in types.items())
    return Observation(
        "info",
        f"Among the {subject.terms.many}, by their 5 nearest neighbours: {parts}.",
        f"Borderline {subject.terms.rows} gain from a good threshold, rare and "
        "outlying ones from more data; between outlying ones SMOTE invents rows. The "
        "evidence lists outlying rows: check some of them for wrong labels.",
        {
            **types,
            "positives_asked": len(near.rows),
            "outlying_rows": subject.in_table(outlying[:rows]),
        },
    )


CHECK = Check(
    "EQP021",
    "Kinds of positives",
    check_positive_types,
    needs=(COLUMNS, ENOUGH_TO_SEARCH),
    deep=True,
    effort="models",
)
