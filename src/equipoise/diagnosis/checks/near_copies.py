# SPDX-License-Identifier: Apache-2.0
"""EQP024: rows that nearly equal another."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import FEATURES
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count
from equipoise.table.duplicates import Duplicates, judge_duplicates
from equipoise.table.units import count_units


def check_near_copies(
    subject: Subject, *, material: float = 0.01
) -> Observation | None:
    """Count rows that hardly differ from another.

    `equipoise.table.near` describes how they are found.

    Args:
        subject: The table that is checked.
        material: A warning from this share of the rows, or of the positives.
    """
    judged = judge_duplicates(subject.table)
    if not judged.near:
        return None
    if not subject.binary:
        return _of_classes(subject, judged, material)
    y = subject.table.labels() == 1
    rows, positives = len(y), int(y.sum())
    sizes = np.bincount(judged.groups)
    several = sizes[judged.groups] > 1
    labels = np.bincount(judged.groups, y)
    mixed = int(np.count_nonzero((labels > 0) & (labels < sizes)))
    cases = count_units(judged.groups, np.ones(rows, np.bool_))
    distinct = count_units(judged.groups, y)
    grave = rows - cases >= material * rows or positives - distinct >= (
        material * positives
    )
    verb = "equals" if judged.near == 1 else "equal"
    message = (
        f"{count(judged.near, 'row')} nearly {verb} another: {_how(judged.apart)}. If "
        f"equal and nearly equal rows count once, the {rows:,} rows are "
        f"{count(cases, 'case')}, and the {positives:,} positives {distinct:,}."
    )
    if mixed:
        holds = "holds" if mixed == 1 else "hold"
        message += f" {count(mixed, 'set')} of such rows {holds} both classes."
    return Observation(
        "warning" if grave and subject.duplicates != "ignore" else "info",
        message,
        ADVICE[subject.duplicates],
        {
            "near_rows": judged.near,
            "rows_in_sets": int(np.count_nonzero(several)),
            "cases": cases,
            "positive_cases": distinct,
            "mixed_sets": mixed,
            "apart": judged.apart,
            "by_coincidence": judged.near_expected,
        },
    )


ADVICE = {
    "auto": "They are kept on one side of every split and count as one case "
    "(duplicates='auto'). Keep one row of each set, or pass duplicates='ignore' if "
    "each is a new measurement.",
    "group": "Of these, only equal rows are kept on one side of every split "
    "(duplicates='group'). Pass duplicates='auto', which keeps all of them together; "
    "or keep one row of each set.",
    "ignore": "Each counts as a case of its own (duplicates='ignore'). If they are no "
    "new measurements, all scores are too high: pass duplicates='auto', or keep one "
    "row of each set.",
}
"""What to do, by how equal rows are treated."""


def _of_classes(subject: Subject, judged: Duplicates, material: float) -> Observation:
    """Say the same of a table of several classes or labels."""
    y, rows = subject.table.labels(), len(subject.table)
    groups = np.asarray(judged.groups)
    cases = int(np.unique(groups).size)
    several = np.bincount(groups)[groups] > 1
    order = np.argsort(groups, kind="stable")
    same = groups[order][1:] == groups[order][:-1]
    differ = (y[order][1:] != y[order][:-1]).reshape(rows - 1, -1).any(1)
    mixed = int(np.unique(groups[order][1:][same & differ]).size)
    verb = "equals" if judged.near == 1 else "equal"
    message = (
        f"{count(judged.near, 'row')} nearly {verb} another: {_how(judged.apart)}. If "
        f"equal and nearly equal rows count once, the {rows:,} rows are "
        f"{count(cases, 'case')}."
    )
    if mixed:
        holds = "holds" if mixed == 1 else "hold"
        what = "labels" if subject.table.task.kind == "multilabel" else "classes"
        message += f" {count(mixed, 'set')} of such rows {holds} different {what}."
    grave = rows - cases >= material * rows and subject.duplicates != "ignore"
    return Observation(
        "warning" if grave else "info",
        message,
        ADVICE[subject.duplicates],
        {
            "near_rows": judged.near,
            "rows_in_sets": int(np.count_nonzero(several)),
            "cases": cases,
            "mixed_sets": mixed,
            "apart": judged.apart,
            "by_coincidence": judged.near_expected,
        },
    )


def _how(apart: float) -> str:
    if apart == 0:
        return "only upper and lower case or spaces in text differ"
    return f"the numbers differ by about {apart:.0e} of a column's spread"


CHECK = Check(
    "EQP024",
    "Rows that nearly equal another",
    check_near_copies,
    needs=(FEATURES,),
    scope="table",
)
