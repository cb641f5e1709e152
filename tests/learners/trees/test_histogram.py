# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from equipoise._core.seeds import derive
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import tree_matrix
from equipoise.errors import UnsupportedError
from equipoise.jobs import Job
from equipoise.learners import threads
from equipoise.learners.trees import histogram as trees
from equipoise.learners.trees.histogram import TreesLearner, TreesScorer
from equipoise.priors import Correction, probability
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import gaussian_shift
from equipoise.table.splits import Split
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep scikit-learn's own reference fits from waiting for busy processors."""
    with threadpool_limits(1, user_api="openmp"):
        yield


SMALL = TreesLearner(members=2, columns=0.5, most_trees=60, patience=5)


def test_one_member_equals_scikit_learn_at_its_best_iteration(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, strategy("trees"), parts=1)
    learner = TreesLearner(members=1, columns=1.0, learning_rate=0.2, least_rows=8)
    (outcome,) = learner.run(rare_table, [job])
    x = tree_matrix(rare_table, learn_encoding(rare_table, job.train_rows))
    y = rare_table.y
    model = HistGradientBoostingClassifier(
        learning_rate=0.2,
        max_iter=200,
        max_leaf_nodes=learner.leaves,
        min_samples_leaf=8,
        l2_regularization=0.0,
        categorical_features=[0],
        early_stopping=False,
        random_state=derive(job.seed, "trees", 0) % 2**32,
    ).fit(x[job.train_rows], y[job.train_rows])
    losses = [
        log_loss(y[job.stop_rows], p)
        for p in model.staged_predict_proba(x[job.stop_rows])
    ]
    best = int(np.argmin(losses[: outcome.updates])) + 1
    assert 1 < best < outcome.updates
    assert outcome.best_epoch == best
    expected = list(model.staged_decision_function(x[job.scored_rows]))[best - 1]
    np.testing.assert_allclose(outcome.log_odds[:, 0], expected, rtol=1e-12)


def test_members_average_and_share_their_length(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, strategy("trees"), parts=1)
    (outcome,) = SMALL.run(rare_table, [job], keep=True)
    scorer = outcome.scorer
    assert isinstance(scorer, TreesScorer)
    assert len(scorer.forests) == 2
    assert all(len(forest.roots) <= outcome.best_epoch for forest in scorer.forests)
    x = tree_matrix(rare_table.take(job.scored_rows), scorer.encoding)
    single = [forest.raw(x) for forest in scorer.forests]
    assert not np.array_equal(*single)
    mean = np.mean(single, axis=0)
    np.testing.assert_allclose(mean, outcome.log_odds[:, 0], rtol=1e-12)
    assert roc_auc_score(rare_table.y[job.scored_rows], outcome.log_odds) > 0.7


def test_state_rebuilds_the_same_scores(rare_table: Table, jobs_of: Jobs) -> None:
    (job,) = jobs_of(rare_table, strategy("trees"), parts=1)
    (outcome,) = SMALL.run(rare_table, [job], keep=True)
    assert outcome.scorer is not None
    again = TreesScorer.from_state(outcome.scorer.state())
    np.testing.assert_array_equal(
        again.log_odds(rare_table.take(job.scored_rows)), outcome.log_odds
    )


def test_class_weights_are_undone(rare_table: Table, jobs_of: Jobs) -> None:
    weighted = Strategy(learner="trees", weights="balanced")
    (job,) = jobs_of(rare_table, weighted, parts=1)
    (outcome,) = SMALL.run(rare_table, [job])
    y = rare_table.y[job.train_rows]
    offset = weighted.correction([(y == 0).sum(), y.sum()]).offset[0]
    raw = probability(outcome.log_odds - offset).mean()
    # Shrinkage and stopping pull towards the weighted prior of one half, and what
    # they leave comes back as an underestimate: close, not exact.
    assert raw > 0.33
    share = probability(outcome.log_odds).mean()
    assert share == pytest.approx(rare_table.prevalence, abs=0.08)


def test_one_seed_one_result_and_another_seed_another(
    rare_table: Table, jobs_of: Jobs
) -> None:
    def scores(seed: int) -> np.ndarray:
        jobs = jobs_of(rare_table, strategy("trees"), parts=1, seed=seed)
        (outcome,) = SMALL.run(rare_table, jobs)
        return outcome.log_odds

    np.testing.assert_array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))


