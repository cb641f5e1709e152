# SPDX-License-Identifier: Apache-2.0
"""What counts as one case."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.table.generators import gaussian_shift
from equipoise.table.splits import outer_splits
from equipoise.table.units import count_units, joined_units, one_of_each, tied_rows

TABLE = gaussian_shift(200, positives=20).table


def test_rows_without_twins_or_groups_are_cases_of_their_own() -> None:
    assert tied_rows(TABLE) is None
    assert tied_rows(dataclasses.replace(TABLE, groups=np.arange(200))) is None
    positive = TABLE.y == 1
    assert count_units(None, positive) == 20
    assert one_of_each(None, np.random.default_rng(0)) is None


def test_the_same_rule_decides_what_is_kept_together_and_what_counts_once() -> None:
    copied = TABLE.take(np.repeat(np.arange(200), np.where(TABLE.y == 1, 5, 1)))
    units = tied_rows(copied)
    assert units is not None
    assert count_units(units, copied.y == 1) == 20
    assert count_units(units, copied.y >= 0) == 200
    for split in outer_splits(copied):
        assert not set(units[split.train]) & set(units[split.test])
    assert tied_rows(copied, "ignore") is None


def test_coincidences_are_cases_of_their_own_unless_asked_for() -> None:
    random = np.random.default_rng(0)
    grid = dataclasses.replace(
        TABLE,
        columns=tuple(
            dataclasses.replace(c, values=random.integers(0, 5, 200).astype(float))
            for c in TABLE.columns[:2]
        ),
    )
    assert tied_rows(grid) is None
    assert tied_rows(grid, "group") is not None
    with pytest.raises(InputError, match="duplicates='drop'"):
        tied_rows(grid, "drop")


def test_groups_and_copies_hang_together() -> None:
    rows = np.r_[0:200, 0, 7]
    groups = np.r_[np.arange(200) // 4, 60, 61]
    copied = dataclasses.replace(TABLE.take(rows), groups=groups)
    units = tied_rows(copied)
    assert units is not None
    # Row 0's copy is in group 60: groups 0 and 60 are one unit, and 1 and 61.
    assert units[0] == units[3] == units[200]
    assert units[7] == units[4] == units[201]
    assert count_units(units, copied.y >= 0) == 50
    chain = joined_units(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 3]))
    assert chain is not None
    assert chain.tolist() == [0, 0, 0, 0, 1]


def test_one_of_each_draws_every_row_of_a_unit_alike() -> None:
    units = np.array([0, 1, 1, 1, 2])
    random = np.random.default_rng(0)
    found = np.array([one_of_each(units, random) for _ in range(3000)])
    assert (found[:, 0] == 0).all()
    assert (found[:, 2] == 4).all()
    shares = np.bincount(found[:, 1], minlength=4)[1:4] / 3000
    np.testing.assert_allclose(shares, 1 / 3, atol=0.04)
