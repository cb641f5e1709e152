# SPDX-License-Identifier: Apache-2.0
"""XGBoost: how it is called, and its trees as plain arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.options import Number
from equipoise.learners.boosting.library import (
    Grown,
    GrowRows,
    TreeNodes,
    depth_of,
    forest_from,
    largest_below,
)
from equipoise.learners.trees.forest import CATEGORIES, Forest


class XGBoost:
    """Depth-wise trees; values are compared as float32, "below" going left."""

    name = "XGBoost"

    def grow(
        self, rows: GrowRows, options: Mapping[str, Number], seed: int, threads: int
    ) -> Grown:
        """Grow trees until the log loss of the stop rows no longer falls."""
        import xgboost

        several = rows.outputs > 1
        parameters: dict[str, Any] = {
            "objective": "multi:softprob" if several else "binary:logistic",
            "eval_metric": "mlogloss" if several else "logloss",
            "tree_method": "hist",
            "learning_rate": options["learning_rate"],
            "max_depth": options["depth"],
            "min_child_weight": options["least_hessian"],
            "reg_lambda": options["l2"],
            "subsample": options["row_share"],
            "colsample_bylevel": options["column_share"],
            "seed": seed,
            "nthread": threads,
            "verbosity": 0,
        }
        if several:
            parameters["num_class"] = rows.classes
        kinds = ["c"] * rows.categories + ["q"] * (rows.x.shape[1] - rows.categories)
        shared = {"feature_types": kinds, "nthread": threads}
        train, stop = (
            xgboost.DMatrix(
                as_float32(x), y, weight=weight, enable_categorical=True, **shared
            )
            for x, y, weight in (
                (rows.x, rows.y, rows.weights),
                (rows.stop, rows.y_stop, rows.stop_weights),
            )
        )
        booster = xgboost.train(
            parameters,
            train,
            int(options["trees"] or 1),
            evals=[(stop, "stop")],
            early_stopping_rounds=int(options["patience"] or 1),
            verbose_eval=False,
        )
        grown = booster.num_boosted_rounds()
        scores = booster.predict(stop, output_margin=True, iteration_range=(0, grown))
        return Grown(
            xgboost_forests(json.loads(booster.save_raw("json"))),
            np.reshape(scores, (len(rows.stop), rows.outputs)).astype(np.float64),
            tolerance=1e-5,  # it adds up in float32
        )


def as_float32(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return what XGBoost and CatBoost compare, too large a number as the largest.

    Both refuse infinite values; no threshold is so large that it would matter.

    Args:
        matrix: `[rows, columns]` float64.
    """
    most = np.finfo(np.float32).max
    return np.asarray(np.clip(matrix, -most, most), np.float32)


def xgboost_forests(model: Mapping[str, Any]) -> tuple[Forest, ...]:
    """Return the trees of an XGBoost model, one forest for each output.

    Args:
        model: What `Booster.save_raw("json")` holds.
    """
    learner = model["learner"]
    trees = learner["gradient_booster"]["model"]
    facts = learner["learner_model_param"]
    outputs = max(1, int(facts["num_class"]))
    start = np.array(str(facts["base_score"]).strip("[]").split(","), np.float32)
    base = np.broadcast_to(start, (outputs,)).astype(np.float64)
    if learner["objective"]["name"] == "binary:logistic":
        base = np.log(base) - np.log1p(-base)
    of = np.array(trees["tree_info"], np.int64)
    return tuple(
        forest_from(
            [_tree(trees["trees"][place]) for place in np.flatnonzero(of == output)],
            float(base[output]),
        )
        for output in range(outputs)
    )


def _tree(tree: Mapping[str, Any]) -> TreeNodes:
    left, right = (
        np.array(tree[name], np.int64) for name in ("left_children", "right_children")
    )
    itself = np.arange(len(left))
    leaf = left < 0
    left, right = np.where(leaf, itself, left), np.where(leaf, itself, right)
    cut = np.array(tree["split_conditions"], np.float32)
    categorical = (np.array(tree["split_type"], np.int64) == 1) & ~leaf
    subset = np.full(len(left), -1, np.int64)
    nodes = tree.get("categories_nodes", [])
    subset[np.array(nodes, np.int64)] = np.arange(len(nodes))
    numeric = ~leaf & ~categorical
    return TreeNodes(
        feature=np.where(leaf, 0, np.array(tree["split_indices"], np.int64)),
        threshold=np.where(
            numeric, largest_below(np.where(numeric, cut, np.float32(0))), 0.0
        ),
        left=left,
        right=right,
        missing_left=(np.array(tree["default_left"], np.int64) == 1) & ~leaf,
        subset=subset,
        subsets=_subsets(tree),
        value=np.where(leaf, cut, np.float32(0)).astype(np.float64),
        depth=depth_of(left, right),
    )


def _subsets(tree: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Return the sets of categories that go left: those that are not listed."""
    starts = np.array(tree.get("categories_segments", []), np.int64)
    sizes = np.array(tree.get("categories_sizes", []), np.int64)
    categories = np.array(tree.get("categories", []), np.int64)
    sets = np.ones((len(starts), CATEGORIES), bool)
    for line, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        sets[line, categories[start : start + size]] = False
    return sets
