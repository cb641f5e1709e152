# SPDX-License-Identifier: Apache-2.0
"""EQP008: equal features, different labels."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import figure
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.needs import FEATURES
from equipoise.diagnosis.repeats import EqualRows
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import TWO_CLASSES, Wording, count, share
from equipoise.metrics.ranking import average_precision


def check_conflicting_labels(
    subject: Subject, *, least: float = 0.1
) -> Observation | None:
    """Bound what any model can reach on rows that it cannot tell apart.

    Rows with equal features get equal scores. The best scores are the class rates
    of the sets, and their average precision and accuracy are upper bounds on these
    rows, for any model. It matters if the bound lies further below 1 than the
    half-width of the interval of an average precision on this many positives (rows
    that are one case count once).

    Args:
        subject: The table that is checked.
        least: Silent if it lies below 1 by less than this part of that half-width.
    """
    sets = subject.equal_rows
    mixed = sets.mixed
    if not mixed.any():
        return None
    rows = int(sets.size[mixed].sum())
    positives = int(sets.positives[mixed].sum())
    wrong = int(np.minimum(sets.positives, sets.size - sets.positives).sum())
    accuracy, best = 1 - wrong / int(sets.size.sum()), best_average_precision(sets)
    # Half the Wald width of a share of 1/2: the largest that it can be.
    noise = 0.98 / np.sqrt(subject.units.positives)
    if 1 - best < least * noise:
        return None
    terms = subject.terms
    return Observation(
        "warning" if 1 - best > noise else "info",
        f"{count(rows, 'row')}, {positives:,} of the {subject.counts[1]:,} "
        f"{terms.many} among them, have the same features as {terms.another}. With "
        "these columns no model can exceed an average precision of "
        f"{figure(best, 3)} {_limits(terms, accuracy)} on this table.",
        "Look at some of them: a wrong label can be corrected, a missing column "
        "added. If the columns are coarse, it is the nature of the data.",
        {
            "conflicting_rows": rows,
            "conflicting_positives": positives,
            "conflicting_sets": int(mixed.sum()),
            "best_accuracy": accuracy,
            "best_average_precision": best,
        },
    )


def _limits(terms: Wording, accuracy: float) -> str:
    if terms == TWO_CLASSES:
        return f"or an accuracy of {share(accuracy)}"
    return f"for {terms.many}"


def best_average_precision(sets: EqualRows) -> float:
    """Return the average precision of ranking the sets by their class rate."""
    rate = sets.positives / sets.size
    y = np.repeat([1, 0], len(rate))
    weights = np.concatenate([sets.positives, sets.size - sets.positives])
    return average_precision(y, np.tile(rate, 2), weights.astype(np.float64))


CHECK = Check(
    "EQP008",
    "Conflicting labels",
    check_conflicting_labels,
    needs=(FEATURES,),
    effort="counts",
)
