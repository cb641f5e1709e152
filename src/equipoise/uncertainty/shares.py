# SPDX-License-Identifier: Apache-2.0
"""Exact intervals of decision metrics that are a share of some rows.

Recall is a share of the positives, precision of the flagged rows, and F1 is a
monotone transform of the share of right flags among the rows that are positive
or flagged (the Jaccard index). Each share is binomial given its number of rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import number
from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics.inputs import check_columns
from equipoise.uncertainty.influence import effective_clusters, jackknifed
from equipoise.uncertainty.proportion import (
    clopper_pearson,
    effective_size,
    normal_quantile,
)
from equipoise.uncertainty.score_interval import t_quantile

PRIOR_CLUSTERS = 0.25
"""Weight of the largest variance that as many clusters allow, in the shrinkage; chosen
by simulation (`benchmarks/coverage_clusters.py`)."""

ShareRows = Callable[[BoolArray, BoolArray], tuple[BoolArray, BoolArray]]

SHARES: dict[str, ShareRows] = {
    "recall": lambda y, flag: (y & flag, y),
    "precision": lambda y, flag: (y & flag, flag),
    "specificity": lambda y, flag: (~y & ~flag, ~y),
    "negative_predictive_value": lambda y, flag: (~y & ~flag, ~flag),
    "accuracy": lambda y, flag: (y == flag, np.ones_like(y)),
    "flag_rate": lambda y, flag: (flag, np.ones_like(y)),
    "jaccard": lambda y, flag: (y & flag, y | flag),
    "f1": lambda y, flag: (y & flag, y | flag),
}
"""For each metric: which rows count as success, among which rows."""


def decision_share_interval(
    name: str,
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    threshold: float,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a metric in `SHARES`.

    With weights or clusters the effective number of rows takes the place of
    their number (Korn and Graubard 1998), and the interval is approximate.

    Args:
        name: A key of `SHARES`.
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        threshold: Rows with score >= threshold are flagged; chosen on other rows.
        weights: `[rows]` weights, or None.
        clusters: `[rows]` cluster of each row, or None.
        level: Coverage.

    Returns:
        The lower and the upper end; [0, 1] if no row is concerned.

    Example:
        >>> y, score = [1] * 12 + [0] * 88, [0.9] * 9 + [0.1] * 91
        >>> low, high = decision_share_interval("recall", y, score, threshold=0.5)
        >>> round(low, 3), round(high, 3)
        (0.428, 0.945)
    """
    positive, values, weight = check_columns(y, score, weights)
    cut = number(threshold, "threshold", infinite=True)
    hit, among = SHARES[name](positive, values >= cut)
    weight = np.where(among, weight, 0.0)
    group = None if clusters is None else group_numbers(clusters, values.size)
    share, trials = effective_share(hit, weight, group, level)
    # A product of rounded numbers may exceed what it is a share of.
    low, high = clopper_pearson(min(share * trials, trials), trials, level)
    if name == "f1":
        return 2 * low / (1 + low), 2 * high / (1 + high)
    return low, high


def effective_rows(
    y: npt.ArrayLike, clusters: npt.ArrayLike | None, level: float = 0.95
) -> float:
    """Return how many independent rows the share of positives rests on.

    Korn and Graubard (1998): the number of rows over the design effect, and with few
    clusters a little less, since their variance is uncertain.

    Args:
        y: `[rows]` labels, 0 or 1.
        clusters: `[rows]` cluster of each row, or None if rows are independent.
        level: Of the interval or the test that it is for.

    Example:
        >>> effective_rows([0, 1, 1, 0], None)
        4.0
        >>> copies = np.repeat(np.arange(200), 5)
        >>> 190 < effective_rows(np.repeat(np.arange(200) % 4 == 0, 5), copies) <= 200
        True
    """
    positive = np.asarray(y) > 0
    group = None if clusters is None else group_numbers(clusters, positive.size)
    return min(
        effective_share(positive, np.ones(positive.size), group, level)[1],
        float(positive.size),
    )


def effective_counts(share: float, rows: float) -> tuple[int, int]:
    """Return whole numbers of positives and negatives of a share of so many rows.

    Example:
        >>> effective_counts(0.25, 10.2)
        (3, 7)
    """
    positives = round(share * rows)
    return positives, max(0, round(rows) - positives)


def effective_share(
    hit: BoolArray,
    weight: FloatArray,
    group: npt.NDArray[np.generic] | None,
    level: float,
) -> tuple[float, float]:
    """Return the weighted share and its effective number of trials.

    Args:
        hit: `[rows]` what is counted.
        weight: `[rows]` weights; 0 for rows that it is no share of.
        group: `[rows]` cluster of each row, or None.
        level: Of the interval that it is for.

    Example:
        >>> effective_share(np.array([True, False]), np.ones(2), None, 0.95)
        (0.5, 2.0)
    """
    total = float(weight.sum())
    if total == 0:
        return 0.0, 0.0
    size = effective_size(weight)
    used = weight > 0
    right = hit[used]
    # Where all rows agree the share is 0 or 1, not a quotient of rounded sums.
    share = float(right[0])
    if right.any() and not right.all():
        share = min(1.0, float(np.sum(weight[hit])) / total)
    if group is None:
        return share, size
    unit = np.unique(group[used], return_inverse=True)[1]
    m = int(unit.max()) + 1
    if m < 2:
        return share, 1.0
    clusters = effective_clusters(unit, weight[used])
    row = weight[used] * (right - share) / total
    without_each = jackknifed(unit, row, weight[used], np.ones(unit.size, np.bool_))
    variance = (m - 1) / m * float(np.sum(without_each**2))
    if variance == 0:
        return share, min(size, clusters)
    tail = (1 + level) / 2
    # Few clusters make the variance itself uncertain.
    few = float(t_quantile(tail, max(clusters - 1, 1.0)))
    slack = (normal_quantile(tail) / few) ** 2
    seen = variance / (share * (1 - share))
    more = max(clusters - 1, 0.0)
    # By chance a few clusters are too much alike.
    seen = (more * seen + PRIOR_CLUSTERS / clusters) / (more + PRIOR_CLUSTERS)
    return share, min(size, slack / seen)
