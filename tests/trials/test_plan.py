# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import pickle

import numpy as np

from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
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
