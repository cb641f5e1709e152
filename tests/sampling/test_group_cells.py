# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from equipoise.errors import UnsupportedError
from equipoise.sampling.classes import Classes, interleaved_classes
from equipoise.sampling.group_cells import (
    WITHIN,
    class_cells,
    classes_of_groups,
    group_cells,
)

RANDOM = np.random.default_rng(0)
GROUPS = np.repeat([0, 1, 2, 3, 4], [500, 200, 60, 30, 10])
Y = (RANDOM.random(800) < 0.2).astype(int)
Y[-10:] = 0  # the last group has one class
SEVERAL = RANDOM.choice(3, 800, p=[0.7, 0.25, 0.05])
SEVERAL[GROUPS == 3] = 2
LABELS = (RANDOM.random((800, 3)) < [0.3, 0.1, 0.02]).astype(int)


def brute_force(classes, shares, within):
    """Each row's rate, row by row: its group's share, its class's share there."""
    class_of = np.zeros(len(GROUPS), int)
    for place, rows in enumerate(classes.groups):
        class_of[rows] = place
    present = np.unique(GROUPS)
    left = (1 - sum(shares.values())) / max(1, len(present) - len(shares))
    rates = np.zeros(len(GROUPS))
    for row, group in enumerate(GROUPS):
        share, here = shares.get(group, left), group == GROUPS
        if within == "own":
            rates[row] = share / here.sum()
            continue
        target = np.array(classes.totals if within == "natural" else [1] * 9)
        there = np.unique(class_of[here])
        of_class = target[class_of[row]] / target[there].sum()
        rates[row] = share * of_class / (here & (class_of == class_of[row])).sum()
    return rates * len(GROUPS)


@pytest.mark.parametrize("shares", [{}, {0: 0.5, 4: 0.2}], ids=["alike", "stated"])
@pytest.mark.parametrize("within", WITHIN)
@pytest.mark.parametrize("y", [Y, SEVERAL, LABELS], ids=["two", "several", "labels"])
def test_rates_are_those_of_brute_force_and_of_the_draws(y, within, shares):
    classes = Classes.of(y)
    cells = group_cells(classes, GROUPS, shares, within)
    expected = brute_force(classes, shares, within)
    np.testing.assert_allclose(cells.rates(), expected, rtol=2e-4)
    assert cells.rates().mean() == pytest.approx(1)
    count = 200_000
    index = interleaved_classes(cells, cells.quotas, start=0, count=count, seed=1)
    drawn = np.bincount(index, minlength=800)
    low, high = binom.interval(1 - 1e-8, count, expected / 800)
    assert ((low <= drawn) & (drawn <= high)).all()
    for group in range(5):  # streams, not coins: far closer than chance would be
        share = drawn[group == GROUPS].sum() / count
        assert share == pytest.approx(
            shares.get(group, expected_share(shares)), abs=1e-4
        )


def expected_share(shares):
    return (1 - sum(shares.values())) / (5 - len(shares))


def test_shares_of_an_absent_group_go_to_the_others_in_their_ratios():
    cells = group_cells(Classes.of(Y), GROUPS, {0: 0.2, 9: 0.5}, "own")
    rates = cells.rates() / 800
    by_group = [rates[group == GROUPS].sum() for group in range(5)]
    np.testing.assert_allclose(by_group, [0.4, 0.15, 0.15, 0.15, 0.15], rtol=1e-4)
    everyone = {0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1, 9: 0.5}
    rates = group_cells(Classes.of(Y), GROUPS, everyone, "own").rates() / 800
    assert rates[GROUPS == 4].sum() == pytest.approx(0.2, rel=1e-4)


def test_any_stretch_of_draws_has_the_shares():
    """Batches of balanced classes hold as many positives as negatives."""
    y = np.where(GROUPS == 4, np.arange(800) % 2, Y)
    cells = group_cells(Classes.of(y), GROUPS, {}, "balanced")
    index = interleaved_classes(cells, cells.quotas, start=0, count=3200, seed=0)
    assert (np.abs(y[index].reshape(-1, 32).sum(axis=1) - 16) <= 1).all()


def test_a_stretch_is_that_of_the_whole_stream():
    cells = group_cells(Classes.of(Y), GROUPS, {1: 0.3}, "natural")
    whole = interleaved_classes(cells, cells.quotas, start=0, count=500, seed=3)
    part = interleaved_classes(cells, cells.quotas, start=123, count=77, seed=3)
    np.testing.assert_array_equal(whole[123:200], part)


def test_cells_of_classes_keep_the_shares_of_the_classes():
    """A group without rows of a class leaves its draws of it to others."""
    cells = class_cells(Classes.of(Y), GROUPS, "balanced")
    rates = cells.rates() / 800
    assert rates[Y == 1].sum() == pytest.approx(0.5)
    assert rates[(Y == 0) & (GROUPS == 4)].sum() == pytest.approx(0.1)
    assert rates[GROUPS == 4].sum() == pytest.approx(0.1)
    assert rates[GROUPS == 0].sum() == pytest.approx(0.1 + 0.125)


def test_which_groups_have_which_classes():
    there = classes_of_groups(Classes.of(Y), GROUPS)
    assert there[:, 0].all()
    assert there[:, 1].tolist() == [True, True, True, True, False]


def test_too_many_combinations_are_refused_in_words():
    random = np.random.default_rng(0)
    y, groups = random.integers(0, 20, 20_000), random.integers(0, 2_000, 20_000)
    with pytest.raises(UnsupportedError, match="different combinations"):
        group_cells(Classes.of(y), groups, {}, "natural")
    assert len(group_cells(Classes.of(y), groups, {}, "own").groups) == 1
