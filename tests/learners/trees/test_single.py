# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.jobs import Job
from equipoise.learners.registry import scorer_from_state
from equipoise.learners.trees.single import TreeLearner, smoothed_shares
from equipoise.models.state import pack, unpack
from equipoise.strategies import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task


def make(kind: str) -> Table:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 300))
    number = Column("x", "numeric", np.where(random.random(300) < 0.1, np.nan, x))
    letter = Column("k", "categorical", random.integers(-1, 3, 300), ("a", "b", "c"))
    other = Column("z", "numeric", z)
    high = x + 0.5 * z
    if kind == "multilabel":
        y = np.stack([high > 1, z > 0.5, x > 99], axis=1).astype(np.int8)
        y[:20, 0] = -1
        task = Task(kind, ("p", "q", "never"))
    elif kind == "multiclass":
        y = np.digitize(high, [0.5, 1.5]).astype(np.int64)
        task = Task(kind, ("low", "middle", "high", "absent"))
    else:
        y, task = (high > 1).astype(np.int8), Task(kind, ("no", "yes"))
    return Table((number, letter, other), y, task)


def job_on(table: Table, **options) -> Job:
    rows = np.random.default_rng(1).permutation(len(table))
    weights = options.pop("weights", None)
    strategy = Strategy(learner="tree", weights=weights, options=options)
    return Job(strategy, rows[:180], rows[180:220], rows[220:], seed=3)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("options", [{}, {"depth": 3}, {"leaf_rows": 7}])
@pytest.mark.parametrize("weights", [None, "balanced"])
def test_scores_are_laplace_shares_of_the_leaves(kind, options, weights):
    table = make(kind)
    job = job_on(table, weights=weights, **options)
    (outcome,) = TreeLearner().run(table, [job], keep=True)
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x = ordinal_matrix(table, learn_encoding(table, job.train_rows))
    y = table.labels()
    totals = job.totals(table, rows)
    each = job.strategy.class_weights(totals)
    forest = outcome.scorer.forest
    taught, leaf = (forest.leaves(x[at])[:, 0] for at in (rows, job.scored_rows))
    if "depth" in options:
        assert forest.depth == 3
    if "leaf_rows" in options:
        assert np.unique(taught, return_counts=True)[1].min() == 7
    present = np.flatnonzero(totals)
    weight = each[y[rows]]
    weight = weight / weight.mean()
    expected = np.array(
        [
            [
                (weight[(taught == one) & (y[rows] == c)].sum() + 1)
                / (weight[taught == one].sum() + len(present))
                for c in present
            ]
            for one in leaf
        ]
    )
    logits = np.log(expected) - np.log(each[present])
    if kind == "binary":
        scores = logits[:, 1] - logits[:, 0]
        np.testing.assert_allclose(outcome.log_odds[:, 0], scores, rtol=1e-9)
        return
    ours = outcome.log_odds[:, present]
    np.testing.assert_allclose(
        ours - ours[:, :1], logits - logits[:, :1], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("leaf_rows", [1, 5])
def test_the_tree_is_scikit_learns(leaf_rows):
    table = make("binary")
    job = job_on(table, depth=2, leaf_rows=leaf_rows)
    (outcome,) = TreeLearner().run(table, [job], keep=True)
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x = ordinal_matrix(table, learn_encoding(table, job.train_rows)).astype(np.float32)
    tree = DecisionTreeClassifier(
        max_depth=2, min_samples_leaf=leaf_rows, random_state=0
    ).fit(x[rows], table.labels()[rows])
    np.testing.assert_array_equal(outcome.scorer.forest.leaves(x)[:, 0], tree.apply(x))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_what_is_kept_scores_like_the_outcome(kind):
    table = make(kind)
    job = job_on(table, depth=4)
    (outcome,) = TreeLearner().run(table, [job], keep=True)
    scored = table.take(job.scored_rows)
    assert np.isfinite(outcome.log_odds).all()
    assert outcome.log_odds.shape == (len(job.scored_rows), table.task.width)
    again = scorer_from_state("tree", unpack(pack(outcome.scorer.state(), "s"), "s"))
    np.testing.assert_allclose(again.log_odds(scored), outcome.log_odds, atol=1e-12)
    if kind != "binary":
        assert "half a row" in outcome.notes[0]


def test_weights_of_rows_have_any_unit():
    table = make("binary")
    job = job_on(table, depth=3)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, len(table))
    scores = [
        next(iter(TreeLearner().run(table, [dataclasses.replace(job, row_weights=w)])))
        for w in (weights, 10 * weights)
    ]
    gap = scores[0].log_odds - scores[1].log_odds
    assert np.ptp(gap) < 1e-9


def test_shares_of_a_leaf_have_one_row_of_each_class_added():
    tree = DecisionTreeClassifier(max_depth=1, random_state=0)
    tree.fit([[0.0], [0.0], [0.0], [1.0]], [0, 0, 0, 1])
    assert smoothed_shares(tree).round(4).tolist() == [
        [0.6667, 0.3333],
        [0.8, 0.2],
        [0.3333, 0.6667],
    ]
