# SPDX-License-Identifier: Apache-2.0
"""Metrics of many weightings at once, from grouped sums of weights.

Arrays have the replicates last. Each metric comes in three forms, the first axis
of the result: as it is; with a pseudo-row of each class where it harms most; and
where it helps most. The last two bound the metric where the data can show no
spread: for recall, which is a share, a whole pseudo-row gives exactly the
intervals of Clopper and Pearson, and half a row those of mid-p.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise.evaluation.resampled import Draw
from equipoise.metrics.confusion import Counts

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

PLAIN, ADVERSE, FAVOURABLE = 0, 1, 2


def running(values: Float32Array) -> Float32Array:
    """Return running sums over the first axis.

    Row by row, which NumPy's own cumulative sum over the first of several axes
    takes about six times as long for.
    """
    total = values.copy()
    for row in range(1, len(total)):
        np.add(total[row - 1], total[row], out=total[row])
    return total


def roc_auc(positive: Float32Array, negative: Float32Array, draw: Draw) -> FloatArray:
    """Return AUROC within folds, each positive counting once, `[3, replicates]`.

    Args:
        positive: `[groups, folds, replicates]` weights, groups falling.
        negative: `[groups, folds, replicates]` weights.
        draw: The replicates' pseudo-rows.
    """
    total = negative.sum(axis=0)
    some = total > 0
    above = running(negative) - negative / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        over = (positive * above).sum(axis=0) / total
    held = np.where(some, positive.sum(axis=0), 0.0)
    lost = np.where(some, over, 0.0)
    # Each fold holds its share of the pseudo-negative.
    share = draw.extra_negative / max(len(total), 1)
    kept = held - lost
    mass = held.sum(axis=0)
    shrink = total / (total + share)
    adverse = (kept * shrink).sum(axis=0) / (mass + draw.extra_positive)
    favourable = (held - lost * shrink).sum(axis=0) + draw.extra_positive
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = kept.sum(axis=0) / mass
    return np.stack([plain, adverse, favourable / (mass + draw.extra_positive)])


def average_precision(
    positive: Float32Array, negative: Float32Array, prevalence: float, draw: Draw
) -> FloatArray:
    """Return average precision at a prevalence, `[3, replicates]`.

    Args:
        positive: `[groups, replicates]` weights, groups falling.
        negative: `[groups, replicates]` weights.
        prevalence: The share of positives at which precision is meant.
        draw: The replicates' pseudo-rows.
    """
    tp, fp = running(positive), running(negative)
    p, n = tp[-1], fp[-1]
    extra, false = draw.extra_positive, draw.extra_negative
    odds = (1 - prevalence) / prevalence

    def mean_precision(
        hits: Float32Array, alarms: Float32Array, all_p: Float32Array
    ) -> Float32Array:
        rate = hits / all_p
        with np.errstate(invalid="ignore"):
            precision = rate / (rate + odds * alarms)
        return np.asarray((positive * np.where(hits > 0, precision, 0.0)).sum(axis=0))

    plain = mean_precision(tp, fp / n, p) / p
    adverse = mean_precision(tp, (fp + false) / (n + false), p + extra)
    favourable = mean_precision(tp + extra, fp / (n + false), p + extra)
    # A positive below all rows has the precision of flagging everything.
    adverse = (adverse + extra * prevalence) / (p + extra)
    return np.stack([plain, adverse, (favourable + extra) / (p + extra)])


def class_mean(
    positive: Float32Array,
    negative: Float32Array,
    worst: tuple[float, float],
    prevalence: float,
    draw: Draw,
) -> FloatArray:
    """Return a mean loss at a prevalence, `[3, replicates]`; the smaller the better.

    Args:
        positive: `[2, replicates]` sums over the positives: weights, weighted
            losses.
        negative: `[2, replicates]` the same over the negatives.
        worst: The loss of a pseudo-positive and of a pseudo-negative that harm;
            those that help have none.
        prevalence: The share of positives that is meant.
        draw: The replicates' pseudo-rows.
    """
    forms = []
    for bad in (None, worst, (0.0, 0.0)):
        mean = 0.0
        for (mass, loss), extra, share, each in (
            (positive, draw.extra_positive, prevalence, 0),
            (negative, draw.extra_negative, 1 - prevalence, 1),
        ):
            added = 0.0 if bad is None else extra
            cost = 0.0 if bad is None else bad[each]
            mean = mean + share * (loss + added * cost) / (mass + added)
        forms.append(mean)
    return np.stack(forms)


def decisions(
    tp: Float32Array,
    fp: Float32Array,
    positives: Float32Array,
    negatives: Float32Array,
    size: tuple[int, int],
    draw: Draw,
    metric: Callable[[Counts], FloatArray],
) -> FloatArray:
    """Return a metric of the confusion matrix, `[3, replicates]`.

    Args:
        tp: `[replicates]` weight of the flagged positives.
        fp: `[replicates]` weight of the flagged negatives.
        positives: `[replicates]` weight of the positives.
        negatives: `[replicates]` weight of the negatives.
        size: The numbers of negatives and positives that the rates refer to.
        draw: The replicates' pseudo-rows.
        metric: A function of `Counts`.
    """
    n, p = size
    extra, false = draw.extra_positive, draw.extra_negative
    rates = (
        (tp / positives, fp / negatives),
        (tp / (positives + extra), (fp + false) / (negatives + false)),
        ((tp + extra) / (positives + extra), fp / (negatives + false)),
    )
    forms = []
    for hit, alarm in rates:
        # Sums in float32 can leave a share a last bit above 1.
        caught = np.minimum(np.asarray(hit, np.float64), 1.0)
        false_alarm = np.minimum(np.asarray(alarm, np.float64), 1.0)
        cells = (p * caught, n * false_alarm, p * (1 - caught), n * (1 - false_alarm))
        forms.append(metric(Counts(*cells)))
    return np.stack(forms)
