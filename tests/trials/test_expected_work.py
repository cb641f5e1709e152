# SPDX-License-Identifier: Apache-2.0
"""What a trial is likely to take: networks more than trees, trees more than lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import GeneratedTable
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials import fewer_rows
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


@pytest.fixture
def many(known: GeneratedTable, monkeypatch: pytest.MonkeyPatch) -> GeneratedTable:
    """A table of so many rows that fits learn from some of them."""
    monkeypatch.setattr(fewer_rows, "MANY_ROWS", 100)
    for name in ("network", "logistic"):
        record = replace(LEARNERS[name], fewer_rows=60)
        monkeypatch.setitem(LEARNERS, name, record)
    monkeypatch.setattr(fewer_rows, "LARGEST_PER_OTHER", 1)
    return known


def test_rows_that_are_left_out_take_no_time(many: GeneratedTable) -> None:
    arms = tuple(as_strategies(["logistic", "trees", "plain"]))
    plan = TrialPlan(many.table, arms, Protocol(folds=2))
    whole = replace(
        plan, learners=LearnerChoice(training=TrainingSettings(fewer_rows=False))
    )
    parts, columns = plan.parts([0]), len(many.table.columns)
    for arm in arms:
        (shard,) = make_shards(plan, parts, [arm])
        jobs = shard.jobs(plan, [arm])
        seconds = sum(fit_seconds(arm, len(job.train_rows), columns) for job in jobs)
        started = PROGRAM * (arm.name == "plain")
        assert shard_seconds(plan, shard) == pytest.approx(seconds + started)
        fewer = sum(len(job.train_rows) for job in jobs)
        assert (fewer < sum(len(part.train) for part in parts)) == (arm.name != "trees")
        assert (shard_seconds(plan, shard) < shard_seconds(whole, shard)) == (
            arm.name != "trees"
        )


def test_fits_on_fewer_rows_are_a_smaller_share(many: GeneratedTable) -> None:
    arms = tuple(as_strategies(["plain"]))
    plan = TrialPlan(many.table, arms, Protocol(folds=2))
    every = LearnerChoice(training=TrainingSettings(fewer_rows=False))
    fewer, all_rows = (
        share_of_fits(p, 30) for p in (plan, replace(plan, learners=every))
    )
    assert 0.3 < fewer < all_rows < 0.97


def test_labels_have_no_largest_class_to_leave_out() -> None:
    random = np.random.default_rng(0)
    columns = (Column("x", "numeric", random.normal(size=200)),)
    labels = random.integers(0, 2, (200, 3)).astype(np.int8)
    table = Table(columns, labels, Task("multilabel", ("a", "b", "c")))
    arms = tuple(as_strategies(["logistic"]))
    plan = TrialPlan(table, arms, Protocol(folds=2))
    parts = plan.parts([0])
    (shard,) = make_shards(plan, parts, arms)
    seconds = sum(fit_seconds(arms[0], len(part.train), 1) for part in parts)
    assert shard_seconds(plan, shard) == pytest.approx(seconds)
