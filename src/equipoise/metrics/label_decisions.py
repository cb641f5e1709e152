# SPDX-License-Identifier: Apache-2.0
"""Metrics of decisions on several labels: functions of each label's four counts.

As in `class_decisions`, each comes with its gradient. Labels that are the same for all
rows are in no mean over labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics.confusion import Counts
from equipoise.metrics.estimate import NAN


@dataclass(frozen=True, eq=False)
class LabelValue:
    """A function of the labels' counts at one place.

    Attributes:
        value: The metric; NaN if it is undefined.
        gradient: `[labels, 4]` by how much it moves with the weight of true
            positives, false positives, false negatives and true negatives.
    """

    value: float
    gradient: FloatArray


LabelFunction = Callable[..., LabelValue]


def macro_label_f1(c: Counts, judged: BoolArray) -> LabelValue:
    """Return the mean F1 of the labels that are judged.

    Args:
        c: The counts, arrays `[labels]`.
        judged: `[labels]` whether a label has rows with it and rows without it.

    Example:
        >>> cells = Counts(*np.array([[9.0, 1.0], [3.0, 0.0], [3.0, 1.0], [85.0, 9.0]]))
        >>> round(macro_label_f1(cells, np.array([True, True])).value, 4)
        0.7083
    """
    return _mean_label_f1(c, judged, weighted=False)


def weighted_label_f1(c: Counts, judged: BoolArray) -> LabelValue:
    """Return the mean F1 of the labels, each by the weight of its positives.

    Args:
        c: The counts, arrays `[labels]`.
        judged: `[labels]` whether a label has rows with it and rows without it.

    Example:
        >>> cells = Counts(*np.array([[9.0, 1.0], [3.0, 0.0], [3.0, 1.0], [85.0, 9.0]]))
        >>> round(weighted_label_f1(cells, np.array([True, True])).value, 4)
        0.7381
    """
    return _mean_label_f1(c, judged, weighted=True)


def _mean_label_f1(c: Counts, judged: BoolArray, *, weighted: bool) -> LabelValue:
    if not judged.any():
        return LabelValue(NAN, np.zeros((judged.size, 4)))
    below = np.where(judged, 2 * c.tp + c.fp + c.fn, 1.0)
    f1 = np.where(judged, 2 * c.tp / below, 0.0)
    share = judged * (c.positives if weighted else 1.0)
    total = float(share.sum())
    share = share / total
    value = float(share @ f1)
    slope = share * f1 / below
    gradient = np.stack(
        [2 * (share / below - slope), -slope, -slope, np.zeros(slope.size)], axis=1
    )
    if weighted:
        moved = np.where(judged, f1 - value, 0.0) / total
        gradient[:, [0, 2]] += moved[:, None]
    return LabelValue(value, gradient)


def micro_label_f1(c: Counts, judged: BoolArray) -> LabelValue:
    """Return F1 of all labels' counts added up.

    Args:
        c: The counts, arrays `[labels]`.
        judged: `[labels]`; whatever it is, the counts of all labels are added.

    Example:
        >>> cells = Counts(*np.array([[9.0, 1.0], [3.0, 0.0], [3.0, 1.0], [85.0, 9.0]]))
        >>> round(micro_label_f1(cells, np.array([True, True])).value, 4)
        0.7407
    """
    del judged
    below = float(np.sum(2 * c.tp + c.fp + c.fn))
    size = np.size(c.tp)
    if not below:
        return LabelValue(NAN, np.zeros((size, 4)))
    value = float(2 * np.sum(c.tp)) / below
    one = np.array([2 * (1 - value), -value, -value, 0.0]) / below
    return LabelValue(value, np.tile(one, (size, 1)))


def balanced_label_accuracy(c: Counts, judged: BoolArray) -> LabelValue:
    """Return the mean balanced accuracy of the labels that are judged.

    Args:
        c: The counts, arrays `[labels]`.
        judged: `[labels]` whether a label has rows with it and rows without it.

    Example:
        >>> cells = Counts(*np.array([[9.0], [5.0], [3.0], [95.0]]))
        >>> balanced_label_accuracy(cells, np.array([True])).value
        0.85
    """
    if not judged.any():
        return LabelValue(NAN, np.zeros((judged.size, 4)))
    positives = np.where(judged, c.positives, 1.0)
    negatives = np.where(judged, c.negatives, 1.0)
    recall, specificity = c.tp / positives, c.tn / negatives
    share = judged / np.count_nonzero(judged) / 2
    value = float(share @ (recall + specificity))
    up, down = share / positives, share / negatives
    gradient = np.stack(
        [
            up * (1 - recall),
            -down * specificity,
            -up * recall,
            down * (1 - specificity),
        ],
        axis=1,
    )
    return LabelValue(value, gradient)
