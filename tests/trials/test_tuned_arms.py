# SPDX-License-Identifier: Apache-2.0
"""Tuned arms in a trial: their rival, their verdict, their words, the fitted model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.evaluation.kind_values import UnseenKinds
from equipoise.report.summary_choice import fitting
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import gaussian_shift
from equipoise.training.settings import TrainingSettings
from equipoise.trials.tuned_arms import rival, with_defaults

QUICK = TrainingSettings(epochs=5, patience=2)


def test_the_strategy_as_it_is_becomes_an_arm() -> None:
    arms = with_defaults([Tuned("focal"), Strategy(), Tuned("plain", name="t")])
    assert [arm.name for arm in arms] == ["focal", "tuned focal", "plain", "t"]
    assert rival(arms[1], arms) is arms[0]
    # A name that is taken by another recipe is not taken for it.
    other = Strategy("focal", weights="sqrt")
    arms = with_defaults([other, Tuned("focal")])
    assert [arm.name for arm in arms] == [
        "focal",
        "tuned focal: as it is",
        "tuned focal",
    ]


@pytest.fixture(scope="module")
def trial() -> eq.Trial:
    table = gaussian_shift(400, positives=80, auroc=0.85, seed=1).table
    arm = Tuned("plain", trials=3, folds=2, space={"learning_rate": (1e-3, 1e-2)})
    return eq.compare(
        table,
        strategies=["prior", arm],
        network="small",
        folds=2,
        repeats=2,
        training=QUICK,
    )


def test_tuned_less_default_is_judged_as_a_pair(trial: eq.Trial) -> None:
    name, verdict = trial.tuned["tuned plain"]
    assert name == "plain"
    tuned, plain = (
        trial[arm].evaluation["average_precision"].value
        for arm in ("tuned plain", "plain")
    )
    assert verdict.difference.value == pytest.approx(tuned - plain)
    assert verdict.difference.low <= verdict.difference.value
    assert verdict.outcome in {"better", "worse", "equivalent", "cannot tell"}


def test_the_trial_says_what_was_searched_and_chosen(trial: eq.Trial) -> None:
    data = json.loads(json.dumps(trial.to_dict()))
    (arm,) = [each for each in data["strategies"] if "tuning" in each]
    facts = arm["tuning"]
    assert (facts["trials"], facts["folds"], facts["default"]) == (3, 2, "plain")
    assert facts["space"] == {"learning_rate": "0.001 to 0.01 (log)"}
    assert len(facts["parts"]) == 4  # two repeats of two folds
    assert all(part["candidates"] == 3 for part in facts["parts"])
    assert facts["difference_to_default"]["outcome"] == (
        trial.tuned["tuned plain"][1].outcome
    )
    (before, after) = [note for note in trial.notes if note.startswith("tuned plain:")]
    assert "the best of 3 candidates that are all alike" in before
    assert "tuned plain minus plain: " in after
    assert "of 4 training parts" in after


def test_the_call_that_makes_the_model_is_told(trial: eq.Trial) -> None:
    """A search over the usual space has a word; any other is the trial's strategy."""
    assert "strategy=trial.strategies[" in fitting(trial, "tuned plain").call
    usual = Tuned("plain", trials=3)
    place = [arm.name for arm in trial.strategies].index("tuned plain")
    arms = list(trial.strategies)
    arms[place] = usual
    other = dataclasses.replace(trial, strategies=tuple(arms))
    made = fitting(other, "tuned plain")
    assert 'strategy="plain", tune=3' in made.call


def test_the_number_of_kinds_is_no_number_of_folds(trial: eq.Trial) -> None:
    """A trial of unseen kinds has a fold for each kind: no choice for a model."""
    assert "folds=2" in fitting(trial, "plain").call
    unseen = UnseenKinds("auto", {}, {}, 0, {}, {})
    other = dataclasses.replace(trial, unseen=unseen)
    assert "folds" not in fitting(other, "plain").call


def test_a_tuned_model_is_saved_and_loaded(tmp_path: Path) -> None:
    table = gaussian_shift(300, positives=80, auroc=0.85, seed=1).table
    arm = Tuned("plain", trials=2, folds=2, space={"learning_rate": (1e-3, 1e-2)})
    how = {"network": "small", "folds": 2, "repeats": 1, "training": QUICK}
    model = eq.fit(table, strategy=arm, **how)
    model.save(tmp_path / "m.equipoise")
    loaded = eq.load(tmp_path / "m.equipoise")
    np.testing.assert_array_equal(
        loaded.predict_proba(table), model.predict_proba(table)
    )
    assert loaded.components[0].strategy == arm
    assert any("training parts" in note for note in loaded.notes)


def test_fit_tunes_what_it_is_told(tmp_path: Path) -> None:
    table = gaussian_shift(300, positives=80, auroc=0.85, seed=1).table
    model = eq.fit(
        table,
        strategy="plain",
        tune=2,
        network="linear",
        folds=2,
        repeats=1,
        training=QUICK,
    )
    (component,) = model.components
    assert isinstance(component.strategy, Tuned)
    assert component.strategy.trials == 2
    with pytest.raises(eq.errors.InputError, match="search range"):
        eq.fit(table, strategy="prior", tune=True)
