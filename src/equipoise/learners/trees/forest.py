# SPDX-License-Identifier: Apache-2.0
"""Fitted trees as plain arrays, and how they score rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, sentence
from equipoise._core.states import array, integers_within, real
from equipoise._core.types import FloatArray
from equipoise.errors import InputError

BLOCK = 100_000
"""Rows times trees that are walked at once: about 6 MB, which caches hold."""

CATEGORIES = 256
"""The length of a set of categories."""

MOST_DEPTH = 1_000
"""A file with a deeper tree is taken to be damaged."""

_PER_NODE = {
    "feature": "int32",
    "threshold": "float64",
    "left": "int32",
    "right": "int32",
    "missing_left": "bool",
    "subset": "int32",
    "value": "float64",
}


@dataclass(frozen=True, eq=False)
class Forest:
    """A sum of binary trees, one entry per node of all trees together.

    A row goes left at an inner node where its value is at most the threshold, or
    is in the node's set of categories; a missing value goes where `missing_left`
    says. A leaf is its own child on both sides.

    Attributes:
        base: The sum begins with it.
        roots: `[trees]` the node that each tree begins at.
        depth: The greatest number of steps from a root to a leaf.
        feature: `[nodes]` the column that decides.
        threshold: `[nodes]` float64.
        left: `[nodes]` the next node.
        right: `[nodes]` the next node.
        missing_left: `[nodes]` whether a missing value goes left.
        subset: `[nodes]` which row of `subsets` holds the categories that go left;
            -1 where the threshold decides.
        subsets: `[sets, 256]` bool.
        value: `[nodes]` float64 log-odds that a leaf adds.
    """

    base: float
    roots: npt.NDArray[np.int32]
    depth: int
    feature: npt.NDArray[np.int32]
    threshold: FloatArray
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    missing_left: npt.NDArray[np.bool_]
    subset: npt.NDArray[np.int32]
    subsets: npt.NDArray[np.bool_]
    value: FloatArray

    def raw(self, matrix: FloatArray) -> FloatArray:
        """Return the sum of the trees, `[rows]`, added up tree by tree.

        Args:
            matrix: `[rows, columns]` float64, NaN where missing.
        """
        block = max(1, BLOCK // max(1, len(self.roots)))
        parts = [
            self._sum(matrix[start : start + block])
            for start in range(0, len(matrix), block)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def _sum(self, matrix: FloatArray) -> FloatArray:
        return summed(self.value[self.leaves(matrix)], self.base)

    def leaves(self, matrix: FloatArray) -> npt.NDArray[np.int32]:
        """Return the leaf that each row ends in, `[rows, trees]`."""
        node = np.broadcast_to(self.roots, (len(matrix), len(self.roots))).copy()
        row = np.arange(len(matrix))[:, None]
        for _ in range(self.depth):
            x = matrix[row, self.feature[node]]
            goes_left = x <= self.threshold[node]
            chosen = self.subset[node] >= 0
            if chosen.any():
                category = np.where(np.isnan(x[chosen]), 0, x[chosen]).astype(np.int64)
                goes_left[chosen] = self.subsets[self.subset[node[chosen]], category]
            goes_left = np.where(np.isnan(x), self.missing_left[node], goes_left)
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def state(self) -> dict[str, Any]:
        """Return the arrays and numbers."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Forest:
        """Rebuild it from `state()`.

        Raises:
            InputError: The arrays do not make trees: a node that is none, a cycle,
                a path longer than `depth`, a number that is NaN.
        """
        count = len(array(state, "value", "float64", (None,)))
        per_node = {
            name: array(state, name, dtype, (count,), finite=False)
            for name, dtype in _PER_NODE.items()
        }
        subsets = array(state, "subsets", "bool", (None, CATEGORIES))
        integers_within(per_node["subset"], "subset", -1, len(subsets))
        for name in ("left", "right"):
            integers_within(per_node[name], name, 0, count)
        roots = array(state, "roots", "int32", (None,))
        forest = cls(
            base=real(state, "base"),
            roots=integers_within(roots, "roots", 0, count),
            depth=integer(state.get("depth"), "depth", 0, MOST_DEPTH),
            subsets=subsets,
            **per_node,
        )
        forest._require_leaves()
        return forest

    def require_columns(self, columns: int, categorical: int) -> None:
        """Check that every node asks for a column that the matrix has.

        Args:
            columns: The matrix' columns.
            categorical: How many of the first of them hold category numbers.

        Raises:
            InputError: A node splits on another column, or by categories on one
                that has none.
        """
        integers_within(self.feature, "feature", 0, max(1, columns))
        by_set = self.feature[self.subset >= 0]
        integers_within(by_set, "feature of a set of categories", 0, categorical)

    def _require_leaves(self) -> None:
        """Check that every path ends in a leaf within `depth` steps."""
        itself = np.arange(len(self.value))
        inner = np.flatnonzero((self.left != itself) | (self.right != itself))
        goes_on = np.zeros(len(itself), bool)
        goes_on[inner] = True
        begun = np.concatenate([self.roots, self.left[inner], self.right[inner]])
        # Each node of a tree is reached from one place, so that no walk is long.
        sound = len(np.unique(begun)) == len(begun)
        reached = self.roots[goes_on[self.roots]]
        for _ in range(self.depth if sound else 0):
            reached = np.concatenate([self.left[reached], self.right[reached]])
            reached = reached[goes_on[reached]]
        if not sound or len(reached):
            raise InputError(
                sentence(
                    f"trees whose paths do not end within {self.depth} steps",
                    "trees without cycles",
                )
            )


