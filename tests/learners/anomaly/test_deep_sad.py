# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equipoise.encoding.matrix import dense_matrix
from equipoise.jobs import Job
from equipoise.learners.anomaly.deep_sad import DeepSadLearner, pushed_away
from equipoise.learners.anomaly.members import DetectorSettings
from equipoise.learners.anomaly.network import DetectorScorer
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


def test_coordinates_near_0_are_pushed_away() -> None:
    centre = np.array([-0.5, -0.1, -0.05, 0.0, 0.02, 0.1, 3.0])
    pushed = pushed_away(centre)
    np.testing.assert_allclose(pushed, [-0.5, -0.1, -0.1, 0.1, 0.1, 0.1, 3.0])
    assert (np.abs(pushed) >= 0.1).all()


def test_the_centre_is_the_mean_of_the_first_pass(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """With steps of next to nothing the kernels are still the first ones."""
    arm = Strategy(learner="deep_sad", options={"learning_rate": 1e-12, "copies": 1})
    (job,) = jobs_of(rare_table, arm, parts=1)
    learner = DeepSadLearner(DetectorSettings(looks=1, updates=1))
    (outcome,) = learner.run(rare_table, [job], keep=True)
    scorer = outcome.scorer
    assert isinstance(scorer, DetectorScorer)
    h = dense_matrix(rare_table.take(job.train_rows), scorer.encoding)
    for layer, kernel in enumerate(scorer.network.kernels):
        h = (np.where(h > 0, h, 0.01 * h) if layer else h) @ kernel[0]
    expected = pushed_away(h.mean(axis=0))
    np.testing.assert_allclose(scorer.network.centre[0], expected, atol=1e-5)
    assert scorer.network.biases == ()


def test_known_positives_are_pushed_away_the_more_they_count(
    rare_table: Table, jobs_of: Jobs
) -> None:
    gaps = []
    for eta in (0.0, 1.0):
        arm = Strategy(learner="deep_sad", options={"eta": eta})
        (job,) = jobs_of(rare_table, arm, parts=1)
        learner = DeepSadLearner(DetectorSettings(looks=10))
        (outcome,) = learner.run(rare_table, [job])
        y = rare_table.labels()[job.scored_rows] == 1
        gaps.append(outcome.log_odds[y].mean() - outcome.log_odds[~y].mean())
    assert gaps[1] > gaps[0] + 0.2
