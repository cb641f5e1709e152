# SPDX-License-Identifier: Apache-2.0
"""Candidates that Optuna proposes: found, given up, judged by a lighter learner."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.errors import MissingExtraError, TrainingError
from equipoise.jobs import Job, Outcome
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.learners.tuned.learner import TunedLearner
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


@dataclasses.dataclass(frozen=True)
class Noisy:
    """A learner whose scores are the labels, blurred by the option `leaves`."""

    fail: tuple[int, ...] = ()

    def run(self, table: Table, jobs: Sequence[Job], **_: Any) -> Iterator[Outcome]:
        for job in jobs:
            leaves = int(job.strategy.option("leaves") or 16)
            if leaves in self.fail:
                raise TrainingError("no")
            random = np.random.default_rng(job.seed % 2**32)
            spread = abs(np.log2(leaves / 32)) + 1
            noise = random.normal(0, spread, len(job.scored_rows))
            z = 2.0 * table.labels()[job.scored_rows] - 3 + noise
            yield Outcome(job, z[:, None], 0.0)


def test_optuna_finds_what_is_best(rare_table: Table, jobs_of: Jobs) -> None:
    pytest.importorskip("optuna")
    arm = Tuned("trees", trials=12, folds=2, space={"leaves": (2, 64)})
    jobs = jobs_of(rare_table, arm, parts=2)
    outcomes = list(TunedLearner(Noisy()).run(rare_table, jobs))
    for outcome in outcomes:
        facts = outcome.tuning or {}
        assert 16 < facts["best"]["leaves"] < 64
        assert facts["finished"] < 12  # some were given up after the first fold
    again = [o.tuning["best"] for o in TunedLearner(Noisy()).run(rare_table, jobs)]
    assert again == [o.tuning["best"] for o in outcomes]


def test_a_candidate_that_cannot_be_fitted_is_given_up(
    rare_table: Table, jobs_of: Jobs
) -> None:
    pytest.importorskip("optuna")
    arm = Tuned("trees", trials=6, folds=2, space={"leaves": [32, 64]})
    (job,) = jobs_of(rare_table, arm, parts=1)
    (outcome,) = TunedLearner(Noisy(fail=(64,))).run(rare_table, [job])
    assert (outcome.tuning or {})["best"] in ({}, {"leaves": 32})
    with pytest.raises(TrainingError):
        list(TunedLearner(Noisy(fail=(16,))).run(rare_table, [job]))


def test_trees_are_searched_with_one_member(rare_table: Table, jobs_of: Jobs) -> None:
    pytest.importorskip("optuna")
    arm = Tuned("trees", trials=2, folds=2, space={"leaves": [2, 4]})
    (job,) = jobs_of(rare_table, arm, parts=1)
    (outcome,) = TunedLearner(TreesLearner(members=2, most_trees=20)).run(
        rare_table, [job], keep=True
    )
    assert len(outcome.scorer.forests) == 2


def test_without_optuna_the_command_is_named(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "optuna" else find(name),
    )
    jobs = jobs_of(rare_table, Tuned("trees"), parts=1)
    with pytest.raises(MissingExtraError, match=r"equipoise\[tune\]"):
        list(TunedLearner(TreesLearner()).run(rare_table, jobs))
