# SPDX-License-Identifier: Apache-2.0
"""Metrics of many weightings at once, from grouped sums of weights.

Arrays have the replicates last.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray

Float32Array = npt.NDArray[np.float32]


def running(values: Float32Array) -> Float32Array:
    """Return running sums over the first axis.

    Row by row, which NumPy's own cumulative sum over the first of several axes
    takes about six times as long for.
    """
    total = values.copy()
    for row in range(1, len(total)):
        np.add(total[row - 1], total[row], out=total[row])
    return total


def roc_auc(positive: Float32Array, negative: Float32Array) -> FloatArray:
    """Return AUROC within folds, each positive counting once, `[replicates]`.

    Folds without a class have no ranking and do not count.

    Args:
        positive: `[groups, folds, replicates]` weights, groups falling.
        negative: `[groups, folds, replicates]` weights.
    """
    total = negative.sum(axis=0)
    some = total > 0
    above = running(negative) - negative / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        over = (positive * above).sum(axis=0) / total
        held = np.where(some, positive.sum(axis=0), 0.0)
        lost = np.where(some, over, 0.0)
        return np.asarray(1.0 - lost.sum(axis=0) / held.sum(axis=0))


def average_precision(
    positive: Float32Array, negative: Float32Array, prevalence: float
) -> FloatArray:
    """Return average precision at a prevalence, `[replicates]`.

    Args:
        positive: `[groups, replicates]` weights, groups falling.
        negative: `[groups, replicates]` weights.
        prevalence: The share of positives at which precision is meant.
    """
    tp, fp = running(positive), running(negative)
    odds = (1 - prevalence) / prevalence
    hits, alarms = tp / tp[-1], odds * fp / fp[-1]
    with np.errstate(invalid="ignore"):
        precision = np.where(hits > 0, hits / (hits + alarms), 0.0)
    return np.asarray((positive * precision).sum(axis=0) / tp[-1], np.float64)


def class_mean(
    positive: Float32Array, negative: Float32Array, prevalence: float
) -> FloatArray:
    """Return a mean loss at a prevalence, `[replicates]`.

    Args:
        positive: `[2, replicates]` sums over the positives: weights, weighted
            losses.
        negative: `[2, replicates]` the same over the negatives.
        prevalence: The share of positives that is meant.
    """
    means = positive[1] / positive[0], negative[1] / negative[0]
    return np.asarray(prevalence * means[0] + (1 - prevalence) * means[1], np.float64)
