# SPDX-License-Identifier: Apache-2.0
"""EQP027: classes and labels with fewer cases than there are folds."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.predictive import FOLDS
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import class_list, count, quoted
from equipoise.table.rare_classes import rare_classes
from equipoise.table.units import count_units


def check_scarce_classes(subject: Subject, *, folds: int = FOLDS) -> Observation | None:
    """List the classes that cannot be in every fold, and what they lack.

    A class that some fold lacks cannot be judged there. Of a label the rarer of its
    two sides must be in every fold. Rows of one group, and copies, are one case.

    Args:
        subject: The table that is checked.
        folds: The number of folds.
    """
    numbers = rare_classes(subject.table, folds, units=subject.tied)
    if not numbers:
        return None
    classes = ClassSubjects(subject)
    sides = {number: _rarer_side(classes, number) for number in numbers}
    order = sorted(numbers, key=lambda number: sides[number][0])
    names = [subject.table.classes[number] for number in order]
    lacking = {names[k]: folds - sides[c][0] for k, c in enumerate(order)}
    text = _has(classes, order[0], sides[order[0]])
    one = "label" if classes.labels else "class"
    others = f" Likewise for {class_list(names[1:])}." if len(names) > 1 else ""
    total = f", and {sum(lacking.values()):,} for all of these" if others else ""
    remedy = _remedy(subject, numbers, folds)
    return Observation(
        "warning",
        f"{text}, fewer than the {folds} folds: the {one} is trained on, but cannot "
        f"be judged, and averages leave it out.{others}",
        f"It takes {count(lacking[names[0]], 'more case')}{total}. Until then, "
        f"{remedy}.",
        {
            "folds": folds,
            "classes": names,
            "cases": {names[k]: sides[c][0] for k, c in enumerate(order)},
            "cases_lacking": lacking,
        },
    )


def _remedy(subject: Subject, numbers: tuple[int, ...], folds: int) -> str:
    """Return what can be done without more cases, and works."""
    if subject.table.task.kind == "multilabel":
        return "rare='drop' leaves such labels out"
    drop = "rare='drop' leaves their rows out"
    together = np.isin(subject.table.labels(), numbers)
    if len(numbers) < 2 or count_units(subject.tied, together) < folds:
        return drop
    return f"rare='merge' makes one class of all such, and {drop}"


def _rarer_side(classes: ClassSubjects, number: int) -> tuple[int, bool]:
    """Return the cases that must be in every fold, and whether they have the class."""
    one = classes.of(number)
    y = one.table.labels()
    having = not classes.labels or 2 * int(y.sum()) <= len(y)
    return count_units(one.tied, np.asarray(y == int(having))), having


def _has(classes: ClassSubjects, number: int, side: tuple[int, bool]) -> str:
    cases, having = side
    one = classes.of(number)
    name = quoted(one.table.classes[1])
    single, many = f"row without {name}", f"rows without {name}"
    if having:
        single, many = one.terms.one, one.terms.many
    if one.tied is not None:
        return f"The {many} are {count(cases, 'independent case')}"
    return f"There {'is' if cases == 1 else 'are'} {count(cases, single, many)}"


CHECK = Check(
    "EQP027",
    "Classes too rare to be judged",
    check_scarce_classes,
    scope="table",
    tasks=("multiclass", "multilabel"),
)
