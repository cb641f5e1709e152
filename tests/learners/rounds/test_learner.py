# SPDX-License-Identifier: Apache-2.0
"""Rounds: all ensembles together, nothing of one in another, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.learners.registry import learner_for
from equipoise.learners.rounds.learner import RoundsLearner
from equipoise.strategies import Strategy
from equipoise.strategies.plans import PLANS
from equipoise.table.table import Table
from equipoise.task import Task

SMALL = {
    "members": 3,
    "rounds": 4,
}


def small(plan: str, learner: str = "tree", **more) -> Strategy:
    options = {name: n for name, n in SMALL.items() if name in PLANS[plan].options}
    return Strategy(plan, learner=learner, plan=plan, options={**options, **more})


def test_splits_and_strategies_advance_together(table_of, job_of, stumps):
    table = table_of()
    arms = [small("adaboost"), small("rusboost"), small("easy_ensemble")]
    jobs = [job_of(table, arm, part) for arm in arms for part in range(5)]
    outcomes = list(RoundsLearner(stumps).run(table, jobs))
    assert len(stumps.runs) == SMALL["rounds"]
    # five splits of two boosted arms, and of one with three subsets each
    assert len(stumps.runs[0]) == 5 * (1 + 1 + 3)
    assert [outcome.job for outcome in outcomes] == jobs
    # all models being kept is no training that ended at its limit
    assert {outcome.limit for outcome in outcomes} == {0}


def test_averages_of_independent_models_are_one_run(table_of, job_of, stumps):
    table = table_of()
    jobs = [job_of(table, small("under_bagging"), part) for part in range(4)]
    list(RoundsLearner(stumps).run(table, jobs))
    assert [len(run) for run in stumps.runs] == [12]


@dataclasses.dataclass(frozen=True, eq=False)
class Zeros:
    """Gives each model new negatives in place of its own, of which all values are 0."""

    table: Table
    numbers: list[int] = dataclasses.field(default_factory=list)

    def shard(self, number, train, whole, stop):
        self.numbers.append(number)
        at = train[self.table.labels()[train] == 0]
        rows = self.table.take(at)
        columns = tuple(
            dataclasses.replace(column, values=np.zeros(len(at)))
            for column in rows.columns
        )
        return at, dataclasses.replace(rows, columns=columns)


def test_each_model_has_rows_from_disk_if_they_are_those_of_its_table(
    table_of, job_of, stumps
):
    table = table_of()
    job = job_of(table, small("under_bagging"))
    (before,) = RoundsLearner(stumps).run(table, [job])
    supply = Zeros(table)
    (after,) = RoundsLearner(stumps, supply).run(table, [job])
    assert supply.numbers == [0, 1, 2]
    whole, *alone = stumps.runs
    assert ([len(run) for run in alone], len(whole)) == ([1, 1, 1], 3)
    for (theirs,), mine in zip(alone, whole, strict=True):
        y = table.labels()[mine.train_rows]
        assert np.array_equal(
            theirs.train_rows,
            [
                *np.sort(mine.train_rows[y == 1]),
                *len(table) + np.arange((y == 0).sum()),
            ],
        )
    assert not np.array_equal(before.log_odds, after.log_odds)
    # Rows of another table, or with weights of their own, stay.
    ones = dataclasses.replace(job, row_weights=np.ones(len(table)))
    for supply, of in ((Zeros(table_of()), job), (Zeros(table), ones)):
        (same,) = RoundsLearner(stumps, supply).run(table, [of])
        assert supply.numbers == []
        assert np.array_equal(before.log_odds, same.log_odds)


@pytest.mark.parametrize("plan", PLANS)
def test_an_ensemble_does_not_depend_on_its_company(table_of, job_of, plan):
    table = table_of()
    job = job_of(table, small(plan))
    (alone,) = learner_for(job.strategy).run(table, [job])
    (again,) = learner_for(job.strategy).run(table, [job])
    assert np.array_equal(alone.log_odds, again.log_odds)
    company = [job_of(table, small(other), 1) for other in PLANS] + [job]
    *_, last = learner_for(job.strategy).run(table, company)
    assert np.array_equal(alone.log_odds, last.log_odds)
    other = dataclasses.replace(job, seed=99)
    (changed,) = learner_for(job.strategy).run(table, [other])
    if plan not in ("adaboost",):  # which draws nothing
        assert not np.array_equal(alone.log_odds, changed.log_odds)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("classes", [2, 3])
def test_scored_rows_teach_nothing(table_of, job_of, plan, classes):
    table = table_of(classes)
    job = job_of(table, small(plan))
    half = job.scored_rows[::2]
    y = table.labels().copy()
    y[half] = (y[half] + 1) % classes
    (before,) = learner_for(job.strategy).run(table, [job])
    changed = dataclasses.replace(table, y=y)
    (after,) = learner_for(job.strategy).run(changed, [job])
    assert np.array_equal(before.log_odds, after.log_odds)
    assert np.isfinite(before.log_odds).all()
    assert before.log_odds.shape == (len(job.scored_rows), table.task.width)


@pytest.mark.parametrize("plan", PLANS)
def test_weights_of_one_are_none(table_of, job_of, plan):
    table = table_of()
    job = job_of(table, small(plan))
    ones = dataclasses.replace(job, row_weights=np.ones(len(table)))
    (plain,) = learner_for(job.strategy).run(table, [job])
    (same,) = learner_for(job.strategy).run(table, [ones])
    np.testing.assert_allclose(plain.log_odds, same.log_odds, atol=1e-9)


@pytest.mark.parametrize("plan", PLANS)
def test_both_classes_are_needed(table_of, job_of, plan):
    table = table_of()
    job = job_of(table, small(plan))
    y = table.labels()
    train, stop = (rows[y[rows] == 0] for rows in (job.train_rows, job.stop_rows))
    with pytest.raises(InputError):
        list(
            learner_for(job.strategy).run(
                table, [dataclasses.replace(job, train_rows=train, stop_rows=stop)]
            )
        )


def test_a_class_without_rows_is_told(table_of, job_of):
    table = table_of(3)
    job = job_of(table, small("adaboost"))
    y = table.labels()
    train, stop = (rows[y[rows] < 2] for rows in (job.train_rows, job.stop_rows))
    job = dataclasses.replace(job, train_rows=train, stop_rows=stop)
    (outcome,) = learner_for(job.strategy).run(table, [job])
    assert "half a row" in " ".join(outcome.notes)
    assert (outcome.log_odds.argmax(axis=1) < 2).all()


def test_labels_are_not_served(job_of, table_of):
    labels = np.random.default_rng(0).integers(0, 2, (240, 2)).astype(np.int8)
    table = Table(table_of().columns, labels, Task("multilabel", ("p", "q")))
    for plan in PLANS:
        job = job_of(table, small(plan))
        with pytest.raises(UnsupportedError, match=f"plan='{plan}'.*several labels"):
            list(learner_for(job.strategy).run(table, [job]))


def test_a_strategy_without_a_plan_is_refused(table_of, job_of, stumps):
    table = table_of()
    with pytest.raises(UnsupportedError, match="a plan that has rounds"):
        list(
            RoundsLearner(stumps).run(table, [job_of(table, Strategy(learner="tree"))])
        )


def test_the_average_of_under_bagged_logistics_is_exact():
    # rows of a known log-odds: -3 + 1.5 x
    from equipoise.jobs import Job
    from equipoise.table.table import Column

    random = np.random.default_rng(0)
    x = random.normal(size=40_000)
    truth = -3 + 1.5 * x
    y = (random.random(40_000) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    table = Table((Column("x", "numeric", x),), y, Task("binary", ("no", "yes")))
    rows = np.arange(40_000)
    strategy = Strategy(plan="under_bagging", learner="logistic")
    job = Job(strategy, rows[:25_000], rows[25_000:30_000], rows[30_000:], seed=1)
    (outcome,) = learner_for(strategy).run(table, [job])
    middle = np.abs(x[30_000:]) < 2  # where the encoding is nearly linear
    gap = outcome.log_odds[middle, 0] - truth[30_000:][middle]
    assert abs(gap.mean()) < 0.08
    p = 1 / (1 + np.exp(-outcome.log_odds[:, 0]))
    assert p.mean() == pytest.approx(y[30_000:].mean(), abs=0.006)
    assert strategy.correction([900, 100]).exact


def test_networks_of_a_round_have_few_epochs(table_of, job_of, monkeypatch):
    from equipoise.learners.network import NetworkLearner
    from equipoise.training.settings import TrainingSettings

    seen = []

    def run(self, table, jobs, **_):
        seen.append(self.settings.epochs)
        from equipoise.jobs import Outcome

        for job in jobs:
            z = np.random.default_rng(job.seed).normal(size=(len(job.scored_rows), 1))
            yield Outcome(job, z, 1.0, updates=1)

    monkeypatch.setattr(NetworkLearner, "run", run)
    table = table_of()
    base = NetworkLearner("small", TrainingSettings(epochs=40))
    arms = [
        small("rusboost", "network"),
        small("rusboost", "network", epochs=9),
        small("self_paced", "network"),
    ]
    list(RoundsLearner(base).run(table, [job_of(table, arm) for arm in arms]))
    assert {5, 9, 40} == set(seen)


def test_progress_reaches_its_end(table_of, job_of, stumps):
    table = table_of()
    told = []
    jobs = [job_of(table, small("adaboost"))]
    list(
        RoundsLearner(stumps).run(
            table, jobs, progress=lambda text, share: told.append((text, share))
        )
    )
    assert told[-1][1] == 1.0
    assert told[0][0].startswith("round 1")


def test_a_network_of_the_user_s_is_not_kept(table_of, job_of, stumps):
    stumps.x = np.zeros((240, 1))
    table = table_of()
    learner = RoundsLearner(stumps)
    jobs = [job_of(table, small("self_paced"))]
    assert len(list(learner.run(table, jobs))) == 1
    with pytest.raises(UnsupportedError, match="a model of your own"):
        list(learner.run(table, jobs, keep=True))


def test_rows_of_raw_arrays_have_no_neighbours(table_of, job_of, stumps):
    table = table_of()
    bare = dataclasses.replace(table, columns=())
    with pytest.raises(UnsupportedError, match="plans that make no rows"):
        list(RoundsLearner(stumps).run(bare, [job_of(table, small("smoteboost"))]))
