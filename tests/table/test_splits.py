# SPDX-License-Identifier: Apache-2.0
"""Every class in every part, no group on two sides, one seed one split."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InputError, SplitError
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
        with pytest.raises(SplitError, match=f"{positives} positives for"):
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


def test_classes_and_sizes_of_folds_differ_by_one_at_most() -> None:
    y = np.repeat(np.arange(6), [101, 43, 17, 6, 3, 1])
    y = np.random.default_rng(0).permutation(y)
    table = rows(171, y=y, task=Task("multiclass", tuple("abcdef")))
    extra = []
    for repeat in range(10):
        splits = outer_splits(table, repeat=repeat)
        tested = np.concatenate([split.test for split in splits])
        np.testing.assert_array_equal(np.sort(tested), np.arange(171))
        counts = np.stack([np.bincount(y[s.test], minlength=6) for s in splits])
        assert np.ptp(counts, axis=0).max() <= 1
        assert np.ptp(counts.sum(axis=1)) <= 1
        extra.append(int(np.argmax(counts[:, 3])))
    assert len(set(extra)) > 1  # a class's odd row is not always in one fold
    assert parts(table, repeat=1, seed=3) == parts(table, repeat=1, seed=3)
    assert parts(table, repeat=1, seed=3) != parts(table, repeat=2, seed=3)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_class_with_fewer_rows_than_folds_is_placed_where_it_can_be(
    grouped: bool,
) -> None:
    y = np.repeat([0, 1, 2, 3], [60, 30, 3, 1])
    groups = np.r_[np.arange(90) // 2, 100, 101, 102, 103] if grouped else None
    table = rows(94, y=y, task=Task("multiclass", tuple("abcd")), groups=groups)
    for split in outer_splits(table):
        counts = np.bincount(y[split.test], minlength=4)
        assert counts[2] <= 1
        train, stop = inner_split(table, split.train)
        for label in np.unique(y[split.train]):
            assert (y[train] == label).any()  # what is there is learned
            several = (y[split.train] == label).sum() > 1
            assert (y[stop] == label).any() or not several


def test_several_classes_none_of_which_can_be_tested() -> None:
    y = np.repeat([0, 1, 2], 4)
    table = rows(12, 3, y=y, task=Task("multiclass", ("a", "b", "c")))
    with pytest.raises(SplitError, match=r"no class .*the best class has 4.*folds=4"):
        outer_splits(table, folds=5)
    assert len(outer_splits(table, folds=4)) == 4
    one = dataclasses.replace(table, y=np.zeros(12, np.int64))
    with pytest.raises(SplitError, match=r"the best class has 0.*Collect more rows"):
        outer_splits(one)


def labelled(seed: int = 0, count: int = 300, **changed: Any) -> Table:
    random = np.random.default_rng(seed)
    shares = np.array([0.5, 0.2, 0.07, 0.95])
    y = (random.random((count, 4)) < shares).astype(np.int8)
    y[random.random(y.shape) < 0.1] = -1
    return rows(count, y=y, task=Task("multilabel", tuple("abcd")), **changed)


@pytest.mark.parametrize("grouped", [False, True])
def test_multilabel(grouped: bool) -> None:
    groups = np.random.default_rng(0).integers(0, 120, 300) if grouped else None
    table = labelled(groups=groups)
    splits = outer_splits(table)
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(300))
    sizes = [len(split.test) for split in splits]
    assert np.ptp(sizes) <= (20 if grouped else 0)
    for split in splits:
        train, stop = inner_split(table, split.train)
        np.testing.assert_array_equal(np.sort(np.r_[train, stop]), split.train)
        assert abs(len(stop) - 48) <= (5 if grouped else 0)
        for part in (split.test, train, stop):
            for label in range(4):
                assert {0, 1} <= set(table.y[part, label].tolist())
        if groups is not None:
            assert not set(groups[split.train]) & set(groups[split.test])
            assert not set(groups[train]) & set(groups[stop])
    assert parts(table, repeat=1, seed=3) == parts(table, repeat=1, seed=3)
    assert parts(table, repeat=1, seed=3) != parts(table, repeat=1, seed=4)


def test_multilabel_copies_stay_together() -> None:
    table = copied(labelled(count=150))
    for split in outer_splits(table):
        assert set(split.test.tolist()) == {(r + 150) % 300 for r in split.test}


def test_multilabel_without_enough_rows() -> None:
    few = np.zeros((40, 2), np.int8)
    few[:3, 0] = 1
    few[:2, 1] = 1
    table = rows(40, y=few, task=Task("multilabel", ("a", "b")))
    with pytest.raises(SplitError, match=r"no label .*the best label has 3.*folds=3"):
        outer_splits(table)
    for split in outer_splits(table, folds=3):
        assert few[split.test, 0].sum() == 1


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_by_time_with_several_classes_or_labels(kind: str) -> None:
    random = np.random.default_rng(0)
    when = random.permutation(300) // 2 * 1.0
    table = labelled(time=when)
    if kind == "multiclass":
        y = random.choice(4, 300, p=[0.6, 0.3, 0.09, 0.01])
        task = Task("multiclass", tuple("abcd"))
        table = dataclasses.replace(table, y=y, task=task)
    for split in outer_splits(table, by="time"):
        assert when[split.train].max() < when[split.test].min()
        train, stop = inner_split(table, split.train, by="time")
        assert when[train].max() < when[stop].min()
        # A rare class does not move the cut.
        assert len(stop) == pytest.approx(0.2 * len(split.train), abs=3)


def test_by_time_a_part_with_nothing_to_judge_is_named() -> None:
    y = np.repeat([0, 1, 2], [260, 20, 20])
    table = rows(
        300, y=y, task=Task("multiclass", ("a", "b", "c")), time=np.arange(300.0)
    )
    with pytest.raises(SplitError, match=r"fold 1 with 50 rows and not two classes"):
        outer_splits(table, by="time")
    train, stop = inner_split(table, np.arange(300), share=0.05, by="time")
    assert set(y[stop].tolist()) == {1, 2}  # the cut moved
    many = np.stack([y > 0, y > 1], axis=1).astype(np.int8)
    table = dataclasses.replace(table, y=many, task=Task("multilabel", ("b", "c")))
    with pytest.raises(SplitError, match="no label that varies"):
        outer_splits(table, by="time")
    train, stop = inner_split(table, np.arange(300), share=0.05, by="time")
    assert many[train, 0].any()
    assert not many[stop].all(axis=0).all()


def test_errors_count() -> None:
    table = rows(60, 3)
    with pytest.raises(SplitError, match=r"3 positives for 5 folds.*folds=3 or fewer"):
        outer_splits(table)
    assert len(outer_splits(table, folds=3)) == 3
    groups = np.where(table.y == 1, 500, np.arange(60))
    with pytest.raises(SplitError, match=r"in 1 group for .* of more groups"):
        outer_splits(dataclasses.replace(table, groups=groups), folds=2)
    twice = copied(rows(60, 2), 3)
    with pytest.raises(SplitError, match="6 positives in 2 sets of equal rows for 3"):
        outer_splits(twice, folds=3)
    with pytest.raises(SplitError, match="1 positive for 2 folds"):
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


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_by_time_a_time_of_many_rows_is_a_block_of_its_own(place: str) -> None:
    """180 of 300 rows have one time: the others make the other blocks, evenly."""
    start = {"first": 0, "middle": 60, "last": 120}[place]
    when = np.arange(300.0)
    when[start : start + 180] = start
    table = rows(300, 90, time=when)
    for folds in (2, 4, 5):
        splits = outer_splits(table, by="time", folds=folds)
        blocks = [len(splits[0].train), *(len(split.test) for split in splits)]
        assert sum(blocks) == 300
        assert max(blocks) == pytest.approx(180, abs=1 + 120 / folds)
        rest = sorted(blocks)[:-1]
        assert min(rest) >= 0.45 * max(rest)
        for split in splits:
            assert when[split.train].max() < when[split.test].min()


def test_by_time_as_many_times_as_blocks() -> None:
    when = np.repeat([0.0, 1.0, 2.0, 3.0], [10, 150, 20, 120])
    splits = outer_splits(rows(300, 90, time=when), by="time", folds=3)
    assert [len(split.test) for split in splits] == [150, 20, 120]
    with pytest.raises(SplitError, match=r"4 different times .* Pass folds=3 or fewer"):
        outer_splits(rows(300, 90, time=when), by="time", folds=4)
    with pytest.raises(SplitError, match="1 different time for 5 folds by time"):
        outer_splits(rows(300, 90, time=np.zeros(300)), by="time")


def test_rows_of_one_time_can_decide_when_to_stop() -> None:
    """Without an order between them, a part of them is drawn, groups whole."""
    when = np.repeat([0.0, 1.0], [200, 100])
    groups = np.arange(300) // 4
    table = rows(300, 90, time=when, groups=groups)
    train, stop = inner_split(table, np.arange(200), by="time")
    assert len(stop) == pytest.approx(40, abs=4)
    assert not set(groups[train]) & set(groups[stop])
    train, stop = inner_split(table, np.arange(300), by="time")
    assert when[train].max() < when[stop].min()


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
    with pytest.raises(SplitError, match="test part of fold 1 with 50 rows and 0 pos"):
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
