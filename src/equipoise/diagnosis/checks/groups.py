# SPDX-License-Identifier: Apache-2.0
"""EQP014: positives that come from few groups."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.bounds import share_half_width
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import count


def look(
    subject: Subject, *, coarse: float = 0.10, recall: float = 0.75
) -> Observation | NotApplicable | None:
    """Compare the number of positives with the number of groups they come from.

    Rows of one group are alike, so in the worst case a group counts as one case.
    The effective number of groups is (sum n)^2 / sum n^2 over the positives n of
    each group (Kish 1965).

    Args:
        subject: What is looked at.
        coarse: A warning where a recall over so many cases is wider than +- this,
            and the positives themselves are not that few.
        recall: The recall meant.
    """
    if subject.table.groups is None:
        return NotApplicable("no group column was named")
    positives = subject.counts[1]
    _, sizes = np.unique(subject.table.groups[subject.table.y == 1], return_counts=True)
    if len(sizes) == positives:
        return None
    effective = float(sizes.sum() ** 2 / np.sum(sizes.astype(np.float64) ** 2))
    wide = share_half_width(recall, effective, subject.level)
    alone = share_half_width(recall, positives, subject.level)
    return Observation(
        "warning" if wide > coarse >= alone else "info",
        f"The {count(positives, 'positive')} come from {count(len(sizes), 'group')}; "
        f"where rows of one group are alike, they are worth as little as "
        f"{effective:.0f} separate ones (recall to ±{wide:.2f}, not ±{alone:.2f}).",
        "Split by group (by='group'), so that no group is on both sides, and read "
        "intervals that resample groups.",
        {
            "positives": positives,
            "groups": len(sizes),
            "effective_groups": effective,
            "half_width": wide,
        },
    )


CHECK = Check("EQP014", "Positives from few groups", look)
