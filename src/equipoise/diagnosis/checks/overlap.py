# SPDX-License-Identifier: Apache-2.0
"""EQP019: positives that lie among negatives."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import significant
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share
from equipoise.uncertainty.proportion import normal_quantile

FEWEST_ROWS, FEWEST_POSITIVES = 20, 8


def look(subject: Subject, *, clear: float = 0.4) -> Observation | NotApplicable | None:
    """Compare the positives' neighbours with what chance gives.

    The share of positives among the 5 nearest neighbours of each positive, averaged,
    with a normal interval over the positives.

    Args:
        subject: What is looked at.
        clear: Silent where the share is at least this: neighbours decide rightly.
    """
    reason = too_few(subject)
    if reason:
        return NotApplicable(reason)
    near = subject.neighbourhood
    purity = near.purity
    mean = float(purity.mean())
    error = float(purity.std(ddof=1)) / np.sqrt(len(purity))
    low = mean - normal_quantile((1 + subject.level) / 2) * error
    if mean >= clear:
        return None
    lost = low <= near.prevalence
    return Observation(
        "warning" if lost else "info",
        f"Of the 5 nearest neighbours of a positive {share(mean)} are positive; in a "
        f"random order it would be {share(near.prevalence)}. "
        + (
            "The columns show no place where positives gather."
            if lost
            else f"Positives gather, {significant(mean / near.prevalence, 2)} times "
            f"more than by "
            "chance, but among negatives."
        ),
        "Sampling and weighting do not separate what the columns do not: expect a "
        "ranking rather than a decision, and look for columns that tell them apart. "
        "SMOTE would put new rows among negatives.",
        {
            "positive_neighbours": mean,
            "low": low,
            "by_chance": near.prevalence,
            "positives_asked": len(purity),
        },
    )


def too_few(subject: Subject) -> str:
    """Return why neighbours cannot be asked for; empty where they can."""
    if not subject.table.columns:
        return "the table has no feature columns"
    if len(subject.table) < FEWEST_ROWS or subject.counts[1] < FEWEST_POSITIVES:
        return (
            f"neighbours take {FEWEST_ROWS} rows and {FEWEST_POSITIVES} positives "
            "at least"
        )
    return ""


CHECK = Check("EQP019", "Positives among negatives", look, deep=True)
