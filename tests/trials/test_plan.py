# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import pickle

import numpy as np

from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generated_tasks import make_classes
from equipoise.table.generators import GeneratedTable
from equipoise.table.splits import SplitKeys
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol, parts


def test_a_plan_is_plain_data(known: GeneratedTable, later: GeneratedTable) -> None:
    """Another process can take it, and splits the rows in the same way."""
    plan = TrialPlan(
        known.table,
        tuple(as_strategies(["prior", "plain"])),
        Protocol(folds=3),
        test_table=later.table,
        weights=np.ones(500),
    )
    again = pickle.loads(pickle.dumps(plan))
    assert again.strategies == plan.strategies
    for one, other in zip(plan.parts([0, 1]), again.parts([0, 1]), strict=True):
        assert (one.number, one.seed) == (other.number, other.seed)
        for side in ("train", "stop", "test"):
            np.testing.assert_array_equal(getattr(one, side), getattr(other, side))


def test_the_test_table_follows_the_rows(
    known: GeneratedTable, later: GeneratedTable
) -> None:
    strategies = tuple(as_strategies("prior"))
    plan = TrialPlan(known.table, strategies, Protocol(), test_table=later.table)
    assert len(plan.all_rows) == 800
    assert len(plan.keys.labels) == 500
    np.testing.assert_array_equal(plan.all_rows.y[500:], later.table.y)
    alone = TrialPlan(known.table, strategies, Protocol())
    assert alone.all_rows is known.table
    assert len(parts(alone.keys, alone.protocol, [0])) == len(plan.parts([0]))


def test_a_test_table_without_groups_or_time_leaves_those_of_the_rows(
    known: GeneratedTable, later: GeneratedTable
) -> None:
    """A test file is read without them: fits must see them all the same."""
    strategies = tuple(as_strategies("prior"))
    for name, values in {
        "groups": np.arange(500) // 4,
        "time": np.arange(500, dtype=np.float64),
    }.items():
        table = dataclasses.replace(known.table, **{name: values})
        plan = TrialPlan(table, strategies, Protocol(), test_table=later.table)
        joined = getattr(plan.all_rows, name)
        assert len(joined) == 800
        np.testing.assert_array_equal(joined[:500], values)


def test_what_is_judged_follows_the_cases_of_the_split(known: GeneratedTable) -> None:
    strategies = tuple(as_strategies("prior"))
    judged, y, unscored = TrialPlan(known.table, strategies, Protocol()).judged
    assert judged.all()
    assert y is known.table.y
    assert unscored == {}
    table = make_classes(100, counts=[90, 7, 3]).table
    plan = TrialPlan(table, strategies, Protocol(folds=5))
    assert list(plan.judged[2]) == ["c2"]
    np.testing.assert_array_equal(plan.judged[0], table.y != 2)
    groups = np.where(table.y == 1, 1_000, np.arange(100))  # one case of seven rows
    grouped = dataclasses.replace(table, groups=groups)
    plan = TrialPlan(
        grouped, strategies, Protocol(folds=5), known_keys=SplitKeys.of(grouped, "auto")
    )
    assert list(plan.judged[2]) == ["c1", "c2"]
    np.testing.assert_array_equal(plan.judged[0], table.y == 0)
