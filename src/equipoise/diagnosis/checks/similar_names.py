# SPDX-License-Identifier: Apache-2.0
"""EQP030: classes whose names differ by case or space only."""

from __future__ import annotations

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, quoted

MOST_LISTED = 50


def check_similar_names(subject: Subject) -> Observation | None:
    """Look for names that are one if upper and lower case and spaces are ignored.

    Reading a file makes one class of such names; a table that was made otherwise, or
    label columns, may have them.

    Args:
        subject: The table that is checked.
    """
    groups: dict[str, list[str]] = {}
    for name in subject.table.classes:
        groups.setdefault("".join(name.split()).casefold(), []).append(name)
    alike = [names for names in groups.values() if len(names) > 1]
    if not alike:
        return None
    labels = subject.table.task.kind == "multilabel"
    first = " and ".join(quoted(name) for name in alike[0])
    more = len(alike) - 1
    others = f" So do {count(more, 'more set')} of names." if more else ""
    return Observation(
        "warning",
        f"The names of the {'labels' if labels else 'classes'} {first} differ by upper "
        f"and lower case or spaces only.{others}",
        "If they mean the same, write them alike: two spellings of one class compete "
        "for its rows.",
        {"alike": alike[:MOST_LISTED]},
    )


CHECK = Check(
    "EQP030",
    "Names that differ by case or space",
    check_similar_names,
    scope="table",
    tasks=("multiclass", "multilabel"),
)
