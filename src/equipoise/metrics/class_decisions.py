# SPDX-License-Identifier: Apache-2.0
"""Metrics of decisions between several classes: functions of the confusion matrix.

Each is defined once, with its gradient: by how much it moves with the weight of one
more row of a class that is decided so. Values serve tables of results, gradients serve
intervals (`equipoise.uncertainty`). A class without rows is in no average.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.metrics.class_confusion import ClassConfusion
from equipoise.metrics.estimate import NAN


@dataclass(frozen=True, eq=False)
class CountsValue:
    """A function of a confusion matrix at one place.

    Attributes:
        value: The metric; NaN if it is undefined.
        gradient: `[classes, classes + 1]` by how much it moves with the weight of
            each cell; the last column is that of the undecided rows.
    """

    value: float
    gradient: FloatArray


CountsFunction = Callable[..., CountsValue]


def _nothing(c: ClassConfusion) -> CountsValue:
    size = len(c.classes)
    return CountsValue(NAN, np.zeros((size, size + 1)))


def _cells(c: ClassConfusion) -> FloatArray:
    return np.column_stack([c.counts, c.undecided])


def _diagonal(values: FloatArray) -> FloatArray:
    """Return `[classes, classes + 1]` with the values of right decisions."""
    return np.column_stack([np.diag(values), np.zeros(values.size)])


def _columns(values: FloatArray) -> FloatArray:
    """Return `[1, classes + 1]`: one value per decision, 0 for undecided."""
    return np.append(values, 0.0)[None]


def balanced_class_accuracy(c: ClassConfusion) -> CountsValue:
    """Return the mean recall of the classes that have rows.

    Brodersen et al. (2010). `sklearn.metrics.balanced_accuracy_score` is the same.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 2.0]]))
        >>> balanced_class_accuracy(cells).value
        0.875
    """
    judged = c.judged
    if not judged.any():
        return _nothing(c)
    count = np.count_nonzero(judged)
    totals = np.where(judged, c.totals, 1.0)
    recall = np.where(judged, c.right / totals, 0.0)
    share = judged / totals / count
    gradient = _diagonal(share) - (share * recall)[:, None]
    return CountsValue(float(recall.sum() / count), gradient)


def class_accuracy(c: ClassConfusion) -> CountsValue:
    """Return the share of rows decided rightly; misleading if a class is rare.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 4.0]]))
        >>> class_accuracy(cells).value
        0.875
    """
    if not c.rows:
        return _nothing(c)
    value = float(c.right.sum() / c.rows)
    every = np.ones(len(c.classes))
    return CountsValue(value, (_diagonal(every) - value) / c.rows)


def macro_class_f1(c: ClassConfusion) -> CountsValue:
    """Return the mean F1 of the classes that have rows.

    The mean of the F1s, not F1 of the mean recall and precision: the two differ (Opitz
    and Burst 2019). A class that has no rows but is decided for some does not enter;
    those rows are missed by the classes that they are of.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 4.0]]))
        >>> round(macro_class_f1(cells).value, 4)
        0.873
    """
    return _mean_f1(c, np.ones(len(c.classes)), None)


def weighted_class_f1(c: ClassConfusion) -> CountsValue:
    """Return the mean F1 of the classes, each by the weight of its rows.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 4.0]]))
        >>> round(weighted_class_f1(cells).value, 4)
        0.873
    """
    return _mean_f1(c, c.totals, c.totals)


def _mean_f1(
    c: ClassConfusion, mass: FloatArray, grown: FloatArray | None
) -> CountsValue:
    """Return the F1s' mean; `grown` if the weights of the mean are the totals."""
    judged = c.judged
    if not judged.any():
        return _nothing(c)
    below = np.where(judged, c.totals + c.decided, 1.0)
    f1 = np.where(judged, 2 * c.right / below, 0.0)
    share = np.where(judged, mass, 0.0)
    share = share / share.sum()
    value = float(np.sum(share * f1))
    slope = share * f1 / below
    gradient = _diagonal(2 * share / below) - slope[:, None] - _columns(slope)
    if grown is not None:
        moved = np.where(judged, (f1 - value) / grown[judged].sum(), 0.0)
        gradient = gradient + moved[:, None]
    return CountsValue(value, gradient)


