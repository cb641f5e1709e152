# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from equipoise._core.seeds import derive
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import InputError, UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.anomaly.isolation_forest import (
    IsolationForestLearner,
    IsolationForestScorer,
    isolation_forest_of,
    usual_path_length,
)
from equipoise.learners.registry import scorer_from_state
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task

Jobs = Callable[..., list[Job]]

LEARNER = IsolationForestLearner()


@pytest.mark.parametrize(
    ("trees", "tree_rows", "rows", "columns"),
    [(100, 256, 700, 4), (7, 2, 50, 3), (1, 40, 300, 1), (30, 500, 120, 2)],
)
def test_the_plain_trees_score_as_scikit_learn_does(
    trees: int, tree_rows: int, rows: int, columns: int
) -> None:
    random = np.random.default_rng(trees)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    x[: rows // 3, 0] = 0.5  # leaves of many equal rows
    model = IsolationForest(
        n_estimators=trees, max_samples=min(tree_rows, rows), random_state=1
    ).fit(x)
    new = np.concatenate([x, 4 * random.normal(size=(200, columns))])
    new = new.astype(np.float32)
    score = -(2.0 ** isolation_forest_of(model).raw(new.astype(np.float64)))
    np.testing.assert_allclose(score, model.score_samples(new), rtol=1e-12)


@pytest.mark.parametrize("rows", [3, 20, 256, 10_000])
def test_usual_lengths_are_mean_depths_of_random_search_trees(rows: int) -> None:
    """Of a tree with so many leaves: 2 (H(n) - 1), which Euler's constant is near."""
    exact = 2 * (np.sum(1 / np.arange(1, rows + 1)) - 1)
    assert 0 < exact - usual_path_length([rows])[0] < 1 / (rows - 1)
    assert usual_path_length([1, 2]).tolist() == [0.0, 1.0]


def test_it_is_grown_on_the_negatives_of_training_and_stop_rows(
    rare_table: Table, jobs_of: Jobs
) -> None:
    arm = Strategy(
        "mine", learner="isolation_forest", options={"trees": 30, "tree_rows": 64}
    )
    (job,) = jobs_of(rare_table, arm, parts=1)
    (outcome,) = LEARNER.run(rare_table, [job], keep=True)
    rows = np.concatenate([job.train_rows, job.stop_rows])
    rows = rows[rare_table.labels()[rows] == 0]
    encoding = learn_encoding(rare_table, job.train_rows)
    x = ordinal_matrix(rare_table, encoding).astype(np.float32)
    model = IsolationForest(
        n_estimators=30,
        max_samples=64,
        random_state=derive(job.seed, "isolation_forest") % 2**32,
    ).fit(x[rows])
    assert isinstance(outcome.scorer, IsolationForestScorer)
    scored = rare_table.take(job.scored_rows)
    np.testing.assert_allclose(
        outcome.scorer.score_samples(scored),
        model.score_samples(x[job.scored_rows]),
        rtol=1e-12,
    )
    np.testing.assert_array_equal(outcome.log_odds, outcome.scorer.log_odds(scored))
    assert outcome.updates == 30


def test_positives_are_not_looked_at(rare_table: Table, jobs_of: Jobs) -> None:
    """What they hold, and which of them there are, changes nothing."""
    (job,) = jobs_of(rare_table, strategy("isolation_forest"), parts=1)
    positive = rare_table.labels() == 1
    gone = positive & ~np.isin(np.arange(len(rare_table)), job.scored_rows)
    half = np.flatnonzero(gone)[::2]
    fewer = dataclasses.replace(
        job,
        train_rows=np.setdiff1d(job.train_rows, half),
        stop_rows=np.setdiff1d(job.stop_rows, half),
    )
    # The encoding is learned on all training rows, so it is held equal here.
    encoding = learn_encoding(rare_table, job.train_rows)
    from equipoise.learners.anomaly import isolation_forest

    first = isolation_forest._fit(rare_table, job, encoding).scorer
    second = isolation_forest._fit(rare_table, fewer, encoding).scorer
    np.testing.assert_array_equal(
        first.log_odds(rare_table), second.log_odds(rare_table)
    )


def test_odd_rows_score_high() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=400)
    y = np.arange(400) % 10 == 0
    x[y] += random.choice([-6.0, 6.0], y.sum())
    table = Table(
        (Column("x", "numeric", x),), y.astype(np.int8), Task("binary", ("n", "p"))
    )
    rows = np.arange(400)
    job = Job(strategy("isolation_forest"), rows[:240], rows[240:300], rows[300:], 0)
    (outcome,) = LEARNER.run(table, [job])
    assert roc_auc_score(y[300:], outcome.log_odds) > 0.95


def test_one_negative_gives_everyone_one_score() -> None:
    y = np.array([0, 1, 1, 1, 0, 1], np.int8)
    table = Table(
        (Column("x", "numeric", np.arange(6.0)),), y, Task("binary", ("n", "p"))
    )
    job = Job(
        strategy("isolation_forest"),
        np.arange(3),
        np.array([3]),
        np.array([4, 5]),
        0,
    )
    (outcome,) = LEARNER.run(table, [job])
    assert outcome.log_odds.tolist() == [[-1.0], [-1.0]]


def test_a_damaged_state_is_refused(rare_table: Table, jobs_of: Jobs) -> None:
    (job,) = jobs_of(rare_table, strategy("isolation_forest"), parts=1)
    (outcome,) = LEARNER.run(rare_table, [job], keep=True)
    assert outcome.scorer is not None
    state = outcome.scorer.state()
    again = scorer_from_state("isolation_forest", state)
    np.testing.assert_array_equal(
        again.log_odds(rare_table), outcome.scorer.log_odds(rare_table)
    )
    value = state["forest"]["value"].copy()
    value[-1] = 0.5
    bad = {**state, "forest": {**state["forest"], "value": value}}
    with pytest.raises(InputError, match="path lengths"):
        scorer_from_state("isolation_forest", bad)


def test_row_weights_and_several_classes_are_refused(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, strategy("isolation_forest"), parts=1)
    weighted = dataclasses.replace(job, row_weights=np.ones(len(rare_table)))
    with pytest.raises(UnsupportedError, match="an isolation forest"):
        list(LEARNER.run(rare_table, [weighted]))
    several = dataclasses.replace(
        rare_table,
        y=np.arange(len(rare_table)) % 3,
        task=Task("multiclass", ("a", "b", "c")),
    )
    with pytest.raises(UnsupportedError, match="positive=CLASS"):
        list(LEARNER.run(several, [job]))


@pytest.mark.parametrize(
    ("options", "why"), [({"trees": 0}, "trees=0"), ({"tree_rows": 1}, "tree_rows=1")]
)
def test_options_have_ranges(options: dict[str, int], why: str) -> None:
    with pytest.raises(InputError, match=why):
        Strategy(learner="isolation_forest", options=options)
