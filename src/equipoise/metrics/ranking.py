# SPDX-License-Identifier: Apache-2.0
"""Metrics of an order: any monotone transform of the scores gives the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise.metrics.confusion import INFINITE, Counts, Curve, OperatingPoint, curve
from equipoise.metrics.decisions import precision, recall
from equipoise.metrics.estimate import NAN
from equipoise.metrics.inputs import binary_labels, check_row_weights


def average_precision(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the average precision: the mean precision met at each positive.

    Go down the rows from the highest score. At each positive, take the precision of
    all rows so far; average precision is the mean of these. In a formula it is the sum
    over thresholds of (R_n - R_{n-1}) P_n, with recall R and precision P, without
    interpolation; tied rows share one threshold, as in scikit-learn. Scores without
    information give about the share of positives.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores, the larger the more positive.
        weights: `[rows]` weights, or None; weight k counts as k copies.

    Returns:
        A number in (0, 1]; NaN without positives.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
        0.8333
    """
    return _average_precision(curve(y, score, weights).counts)


def _average_precision(c: Counts) -> float:
    if not c.tp.size or c.tp[-1] == 0:
        return NAN
    gained = np.diff(c.tp, prepend=0.0)
    return float(mean_precision(gained, c.tp / c.flagged, c.tp[-1]))


def mean_precision(
    gained: npt.NDArray[Any], precision: npt.NDArray[Any], total: npt.ArrayLike
) -> npt.NDArray[Any]:
    """Return the sum that defines average precision, over the first axis.

    The positives that each threshold adds count with the precision there.

    Args:
        gained: `[thresholds, ...]` positive weight that each threshold adds.
        precision: `[thresholds, ...]` precision at each threshold.
        total: `[...]` all positive weight.
    """
    return np.asarray(np.sum(gained * precision, axis=0) / total)


