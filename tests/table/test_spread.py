# SPDX-License-Identifier: Apache-2.0
"""Groups over parts: whole, and as level as can be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.table.spread import spread


@settings(max_examples=100, deadline=None)
@given(
    groups=st.lists(st.integers(0, 15), min_size=10, max_size=60),
    parts=st.integers(2, 5),
    seed=st.integers(0, 1000),
)
def test_groups_stay_whole_and_no_part_is_needlessly_empty(
    groups: list[int], parts: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    g = np.array(groups)
    y = random.integers(0, 2, len(g))
    found = spread(y, g, np.full(parts, 1 / parts), random)
    for group in set(groups):
        assert len(set(found[g == group])) == 1
    rare = min((0, 1), key=lambda label: int(np.sum(y == label)) or 99)
    if len(set(g[y == rare])) >= parts:
        assert (np.bincount(found[y == rare], minlength=parts) > 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_close_to_the_best_possible(seed: int) -> None:
    """Against every assignment of 7 groups to 3 parts; the rule promises 4/3 - 1/9."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 6, 7)
    g = np.repeat(np.arange(7), sizes)
    y = np.ones(len(g), int)
    found = spread(y, g, np.full(3, 1 / 3), random)
    best = min(
        np.bincount(np.array(choice), sizes, 3).max()
        for choice in itertools.product(range(3), repeat=7)
        if len(set(choice)) == 3
    )
    assert np.bincount(found).max() <= (4 / 3 - 1 / 9) * best + 1e-9


@pytest.mark.parametrize("capacities", [[0.8, 0.2], [0.5, 0.3, 0.2], [0.95, 0.05]])
def test_single_rows_fill_parts_exactly(capacities: list[float]) -> None:
    y = np.repeat([0, 1], [190, 10])
    found = spread(y, np.arange(200), np.array(capacities), np.random.default_rng(0))
    for label in (0, 1):
        counts = np.bincount(found[y == label], minlength=len(capacities))
        wanted = np.array(capacities) * np.sum(y == label)
        assert (np.abs(counts - wanted) < 1 + 1e-9).all()
        assert (counts > 0).all()


def test_every_row_is_as_likely_in_every_part() -> None:
    y = np.repeat([0, 1], [15, 5])
    times = np.zeros((20, 4))
    for seed in range(2000):
        part = spread(y, np.arange(20), np.full(4, 0.25), np.random.default_rng(seed))
        times[np.arange(20), part] += 1
    # Five standard deviations of a binomial count.
    assert np.abs(times - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_a_group_too_large_for_its_part_does_not_stop_it() -> None:
    g = np.r_[np.zeros(50, int), np.arange(1, 31)]
    y = np.r_[np.zeros(60), np.ones(20)].astype(int)
    found = spread(y, g, np.full(4, 0.25), np.random.default_rng(0))
    assert (np.bincount(found[y == 1]) == 5).all()
