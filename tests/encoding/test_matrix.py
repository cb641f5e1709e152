# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import TREE_LEVELS, linear_matrix, tree_matrix
from equipoise.table.table import Column, Table
from equipoise.task import Task


def test_linear_matrix_is_numbers_beside_one_hot_codes(rare_table: Table) -> None:
    encoding = learn_encoding(rare_table, np.arange(700))
    encoded = encoding.transform(rare_table)
    codes = [np.arange(level) for level in encoding.levels]
    one_hot = OneHotEncoder(categories=codes).fit_transform(encoded.codes).toarray()
    matrix = linear_matrix(rare_table, encoding)
    np.testing.assert_array_equal(
        matrix.toarray(), np.hstack([encoded.numbers.astype(float), one_hot])
    )


def test_linear_matrix_without_categories_is_dense(rare_table: Table) -> None:
    table = dataclasses.replace(rare_table, columns=rare_table.columns[:3])
    encoding = learn_encoding(table, np.arange(700))
    matrix = linear_matrix(table, encoding)
    np.testing.assert_array_equal(matrix, encoding.transform(table).numbers)


def test_tree_matrix_keeps_values_and_marks_rare_categories_missing(
    rare_table: Table,
) -> None:
    encoding = learn_encoding(rare_table, np.arange(700))
    matrix = tree_matrix(rare_table, encoding)
    assert matrix.shape == (1_200, 1 + len(encoding.numbers))
    np.testing.assert_array_equal(matrix[:, 1], rare_table["a"].values)
    np.testing.assert_array_equal(matrix[:, 3], rare_table["flag"].values)
    group = rare_table["group"]
    for code, text in enumerate(("v", "w", "x", "y")):
        assert encoding.categories[0].vocabulary[code] == text
        rows = group.values == code
        assert np.all(matrix[rows, 0] == code)
    assert np.isnan(matrix[group.values == -1, 0]).all()
    assert np.isnan(matrix[group.values == 4, 0]).all()


def test_tree_matrix_holds_only_what_histogram_trees_take() -> None:
    codes = np.repeat(np.arange(300), 6).astype(np.int32)
    texts = tuple(f"c{k:03d}" for k in range(300))
    infinite = np.full(1_800, np.inf)
    columns = (
        Column("c", "categorical", codes, texts),
        Column("x", "numeric", infinite),
    )
    table = Table(columns, np.zeros(1_800, np.int8), Task("binary", ("no", "yes")))
    matrix = tree_matrix(table, learn_encoding(table, np.arange(1_800)))
    assert np.nanmax(matrix[:, 0]) == TREE_LEVELS - 1
    assert np.isnan(matrix[:, 0]).sum() == 6 * (300 - TREE_LEVELS)
    assert np.isnan(matrix[:, 1]).all()
