# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from equipoise.errors import InputError
from equipoise.learners.trees import forest
from equipoise.learners.trees.forest import Forest, forest_of


@pytest.fixture(scope="module")
def fitted() -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    rng = np.random.default_rng(8)
    n = 3_000
    x = np.c_[
        rng.integers(0, 200, n), rng.integers(0, 3, n), rng.normal(size=(n, 3))
    ].astype(float)
    x[rng.random((n, 5)) < 0.1] = np.nan
    score = np.nan_to_num(x[:, 2]) + (np.nan_to_num(x[:, 0]) % 7 == 3) * 2
    y = score + rng.normal(size=n) > 2
    model = HistGradientBoostingClassifier(
        max_iter=30,
        categorical_features=[True, True, False, False, False],
        early_stopping=False,
    )
    return model.fit(x, y), x


@pytest.mark.parametrize("trees", [1, 7, 30])
def test_equals_scikit_learn_bit_for_bit(
    fitted: tuple[HistGradientBoostingClassifier, np.ndarray], trees: int
) -> None:
    model, x = fitted
    expected = next(islice(model.staged_decision_function(x), trees - 1, None))
    trained = forest_of(model, trees)
    assert (trained.subset >= 0).any()
    np.testing.assert_array_equal(trained.raw(x), expected)


def test_blocks_and_state_change_nothing(
    fitted: tuple[HistGradientBoostingClassifier, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, x = fitted
    trained = forest_of(model, 30)
    whole = trained.raw(x)
    monkeypatch.setattr(forest, "BLOCK", 1_000)
    np.testing.assert_array_equal(Forest.from_state(trained.state()).raw(x), whole)
    assert trained.raw(x[:0]).shape == (0,)


def by_hand() -> Forest:
    return Forest(
        base=0.5,
        roots=np.array([0], np.int32),
        depth=2,
        feature=np.array([0, 1, 0, 0, 0], np.int32),
        threshold=np.array([1.0, 0.0, 0.0, 0.0, 0.0]),
        left=np.array([1, 3, 2, 3, 4], np.int32),
        right=np.array([2, 4, 2, 3, 4], np.int32),
        missing_left=np.array([False, True, False, False, False]),
        subset=np.array([-1, 0, -1, -1, -1], np.int32),
        subsets=np.arange(256)[None] == 2,
        value=np.array([0.0, 0.0, 10.0, 20.0, 40.0]),
    )


def test_walk_by_hand() -> None:
    one = by_hand()
    rows = [[1.0, 2.0], [1.0, 1.0], [1.0, np.nan], [np.nan, 2.0], [2.0, 2.0]]
    assert one.raw(np.array(rows)).tolist() == [20.5, 40.5, 20.5, 10.5, 10.5]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("left", [1, 0, 2, 3, 4]),  # back to the root
        ("left", [1, 3, 2, 0, 4]),  # a leaf on one side only
        ("right", [2, 3, 2, 3, 4]),  # two ways to one node
        ("left", [1, 1, 2, 3, 4]),  # a node below itself
        ("roots", [0, 1]),
        ("roots", [0, 0]),
        ("left", [5, 3, 2, 3, 4]),
        ("left", [-1, 3, 2, 3, 4]),
        ("subset", [-1, 1, -1, -1, -1]),
    ],
)
def test_what_is_no_tree_is_refused(name: str, values: list[int]) -> None:
    state = by_hand().state()
    Forest.from_state(state)
    state[name] = np.array(values, np.int32)
    with pytest.raises(InputError):
        Forest.from_state(state)


@pytest.mark.parametrize("depth", [0, 1])
def test_a_tree_deeper_than_it_says_is_refused(depth: int) -> None:
    state = by_hand().state()
    state["depth"] = depth
    with pytest.raises(InputError, match="within"):
        Forest.from_state(state)
