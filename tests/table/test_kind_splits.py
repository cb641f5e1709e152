# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.errors import SplitError
from equipoise.reading.read import read_table
from equipoise.table.kind_splits import kind_splits
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table


def rows_of(kinds: np.ndarray, **roles: Any) -> Table:
    x = np.random.default_rng(0).normal(size=len(kinds))
    columns = {"x": x, **roles, "y": (kinds >= 0).astype(int)}
    return read_table(columns, "y", positive=1, **{name: name for name in roles})


def kinds_among(rows: int, *sizes: int) -> np.ndarray:
    kinds = np.full(rows, -1)
    kinds[: sum(sizes)] = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(1).permutation(kinds)


def test_each_kind_is_tested_once_and_never_trained_on_there() -> None:
    kinds = kinds_among(200, 12, 7, 5)
    splits = kind_splits(SplitKeys.of(rows_of(kinds)), kinds)
    assert len(splits) == 3
    for k, split in enumerate(splits):
        assert set(kinds[split.test]) == {k, -1}
        assert set(kinds[split.train]) == {0, 1, 2, -1} - {k}
        assert (kinds[split.test] == k).sum() == (kinds == k).sum()
        whole = np.concatenate([split.train, split.test])
        assert np.array_equal(np.sort(whole), np.arange(200))
    negatives = [int((kinds[split.test] == -1).sum()) for split in splits]
    assert max(negatives) - min(negatives) <= 1
    tested = np.concatenate([split.test for split in splits])
    assert np.array_equal(np.sort(tested), np.arange(200))


def test_repeats_spread_the_negatives_anew() -> None:
    kinds = kinds_among(200, 12, 7)
    keys = SplitKeys.of(rows_of(kinds))
    first, again, other, seeded = (
        kind_splits(keys, kinds, **options)[0].test
        for options in ({}, {}, {"repeat": 1}, {"seed": 1})
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, seeded)


def test_groups_stay_on_one_side() -> None:
    """Also those that hold positives of two kinds, which are in no training part."""
    kinds = kinds_among(300, 20, 15)
    group = np.arange(300) // 3
    splits = kind_splits(SplitKeys.of(rows_of(kinds, group=group)), kinds)
    mixed = {g for g in range(100) if {0, 1} <= set(kinds[group == g].tolist())}
    assert mixed
    for split in splits:
        assert not set(group[split.train]) & set(group[split.test])
        assert not set(group[split.train]) & mixed
    tested = np.concatenate([split.test for split in splits])
    assert np.array_equal(np.sort(tested), np.arange(300))


def test_too_few_negatives_are_an_error() -> None:
    kinds = np.array([0, 0, 1, 1, 2, 2, -1, -1])
    with pytest.raises(SplitError, match=r"2 negatives .* for 3 kinds"):
        kind_splits(SplitKeys.of(rows_of(kinds), "ignore"), kinds)


def test_groups_that_hold_all_kinds_leave_nothing_to_train_on() -> None:
    kinds = np.array([0, 1, -1, 0, 1, -1, -1, -1, -1, -1])
    group = np.array([0, 0, 0, 1, 1, 1, 2, 3, 4, 5])
    with pytest.raises(SplitError, match="no positives to train on"):
        kind_splits(SplitKeys.of(rows_of(kinds, group=group)), kinds)
