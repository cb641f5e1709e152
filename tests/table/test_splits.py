# SPDX-License-Identifier: Apache-2.0
"""Every class in every part, no group on two sides, one seed one split."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InputError, SplitError, UnsupportedError
from equipoise.table.generators import gaussian_shift
from equipoise.table.splits import inner_split, outer_splits
from equipoise.table.table import Table
from equipoise.task import Task


def rows(count: int = 200, positives: int = 20, seed: int = 0, **changed: Any) -> Table:
    table = gaussian_shift(count, positives=positives, seed=seed).table
    return dataclasses.replace(table, **changed)


def copied(table: Table, times: int = 2) -> Table:
    return table.take(np.tile(np.arange(len(table)), times))


@settings(max_examples=40, deadline=None)
@given(
    positives=st.integers(2, 30),
    folds=st.integers(2, 6),
    repeat=st.integers(0, 3),
    seed=st.integers(0, 5),
)
def test_each_row_is_tested_once_and_classes_are_level(
    positives: int, folds: int, repeat: int, seed: int
) -> None:
    table = rows(120, positives)
    if positives < folds:
        with pytest.raises(SplitError, match=f"{positives} positives cannot be spread"):
            outer_splits(table, folds=folds)
        return
    splits = outer_splits(table, folds=folds, repeat=repeat, seed=seed)
    assert len(splits) == folds
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(120))
    counts = [int(table.y[split.test].sum()) for split in splits]
    assert max(counts) - min(counts) <= 1
    for split in splits:
        assert split.test.dtype == split.train.dtype == np.int64
        joined = np.concatenate([split.train, split.test])
        np.testing.assert_array_equal(np.sort(joined), np.arange(120))
        assert (np.diff(split.train) > 0).all()


def parts(table: Table, **options: Any) -> list[list[int]]:
    return [split.test.tolist() for split in outer_splits(table, **options)]


@pytest.mark.parametrize(
    "table", [rows(), copied(rows(100, 10))], ids=["rows", "copies"]
)
def test_repeats_and_seeds(table: Table) -> None:
    assert parts(table, repeat=1, seed=3) == parts(table, repeat=1, seed=3)
    found = [parts(table, repeat=r, seed=s) for r in range(3) for s in range(2)]
    assert len({str(partition) for partition in found}) == 6


def test_groups_stay_whole_whatever_the_name_of_the_split() -> None:
    groups = np.random.default_rng(1).integers(0, 60, 300)
    table = rows(300, 30, groups=groups)
    for by in ("group", "stratified"):
        for split in outer_splits(table, by=by):
            assert not set(groups[split.train]) & set(groups[split.test])
            assert 3 <= table.y[split.test].sum() <= 9
        train, stop = inner_split(table, np.arange(0, 300, 2), by=by)
        assert not set(groups[train]) & set(groups[stop])


def test_groups_and_copies_are_kept_together_at_once() -> None:
    table = copied(rows(100, 20))
    groups = np.r_[np.arange(100) // 4, 1000 + np.arange(100)]  # copies join the groups
    table = dataclasses.replace(table, groups=groups)
    for split in outer_splits(table):
        assert (
            len(set(split.test.tolist()) ^ {(r + 100) % 200 for r in split.test}) == 0
        )
        assert not set(groups[split.train]) & set(groups[split.test])


def test_copies_are_kept_together_unless_ignored() -> None:
    table = copied(rows(150, 15))
    for split in outer_splits(table):
        assert set(split.test.tolist()) == {(r + 150) % 300 for r in split.test}
        assert table.y[split.test].sum() == 6
    leaks = [
        len(set(split.test.tolist()) & {(r + 150) % 300 for r in split.train})
        for split in outer_splits(table, duplicates="ignore")
    ]
    assert sum(leaks) > 100


def test_few_positives_in_unequal_groups_are_level() -> None:
    """Groups of 5, 4, 3, 3, 2, 1, 1, 1 positives over four parts: five each."""
    sizes = [5, 4, 3, 3, 2, 1, 1, 1]
    groups = np.r_[np.repeat(np.arange(8), sizes), np.arange(8, 208)]
    y = np.r_[np.ones(20), np.zeros(200)].astype(np.int8)
    table = rows(220, 20, y=y, groups=groups)
    for repeat in range(5):
        splits = outer_splits(table, folds=4, repeat=repeat)
        assert [int(y[split.test].sum()) for split in splits] == [5, 5, 5, 5]
        assert [len(split.test) for split in splits] == [55] * 4


def test_more_level_than_scikit_learn() -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    ours, theirs = [], []
    for seed in range(20):
        random = np.random.default_rng(seed)
        groups = random.integers(0, 80, 400)
        table = rows(400, 16, seed, groups=groups)
        ours.append(
            np.ptp([table.y[s.test].sum() for s in outer_splits(table, seed=seed)])
        )
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        theirs.append(
            np.ptp(
                [table.y[t].sum() for _, t in splitter.split(table.y, table.y, groups)]
            )
        )
    assert max(ours) <= 1
    assert np.mean(ours) <= np.mean(theirs)


def test_multiclass() -> None:
    y = np.repeat([0, 1, 2], [150, 35, 15])
    table = rows(200, y=y, task=Task("multiclass", ("a", "b", "c")))
    groups = np.random.default_rng(0).integers(0, 100, 200)
    for changed in (table, dataclasses.replace(table, groups=groups)):
        for split in outer_splits(changed):
            counts = np.bincount(y[split.test], minlength=3)
            assert (counts[1:] >= [5, 2]).all()
    with pytest.raises(
        SplitError, match="15 rows of class 'c' cannot be spread over 20"
    ):
        outer_splits(table, folds=20)


def test_errors_count() -> None:
    table = rows(60, 3)
    with pytest.raises(
        SplitError, match=r"3 positives cannot .* 5 folds.*folds=3 or fewer"
    ):
        outer_splits(table)
    assert len(outer_splits(table, folds=3)) == 3
    groups = np.where(table.y == 1, 500, np.arange(60))
    with pytest.raises(SplitError, match="3 positives in 1 groups of rows cannot"):
        outer_splits(dataclasses.replace(table, groups=groups), folds=2)
    with pytest.raises(SplitError, match="1 positive cannot be spread over 2 folds"):
        outer_splits(rows(60, 1), folds=2)
    with pytest.raises(SplitError, match=r"deciding side .* 0 positives"):
        inner_split(rows(60, 1), np.arange(60))
    with pytest.raises(SplitError, match="without groups"):
        outer_splits(table, by="group")
    with pytest.raises(SplitError, match="without times"):
        outer_splits(table, by="time")
    with pytest.raises(InputError, match="Did you mean 'time'"):
        outer_splits(table, by="tine")
    with pytest.raises(InputError, match="duplicates='keep'"):
        outer_splits(table, duplicates="keep")
    with pytest.raises(InputError, match="folds=1"):
        outer_splits(table, folds=1)
    many = dataclasses.replace(table, task=Task("multilabel", ("a", "b")))
    with pytest.raises(UnsupportedError, match="multilabel"):
        outer_splits(many)


def test_by_time_no_model_sees_the_future() -> None:
    random = np.random.default_rng(2)
    when = random.permutation(np.arange(300) // 3).astype("datetime64[D]")
    table = rows(300, 90, time=when)
    splits = outer_splits(table, by="time")
    assert len(splits) == 5
    tested = np.concatenate([split.test for split in splits])
    assert len(set(tested.tolist())) == len(tested)
    sizes = []
    for split in splits:
        assert when[split.train].max() < when[split.test].min()
        sizes.append(len(split.train))
    assert sizes == sorted(sizes)  # an expanding window
    assert len(tested) == pytest.approx(250, abs=3)
    with pytest.raises(SplitError, match="one partition"):
        outer_splits(table, by="time", repeat=1)


def test_by_time_groups_leave_the_training_part() -> None:
    groups = np.arange(300) // 7
    table = rows(300, 90, time=np.arange(300.0), groups=groups)
    removed = 0
    for split in outer_splits(table, by="time", folds=4):
        removed += split.test.min() - len(split.train)
        assert not set(groups[split.train]) & set(groups[split.test])
    assert removed > 0


def test_by_time_a_block_without_positives_is_counted() -> None:
    y = (np.arange(300) < 40).astype(np.int8)
    table = rows(300, y=y, time=np.arange(300.0))
    with pytest.raises(SplitError, match="test part of fold 1 has 50 rows and 0 pos"):
        outer_splits(table, by="time")


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("positives", [2, 3, 10, 40])
def test_inner_split_has_both_classes_on_both_sides(
    share: float, positives: int
) -> None:
    table = rows(150, positives)
    index = np.flatnonzero(np.random.default_rng(0).random(150) < 0.9)
    index = np.union1d(index, np.flatnonzero(table.y == 1))
    train, stop = inner_split(table, index, share=share, seed=1)
    np.testing.assert_array_equal(np.sort(np.r_[train, stop]), index)
    expected = share * positives
    assert abs(table.y[stop].sum() - expected) <= 1
    assert 1 <= table.y[stop].sum() <= positives - 1
    assert abs(len(stop) - share * len(index)) <= 2
    again = inner_split(table, index[::-1], share=share, seed=1)
    np.testing.assert_array_equal(stop, again[1])
    other = inner_split(table, index, share=share, seed=2)
    assert not np.array_equal(stop, other[1])


def test_inner_split_by_time_moves_the_cut() -> None:
    for first, last in [(0, 10), (5, 140), (0, 149)]:
        y = np.zeros(150, np.int8)
        y[[first, last]] = 1
        table = rows(150, y=y, time=np.arange(150.0))
        train, stop = inner_split(table, np.arange(150), by="time")
        assert train.max() < stop.min()
        assert y[train].sum() == y[stop].sum() == 1
    both = np.zeros(150, np.int8)
    both[[3, 4]] = 1
    same = rows(150, y=both, time=np.where(both, 3.0, np.arange(150.0)))
    with pytest.raises(SplitError, match="0 positives"):
        inner_split(same, np.arange(150), by="time")
