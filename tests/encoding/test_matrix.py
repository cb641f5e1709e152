# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.features import REACH
from equipoise.encoding.matrix import (
    TREE_LEVELS,
    along_pieces,
    linear_matrix,
    piece_ends,
    piecewise_matrix,
    tree_matrix,
)
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


@pytest.mark.parametrize("pieces", [2, 3, 8, 48])
@pytest.mark.parametrize("knots", [3, 9, 49])
def test_a_sum_over_pieces_is_what_interpolation_gives(knots: int, pieces: int) -> None:
    """Within the knots NumPy's, and outside the last slope goes on."""
    random = np.random.default_rng(knots + pieces)
    ends = piece_ends([2, knots], pieces)
    assert ends[0] == []
    line = np.array(ends[1])
    assert (line[0], line[-1]) == (0, knots - 1)
    assert (np.diff(line) >= 1).all()
    assert len(line) - 1 == min(pieces, knots - 1)
    slopes = random.normal(size=len(line) - 1)
    values = np.concatenate([[0.0], np.cumsum(slopes)])
    x = np.sort(random.uniform(-REACH, knots - 1 + REACH, 200))
    along = along_pieces(np.stack([np.zeros(200), x], axis=1), ends)
    expected = np.interp(x, line, values)
    first, last = slopes[0] / (line[1] - line[0]), slopes[-1] / (line[-1] - line[-2])
    expected += first * np.minimum(x, 0) + last * np.maximum(x - line[-1], 0)
    np.testing.assert_allclose(along @ slopes, expected, atol=1e-12)


@pytest.mark.parametrize("columns", [3, None], ids=["numbers", "categories too"])
def test_pieces_stand_behind_the_linear_matrix(
    rare_table: Table, columns: int | None
) -> None:
    table = dataclasses.replace(rare_table, columns=rare_table.columns[:columns])
    encoding = learn_encoding(table, np.arange(700))
    whole = piecewise_matrix(table, encoding, 5)
    lines = linear_matrix(table, encoding)
    if columns is None:
        whole, lines = whole.toarray(), lines.toarray()
    width = lines.shape[1]
    np.testing.assert_array_equal(whole[:, :width], lines)
    ends = piece_ends(encoding.knots, 5)
    along = along_pieces(encoding.transform(table).positions, ends)
    assert along.shape[1] == sum(len(line) - 1 for line in ends if line) > 5
    np.testing.assert_array_equal(whole[:, width:], along)
    one = piecewise_matrix(table, encoding, 1)
    one = one.toarray() if columns is None else one
    np.testing.assert_array_equal(one, lines)


def test_without_a_number_there_are_no_pieces(rare_table: Table) -> None:
    table = dataclasses.replace(rare_table, columns=(rare_table["group"],))
    encoding = learn_encoding(table, np.arange(700))
    whole = piecewise_matrix(table, encoding, 5).toarray()
    np.testing.assert_array_equal(whole, linear_matrix(table, encoding).toarray())
