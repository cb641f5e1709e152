# SPDX-License-Identifier: Apache-2.0
"""LightGBM: how it is called, and its trees as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.options import Number
from equipoise._core.types import FloatArray
from equipoise.learners.boosting.library import (
    Grown,
    GrowRows,
    TreeNodes,
    depth_of,
    forest_from,
)
from equipoise.learners.trees.forest import CATEGORIES, Forest

CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of a node's decision type."""

MISSING_IS_NAN = 2
"""The missing type, bits 2 and 3, of a split that knows missing values."""

LEAST_ROWS = 40
"""The usual number, of which small tables would make a tree of two leaves."""

ZERO = float(np.float32(1e-35))
"""Values up to this size are 0 to LightGBM."""


class LightGBM:
    """Leaf-wise trees; values are compared as float64, "at most" going left."""

    name = "LightGBM"

    def grow(
        self, rows: GrowRows, options: Mapping[str, Number], seed: int, threads: int
    ) -> Grown:
        """Grow trees until the log loss of the stop rows no longer falls."""
        import lightgbm

        several = rows.outputs > 1
        parameters: dict[str, Any] = {
            "objective": "multiclass" if several else "binary",
            "metric": "multi_logloss" if several else "binary_logloss",
            "learning_rate": options["learning_rate"],
            "num_leaves": options["leaves"],
            "min_data_in_leaf": options["least_rows"] or least_rows(len(rows.y)),
            "min_sum_hessian_in_leaf": 1e-7,
            "lambda_l2": options["l2"],
            "feature_fraction": options["column_share"],
            "bagging_fraction": options["row_share"],
            "bagging_freq": 1,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }
        if several:
            parameters["num_class"] = rows.classes
        data: dict[str, Any] = {
            "categorical_feature": list(range(rows.categories)),
            "params": {"verbosity": -1, "num_threads": threads},
        }
        train = lightgbm.Dataset(rows.x, rows.y, weight=rows.weights, **data)
        stop = lightgbm.Dataset(
            rows.stop, rows.y_stop, weight=rows.stop_weights, reference=train, **data
        )
        patience = int(options["patience"] or 1)
        booster = lightgbm.train(
            parameters,
            train,
            int(options["trees"] or 1),
            valid_sets=[stop],
            callbacks=[lightgbm.early_stopping(patience, verbose=False)],
            keep_training_booster=True,  # else the trees after the best are gone
        )
        scores = booster.predict(
            rows.stop, num_iteration=-1, raw_score=True, num_threads=threads
        )
        return Grown(
            lightgbm_forests(booster.model_to_string(num_iteration=-1)),
            np.reshape(np.asarray(scores), (len(rows.stop), rows.outputs)),
            tolerance=1e-9,
        )


def least_rows(rows: int) -> int:
    """Return how many rows a leaf has at least if the user does not say.

    Args:
        rows: How many there are to learn from.

    Example:
        >>> least_rows(10_000), least_rows(200)
        (40, 10)
    """
    return min(LEAST_ROWS, max(1, rows // 20))


def lightgbm_forests(text: str) -> tuple[Forest, ...]:
    """Return the trees of a LightGBM model, one forest for each output.

    The averages that LightGBM begins with are in the leaves of its first trees.

    Args:
        text: What `Booster.model_to_string()` gives.
    """
    head, *blocks = text.split("\nTree=")
    outputs = int(_fields(head)["num_tree_per_iteration"])
    trees = [_tree(_fields(block)) for block in blocks]
    return tuple(forest_from(trees[place::outputs], 0.0) for place in range(outputs))


def _fields(block: str) -> dict[str, str]:
    lines = (line.partition("=") for line in block.splitlines() if "=" in line)
    fields: dict[str, str] = {}
    for name, _, value in lines:
        fields.setdefault(name, value)
    return fields


def _numbers(fields: Mapping[str, str], name: str, dtype: Any) -> npt.NDArray[Any]:
    return np.array(fields.get(name, "").split(), dtype)


def _tree(fields: Mapping[str, str]) -> TreeNodes:
    """Return one tree: its inner nodes first, then its leaves."""
    value = _numbers(fields, "leaf_value", np.float64)
    inner = len(value) - 1
    feature, threshold = (
        _numbers(fields, name, dtype)
        for name, dtype in (("split_feature", np.int64), ("threshold", np.float64))
    )
    kinds = _numbers(fields, "decision_type", np.int64)
    # A child below 0 is leaf number -(child + 1).
    left, right = (
        np.where(child >= 0, child, inner - child - 1)
        for child in (
            _numbers(fields, name, np.int64) for name in ("left_child", "right_child")
        )
    )
    categorical = (kinds & CATEGORICAL) > 0
    knows_missing = ((kinds >> 2) & 3) == MISSING_IS_NAN
    # A split that knows no missing values takes one for 0; a category that is missing
    # is in no set.
    missing_left = np.where(knows_missing, (kinds & DEFAULT_LEFT) > 0, threshold >= 0.0)
    leaves = inner + np.arange(len(value))
    none = np.zeros(len(value))
    left, right = np.concatenate([left, leaves]), np.concatenate([right, leaves])
    return TreeNodes(
        feature=np.concatenate([feature, none]),
        threshold=np.concatenate([np.where(categorical, 0.0, _cuts(threshold)), none]),
        left=left,
        right=right,
        missing_left=np.concatenate([missing_left & ~categorical, none > 0]),
        subset=np.concatenate([np.where(categorical, threshold, -1), none - 1]).astype(
            np.int64
        ),
        subsets=_subsets(fields),
        value=np.concatenate([np.zeros(inner), value]),
        depth=depth_of(left, right),
    )


def _cuts(threshold: FloatArray) -> FloatArray:
    """Return thresholds that send values next to 0 where LightGBM sends 0."""
    near = np.abs(threshold) <= ZERO
    side = np.where(threshold < 0.0, np.nextafter(-ZERO, -np.inf), ZERO)
    return np.where(near, side, threshold)


def _subsets(fields: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Return the sets of categories that go left, `[sets, 256]`."""
    bounds = _numbers(fields, "cat_boundaries", np.int64)
    words = _numbers(fields, "cat_threshold", np.uint32)
    sets = np.zeros((max(0, len(bounds) - 1), CATEGORIES), bool)
    shifts = np.arange(32, dtype=np.uint32)
    for line, (start, end) in enumerate(pairwise(bounds)):
        bits = ((words[start:end, None] >> shifts) & 1).astype(bool).ravel()
        sets[line, : min(CATEGORIES, len(bits))] = bits[:CATEGORIES]
    return sets
