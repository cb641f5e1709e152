# SPDX-License-Identifier: Apache-2.0
"""EQP013: what changes over time, and a test file that is not later."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import figure
from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.diagnosis.class_subjects import ClassSubjects, view_of
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import TIME
from equipoise.diagnosis.shift import shifts
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import capital, class_list, name_list, share
from equipoise.priors import log_odds
from equipoise.table.units import one_of_each
from equipoise.uncertainty.sample_sizes import difference_interval
from equipoise.uncertainty.shares import effective_counts, effective_rows

MOST_CLASSES = 100
"""Of more classes, the rarest are examined."""
NEARLY_HALF = 0.05
"""How far a part of the rows may be from a half that is called one."""


def check_time_drift(
    subject: Subject, *, material: float = 0.1, shift: float = 0.1
) -> Observation | NotApplicable | None:
    """Compare the earlier half of the rows with the later one.

    Rows of one time lie in the same half, so the halves are as equal as that allows.
    The share of positives and the columns have half of the level each. If rows lie in
    groups, or are copies, the share of positives counts the effective number of rows
    of each half (`effective_rows`), and the columns are compared on one row of each
    unit, drawn at random.

    Args:
        subject: The table that is checked.
        material: A column is reported if its distance between the halves, less what
            chance gives, reaches this.
        shift: The share of positives is reported if its log-odds change by this.
    """
    if len(subject.table) < 4:
        return NotApplicable("fewer than 4 rows have no halves to compare")
    too_early = _too_early(subject)
    halves = _halves(np.asarray(subject.table.time))
    if halves is None and not too_early:
        return NotApplicable("all rows have the same time")
    parts: list[str] = []
    evidence: dict[str, Any] = {}
    advice: list[str] = []
    if halves is not None:
        parts, evidence = _shares(subject, *halves, shift)
        parts += _columns(subject, *halves, material)
        advice = [SPLIT] if parts else []
    if too_early:
        parts.append(
            f"{share(too_early)} of the test file's rows are earlier than the table's "
            "last row, so the table contains part of their future"
        )
        advice.append(LATER)
    if not parts:
        return None
    text = "; ".join(parts)
    return Observation(
        "warning",
        f"{capital(text)}.",
        " ".join(advice),
        {**evidence, "test_share_before_end": too_early},
    )


SPLIT = (
    "Split by time, as compare and fit do with time=, so that every model is tested on "
    "rows later than those it was trained on; prefer recent rows, and monitor the "
    "model in use."
)
LATER = (
    "Take test rows that are all later than the table, or leave the later rows of the "
    "table out of training, if the model is meant to predict the future."
)


def _halves(time: npt.NDArray[np.generic]) -> tuple[IntArray, IntArray] | None:
    """Return the earlier rows and the later ones; None if all have one time."""
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    if not len(cuts):
        return None
    middle = len(order) // 2
    cut = int(cuts[np.argmin(np.abs(cuts - middle))])
    return np.sort(order[:cut]), np.sort(order[cut:])


def _named(early: IntArray, late: IntArray) -> tuple[str, str]:
    """Return what the two parts of the rows are called."""
    part = len(early) / (len(early) + len(late))
    if abs(part - 0.5) <= NEARLY_HALF:
        return "earlier half of the rows", "later half"
    return f"earlier {share(part)} of the rows", f"later {share(1 - part)}"


def _shares(
    subject: Subject, early: IntArray, late: IntArray, material: float
) -> tuple[list[str], dict[str, Any]]:
    """Return what is said of the shares of the classes, and the numbers behind it."""
    if subject.binary:
        y = subject.table.labels()
        return _prevalence(subject, early, late, material), {
            "early_prevalence": float(y[early].mean()),
            "late_prevalence": float(y[late].mean()),
        }
    changes = _class_changes(subject, early, late, material)
    evidence = {
        "classes": {
            name: {"early_prevalence": before, "late_prevalence": after}
            for name, _, before, after in changes
        }
    }
    if not changes:
        return [], evidence
    _, text, *_ = changes[0]
    if len(changes) > 1:
        text += f" (so does that of {class_list([name for name, *_ in changes[1:]])})"
    return [text.replace("goes from", "changes from")], evidence


def _class_changes(
    subject: Subject, early: IntArray, late: IntArray, material: float
) -> list[tuple[str, str, float, float]]:
    """Return name, text and both shares of the classes that change, the most first."""
    classes = ClassSubjects(subject)
    numbers = classes.rarest_first[:MOST_CLASSES]
    halves = np.zeros(len(subject.table), np.bool_)
    halves[late] = True
    changes = []
    for number in numbers.tolist():
        one = dataclasses.replace(classes.of(number), tests=len(numbers))
        labelled = view_of(subject.table, number).labelled
        is_late = halves if labelled is None else halves[labelled]
        parts = np.flatnonzero(~is_late), np.flatnonzero(is_late)
        if not all(part.size for part in parts):
            continue
        text = _prevalence(one, *parts, material)
        before, after = (float(one.table.labels()[part].mean()) for part in parts)
        changes += [(one.table.classes[1], line, before, after) for line in text]
    with np.errstate(divide="ignore"):
        return sorted(
            changes, key=lambda c: -abs(float(log_odds(c[3]) - log_odds(c[2])))
        )


def _prevalence(
    subject: Subject, early: IntArray, late: IntArray, material: float
) -> list[str]:
    y = subject.table.labels()
    before, after = (int(y[half].sum()) / len(half) for half in (early, late))
    interval = difference_interval(
        *_cases(subject, late), *_cases(subject, early), 1 - subject.alpha / 2
    )
    change = abs(float(log_odds(after) - log_odds(before)))
    if interval[0] <= 0 <= interval[1] or change < material:
        return []
    earlier, later = _named(early, late)
    return [
        f"the share of {subject.terms.many} goes from {share(before)} in the {earlier} "
        f"to {share(after)} in the {later}"
    ]


def _cases(subject: Subject, rows: IntArray) -> tuple[int, int]:
    """Return how many independent cases of some rows are positive, and how many all."""
    y, units = subject.table.labels()[rows], subject.units.rows
    if units is None:
        return int(y.sum()), len(y)
    cases = max(effective_rows(y, units[rows], subject.level), 1.0)
    positives, negatives = effective_counts(float(y.mean()), cases)
    return positives, positives + negatives


def _columns(
    subject: Subject, early: IntArray, late: IntArray, material: float
) -> list[str]:
    earlier, later = _named(early, late)
    random = generator(subject.seed, "diagnosis", "drift")
    independent = one_of_each(subject.tied, random)
    if independent is not None:
        early, late = (
            np.intersect1d(half, independent, assume_unique=True)
            for half in (early, late)
        )
    if not subject.table.columns or not early.size or not late.size:
        return []
    drifting = [
        shift
        for shift in shifts(
            subject.table,
            early,
            subject.table,
            late,
            seed=subject.seed,
            alpha=subject.alpha / 2,
        )
        if shift.distance - shift.noise >= material
    ]
    if not drifting:
        return []
    verb = "differs" if len(drifting) == 1 else "differ"
    between = "halves" if later.endswith("half") else f"{earlier} and the {later}"
    return [
        f"{name_list([s.name for s in drifting])} {verb} between the {between} "
        f"(distance {figure(drifting[0].distance)})"
    ]


def _too_early(subject: Subject) -> float:
    test, time = subject.test, subject.table.time
    if test is None or test.time is None or time is None:
        return 0.0
    if test.time.dtype.kind != time.dtype.kind:  # dates and numbers have no order
        return 0.0
    return float(np.mean(test.time < time.max()))


CHECK = Check(
    "EQP013", "Drift over time", check_time_drift, needs=(TIME,), scope="table"
)
