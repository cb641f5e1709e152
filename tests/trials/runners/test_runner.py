# SPDX-License-Identifier: Apache-2.0
"""The seam between a trial and those who do its fits."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE

from equipoise.jobs import Outcome, Progress
from equipoise.learners.resampled.learner import resampled
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import (
    Shard,
    StrategyFailure,
    make_shards,
    shard_outcomes,
)


class BackwardsRunner:
    """Does the shards from the last to the first, on copies that were pickled."""

    def run(
        self,
        plan: TrialPlan,
        shards: Sequence[Shard],
        progress: Progress | None = None,
    ) -> Iterator[Outcome | StrategyFailure]:
        work = pickle.dumps((plan, list(shards)))
        results: dict[int, list[Outcome | StrategyFailure]] = {}
        for place in reversed(range(len(shards))):
            own_plan, own_shards = pickle.loads(work)
            results[place] = list(shard_outcomes(own_plan, own_shards[place]))
        for place in range(len(shards)):
            yield from results[place]


@pytest.fixture(scope="module")
def plan(known: GeneratedTable) -> TrialPlan:
    broken = resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    names = ["prior", "plain", "logistic", "focal", "trees", broken]
    learners = LearnerChoice("small", training=TrainingSettings(epochs=2))
    return TrialPlan(
        known.table,
        tuple(as_strategies(names)),
        Protocol(folds=2),
        learners,
        test_table=known.table.take(range(40)),
        keep=True,
        baseline="plain",
    )


def test_another_runner_gives_the_same_scores(plan: TrialPlan) -> None:
    parts = plan.parts([0])
    here = fit_parts(plan, parts)
    there = fit_parts(plan, parts, runner=BackwardsRunner())
    assert list(here.log_odds) == list(there.log_odds)
    assert list(here.failed) == ["too wide"]
    for name in (
        "failed",
        "notes",
        "groups",
        "updates",
        "idle",
    ):
        assert getattr(here, name) == getattr(there, name), name
    for name, z in here.log_odds.items():
        np.testing.assert_array_equal(z, there.log_odds[name])
        np.testing.assert_array_equal(here.extra[name], there.extra[name])
        assert len(there.scorers[name]) == 2


def test_a_shard_is_the_work_of_one_learner(plan: TrialPlan) -> None:
    shards = make_shards(plan, plan.parts([0]), plan.strategies)
    names = [[strategy.name for strategy in shard.strategies] for shard in shards]
    assert names == [
        ["prior"],
        ["plain", "focal"],
        ["logistic"],
        ["trees"],
        ["too wide"],
    ]


def test_every_arm_has_the_same_rows_and_seed(plan: TrialPlan) -> None:
    parts = plan.parts([0, 1])
    (_, networks, *_) = make_shards(plan, parts, plan.strategies)
    jobs = networks.jobs(plan, networks.strategies)
    assert [(job.strategy.name, job.part) for job in jobs] == [
        (name, part) for name in ("plain", "focal") for part in range(4)
    ]
    for one, other in zip(jobs[:4], jobs[4:], strict=True):
        assert one.seed == other.seed
        assert one.train_rows is other.train_rows
        assert one.scored_rows[-40:].tolist() == list(range(500, 540))


def test_row_weights_reach_the_jobs(plan: TrialPlan) -> None:
    weighted = replace(plan, weights=np.arange(500.0))
    (shard, *_) = make_shards(weighted, weighted.parts([0]), weighted.strategies)
    (job, *_) = shard.jobs(weighted, shard.strategies)
    assert job.weights([3, 4]).tolist() == [3.0, 4.0]
