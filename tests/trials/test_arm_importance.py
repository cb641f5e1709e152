# SPDX-License-Identifier: Apache-2.0
"""The columns that an arm of a trial owes its ranking to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import equipoise as eq
from equipoise.errors import UnsupportedError
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.strategies.classifier_object import classified
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.trials import arm_importance as arm_importance_module
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


def test_models_that_were_kept_are_not_fitted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arms = as_strategies(["logistic", "prior"])
    plan = TrialPlan(TABLE, tuple(arms), Protocol(folds=3), keep=True)
    scores = fit_parts(plan, plan.parts(range(2)))
    shown: list[float] = []
    again = arm_importance(plan, arms[0], scores)
    monkeypatch.setattr(arm_importance_module, "fit_parts", None)
    made = arm_importance(
        plan, arms[0], scores, fitted=scores, progress=lambda _, s: shown.append(s)
    )
    assert made == again
    assert shown[0] == 0.0
    assert shown == sorted(shown)


def test_a_trial_has_it_if_asked_for() -> None:
    options = {"strategies": ["logistic", "prior"], "folds": 3, "repeats": 4}
    trial = eq.compare(TABLE, importance=True, network="linear", **options)
    assert trial.importance is not None
    data = trial.to_dict()["importance"]
    assert data["columns"][0]["finding"] in ("matters", "not used", *_others())
    assert trial.summary()["importance"]["rows"] == 300
    assert "Columns that the ranking of" in str(trial)
    plain = eq.compare(TABLE, network="linear", **options)
    assert plain.importance is None
    assert "importance" not in plain.to_dict()


def in_a_ring() -> Table:
    x = np.random.default_rng(0).normal(size=(300, 2))
    return eq.read_table(
        {"a": x[:, 0], "b": x[:, 1], "y": (np.sum(x**2, 1) > 3).astype(int)}, "y"
    )


def test_the_choice_may_be_an_arm_of_an_earlier_call(tmp_path: Path) -> None:
    ring = in_a_ring()
    two = Blend("two", blended=(strategy("trees"), strategy("logistic")), shares=(1, 1))
    options: dict[str, Any] = {"network": "linear", "folds": 3, "repeats": 2}
    first = eq.compare(ring, strategies=[two], importance=True, **options)
    assert first.best.name == "two"
    assert first.importance is not None
    assert first.importance["a"].finding == "matters"
    eq.compare(ring, strategies=[two], **options).write(tmp_path)
    assert eq.load(tmp_path).importance is None
    options |= {"folder": tmp_path, "importance": True}
    again = eq.compare(ring, strategies=["prior"], **options)
    assert again.best.name == "two"
    assert again.importance is not None
    assert again.importance.columns == first.importance.columns


def test_a_loaded_trial_has_it_while_its_arm_is_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = in_a_ring()
    options: dict[str, Any] = {"network": "linear", "folds": 3, "repeats": 2}
    made = eq.compare(ring, strategies=["trees"], importance=True, **options)
    made.write(tmp_path)
    again = eq.load(tmp_path)
    assert again.importance == made.importance
    assert str(again) == str(made)
    assert again.report().count("owes") == made.report().count("owes") > 0
    assert again.judged(goal="mcc").importance == made.importance
    # The same command asks for nothing that the file does not hold.
    monkeypatch.setattr(arm_importance_module, "arm_importance", None)
    options |= {"folder": tmp_path, "importance": True}
    same = eq.compare(ring, strategies=["trees"], **options)
    assert same.importance == made.importance
    # Of another choice nothing is known.
    other = replace(again.basis, importance_of="plain").conclude()
    assert other.importance is None


def test_an_object_of_an_earlier_call_is_named_again(tmp_path: Path) -> None:
    ring = in_a_ring()
    bayes = classified(GaussianNB(), "bayes")
    options: dict[str, Any] = {"network": "linear", "folds": 3, "repeats": 2}
    eq.compare(ring, strategies=[bayes], **options).write(tmp_path)
    options |= {"folder": tmp_path, "importance": True}
    without = eq.compare(ring, strategies=["prior"], **options)
    assert without.best.name == "bayes"
    assert without.importance is None
    said = "Name it in strategies= again"
    assert said in without.notes[-1]
    without.write(tmp_path)
    loaded = eq.load(tmp_path)
    assert loaded.importance is None
    assert loaded.notes == without.notes
    stale: Any = replace(loaded.basis, unseen=object()).without_unseen("it was so")
    assert stale.unseen is None
    assert stale.later[1:] == loaded.basis.later == without.notes[-1:]
    once_more = eq.compare(ring, strategies=["prior"], **options)
    assert once_more.notes == without.notes
    again = eq.compare(ring, strategies=[bayes], **options)
    assert again.importance is not None
    assert again.importance["a"].finding == "matters"
    again.write(tmp_path)
    for trial in (again, eq.load(tmp_path)):
        assert not any(said in note for note in trial.notes)


def _others() -> tuple[str, ...]:
    return ("cannot tell from nothing", "misleads")


def test_an_average_of_arms_is_fitted_whole() -> None:
    from dataclasses import replace

    arms = as_strategies(["logistic", "prior"])
    plan = TrialPlan(TABLE, tuple(arms), Protocol(folds=3))
    scores = fit_parts(plan, plan.parts([0]))
    blended = replace(scores, blends={"both": {"logistic": 0.5, "prior": 0.5}})
    both = Blend("both", blended=tuple(arms), shares=(1, 1))
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
