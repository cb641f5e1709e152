# SPDX-License-Identifier: Apache-2.0
"""Trees as layers: the same leaves as the arrays, and the same matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import dense_matrix, ordinal_matrix, tree_matrix
from equipoise.export.check import checked_inputs
from equipoise.learners.trees.forest import Forest
from equipoise.reading.read import read_table
from equipoise.verbs.model import FittedModel

MATRICES = {"tree": tree_matrix, "dense": dense_matrix, "ordinal": ordinal_matrix}


def tensors(raw: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    return {name: tf.constant(values) for name, values in raw.items()}


@pytest.mark.parametrize("view", MATRICES)
def test_the_matrix_is_that_of_numpy(
    view: str, trees: FittedModel, make_rows: Callable[..., Any]
) -> None:
    from equipoise.learners.trees.keras_layer import TreeMatrix

    table = read_table(make_rows(), "fraud")
    encoding = learn_encoding(table, np.arange(len(table)))
    layer = TreeMatrix(encoding, view, "equipoise-matrix")
    for rows in (table, checked_inputs(trees)[0]):
        found = layer(tensors(rows.raw())).numpy()
        # TensorFlow takes numbers below the smallest normal one for 0.
        np.testing.assert_allclose(
            found, MATRICES[view](rows, encoding), rtol=0, atol=1e-300
        )
        assert found.shape[1] == layer.width
    again = TreeMatrix.from_config(layer.get_config())
    np.testing.assert_array_equal(again(tensors(rows.raw())).numpy(), found)


def drawn(random: np.random.Generator, trees: int, columns: int) -> Forest:
    """Return complete trees of depth 4 with drawn splits, the first by sets."""
    size = 2**5 - 1
    inner = 2**4 - 1
    own = np.arange(size)
    left = np.where(own < inner, 2 * own + 1, own)
    right = np.where(own < inner, 2 * own + 2, own)
    first = size * np.repeat(np.arange(trees), size)
    total = trees * size
    feature = random.integers(0, columns, total).astype(np.int32)
    return Forest(
        base=0.25,
        roots=(size * np.arange(trees)).astype(np.int32),
        depth=4,
        feature=feature,
        threshold=random.normal(0, 1, total),
        left=(np.tile(left, trees) + first).astype(np.int32),
        right=(np.tile(right, trees) + first).astype(np.int32),
        missing_left=random.random(total) < 0.5,
        subset=np.where(feature == 0, random.integers(0, 3, total), -1).astype(
            np.int32
        ),
        subsets=random.random((3, 256)) < 0.5,
        value=random.normal(0, 0.1, total),
    )


def test_a_row_ends_in_the_same_leaves() -> None:
    from equipoise.learners.trees.keras_layer import forest_layer

    random = np.random.default_rng(0)
    forest = drawn(random, 9, 4)
    x = random.normal(0, 1, (500, 4))
    x[:, 0] = random.integers(0, 256, 500)
    x[random.random(x.shape) < 0.2] = np.nan
    x[:4, 1:] = np.array([1e300, -1e300, 0.0, 1e-310])[:, None]
    found = forest_layer(forest, divisor=2.0, offset=-1.0)(x).numpy()[:, 0]
    np.testing.assert_allclose(found, forest.raw(x) / 2.0 - 1.0, rtol=0, atol=1e-14)


def test_a_share_becomes_log_odds() -> None:
    import dataclasses

    from equipoise.learners.trees.keras_layer import forest_layer

    random = np.random.default_rng(1)
    forest = drawn(random, 3, 2)
    shares = np.abs(forest.value) / 3
    forest = dataclasses.replace(forest, value=shares, base=1e-4)
    x = np.column_stack([random.integers(0, 9, 50), random.normal(size=50)])
    p = forest.raw(x)
    found = forest_layer(forest, link="share")(x).numpy()[:, 0]
    np.testing.assert_allclose(found, np.log(p) - np.log1p(-p), rtol=1e-12)


def test_a_tree_of_one_leaf_walks_nowhere() -> None:
    from equipoise.learners.trees.keras_layer import forest_layer

    zero = np.zeros(1, np.int32)
    leaf = Forest(
        base=0.5,
        roots=zero,
        depth=0,
        feature=zero,
        threshold=np.zeros(1),
        left=zero,
        right=zero,
        missing_left=np.zeros(1, bool),
        subset=zero - 1,
        subsets=np.zeros((0, 256), bool),
        value=np.array([1.5]),
    )
    found = forest_layer(leaf)(np.array([[np.nan], [3.0]])).numpy()
    assert found.tolist() == [[2.0], [2.0]]
