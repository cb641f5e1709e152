# SPDX-License-Identifier: Apache-2.0
"""Which share of each class is kept, and how that is undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.priors import log_odds, softmax
from equipoise.stores.class_shares import KeptShares, fill, row_keys, smallest_keys


def test_the_shift_is_bayes_rule() -> None:
    """Two classes: P(1 | x) among all rows from P(1 | x) among the kept ones."""
    posterior = np.array([0.001, 0.2, 0.9])
    shares = KeptShares((1_000, 100), (50, 80))
    kept = posterior * 0.8 / (posterior * 0.8 + (1 - posterior) * 0.05)
    np.testing.assert_allclose(log_odds(kept) + shares.shift[0], log_odds(posterior))


def test_the_shift_of_several_classes_is_bayes_rule() -> None:
    posterior = np.array([[0.7, 0.2, 0.1], [0.01, 0.01, 0.98]])
    shares = KeptShares((1_000, 100, 10), (50, 80, 10))
    kept = posterior * np.array([0.05, 0.8, 1.0])
    logits = np.log(kept / kept.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(softmax(logits + np.array(shares.shift)), posterior)


def test_weights_add_up_to_all_rows() -> None:
    shares = KeptShares((1_000, 100), (30, 100))
    y = np.repeat([0, 1], [30, 100])
    assert shares.weights(y)[:30].sum() == pytest.approx(1_000)
    assert shares.weights(y)[30:].sum() == pytest.approx(100)
    assert not shares.whole
    assert KeptShares((5, 0), (5, 0)).shift == (0.0,)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=6), st.integers(0, 3_000))
def test_the_smallest_classes_are_whole_first(totals: list[int], most: int) -> None:
    sizes = np.array(totals)
    kept = fill(sizes, most)
    assert (kept <= sizes).all()
    assert kept.sum() <= most
    # No class gets fewer rows than another while it has some left.
    left = kept < sizes
    if left.any():
        assert kept[left].min() + 1 >= kept.max()
        assert kept.sum() >= most - len(sizes)
    else:
        assert kept.tolist() == totals


def test_keys_depend_on_the_row_and_not_on_the_order() -> None:
    rows = np.arange(10_000)
    keys = row_keys(rows, 3, "purpose")
    order = np.random.default_rng(0).permutation(10_000)
    np.testing.assert_array_equal(row_keys(rows[order], 3, "purpose"), keys[order])
    assert (keys != row_keys(rows, 4, "purpose")).all()
    assert (keys != row_keys(rows, 3, "other")).all()
    # They are even: a share of the rows lies below that share of the range.
    below = (keys < np.uint64(int(0.25 * 2**64))).mean()
    assert below == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 10_000) ** 0.5)


def test_the_smallest_keys() -> None:
    keys = np.array([9, 3, 7, 1], np.uint64)
    assert smallest_keys(keys, 0).tolist() == [False] * 4
    assert smallest_keys(keys, 2).tolist() == [False, True, False, True]
    assert smallest_keys(keys, 9).all()
