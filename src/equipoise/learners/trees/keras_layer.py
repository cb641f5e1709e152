# SPDX-License-Identifier: Apache-2.0
"""Fitted trees as Keras layers, for export: the matrix that they split, and the walk.

The layers hold what `Forest` holds and take the same steps in float64, so a row ends
in the same leaves; only the order in which trees are added up may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from equipoise._core.checks import one_of, sentence
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import TREE_LEVELS
from equipoise.errors import InputError
from equipoise.learners.trees.forest import CATEGORIES, Forest
from equipoise.networks.encoding import EncodingLayer

VIEWS = ("tree", "dense", "ordinal")
LINKS = ("log_odds", "share", "class_share")


@keras.saving.register_keras_serializable(package="equipoise")
class TreeMatrix(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """Raw columns to the matrix that trees split; see `learners.matrix`.

    Args:
        encoding: The encoding, or its `to_dict()`.
        view: "tree", "dense" or "ordinal", named as the function `*_matrix`.
        name: The layer's name; it must be the name of no column.
    """

    def __init__(
        self, encoding: Encoding | Mapping[str, Any], view: str, name: str
    ) -> None:
        super().__init__(trainable=False, autocast=False, dtype="float64", name=name)
        self.encoder = EncodingLayer(encoding, name=f"{name}-encoding")
        self.view = one_of(view, VIEWS, "view")
        self.supports_jit = False
        self.built = True

    def call(self, columns: Mapping[str, Any]) -> Any:
        """Return `[rows, columns]` float64; NaN where missing in the view "tree"."""
        numbers, _, codes = self.encoder(columns)
        if self.view == "tree":
            features = self.encoder.features(columns)
            return tf.concat([_categories(codes), features], axis=1)
        numbers = tf.cast(numbers, tf.float64)
        if self.view == "ordinal":
            return tf.concat([tf.cast(codes, tf.float64), numbers], axis=1)
        hot = [
            tf.one_hot(codes[:, column], levels, dtype=tf.float64)
            for column, levels in enumerate(self.encoder.encoding.levels)
        ]
        return tf.concat([numbers, *hot], axis=1)

    def compute_output_spec(self, columns: Mapping[str, Any]) -> Any:
        """Return the shape and the type of the matrix."""
        rows = next(iter(columns.values())).shape[0]
        return keras.KerasTensor((rows, self.width), "float64")

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        encoding = self.encoder.encoding
        if self.view == "tree":
            return len(encoding.categories) + len(encoding.numbers)
        if self.view == "ordinal":
            return len(encoding.categories) + len(encoding.names)
        return len(encoding.names) + sum(encoding.levels)

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer."""
        encoding = self.encoder.encoding.to_dict()
        return {"name": self.name, "encoding": encoding, "view": self.view}


def _categories(codes: Any) -> Any:
    """Return category numbers from 0; NaN for missing, rare and unseen ones."""
    number = tf.cast(codes, tf.float64) - 2.0
    numbered = (number >= 0.0) & (number < TREE_LEVELS)
    return tf.where(numbered, number, tf.constant(np.nan, tf.float64))


