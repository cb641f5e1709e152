# SPDX-License-Identifier: Apache-2.0
"""What training left without effect."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.learners.network import NetworkLearner
from equipoise.learners.user_model.keras_fit import KerasLoopLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.idle import blends, idle_in_training
from equipoise.training.settings import TrainingSettings


def member_of(population_of, table, strategy):
    return population_of(table, [strategy]).members[0]


@pytest.mark.parametrize(
    ("recipe", "made"),
    [
        ({"sampling": "oversample", "synthesis": "smote"}, True),
        (
            {"sampling": "oversample", "synthesis": "smote", "options": {"ratio": 0.1}},
            False,
        ),
        ({"synthesis": "mixup"}, True),
        ({"synthesis": "mixup", "options": {"concentration": 1e-6}}, False),
        ({}, False),
    ],
)
def test_blends_are_counted(table, population_of, recipe, made) -> None:
    member = member_of(population_of, table, Strategy("s", **recipe))
    assert blends(member, 64, 5) is made
    idle = idle_in_training([member], [1], 64, 5)
    assert bool(idle) is (not made and "synthesis" in recipe)


def test_a_lone_positive_has_no_neighbour(table, jobs_for) -> None:
    """Nothing can be put between it and another."""
    smote = Strategy("s", sampling="oversample", synthesis="smote")
    (job,) = jobs_for(table, [smote], folds=1)
    positive = table.y[job.train_rows] == 1
    few = np.concatenate([job.train_rows[~positive], job.train_rows[positive][:1]])
    settings = TrainingSettings(batch=64, epochs=1)
    job = dataclasses.replace(job, train_rows=np.sort(few))
    (outcome,) = NetworkLearner("small", settings).run(table, [job])
    assert outcome.idle == ("synthesis='smote' has no effect: it made no example.",)


def test_a_loss_that_was_never_reached_is_said(table, jobs_for) -> None:
    """A warm start of all epochs leaves none, unless its patience runs out."""
    whole = Strategy("whole", loss="pairwise_auc", options={"warm_start": 1.0})
    half = Strategy("half", loss="pairwise_auc", options={"warm_start": 0.5})
    numbers = Table(table.columns[:3], table.y, table.task)
    jobs = jobs_for(numbers, [whole, half], folds=1)
    spec = NetworkSpec("x", hidden=(12,))
    settings = TrainingSettings(batch=64, epochs=4, patience=10)
    for learner in (
        NetworkLearner(spec, settings),
        KerasLoopLearner(network=spec, settings=settings),
    ):
        never, reached = learner.run(numbers, jobs)
        assert never.idle == (
            "loss='pairwise_auc' was not reached in its networks: what is kept has "
            "minimised the cross-entropy that training starts with.",
        )
        assert not any("not reached" in text for text in reached.idle)


def test_some_networks_of_a_plan(table, population_of) -> None:
    member = member_of(population_of, table, Strategy("s", loss="auc_margin"))
    (text,) = idle_in_training([member, member], [2, 0], 64, 5)
    assert "in some of its networks" in text
    (text,) = idle_in_training([member, member], [1, 1], 64, 5)
    assert "its first epoch was the best" in text
    assert idle_in_training([member, member], [2, 1], 64, 5) == ()
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    member = member_of(population_of, table, late)
    for epochs in (0, 1, 2):  # the loss itself does not begin late
        assert idle_in_training([member], [epochs], 64, 5) == ()
    cold = Strategy("cold", loss="auc_margin", options={"warm_start": 0.0})
    member = member_of(population_of, table, cold)
    assert idle_in_training([member], [1], 64, 5) == ()
