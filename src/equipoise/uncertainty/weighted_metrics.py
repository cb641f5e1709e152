# SPDX-License-Identifier: Apache-2.0
"""Bootstrap samples as row counts, and metrics of many of them at once.

A bootstrap sample is the number of times that each row was drawn. Counts are
shared between arms and between repeats of cross-validation, which makes the
replicates of a difference *paired*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import integer, number, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError
from equipoise.metrics.confusion import Counts
from equipoise.metrics.inputs import (
    binary_labels,
    check_columns,
    check_probability_columns,
    check_scores,
)

_CELLS = 4_000_000
"""How many numbers a chunk of replicates may hold, 32 MB."""


@dataclass(frozen=True, eq=False)
class RowResampler:
    """Draws bootstrap samples of rows, or of whole clusters, as counts.

    Rows are drawn within each class, so each sample has the classes' sizes of
    the table. Clusters are drawn whole, within their kind (all positive, all
    negative, mixed), so the sizes vary as they would in new data.

    Attributes:
        y: `[rows]` labels, 0 or 1.
        clusters: `[rows]` cluster of each row, or None where rows are independent.
        replicates: How many samples.
        seed: The user's seed.
        stratified: Whether to draw within each class; else from all rows.

    Example:
        >>> resampler = RowResampler(np.array([0, 0, 0, 1, 1]), replicates=3)
        >>> counts = np.concatenate(list(resampler))
        >>> counts.shape, counts.sum(axis=1).tolist(), counts[:, 3:].sum(1).tolist()
        ((3, 5), [5, 5, 5], [2, 2, 2])
    """

    y: npt.ArrayLike
    clusters: npt.ArrayLike | None = None
    replicates: int = 2000
    seed: int = 0
    stratified: bool = True
    _strata: list[npt.NDArray[np.int64]] = field(init=False, repr=False)
    _unit: npt.NDArray[np.int64] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        positive = binary_labels(self.y)
        integer(self.replicates, "replicates", 1)
        unit, kind = _units(positive, self.clusters)
        if not self.stratified:
            kind = np.zeros_like(kind)
        strata = [np.flatnonzero(kind == k) for k in np.unique(kind)]
        object.__setattr__(self, "_strata", strata)
        object.__setattr__(self, "_unit", unit)

    def __iter__(self) -> Iterator[npt.NDArray[np.int32]]:
        """Yield counts `[b, rows]` int32 until all replicates are drawn.

        The numbers depend on the seed and the replicate alone, not on the size of
        the chunks.
        """
        rows = binary_labels(self.y).size
        chunk = max(1, min(self.replicates, _CELLS // max(1, rows)))
        for start in range(0, self.replicates, chunk):
            stop = min(start + chunk, self.replicates)
            yield np.stack([self.draw(b) for b in range(start, stop)])

    def draw(self, replicate: int) -> npt.NDArray[np.int32]:
        """Return the counts `[rows]` of one replicate.

        Args:
            replicate: The number of the replicate, from 0.
        """
        random = generator(self.seed, "bootstrap", replicate)
        drawn = np.zeros(sum(s.size for s in self._strata), np.int32)
        for stratum in self._strata:
            picked = random.integers(0, stratum.size, stratum.size)
            drawn[stratum] = np.bincount(picked, minlength=stratum.size)
        return drawn if self._unit is None else drawn[self._unit]


def _units(
    positive: BoolArray, clusters: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64]]:
    """Return each row's unit (None: its own) and each unit's kind."""
    if clusters is None:
        return None, positive.astype(np.int64)
    unit = group_numbers(clusters, positive.size)
    size = np.bincount(unit)
    hits = np.bincount(unit, weights=positive)
    return unit, np.where(hits == 0, 0, np.where(hits == size, 1, 2))


def average_precision_many(
    y: npt.ArrayLike, score: npt.ArrayLike, counts: npt.ArrayLike
) -> FloatArray:
    """Return the average precision under each of many weightings.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        counts: `[B, rows]` weights or multiplicities, at least 0.

    Returns:
        `[B]`; NaN where a weighting leaves no positive. Memory is bounded: the
        weightings are taken in chunks.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> average_precision_many([0, 1, 1], [3, 2, 1], [[1, 1, 1], [0, 2, 0]])
        array([0.58333333, 1.        ])
    """
    ranked = _Ranked.of(y, score, counts)

    def one(tp: FloatArray, fp: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(tp > 0, tp / (tp + fp), 0.0)
            gained = np.diff(tp, prepend=0.0, axis=1)
            return np.asarray(np.sum(gained * precision, axis=1) / tp[:, -1])

    return ranked.each(one)


def roc_auc_many(
    y: npt.ArrayLike, score: npt.ArrayLike, counts: npt.ArrayLike
) -> FloatArray:
    """Return the AUROC under each of many weightings.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        counts: `[B, rows]` weights or multiplicities, at least 0.

    Returns:
        `[B]`; NaN where a weighting leaves a class empty.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> roc_auc_many([0, 1, 1], [2, 3, 1], [[1, 1, 1], [1, 3, 1]])
        array([0.5 , 0.75])
    """
    ranked = _Ranked.of(y, score, counts)

    def one(tp: FloatArray, fp: FloatArray) -> FloatArray:
        middle = tp - np.diff(tp, prepend=0.0, axis=1) / 2
        area = np.sum(np.diff(fp, prepend=0.0, axis=1) * middle, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(area / (tp[:, -1] * fp[:, -1]))

    return ranked.each(one)


def brier_many(
    y: npt.ArrayLike, score: npt.ArrayLike, counts: npt.ArrayLike
) -> FloatArray:
    """Return the Brier score under each of many weightings, `[B]`.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` probabilities of the positive class.
        counts: `[B, rows]` weights or multiplicities, at least 0.

    Raises:
        InputError: The arrays do not fit together, or are no probabilities.

    Example:
        >>> brier_many([0, 1], [0.5, 1.0], [[1, 1], [3, 1]])
        array([0.125 , 0.1875])
    """
    positive, p, _ = check_probability_columns(y, score)
    return mean_many((p - positive) ** 2, counts)


def log_loss_many(
    y: npt.ArrayLike, log_odds: npt.ArrayLike, counts: npt.ArrayLike
) -> FloatArray:
    """Return the log loss, from log-odds, under each of many weightings, `[B]`.

    Args:
        y: `[rows]` labels, 0 or 1.
        log_odds: `[rows]` log-odds of the positive class.
        counts: `[B, rows]` weights or multiplicities, at least 0.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> log_loss_many([0, 1], [0.0, 0.0], [[1, 1], [3, 1]]).round(4)
        array([0.6931, 0.6931])
    """
    positive, z, _ = check_columns(y, log_odds)
    return mean_many(np.logaddexp(0.0, np.where(positive, -z, z)), counts)


def mean_many(values: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Return the weighted mean of row values under each of many weightings, `[B]`.

    Args:
        values: `[rows]` one value per row.
        counts: `[B, rows]` weights or multiplicities, at least 0.

    Returns:
        `[B]`; NaN where all weights are 0.

    Example:
        >>> mean_many([1.0, 3.0], [[1, 1], [3, 1]])
        array([2. , 1.5])
    """
    rows = np.asarray(values, np.float64)
    many = _many(counts, rows.size)
    with np.errstate(invalid="ignore"):
        return np.concatenate(
            [part @ rows / part.sum(axis=1) for part in _chunks(many)]
        )


def counts_many(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    threshold: float | npt.ArrayLike = 0.5,
) -> Counts:
    """Return the confusion matrix under each of many weightings.

    Every threshold metric takes the result as it stands: `recall(counts_many(...))`
    has one value per weighting.

    Args:
        y: `[rows]` labels, 0 or 1.
        score: `[rows]` scores.
        counts: `[B, rows]` weights or multiplicities, at least 0.
        threshold: Rows with score >= threshold are flagged; a number, or one per
            row, as where each fold has its own.

    Returns:
        Counts whose cells are arrays `[B]`.

    Raises:
        InputError: The arrays do not fit together.

    Example:
        >>> counts_many([0, 1, 1], [0.9, 0.8, 0.1], [[1, 1, 1], [0, 2, 1]]).tp
        array([1., 2.])
    """
    positive, s, _ = check_columns(y, score)
    many = _many(counts, s.size)
    flagged = s >= _thresholds(threshold, s.shape)
    cells = np.stack(
        [
            positive & flagged,
            ~positive & flagged,
            positive & ~flagged,
            ~positive & ~flagged,
        ],
        axis=1,
    ).astype(np.float64)
    summed = np.concatenate([part @ cells for part in _chunks(many)])
    return Counts(summed[:, 0], summed[:, 1], summed[:, 2], summed[:, 3])


def _thresholds(
    threshold: float | npt.ArrayLike, rows: tuple[int, ...]
) -> float | FloatArray:
    """Return a threshold, or one per row; infinities are allowed."""
    if np.ndim(threshold) == 0:
        return number(threshold, "threshold", infinite=True)
    return check_scores(threshold, rows)


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Weightings whose columns are in falling order of the score."""

    order: npt.NDArray[np.int64]
    positive: BoolArray
    last: npt.NDArray[np.int64]
    many: npt.NDArray[np.generic]

    @classmethod
    def of(
        cls, y: npt.ArrayLike, score: npt.ArrayLike, counts: npt.ArrayLike
    ) -> _Ranked:
        positive = binary_labels(y)
        values = check_scores(score, positive.shape)
        order = np.argsort(-values, kind="stable")
        ranked = values[order]
        ends = np.append(ranked[1:] != ranked[:-1], True)
        many = _many(counts, values.size)
        return cls(order, positive[order], np.flatnonzero(ends), many)

    def each(
        self, function: Callable[[FloatArray, FloatArray], FloatArray]
    ) -> FloatArray:
        """Apply `function(tp, fp)`, both `[b, thresholds]`, in chunks."""
        results = []
        for part in _chunks(self.many):
            drawn = part[:, self.order]
            tp = np.cumsum(drawn * self.positive, axis=1)[:, self.last]
            fp = np.cumsum(drawn, axis=1)[:, self.last] - tp
            results.append(function(tp, fp))
        return np.concatenate(results)


def _many(counts: npt.ArrayLike, rows: int) -> npt.NDArray[np.generic]:
    many = np.asarray(counts)
    if many.ndim != 2 or many.shape[1] != rows or rows == 0:
        raise InputError(
            sentence(
                f"counts of shape {many.shape}", f"[replicates, {rows}], rows above 0"
            )
        )
    return many


def _chunks(many: npt.NDArray[np.generic]) -> Iterator[FloatArray]:
    step = max(1, _CELLS // (4 * many.shape[1]))
    for start in range(0, max(1, many.shape[0]), step):
        yield many[start : start + step].astype(np.float64)
