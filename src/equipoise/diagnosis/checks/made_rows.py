# SPDX-License-Identifier: Apache-2.0
"""EQP025: rows of a class that were computed from others."""

from __future__ import annotations

import dataclasses

import numpy as np

from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.made import FEWEST as FEWEST_MADE
from equipoise.diagnosis.made import Made, made_rows
from equipoise.diagnosis.needs import NUMERIC_COLUMN
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import class_list, name_list, quoted, share
from equipoise.table.table import Table
from equipoise.task import Task

MOST_CLASSES = 10
"""Of more classes, the rarest are examined."""


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
    terms = subject.terms
    positives, rows = subject.counts[1], len(subject.table)
    return Observation(
        "error",
        f"{made_words(made, terms.negatives, terms.many)} SMOTE and its relatives "
        "leave such rows. Rows that were computed from others lie on both sides of "
        f"every split, so all scores are too high, and {share(positives / rows)} is "
        f"not the share of {terms.short} in the population.",
        ADVICE,
        {
            "class": subject.table.classes[made.label],
            "share_on_lines": made.share,
            "share_on_lines_other_class": made.others,
            "angle": made.angle,
            "averaged_columns": list(made.fractions),
            "equal_classes": subject.counts[0] == subject.counts[1],
        },
    )


def check_made_classes(subject: Subject) -> Observation | NotApplicable | None:
    """Find classes of several whose rows were made from others.

    Each class is compared with the commonest one, which over-sampling leaves as it is;
    if that one looks made, with the first in comparison with which it does.

    Args:
        subject: The table that is checked.
    """
    table = subject.table
    classes = ClassSubjects(subject)
    sizes = classes.sides[:, 1]
    enough = [c for c in classes.rarest_first.tolist() if sizes[c] >= FEWEST_MADE]
    if len(enough) < 2:
        return NotApplicable(f"fewer than two classes have {FEWEST_MADE} rows")
    reference = max(enough, key=lambda c: int(sizes[c]))
    others = [c for c in enough if c != reference][:MOST_CLASSES]
    made: dict[int, Made] = {}
    waiting, unlike = list(others), []
    while waiting:
        number = waiting.pop(0)
        result = made_rows(_pair(table, reference, number), subject.seed)
        if result is None:
            unlike.append(number)
        elif result.label == 1:
            made[number] = result
        else:  # those that are as the reference was are compared again
            made[reference], reference = result, number
            waiting, unlike = [*unlike, *waiting], []
    if not made:
        return None
    first, *rest = sorted(made, key=lambda c: -made[c].share)
    many = f"rows of {quoted(table.classes[first])}"
    text = made_words(made[first], "rows of other classes", many, made[first].label)
    if rest:
        text += f" Likewise for {class_list([table.classes[c] for c in rest])}."
    return Observation(
        "error",
        f"{text} SMOTE and its relatives leave such rows. Rows that were computed from "
        "others lie on both sides of every split, so all scores are too high, and the "
        "shares of the classes are not those of the population.",
        ADVICE,
        {
            "classes": [table.classes[c] for c in (first, *rest)],
            "examined": len(others) + 1,
            "of": len(table.classes),
            "by_class": {
                table.classes[c]: {
                    "share_on_lines": made[c].share,
                    "share_on_lines_other_class": made[c].others,
                    "angle": made[c].angle,
                    "averaged_columns": list(made[c].fractions),
                }
                for c in (first, *rest)
            },
        },
    )


def _pair(table: Table, negative: int, positive: int) -> Table:
    """Return the rows of two classes as a binary table."""
    y = table.labels()
    rows = np.flatnonzero((y == negative) | (y == positive))
    names = table.classes[negative], table.classes[positive]
    two = dataclasses.replace(table.take(rows), task=Task("binary", names))
    return dataclasses.replace(two, y=np.asarray(y[rows] == positive).astype(np.int8))


def made_words(
    made: Made,
    negatives: str = "negatives",
    positives: str = "positives",
    label: int = 1,
) -> str:
    """Describe in one or two sentences what gives the rows away.

    Args:
        made: What `made_rows` returned.
        negatives: What rows of the label 0 are called.
        positives: What the others are called.
        label: The label of the positives.
    """
    kind, other = positives, negatives
    if made.label != label:
        kind, other = other, kind
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


ADVICE = (
    "Use the file as it was before the classes were balanced. No split of this one "
    "gives an honest estimate. To balance the classes, let compare do it inside the "
    "training parts (strategies='smote')."
)

CHECK = Check(
    "EQP025",
    "Rows made from others",
    check_made_rows,
    needs=(NUMERIC_COLUMN,),
    several={"multiclass": check_made_classes},
)
