# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.learners.rounds.scorer import RoundsScorer
from equipoise.learners.rounds.tree_sum import as_forest
from equipoise.learners.trees.single import TreeLearner
from equipoise.strategies import Strategy


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("combination", ["vote", "log", "share", "mean"])
def test_a_forest_gives_the_scores_of_its_trees(table_of, job_of, classes, combination):
    table = table_of(classes)
    jobs = [
        job_of(table, Strategy(learner="tree", options={"depth": 3}), part)
        for part in (0, 0, 0)
    ]
    jobs = [
        type(job)(job.strategy, job.train_rows[:cut], job.stop_rows, job.scored_rows, 0)
        for job, cut in zip(jobs, (140, 120, 100), strict=True)
    ]
    trees = [outcome.scorer for outcome in TreeLearner().run(table, jobs, keep=True)]
    width = 1 if classes == 2 else classes
    made = RoundsScorer(
        tuple(trees),
        np.array([0.5, 2.0, 1.3]),
        np.random.default_rng(0).normal(size=(3, width)),
        combination,
        "sigmoid" if classes == 2 else "softmax",
    )
    forest = as_forest(made)
    assert not isinstance(forest, RoundsScorer)
    np.testing.assert_allclose(
        forest.log_odds(table), made.log_odds(table), rtol=1e-9, atol=1e-9
    )


def test_other_models_stay_as_they_are(table_of, job_of):
    from equipoise.learners.linear.logistic import LogisticLearner

    table = table_of()
    job = job_of(table, Strategy(learner="logistic"))
    (outcome,) = LogisticLearner().run(table, [job], keep=True)
    made = RoundsScorer((outcome.scorer,), np.ones(1), np.zeros((1, 1)), "vote")
    assert as_forest(made) is made
