# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import log_loss, roc_auc_score

from equipoise._core.seeds import derive
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.registry import scorer_from_state
from equipoise.learners.trees.extra import ExtraTreesLearner, ExtraTreesScorer, smoothed
from equipoise.priors import probability
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table, concatenate
from equipoise.task import Task

Jobs = Callable[..., list[Job]]

SMALL = ExtraTreesLearner(trees=30, leaves=(2, 12))


def by_hand(table: Table, job: Job, leaves: dict[int, int]) -> np.ndarray:
    """The probabilities of scikit-learn's forests, leaf size -> number of trees."""
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x = ordinal_matrix(table, learn_encoding(table, job.train_rows)).astype(np.float32)
    total = np.full(len(job.scored_rows), table.y[rows].mean())
    for leaf, trees in leaves.items():
        model = ExtraTreesClassifier(
            trees,
            min_samples_leaf=leaf,
            max_features=SMALL.columns,
            random_state=derive(job.seed, "extra_trees", leaf) % 2**32,
        ).fit(x[rows], table.y[rows])
        total += trees * model.predict_proba(x[job.scored_rows])[:, 1]
    return total / (SMALL.trees + 1)


@pytest.mark.parametrize(
    ("sizes", "trees"), [((1,), {1: 30}), ((12,), {12: 30}), ((2, 12), {2: 15, 12: 15})]
)
def test_scores_equal_scikit_learn_on_training_and_stop_rows(
    rare_table: Table, jobs_of: Jobs, sizes: tuple[int, ...], trees: dict[int, int]
) -> None:
    (job,) = jobs_of(rare_table, strategy("extra_trees"), parts=1)
    learner = dataclasses.replace(SMALL, leaves=sizes)
    (outcome,) = learner.run(rare_table, [job])
    expected = by_hand(rare_table, job, trees)
    found = probability(outcome.log_odds[:, 0])
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert roc_auc_score(rare_table.y[job.scored_rows], outcome.log_odds) > 0.7


@pytest.mark.parametrize("columns", [0.2, 1, None])
def test_a_strategy_may_name_the_leaf_size_and_the_share_of_columns(
    rare_table: Table, jobs_of: Jobs, columns: float | None
) -> None:
    options = {"leaf_rows": 4, "column_share": columns}
    named = Strategy("named", learner="extra_trees", options=options)
    (job,) = jobs_of(rare_table, named, parts=1)
    (outcome,) = SMALL.run(rare_table, [job])
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x = ordinal_matrix(rare_table, learn_encoding(rare_table, job.train_rows))
    model = ExtraTreesClassifier(
        30,
        min_samples_leaf=4,
        max_features=0.5 if columns is None else float(columns),
        random_state=derive(job.seed, "extra_trees", 4) % 2**32,
    ).fit(x.astype(np.float32)[rows], rare_table.y[rows])
    share = model.predict_proba(x.astype(np.float32)[job.scored_rows])[:, 1]
    expected = (30 * share + rare_table.y[rows].mean()) / 31
    found = probability(outcome.log_odds[:, 0])
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert outcome.best_epoch == 1


def test_the_two_best_leaf_sizes_share_the_trees(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, strategy("extra_trees"), parts=1)
    learner = dataclasses.replace(SMALL, trees=31, leaves=(1, 5, 10, 400))
    (outcome,) = learner.run(rare_table, [job], keep=True)
    assert isinstance(outcome.scorer, ExtraTreesScorer)
    forest = outcome.scorer.forest
    assert outcome.updates == len(forest.roots) == 31
    # Leaves of 400 rows of 900 leave a tree one split at most.
    nodes = np.diff([*forest.roots, len(forest.left)])
    assert nodes.min() > 3


def test_the_out_of_bag_loss_is_that_of_the_whole_forest(rare_table: Table) -> None:
    """Few trees make leaves of one row look worse than they are; it is taken out."""
    rows = np.arange(len(rare_table))
    x = ordinal_matrix(rare_table, learn_encoding(rare_table, rows)).astype(np.float32)
    y = rare_table.y
    learner = ExtraTreesLearner(trees=100)
    found = np.mean([learner._out_of_bag(x, y, 1, seed) for seed in range(8)])

    def out_of_bag(trees: int, seed: int) -> float:
        model = ExtraTreesClassifier(
            trees, max_features=0.5, bootstrap=True, oob_score=True, random_state=seed
        ).fit(x, y)
        share = model.oob_decision_function_[:, 1]
        return float(log_loss(y, smoothed(share, trees / np.e, y.mean())))

    # Of e times 100 trees, about 100 have not seen a given row.
    whole = np.mean([out_of_bag(272, seed) for seed in range(3)])
    few = np.mean([out_of_bag(50, seed) for seed in range(8)])
    assert few - whole > 0.005
    assert abs(found - whole) < 0.4 * (few - whole)


