# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.learners.rounds.scorer import RoundsScorer, ensemble
from equipoise.models.state import pack, unpack
from equipoise.strategies import Strategy
from equipoise.strategies.plans import PLANS


class Constant:
    def __init__(self, value):
        self.value = value

    def log_odds(self, rows):
        return np.full((len(rows), 1), self.value)

    def state(self):
        return {"value": self.value}


def test_models_that_count_nothing_are_left_out():
    shifts = [np.zeros(1)] * 3
    models = [Constant(1.0), Constant(5.0), Constant(-1.0)]
    made = ensemble(models, [1.0, 0.0, 1.0], shifts, "mean", "sigmoid")
    assert len(made.models) == 2
    np.testing.assert_allclose(made.log_odds(np.zeros(3)), 0.0, atol=1e-12)


def test_shifts_come_before_the_average():
    shifts = [np.array([1.0]), np.array([-2.0])]
    models = [Constant(0.5), Constant(0.5)]
    made = ensemble(models, [1.0, 1.0], shifts, "mean", "sigmoid")
    p = np.mean([1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(1.5))])
    np.testing.assert_allclose(
        made.log_odds(np.zeros(1)), np.log(p / (1 - p)), atol=1e-12
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("learner", ["tree", "logistic"])
def test_an_ensemble_comes_back_from_its_state(
    table_of, job_of, plan, learner, classes
):
    small = {name: 3 for name in ("rounds", "members") if name in PLANS[plan].options}
    table = table_of(classes)
    job = job_of(table, Strategy(plan=plan, learner=learner, options=small))
    (outcome,) = learner_for(job.strategy).run(table, [job], keep=True)
    scored = table.take(job.scored_rows)
    scores = outcome.scorer.log_odds(scored)
    np.testing.assert_allclose(scores, outcome.log_odds, atol=1e-9)
    again = scorer_from_state(learner, unpack(pack(outcome.scorer.state(), "s"), "s"))
    assert np.array_equal(again.log_odds(scored), scores)
    assert again.log_odds(scored.take(np.arange(0))).shape == (0, scores.shape[1])
    assert again.encoding.names == ("a", "b", "c")


def test_a_common_encoding_is_stored_once(table_of, job_of):
    table = table_of()
    options = {"rounds": 4}
    job = job_of(table, Strategy(plan="rusboost", learner="logistic", options=options))
    (outcome,) = learner_for(job.strategy).run(table, [job], keep=True)
    state = outcome.scorer.state()
    assert state["encoding"] is not None
    assert all("encoding" not in each for each in state["models"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"shares": np.array([1.0])}, "shares of shape"),
        ({"shares": np.array([1.0, -1.0])}, "count nothing"),
        ({"combination": "votes"}, "combination"),
        ({"link": "probit"}, "link"),
        ({"models": []}, "without models"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change, why):
    shifts = [np.zeros(1)] * 2
    made = ensemble(
        [Constant(1.0), Constant(2.0)], [1.0, 2.0], shifts, "vote", "sigmoid"
    )
    state = {**made.state(), **change}
    with pytest.raises(InputError, match=why):
        RoundsScorer.from_state(state, lambda one: Constant(one["value"]))
