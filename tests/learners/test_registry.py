# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler

from equipoise.errors import InputError, UnsupportedError
from equipoise.learners.logistic import LogisticLearner
from equipoise.learners.prior import PriorLearner, PriorScorer
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.learners.resampled import resampled
from equipoise.learners.trees import TreesLearner
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table


def test_each_learner_is_one_object() -> None:
    for name, kind in (
        ("trees", TreesLearner),
        ("logistic", LogisticLearner),
        ("prior", PriorLearner),
    ):
        learner = learner_for(strategy(name))
        assert isinstance(learner, kind)
        assert learner is learner_for(Strategy(f"my {name}", learner=name))


def test_scorers_are_rebuilt_by_their_learners_name() -> None:
    assert scorer_from_state("prior", {"value": 1.5}) == PriorScorer(1.5)


def test_an_unknown_learner_is_an_error_by_name() -> None:
    with pytest.raises(InputError, match="forrest"):
        scorer_from_state("forrest", {})
    object.__setattr__(other := Strategy(learner="trees"), "learner", "tree")
    with pytest.raises(InputError, match="Did you mean 'trees'"):
        learner_for(other)


COLUMN_LEARNERS = ["prior", "logistic", "trees", "extra_trees"]


def _weighted(jobs: list[Job], weights: np.ndarray) -> list[Job]:
    return [dataclasses.replace(job, example_weights=weights) for job in jobs]


@pytest.mark.parametrize("name", COLUMN_LEARNERS)
def test_positives_that_count_five_times_have_five_times_the_odds(
    name: str, rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    """A weight says how many rows there are, so it stays in the probabilities."""
    arm = strategy(name)
    jobs = jobs_of(rare_table, arm, parts=1)
    heavy = _weighted(jobs, np.where(rare_table.y == 1, 5.0, 1.0))
    (found,) = learner_for(arm).run(rare_table, jobs)
    (moved,) = learner_for(arm).run(rare_table, heavy)
    shift = float(np.mean(moved.log_odds - found.log_odds))
    assert shift == pytest.approx(np.log(5), abs=1e-12 if name == "prior" else 0.35)


@pytest.mark.parametrize("name", COLUMN_LEARNERS[1:])
def test_heavy_rows_are_what_is_learned(
    name: str, rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    """Labels turned around in half of the rows are learned where those weigh more."""
    half = np.arange(len(rare_table)) % 2 == 0
    turned = np.where(half, 1 - rare_table.y, rare_table.y).astype(np.int8)
    table = dataclasses.replace(rare_table, y=turned)
    arm = strategy(name)
    jobs = jobs_of(table, arm, parts=1)
    (odd,) = learner_for(arm).run(table, _weighted(jobs, np.where(half, 0.01, 1.0)))
    (even,) = learner_for(arm).run(table, _weighted(jobs, np.where(half, 1.0, 0.01)))
    assert np.corrcoef(odd.log_odds, even.log_odds)[0, 1] < -0.5


def test_sampler_objects_refuse_weights(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    arm = resampled(RandomOverSampler())
    jobs = _weighted(jobs_of(rare_table, arm, parts=1), np.ones(len(rare_table)))
    with pytest.raises(UnsupportedError, match="example weights for a sampler object"):
        list(learner_for(arm).run(rare_table, jobs))
