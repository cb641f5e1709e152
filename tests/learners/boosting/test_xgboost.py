# SPDX-License-Identifier: Apache-2.0
"""XGBoost's trees as arrays end in the leaves that XGBoost's end in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.learners.boosting.library import GrowRows, require_equal
from equipoise.learners.boosting.xgboost import XGBoost, as_float32, xgboost_forests

xgboost = pytest.importorskip("xgboost")

Rows = Callable[[int], GrowRows]
Hard = Callable[[np.ndarray], np.ndarray]
KINDS = ["c", "c", "q", "q", "q", "q"]


def matrix_of(x: np.ndarray, **facts: Any) -> Any:
    return xgboost.DMatrix(
        as_float32(x), feature_types=KINDS, enable_categorical=True, **facts
    )


def booster_of(rows: GrowRows, **options: Any) -> Any:
    several = rows.classes > 2
    given = {
        "objective": "multi:softprob" if several else "binary:logistic",
        "max_depth": 5,
        "nthread": 1,
        **({"num_class": rows.classes} if several else {}),
        **options,
    }
    data = matrix_of(rows.x, label=rows.y, weight=rows.weights)
    return xgboost.train(given, data, 40)


@pytest.mark.parametrize("classes", [2, 4])
def test_scores_are_those_of_the_library(
    grow_rows: Rows, hard_rows: Hard, classes: int
) -> None:
    booster = booster_of(grow_rows(classes))
    model = json.loads(booster.save_raw("json"))
    cuts = np.concatenate(
        [
            np.array(tree["split_conditions"])[np.array(tree["left_children"]) >= 0]
            for tree in model["learner"]["gradient_booster"]["model"]["trees"]
        ]
    )
    x = hard_rows(cuts.astype(np.float32).astype(np.float64))
    forests = xgboost_forests(model)
    leaves = booster.predict(matrix_of(x), pred_leaf=True)
    expected = np.reshape(
        booster.predict(matrix_of(x), output_margin=True), (len(x), -1)
    )
    assert len(forests) == expected.shape[1]
    for place, forest in enumerate(forests):
        assert (forest.subset >= 0).any()
        theirs = np.reshape(leaves, (len(x), -1))[:, place :: len(forests)]
        assert np.array_equal(forest.leaves(x) - forest.roots, theirs)
        # The library adds 40 leaves up in float32.
        assert forest.raw(x) == pytest.approx(expected[:, place], abs=3e-6)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_grows_until_patience_ends(
    grow_rows: Rows, options: dict[str, float], classes: int
) -> None:
    rows = grow_rows(classes)
    grown = XGBoost().grow(rows, {**options, "trees": 2000}, seed=3, threads=1)
    assert len(grown.forests) == rows.outputs
    assert 40 < len(grown.forests[0].roots) < 1000
    require_equal("XGBoost", grown, rows.stop)
    again = XGBoost().grow(rows, {**options, "trees": 2000}, seed=3, threads=1)
    assert np.array_equal(again.scores, grown.scores)


def test_options_reach_the_trees(grow_rows: Rows, options: dict[str, float]) -> None:
    rows = grow_rows(2)
    changed = {"depth": 2, "trees": 7}
    grown = XGBoost().grow(rows, {**options, **changed}, seed=3, threads=1)
    assert len(grown.forests[0].roots) == 7
    assert grown.forests[0].depth == 2
