# SPDX-License-Identifier: Apache-2.0
"""EQP026: how unequal the classes, or the labels, are."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import significant
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count, quoted


def check_unequal_classes(
    subject: Subject, *, least: float = 10.0
) -> Observation | None:
    """Compare the rows of each class, or label, with those of the commonest.

    The ratio of the largest number of rows to that of a class is its imbalance ratio
    (for labels IRLbl: Charte et al. 2015, eq. 3).

    Args:
        subject: The table that is checked.
        least: Silent if the largest ratio is below this.
    """
    classes = ClassSubjects(subject)
    rows, names = classes.sides[:, 1], subject.table.classes
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] > 0]
    rarest, commonest = int(order[0]), int(order[-1])
    ratio = float(rows[commonest] / rows[rarest])
    if ratio < least:
        return None
    far = int(np.count_nonzero(rows[order] * least <= rows[commonest]))
    label = "label" if classes.labels else "class"
    many = (
        f" {far:,} of the {len(names):,} {classes.noun} are {significant(least)} "
        "times rarer than it, or more."
        if far > 1
        else ""
    )
    return Observation(
        "info",
        f"The commonest {label}, {quoted(names[commonest])}, has "
        f"{count(int(rows[commonest]), 'row')}: {significant(ratio)} times those of "
        f"the rarest, {quoted(names[rarest])}, with {int(rows[rarest]):,}.{many}",
        f"Read the figures of every {label}: an average weighted by rows shows the "
        f"common ones only, and in a macro average the few rows of the rarest decide.",
        {
            "imbalance_ratio": ratio,
            "by_class": {
                names[c]: float(rows[commonest] / rows[c]) for c in order.tolist()
            },
        },
    )


CHECK = Check(
    "EQP026",
    "How unequal the classes are",
    check_unequal_classes,
    scope="table",
    tasks=("multiclass", "multilabel"),
)
