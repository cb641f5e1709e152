# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from equipoise.errors import SplitError
from equipoise.reading.read import read_table
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import GeneratedTable
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.trials.protocol import Protocol, fold_numbers, parts
from equipoise.trials.sources import split_by


def test_parts_are_disjoint_and_cover_each_row_once(known: GeneratedTable) -> None:
    split = parts(SplitKeys.of(known.table), Protocol(folds=4, seed=1), range(2))
    assert [(p.repeat, p.fold) for p in split] == [
        (r, f) for r in range(2) for f in range(4)
    ]
    for part in split:
        rows = np.concatenate([part.train, part.stop, part.test])
        assert np.array_equal(np.sort(rows), np.arange(500))
        for side in (part.train, part.stop, part.test):
            assert set(known.table.y[side]) == {0, 1}
    for repeat in range(2):
        tested = np.concatenate([p.test for p in split if p.repeat == repeat])
        assert np.array_equal(np.sort(tested), np.arange(500))


def test_repeats_differ_and_do_not_depend_on_each_other(known: GeneratedTable) -> None:
    protocol = Protocol(seed=1)
    together = parts(SplitKeys.of(known.table), protocol, range(3))
    alone = parts(SplitKeys.of(known.table), protocol, [2])
    assert np.array_equal(together[-1].test, alone[-1].test)
    assert np.array_equal(together[-1].stop, alone[-1].stop)
    assert together[-1].seed == alone[-1].seed
    assert not np.array_equal(together[0].test, together[5].test)


def test_fold_numbers(known: GeneratedTable) -> None:
    split = parts(SplitKeys.of(known.table), Protocol(folds=3), range(2))
    folds = fold_numbers(split, 500, 2)
    assert folds.shape == (2, 500)
    assert set(np.unique(folds)) == {0, 1, 2}
    assert (folds[1, split[4].test] == 1).all()


def rows_of(positives: list[int], size: int, **roles: Any) -> Table:
    """A table whose positives are the given rows."""
    y = np.zeros(size, int)
    y[positives] = 1
    columns = {"x": np.random.default_rng(0).normal(size=size), **roles, "y": y}
    names = {role: role for role in roles if role in ("group", "time")}
    return read_table(columns, "y", **names)


def patients(*sick: int) -> Table:
    """40 patients with 12 rows each; all rows of the sick ones are positive."""
    group = np.repeat(np.arange(40), 12)
    return rows_of(np.flatnonzero(np.isin(group, sick)).tolist(), 480, group=group)


@pytest.mark.parametrize(
    "table",
    [
        rows_of([1, 50, 99, 150], 200),
        rows_of([1, 50, 99], 200),
        patients(3, 17, 21),
        patients(3, 17, 21, 30),
        rows_of([20, 40, 80, 110, 150, 190], 200, time=np.arange(200)),
    ],
)
def test_the_number_of_folds_that_an_error_names_works(table: Table) -> None:
    protocol = Protocol(folds=7, by=split_by(table, None))
    with pytest.raises(SplitError, match="Pass folds=") as raised:
        parts(SplitKeys.of(table), protocol, [0])
    (folds,) = re.findall(r"folds=(\d+), which works", str(raised.value))
    repeats = [0] if protocol.by == "time" else range(5)
    tried = dataclasses.replace(protocol, folds=int(folds))
    assert len(parts(SplitKeys.of(table), tried, repeats)) == int(folds) * len(repeats)


@pytest.mark.parametrize(
    ("role", "table"),
    [
        ("group", patients(3, 17)),
        ("time", rows_of(list(range(150, 200, 3)), 200, time=np.arange(200))),
    ],
)
def test_where_no_number_of_folds_works_there_is_a_way(role: str, table: Table) -> None:
    protocol = Protocol(folds=5, by=role)
    with pytest.raises(SplitError, match=f"in drop= in place of {role}=") as raised:
        parts(SplitKeys.of(table), protocol, [0])
    assert "No other number of folds works" in str(raised.value)
    other = dataclasses.replace(table, **{"groups" if role == "group" else role: None})
    assert parts(SplitKeys.of(other), Protocol(folds=5), range(5))


def test_two_positives_are_too_few_for_any_trial() -> None:
    with pytest.raises(SplitError, match="Collect more rows"):
        parts(SplitKeys.of(rows_of([1, 50], 200)), Protocol(folds=2), [0])


def test_only_a_looser_split_that_works_is_proposed() -> None:
    """Two positives are too few however rows are tied, by time, or by group."""
    positives, rows = [1, 50], np.arange(200)
    for roles in ({}, {"time": rows}, {"group": rows // 2}):
        table = rows_of(positives, 200, **roles)
        protocol = Protocol(by=split_by(table, None))
        with pytest.raises(SplitError, match=r"Collect more [a-z ]+\.$"):
            parts(SplitKeys.of(table), protocol, [0])


def test_copies_may_be_ignored_if_that_works() -> None:
    table = rows_of([1, 50], 200).take(np.r_[np.arange(200), [1, 1, 50, 50]])
    with pytest.raises(SplitError, match="'ignore' and folds=6") as raised:
        parts(SplitKeys.of(table, "group"), Protocol(folds=7), [0])
    assert "2 sets of equal rows" in str(raised.value)
    assert len(parts(SplitKeys.of(table, "ignore"), Protocol(folds=6), range(5))) == 30


def test_what_is_not_there_to_split_by_is_no_matter_of_folds() -> None:
    with pytest.raises(SplitError, match="table read with group=") as raised:
        parts(SplitKeys.of(rows_of([1, 50, 99], 200)), Protocol(by="group"), [0])
    assert "folds" not in str(raised.value)


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_parts_of_several_classes_and_labels(kind: str) -> None:
    table = (
        make_classes(300, counts=[200, 70, 24, 5, 1]).table
        if kind == "classes"
        else make_labels(300, shares=[0.5, 0.2, 0.06], unknown=0.05).table
    )
    keys = SplitKeys.of(table)
    split = parts(keys, Protocol(seed=1), range(2))
    assert len(split) == 10
    for part in split:
        rows = np.concatenate([part.train, part.stop, part.test])
        assert np.array_equal(np.sort(rows), np.arange(300))
        assert len(part.test) == 60
        for number, view in enumerate(table.task.views(table.labels())):
            if view.y.sum() >= 5:
                assert view.y[part.train].any()
                assert view.y[part.test].any()
                assert view.y[part.stop].any() or number == 3
    again = parts(keys, Protocol(seed=1), [1])
    assert np.array_equal(split[-1].test, again[-1].test)
    assert np.array_equal(split[-1].stop, again[-1].stop)


def test_advice_for_several_classes_works() -> None:
    few = make_classes(30, counts=[24, 3, 3]).table
    with pytest.raises(SplitError, match=r"best class has 6.*Pass folds=6, which"):
        parts(SplitKeys.of(few), Protocol(folds=8), range(1))
    assert len(parts(SplitKeys.of(few), Protocol(folds=6), range(1))) == 6
    one = dataclasses.replace(few, y=np.zeros(30, np.int64))
    with pytest.raises(SplitError, match=r"No other number .* Collect more rows\.$"):
        parts(SplitKeys.of(one, "ignore"), Protocol(duplicates="ignore"), range(1))
    grouped = dataclasses.replace(one, groups=np.arange(30) // 2)
    with pytest.raises(SplitError, match="needs two classes, each in at least 3"):
        parts(SplitKeys.of(grouped), Protocol(), range(1))
