# SPDX-License-Identifier: Apache-2.0
"""How well each column predicts the class on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise.diagnosis.columns import as_numbers
from equipoise.metrics.ranking import roc_auc
from equipoise.table.spread import spread
from equipoise.table.table import Column, Table, class_counts
from equipoise.table.units import count_units
from equipoise.uncertainty.sample_sizes import auroc_interval

FOLDS = 5
BINS = 50


@dataclass(frozen=True)
class Strength:
    """What one column alone can do.

    Attributes:
        name: The column.
        auroc: The larger of the AUROC of its order (either direction) and the
            cross-fitted AUROC of its values' class rates.
        low: Lower end of the interval.
        high: Upper end.
        how: "order", or "values" if the rates of single values or ranges (a missing
            value is one of them) predict better than the order.
    """

    name: str
    auroc: float
    low: float
    high: float
    how: str


def strengths(
    table: Table,
    *,
    seed: int = 0,
    level: float = 0.95,
    units: npt.NDArray[np.int64] | None = None,
) -> tuple[Strength, ...]:
    """Return the strength of every column, the strongest first.

    Args:
        table: A binary table; empty if it lacks a class.
        seed: For the folds.
        level: The intervals' coverage.
        units: `[rows]` equal numbers for rows that are one case; None if each is.
    """
    if not all(class_counts(table.labels())):
        return ()
    folds = stratified_folds(table.labels(), seed, units)
    negatives = count_units(units, np.asarray(table.labels() == 0))
    positives = count_units(units, np.asarray(table.labels() == 1))
    measured = []
    for column in table.columns:
        auroc, how = _alone(column, table.labels(), folds)
        low, high = auroc_interval(auroc, positives, negatives, level)
        measured.append(Strength(column.name, auroc, low, high, how))
    return tuple(sorted(measured, key=lambda s: -s.auroc))


def _alone(
    column: Column, y: npt.NDArray[np.int8], folds: npt.NDArray[np.int64]
) -> tuple[float, str]:
    by_value = crossfitted_auroc(value_codes(column), y, folds)
    if column.kind == "categorical":
        return by_value, "values"
    numbers = as_numbers(column)
    present = numbers[~np.isnan(numbers)]
    middle = float(np.median(present)) if present.size else 0.0
    order = roc_auc(y, np.where(np.isnan(numbers), middle, numbers))
    order = max(order, 1 - order)
    return (order, "order") if order >= by_value else (by_value, "values")


def stratified_folds(
    y: npt.ArrayLike, seed: int, units: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]:
    """Return a fold number for each row, each class spread evenly, at random.

    Args:
        y: `[rows]` labels.
        seed: One seed gives one division.
        units: `[rows]` equal numbers stay together; None if no rows do.
    """
    labels = np.asarray(y)
    if units is not None:
        random = generator(seed, "diagnosis", "folds")
        return spread(labels, units, np.full(FOLDS, 1 / FOLDS), random)
    folds = np.empty(len(labels), np.int64)
    random = generator(seed, "diagnosis", "folds")
    for label in (0, 1):
        rows = np.flatnonzero(labels == label)
        folds[random.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return folds


def value_codes(column: Column, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Return a number from 0 for each value, or range of values; missing is one.

    Args:
        column: Any column. Numbers are cut at the quantiles of their values.
        bins: The most ranges of a numeric column.
    """
    if column.kind == "categorical":
        return np.asarray(column.values, np.int64) + 1
    numbers = as_numbers(column)
    present = numbers[~np.isnan(numbers)]
    if not present.size:
        return np.zeros(len(numbers), np.int64)
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    cuts = np.unique(np.quantile(present, inner, method="inverted_cdf"))
    codes = np.searchsorted(cuts, numbers, side="left") + 1
    return np.where(np.isnan(numbers), 0, codes).astype(np.int64)


def crossfitted_auroc(
    codes: npt.NDArray[np.int64], y: npt.ArrayLike, folds: npt.NDArray[np.int64]
) -> float:
    """Return the AUROC of each value's class rate, learned on the other folds.

    Rates are shrunk to the share of positives by one pseudo-row, so that a value
    unseen in the other folds is neutral. The AUROC is taken within each fold and
    averaged: rates of different folds are not comparable.

    Args:
        codes: `[rows]` numbers from 0.
        y: `[rows]` labels.
        folds: `[rows]` fold numbers from 0.
    """
    labels = np.asarray(y)
    width = int(codes.max()) + 1
    number = int(folds.max()) + 1

    def table(of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        flat = np.bincount(folds[of] * width + codes[of], minlength=number * width)
        return flat.reshape(number, width).astype(np.float64)

    positive, negative = table(labels == 1), table(labels == 0)
    prior = float(labels.mean())
    values = []
    for fold in range(number):
        other1 = positive.sum(0) - positive[fold]
        other0 = negative.sum(0) - negative[fold]
        rate = (other1 + prior) / (other1 + other0 + 1)
        values.append(weighted_auroc(rate, negative[fold], positive[fold]))
    return float(np.nanmean(values)) if not np.isnan(values).all() else 0.5


def weighted_auroc(
    score: npt.NDArray[np.float64],
    negatives: npt.NDArray[np.float64],
    positives: npt.NDArray[np.float64],
) -> float:
    """Return the AUROC of scores that stand for counts of each class."""
    used = (negatives + positives) > 0
    score, negatives, positives = score[used], negatives[used], positives[used]
    y = np.repeat([0, 1], len(score))
    return roc_auc(y, np.tile(score, 2), np.concatenate([negatives, positives]))