def test_the_leaf_size_follows_the_noise(jobs_of: Jobs) -> None:
    from equipoise.table.table import Column

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 800))
    columns = tuple(Column(f"x{j}", "numeric", v) for j, v in enumerate(x))
    sharp = (x[0] > 0.8).astype(np.int8)
    noisy = (rng.random(800) < probability(-2 + 0.7 * x[0])).astype(np.int8)
    learner = ExtraTreesLearner(trees=50, leaves=(1, 40))
    best = []
    for y in (sharp, noisy):
        table = Table(columns, y, Task("binary", ("no", "yes")))
        jobs = jobs_of(table, strategy("extra_trees"), parts=1)
        best += [outcome.best_epoch for outcome in learner.run(table, jobs)]
    assert best == [1, 2]


def test_with_groups_the_stop_rows_choose(rare_table: Table, jobs_of: Jobs) -> None:
    grouped = dataclasses.replace(
        rare_table, groups=np.arange(len(rare_table), dtype=np.int64)
    )
    (job,) = jobs_of(grouped, strategy("extra_trees"), parts=1)
    (outcome,) = SMALL.run(grouped, [job])
    x = ordinal_matrix(grouped, learn_encoding(grouped, job.train_rows)).astype(
        np.float32
    )
    losses = []
    for leaf in SMALL.leaves:
        model = ExtraTreesClassifier(
            SMALL.trees,
            min_samples_leaf=leaf,
            max_features=SMALL.columns,
            random_state=derive(job.seed, "extra_trees", leaf) % 2**32,
        ).fit(x[job.train_rows], grouped.y[job.train_rows])
        p = model.predict_proba(x[job.stop_rows])[:, 1]
        prior = grouped.y[job.train_rows].mean()
        p = (SMALL.trees * p + prior) / (SMALL.trees + 1)
        losses.append(log_loss(grouped.y[job.stop_rows], p))
    assert outcome.best_epoch == int(np.argmin(losses)) + 1


def test_a_state_rebuilds_the_same_scores(rare_table: Table, jobs_of: Jobs) -> None:
    (job,) = jobs_of(rare_table, strategy("extra_trees"), parts=1)
    (outcome,) = SMALL.run(rare_table, [job], keep=True)
    assert isinstance(outcome.scorer, ExtraTreesScorer)
    again = scorer_from_state("extra_trees", outcome.scorer.state())
    rows = rare_table.take(job.scored_rows)
    np.testing.assert_array_equal(again.log_odds(rows), outcome.log_odds)


@pytest.mark.parametrize(
    "change",
    [
        {"base": 0.0},
        {"value": lambda v: v - 0.5},
        {"value": lambda v: v + 0.5},
        {"feature": lambda f: f + 100},
    ],
)
def test_damaged_states_are_refused(
    rare_table: Table, jobs_of: Jobs, change: dict
) -> None:
    (job,) = jobs_of(rare_table, strategy("extra_trees"), parts=1)
    (outcome,) = SMALL.run(rare_table, [job], keep=True)
    assert outcome.scorer is not None
    state = outcome.scorer.state()
    for name, new in change.items():
        state["forest"][name] = new(state["forest"][name]) if callable(new) else new
    with pytest.raises(InputError):
        ExtraTreesScorer.from_state(state)


def test_class_weights_are_taken_out(rare_table: Table, jobs_of: Jobs) -> None:
    weighted = Strategy(learner="extra_trees", weights="balanced")
    (job,) = jobs_of(rare_table, weighted, parts=1)
    # Leaves of few rows are all one class; no offset moves them.
    (outcome,) = dataclasses.replace(SMALL, leaves=(12,)).run(rare_table, [job])
    share = probability(outcome.log_odds).mean()
    assert share == pytest.approx(rare_table.prevalence, abs=0.06)
    rows = np.concatenate([job.train_rows, job.stop_rows])
    negatives, positives = np.bincount(rare_table.y[rows])
    found = weighted.correction([negatives, positives])
    assert found.kind == "calibrate"
    assert found.offset[0] < 0


def test_one_seed_one_result(rare_table: Table, jobs_of: Jobs) -> None:
    def scores(seed: int) -> np.ndarray:
        jobs = jobs_of(rare_table, strategy("extra_trees"), parts=1, seed=seed)
        (outcome,) = SMALL.run(rare_table, jobs)
        return outcome.log_odds

    np.testing.assert_array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))


def test_scoring_needs_no_scikit_learn() -> None:
    code = (
        "import sys; from equipoise.learners.trees.extra import ExtraTreesScorer;"
        "assert not {'sklearn', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_rows_of_a_test_file_decide_nothing(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """Nor do copies of training rows among them."""
    (job,) = jobs_of(rare_table, strategy("extra_trees"), parts=1)
    longer = concatenate([rare_table, rare_table.take(range(200))])
    (found,), (other,) = SMALL.run(rare_table, [job]), SMALL.run(longer, [job])
    np.testing.assert_array_equal(found.log_odds, other.log_odds)
