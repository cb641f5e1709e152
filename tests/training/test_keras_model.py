# SPDX-License-Identifier: Apache-2.0
"""Members as ordinary Keras models that take raw columns."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.errors import InputError
from equipoise.learners.network import NetworkLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import probability
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.keras_model import network_keras_model
from equipoise.training.scorer import NetworkScorer
from equipoise.training.settings import TrainingSettings

SPEC = NetworkSpec("x", hidden=(16, 8), number_width=4, one_hot=8)
SETTINGS = TrainingSettings(batch=64, epochs=4)


def taken(model: keras.Model, table: Table, rows=None) -> np.ndarray:
    raw = {name: tf.constant(values) for name, values in table.raw(rows).items()}
    return np.asarray(model(raw))


@pytest.fixture(scope="module")
def outcomes(table, jobs_for):
    strategies = [
        Strategy(loss="focal", weights="balanced", options={"gamma": 1.5}),
        Strategy(plan="bagging", options={"members": 3}),
    ]
    learner = NetworkLearner(SPEC, SETTINGS)
    return list(learner.run(table, jobs_for(table, strategies), keep=True))


@pytest.mark.parametrize("number", [0, 1])
def test_one_member_equals_its_scores(table, outcomes, number) -> None:
    outcome = outcomes[number]
    for output, expected in (
        ("log_odds", outcome.log_odds),
        ("probability", probability(outcome.log_odds)),
    ):
        model = network_keras_model([outcome.scorer], output=output)
        found = taken(model, table, outcome.job.scored_rows)
        assert found.shape == (len(outcome.job.scored_rows), 1)
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_the_average_of_folds_is_one_model(table, outcomes) -> None:
    scorers = [outcome.scorer for outcome in outcomes]
    expected = average_log_odds([scorer.log_odds(table) for scorer in scorers])
    found = taken(network_keras_model(scorers, output="log_odds"), table)
    np.testing.assert_allclose(found, expected, atol=2e-6)


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_travels_in_a_keras_file(table, outcomes, tmp_path) -> None:
    model = network_keras_model([outcome.scorer for outcome in outcomes])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(taken(again, table), taken(model, table))


def test_a_scorer_travels_as_plain_data(table, outcomes) -> None:
    scorer = outcomes[1].scorer
    state = scorer.state()
    state["plain"] = json.loads(json.dumps(state["plain"]))
    again = NetworkScorer.from_state(state)
    np.testing.assert_array_equal(again.log_odds(table), scorer.log_odds(table))
    np.testing.assert_allclose(
        scorer.log_odds(table.take(outcomes[1].job.scored_rows)),
        outcomes[1].log_odds,
        rtol=0,
        atol=5e-6,
    )


def test_models_of_other_columns_are_refused(outcomes, table, jobs_for) -> None:
    few = Table(table.columns[:2], table.y, table.task)
    (other,) = NetworkLearner("linear", SETTINGS).run(
        few, jobs_for(few, folds=1), keep=True
    )
    with pytest.raises(InputError, match="2 sets of columns"):
        network_keras_model([outcomes[0].scorer, other.scorer])
    with pytest.raises(InputError, match="0 fitted models"):
        network_keras_model([])


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "width"), [("multiclass", 3), ("multiclass", 10), ("multilabel", 4)]
)
def test_several_outputs_equal_the_scores(
    kind, width, make_task_table, jobs_for, tmp_path
) -> None:
    """One network, several, and both; missing values and an unseen category too."""
    data = make_task_table(width, kind)
    strategies = [
        Strategy(loss="focal", weights="balanced", options={"gamma": 1.5}),
        Strategy(plan="bagging", options={"members": 3}),
    ]
    learner = NetworkLearner(SPEC, SETTINGS)
    fits = list(learner.run(data, jobs_for(data, strategies, folds=1), keep=True))
    scorers = [outcome.scorer for outcome in fits]
    rows = make_task_table(width, kind, seed=5, unseen=True)
    link = data.task.link
    each = [scorer.log_odds(rows) for scorer in scorers]
    for chosen, expected in (
        (scorers[:1], each[0]),
        (scorers[1:], each[1]),
        (scorers, average_log_odds(each, link)),
    ):
        model = network_keras_model(chosen, output="log_odds")
        assert model.output.shape == (None, width)
        np.testing.assert_allclose(taken(model, rows), expected, atol=2e-5)
    model = network_keras_model(scorers)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    p = taken(again, rows)
    np.testing.assert_array_equal(p, taken(model, rows))
    mean = data.task.probability(average_log_odds(each, link))
    np.testing.assert_allclose(p, mean, atol=2e-6)
    if kind == "multiclass":
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)


def test_models_of_other_tasks_are_refused(make_task_table, jobs_for) -> None:
    scorers = []
    for width in (3, 10):
        data = make_task_table(width)
        (outcome,) = NetworkLearner("linear", SETTINGS).run(
            data, jobs_for(data, folds=1), keep=True
        )
        scorers.append(outcome.scorer)
    with pytest.raises(InputError, match="different tasks, with 10 and 3 outputs"):
        network_keras_model(scorers)
