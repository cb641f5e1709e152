"""Groups of scores: order, ties, merging, and sums against brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from equipoise.uncertainty.score_groups import Sums, falling_groups

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30)


@given(ROWS)
def test_groups_fall_with_the_score_and_keep_ties_together(rows) -> None:
    score = np.array([r[0] for r in rows], float)
    y = np.array([r[1] for r in rows])
    group = falling_groups(score, y, 100)
    assert set(group) == set(range(int(group.max()) + 1))
    order = np.argsort(-score, kind="stable")
    assert (np.diff(group[order]) >= 0).all()
    for value in set(score):
        assert len(set(group[score == value])) == 1
    # Between two groups with positives lies at most one without.
    held = np.bincount(group, y) > 0
    assert not (~held[1:] & ~held[:-1]).any()


@given(ROWS, st.integers(1, 4))
def test_merging_keeps_the_order_and_the_bound(rows, most) -> None:
    score = np.array([r[0] for r in rows], float)
    y = np.array([r[1] for r in rows])
    if not y.any():
        y[0] = True
    group = falling_groups(score, y, most)
    assert np.count_nonzero(np.bincount(group, y)) <= most
    order = np.argsort(-score, kind="stable")
    assert (np.diff(group[order]) >= 0).all()


def test_sums_equal_brute_force() -> None:
    random = np.random.default_rng(0)
    y, cell = random.random(40) < 0.3, random.integers(0, 6, 40)
    weights = random.exponential(size=(40, 5)).astype(np.float32)
    positive, negative = Sums.of(cell, y, (3, 2))(weights)
    for c in range(6):
        at = np.unravel_index(c, (3, 2))
        assert np.allclose(positive[at], weights[y & (cell == c)].sum(0), atol=1e-5)
        assert np.allclose(negative[at], weights[~y & (cell == c)].sum(0), atol=1e-5)
