# SPDX-License-Identifier: Apache-2.0
"""The search inside a training part: what it sees, what it drops, what it fits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.errors import MissingExtraError, SplitError, TrainingError
from equipoise.jobs import Job, Outcome
from equipoise.learners.network import NetworkLearner
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.learners.tuned import halving
from equipoise.learners.tuned.halving import SearchedPart, halved_scores
from equipoise.learners.tuned.inner import inner_folds, inner_job, judged_rows
from equipoise.learners.tuned.learner import TunedLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Table
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SPEC = NetworkSpec("x", hidden=(6,), number_width=2, copies=2)
SPACE = {"learning_rate": (1e-4, 1e-1), "width": [4, 6]}


def learner(epochs: int = 12) -> NetworkLearner:
    return NetworkLearner(SPEC, TrainingSettings(batch=64, epochs=epochs, patience=4))


def tuned(**how: Any) -> Tuned:
    return Tuned("plain", **{"trials": 6, "space": SPACE, "folds": 2, **how})


def searched(table: Table, job: Job) -> SearchedPart:
    folds = inner_folds(table, job, 2)
    return SearchedPart(job, folds, judged_rows(table, job, folds))


def test_inner_folds_share_out_the_training_part_alone(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    folds = inner_folds(rare_table, job, 3)
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    judged = np.sort(np.concatenate([fold.scored for fold in folds]))
    np.testing.assert_array_equal(judged, used)
    for fold in folds:
        rows = np.concatenate([fold.train, fold.stop, fold.scored])
        np.testing.assert_array_equal(np.sort(rows), used)
    assert len({fold.seed for fold in folds}) == 3


def test_inner_folds_keep_groups_and_time(rare_table: Table, jobs_of: Jobs) -> None:
    groups = np.arange(len(rare_table)) // 3
    grouped = dataclasses.replace(rare_table, groups=groups)
    (job,) = jobs_of(grouped, Strategy(), parts=1)
    for fold in inner_folds(grouped, job, 2):
        assert not set(groups[fold.train]) & set(groups[fold.scored])
    times = np.random.default_rng(0).permutation(len(rare_table)).astype(float)
    timed = dataclasses.replace(rare_table, time=times)
    for fold in inner_folds(timed, job, 2):
        assert times[fold.train].max() < times[fold.stop].min()
        assert times[fold.stop].max() < times[fold.scored].min()


def test_too_few_rows_for_inner_folds_name_what_works(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    y = rare_table.labels()
    few = np.concatenate([np.flatnonzero(y == 0)[:40], np.flatnonzero(y == 1)[:3]])
    small = dataclasses.replace(job, train_rows=few[:-1], stop_rows=few[-1:])
    with pytest.raises(SplitError, match="inside a training part of 43 rows"):
        inner_folds(rare_table, small, 4)


def test_without_rungs_candidates_are_plain_fits(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit those of the learner of networks, one network where it has copies."""
    monkeypatch.setattr(halving, "RUNGS", ())
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    arm = tuned()
    candidates = [arm.default, *(arm.candidate(v) for v in arm.design()[:2])]
    part = searched(rare_table, job)
    (scores,) = halved_scores(
        rare_table, [part], candidates, learner(), lambda epoch, left: None
    )
    single = NetworkLearner(dataclasses.replace(SPEC, copies=1), learner().settings)
    for number, candidate in enumerate(candidates):
        jobs = [inner_job(candidate, job, fold, 9) for fold in part.folds]
        alone = [next(iter(single.run(rare_table, [each]))).log_odds for each in jobs]
        np.testing.assert_array_equal(scores[number], np.concatenate(alone))


def test_halving_drops_candidates_and_changes_no_other(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = jobs_of(rare_table, Strategy(), parts=2)
    arm = tuned(trials=6)
    candidates = [arm.default, *map(arm.candidate, arm.design())]
    parts = [searched(rare_table, job) for job in jobs]
    active: list[int] = []
    args = rare_table, parts, candidates, learner()
    halved = halved_scores(*args, lambda epoch, left: active.append(left))
    assert active[0] == 7 * 2 * 2
    assert min(active[3:]) < active[0]
    monkeypatch.setattr(halving, "RUNGS", ())
    whole = halved_scores(*args, lambda epoch, left: None)
    for one, every in zip(halved, whole, strict=True):
        assert 0 in one
        assert len(one) == 2  # 6 -> 2 -> 1, and the strategy as it is
        assert len(every) == 7
        for c, scores in one.items():
            np.testing.assert_array_equal(scores, every[c])


def test_the_search_sees_no_scored_row(rare_table: Table, jobs_of: Jobs) -> None:
    """With other labels in the outer test rows, all that is chosen stays the same."""
    jobs = jobs_of(rare_table, tuned(), parts=1)
    y = rare_table.labels().copy()
    y[jobs[0].scored_rows] = 1 - y[jobs[0].scored_rows]
    other = dataclasses.replace(rare_table, y=y)
    results = []
    for table in (rare_table, other):
        (outcome,) = TunedLearner(learner()).run(table, jobs)
        facts = dict(outcome.tuning or {})
        facts.pop("seconds")
        results.append((facts, outcome.log_odds.tobytes()))
    assert results[0] == results[1]


def test_the_choice_is_fitted_on_the_whole_training_part(
    rare_table: Table, jobs_of: Jobs
) -> None:
    jobs = jobs_of(rare_table, tuned(), parts=2)
    outcomes = list(TunedLearner(learner()).run(rare_table, jobs, keep=True))
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
        (alone,) = learner().run(rare_table, [again])
        np.testing.assert_array_equal(outcome.log_odds, alone.log_odds)
        assert outcome.scorer is not None


def test_a_candidate_that_diverges_ends_nothing(
    rare_table: Table, jobs_of: Jobs
) -> None:
    space = {"learning_rate": [9.9, 1e-2]}
    jobs = jobs_of(rare_table, tuned(trials=2, space=space), parts=1)
    (outcome,) = TunedLearner(learner()).run(rare_table, jobs)
    assert (outcome.tuning or {})["values"].get("learning_rate") != 9.9
    assert np.isfinite(outcome.log_odds).all()


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