def test_threads_change_nothing(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = jobs_of(rare_table, strategy("trees"), parts=1)
    (alone,) = SMALL.run(rare_table, jobs)
    monkeypatch.setattr(threads, "CELLS_ALONE", 0)
    with threadpool_limits(3, user_api="openmp"):
        (many,) = SMALL.run(rare_table, jobs)
    np.testing.assert_array_equal(alone.log_odds, many.log_odds)


def test_three_positives_suffice(rare_table: Table) -> None:
    positives = np.flatnonzero(rare_table.y)[:5]
    negatives = np.flatnonzero(rare_table.y == 0)
    job = Job(
        strategy("trees"),
        np.r_[positives[:3], negatives[:200]],
        np.r_[positives[3:4], negatives[200:250]],
        np.r_[positives[4:], negatives[250:]],
        seed=0,
    )
    (outcome,) = TreesLearner().run(rare_table, [job])
    assert np.isfinite(outcome.log_odds).all()


def test_trees_that_read_back_differently_are_refused(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = trees.forest_of
    monkeypatch.setattr(
        trees, "forest_of", lambda model, n, output: read(model, n - 1, output)
    )
    jobs = jobs_of(rare_table, strategy("trees"), parts=1)
    with pytest.raises(UnsupportedError, match="scikit-learn"):
        list(SMALL.run(rare_table, jobs))


def test_scoring_needs_no_scikit_learn() -> None:
    code = (
        "import sys; from equipoise.learners.trees.histogram import TreesScorer, "
        "TreesLearner;"
        "assert not {'sklearn', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_members_learn_from_training_and_stop_rows_alike(rare_table: Table) -> None:
    numbers = dataclasses.replace(rare_table, columns=rare_table.columns[:3])
    rows = np.arange(900)
    arm, rest = strategy("trees"), np.arange(900, 1_200)
    learner = dataclasses.replace(SMALL, members=3)

    def scores(table: Table, stop: np.ndarray) -> np.ndarray:
        job = Job(arm, np.setdiff1d(rows, stop), stop, rest, seed=0)
        (outcome,) = learner.run(table, [job])
        return outcome.log_odds

    first, last = scores(numbers, rows[:200]), scores(numbers, rows[-200:])
    np.testing.assert_array_equal(first, last)
    # Where rows have a time, later rows must not teach what earlier ones stop.
    timed = dataclasses.replace(numbers, time=np.arange(1_200).astype("M8[us]"))
    assert not np.array_equal(scores(timed, rows[:200]), scores(timed, rows[-200:]))


def test_members_on_equal_rows_have_seeds_of_their_own() -> None:
    """Where rows have a time all members see the same ones, and differ by seed."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 8))
    y = (x[:, :4].sum(axis=1) + random.normal(size=300) > 2).astype(int)
    split = Split(np.arange(200), np.arange(200, 300))
    rows = trees.BoostingRows(x, y, [split] * 2)
    boosted = SMALL.boost(rows, np.ones(2), Correction(), seed=4)
    first, second = (forest.raw(x) for forest in boosted.forests)
    assert not np.array_equal(first, second)
    again = SMALL.boost(rows, np.ones(2), Correction(), seed=4)
    np.testing.assert_array_equal(again.forests[1].raw(x), second)


def test_trees_learn_of_a_class_of_two_rows_in_a_thousand(jobs_of: Jobs) -> None:
    """Without a penalty their log loss is near that of the prior, or above it."""
    table = gaussian_shift(
        rows=12_000, positives=30, features=4, auroc=0.95, seed=2
    ).table
    (job,) = jobs_of(table, strategy("trees"), parts=1)
    learner = dataclasses.replace(SMALL, most_trees=200, patience=20)
    y = table.y[job.scored_rows]
    prior = log_loss(y, np.full(len(y), y.mean()))
    losses = {}
    for name, l2 in {"usual": None, "none": 0.0, "one": 1.0}.items():
        (outcome,) = dataclasses.replace(learner, l2=l2).run(table, [job])
        losses[name] = log_loss(y, probability(outcome.log_odds[:, 0]))
    assert losses["usual"] == losses["one"] < 0.95 * prior
    assert losses["none"] > max(0.9 * prior, 1.1 * losses["one"])


@pytest.mark.parametrize(
    ("classes", "weights", "expected"),
    [
        ([0] * 99 + [1], None, 0.0),
        ([0] * 100 + [1], None, 1.0),
        ([0] * 100 + [1], [0.5] * 100 + [5.0], 0.0),
        ([0] * 300 + [1] * 300 + [3] * 2, None, 1.0),
    ],
)
def test_the_penalty_follows_the_share_of_the_rarest_class(
    classes: list[int], weights: list[float] | None, expected: float
) -> None:
    row_weights = None if weights is None else np.array(weights)
    assert trees.usual_l2(np.array(classes), row_weights) == expected
