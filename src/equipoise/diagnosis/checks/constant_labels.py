# SPDX-License-Identifier: Apache-2.0
"""EQP031: labels that were left out because they are constant."""

from __future__ import annotations

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import class_list, count
from equipoise.reading.label_columns import CONSTANT_LABEL


def check_constant_labels(subject: Subject) -> Observation | None:
    """List the label columns that reading left out.

    Args:
        subject: The table that is checked.
    """
    dropped = {
        entry.name: entry.reason
        for entry in subject.table.dropped
        if entry.reason in CONSTANT_LABEL
    }
    if not dropped:
        return None
    asked = len(dropped) + len(subject.table.classes)
    one = len(dropped) == 1
    return Observation(
        "info",
        f"{len(dropped):,} of {count(asked, 'label')} {'is' if one else 'are'} the "
        f"same in all rows and {'was' if one else 'were'} left out: "
        f"{class_list(list(dropped))}.",
        "Nothing can be learned about them from this table, and no figure includes "
        "them. Check whether a filter removed their rows.",
        {"labels": dropped},
    )


CHECK = Check(
    "EQP031",
    "Labels that are the same in all rows",
    check_constant_labels,
    scope="table",
    tasks=("multilabel",),
)
