# SPDX-License-Identifier: Apache-2.0
"""The columns that an arm of a trial owes its ranking to."""

from __future__ import annotations

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import UnsupportedError
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import gaussian_shift
from equipoise.trials.arm_importance import arm_importance, require_shuffled
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol

TABLE = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table


def test_the_models_are_those_of_the_trial() -> None:
    arms = as_strategies(["logistic", "prior"])
    plan = TrialPlan(TABLE, tuple(arms), Protocol(folds=3), baseline="prior")
    scores = fit_parts(plan, plan.parts(range(4)))
    made = arm_importance(plan, arms[0], scores)
    assert (made.basis, made.rows, made.repeats) == ("out of fold", 300, 4)
    by_model = eq.fit(TABLE, strategy="logistic", folds=3, repeats=4).importance(TABLE)
    assert made.value == by_model.value
    assert made.columns[0].drop == by_model.columns[0].drop


def test_a_trial_has_it_if_asked_for() -> None:
    options = {"strategies": ["logistic", "prior"], "folds": 3, "repeats": 4}
    trial = eq.compare(TABLE, importance=True, network="linear", **options)
    assert trial.importance is not None
    data = trial.to_dict()["importance"]
    assert data["columns"][0]["finding"] in ("matters", "not used", *_others())
    assert trial.summary()["importance"]["rows"] == 300
    assert "owes its ranking to" in str(trial)
    plain = eq.compare(TABLE, network="linear", **options)
    assert plain.importance is None
    assert "importance" not in plain.to_dict()


def _others() -> tuple[str, ...]:
    return ("cannot tell from nothing", "misleads")


def test_an_average_of_arms_is_fitted_whole() -> None:
    from dataclasses import replace

    arms = as_strategies(["logistic", "prior"])
    plan = TrialPlan(TABLE, tuple(arms), Protocol(folds=3))
    scores = fit_parts(plan, plan.parts([0]))
    blended = replace(scores, blends={"both": {"logistic": 0.5, "prior": 0.5}})
    both = replace(arms[0], name="both")
    made = arm_importance(plan, both, blended)
    alone = arm_importance(plan, arms[0], scores)
    assert {c.name for c in made.columns} == {c.name for c in alone.columns}


def test_several_classes_leave_rare_ones_out() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    y = np.array(["a", "b", "c"])[np.digitize(x + random.normal(size=200), [-1, 1])]
    y[:2] = "d"
    table = eq.read_table({"x": x, "z": random.normal(size=200), "y": y}, "y")
    arms = as_strategies(["logistic"])
    plan = TrialPlan(table, tuple(arms), Protocol(folds=3))
    scores = fit_parts(plan, plan.parts(range(4)))
    made = arm_importance(plan, arms[0], scores)
    assert made.rows == 198
    assert made["x"].finding == "matters"


def test_arrays_have_no_columns() -> None:
    arms = as_strategies(["plain"])
    plan = TrialPlan(
        TABLE, tuple(arms), Protocol(), LearnerChoice("default", x=np.zeros((300, 2)))
    )
    with pytest.raises(UnsupportedError, match="a table of columns"):
        require_shuffled(plan)
