# SPDX-License-Identifier: Apache-2.0
"""EQP025: rows of a class that were computed from others."""

from __future__ import annotations

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.made import Made
from equipoise.diagnosis.needs import NUMERIC_COLUMN
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list, share


def check_made_rows(subject: Subject) -> Observation | None:
    """Find rows that SMOTE or a relative added to a class before you got the file.

    `equipoise.diagnosis.made` describes how: by rows on straight lines between others
    of their class, and by counts that were averaged.

    Args:
        subject: The table that is checked.
    """
    made = subject.made
    if made is None:
        return None
    positives, rows = subject.counts[1], len(subject.table)
    return Observation(
        "error",
        f"{made_words(made)} SMOTE and its relatives leave such rows. Rows that were "
        "computed from others lie on both sides of every split, so all scores are "
        f"too high, and {share(positives / rows)} is not the share of positives in "
        "the population.",
        "Use the file as it was before the classes were balanced. No split of this "
        "one gives an honest estimate. To balance the classes, let compare do it "
        "inside the training parts (strategies='smote').",
        {
            "class": subject.table.classes[made.label],
            "share_on_lines": made.share,
            "share_on_lines_other_class": made.others,
            "angle": made.angle,
            "averaged_columns": list(made.fractions),
            "equal_classes": subject.counts[0] == subject.counts[1],
        },
    )


def made_words(made: Made) -> str:
    """Describe in one or two sentences what gives the rows away.

    Args:
        made: What `made_rows` returned.
    """
    kind = ("negatives", "positives")[made.label]
    other = ("negatives", "positives")[1 - made.label]
    parts = []
    if made.share:
        parts.append(
            f"{share(made.share)} of the {kind} lie on a straight line with two "
            f"other {kind}; of the {other} {share(made.others)} do."
        )
    if made.fractions:
        one = len(made.fractions) == 1
        parts.append(
            f"{'Column' if one else 'Columns'} {name_list(made.fractions)} "
            f"{'holds' if one else 'hold'} whole numbers in the {other} and "
            f"fractions in the {kind}."
        )
    return " ".join(parts)


CHECK = Check(
    "EQP025", "Rows made from others", check_made_rows, needs=(NUMERIC_COLUMN,)
)
