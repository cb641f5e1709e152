# SPDX-License-Identifier: Apache-2.0
"""Average precision, AUROC and mean losses under any weights of the rows.

A weighting says how much each row counts. One weighting gives a metric
(`equipoise.metrics`), random ones give its replicates (`WeightedRanking`,
`class_mean`), and those that leave out one row each give its jackknife
(`without_each_row`). The two sums that define the ranking metrics are in
`equipoise.metrics.ranking`, for all of them.

Of the negatives between two neighbouring positives only the weight matters to a
ranking metric, so a replicate needs one sum per group of rows: a product with a
sparse matrix that holds a single 1 per row. Arrays have the replicates last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.types import BoolArray, Float32Array, FloatArray, IntArray
from equipoise.metrics.inputs import check_labels, check_scores
from equipoise.metrics.ranking import mean_precision, pairs_above

NAN = float("nan")


def falling_groups(score: FloatArray, y: BoolArray, most: int) -> IntArray:
    """Number the rows' groups, 0 for the highest scores.

    Tied rows share a group. A group is a score at which a positive lies, with the
    negatives tied to it, or a run of negatives between two such scores. If more
    than `most` scores hold positives, neighbours are merged into groups of about
    equally many positives.

    Args:
        score: `[rows]` finite scores.
        y: `[rows]` whether a row is positive.
        most: How many groups may hold positives.

    Returns:
        `[rows]` group numbers from 0, each occurring.

    Example:
        >>> y = np.array([True, False, False, True, False])
        >>> falling_groups(np.array([9.0, 8.0, 7.0, 6.0, 6.0]), y, 10).tolist()
        [0, 1, 1, 2, 2]
    """
    order = np.argsort(-score, kind="stable")
    ranked, positive = score[order], y[order]
    starts = np.append(True, ranked[1:] != ranked[:-1])
    distinct = np.cumsum(starts) - 1
    held = np.bincount(distinct, positive)
    # A run of scores without positives is one group.
    opens = (held > 0) | np.append(True, held[:-1] > 0)
    label = (np.cumsum(opens) - 1)[distinct]
    counted = positive.astype(np.float64)
    if np.count_nonzero(np.bincount(label, counted)) > most:
        label = _merged(label, counted, most)
    groups = np.empty(score.size, np.int64)
    groups[order] = label
    return groups


def _merged(label: IntArray, counted: FloatArray, most: int) -> IntArray:
    mass = np.bincount(label, counted)
    before = np.cumsum(mass) - mass
    merged = np.minimum((before * most / counted.sum()).astype(np.int64), most - 1)
    return np.asarray(np.unique(merged, return_inverse=True)[1][label])


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums of row weights by cell, for the two classes.

    Attributes:
        positive: Sparse `[cells, rows]` over the positive rows.
        negative: Sparse `[cells, rows]` over the negative rows.
        shape: The cells' shape, for example (groups, folds).
    """

    positive: Any
    negative: Any
    shape: tuple[int, ...]

    @classmethod
    def of(cls, cell: IntArray, y: BoolArray, shape: tuple[int, ...]) -> GroupSums:
        """Prepare the sums; `cell` is `[rows]`, a flat position in `shape`."""
        cells = int(np.prod(shape))
        return cls(_indicator(cell, y, cells), _indicator(cell, ~y, cells), shape)

    def __call__(self, weights: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Sum weights `[rows, replicates]` to two arrays `[*shape, replicates]`."""
        shape = (*self.shape, weights.shape[1])
        return (
            np.asarray(self.positive @ weights).reshape(shape),
            np.asarray(self.negative @ weights).reshape(shape),
        )


def _indicator(cell: IntArray, which: BoolArray, cells: int) -> Any:
    """Return a sparse `[cells, rows]` matrix with a 1 at the cell of each row.

    Its parts are made here, since SciPy would hold positions of 64 bits.

    Args:
        cell: `[rows]` the cell of each row.
        which: `[rows]` which rows have a 1.
        cells: How many cells there are.
    """
    from scipy import sparse

    rows = np.flatnonzero(which)
    of_rows = cell[rows]
    order = np.argsort(of_rows, kind="stable")
    ends = np.cumsum(np.bincount(of_rows, minlength=cells))
    parts = (
        np.ones(rows.size, np.float32),
        rows[order].astype(np.int32),
        np.append(0, ends).astype(np.int32),
    )
    return sparse.csr_array(parts, shape=(cells, cell.size))


@dataclass(frozen=True, eq=False)
class WeightedRanking:
    """The ranking metrics of fixed scores, under any weights of the rows.

    This is what every replicate of a trial runs.

    Attributes:
        sums: Sums of weights by group of scores and by fold.
        prevalence: The share of positives at which precision is meant.

    Example:
        >>> y = np.array([True, False, True, False])
        >>> ranking = WeightedRanking.of(np.array([0.9, 0.8, 0.4, 0.1]), y)
        >>> values = ranking(np.ones((4, 1), np.float32))
        >>> {name: round(float(each[0]), 4) for name, each in values.items()}
        {'average_precision': 0.8333, 'roc_auc': 0.75}
    """

    sums: GroupSums
    prevalence: float

    @classmethod
    def of(
        cls,
        score: FloatArray,
        y: BoolArray,
        *,
        folds: IntArray | None = None,
        prevalence: float | None = None,
        most: int = 256,
    ) -> WeightedRanking:
        """Prepare the sums.

        Args:
            score: `[rows]` finite scores.
            y: `[rows]` whether a row is positive.
            folds: `[rows]` numbers from 0: AUROC is taken within each fold. None:
                over all rows.
            prevalence: The share of positives at which precision is meant; that of
                the rows if None.
            most: How many groups may hold positives; see `falling_groups`.
        """
        fold = np.zeros(y.size, np.int64) if folds is None else folds
        group = falling_groups(score, y, most)
        shape = (int(group.max()) + 1, int(fold.max()) + 1)
        sums = GroupSums.of(group * shape[1] + fold, y, shape)
        return cls(sums, float(y.mean()) if prevalence is None else prevalence)

    def __call__(self, weights: Float32Array) -> dict[str, FloatArray]:
        """Return "average_precision" and "roc_auc", each `[replicates]`.

        Args:
            weights: `[rows, replicates]`.
        """
        positive, negative = self.sums(weights)
        return {
            "average_precision": average_precision_at_prevalence(
                positive.sum(axis=1), negative.sum(axis=1), self.prevalence
            ),
            "roc_auc": roc_auc_within_folds(positive, negative),
        }


def average_precision_at_prevalence(
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
    return np.asarray(mean_precision(positive, precision, tp[-1]), np.float64)


def roc_auc_within_folds(positive: Float32Array, negative: Float32Array) -> FloatArray:
    """Return AUROC within folds, each positive counting once, `[replicates]`.

    Folds without a class have no ranking and do not count.

    Args:
        positive: `[groups, folds, replicates]` weights, groups falling.
        negative: `[groups, folds, replicates]` weights.
    """
    total = negative.sum(axis=0)
    some = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        over = pairs_above(positive, running(negative), negative) / total
        held = np.where(some, positive.sum(axis=0), 0.0)
        lost = np.where(some, over, 0.0)
        return np.asarray(1.0 - lost.sum(axis=0) / held.sum(axis=0))


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


def running(values: Float32Array) -> Float32Array:
    """Return running sums over the first axis.

    Row by row, which NumPy's own cumulative sum over the first of several axes
    takes about six times as long for.
    """
    total = values.copy()
    for row in range(1, len(total)):
        np.add(total[row - 1], total[row], out=total[row])
    return total


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
    here = (held - 1) * (true - 1) / fewer
    positive_gone = above + here + _from_here(after) - after
    total = float(true[-1])
    return np.where(
        positive,
        positive_gone[group] / (total - 1 if total > 1 else NAN),
        negative_gone[group] / (total or NAN),
    )


def stratified_variance(
    values: FloatArray, y: BoolArray, unit: IntArray | None = None
) -> float:
    """Return the jackknife's variance if each class is a sample of its own.

    Of independent rows: sum over classes of (n_c - 1) / n_c * sum_i d_i^2, with
    d_i = value_i - mean_c. Of clusters, to first order in what a cluster holds: the
    sum over clusters of the square of the sum of its rows' d_i (n_c - 1) / n_c *
    sqrt(m_c / (m_c - 1)), where m_c clusters hold rows of the class. With one row in
    each cluster both are the same.

    Args:
        values: `[rows]` a statistic without each row.
        y: `[rows]` whether a row is positive.
        unit: `[rows]` cluster numbers from 0, or None if rows are independent.

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
    distance = np.zeros(y.size)
    for rows in (y, ~y):
        n, m = int(rows.sum()), int(np.unique(units[rows]).size)
        if n > 0:
            scale = (n - 1) / n * math.sqrt(m / max(m - 1, 1))
            distance[rows] = scale * (values[rows] - values[rows].mean())
    return float(np.sum(np.bincount(units, distance) ** 2))


def _from_here(terms: FloatArray) -> FloatArray:
    """Return, for each threshold, the sum over it and all lower ones."""
    return np.cumsum(terms[::-1])[::-1]
