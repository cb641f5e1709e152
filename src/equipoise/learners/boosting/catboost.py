# SPDX-License-Identifier: Apache-2.0
"""CatBoost: how it is called, and its trees as plain arrays.

All nodes of a level of its trees ask the same question, so the number of a leaf says
the answers: bit k that of question k. A question about a category, whether one-hot or
by a statistic of the target, depends on that category alone (statistics of several
columns together are not allowed), so it is a set of categories. Which ones is read from
the leaves that a row of each category ends in.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.options import Number
from equipoise._core.types import FloatArray
from equipoise.learners.boosting.library import (
    Grown,
    GrowRows,
    TreeNodes,
    forest_from,
    largest_not_above,
)
from equipoise.learners.boosting.xgboost import as_float32
from equipoise.learners.trees.forest import CATEGORIES, Forest

MISSING = b"missing"
"""How CatBoost is told of a category that is missing."""


class CatBoost:
    """Symmetric trees; values are compared as float32, "not above" going left."""

    name = "CatBoost"

    def grow(
        self, rows: GrowRows, options: Mapping[str, Number], seed: int, threads: int
    ) -> Grown:
        """Grow trees until the log loss of the stop rows no longer falls."""
        import catboost

        several = rows.outputs > 1
        parameters: dict[str, Any] = {
            "loss_function": "MultiClass" if several else "Logloss",
            "iterations": options["trees"],
            "learning_rate": options["learning_rate"],
            "depth": options["depth"],
            "l2_leaf_reg": options["l2"],
            "bootstrap_type": "Bernoulli",
            "subsample": options["row_share"],
            "rsm": options["column_share"],
            "random_strength": options["random_strength"],
            "one_hot_max_size": 15,
            "max_ctr_complexity": 1,
            "boosting_type": "Plain",
            "leaf_estimation_iterations": 1,
            "border_count": 254,
            "use_best_model": False,
            "od_type": "Iter",
            "od_wait": options["patience"],
            "random_seed": seed,
            "thread_count": threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        if several:
            parameters["classes_count"] = rows.classes
        train, stop = (
            pool_of(x, rows.categories, y, weight)
            for x, y, weight in (
                (rows.x, rows.y, rows.weights),
                (rows.stop, rows.y_stop, rows.stop_weights),
            )
        )
        model = catboost.CatBoost(parameters)
        model.fit(train, eval_set=stop)
        scores = model.predict(
            stop, prediction_type="RawFormulaVal", thread_count=threads
        )
        return Grown(
            catboost_forests(model, rows.categories, rows.x.shape[1]),
            np.reshape(scores, (len(rows.stop), rows.outputs)),
            tolerance=1e-9,
        )


def pool_of(
    matrix: FloatArray, categories: int, y: Any = None, weight: Any = None
) -> Any:
    """Return a matrix as CatBoost takes it: numbers first, then categories as texts.

    Args:
        matrix: `[rows, columns]`, categories first.
        categories: How many columns hold categories.
        y: `[rows]` class numbers.
        weight: `[rows]`.
    """
    from catboost import FeaturesData, Pool

    texts = np.array([b"%d" % code for code in range(CATEGORIES)] + [MISSING], object)
    codes = np.nan_to_num(matrix[:, :categories], nan=CATEGORIES).astype(np.int64)
    numbers = np.ascontiguousarray(as_float32(matrix[:, categories:]))
    data = FeaturesData(
        num_feature_data=numbers if numbers.shape[1] else None,
        cat_feature_data=texts[codes] if categories else None,
    )
    return Pool(data, label=y, weight=weight)


def catboost_forests(model: Any, categories: int, columns: int) -> tuple[Forest, ...]:
    """Return the trees of a CatBoost model, one forest for each output.

    Args:
        model: It was fitted to what `pool_of` gives.
        categories: How many columns hold categories.
        columns: How many columns there are.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        document = json.loads(path.read_text(encoding="utf-8"))
    scale, bias = document["scale_and_bias"]
    base = np.atleast_1d(np.asarray(bias, np.float64))
    trees = document["oblivious_trees"]
    features = document["features_info"].get("float_features", [])
    missing_right = {
        one["feature_index"]: one["nan_value_treatment"] == "AsTrue" for one in features
    }
    answers = _answers(model, categories, columns)
    made = [
        _tree(tree, answers[..., number], missing_right, categories, len(base), scale)
        for number, tree in enumerate(trees)
    ]
    return tuple(
        forest_from(made, float(base[place]), place) for place in range(len(base))
    )


def _answers(model: Any, categories: int, columns: int) -> npt.NDArray[np.int64]:
    """Return the leaf of each tree for a row of each category of each column.

    The other columns are missing in it. The last row of a column is missing, too.

    Returns:
        `[columns, 257, trees]`.
    """
    probe = np.full((categories, CATEGORIES + 1, columns), np.nan)
    probe[..., categories:] = 0.0
    each = np.arange(categories)
    probe[each, :CATEGORIES, each] = np.arange(CATEGORIES)
    rows = probe.reshape(-1, columns)
    leaves = np.zeros((0, model.tree_count_), np.int64)
    if categories:
        leaves = model.calc_leaf_indexes(pool_of(rows, categories)).astype(np.int64)
    return leaves.reshape(categories, CATEGORIES + 1, model.tree_count_)


def _tree(
    tree: Mapping[str, Any],
    answers: npt.NDArray[np.int64],
    missing_right: Mapping[int, bool],
    categories: int,
    outputs: int,
    scale: float,
) -> TreeNodes:
    """Return one tree, level by level, so that a leaf's place says the answers.

    Args:
        tree: Its questions and the values of its leaves.
        answers: `[columns, 257]` the leaf of a row of each category of each column.
        missing_right: By number column, whether a missing value goes right.
        categories: How many columns hold categories.
        outputs: How many values a leaf has.
        scale: What they are multiplied by.
    """
    questions: Sequence[Mapping[str, Any]] = tree.get("splits") or ()
    depth = len(questions)
    leaves = 1 << depth
    value = np.reshape(tree["leaf_values"], (leaves, outputs)) * scale
    inner = leaves - 1
    nodes = inner + leaves
    feature, subset = np.zeros(nodes, np.int64), np.full(nodes, -1)
    threshold, missing_left = np.zeros(nodes), np.zeros(nodes, bool)
    left = np.arange(nodes)
    right = left.copy()
    subsets: list[npt.NDArray[np.bool_]] = []
    for level, question in enumerate(questions):
        first, count = (1 << level) - 1, 1 << level
        here = np.arange(first, first + count)
        left[here] = first + count + np.arange(count)
        right[here] = left[here] + count
        if question["split_type"] == "FloatFeature":
            number = question["float_feature_index"]
            feature[here] = categories + number
            border = np.array([question["border"]], np.float32)
            threshold[here] = largest_not_above(border)[0]
            missing_left[here] = not missing_right.get(number, False)
            continue
        goes_right = ((answers >> level) & 1).astype(bool)
        # It is about the column whose categories differ in the answer.
        column = int(np.argmax(np.ptp(goes_right.astype(np.int8), axis=1)))
        feature[here] = column
        subset[here] = len(subsets)
        subsets.append(~goes_right[column, :CATEGORIES])
        missing_left[here] = not goes_right[column, CATEGORIES]
    return TreeNodes(
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        missing_left=missing_left,
        subset=subset,
        subsets=np.array(subsets, bool).reshape(-1, CATEGORIES),
        value=np.concatenate([np.zeros((inner, outputs)), value]),
        depth=depth,
    )