@keras.saving.register_keras_serializable(package="equipoise")
class ForestLogOdds(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
    """The log-odds of a forest for the rows of a matrix; see `Forest`.

    Args:
        trees: How many trees there are.
        nodes: How many nodes they have together.
        sets: How many sets of categories they split by.
        depth: The greatest number of steps from a root to a leaf.
        link: What the trees' sum is: "log_odds", or the "share" of positives, or the
            "class_share" of each of several classes, of which logs are returned.
        base: The sum begins with it; one number for each output if there are several.
        divisor: The sum is divided by it.
        offset: Added to the log-odds; one number for each output.
        name: The layer's name.
        groups: How many of the trees each of several outputs has, those of the first
            output first. None: all outputs have all trees, whose leaves then hold a
            value for each output.

    Raises:
        InputError: Base, offset, groups and trees do not fit.

    Example:
        >>> def of(*values, dtype="int32"):
        ...     return np.array(values, dtype)
        >>> stump = Forest(
        ...     base=0.5, roots=of(0), depth=1, feature=of(0, 0, 0),
        ...     threshold=of(2.0, 0.0, 0.0, dtype=float), left=of(1, 1, 2),
        ...     right=of(2, 1, 2), missing_left=of(1, 0, 0, dtype=bool),
        ...     subset=of(-1, -1, -1), subsets=np.zeros((0, 256), bool),
        ...     value=of(0.0, -1.0, 1.0, dtype=float),
        ... )
        >>> layer = forest_layer(stump)
        >>> layer(np.array([[2.0], [2.1], [np.nan]])).numpy().ravel().tolist()
        [-0.5, 1.5, -0.5]
    """

    def __init__(
        self,
        trees: int,
        nodes: int,
        sets: int,
        depth: int,
        link: str = "log_odds",
        base: float | Sequence[float] = 0.0,
        divisor: float = 1.0,
        offset: float | Sequence[float] = 0.0,
        name: str | None = None,
        groups: Sequence[int] | None = None,
    ) -> None:
        super().__init__(trainable=False, autocast=False, dtype="float64", name=name)
        self.trees, self.nodes, self.sets, self.depth = trees, nodes, sets, depth
        self.link = one_of(link, LINKS, "link")
        self.base, self.divisor, self.offset = _plain(base), divisor, _plain(offset)
        self.groups = None if groups is None else [int(count) for count in groups]
        self.outputs = int(np.size(self.base))
        self._require_fitting()
        leaves: tuple[int, ...] = (nodes,)
        if self.outputs > 1 and self.groups is None:
            leaves = (nodes, self.outputs)
        self._arrays = {
            entry: self._whole(entry, (nodes,))
            for entry in ("feature", "left", "right", "missing_left", "subset")
        }
        self._arrays["roots"] = self._whole("roots", (trees,))
        # One line more, so that no table is empty.
        self._arrays["subsets"] = self._whole("subsets", (sets + 1, CATEGORIES))
        for entry, shape in (("threshold", (nodes,)), ("value", leaves)):
            self._arrays[entry] = self.add_weight(
                name=entry, shape=shape, dtype="float64", trainable=False
            )
        self.built = True

    def _require_fitting(self) -> None:
        groups = self.groups
        fit = np.size(self.offset) == self.outputs and (
            groups is None
            or (len(groups) == self.outputs and sum(groups) == self.trees)
        )
        if not fit:
            raise InputError(
                sentence(
                    f"base {self.base}, offset {self.offset} and groups {groups} for "
                    f"{self.trees} trees",
                    "a base, an offset and a group for each output, and groups that "
                    "sum to the number of trees",
                )
            )

    def _whole(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            name=name, shape=shape, dtype="int32", initializer="zeros", trainable=False
        )

    def assign(self, forest: Forest, values: FloatArray | None = None) -> None:
        """Take over the arrays of a fitted forest.

        Args:
            forest: The trees.
            values: `[nodes, outputs]` what the leaves hold for each of several outputs;
                by default the forest's own values.
        """
        last = np.zeros((1, CATEGORIES), np.int32)
        arrays = forest.state()
        arrays["subsets"] = np.concatenate([forest.subsets.astype(np.int32), last])
        if values is not None:
            arrays["value"] = values
        for name, weight in self._arrays.items():
            weight.assign(np.asarray(arrays[name], weight.dtype))

    def call(self, matrix: Any) -> Any:
        """Return log-odds for a matrix `[rows, columns]`.

        Returns:
            `[rows, outputs]` float64.
        """
        x = tf.cast(matrix, tf.float64)
        arrays = {name: tf.convert_to_tensor(w) for name, w in self._arrays.items()}
        start = tf.tile(arrays["roots"][None, :], [tf.shape(x)[0], 1])
        (node,) = tf.while_loop(
            lambda node: True,
            lambda node: (self._step(x, node, arrays),),
            (start,),
            maximum_iterations=self.depth,
            shape_invariants=(tf.TensorSpec([None, self.trees], tf.int32),),
        )
        total = (self._sums(arrays["value"], node) + self.base) / self.divisor
        if self.link == "class_share":
            return tf.math.log(total) + self.offset
        if self.link == "share":
            # ONNX has no log1p; a share is never so near 0 that it would matter.
            total = tf.math.log(total) - tf.math.log(1.0 - total)
        return total + self.offset

    def _sums(self, value: Any, node: Any) -> Any:
        """Return the sums of the leaves' values, `[rows, outputs]`."""
        if self.outputs == 1:
            return tf.reduce_sum(tf.gather(value, node), axis=1, keepdims=True)
        if self.groups is None:
            # One output at a time: all at once would take so many times the memory.
            each = [tf.gather(value[:, k], node) for k in range(self.outputs)]
        else:
            each = tf.split(tf.gather(value, node), self.groups, axis=1)
        return tf.stack([tf.reduce_sum(values, axis=1) for values in each], axis=1)

    def _step(self, x: Any, node: Any, arrays: Mapping[str, Any]) -> Any:
        """Go from every node, `[rows, trees]`, to one of its children."""
        at = {
            name: tf.gather(arrays[name], node)
            for name in ("feature", "threshold", "left", "right", "missing_left")
        }
        value = tf.gather(x, at["feature"], batch_dims=1)
        missing = tf.math.is_nan(value)
        goes_left = value <= at["threshold"]
        if self.sets:
            chosen = tf.gather(arrays["subset"], node)
            category = tf.clip_by_value(value, 0.0, CATEGORIES - 1.0)
            category = tf.where(missing, tf.zeros_like(category), category)
            category = tf.cast(category, tf.int32)
            line = tf.where(chosen >= 0, chosen, self.sets)
            inside = tf.gather_nd(arrays["subsets"], tf.stack([line, category], -1))
            goes_left = tf.where(chosen >= 0, inside > 0, goes_left)
        goes_left = tf.where(missing, at["missing_left"] > 0, goes_left)
        return tf.where(goes_left, at["left"], at["right"])

    def compute_output_spec(self, matrix: Any) -> Any:
        """Return the shape and the type of the log-odds."""
        return keras.KerasTensor((matrix.shape[0], self.outputs), "float64")

    def get_config(self) -> dict[str, Any]:
        """Return all that rebuilds the layer, but for its weights."""
        sizes = ("name", "trees", "nodes", "sets", "depth")
        sums = ("link", "base", "divisor", "offset")
        groups = () if self.groups is None else ("groups",)
        return {name: getattr(self, name) for name in (*sizes, *sums, *groups)}


def forest_layer(
    forest: Forest,
    *,
    link: str = "log_odds",
    base: float | Sequence[float] | None = None,
    divisor: float = 1.0,
    offset: float | Sequence[float] = 0.0,
    groups: Sequence[int] | None = None,
    values: FloatArray | None = None,
) -> ForestLogOdds:
    """Return a forest as a layer.

    Args:
        forest: The trees.
        link: What their sum is, see `ForestLogOdds`.
        base: The sum begins with it; by default the forest's own.
        divisor: The sum is divided by it.
        offset: Added to the log-odds.
        groups: Of several outputs, see `ForestLogOdds`.
        values: `[nodes, outputs]` what the leaves hold for each of several outputs.
    """
    layer = ForestLogOdds(
        trees=len(forest.roots),
        nodes=len(forest.value),
        sets=len(forest.subsets),
        depth=forest.depth,
        link=link,
        base=forest.base if base is None else base,
        divisor=divisor,
        offset=offset,
        groups=groups,
    )
    layer.assign(forest, values)
    return layer


def _plain(value: float | Sequence[float]) -> float | list[float]:
    """Return a number as it is, and several as a list that JSON keeps."""
    plain: float | list[float] = np.asarray(value, np.float64).tolist()
    return plain
