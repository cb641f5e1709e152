# SPDX-License-Identifier: Apache-2.0
"""Average precision without each row in turn, and the variance from it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.inputs import check_labels, check_scores

NAN = float("nan")


def without_each_row(y: npt.ArrayLike, score: npt.ArrayLike) -> FloatArray:
    """Return the average precision of the other rows, for each row.

    With p_g positives at the g-th highest score, and T_g true and F_g false
    positives at or above it, AP = (1/P) sum_g p_g T_g / (T_g + F_g). Without a
    negative, F_g is one smaller at its score and at all lower ones; without a
    positive, T_g is, and p_g and P are one smaller too. Higher scores keep their
    terms. So two cumulative sums give all values after one sort, exactly.

    Args:
        y: `[rows]` labels: 0 and 1.
        score: `[rows]` scores; tied rows share one threshold.

    Returns:
        `[rows]` values; NaN for the only positive, and without positives.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> without_each_row([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).round(3).tolist()
        [0.833, 1.0, 1.0, 0.5]
    """
    positive = check_labels(y)
    s = check_scores(score, positive.shape)
    # `unique` sorts upwards; thresholds run from the highest score down.
    group = np.unique(-s, return_inverse=True)[1]
    held = np.bincount(group, positive)
    true, flagged = np.cumsum(held), np.cumsum(np.bincount(group))
    # A lone flagged row leaves none: its term is 0, or no row makes use of it.
    fewer = np.maximum(flagged - 1, 1)
    terms = held * true / flagged
    above = np.cumsum(terms) - terms
    negative_gone = above + _from_here(held * true / fewer)
    after = held * (true - 1) / fewer
    own = (held - 1) * (true - 1) / fewer
    positive_gone = above + own + _from_here(after) - after
    total = float(true[-1])
    return np.where(
        positive,
        positive_gone[group] / (total - 1 if total > 1 else NAN),
        negative_gone[group] / (total or NAN),
    )


def stratified_variance(
    values: FloatArray, y: BoolArray, unit: IntArray | None = None
) -> float:
    """Return the jackknife's variance where each class is a sample of its own.

    Of independent rows: sum over classes of (n_c - 1) / n_c * sum_i d_i^2, with
    d_i = value_i - mean_c. Of clusters, to first order in what a cluster holds: the
    sum over clusters of the square of the sum of its rows' d_i (n_c - 1) / n_c *
    sqrt(m_c / (m_c - 1)), where m_c clusters hold rows of the class. With one row in
    each cluster both are the same.

    Args:
        values: `[rows]` a statistic without each row.
        y: `[rows]` whether a row is positive.
        unit: `[rows]` cluster numbers from 0, or None where rows are independent.

    Example:
        >>> y = np.array([False, False, True, True])
        >>> round(stratified_variance(np.array([0.5, 0.7, 0.2, 0.2]), y), 6)
        0.01

    References:
        Efron and Stein (1981), The jackknife estimate of variance, Annals of
        Statistics 9; Arvesen (1969), Annals of Mathematical Statistics 40, for
        several samples.
    """
    units = np.arange(y.size) if unit is None else unit
    moved = np.zeros(y.size)
    for rows in (y, ~y):
        n, m = int(rows.sum()), int(np.unique(units[rows]).size)
        if n > 0:
            scale = (n - 1) / n * math.sqrt(m / max(m - 1, 1))
            moved[rows] = scale * (values[rows] - values[rows].mean())
    return float(np.sum(np.bincount(units, moved) ** 2))


def _from_here(terms: FloatArray) -> FloatArray:
    """Return, for each threshold, the sum over it and all lower ones."""
    return np.cumsum(terms[::-1])[::-1]
