# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.errors import TrainingError
from equipoise.jobs import Job, Outcome
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.table.table import Table, concatenate
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import join, run, scaled, stopping_notes
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.protocol import Protocol, parts


def test_a_row_is_scored_by_the_model_that_has_not_seen_it(
    known: GeneratedTable,
) -> None:
    """Rows get the score of their own fold's model, not of another one."""
    table = known.table
    found = parts(table, Protocol(folds=3), [0])
    scores = run(table, found, as_strategies("logistic"), rows=500, keep=True)
    for part, scorer in zip(found, scores.scorers["logistic"], strict=True):
        own = scorer.log_odds(table.take(part.test))
        assert np.array_equal(scores.log_odds["logistic"][0, part.test], own)


def test_a_test_file_rides_along(known: GeneratedTable, later: GeneratedTable) -> None:
    both = concatenate([known.table, later.table])
    found = parts(known.table, Protocol(folds=2), [0])
    arms = as_strategies("logistic")
    with_file = run(both, found, arms, rows=500)
    alone = run(known.table, found, arms, rows=500)
    assert with_file.extra["logistic"].shape == (2, 300)
    assert np.isfinite(with_file.extra["logistic"]).all()
    assert np.array_equal(with_file.log_odds["logistic"], alone.log_odds["logistic"])


def test_joining_repeats(known: GeneratedTable) -> None:
    arms = as_strategies(["prior", "logistic"])
    protocol = Protocol(folds=2)
    one, two = (
        run(known.table, parts(known.table, protocol, [r]), arms, rows=500)
        for r in range(2)
    )
    both = run(known.table, parts(known.table, protocol, range(2)), arms, rows=500)
    joined = join(one, two)
    assert joined.repeats == 2
    assert np.array_equal(joined.folds, both.folds)
    for name in ("prior", "logistic"):
        assert np.array_equal(joined.log_odds[name], both.log_odds[name])
        assert joined.updates[name] == both.updates[name]


def test_groups_of_networks_are_recorded(known: GeneratedTable) -> None:
    """As many as the folds and copies of a run; none where no network learns."""
    arms = as_strategies(["prior", "plain", "focal"])
    protocol, settings = Protocol(folds=2), TrainingSettings(epochs=1)
    learner = LearnerChoice("small", training=settings)
    one, rest = (
        run(
            known.table,
            parts(known.table, protocol, repeats),
            arms,
            rows=500,
            learner=learner,
        )
        for repeats in ([0], [1, 2])
    )
    assert one.groups == ((4,),)
    assert join(one, rest).groups == ((4,), (8,))
    alone = run(known.table, parts(known.table, protocol, [0]), arms[:1], rows=500)
    assert alone.groups == ()


def test_scaled_progress() -> None:
    seen: list[float] = []
    call = scaled(lambda text, share: seen.append(share), 0.5, 0.25)
    call("half of it", 0.5)
    call("all of it", 1.0)
    assert seen == [0.625, 0.75]


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
                job, np.full(len(job.scored_rows), job.part + 0.5), 1.0, updates=3
            )


def test_an_arm_that_fails_ends_alone(known: GeneratedTable) -> None:
    """The others are what they would be without it."""
    arms = as_strategies(["logistic", "trees", "prior"])
    splits = parts(known.table, Protocol(folds=3), [0])
    learner = Picky("trees")
    scores = run(
        known.table, splits, arms, rows=500, learner=lambda _: learner, baseline="prior"
    )
    assert scores.failed == {"trees": "no number"}
    without = [arms[0], arms[2]]
    expected = run(known.table, splits, without, rows=500, learner=lambda _: learner)
    assert set(scores.log_odds) == set(scores.seconds) == {"logistic", "prior"}
    assert scores.seconds == expected.seconds
    assert scores.updates == expected.updates
    for name in ("logistic", "prior"):
        np.testing.assert_array_equal(scores.log_odds[name], expected.log_odds[name])
    both = join(scores, expected)
    assert both.failed == scores.failed
    assert both.repeats == 2


@pytest.mark.parametrize("baseline", [None, "trees"])
def test_without_its_baseline_a_trial_ends(
    known: GeneratedTable, baseline: str | None
) -> None:
    arms = as_strategies(["logistic", "trees"])
    splits = parts(known.table, Protocol(folds=2), [0])
    learner = Picky("trees")
    with pytest.raises(TrainingError, match="no number"):
        run(
            known.table,
            splits,
            arms,
            rows=500,
            learner=lambda _: learner,
            baseline=baseline,
        )


class Stuck:
    """A learner whose networks keep their first epoch."""

    def run(
        self, table: Table, jobs: Sequence[Job], **options: Any
    ) -> Iterator[Outcome]:
        for job in jobs:
            yield Outcome(
                job, np.zeros(len(job.scored_rows)), 1.0, best_epoch=1, limit=100
            )


def test_early_stopping_that_has_not_moved_is_named(known: GeneratedTable) -> None:
    splits = parts(known.table, Protocol(folds=2), [0])
    arms = as_strategies(["plain", "logistic"])
    learner = Stuck()
    scores = run(known.table, splits, arms, rows=500, learner=lambda _: learner)
    (note,) = scores.notes  # a logistic regression has no epochs
    assert note.startswith("plain: in 2 of 2 fits no epoch was better than the first")


def test_fits_that_moved_are_not_named() -> None:
    assert stopping_notes([(1, 9), (5, 9), (9, 9)]) == []
    assert stopping_notes([]) == []
    assert "TrainingSettings(epochs=90)" in stopping_notes([(9, 9), (9, 9), (4, 9)])[0]
