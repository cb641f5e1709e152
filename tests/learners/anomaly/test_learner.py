# SPDX-License-Identifier: Apache-2.0
"""What the detectors of networks share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError, TrainingError
from equipoise.jobs import Job
from equipoise.learners.anomaly.autoencoder import AutoencoderLearner
from equipoise.learners.anomaly.deep_sad import DeepSadLearner
from equipoise.learners.anomaly.dev_net import DevNetLearner
from equipoise.learners.anomaly.members import DetectorSettings, first_parameters
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]

QUICK = DetectorSettings(batch=32, looks=3)
LEARNERS: dict[str, Any] = {
    "autoencoder": AutoencoderLearner(QUICK),
    "deep_sad": DeepSadLearner(QUICK),
    "dev_net": DevNetLearner(QUICK),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_job_s_numbers_do_not_depend_on_the_other_jobs(
    name: str, rare_table: Table, jobs_of: Jobs
) -> None:
    """Bit for bit: other parts, other options, another place in the stack."""
    wide = Strategy("wide", learner=name, options={"width": 24})
    narrow = Strategy("narrow", learner=name, options={"width": 16, "copies": 1})
    jobs = jobs_of(rare_table, narrow, wide, parts=3)
    learner = LEARNERS[name]
    together = [outcome.log_odds for outcome in learner.run(rare_table, jobs)]
    for job, scores in zip(jobs, together, strict=True):
        (alone,) = learner.run(rare_table, [job])
        np.testing.assert_array_equal(alone.log_odds, scores)


def test_what_is_learned_of_one_class_does_not_depend_on_positives(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """Their weights change nothing, and they are in no batch and no stop row."""
    (job,) = jobs_of(rare_table, Strategy(learner="autoencoder"), parts=1)
    heavy = np.where(rare_table.labels() == 1, 9.0, 1.0)
    learner = LEARNERS["autoencoder"]
    (plain,) = learner.run(rare_table, [job])
    (weighted,) = learner.run(rare_table, [dataclasses.replace(job, row_weights=heavy)])
    np.testing.assert_array_equal(plain.log_odds, weighted.log_odds)


def test_the_best_look_is_kept_and_patience_ends(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """A step size that is far too large: the first looks are the best."""
    arm = Strategy(learner="deep_sad", options={"learning_rate": 0.9, "copies": 1})
    (job,) = jobs_of(rare_table, arm, parts=1)
    settings = DetectorSettings(batch=32, updates=4, looks=50, patience=2)
    (outcome,) = DeepSadLearner(settings).run(rare_table, [job])
    assert 1 <= outcome.best_epoch < 48
    assert outcome.limit == 50
    assert outcome.updates <= 4 * (outcome.best_epoch + 2)


@pytest.mark.parametrize("name", LEARNERS)
def test_losses_that_are_not_finite_are_an_error(
    name: str, rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*args: Any) -> dict[str, np.ndarray]:
        return {n: v * np.nan for n, v in first_parameters(*args).items()}

    monkeypatch.setattr("equipoise.learners.anomaly.learner.first_parameters", endless)
    (job,) = jobs_of(rare_table, Strategy(learner=name), parts=1)
    with pytest.raises(TrainingError, match=f"{name} that are not finite, in part 0"):
        list(LEARNERS[name].run(rare_table, [job]))


@pytest.mark.parametrize("name", LEARNERS)
def test_rows_to_stop_by_may_lack_a_class(
    name: str, rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, Strategy(learner=name), parts=1)
    for label in (0, 1):
        stop = job.stop_rows[rare_table.labels()[job.stop_rows] == label]
        one_sided = dataclasses.replace(job, stop_rows=stop)
        (outcome,) = LEARNERS[name].run(rare_table, [one_sided])
        assert np.isfinite(outcome.log_odds).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("autoencoder", {"bottleneck": 0}),
        ("autoencoder", {"width": 5_000}),
        ("deep_sad", {"eta": -1.0}),
        ("deep_sad", {"dimensions": 0}),
        ("dev_net", {"deviations": 0.0}),
        ("dev_net", {"copies": 101}),
        ("dev_net", {"learning_rate": 0.0}),
    ],
)
def test_options_have_ranges(name: str, options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        Strategy(learner=name, options=options)
