# SPDX-License-Identifier: Apache-2.0
"""A table as one matrix, for learners that are not networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.features import CategoryFeature
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


def dense_matrix(table: Table, encoding: Encoding) -> FloatArray:
    """Return `linear_matrix` as a NumPy array."""
    matrix = linear_matrix(table, encoding)
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
