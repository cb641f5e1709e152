# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from equipoise.jobs import Job
from equipoise.learners.anomaly.dev_net import DevNetLearner
from equipoise.learners.anomaly.members import DetectorSettings
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task

LEARNER = DevNetLearner(DetectorSettings(looks=20))


def test_negatives_score_at_the_reference_and_positives_above() -> None:
    random = np.random.default_rng(0)
    y = np.arange(400) % 8 == 0
    x = random.normal(size=400) + 6.0 * y
    table = Table(
        (Column("x", "numeric", x),), y.astype(np.int8), Task("binary", ("n", "p"))
    )
    rows = np.arange(400)
    arm = Strategy(learner="dev_net", options={"learning_rate": 0.01})
    job = Job(arm, rows[:240], rows[240:300], rows[300:], 0)
    (outcome,) = DevNetLearner().run(table, [job])
    scores = outcome.log_odds[:, 0]
    assert roc_auc_score(y[300:], scores) == 1.0
    assert abs(np.median(scores[~y[300:]])) < 0.5
    assert np.median(scores[y[300:]]) > 4.0


def test_positives_are_pushed_as_far_as_asked(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    means = []
    for deviations in (1.0, 20.0):
        arm = Strategy(learner="dev_net", options={"deviations": deviations})
        (job,) = jobs_of(rare_table, arm, parts=1)
        (outcome,) = LEARNER.run(rare_table, [job])
        y = rare_table.labels()[job.scored_rows] == 1
        means.append(float(outcome.log_odds[y].mean()))
    assert means[1] > 2 * means[0] > 0


def test_the_reference_is_of_5_000_standard_normal_draws() -> None:
    from equipoise.learners.anomaly.members import stream_of

    draws = stream_of(3, "dev_net", 0, "reference").normal(size=5_000)
    assert abs(draws.mean()) < 0.06
    assert abs(draws.std() - 1) < 0.04