def summed(values: FloatArray, base: float) -> FloatArray:
    """Return base plus each tree's value, added one by one, `[rows]`.

    Args:
        values: `[rows, trees]`.
        base: What the sum begins with.
    """
    first = np.full((len(values), 1), base)
    # A running sum adds in order; a plain sum adds pairs, which rounds differently.
    return np.asarray(np.cumsum(np.hstack([first, values]), axis=1)[:, -1])


def join_forests(forests: Sequence[Forest]) -> Forest:
    """Return forests as one, their trees behind one another; its base is 0."""
    nodes = np.cumsum([0, *(len(forest.value) for forest in forests)]).tolist()
    sets = np.cumsum([0, *(len(forest.subsets) for forest in forests)]).tolist()

    def of(name: str, shift: Sequence[int] | None = None) -> Any:
        starts = shift or [0] * len(forests)
        parts = [
            getattr(forest, name) + start if shift else getattr(forest, name)
            for forest, start in zip(forests, starts, strict=False)
        ]
        return np.concatenate(parts).astype(parts[0].dtype)

    subset = [
        np.where(forest.subset >= 0, forest.subset + start, -1)
        for forest, start in zip(forests, sets, strict=False)
    ]
    return Forest(
        base=0.0,
        roots=of("roots", nodes),
        depth=max(forest.depth for forest in forests),
        feature=of("feature"),
        threshold=of("threshold"),
        left=of("left", nodes),
        right=of("right", nodes),
        missing_left=of("missing_left"),
        subset=np.concatenate(subset).astype(np.int32),
        subsets=of("subsets"),
        value=of("value"),
    )


def constant_forest(value: float) -> Forest:
    """Return a forest that gives every row the same sum.

    Example:
        >>> constant_forest(-2.0).raw(np.zeros((2, 1))).tolist()
        [-2.0, -2.0]
    """
    node, no = np.zeros(1, np.int32), np.zeros(1, bool)
    return Forest(
        base=value,
        roots=node,
        depth=0,
        feature=node,
        threshold=np.zeros(1),
        left=node,
        right=node,
        missing_left=no,
        subset=np.full(1, -1, np.int32),
        subsets=np.zeros((0, CATEGORIES), bool),
        value=np.zeros(1),
    )


def forest_of(model: Any, trees: int, output: int = 0) -> Forest:
    """Return the first trees of a fitted histogram gradient boosting classifier.

    scikit-learn gives out these trees by one door only, the state that a pickle
    holds, and its layout may change with a release. So
    `equipoise.learners.trees.histogram`
    compares each forest with scikit-learn's own scores before it is used.

    Args:
        model: A `HistGradientBoostingClassifier`.
        trees: How many trees to take, from the first.
        output: Of several classes, whose trees.
    """
    pickled = model.__getstate__()
    states = [stage[output].__getstate__() for stage in pickled["_predictors"][:trees]]
    sizes = [len(state["nodes"]) for state in states]
    sets = [len(state["raw_left_cat_bitsets"]) for state in states]
    nodes = np.concatenate([state["nodes"] for state in states])
    first = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    first_set = np.repeat(np.cumsum([0, *sets[:-1]]), sizes)
    leaf = nodes["is_leaf"] == 1
    itself = np.arange(len(nodes))
    categorical = (nodes["is_categorical"] == 1) & ~leaf
    bits = np.concatenate([state["raw_left_cat_bitsets"] for state in states])
    return Forest(
        base=float(np.ravel(pickled["_baseline_prediction"])[output]),
        roots=np.cumsum([0, *sizes[:-1]]).astype(np.int32),
        depth=int(nodes["depth"].max()),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=nodes["num_threshold"].copy(),
        left=np.where(leaf, itself, nodes["left"] + first).astype(np.int32),
        right=np.where(leaf, itself, nodes["right"] + first).astype(np.int32),
        missing_left=nodes["missing_go_to_left"] == 1,
        subset=np.where(categorical, nodes["bitset_idx"] + first_set, -1).astype(
            np.int32
        ),
        subsets=_unpacked(bits),
        value=nodes["value"].copy(),
    )


def _unpacked(bits: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return `[sets, 8]` words of 32 bits as `[sets, 256]` truth values."""
    shifts = np.arange(32, dtype=np.uint32)
    return ((bits[:, :, None] >> shifts) & 1).astype(bool).reshape(len(bits), 256)
