# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from equipoise.diagnosis.fast import boosted_trees, matrix

Make = Callable[..., Any]


def test_it_learns_from_numbers_words_gaps_and_dates(build: Make) -> None:
    random = np.random.default_rng(0)
    y = (random.random(1500) < 0.2).astype(int)
    x = random.normal(y * 1.5)
    x[random.random(1500) < 0.1] = np.nan
    words = random.choice(["a", "b", ""], 1500)
    dates = np.datetime64("2024-01-01", "us") + random.integers(0, 999, 1500)
    table = build(y, {"x": x, "w": words, "d": dates})
    train, held = np.arange(1000), np.arange(1000, 1500)
    scores = boosted_trees(table, train, held, 0)
    assert roc_auc_score(y[held], scores) > 0.75
    assert np.array_equal(scores, boosted_trees(table, train, held, 0))


def test_columns_without_a_known_value_are_left_aside(build: Make) -> None:
    random = np.random.default_rng(0)
    y = np.arange(200) % 4 == 0
    x, gone = random.normal(2.0 * y), np.full(200, np.nan)
    late = np.where(np.arange(200) < 150, np.nan, 1.0)
    train, held = np.arange(150), np.arange(150, 200)
    table = build(y, {"gone": gone, "late": late, "x": x})
    alone = boosted_trees(build(y, {"x": x}), train, held, 0)
    assert np.array_equal(boosted_trees(table, train, held, 0), alone)
    empty = build(y, {"gone": gone})
    assert not boosted_trees(empty, train, held, 0).any()


def test_values_beyond_32_bits_and_missing_words_are_gaps(build: Make) -> None:
    table = build([0, 1, 0], {"x": [1e300, np.inf, 2.0], "w": ["", "a", "b"]})
    found = matrix(table, np.arange(3))
    assert np.isnan(found[:2, 0]).all()
    assert np.isnan(found[0, 1])
    assert found[2].tolist() == [2.0, 1.0]
