# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.sampling.streams import permutations


@given(st.integers(1, 40), st.integers(0, 300), st.integers(0, 200))
def test_a_stretch_is_a_slice_of_the_stream(size, start, count):
    whole = permutations(size, 0, start + count, 0, "x")
    np.testing.assert_array_equal(
        permutations(size, start, count, 0, "x"), whole[start:]
    )


@pytest.mark.parametrize("size", [1, 7, 1000, 40_000, 70_000])
def test_each_pass_is_a_permutation(size):
    stream = permutations(size, 0, 4 * size, 1, "x").reshape(4, size)
    for one in stream:
        np.testing.assert_array_equal(np.sort(one), np.arange(size))
    if size > 1:
        assert (stream[0] != stream[1]).any() or (stream[1] != stream[2]).any()


def test_across_a_block_border():
    size, border = 3, (1 << 12) // 3 * 3
    around = permutations(size, border - 3, 6, 0, "x")
    assert sorted(around[:3].tolist()) == sorted(around[3:].tolist()) == [0, 1, 2]


def test_far_ahead_costs_no_more():
    assert permutations(100, 10**14, 5, 0, "x").shape == (5,)


def test_every_order_is_as_likely():
    orders = permutations(3, 0, 3 * 60_000, 5, "x").reshape(-1, 3) @ [9, 3, 1]
    _, counts = np.unique(orders, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - 10_000).max() < 4.5 * np.sqrt(10_000 * 5 / 6)


def test_streams_of_other_names_and_seeds_are_others():
    stream = permutations(50, 0, 50, 0, "x")
    assert (stream != permutations(50, 0, 50, 0, "y")).any()
    assert (stream != permutations(50, 0, 50, 1, "x")).any()
