# SPDX-License-Identifier: Apache-2.0
"""What boosting libraries share: cuts in float32, and trees as arrays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import UnsupportedError
from equipoise.learners.boosting.library import (
    Grown,
    TreeNodes,
    depth_of,
    first_trees,
    forest_from,
    largest_below,
    largest_not_above,
    require_equal,
    staged_scores,
)
from equipoise.learners.trees.forest import Forest

SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False)


def neighbours(x: float) -> list[float]:
    return [x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)]


@given(cut=SINGLES, x=st.floats(allow_nan=False))
def test_a_float64_at_most_the_threshold_has_its_float32_below_the_cut(
    cut: float, x: float
) -> None:
    single = np.array([cut], np.float32)
    below, not_above = largest_below(single)[0], largest_not_above(single)[0]
    with np.errstate(over="ignore"):
        for value in (x, cut, *neighbours(below), *neighbours(not_above)):
            assert (value <= below) == (np.float32(value) < single[0])
            assert (value <= not_above) == (np.float32(value) <= single[0])


@pytest.mark.parametrize("cut", [0.0, -0.0, 1e-45, -1e-45, 3.4028235e38, -3.4028235e38])
def test_cuts_at_the_ends_of_float32(cut: float) -> None:
    single = np.array([cut], np.float32)
    below, not_above = largest_below(single)[0], largest_not_above(single)[0]
    with np.errstate(over="ignore"):
        for value in (*neighbours(below), *neighbours(not_above), np.inf, -np.inf, 0.0):
            assert (value <= below) == (np.float32(value) < single[0])
            assert (value <= not_above) == (np.float32(value) <= single[0])


def stump(cut: float, low: float, high: float) -> TreeNodes:
    return TreeNodes(
        feature=np.zeros(3, int),
        threshold=np.array([cut, 0, 0]),
        left=np.array([1, 1, 2]),
        right=np.array([2, 1, 2]),
        missing_left=np.array([True, False, False]),
        subset=np.full(3, -1),
        subsets=np.zeros((0, 256), bool),
        value=np.array([0, low, high]),
        depth=1,
    )


def by_category(categories: list[int], low: float, high: float) -> TreeNodes:
    subsets = np.zeros((1, 256), bool)
    subsets[0, categories] = True
    tree = stump(0.0, low, high)
    return dataclasses.replace(tree, subset=np.array([0, -1, -1]), subsets=subsets)


def three() -> Forest:
    trees = [by_category([2], 1, 2), stump(0.5, 10, 20), by_category([0, 1], 100, 200)]
    return forest_from(trees, base=-1.0)


ROWS = np.array([[0.0], [1.0], [2.0], [np.nan]])
SUMS = [[-1, 1, 11, 111], [-1, 1, 21, 121], [-1, 0, 20, 220], [-1, 0, 10, 110]]


def test_stages_are_running_sums() -> None:
    ((rows, scores),) = staged_scores([three()], ROWS)
    assert len(ROWS[rows]) == 4
    assert scores[..., 0].tolist() == SUMS
    assert three().raw(ROWS).tolist() == [row[-1] for row in SUMS]


@pytest.mark.parametrize("trees", [1, 2, 3, 4])
def test_the_first_trees_are_a_sound_forest(trees: int) -> None:
    some = first_trees(three(), trees)
    kept = min(trees, 3)
    assert some.raw(ROWS).tolist() == [row[kept] for row in SUMS]
    assert len(some.value) == 3 * kept
    assert len(some.subsets) == [1, 1, 2][kept - 1]
    assert Forest.from_state(some.state()).raw(ROWS).tolist() == some.raw(ROWS).tolist()


def test_depth_of_a_tree() -> None:
    left, right = np.array([1, 3, 2, 3, 4]), np.array([2, 4, 2, 3, 4])
    assert depth_of(left, right) == 2
    assert depth_of(np.array([0]), np.array([0])) == 0


def test_arrays_that_score_otherwise_are_refused() -> None:
    scores = three().raw(ROWS)[:, None]
    require_equal("It", Grown((three(),), scores, 1e-9), ROWS)
    with pytest.raises(UnsupportedError, match="a release of It whose trees"):
        require_equal("It", Grown((three(),), scores + 1e-6, 1e-9), ROWS)
