# SPDX-License-Identifier: Apache-2.0
"""LightGBM's trees as arrays score rows as LightGBM does, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.learners.boosting.library import GrowRows, require_equal
from equipoise.learners.boosting.lightgbm import LightGBM, lightgbm_forests

lightgbm = pytest.importorskip("lightgbm")

Rows = Callable[[int], GrowRows]
Hard = Callable[[np.ndarray], np.ndarray]


def booster_of(rows: GrowRows, **options: Any) -> Any:
    several = rows.classes > 2
    given = {
        "objective": "multiclass" if several else "binary",
        "num_leaves": 25,
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 5,
        **({"num_class": rows.classes} if several else {}),
        **options,
    }
    data = lightgbm.Dataset(
        rows.x, rows.y, weight=rows.weights, categorical_feature=[0, 1]
    )
    return lightgbm.train(given, data, 40)


@pytest.mark.parametrize("classes", [2, 4])
def test_scores_are_those_of_the_library(
    grow_rows: Rows, hard_rows: Hard, classes: int
) -> None:
    booster = booster_of(grow_rows(classes))
    forests = lightgbm_forests(booster.model_to_string())
    numeric = [
        f.threshold[(f.subset < 0) & (f.left != np.arange(len(f.left)))]
        for f in forests
    ]
    x = hard_rows(np.concatenate([*numeric, np.float32([1e-35, -1e-35]).astype(float)]))
    expected = np.reshape(booster.predict(x, raw_score=True), (len(x), -1))
    assert len(forests) == expected.shape[1]
    for place, forest in enumerate(forests):
        assert (forest.subset >= 0).any()
        assert np.array_equal(forest.raw(x), expected[:, place])


def test_columns_without_gaps_take_a_missing_value_for_0(
    grow_rows: Rows, hard_rows: Hard
) -> None:
    booster = booster_of(grow_rows(2), use_missing=False)
    (forest,) = lightgbm_forests(booster.model_to_string())
    x = hard_rows(np.array([0.0, 1.0]))
    assert np.isnan(x).any()
    assert np.array_equal(forest.raw(x), booster.predict(x, raw_score=True))


def test_a_model_without_splits_is_a_constant(grow_rows: Rows) -> None:
    rows = grow_rows(2)
    booster = booster_of(rows, min_data_in_leaf=len(rows.x))
    (forest,) = lightgbm_forests(booster.model_to_string())
    assert np.ptp(forest.raw(rows.stop)) == 0
    expected = booster.predict(rows.stop, raw_score=True)
    assert forest.raw(rows.stop) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_grows_until_patience_ends(
    grow_rows: Rows, options: dict[str, float], classes: int
) -> None:
    rows = grow_rows(classes)
    grown = LightGBM().grow(rows, {**options, "trees": 2000}, seed=3, threads=1)
    assert len(grown.forests) == rows.outputs
    assert 40 < len(grown.forests[0].roots) < 1000
    require_equal("LightGBM", grown, rows.stop)
    again = LightGBM().grow(rows, {**options, "trees": 2000}, seed=3, threads=2)
    assert np.array_equal(again.scores, grown.scores)


def test_options_reach_the_trees(grow_rows: Rows, options: dict[str, float]) -> None:
    rows = grow_rows(2)
    changed = {"leaves": 4, "trees": 7}
    grown = LightGBM().grow(rows, {**options, **changed}, seed=3, threads=1)
    forest = grown.forests[0]
    assert len(forest.roots) == 7
    assert len(forest.value) == 7 * (2 * 4 - 1)
