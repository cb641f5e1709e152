# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics

from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.errors import UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.one_by_one import FittedJob, logistic_loss, run_one_by_one
from equipoise.learners.prior import PriorScorer
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task


def test_outcomes_follow_the_jobs_and_parts_share_an_encoding(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    seen: list[Encoding] = []
    told: list[tuple[str, float]] = []

    def fit(table: Table, job: Job, encoding: Encoding) -> FittedJob:
        seen.append(encoding)
        return FittedJob(
            PriorScorer(float(job.seed)), updates=3, best=2, notes=("said",)
        )

    jobs = jobs_of(rare_table, strategy("prior"), strategy("trees"))
    outcomes = list(
        run_one_by_one(
            fit, rare_table, jobs, keep=False, progress=lambda *x: told.append(x)
        )
    )
    assert [outcome.job for outcome in outcomes] == jobs
    assert seen[0] is seen[1]
    assert seen[0] == learn_encoding(rare_table, jobs[0].train_rows)
    assert seen[2] == learn_encoding(rare_table, jobs[2].train_rows)
    assert [o.log_odds[0, 0] for o in outcomes] == [0.0, 0.0, 1.0, 1.0]
    assert all(
        o.scorer is None and o.updates == 3 and o.best_epoch == 2 for o in outcomes
    )
    assert told[-1] == ("trees: fit 4 of 4", 1.0)


def test_other_tasks_are_refused_by_name(
    rare_table: Table, jobs_of: Callable[..., list[Job]], monkeypatch
) -> None:
    table = dataclasses.replace(rare_table, task=Task("multiclass", ("a", "b")))
    mine = dataclasses.replace(LEARNERS["prior"], name="mine", tasks=("binary",))
    monkeypatch.setitem(LEARNERS, "mine", mine)
    jobs = jobs_of(table, Strategy(learner="mine"))

    def fit(table: Table, job: Job, encoding: Encoding) -> FittedJob:
        raise AssertionError

    with pytest.raises(UnsupportedError, match=r"learner='mine'.*several classes"):
        next(run_one_by_one(fit, table, jobs, keep=False, progress=None))


def test_log_loss_equals_scikit_learn_and_stays_finite() -> None:
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, 50).astype(float), rng.normal(size=50) * 5
    expected = metrics.log_loss(y, 1 / (1 + np.exp(-z)))
    assert logistic_loss(y, z) == pytest.approx(expected, rel=1e-12)
    assert logistic_loss(np.array([1.0]), np.array([-1e4])) == 1e4
