# SPDX-License-Identifier: Apache-2.0
"""EQP025: rows of a class that were computed from others."""

from __future__ import annotations

from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.made import Made
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list, share


def look(subject: Subject) -> Observation | NotApplicable | None:
    """Tell whether a class was filled up by SMOTE or a relative before the file came.

    How is described in `equipoise.diagnosis.made`: by rows on straight lines between
    others of their class, and by counts that were averaged.

    Args:
        subject: What is looked at.
    """
    if not any(column.kind == "numeric" for column in subject.table.columns):
        return NotApplicable("the table has no numeric columns")
    found = subject.made
    if found is None:
        return None
    positives, rows = subject.counts[1], len(subject.table)
    return Observation(
        "error",
        f"{made_words(found)} That is what SMOTE and its relatives leave. Rows that "
        "were computed from others lie on both sides of every split, so all scores "
        f"are too high, and {share(positives / rows)} is not the share of positives "
        "in use.",
        "Take the file as it was before the classes were balanced. No split of this "
        "one gives an honest estimate. If the classes are to be balanced, compare "
        "does it inside the training parts (strategies='smote').",
        {
            "class": subject.table.classes[found.label],
            "share_on_lines": found.share,
            "share_on_lines_other_class": found.others,
            "angle": found.angle,
            "averaged_columns": list(found.fractions),
            "equal_classes": subject.counts[0] == subject.counts[1],
        },
    )


def made_words(found: Made) -> str:
    """Say in one or two sentences what was seen.

    Args:
        found: What `made_rows` returned.
    """
    kind = ("negatives", "positives")[found.label]
    other = ("negatives", "positives")[1 - found.label]
    parts = []
    if found.share:
        parts.append(
            f"{share(found.share)} of the {kind} lie on a straight line with two "
            f"others of them; of the {other} it is {share(found.others)}."
        )
    if found.fractions:
        one = len(found.fractions) == 1
        parts.append(
            f"{'Column' if one else 'Columns'} {name_list(found.fractions)} "
            f"{'holds' if one else 'hold'} whole numbers in the {other} and "
            f"fractions in the {kind}."
        )
    return " ".join(parts)


CHECK = Check("EQP025", "Rows made from others", look)
