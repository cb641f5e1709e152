# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.errors import TrainingError, UnsupportedError
from equipoise.jobs import Job, Outcome
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import GeneratedTable
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores, fit_parts, join, stopping_notes
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol


def plan_of(table: Table, names: Any, folds: int = 3, **options: Any) -> TrialPlan:
    return TrialPlan(
        table, tuple(as_strategies(names)), Protocol(folds=folds), **options
    )


def fitted(table: Table, names: Any, folds: int = 3, **options: Any) -> Scores:
    """One repeat."""
    plan = plan_of(table, names, folds, **options)
    return fit_parts(plan, plan.parts([0]))


class OneLearner(LearnerChoice):
    """The same learner for every strategy."""

    def __init__(self, learner: Any) -> None:
        super().__init__()
        self.__dict__["learner"] = learner

    def __call__(self, strategy: Strategy) -> Any:
        return self.__dict__["learner"]


def test_a_row_is_scored_by_the_model_that_has_not_seen_it(
    known: GeneratedTable,
) -> None:
    """Rows get the score of their own fold's model, not of another one."""
    plan = plan_of(known.table, "logistic", keep=True)
    parts = plan.parts([0])
    scores = fit_parts(plan, parts)
    for part, scorer in zip(parts, scores.scorers["logistic"], strict=True):
        alone = scorer.log_odds(known.table.take(part.test))
        assert np.array_equal(scores.log_odds["logistic"][0, part.test], alone)


def test_a_test_table_rides_along(known: GeneratedTable, later: GeneratedTable) -> None:
    both = fitted(known.table, "logistic", 2, test_table=later.table)
    alone = fitted(known.table, "logistic", 2)
    assert both.extra["logistic"].shape == (2, 300, 1)
    assert np.isfinite(both.extra["logistic"]).all()
    assert np.array_equal(both.log_odds["logistic"], alone.log_odds["logistic"])


def test_joining_repeats(known: GeneratedTable) -> None:
    plan = plan_of(known.table, ["prior", "logistic"], 2)
    one, two = (fit_parts(plan, plan.parts([repeat])) for repeat in range(2))
    both = fit_parts(plan, plan.parts(range(2)))
    joined = join(one, two)
    assert joined.repeats == 2
    assert np.array_equal(joined.folds, both.folds)
    for name in ("prior", "logistic"):
        assert np.array_equal(joined.log_odds[name], both.log_odds[name])
        assert joined.updates[name] == both.updates[name]


def test_groups_of_networks_are_recorded(known: GeneratedTable) -> None:
    """As many as the folds and copies of a run; none where no network learns."""
    learners = LearnerChoice("small", training=TrainingSettings(epochs=1))
    plan = plan_of(known.table, ["prior", "plain", "focal"], 2, learners=learners)
    one, rest = (fit_parts(plan, plan.parts(repeats)) for repeats in ([0], [1, 2]))
    assert one.groups == ((4,),)
    assert join(one, rest).groups == ((4,), (8,))
    assert fitted(known.table, "prior", 2).groups == ()


class Picky:
    """A learner that cannot fit one arm."""

    def __init__(self, arm: str) -> None:
        self.arm, self.runs = arm, 0

    def run(
        self, table: Table, jobs: Sequence[Job], **options: Any
    ) -> Iterator[Outcome]:
        self.runs += 1
        for job in jobs:
            if job.strategy.name == self.arm and job.part == 1:
                raise TrainingError("no number")
            yield Outcome(
                job, np.full((len(job.scored_rows), 1), job.part + 0.5), 1.0, updates=3
            )


def test_an_arm_that_fails_ends_alone(known: GeneratedTable) -> None:
    """The others are what they would be without it."""
    learners = OneLearner(Picky("trees"))
    names = ["logistic", "trees", "prior"]
    scores = fitted(known.table, names, learners=learners, baseline="prior")
    assert scores.failed == {"trees": "no number"}
    expected = fitted(known.table, ["logistic", "prior"], learners=learners)
    assert set(scores.log_odds) == set(scores.seconds) == {"logistic", "prior"}
    assert scores.seconds == expected.seconds
    assert scores.updates == expected.updates
    for name in ("logistic", "prior"):
        np.testing.assert_array_equal(scores.log_odds[name], expected.log_odds[name])
    both = join(scores, expected)
    assert both.failed == scores.failed
    assert both.repeats == 2


def test_arms_can_be_left_out(known: GeneratedTable) -> None:
    plan = plan_of(known.table, ["logistic", "prior"])
    scores = fit_parts(plan, plan.parts([0]), without={"prior": "no number"})
    assert set(scores.log_odds) == {"logistic"}


@pytest.mark.parametrize("baseline", [None, "trees"])
def test_without_its_baseline_a_trial_ends(
    known: GeneratedTable, baseline: str | None
) -> None:
    learners = OneLearner(Picky("trees"))
    with pytest.raises(TrainingError, match="no number"):
        fitted(
            known.table,
            ["logistic", "trees"],
            2,
            learners=learners,
            baseline=baseline,
        )


class Stuck:
    """A learner whose networks keep their first epoch."""

    def run(
        self, table: Table, jobs: Sequence[Job], **options: Any
    ) -> Iterator[Outcome]:
        for job in jobs:
            yield Outcome(
                job, np.zeros((len(job.scored_rows), 1)), 1.0, best_epoch=1, limit=100
            )


def test_early_stopping_that_has_not_moved_is_named(known: GeneratedTable) -> None:
    learners = OneLearner(Stuck())
    scores = fitted(known.table, ["plain", "logistic"], 2, learners=learners)
    (note,) = scores.notes  # a logistic regression has no epochs
    assert note.startswith("plain: in 2 of 2 fits no epoch was better than the first")


def test_fits_that_moved_are_not_named() -> None:
    assert stopping_notes([(1, 9), (5, 9), (9, 9)]) == []
    assert stopping_notes([]) == []
    assert "TrainingSettings(epochs=90)" in stopping_notes([(9, 9), (9, 9), (4, 9)])[0]


def test_two_classes_have_one_view(known: GeneratedTable) -> None:
    scores = fitted(known.table, "logistic", 2)
    rows = len(known.table)
    assert scores.log_odds["logistic"].shape == (1, rows, 1)
    view = scores.binary(known.table.task)
    assert np.array_equal(
        view.log_odds["logistic"], scores.log_odds["logistic"][..., 0]
    )
    assert view.extra["logistic"].shape == (2, 0)
    with pytest.raises(UnsupportedError, match="multiclass table for a trial"):
        scores.binary(Task("multiclass", ("a", "b", "c")))
    assert scores.of_task(Task("multiclass", ("a", "b", "c"))) is scores
    same = scores.of_task(known.table.task)
    assert all(same.log_odds[name] is not z for name, z in scores.log_odds.items())
    for name, z in view.log_odds.items():
        np.testing.assert_array_equal(same.log_odds[name], z)