def micro_class_f1(c: ClassConfusion) -> CountsValue:
    """Return F1 of all classes' counts added up.

    The accuracy if nothing is undecided: each wrong decision is a false alarm of one
    class and a miss of another.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 4.0]]))
        >>> micro_class_f1(cells).value
        0.875
    """
    decided = float(c.counts.sum())
    below = c.rows + decided
    if not below:
        return _nothing(c)
    value = float(2 * c.right.sum() / below)
    size = len(c.classes)
    gradient = _diagonal(np.full(size, 2.0)) - value
    gradient = gradient - value * _columns(np.ones(size))
    return CountsValue(value, gradient / below)


def class_mcc(c: ClassConfusion) -> CountsValue:
    """Return the correlation of truth and decision.

    Gorodkin (2004), equation 8: with t_k rows of class k, d_k decisions for it, r right
    ones and n rows, (n r - sum t d) / sqrt((n^2 - sum t^2) (n^2 - sum d^2)). For two
    classes it is Matthews' correlation. Undecided is one more decision. NaN if all
    rows are of one class, or all decisions the same.

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[95.0, 5.0], [3.0, 9.0]]))
        >>> round(class_mcc(cells).value, 4)
        0.6547
    """
    # Of shares, so that counts of 1e9 do not overflow.
    n = c.rows
    if not n:
        return _nothing(c)
    t, right = c.totals / n, float(c.right.sum()) / n
    d = np.append(c.decided, c.undecided.sum()) / n
    of_truth, of_decision = 1 - float(t @ t), 1 - float(d @ d)
    if min(of_truth, of_decision) <= 1e-15:
        return _nothing(c)
    top = right - float(t @ d[:-1])
    below = math.sqrt(of_truth * of_decision)
    value = top / below
    # With the counts themselves: n^2 times each term, differentiated and divided.
    rise = _diagonal(np.ones(t.size)) + right
    rise = rise - np.append(t, 0.0)[None] - d[:-1, None]
    fall = (1 - t)[:, None] / of_truth + (1 - d)[None] / of_decision
    gradient = (rise / below - value * fall) / n
    return CountsValue(min(1.0, max(-1.0, value)), gradient)


def class_kappa(c: ClassConfusion) -> CountsValue:
    """Return Cohen's kappa: agreement beyond chance (Cohen 1960).

    Args:
        c: The counts.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[95.0, 5.0], [3.0, 9.0]]))
        >>> round(class_kappa(cells).value, 4)
        0.6522
    """
    n = c.rows
    if not n:
        return _nothing(c)
    t, d, right = c.totals / n, c.decided / n, float(c.right.sum()) / n
    chance = float(t @ d)
    if 1 - chance <= 1e-15:
        return _nothing(c)
    value = (right - chance) / (1 - chance)
    size = t.size
    # Of n^2 (right - chance) and n^2 (1 - chance), by the counts.
    by_chance = np.append(t, 0.0)[None] + np.broadcast_to(d[:, None], (size, size + 1))
    rise = _diagonal(np.ones(size)) + right - by_chance
    gradient = (rise - value * (2 - by_chance)) / (1 - chance) / n
    return CountsValue(value, gradient)


def class_cost(
    c: ClassConfusion, *, matrix: npt.ArrayLike, abstain: float | None = None
) -> CountsValue:
    """Return the mean cost per row.

    Args:
        c: The counts.
        matrix: `[classes, classes]` cost of each decision; the true class first.
        abstain: Cost of a row that is left undecided; needed if one is.

    Raises:
        InputError: The matrix has another shape or holds what is not finite, or a row
            is undecided and `abstain` is None.

    Example:
        >>> cells = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [1.0, 3.0]]))
        >>> class_cost(cells, matrix=[[0, 1], [10, 0]]).value
        1.375
    """
    size = len(c.classes)
    costs = floats(matrix, "costs")
    if costs.shape != (size, size) or not np.isfinite(costs).all():
        raise InputError(
            sentence(
                f"costs of shape {costs.shape}"
                + ("" if np.isfinite(costs).all() else ", some of them not finite"),
                f"finite numbers of shape ({size}, {size})",
            )
        )
    if abstain is None and c.undecided.any():
        raise InputError(
            sentence(
                "undecided rows without a cost",
                "a number for abstain",
                "Pass abstain=COST.",
            )
        )
    if not c.rows:
        return _nothing(c)
    left = 0.0 if abstain is None else number(abstain, "abstain")
    every = np.column_stack([costs, np.full(size, left)])
    value = float(np.sum(_cells(c) * every) / c.rows)
    return CountsValue(value, (every - value) / c.rows)
