# SPDX-License-Identifier: Apache-2.0
"""EQP014: positives that come from few groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    each group (Kish 1965). Whether groups matter to the class at all is tested by
    the dispersion of their shares of positives (chi-square).

    Args:
        subject: What is looked at.
        coarse: A warning where groups matter and a recall over so many cases is
            wider than +- this, and the positives themselves are not that few.
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
    p_value = dispersion(subject.table.groups, subject.table.y)
    alike = p_value <= subject.alpha
    return Observation(
        "warning" if alike and wide > coarse >= alone else "info",
        f"The {count(positives, 'positive')} come from {count(len(sizes), 'group')}. "
        + ("Groups differ in their share of positives. " if alike else "")
        + f"As far as rows of one group are alike, they are worth no more than "
        f"{effective:.0f} separate ones: a recall to ±{wide:.2f}, not ±{alone:.2f}.",
        "Split by group (by='group'), so that no group is on both sides, and read "
        "intervals that resample groups.",
        {
            "positives": positives,
            "groups": len(sizes),
            "effective_groups": effective,
            "half_width": wide,
            "p_value": p_value,
        },
    )


def dispersion(groups: npt.NDArray[np.int64], y: npt.ArrayLike) -> float:
    """Return the p-value of equal shares of positives in all groups (chi-square)."""
    from scipy.special import chdtrc

    labels = np.asarray(y, np.float64)
    _, place = np.unique(groups, return_inverse=True)
    size = np.bincount(place).astype(np.float64)
    prior = float(labels.mean())
    excess = np.bincount(place, labels) - size * prior
    statistic = float(np.sum(excess**2 / (size * prior * (1 - prior))))
    return float(chdtrc(len(size) - 1, statistic)) if len(size) > 1 else 1.0


CHECK = Check("EQP014", "Positives from few groups", look)
