# SPDX-License-Identifier: Apache-2.0
"""How much each row moves a ranking metric of one view, under any row weights.

The influence of a row says how the metric answers to its weight: if the weights of the
rows are multiplied by factors f near 1, the metric moves by the sum of (f - 1) times
the influences. `uncertainty.influence` holds the forms that intervals of two classes
take, which are centred within the classes; these are not, so that influences of several
views can be added first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.metrics.estimate import NAN
from equipoise.metrics.ranking import minimum_average_precision
from equipoise.uncertainty.weighted_metrics import without_each_row


@dataclass(frozen=True, eq=False)
class ViewInfluence:
    """A metric of one view, with each row's influence.

    Attributes:
        value: The metric; NaN if it is undefined.
        row: `[rows]` influence of each row, not centred; 0 if it is undefined.
        bias: Estimated excess of the value's expectation, to first order.
    """

    value: float
    row: FloatArray
    bias: float = 0.0


def average_precision_of_view(
    y: BoolArray,
    score: FloatArray,
    weights: FloatArray,
    left: FloatArray | None = None,
    *,
    slope: bool = False,
) -> ViewInfluence:
    """Return average precision with each row's influence.

    If all rows weigh the same, the influence is what leaving the row out takes away,
    exactly, times the share of the row's stratum that is left: the delete-one
    jackknife, which with few positives is nearer to the truth than a slope. Otherwise
    it is the slope: with T positives and F negatives at or above a threshold, the
    precision T / (T + F) moves by F / (T + F)^2 with each further positive above it
    and by -T / (T + F)^2 with each further negative.

    Args:
        y: `[rows]` whether a row is positive.
        score: `[rows]` scores; tied rows share one threshold.
        weights: `[rows]` weights above 0.
        left: `[rows]` the share of each row's stratum that is left without it; None if
            the strata are the two classes.
        slope: Whether to take the slope in any case.

    Example:
        >>> y, score = np.array([False, True, True]), np.array([3.0, 2.0, 1.0])
        >>> one = average_precision_of_view(y, score, np.ones(3))
        >>> round(one.value, 4), one.row.round(4).tolist()
        (0.5833, [-0.0, 0.0417, 0.0417])
    """
    total = float(weights[y].sum())
    if total == 0:
        return ViewInfluence(NAN, np.zeros(y.size))
    # `unique` sorts upwards; thresholds run from the highest score down.
    group = np.unique(-score, return_inverse=True)[1]
    hits = np.bincount(group, weights=weights * y)
    flagged = np.cumsum(np.bincount(group, weights=weights))
    reached = np.cumsum(hits)
    precision = reached / flagged
    value = float(np.sum(hits * precision) / total)
    # What each positive adds to its own precision (as for two classes).
    mass = np.bincount(group, weights=weights**2 * y)
    bias = float(np.sum(mass * (flagged - reached) / flagged**2) / total)
    count = int(np.count_nonzero(y))
    if not slope and count > 1 and weights.min() == weights.max():
        if left is None:
            left = np.where(y, 1 - 1 / count, 1 - 1 / max(y.size - count, 1))
        taken = value - without_each_row(y, score)
        return ViewInfluence(value, taken * left, bias)
    each = hits / flagged**2
    gain = np.cumsum((each * (flagged - reached))[::-1])[::-1]
    loss = np.cumsum((each * reached)[::-1])[::-1]
    raw = np.where(y, (precision + gain)[group] - value, -loss[group])
    return ViewInfluence(value, weights * raw / total, bias)


def normalised_average_precision_of_view(
    y: BoolArray,
    score: FloatArray,
    weights: FloatArray,
    left: FloatArray | None = None,
) -> ViewInfluence:
    """Return normalised average precision with each row's influence.

    The least possible value depends on the totals of the classes alone and is held
    fixed, as intervals are for the table's share of positives.

    Args:
        y: `[rows]` whether a row is positive.
        score: `[rows]` scores.
        weights: `[rows]` weights above 0.
        left: As in `average_precision_of_view`.
    """
    one = average_precision_of_view(y, score, weights, left)
    least = minimum_average_precision(y, None, weights)
    if not least < 1:
        return ViewInfluence(NAN, np.zeros(y.size))
    scale = 1 / (1 - least)
    value = (one.value - least) * scale
    return ViewInfluence(value, one.row * scale, one.bias * scale)


def roc_auc_of_view(
    y: BoolArray,
    score: FloatArray,
    weights: FloatArray,
    folds: IntArray | None = None,
) -> ViewInfluence:
    """Return AUROC with each row's influence, from its placement value.

    Args:
        y: `[rows]` whether a row is positive.
        score: `[rows]` scores.
        weights: `[rows]` weights above 0.
        folds: `[rows]` numbers from 0: AUROC is taken within each fold, and each
            positive counts once. Folds without a class do not count. None: over all
            rows.

    Example:
        >>> y, score = np.array([False, False, True]), np.array([0.1, 0.4, 0.3])
        >>> one = roc_auc_of_view(y, score, np.ones(3))
        >>> one.value, one.row.tolist()
        (0.5, [0.25, -0.25, 0.0])
    """
    fold = np.zeros(y.size, np.int64) if folds is None else folds
    over, total = _share_of_others(y, score, weights, fold)
    counts = (total[fold] > 0).all(axis=1)
    held = float(weights[y & counts].sum())
    if held == 0:
        return ViewInfluence(NAN, np.zeros(y.size))
    value = float(np.sum((weights * over)[y & counts]) / held)
    # A negative's share is of the positives of its fold, whose mean is the fold's
    # AUROC; the fold counts with the weight of its positives.
    each = np.bincount(fold[y], (weights * np.where(counts, over, 0.0))[y], len(total))
    area = each / np.maximum(total[:, 0], 1e-300)
    share = total[:, 0] / np.maximum(total[:, 1], 1e-300)
    raw = np.where(y, over - value, share[fold] * (over - area[fold]))
    return ViewInfluence(value, np.where(counts, weights * raw / held, 0.0))


def _share_of_others(
    y: BoolArray, score: FloatArray, weights: FloatArray, fold: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return how well each row is placed, and both classes' weight by fold.

    `[rows]` share of the negatives of its fold below a positive, of the positives of
    its fold above a negative; ties count one half. `[folds, 2]` weight of the
    positives and of the negatives.
    """
    order = np.lexsort((score, fold))
    s, k = score[order], fold[order]
    starts = np.append(True, (s[1:] != s[:-1]) | (k[1:] != k[:-1]))
    group = np.cumsum(starts) - 1
    folds = int(fold.max()) + 1 if fold.size else 0
    total = np.zeros((folds, 2))
    below = np.zeros((2, y.size))
    for column, rows in enumerate((y, ~y)):
        mass = (weights * rows)[order]
        total[:, column] = np.bincount(k, mass, folds)
        of_group = np.bincount(group, mass)
        passed = np.cumsum(of_group)
        before = np.concatenate([[0.0], np.cumsum(total[:, column])[:-1]])
        at = (passed - of_group / 2)[group] - before[k]
        below[column, order] = at
    with np.errstate(divide="ignore", invalid="ignore"):
        over = below[1] / total[fold, 1]
        under = 1 - below[0] / total[fold, 0]
    return np.where(y, over, under), total
