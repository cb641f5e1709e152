# SPDX-License-Identifier: Apache-2.0
"""What a trial is likely to take: networks more than trees, trees more than lines."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import GeneratedTable
from equipoise.trials.expected_work import (
    PROGRAM,
    fit_seconds,
    numbers_per_row,
    shard_seconds,
    share_of_fits,
)
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import make_shards


@pytest.mark.parametrize(("rows", "columns"), [(500, 5), (10_000, 20)])
def test_learners_are_ordered_by_what_they_take(rows: int, columns: int) -> None:
    names = ["prior", "logistic", "piecewise", "trees"]
    seconds = [fit_seconds(strategy(name), rows, columns) for name in names]
    assert seconds == sorted(seconds)
    assert seconds[0] < seconds[-1] / 20


def test_members_and_candidates_count() -> None:
    one = fit_seconds(strategy("plain"), 1_000, 10)
    many = strategy("bagging")
    assert fit_seconds(many, 1_000, 10) == pytest.approx(many.members * one)
    tuned = Tuned("plain", trials=7)
    assert fit_seconds(tuned, 1_000, 10) == pytest.approx(8 * one)


def test_the_seconds_of_a_shard_are_those_of_its_fits(known: GeneratedTable) -> None:
    arms = tuple(as_strategies(["logistic", "piecewise", "plain"]))
    plan = TrialPlan(known.table, arms, Protocol(folds=2))
    parts = plan.parts([0])
    shards = {
        shard.strategies[-1].name: shard_seconds(plan, shard)
        for shard in make_shards(plan, parts, plan.strategies)
    }
    columns = len(known.table.columns)
    seconds = {
        arm.name: sum(fit_seconds(arm, len(part.train), columns) for part in parts)
        for arm in arms
    }
    lines = seconds["logistic"] + seconds["piecewise"]
    assert shards["piecewise"] == pytest.approx(lines)
    assert shards["plain"] == pytest.approx(seconds["plain"] + PROGRAM)


def test_more_arms_to_judge_leave_fits_less(known: GeneratedTable) -> None:
    arms = tuple(as_strategies(["logistic"]))
    plan = TrialPlan(known.table, arms, Protocol(folds=2))
    few, more = share_of_fits(plan, 1), share_of_fits(plan, 5)
    assert 0.3 <= more < few <= 0.97


def test_an_array_has_as_many_columns_as_an_example_has_numbers(
    known: GeneratedTable,
) -> None:
    x = np.zeros((len(known.table), 4, 5))
    plan = TrialPlan(known.table, (), Protocol(), LearnerChoice(x=x))
    assert numbers_per_row(plan) == 20
