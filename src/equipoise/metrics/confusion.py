# SPDX-License-Identifier: Apache-2.0
"""Counts of right and wrong decisions, at one threshold or at all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.types import FloatArray
from equipoise.metrics.inputs import check_columns

INFINITE = float("inf")


@dataclass(frozen=True, eq=False)
class Counts:
    """The four cells of the confusion matrix; numbers or arrays of one shape.

    Attributes:
        tp: Weight of flagged positives.
        fp: Weight of flagged negatives.
        fn: Weight of positives that are not flagged.
        tn: Weight of negatives that are not flagged.
    """

    tp: FloatArray
    fp: FloatArray
    fn: FloatArray
    tn: FloatArray

    @property
    def positives(self) -> FloatArray:
        """Weight of the positive rows."""
        return self.tp + self.fn

    @property
    def negatives(self) -> FloatArray:
        """Weight of the negative rows."""
        return self.fp + self.tn

    @property
    def flagged(self) -> FloatArray:
        """Weight of the flagged rows."""
        return self.tp + self.fp

    @property
    def rows(self) -> FloatArray:
        """Weight of all rows."""
        return self.positives + self.negatives


@dataclass(frozen=True, eq=False)
class Curve:
    """The counts at every threshold that makes a difference.

    Attributes:
        threshold: `[m]` distinct scores, falling; rows with a score of at least
            the threshold are flagged.
        counts: The counts at each threshold, arrays `[m]`.
    """

    threshold: FloatArray
    counts: Counts


@dataclass(frozen=True)
class OperatingPoint:
    """A value that is reached at a threshold.

    Attributes:
        value: What is reached.
        threshold: Rows with a score of at least this are flagged; infinity flags
            none.
    """

    value: float
    threshold: float


def counts(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    threshold: float = 0.5,
) -> Counts:
    """Return the confusion matrix at a threshold.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None for 1 each.
        threshold: Rows with score >= threshold are flagged; infinity flags none.

    Raises:
        InputError: The arrays do not fit together, or the threshold is NaN.

    Example:
        >>> c = counts([0, 1, 1], [0.2, 0.5, 0.4])
        >>> float(c.tp), float(c.fp), float(c.fn), float(c.tn)
        (1.0, 0.0, 1.0, 1.0)
    """
    positive, values, weight = check_columns(y, score, weights)
    flagged = values >= number(threshold, "threshold", infinite=True)
    cells = np.bincount(2 * positive + flagged, weights=weight, minlength=4)
    return Counts(tp=cells[3], fp=cells[1], fn=cells[2], tn=cells[0])


def curve(
    y: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Curve:
    """Return the counts at every distinct score, from the highest down.

    Rows of weight 0 are left out, so they make no threshold.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        weights: `[rows]` weights, or None for 1 each.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> c = curve([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.4])
        >>> c.threshold.tolist(), c.counts.tp.tolist(), c.counts.fp.tolist()
        ([0.9, 0.4, 0.1], [1.0, 2.0, 2.0], [0.0, 1.0, 2.0])
    """
    positive, values, weight = check_columns(y, score, weights)
    if weights is not None and not weight.all():
        counted = weight > 0
        positive, values, weight = positive[counted], values[counted], weight[counted]
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    # Infinities are equal to themselves, so `!=` finds groups where a
    # difference would give NaN.
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], ranked.size > 0))
    hit = positive[order]
    tp = np.cumsum(np.where(hit, weight[order], 0.0))
    fp = np.cumsum(np.where(hit, 0.0, weight[order]))
    totals = (tp[-1], fp[-1]) if tp.size else (0.0, 0.0)
    tp, fp = tp[last], fp[last]
    return Curve(ranked[last], Counts(tp, fp, totals[0] - tp, totals[1] - fp))
