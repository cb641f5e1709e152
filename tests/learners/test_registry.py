# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from sklearn.metrics import roc_auc_score

from equipoise.errors import InputError, UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.linear.logistic import LogisticLearner
from equipoise.learners.prior import PriorLearner, PriorScorer
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.learners.resampled.learner import resampled
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.priors import probability
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task


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
    object.__setattr__(other := Strategy(learner="trees"), "learner", "treees")
    with pytest.raises(InputError, match="Did you mean 'trees'"):
        learner_for(other)


COLUMN_LEARNERS = ["prior", "logistic", "trees", "extra_trees"]


def _weighted(jobs: list[Job], weights: np.ndarray) -> list[Job]:
    return [dataclasses.replace(job, row_weights=weights) for job in jobs]


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
    assert np.corrcoef(odd.log_odds[:, 0], even.log_odds[:, 0])[0, 1] < -0.5


def test_sampler_objects_refuse_weights(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    arm = resampled(RandomOverSampler())
    jobs = _weighted(jobs_of(rare_table, arm, parts=1), np.ones(len(rare_table)))
    with pytest.raises(UnsupportedError, match="example weights for a sampler object"):
        list(learner_for(arm).run(rare_table, jobs))


ROWS = 240
TRAIN, STOP, SCORE = np.arange(140), np.arange(140, 180), np.arange(180, ROWS)


def _columns() -> dict[str, Column]:
    """Columns that are hard to learn from, each beside one that is not."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    late = np.where(np.arange(ROWS) < 180, np.nan, x)
    huge = x.copy()
    huge[[3, 150, 200, 201]] = [1e300, -1e300, 1e308, -1e308]
    many = (np.arange(ROWS) % 120).astype(np.int32)
    new = np.where(np.arange(ROWS) < 180, np.arange(ROWS) % 2, 2).astype(np.int32)
    gone = np.where(np.arange(ROWS) < 180, -1, 0).astype(np.int32)
    levels = tuple(f"level {level}" for level in range(400))
    return {
        "no value before the scored rows": Column("x", "numeric", late),
        "no category before the scored rows": Column("x", "categorical", gone, ("a",)),
        "one value": Column("x", "numeric", np.ones(ROWS)),
        "values up to the largest number": Column("x", "numeric", huge),
        "the smallest numbers": Column("x", "numeric", x * 1e-310),
        "400 levels": Column("x", "categorical", many, levels),
        "a level that is new": Column("x", "categorical", new, ("a", "b", "c")),
    }


@pytest.mark.parametrize("name", COLUMN_LEARNERS)
@pytest.mark.parametrize("hard", list(_columns()))
@pytest.mark.parametrize("alone", [True, False])
def test_hard_columns_are_learned_from_or_passed_over(
    name: str, hard: str, alone: bool
) -> None:
    """Scores are finite, survive saving, and keep what the other column says."""
    rng = np.random.default_rng(1)
    good = rng.normal(size=ROWS)
    y = (good + 0.5 * rng.normal(size=ROWS) > 1.2).astype(np.int8)
    easy = Column("easy", "numeric", good)
    column = _columns()[hard]
    table = Table(
        (column,) if alone else (easy, column), y, Task("binary", ("no", "yes"))
    )
    arm = strategy(name)
    job = Job(arm, TRAIN, STOP, SCORE, seed=0)
    (outcome,) = learner_for(arm).run(table, [job], keep=True)
    assert outcome.scorer is not None
    assert np.isfinite(outcome.log_odds).all()
    again = scorer_from_state(name, outcome.scorer.state())
    np.testing.assert_array_equal(again.log_odds(table.take(SCORE)), outcome.log_odds)
    if name != "prior" and not alone:
        assert roc_auc_score(y[SCORE], outcome.log_odds) > 0.85


@pytest.mark.parametrize("name", COLUMN_LEARNERS)
@pytest.mark.parametrize("positives", [[5, 150], [5], [5, 6, 200]])
def test_a_positive_or_two_give_small_finite_odds(
    name: str, positives: list[int]
) -> None:
    """One positive to learn from, one or none to stop by."""
    x = np.random.default_rng(2).normal(size=ROWS)
    y = np.zeros(ROWS, np.int8)
    y[positives] = 1
    table = Table((Column("x", "numeric", x),), y, Task("binary", ("no", "yes")))
    arm = strategy(name)
    (outcome,) = learner_for(arm).run(table, [Job(arm, TRAIN, STOP, SCORE, seed=0)])
    assert np.isfinite(outcome.log_odds).all()
    assert np.median(probability(outcome.log_odds)) < 0.05
