# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import Known
from equipoise.workflows.plan import Protocol, fold_numbers, jobs, parts, split_by


def test_parts_are_disjoint_and_cover_each_row_once(known: Known) -> None:
    found = parts(known.table, Protocol(folds=4, seed=1), range(2))
    assert [(p.repeat, p.fold) for p in found] == [
        (r, f) for r in range(2) for f in range(4)
    ]
    for part in found:
        rows = np.concatenate([part.train, part.stop, part.test])
        assert np.array_equal(np.sort(rows), np.arange(500))
        for own in (part.train, part.stop, part.test):
            assert set(known.table.y[own]) == {0, 1}
    for repeat in range(2):
        tested = np.concatenate([p.test for p in found if p.repeat == repeat])
        assert np.array_equal(np.sort(tested), np.arange(500))


def test_repeats_differ_and_do_not_depend_on_each_other(known: Known) -> None:
    protocol = Protocol(seed=1)
    together = parts(known.table, protocol, range(3))
    alone = parts(known.table, protocol, [2])
    assert np.array_equal(together[-1].test, alone[-1].test)
    assert np.array_equal(together[-1].stop, alone[-1].stop)
    assert together[-1].seed == alone[-1].seed
    assert not np.array_equal(together[0].test, together[5].test)


def test_every_arm_has_the_same_rows_and_seed(known: Known) -> None:
    found = parts(known.table, Protocol(folds=3), [0])
    work = jobs(found, as_strategies(["plain", "focal"]), np.array([500, 501]))
    assert [(j.strategy.name, j.part) for j in work] == [
        (name, part) for name in ("plain", "focal") for part in range(3)
    ]
    for a, b in zip(work[:3], work[3:], strict=True):
        assert a.seed == b.seed
        assert a.train is b.train
        assert a.score[-2:].tolist() == [500, 501]


def test_fold_numbers(known: Known) -> None:
    found = parts(known.table, Protocol(folds=3), range(2))
    folds = fold_numbers(found, 500, 2)
    assert folds.shape == (2, 500)
    assert set(np.unique(folds)) == {0, 1, 2}
    assert (folds[1, found[4].test] == 1).all()


def test_how_a_table_is_split(known: Known) -> None:
    table = known.table
    groups = dataclasses.replace(table, groups=np.arange(500))
    time = dataclasses.replace(groups, time=np.arange(500.0))
    assert [split_by(t, None) for t in (table, groups, time)] == [
        "stratified",
        "group",
        "time",
    ]
    assert split_by(time, "group") == "group"
    with pytest.raises(InputError, match="by='random'"):
        split_by(table, "random")
