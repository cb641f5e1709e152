# SPDX-License-Identifier: Apache-2.0
"""What several classes and labels ask of a learner that boosts: seen by a stand-in."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.trees.boosting import (
    Boosted,
    BoostingRows,
    boost_outputs,
    drawn_rates,
    with_every_class,
)
from equipoise.learners.trees.forest import constant_forest
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import Split
from equipoise.task import Task

SEVERAL = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))


@dataclasses.dataclass
class StandIn:
    """Says for every row the numbers that it is told; remembers what it is asked."""

    values: tuple[float, ...]
    asked: list[tuple[BoostingRows, np.ndarray, Any, int]] = dataclasses.field(
        default_factory=list
    )

    def __call__(
        self, rows: BoostingRows, weights: Any, fix: Any, seed: int
    ) -> Boosted:
        self.asked.append((rows, weights, fix, seed))
        outputs = 1 if len(np.unique(rows.y)) == 2 else len(np.unique(rows.y))
        forests = [
            constant_forest(value)
            for value in self.values[:outputs]
            for _ in rows.splits
        ]
        return Boosted(tuple(forests), 3, 2)


def job(strategy: Strategy, rows: int) -> Job:
    half = rows // 2
    parts = np.arange(half), np.arange(half, rows), np.arange(0)
    return Job(strategy, *parts, seed=5)


def rows_of(y: np.ndarray, members: int = 2) -> BoostingRows:
    split = Split(np.arange(0, len(y), 2), np.arange(1, len(y), 2))
    return BoostingRows(np.zeros((len(y), 1)), y, [split] * members)


def scores(forests: Any, members: int) -> np.ndarray:
    """The mean score of each output."""
    each = np.array([forest.raw(np.zeros((1, 1)))[0] for forest in forests])
    return each.reshape(-1, members).mean(axis=1)


def test_an_absent_class_gets_the_share_of_half_a_row() -> None:
    y = np.repeat([0, 1, 3], [50, 30, 20])
    totals = SEVERAL.totals(y)
    stand_in = StandIn((0.0, -0.5, -1.0))
    made = boost_outputs(stand_in, rows_of(y), SEVERAL, totals, job(Strategy(), 100))
    (rows, _, _, _) = stand_in.asked[0]
    assert np.unique(rows.y).tolist() == [0, 1, 2]  # without the gap
    z = scores(made.forests, 2) + np.array(made.offset)
    np.testing.assert_allclose(z[[0, 1, 3]], [0.0, -0.5, -1.0])
    present = np.logaddexp.reduce(z[[0, 1, 3]])
    assert np.exp(z[2] - present) == pytest.approx(0.5 / 100)


def test_two_classes_that_occur_are_one_problem_of_two() -> None:
    y = np.repeat([1, 3], [60, 40])
    totals = SEVERAL.totals(y)
    stand_in = StandIn((-0.7,))
    made = boost_outputs(stand_in, rows_of(y), SEVERAL, totals, job(Strategy(), 100))
    z = scores(made.forests, 2) + np.array(made.offset)
    assert z[3] - z[1] == pytest.approx(-0.7)
    assert np.exp(log_softmax(z))[[0, 2]] == pytest.approx([0.005, 0.005], rel=0.02)


def test_class_weights_and_their_correction_are_those_of_the_classes() -> None:
    y = np.repeat([0, 1, 2, 3], [60, 20, 10, 10])
    totals = SEVERAL.totals(y)
    strategy = Strategy(learner="trees", weights="balanced")
    stand_in = StandIn((0.0, 0.0, 0.0, 0.0))
    made = boost_outputs(stand_in, rows_of(y), SEVERAL, totals, job(strategy, 100))
    (_, weights, fix, seed) = stand_in.asked[0]
    np.testing.assert_allclose(weights, 100 / (4 * totals))
    shares = np.exp(log_softmax(np.array(made.offset)))
    np.testing.assert_allclose(shares, totals / 100)
    assert fix.offset == made.offset
    assert seed == 5


def test_labels_are_learned_one_by_one_without_unknown_rows() -> None:
    y = np.zeros((40, 3), np.int8)
    y[::4, 0] = 1
    y[:10, 0] = -1
    y[::2, 1] = 1  # the third label never occurs
    totals = LABELS.totals(y)
    stand_in = StandIn((0.3,))
    made = boost_outputs(stand_in, rows_of(y), LABELS, totals, job(Strategy(), 40))
    assert len(stand_in.asked) == 2
    first = stand_in.asked[0][0]
    assert set(np.unique(first.y)) == {0, 1}
    learned = np.concatenate([first.splits[0].train, first.splits[0].test])
    assert len(learned) == 30
    z = scores(made.forests, 2) + np.array(made.offset)
    assert z[:2] == pytest.approx([0.3, 0.3])
    assert 1 / (1 + np.exp(-z[2])) == pytest.approx(0.5 / 40.5, rel=0.02)
    assert (made.grown, made.kept) == (6, 2)
    assert len({seed for *_, seed in stand_in.asked}) == 2


def test_nothing_to_tell_apart_is_refused() -> None:
    y = np.zeros(10, np.int64)
    with pytest.raises(InputError, match="1 classes to train on"):
        boost_outputs(
            StandIn((0.0,)), rows_of(y), SEVERAL, SEVERAL.totals(y), job(Strategy(), 10)
        )


def test_stop_rows_get_the_shares_of_drawn_rows() -> None:
    task = Task("binary", ("no", "yes"))
    strategy = Strategy(learner="trees", sampling="balanced")
    totals = np.array([90.0, 10.0])
    drawn = dataclasses.replace(job(strategy, 100), drawn_from=totals)
    np.testing.assert_allclose(drawn_rates(drawn, task, totals), [0.5 / 0.9, 5.0])
    assert drawn_rates(job(strategy, 100), task, totals) is None


def test_a_class_that_only_the_stop_rows_have_changes_sides() -> None:
    split = Split(np.array([0, 1, 2]), np.array([3, 4]))
    whole = with_every_class(split, np.array([0, 1, 0, 2, 0]))
    assert whole.train.tolist() == [0, 1, 2, 3]
    assert whole.test.tolist() == [4]
    same = with_every_class(split, np.array([0, 1, 0, 1, 0]))
    assert same.train.tolist() == [0, 1, 2]
