# SPDX-License-Identifier: Apache-2.0
"""Exported ensembles say what their models say."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.learners.network import NetworkLearner
from equipoise.learners.registry import learner_for
from equipoise.learners.rounds.keras_layer import CombinedScores, ensemble_scores
from equipoise.learners.rounds.learner import RoundsLearner
from equipoise.learners.rounds.scorer import RoundsScorer
from equipoise.strategies import Strategy
from equipoise.strategies.learner_records import LEARNERS
from equipoise.training.settings import TrainingSettings


class Given:
    def __init__(self, z):
        self.z = z

    def log_odds(self, rows):
        return self.z


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("combination", ["vote", "log", "share", "mean"])
def test_the_layer_is_the_scorer(combination, width):
    random = np.random.default_rng(0)
    z = random.normal(size=(4, 50, width)) * 8
    shares, shifts = random.random(4) + 0.1, random.normal(size=(4, width))
    link = "sigmoid" if width == 1 else "softmax"
    models = tuple(Given(each) for each in z)
    expected = RoundsScorer(models, shares, shifts, combination, link).log_odds(None)
    layer = CombinedScores(combination, shares.tolist(), shifts.tolist(), link)
    stacked = np.moveaxis(z, 0, 1)
    given = stacked[:, :, 0] if width == 1 else stacked
    np.testing.assert_allclose(layer(given).numpy(), expected, rtol=1e-9, atol=1e-9)
    again = CombinedScores.from_config(layer.get_config())
    np.testing.assert_array_equal(again(given).numpy(), layer(given).numpy())


def test_extreme_scores_stay_finite():
    z = np.array([[900.0, -900.0], [-900.0, -900.0]])
    for combination in ("vote", "log", "share", "mean"):
        layer = CombinedScores(combination, [1.0, 1.0], [[0.0], [0.0]])
        assert np.isfinite(layer(z).numpy()).all()


def test_every_model_has_a_share_and_a_shift():
    with pytest.raises(InputError, match="2 shares and 1 shifts"):
        CombinedScores("vote", [1.0, 1.0], [[0.0]])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("plan", ["adaboost", "under_bagging"])
def test_an_ensemble_of_regressions_is_a_keras_model(table_of, job_of, plan, classes):
    import keras

    from equipoise.networks.encoding import raw_inputs

    table = table_of(classes)
    small = {"rounds": 3} if plan == "adaboost" else {"members": 3}
    job = job_of(table, Strategy(plan=plan, learner="logistic", options=small))
    (outcome,) = learner_for(job.strategy).run(table, [job], keep=True)
    scorer = outcome.scorer
    inputs = raw_inputs(scorer.encoding)
    output = ensemble_scores(scorer, LEARNERS["logistic"], "arm", inputs)
    model = keras.Model(inputs, output)
    found_scores = np.asarray(model(table.raw()))
    np.testing.assert_allclose(found_scores, scorer.log_odds(table), atol=1e-6)


def test_an_ensemble_of_networks_advances_together_and_is_kept(table_of, job_of):
    import keras

    from equipoise.models.state import pack, unpack
    from equipoise.networks.encoding import raw_inputs
    from equipoise.training.scorer import NetworkScorer

    table = table_of()
    base = NetworkLearner("linear", TrainingSettings(epochs=8))
    options = {"rounds": 3, "epochs": 4}
    arm = Strategy(plan="rusboost", options=options)
    jobs = [job_of(table, arm, part) for part in range(2)]
    outcomes = list(RoundsLearner(base).run(table, jobs, keep=True))
    (alone,) = RoundsLearner(base).run(table, jobs[1:])
    np.testing.assert_array_equal(alone.log_odds, outcomes[1].log_odds)
    scorer = outcomes[0].scorer
    scored = table.take(jobs[0].scored_rows)
    np.testing.assert_allclose(scorer.log_odds(scored), outcomes[0].log_odds, atol=1e-4)
    state = unpack(pack(scorer.state(), "s"), "s")
    again = RoundsScorer.from_state(state, NetworkScorer.from_state)
    np.testing.assert_array_equal(again.log_odds(scored), scorer.log_odds(scored))
    inputs = raw_inputs(scorer.encoding)
    output = ensemble_scores(scorer, LEARNERS["network"], "arm", inputs)
    model = keras.Model(inputs, output)
    np.testing.assert_allclose(
        np.asarray(model(table.raw())), scorer.log_odds(table), atol=1e-4
    )
