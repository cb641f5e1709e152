# SPDX-License-Identifier: Apache-2.0
"""Ranking metrics of more scores than memory holds, with an exact bound of the error.

Scores are counted in bins of equal width in log-odds. Histograms of parts of the rows
add up, in any order. Within a bin the order of the rows is forgotten, so a metric is
known up to what the best and the worst order would give: both ends are computed, and
the value reported is their middle.

If in bin k, from the highest scores down, p_k positives and n_k negatives lie, and P
and N lie above it, the best order puts the positives first. Then the precision at the
j-th of them is (P + j) / (P + j + N); in the worst order it is
(P + j) / (P + j + N + n_k). The mean of these over all positives is the average
precision.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray

BINS_PER_UNIT = 256
LARGEST = 24.0
"""Log-odds beyond it, either way, share the last bin of their end."""


@dataclass(frozen=True)
class BoundedValue:
    """A metric between two ends.

    Attributes:
        low: The smallest value that the counts allow.
        high: The largest.
    """

    low: float
    high: float

    @property
    def value(self) -> float:
        """The middle of the two."""
        return (self.low + self.high) / 2

    @property
    def error(self) -> float:
        """By how much the value can be off at most."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, eq=False)
class ScoreHistogram:
    """Counts of scores by class.

    Attributes:
        counts: `[2, bins]` float64: negatives and positives (or their weight), from the
            lowest scores to the highest.

    Example:
        >>> one = ScoreHistogram.of([0.5, 2.0, -1.0], [False, True, False])
        >>> both = one + ScoreHistogram.of([1.0], [True])
        >>> both.average_precision(), both.roc_auc()
        (BoundedValue(low=1.0, high=1.0), BoundedValue(low=1.0, high=1.0))
    """

    counts: FloatArray

    @classmethod
    def empty(cls) -> ScoreHistogram:
        """Return the histogram of no row."""
        return cls(np.zeros((2, int(2 * LARGEST * BINS_PER_UNIT))))

    @classmethod
    def of(
        cls, log_odds: npt.ArrayLike, y: npt.ArrayLike, weights: Any = None
    ) -> ScoreHistogram:
        """Count scores.

        Args:
            log_odds: `[rows]`; NaN is counted nowhere.
            y: `[rows]` whether each row is positive.
            weights: `[rows]` how much each counts; None for 1 each.
        """
        z = np.asarray(log_odds, np.float64)
        positive = np.asarray(y, np.bool_)
        sound = ~np.isnan(z)
        bins = bin_of(z[sound])
        size = int(2 * LARGEST * BINS_PER_UNIT)
        each = None if weights is None else np.asarray(weights, np.float64)[sound]
        labels = positive[sound]
        rows = [
            np.bincount(bins[side], None if each is None else each[side], size)
            for side in (~labels, labels)
        ]
        return cls(np.stack(rows).astype(np.float64))

    def __add__(self, other: ScoreHistogram) -> ScoreHistogram:
        """Return the histogram of both sets of rows."""
        return dataclasses.replace(self, counts=self.counts + other.counts)

    def roc_auc(self) -> BoundedValue:
        """Return the area under the ROC curve, NaN if a class has no row."""
        negatives, positives = self.counts
        total = float(negatives.sum() * positives.sum())
        if not total:
            return BoundedValue(np.nan, np.nan)
        below = np.cumsum(negatives) - negatives
        low = float((positives * below).sum()) / total
        return BoundedValue(low, low + float((positives * negatives).sum()) / total)

    def average_precision(self) -> BoundedValue:
        """Return the average precision, NaN without a positive.

        Counts must be whole, as they are without weights.
        """
        negatives, positives = self.counts[:, ::-1]
        total = float(positives.sum())
        if not total:
            return BoundedValue(np.nan, np.nan)
        held = np.flatnonzero(positives)
        above = np.cumsum(positives)[held] - positives[held]
        wrong = np.cumsum(negatives)[held]
        count = positives[held].astype(np.int64)
        # One entry per positive: 8 bytes each.
        place = np.arange(1, int(count.sum()) + 1, dtype=np.float64)
        start = np.repeat(np.cumsum(count) - count, count)
        right = np.repeat(above, count) + (place - start)
        worst = np.repeat(wrong, count)
        best = worst - np.repeat(negatives[held], count)
        return BoundedValue(
            float(np.mean(right / (right + worst))),
            float(np.mean(right / (right + best))),
        )

    def cut(self, negatives: float) -> float:
        """Return the lowest score above which at most so many negatives lie.

        Args:
            negatives: How many.

        Returns:
            A score; infinity if more lie in the highest bin, whose rows cannot be
            told apart.
        """
        above = np.cumsum(self.counts[0][::-1])
        fit = int(np.searchsorted(above, negatives, side="right"))
        return LARGEST - fit / BINS_PER_UNIT if fit else np.inf


def bin_of(log_odds: FloatArray) -> npt.NDArray[np.int64]:
    """Return the bin of each score.

    Args:
        log_odds: Any shape, no NaN.
    """
    last = int(2 * LARGEST * BINS_PER_UNIT) - 1
    inside = np.clip(log_odds, -LARGEST, LARGEST)
    return np.clip(((inside + LARGEST) * BINS_PER_UNIT).astype(np.int64), 0, last)
