# SPDX-License-Identifier: Apache-2.0
"""A table as one matrix, for learners that are not networks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.features import REACH, CategoryFeature
from equipoise.table.table import Table

TREE_LEVELS = 255
"""Categories that scikit-learn's histogram trees can tell apart in one column."""


def tree_matrix(table: Table, encoding: Encoding) -> FloatArray:
    """Return what trees split on: categories first, then unscaled numbers.

    Args:
        table: The rows.
        encoding: Learned on the training part.

    Returns:
        `[rows, categorical columns + features]` float64, NaN where missing. A
        category is its number from 0, the most frequent first. Categories that the
        training part does not show are missing values there; so are rare ones, for
        they share one code.
    """
    blocks = [
        _category(feature, table).astype(np.float64) for feature in encoding.categories
    ]
    blocks += [feature.extract(table[feature.column]) for feature in encoding.numbers]
    return np.stack(blocks, axis=1) if blocks else np.empty((len(table), 0))


def _category(feature: CategoryFeature, table: Table) -> FloatArray:
    code = feature.codes(table[feature.column]).astype(np.float64) - 2
    frequent = (code >= 0) & (code < TREE_LEVELS)
    return np.where(frequent, code, np.nan)


def ordinal_matrix(table: Table, encoding: Encoding) -> FloatArray:
    """Return what randomised trees split on: no value is missing.

    Args:
        table: The rows.
        encoding: Learned on the training part.

    Returns:
        `[rows, categorical columns + features + indicators]` float64, each value a
        float32's: category codes (0 missing, 1 rare or unseen, then the most
        frequent first), scaled numbers, missing indicators.
    """
    encoded = encoding.transform(table)
    blocks = [encoded.codes.astype(np.float64), encoded.numbers.astype(np.float64)]
    return np.concatenate(blocks, axis=1)


def linear_matrix(table: Table, encoding: Encoding) -> Any:
    """Return scaled numbers, missing indicators and one column per category code.

    Args:
        table: The rows.
        encoding: Learned on the training part.

    Returns:
        `[rows, features + indicators + levels]` float64: a NumPy array if there
        are no categories, else a SciPy CSR matrix.
    """
    encoded = encoding.transform(table)
    numbers = encoded.numbers.astype(np.float64)
    if not encoding.categories:
        return numbers
    from scipy import sparse

    rows, columns = encoded.codes.shape
    starts = np.cumsum([0, *encoding.levels])
    indices = (encoded.codes + starts[:-1]).ravel()
    pointers = np.arange(rows + 1) * columns
    ones = np.ones(rows * columns)
    one_hot = sparse.csr_array((ones, indices, pointers), shape=(rows, starts[-1]))
    return sparse.hstack([sparse.csr_array(numbers), one_hot], format="csr")


def piecewise_matrix(table: Table, encoding: Encoding, pieces: int) -> Any:
    """Return `linear_matrix`, and after it how far each number is along each piece.

    A sum of products with its columns is piecewise linear in each number, and goes on
    with the slope of the last piece outside the training range.

    Args:
        table: The rows.
        encoding: Learned on the training part.
        pieces: How many pieces each number has at most; 1 for `linear_matrix`.

    Returns:
        `[rows, ... + pieces of all numbers]`, as `linear_matrix` does.
    """
    lines = linear_matrix(table, encoding)
    if pieces == 1:
        return lines
    ends = piece_ends(encoding.knots, pieces)
    along = along_pieces(encoding.transform(table).positions, ends)
    if isinstance(lines, np.ndarray):
        return np.concatenate([lines, along], axis=1)
    from scipy import sparse

    return sparse.hstack([lines, sparse.csr_array(along)], format="csr")


def piece_ends(knots: Sequence[int], pieces: int) -> list[list[float]]:
    """Return where the pieces of each number begin and end, as positions on its knots.

    Knots are quantiles of the training part, so that pieces hold about equally many
    rows.

    Args:
        knots: The number of knots of each feature.
        pieces: How many pieces each has at most.

    Returns:
        For each feature the ends of its pieces, the first 0, the last its last knot;
        nothing for a feature of fewer than two intervals, whose line has no bend.

    Example:
        >>> piece_ends([2, 4, 49], 4)
        [[], [0.0, 1.0, 2.0, 3.0], [0.0, 12.0, 24.0, 36.0, 48.0]]
    """
    return [
        []
        if count < 3
        else np.rint(np.linspace(0, count - 1, min(pieces, count - 1) + 1)).tolist()
        for count in knots
    ]


def piece_table(ends: Sequence[Sequence[float]]) -> tuple[FloatArray, ...]:
    """Return the feature, lower bound, upper bound, begin and length of all pieces.

    The bounds of a first and a last piece lie outside: the slope goes on there.

    Args:
        ends: What `piece_ends` gave.

    Returns:
        Five arrays `[pieces]`.
    """
    rows = [
        (
            feature,
            begin - REACH if begin == line[0] else begin,
            end + REACH if end == line[-1] else end,
            begin,
            end - begin,
        )
        for feature, line in enumerate(ends)
        for begin, end in itertools.pairwise(line)
    ]
    return tuple(np.array(rows, np.float64).reshape(-1, 5).T)


def along_pieces(positions: Any, ends: Sequence[Sequence[float]]) -> FloatArray:
    """Return how far each number is along each of its pieces, `[rows, pieces]`.

    0 before the piece and 1 after it; along the first and the last one also below 0
    and above 1.

    Args:
        positions: `[rows, features]`, see `Encoded`.
        ends: What `piece_ends` gave.

    Example:
        >>> ends = piece_ends([5], 2)
        >>> along_pieces(np.array([[1.0], [3.0], [5.0]]), ends).tolist()
        [[0.5, 0.0], [1.0, 0.5], [1.0, 1.5]]
    """
    feature, low, high, begin, length = piece_table(ends)
    x = np.asarray(positions, np.float64)[:, feature.astype(np.int64)]
    return np.asarray((np.clip(x, low, high) - begin) / length)


def dense_matrix(table: Table, encoding: Encoding) -> FloatArray:
    """Return `linear_matrix` as a NumPy array."""
    matrix = linear_matrix(table, encoding)
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
