# SPDX-License-Identifier: Apache-2.0
"""EQP019: positives that lie among negatives."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import significant
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import COLUMNS, ENOUGH_TO_SEARCH
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import capital, share
from equipoise.uncertainty.proportion import normal_quantile


def check_overlap(subject: Subject, *, clear: float = 0.4) -> Observation | None:
    """Compare the neighbours of the positives with what chance gives.

    The share of positives among the 5 nearest neighbours of a positive is averaged
    over the positives, with a normal interval.

    Args:
        subject: The table that is checked.
        clear: Silent if the share is at least this: neighbours decide correctly.
    """
    near = subject.neighbourhood
    purity = near.purity
    mean = float(purity.mean())
    error = float(purity.std(ddof=1)) / np.sqrt(len(purity))
    low = mean - normal_quantile((1 + subject.level) / 2) * error
    if mean >= clear:
        return None
    terms = subject.terms
    lost = low <= near.prevalence
    return Observation(
        "warning" if lost else "info",
        f"Of the 5 nearest neighbours of a {terms.one}, {share(mean)} {terms.are}; by "
        f"chance it would be {share(near.prevalence)}. "
        + (
            f"The columns show no region where {terms.short} gather."
            if lost
            else f"{capital(terms.short)} gather, "
            f"{significant(mean / near.prevalence, 2)} times more than by chance, but "
            f"among {terms.negatives}."
        ),
        "Sampling and weighting cannot separate classes that the columns do not "
        "separate: expect a ranking rather than clear decisions, and look for columns "
        "that tell the classes apart. SMOTE would put new rows among "
        f"{terms.negatives}.",
        {
            "positive_neighbours": mean,
            "low": low,
            "by_chance": near.prevalence,
            "positives_asked": len(purity),
        },
    )


CHECK = Check(
    "EQP019",
    "Positives among negatives",
    check_overlap,
    needs=(COLUMNS, ENOUGH_TO_SEARCH),
    deep=True,
    effort="models",
)
