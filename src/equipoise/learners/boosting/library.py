# SPDX-License-Identifier: Apache-2.0
"""What a boosting library is given, what it gives back, and how its cuts are kept.

`Forest` sends a row left if its float64 value is at most a threshold. Libraries that
compare float32 values are followed exactly by moving the threshold, so that the same
rows go left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import Number
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import UnsupportedError
from equipoise.learners.trees.forest import BLOCK, CATEGORIES, Forest


@dataclass(frozen=True, eq=False)
class GrowRows:
    """What one fit is given.

    Attributes:
        x: `[rows, columns]` float64, categories first, NaN where missing.
        y: `[rows]` class numbers from 0, each of which occurs.
        weights: `[rows]` how much each counts, class weights included.
        stop: `[stop rows, columns]`.
        y_stop: `[stop rows]` class numbers.
        stop_weights: `[stop rows]`, class weights included.
        categories: How many of the columns hold category numbers.
        classes: How many classes there are, at least 2.
    """

    x: FloatArray
    y: IntArray
    weights: FloatArray
    stop: FloatArray
    y_stop: IntArray
    stop_weights: FloatArray
    categories: int
    classes: int

    @property
    def outputs(self) -> int:
        """How many scores a row has: 1 of two classes, else one for each."""
        return 1 if self.classes == 2 else self.classes


@dataclass(frozen=True, eq=False)
class Grown:
    """What a library grew.

    Attributes:
        forests: One for each output, each with all trees that were grown.
        scores: `[stop rows, outputs]` the library's own raw scores of the stop rows, by
            all trees.
        tolerance: How far they may be from those of the forests, for each unit of the
            largest score; what the library's own additions may be wrong by.
    """

    forests: tuple[Forest, ...]
    scores: FloatArray
    tolerance: float


class Library(Protocol):
    """A boosting library."""

    name: str

    def grow(
        self, rows: GrowRows, options: Mapping[str, Number], seed: int, threads: int
    ) -> Grown:
        """Grow trees until the log loss of the stop rows no longer falls.

        Args:
            rows: What to fit.
            options: The options of the learner's record by name.
            seed: Below 2**31.
            threads: How many threads it may use.
        """
        ...


def require_equal(library: str, grown: Grown, stop: FloatArray) -> None:
    """Check that the arrays score rows as the library does.

    Args:
        library: Its name, for the message.
        grown: What it grew.
        stop: `[stop rows, columns]`.

    Raises:
        UnsupportedError: They do not.
    """
    plain = np.stack([forest.raw(stop) for forest in grown.forests], axis=1)
    most = grown.tolerance * max(1.0, float(np.abs(grown.scores).max(initial=0.0)))
    if np.allclose(plain, grown.scores, rtol=0.0, atol=most):
        return
    raise UnsupportedError(
        sentence(
            f"a release of {library} whose trees score rows differently from the "
            "arrays read from them",
            "a release that this version of Equipoise was tested with",
        )
    )


def staged_scores(
    forests: Sequence[Forest], matrix: FloatArray
) -> Iterator[tuple[slice, FloatArray]]:
    """Yield the scores after each number of trees, for blocks of rows.

    Args:
        forests: One for each output, with equally many trees.
        matrix: `[rows, columns]`.

    Yields:
        A slice of the rows, and `[rows of it, trees + 1, outputs]`.
    """
    trees = len(forests[0].roots)
    block = max(1, BLOCK // max(1, trees * len(forests)))
    for start in range(0, len(matrix), block):
        rows = slice(start, start + block)
        each = []
        for forest in forests:
            values = forest.value[forest.leaves(matrix[rows])]
            first = np.full((len(values), 1), forest.base)
            each.append(np.cumsum(np.hstack([first, values]), axis=1))
        yield rows, np.stack(each, axis=2)


def first_trees(forest: Forest, trees: int) -> Forest:
    """Return a forest of the first trees, at least one if there is one.

    Args:
        forest: Its trees lie behind one another.
        trees: How many to keep.
    """
    if trees >= len(forest.roots):
        return forest
    end = int(forest.roots[trees])
    used = forest.subset[:end]
    sets = int(used.max(initial=-1)) + 1
    per_node = {
        field.name: getattr(forest, field.name)[:end].copy()
        for field in dataclasses.fields(forest)
        if field.name not in ("base", "roots", "depth", "subsets")
    }
    return Forest(
        base=forest.base,
        roots=forest.roots[:trees].copy(),
        depth=forest.depth,
        subsets=forest.subsets[:sets].copy(),
        **per_node,
    )


@dataclass(frozen=True, eq=False)
class TreeNodes:
    """One tree of a library; nodes are numbered from 0, the root is the first.

    Attributes:
        feature: `[nodes]` the column that decides; anything for a leaf.
        threshold: `[nodes]` float64 of the test "at most".
        left: `[nodes]` the next node; a leaf is its own child.
        right: `[nodes]`.
        missing_left: `[nodes]` bool.
        subset: `[nodes]` the line of `subsets` that decides, or -1.
        subsets: `[sets, 256]` bool: the categories that go left.
        value: `[nodes]` what a leaf adds; or `[nodes, outputs]`.
        depth: The greatest number of steps to a leaf.
    """

    feature: npt.NDArray[Any]
    threshold: FloatArray
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    missing_left: npt.NDArray[np.bool_]
    subset: npt.NDArray[Any]
    subsets: npt.NDArray[np.bool_]
    value: FloatArray
    depth: int


def forest_from(
    trees: Sequence[TreeNodes], base: float, output: int | None = None
) -> Forest:
    """Return trees as a forest.

    Args:
        trees: In the order in which they are added up.
        base: What the sum begins with.
        output: Of leaves with several values, which one.
    """
    sizes = [len(tree.feature) for tree in trees]
    starts = np.cumsum([0, *sizes])
    sets = np.cumsum([0, *(len(tree.subsets) for tree in trees)])

    def joined(name: str, dtype: Any, shift: bool = False) -> Any:
        parts = [
            np.asarray(getattr(tree, name), dtype) + (start if shift else 0)
            for tree, start in zip(trees, starts, strict=False)
        ]
        return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)

    subset = [
        np.where(tree.subset >= 0, tree.subset + start, -1)
        for tree, start in zip(trees, sets, strict=False)
    ]
    values = [tree.value if output is None else tree.value[:, output] for tree in trees]
    empty = np.zeros((0, CATEGORIES), bool)
    return Forest(
        base=base,
        roots=starts[:-1].astype(np.int32),
        depth=max((tree.depth for tree in trees), default=0),
        feature=joined("feature", np.int32),
        threshold=joined("threshold", np.float64),
        left=joined("left", np.int32, shift=True),
        right=joined("right", np.int32, shift=True),
        missing_left=joined("missing_left", bool),
        subset=np.concatenate([np.zeros(0, int), *subset]).astype(np.int32),
        subsets=np.concatenate([empty, *(tree.subsets for tree in trees)]),
        value=np.concatenate([np.zeros(0), *values]).astype(np.float64),
    )


def depth_of(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> int:
    """Return the greatest number of steps from the first node to a leaf.

    Args:
        left: `[nodes]`; a leaf is its own child.
        right: `[nodes]`.
    """
    depth, level = 0, np.zeros(1, np.int64)
    while True:
        inner = level[left[level] != level]
        if not len(inner):
            return depth
        level = np.concatenate([left[inner], right[inner]])
        depth += 1


def largest_below(cut: npt.NDArray[np.float32]) -> FloatArray:
    """Return the largest float64 whose float32 is below each cut.

    So `float32(x) < cut` is the same as `x <= largest_below(cut)`, for every x that is
    not NaN.

    Args:
        cut: Finite float32 numbers.

    Example:
        >>> x = float(largest_below(np.array([0.1], np.float32))[0])
        >>> bool(np.float32(x) < np.float32(0.1))
        True
        >>> bool(np.float32(np.nextafter(x, 1.0)) < np.float32(0.1))
        False
    """
    with np.errstate(over="ignore"):
        before = np.nextafter(cut, np.float32(-np.inf))
    return _last_that_rounds_to(before, cut)


def largest_not_above(cut: npt.NDArray[np.float32]) -> FloatArray:
    """Return the largest float64 whose float32 is not above each cut.

    Args:
        cut: Finite float32 numbers.

    Example:
        >>> x = float(largest_not_above(np.array([0.1], np.float32))[0])
        >>> bool(np.float32(x) <= np.float32(0.1))
        True
        >>> bool(np.float32(np.nextafter(x, 1.0)) <= np.float32(0.1))
        False
    """
    with np.errstate(over="ignore"):
        after = np.nextafter(cut, np.float32(np.inf))
    return _last_that_rounds_to(cut, after)


def _last_that_rounds_to(
    low: npt.NDArray[np.float32], high: npt.NDArray[np.float32]
) -> FloatArray:
    """Return the largest float64 that rounds to `low`, which `high` follows."""
    with np.errstate(over="ignore"):
        # The middle of two neighbours is a float64 itself; a tie goes to the even one.
        limit = np.float64(2.0) ** 128
        top = np.where(np.isinf(high), np.sign(high) * limit, high.astype(np.float64))
        bottom = np.where(np.isinf(low), np.sign(low) * limit, low.astype(np.float64))
        middle = bottom + (top - bottom) / 2
        to_low = middle.astype(np.float32) == low
    return np.asarray(np.where(to_low, middle, np.nextafter(middle, -np.inf)))
