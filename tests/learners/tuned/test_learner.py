# SPDX-License-Identifier: Apache-2.0
"""The search inside a training part: what it sees and what it fits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputTypeError
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned.learner import TunedLearner
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


def test_the_search_sees_no_scored_row(
    rare_table: Table, jobs_of: Jobs, tuned_by: Any, networks: NetworkLearner
) -> None:
    """With other labels in the outer test rows, all that is chosen stays the same."""
    jobs = jobs_of(rare_table, tuned_by(), parts=1)
    y = rare_table.labels().copy()
    y[jobs[0].scored_rows] = 1 - y[jobs[0].scored_rows]
    other = dataclasses.replace(rare_table, y=y)
    results = []
    for table in (rare_table, other):
        (outcome,) = TunedLearner(networks).run(table, jobs)
        facts = dict(outcome.tuning or {})
        facts.pop("seconds")
        results.append((facts, outcome.log_odds.tobytes()))
    assert results[0] == results[1]


def test_the_choice_is_fitted_on_the_whole_training_part(
    rare_table: Table, jobs_of: Jobs, tuned_by: Any, networks: NetworkLearner
) -> None:
    jobs = jobs_of(rare_table, tuned_by(), parts=2)
    outcomes = list(TunedLearner(networks).run(rare_table, jobs, keep=True))
    assert [outcome.job for outcome in outcomes] == jobs
    for job, outcome in zip(jobs, outcomes, strict=True):
        facts = outcome.tuning or {}
        assert facts["candidates"] == 6
        assert 1 <= facts["finished"] <= 2
        assert outcome.seconds > facts["seconds"] > 0
        strategy = (
            job.strategy.candidate(facts["values"])
            if facts["values"]
            else job.strategy.default
        )
        again = dataclasses.replace(job, strategy=strategy)
        (alone,) = networks.run(rare_table, [again])
        np.testing.assert_array_equal(outcome.log_odds, alone.log_odds)
        assert outcome.scorer is not None


def test_a_candidate_that_diverges_ends_nothing(
    rare_table: Table, jobs_of: Jobs, tuned_by: Any, networks: NetworkLearner
) -> None:
    space = {"learning_rate": [9.9, 1e-2]}
    jobs = jobs_of(rare_table, tuned_by(trials=2, space=space), parts=1)
    (outcome,) = TunedLearner(networks).run(rare_table, jobs)
    assert (outcome.tuning or {})["values"].get("learning_rate") != 9.9
    assert np.isfinite(outcome.log_odds).all()


def test_a_strategy_that_is_not_tuned_is_refused(
    rare_table: Table, jobs_of: Jobs, networks: NetworkLearner
) -> None:
    jobs = jobs_of(rare_table, Strategy(), parts=1)
    with pytest.raises(InputTypeError, match="one made by equipoise"):
        list(TunedLearner(networks).run(rare_table, jobs))
