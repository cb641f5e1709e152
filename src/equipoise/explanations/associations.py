# SPDX-License-Identifier: Apache-2.0
"""How strongly columns move together, and which of them move as one.

If two columns say the same, a model that loses one of them still has the other, and
neither seems to matter. So columns that move together are permuted together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.columns import as_numbers
from equipoise.table.table import Column, Table

TOGETHER = 0.8
"""Columns that are associated more strongly than this are one group."""
MOST_ROWS = 20_000
"""Of more rows a sample of this size tells how columns are associated."""
BINS = 8
"""Into so many parts of equally many rows a number is cut beside a category."""
MOST_LEVELS = 200
"""The most frequent categories so many count by themselves, all others as one."""


def column_associations(table: Table, *, seed: int = 0) -> FloatArray:
    """Return how strongly each two columns are associated, from 0 to 1.

    Of two numbers (dates and booleans among them) it is the absolute value of
    Spearman's rank correlation, over the rows in which neither is missing; ranks are
    those among all values that are present. If one of the two is categorical, it is
    Cramer's V without its bias (Bergsma 2013, equations 5 to 8), the number cut into
    eighths of the rows and missing values a category.

    Args:
        table: The rows.
        seed: Of the sample, if there are more than 20,000 rows.

    Returns:
        `[columns, columns]`, symmetric; 0 if a column is constant, 1 on the diagonal.

    Example:
        >>> from equipoise.task import Task
        >>> x = np.arange(40.0)
        >>> columns = (
        ...     Column("x", "numeric", x),
        ...     Column("square", "numeric", x**2),
        ...     Column("even", "boolean", x % 2),
        ... )
        >>> table = Table(columns, None, Task("binary", ("no", "yes")))
        >>> column_associations(table).round(2).tolist()
        [[1.0, 1.0, 0.04], [1.0, 1.0, 0.04], [0.04, 0.04, 1.0]]

    References:
        Bergsma (2013), A bias-correction for Cramer's V and Tschuprow's T, Journal of
        the Korean Statistical Society 42.
    """
    if len(table) > MOST_ROWS:
        random = generator(seed, "associations")
        table = table.take(random.choice(len(table), MOST_ROWS, replace=False))
    count = len(table.columns)
    result = np.eye(count)
    categorical = [c.kind == "categorical" for c in table.columns]
    numbers = np.flatnonzero(~np.array(categorical, bool))
    if numbers.size:
        ranks = np.stack([_ranks(table.columns[k]) for k in numbers.tolist()], axis=1)
        result[np.ix_(numbers, numbers)] = _correlations(ranks)
    texts = np.flatnonzero(categorical).tolist()
    codes = [_codes(column) for column in table.columns] if texts else []
    for first in texts:
        for second in range(count):
            if second == first or (categorical[second] and second < first):
                continue
            value = cramers_v(codes[first], codes[second])
            result[first, second] = result[second, first] = value
    np.fill_diagonal(result, 1.0)
    return result


def columns_together(
    table: Table, *, bound: float = TOGETHER, seed: int = 0
) -> tuple[tuple[str, ...], ...]:
    """Return the columns in groups that move together.

    Two columns are in one group if their association is above the bound, or if a
    chain of such columns leads from one to the other.

    Args:
        table: The rows.
        bound: From 0 to 1; at 1 each column is a group of its own.
        seed: As in `column_associations`.

    Returns:
        Groups of names, in the order of the columns.

    Raises:
        InputError: The bound is out of range.

    Example:
        >>> from equipoise.task import Task
        >>> x = np.arange(40.0)
        >>> columns = (
        ...     Column("x", "numeric", x),
        ...     Column("even", "boolean", x % 2),
        ...     Column("square", "numeric", x**2),
        ... )
        >>> columns_together(Table(columns, None, Task("binary", ("no", "yes"))))
        (('x', 'square'), ('even',))
    """
    number(bound, "together", 0, 1)
    near = column_associations(table, seed=seed) > bound
    group: IntArray = np.arange(len(near))
    for _ in range(len(near)):
        # Each column takes the lowest number among those that it is tied to.
        lowest = np.where(near | np.eye(len(near), dtype=bool), group, len(near))
        moved = lowest.min(axis=1, initial=len(near))
        if (moved == group).all():
            break
        group = moved
    names = np.array(table.names, object)
    return tuple(
        tuple(names[group == first].tolist()) for first in np.unique(group).tolist()
    )


def cramers_v(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the association of two columns of categories, without its bias.

    Args:
        first: `[rows]` codes.
        second: `[rows]` codes.

    Returns:
        From 0 to 1; 0 if a column has a single value.

    Example:
        >>> round(cramers_v([0, 0, 1, 1] * 10, [1, 1, 0, 0] * 10), 9)
        1.0
    """
    one, r = _numbered(first)
    other, k = _numbered(second)
    n = one.size
    if r < 2 or k < 2 or n < 2:
        return 0.0
    table = np.bincount(one * k + other, minlength=r * k).reshape(r, k).astype(float)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = float(np.sum((table - expected) ** 2 / expected)) / n
    unbiased = max(0.0, phi - (r - 1) * (k - 1) / (n - 1))
    rows, columns = (m - (m - 1) ** 2 / (n - 1) for m in (r, k))
    least = min(rows, columns) - 1
    return float(min(1.0, np.sqrt(unbiased / least))) if least > 0 else 0.0


def _numbered(codes: npt.ArrayLike) -> tuple[IntArray, int]:
    values, number_of = np.unique(np.asarray(codes), return_inverse=True)
    return np.asarray(number_of, np.int64).ravel(), len(values)


def _ranks(column: Column) -> FloatArray:
    """Return mid-ranks of the values that are present, NaN if missing."""
    values = as_numbers(column)
    result = np.full(values.size, np.nan)
    present = ~np.isnan(values)
    _, place, counts = np.unique(
        values[present], return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    result[present] = (last - (counts - 1) / 2)[place]
    return result


def _correlations(values: FloatArray) -> FloatArray:
    """Return absolute correlations over the rows in which both are present."""
    there = ~np.isnan(values)
    mean = np.nanmean(np.where(there.any(axis=0), values, 0.0), axis=0)
    x = np.where(there, values - mean, 0.0)
    m = there.astype(np.float64)
    n = np.maximum(m.T @ m, 1.0)
    one, other = x.T @ m, m.T @ x  # sums of each over the rows that both have
    product = x.T @ x / n - one * other / n**2
    square = np.maximum((x**2).T @ m / n - (one / n) ** 2, 0.0)
    scale = np.sqrt(square * square.T)
    tiny = scale <= 1e-12 * max(1.0, float(scale.max(initial=0.0)))
    return np.asarray(
        np.where(tiny, 0.0, np.minimum(1.0, np.abs(product) / np.where(tiny, 1, scale)))
    )


def _codes(column: Column) -> IntArray:
    """Return a column as few codes: categories, or parts of equally many rows."""
    if column.kind == "categorical":
        values = np.asarray(column.values, np.int64)
        counts = np.bincount(values[values >= 0], minlength=len(column.categories))
        if len(counts) <= MOST_LEVELS:
            return values
        rare = np.argsort(-counts, kind="stable")[MOST_LEVELS:]
        return np.where(np.isin(values, rare), len(counts), values)
    numbers = as_numbers(column)
    present = ~np.isnan(numbers)
    if not present.any():
        return np.zeros(numbers.size, np.int64)
    edges = np.unique(np.quantile(numbers[present], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(present, np.searchsorted(edges, numbers, side="left"), -1)
