# SPDX-License-Identifier: Apache-2.0
"""Shapley values of trees beside all coalitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import equipoise.explanations.tree_shapley as module
from equipoise.explanations.tree_shapley import (
    forest_shapley,
    longest_path,
    pattern_worths,
)
from equipoise.learners.trees.forest import Forest, constant_forest, forest_of

RANDOM = np.random.default_rng(0)


def data(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with missing values and a first column of categories."""
    x = RANDOM.normal(size=(rows, columns))
    x[:, 0] = RANDOM.integers(0, 6, rows)
    x[RANDOM.random(x.shape) < 0.1] = np.nan
    z = np.nan_to_num(x[:, 1]) * np.nan_to_num(x[:, 2]) + (x[:, 0] > 2)
    return x, (z + RANDOM.logistic(size=rows) > 0).astype(int)


def grown(x: np.ndarray, y: np.ndarray, leaves: int = 16, trees: int = 6) -> Forest:
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        min_samples_leaf=3,
        categorical_features=[True, *[False] * (x.shape[1] - 1)],
        early_stopping=False,
        random_state=0,
    ).fit(x, y)
    return forest_of(model, trees)


def by_definition(
    forest: Forest, x: np.ndarray, reference: np.ndarray, players: np.ndarray
) -> np.ndarray:
    count = int(players.max()) + 1
    worth = {}
    for size in range(count + 1):
        for chosen in itertools.combinations(range(count), size):
            use = np.isin(players, chosen)
            mixed = np.where(use, x[:, None], reference[None])
            raw = forest.raw(mixed.reshape(-1, x.shape[1]))
            worth[chosen] = raw.reshape(len(x), -1).mean(axis=1)
    made = np.zeros((len(x), count))
    for player in range(count):
        others = [k for k in range(count) if k != player]
        for size in range(count):
            factor = 1 / (count * math.comb(count - 1, size))
            for chosen in itertools.combinations(others, size):
                joined = tuple(sorted((*chosen, player)))
                made[:, player] += factor * (worth[joined] - worth[chosen])
    return made


@pytest.mark.parametrize("tables", [7, 0], ids=["tables", "pairs"])
def test_values_are_those_of_the_definition(
    tables: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_IN_TABLES", tables)
    x, y = data(300, 6)
    forest = grown(x, y)
    rows, reference = x[:15], x[100:112]
    players = np.arange(6)
    made = forest_shapley(forest, rows, reference, players, 6)
    np.testing.assert_allclose(
        made, by_definition(forest, rows, reference, players), atol=1e-12
    )
    total = forest.raw(rows) - forest.raw(reference).mean()
    np.testing.assert_allclose(made.sum(axis=1), total, atol=1e-12)


def test_several_columns_can_be_one_player() -> None:
    x, y = data(300, 6)
    forest = grown(x, y)
    players = np.array([2, 0, 1, 0, 2, 3])
    made = forest_shapley(forest, x[:10], x[50:60], players, 4)
    expected = by_definition(forest, x[:10], x[50:60], players)
    np.testing.assert_allclose(made, expected, atol=1e-12)


def test_long_paths_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data(600, 12)
    forest = grown(x, y, leaves=60, trees=3)
    players = np.arange(12)
    assert longest_path(forest, players, 12) > 7
    made = forest_shapley(forest, x[:40], x[:30], players, 12)
    total = forest.raw(x[:40]) - forest.raw(x[:30]).mean()
    np.testing.assert_allclose(made.sum(axis=1), total, atol=1e-12)
    monkeypatch.setattr(module, "CELLS", 1)
    again = forest_shapley(forest, x[:40], x[:30], players, 12)
    np.testing.assert_allclose(again, made, rtol=0, atol=1e-14)
    monkeypatch.setattr(module, "MOST_IN_TABLES", 12)
    np.testing.assert_allclose(
        forest_shapley(forest, x[:40], x[:30], players, 12), made, atol=1e-12
    )


def test_a_column_that_no_tree_asks_about_adds_nothing() -> None:
    x, y = data(300, 4)
    forest = grown(x, y)
    made = forest_shapley(forest, x[:9], x[:20], np.array([0, 1, 2, 3]), 6)
    assert (made[:, 4:] == 0).all()
    nothing = forest_shapley(constant_forest(1.0), x[:9], x[:2], np.arange(4), 4)
    assert not nothing.any()
    itself = forest_shapley(forest, x[:1], x[:1], np.arange(4), 4)
    assert not itself.any()


def test_worths_add_up_to_the_difference() -> None:
    """A leaf gives what the row gets less what the background row gets."""
    worth = pattern_worths(4)
    row, other = np.arange(16)[None] == 0, np.arange(16)[:, None] == 0
    total = row.astype(float) - other
    np.testing.assert_allclose(worth.sum(axis=-1), total, atol=1e-15)
