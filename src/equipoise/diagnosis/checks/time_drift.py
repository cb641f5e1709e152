# SPDX-License-Identifier: Apache-2.0
"""EQP013: what changes over time, and a test file that is not later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import figure
from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.needs import TIME
from equipoise.diagnosis.shift import shifts
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list, share
from equipoise.priors import log_odds
from equipoise.table.units import one_of_each
from equipoise.uncertainty.sample_sizes import difference_interval
from equipoise.uncertainty.shares import effective_counts, effective_rows


def check_time_drift(
    subject: Subject, *, material: float = 0.1, shift: float = 0.1
) -> Observation | NotApplicable | None:
    """Compare the earlier half of the rows with the later one.

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
    early, late = _halves(np.asarray(subject.table.time))
    parts = _prevalence(subject, early, late, shift)
    parts += _columns(subject, early, late, material)
    too_early = _too_early(subject)
    if too_early:
        parts.append(
            f"{share(too_early)} of the test file's rows are earlier than the table's "
            "last row, so the table contains part of their future"
        )
    if not parts:
        return None
    text = "; ".join(parts)
    return Observation(
        "warning",
        f"{text[0].upper()}{text[1:]}.",
        "Split by time (by='time'), so that every model is tested on rows later than "
        "those it was trained on; prefer recent rows, and monitor the model in use.",
        {
            "early_prevalence": float(subject.table.labels()[early].mean()),
            "late_prevalence": float(subject.table.labels()[late].mean()),
            "test_share_before_end": too_early,
        },
    )


def _halves(time: npt.NDArray[np.generic]) -> tuple[IntArray, IntArray]:
    order = np.argsort(time, kind="stable")
    middle = len(order) // 2
    return np.sort(order[:middle]), np.sort(order[middle:])


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
    return [
        f"the share of positives goes from {share(before)} in the earlier half of "
        f"the rows to {share(after)} in the later half"
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
    random = generator(subject.seed, "diagnosis", "drift")
    independent = one_of_each(subject.units.rows, random)
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
    return [
        f"{name_list([s.name for s in drifting])} {verb} between the halves "
        f"(distance {figure(drifting[0].distance)})"
    ]


def _too_early(subject: Subject) -> float:
    test, time = subject.test, subject.table.time
    if test is None or test.time is None or time is None:
        return 0.0
    return float(np.mean(test.time < time.max()))


CHECK = Check("EQP013", "Drift over time", check_time_drift, needs=(TIME,))
