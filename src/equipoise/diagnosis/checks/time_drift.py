# SPDX-License-Identifier: Apache-2.0
"""EQP013: what changes over time, and a test file that is not later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.shift import shifts
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import name_list, share
from equipoise.priors import log_odds
from equipoise.uncertainty.sample_sizes import difference_interval


def look(
    subject: Subject, *, material: float = 0.1, shift: float = 0.1
) -> Observation | NotApplicable | None:
    """Compare the earlier half of the rows with the later one.

    The share of positives and the columns have half of the level each.

    Args:
        subject: What is looked at.
        material: A column counts where its distance between the halves, less what
            chance gives, reaches this.
        shift: The share of positives counts where its log-odds move by this.
    """
    if subject.table.time is None:
        return NotApplicable("no time column was named")
    if len(subject.table) < 4:
        return NotApplicable("fewer than 4 rows have no halves to compare")
    early, late = _halves(subject.table.time)
    parts = _prevalence(subject, early, late, shift)
    parts += _columns(subject, early, late, material)
    before = _too_early(subject)
    if before:
        parts.append(
            f"{share(before)} of the test file's rows are earlier than the table's "
            "last row, so the table knows part of their future"
        )
    if not parts:
        return None
    text = "; ".join(parts)
    return Observation(
        "warning",
        f"{text[0].upper()}{text[1:]}.",
        "Split by time (by='time'), so that every model is tested on later rows than "
        "it was trained on; prefer recent rows, and watch the model in use.",
        {
            "early_prevalence": float(subject.table.labels()[early].mean()),
            "late_prevalence": float(subject.table.labels()[late].mean()),
            "test_share_before_end": before,
        },
    )


def _halves(
    time: npt.NDArray[np.generic],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    order = np.argsort(time, kind="stable")
    middle = len(order) // 2
    return np.sort(order[:middle]), np.sort(order[middle:])


def _prevalence(
    subject: Subject,
    early: npt.NDArray[np.int64],
    late: npt.NDArray[np.int64],
    material: float,
) -> list[str]:
    hits = [int(subject.table.labels()[part].sum()) for part in (early, late)]
    before, after = hits[0] / len(early), hits[1] / len(late)
    low, high = difference_interval(
        hits[1], len(late), hits[0], len(early), 1 - subject.alpha / 2
    )
    moved = abs(float(log_odds(after) - log_odds(before)))
    if low <= 0 <= high or moved < material:
        return []
    return [
        f"the share of positives goes from {share(before)} in the earlier half of "
        f"the rows to {share(after)} in the later"
    ]


def _columns(
    subject: Subject,
    early: npt.NDArray[np.int64],
    late: npt.NDArray[np.int64],
    material: float,
) -> list[str]:
    if not subject.table.columns:
        return []
    found = [
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
    if not found:
        return []
    verb = "differs" if len(found) == 1 else "differ"
    return [
        f"{name_list([s.name for s in found])} {verb} between the halves "
        f"(distance {figure(found[0].distance)})"
    ]


def _too_early(subject: Subject) -> float:
    test = subject.test
    if test is None or test.time is None or subject.table.time is None:
        return 0.0
    return float(np.mean(test.time < subject.table.time.max()))


CHECK = Check("EQP013", "Drift over time", look)
