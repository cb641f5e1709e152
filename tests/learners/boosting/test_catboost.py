# SPDX-License-Identifier: Apache-2.0
"""CatBoost's trees as arrays score rows as CatBoost does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.learners.boosting.catboost import CatBoost, catboost_forests, pool_of
from equipoise.learners.boosting.library import GrowRows, require_equal

catboost = pytest.importorskip("catboost")

Rows = Callable[[int], GrowRows]
Hard = Callable[[np.ndarray], np.ndarray]


def model_of(rows: GrowRows, **options: Any) -> Any:
    given = {
        "loss_function": "MultiClass" if rows.classes > 2 else "Logloss",
        "iterations": 40,
        "depth": 5,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
        "max_ctr_complexity": 1,
        **options,
    }
    model = catboost.CatBoost(given)
    return model.fit(pool_of(rows.x, 2, rows.y, rows.weights))


@pytest.mark.parametrize("one_hot", [2, 15, 255])
@pytest.mark.parametrize("classes", [2, 4])
def test_scores_are_those_of_the_library(
    grow_rows: Rows, hard_rows: Hard, classes: int, one_hot: int
) -> None:
    model = model_of(grow_rows(classes), one_hot_max_size=one_hot)
    forests = catboost_forests(model, 2, 6)
    x = hard_rows(np.concatenate(list(model.get_borders().values())))
    expected = np.reshape(
        model.predict(pool_of(x, 2), prediction_type="RawFormulaVal"), (len(x), -1)
    )
    assert len(forests) == expected.shape[1]
    for place, forest in enumerate(forests):
        assert (forest.subset >= 0).any()
        assert forest.raw(x) == pytest.approx(expected[:, place], abs=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_grows_until_patience_ends(
    grow_rows: Rows, options: dict[str, float], classes: int
) -> None:
    rows = grow_rows(classes)
    grown = CatBoost().grow(rows, {**options, "trees": 2000}, seed=3, threads=1)
    assert len(grown.forests) == rows.outputs
    assert 40 < len(grown.forests[0].roots) < 1500
    require_equal("CatBoost", grown, rows.stop)
    again = CatBoost().grow(rows, {**options, "trees": 2000}, seed=3, threads=2)
    assert np.array_equal(again.scores, grown.scores)


def test_options_reach_the_trees(grow_rows: Rows, options: dict[str, float]) -> None:
    rows = grow_rows(2)
    changed = {"depth": 2, "trees": 7}
    grown = CatBoost().grow(rows, {**options, **changed}, seed=3, threads=1)
    assert len(grown.forests[0].roots) == 7
    assert len(grown.forests[0].value) == 7 * 7
    assert grown.forests[0].depth == 2


def test_columns_of_numbers_alone(grow_rows: Rows, options: dict[str, float]) -> None:
    rows = grow_rows(2)
    numbers = GrowRows(
        rows.x[:, 2:],
        rows.y,
        rows.weights,
        rows.stop[:, 2:],
        rows.y_stop,
        rows.stop_weights,
        0,
        2,
    )
    grown = CatBoost().grow(numbers, options, seed=3, threads=1)
    require_equal("CatBoost", grown, numbers.stop)
    assert not len(grown.forests[0].subsets)