def pairs_above(
    counted: npt.NDArray[Any], reached: npt.NDArray[Any], tied: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return the sum that defines AUROC: pairs in which the other class is above.

    A tied pair counts one half. Thresholds fall along the first axis.

    Args:
        counted: `[thresholds, ...]` weight of one class at each threshold.
        reached: `[thresholds, ...]` weight of the other class at or above it.
        tied: `[thresholds, ...]` weight of the other class at the threshold.
    """
    return np.asarray(np.sum(counted * (reached - tied / 2), axis=0))


def minimum_average_precision(
    y: npt.ArrayLike,
    score: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Return the smallest average precision that these classes allow.

    It is reached if each positive scores below each negative:
    (1/P) sum_{i=1..P} i / (i + N) (Boyd et al. 2012, equation 6).

    Args:
        y: `[rows]` labels, 0 or 1.
        score: Not used; accepted so that all metrics have one signature.
        weights: `[rows]` weights, or None. A positive of weight 2.5 counts as two
            copies and half of one; the smallest parts come first, which is the
            worst order.

    Returns:
        A number in (0, 1]; NaN without positives.

    Example:
        >>> round(minimum_average_precision([1, 0, 0, 1]), 4)
        0.4167
    """
    positive = binary_labels(y)
    weight = check_row_weights(weights, positive.shape)
    p = float(weight[positive].sum())
    n = float(weight[~positive].sum())
    if p == 0:
        return NAN
    if n == 0:
        return 1.0
    parts, copies = np.modf(weight[positive])
    part = np.sort(parts[parts > 0])
    passed = np.cumsum(part)
    begun = float(passed[-1]) if part.size else 0.0
    first = float(np.sum(part * passed / (passed + n)))
    return (first + _copies_passed(float(copies.sum()), begun, n)) / p


_SUMMED = 1_000_000
"""Up to this many terms are added up one by one."""


def _copies_passed(copies: float, before: float, n: float) -> float:
    """Return sum_{i=1..copies} (before + i) / (before + i + n)."""
    at = before + np.arange(1.0, min(copies, _SUMMED) + 1)
    total = float(np.sum(at / (at + n)))
    if copies <= _SUMMED:
        return total
    # The rest by the Euler-Maclaurin formula, whose error is below 1e-19 a term.
    low, high = before + _SUMMED, before + copies
    whole = (high - low) - n * math.log1p((high - low) / (low + n))
    ends = high / (high + n) - low / (low + n)
    slopes = n / (high + n) ** 2 - n / (low + n) ** 2
    return total + whole + ends / 2 + slopes / 12


def normalised_average_precision(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return (AP - AP_min) / (1 - AP_min), comparable over prevalences.

    Boyd et al. 2012, equation 8.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores, the larger the more positive.
        weights: `[rows]` weights, or None; weight k counts as k copies.

    Returns:
        A number in [0, 1]; NaN without positives or without negatives.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> round(normalised_average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
        0.7143
    """
    value = average_precision(y, score, weights)
    least = minimum_average_precision(y, None, weights)
    return NAN if least == 1 else (value - least) / (1 - least)


def roc_auc(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the probability that a positive scores above a negative.

    Draw one positive and one negative row at random: how often does the positive have
    the higher score? Ties count one half. It is the statistic of Mann and Whitney
    (1947) divided by the number of pairs, and the area under the ROC curve. Scores
    without information give one half at any prevalence.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None; a pair counts the product.

    Returns:
        A number in [0, 1]; NaN without positives or negatives.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    c = curve(y, score, weights).counts
    if not c.tp.size or c.tp[-1] == 0 or c.fp[-1] == 0:
        return NAN
    area = pairs_above(np.diff(c.fp, prepend=0.0), c.tp, np.diff(c.tp, prepend=0.0))
    # Sums of fractional weights are rounded, and could exceed 1 by that.
    return min(1.0, float(area / c.tp[-1] / c.fp[-1]))


def partial_roc_auc(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    max_fpr: float = 0.1,
    standardised: bool = True,
) -> float:
    """Return the area under the ROC curve left of a false positive rate.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.
        max_fpr: The largest false positive rate, in (0, 1].
        standardised: Whether to map chance to .5 and perfection to 1 (McClish
            1989), as scikit-learn does. Else the bare area, at most `max_fpr`.

    Returns:
        NaN without positives or negatives.

    Raises:
        InputError: The arrays do not fit together, or `max_fpr` is out of range.

    Example:
        >>> y, score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> round(partial_roc_auc(y, score, max_fpr=0.5), 4)
        0.6667
        >>> partial_roc_auc(y, score, max_fpr=0.5, standardised=False)
        0.25
    """
    limit = number(max_fpr, "max_fpr", 0, 1)
    if limit == 0:
        limit = number(max_fpr, "max_fpr", 0, 1, open_ends=True)
    c = curve(y, score, weights).counts
    if not c.tp.size or c.tp[-1] == 0 or c.fp[-1] == 0:
        return NAN
    fpr = np.concatenate([[0.0], c.fp / c.fp[-1]])
    tpr = np.concatenate([[0.0], c.tp / c.tp[-1]])
    inside = int(np.searchsorted(fpr, limit, side="right"))
    x = np.append(fpr[:inside], limit)
    area = float(np.trapezoid(np.append(tpr[:inside], np.interp(limit, fpr, tpr)), x))
    if not standardised:
        return area
    chance = limit**2 / 2
    return 0.5 * (1 + (area - chance) / (limit - chance))


def precision_at_k(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    k: float = 100,
) -> float:
    """Return the share of positives among the k highest scores.

    If ties cross the border, the expectation over a random order of the tied
    rows is returned (McSherry and Najork 2008), so the order of rows plays no
    role.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None; with weights, k is a total weight.
        k: How many rows, above 0.

    Returns:
        NaN if there are fewer than k rows.

    Raises:
        InputError: The arrays do not fit together, or `k` is not above 0.

    Example:
        >>> precision_at_k([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], k=2)
        0.75
    """
    return _hits_at(curve(y, score, weights).counts, k) / k


def recall_at_k(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    k: float = 100,
) -> float:
    """Return the share of all positives that lie among the k highest scores.

    Ties are handled by expectation, as in `precision_at_k`.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None; with weights, k is a total weight.
        k: How many rows, above 0.

    Returns:
        NaN without positives, or if there are fewer than k rows.

    Raises:
        InputError: The arrays do not fit together, or `k` is not above 0.

    Example:
        >>> recall_at_k([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], k=2)
        0.75
    """
    c = curve(y, score, weights).counts
    hits = _hits_at(c, k)
    return hits / float(c.tp[-1]) if c.tp.size and c.tp[-1] > 0 else NAN


def _hits_at(c: Counts, k: float) -> float:
    """Return the expected weight of positives among the first k."""
    first = number(k, "k", 0, open_ends=True)
    if not c.tp.size or first > c.flagged[-1]:
        return NAN
    ends = np.append(0.0, c.flagged)
    return float(np.interp(first, ends, np.append(0.0, c.tp)))


def recall_at_precision(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    precision: float = 0.9,
) -> float:
    """Return the highest recall at a threshold whose precision is high enough.

    If no threshold reaches the precision the value is 0: nothing is flagged.
    The threshold is found on the same rows, so the value flatters.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.
        precision: The floor, in [0, 1].

    Returns:
        NaN without positives.

    Raises:
        InputError: The arrays do not fit together, or the floor is out of range.

    Example:
        >>> recall_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], precision=0.8)
        0.5
    """
    return threshold_at_precision(y, score, weights, precision=precision).value


def threshold_at_precision(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    precision: float = 0.9,
) -> OperatingPoint:
    """Return the highest recall at a precision, with its threshold.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.
        precision: The floor, in [0, 1].

    Returns:
        The recall, and the highest threshold that reaches it; infinity if
        none reaches the floor.

    Raises:
        InputError: The arrays do not fit together, or the floor is out of range.

    Example:
        >>> threshold_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        OperatingPoint(value=0.5, threshold=0.8)
    """
    floor = number(precision, "precision", 0, 1)
    points = curve(y, score, weights)
    return _best(
        points,
        recall.of_counts(points.counts),
        _precision.of_counts(points.counts) >= floor,
    )


def precision_at_recall(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    recall: float = 0.8,
) -> float:
    """Return the highest precision at a threshold whose recall is high enough.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.
        recall: The floor, in [0, 1].

    Returns:
        NaN without positives. The threshold is found on the same rows, so the
        value flatters.

    Raises:
        InputError: The arrays do not fit together, or the floor is out of range.

    Example:
        >>> precision_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=0.5)
        1.0
    """
    return threshold_at_recall(y, score, weights, recall=recall).value


def threshold_at_recall(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    recall: float = 0.8,
) -> OperatingPoint:
    """Return the highest precision at a recall, with its threshold.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None.
        recall: The floor, in [0, 1].

    Returns:
        The precision, and the lowest threshold that reaches it, which has the
        most recall.

    Raises:
        InputError: The arrays do not fit together, or the floor is out of range.

    Example:
        >>> threshold_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=0.9)
        OperatingPoint(value=0.6666666666666666, threshold=0.35)
    """
    floor = number(recall, "recall", 0, 1)
    points = curve(y, score, weights)
    return _best(
        points,
        _precision.of_counts(points.counts),
        _recall.of_counts(points.counts) >= floor,
        prefer_low=True,
    )


# The keyword arguments above hide these names.
_precision, _recall = precision, recall


def _best(
    points: Curve,
    value: npt.NDArray[np.float64],
    allowed: npt.NDArray[np.bool_],
    prefer_low: bool = False,
) -> OperatingPoint:
    if not value.size or points.counts.tp[-1] == 0:
        return OperatingPoint(NAN, NAN)
    if not allowed.any():
        return OperatingPoint(0.0, INFINITE)
    masked = np.where(allowed, value, -1.0)
    at = int(np.argmax(masked))
    if prefer_low:
        at = masked.size - 1 - int(np.argmax(masked[::-1]))
    return OperatingPoint(float(value[at]), float(points.threshold[at]))
