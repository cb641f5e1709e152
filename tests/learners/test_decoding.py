# SPDX-License-Identifier: Apache-2.0
"""Encoded rows and back."""

from __future__ import annotations

import numpy as np

from equipoise.learners.decoding import decoded
from equipoise.learners.matrix import dense_matrix
from equipoise.table.encoding import learn_encoding
from equipoise.table.table import Column, Table


def test_known_rows_come_back_as_they_were(rare_table: Table) -> None:
    table = Table(rare_table.columns[:4], rare_table.y, rare_table.classes)
    encoding = learn_encoding(table, np.arange(len(table)))
    matrix = dense_matrix(table, encoding)
    order = np.random.default_rng(0).permutation(len(table))
    found = decoded(matrix[order], table.y[order], matrix, table, encoding)
    again = dense_matrix(found, encoding)
    np.testing.assert_array_equal(again, matrix[order])
    for column in found.columns:
        np.testing.assert_array_equal(column.values, table[column.name].values[order])


def test_other_rows_are_scaled_back(rare_table: Table) -> None:
    """A row made half way between two is a row half way, as the encoding sees it."""
    table = Table(rare_table.columns[:4], rare_table.y, rare_table.classes)
    encoding = learn_encoding(table, np.arange(len(table)))
    matrix = dense_matrix(table, encoding)
    made = 0.6 * matrix[:-1] + 0.4 * matrix[1:]
    found = decoded(made, table.y[1:], matrix, table, encoding)
    again = dense_matrix(found, encoding)
    names = list(encoding.names)
    missing = made[:, names.index("a is missing")] >= 0.5
    a, b = names.index("a"), names.index("b")
    np.testing.assert_array_equal(np.isnan(found["a"].values), missing)
    np.testing.assert_allclose(again[~missing, a], made[~missing, a], atol=1e-6)
    np.testing.assert_allclose(again[:, b], made[:, b], atol=1e-6)
    assert set(np.unique(found["flag"].values)) == {0.0, 1.0}
    np.testing.assert_array_equal(found["flag"].values, table["flag"].values[:-1])
    np.testing.assert_array_equal(found["group"].values, table["group"].values[:-1])


def test_a_column_named_as_an_indicator_is_no_indicator() -> None:
    random = np.random.default_rng(0)
    holed = np.where(random.random(60) < 0.3, np.nan, random.normal(size=60))
    columns = (
        Column("a", "numeric", holed),
        Column("a is missing", "numeric", random.normal(size=60)),
    )
    table = Table(columns, random.integers(0, 2, 60).astype(np.int8), ("n", "p"))
    encoding = learn_encoding(table, np.arange(60))
    matrix = dense_matrix(table, encoding)
    made = matrix[:-1] + 1e-9
    found = decoded(made, table.y[1:], matrix, table, encoding)
    np.testing.assert_array_equal(
        np.isnan(found["a"].values), np.isnan(holed[:-1]), strict=True
    )
