# SPDX-License-Identifier: Apache-2.0
"""A network of the user's own runs through the same trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import equipoise
import equipoise.training
from equipoise.errors import (
    InputError,
    UnsupportedError,
)
from equipoise.heads.train import train_heads
from equipoise.learners.user_model.model import UserModelLearner, patient_settings
from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.training.settings import TrainingSettings
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.verbs.compare import compare


def images() -> tuple[np.ndarray, np.ndarray]:
    """Small pictures; the positives have a bright corner."""
    rng = np.random.default_rng(0)
    y = (np.arange(480) % 4 == 0).astype(int)
    x = rng.normal(size=(480, 6, 6, 1)).astype("float32")
    x[y == 1, :2, :2] += 3.0
    return x, y


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


def test_images_in_a_network_of_ones_own() -> None:
    arms = ["prior", "plain"]
    trial = compare(images(), model=build, strategies=arms, folds=2, repeats=1)
    assert trial.names == ("plain", "prior")
    assert trial["plain"].evaluation["roc_auc"].value > 0.8
    assert trial["prior"].evaluation["roc_auc"].value == 0.5
    assert trial.facts["rows"] == 480
    assert "480 rows" in str(trial)


def test_trees_cannot_take_pictures() -> None:
    with pytest.raises(UnsupportedError):
        compare(images(), model=build, strategies="trees", folds=2, repeats=1)


def test_learners_are_shared() -> None:
    arms = LearnerChoice()
    assert arms(strategy("plain")) is arms(strategy("focal"))
    assert arms(strategy("trees")) is not arms(strategy("plain"))
    with pytest.raises(InputError, match="Did you mean 'small'"):
        LearnerChoice("smal")


def test_some_strategies_take_rows_from_disk() -> None:
    """What is true before there are such rows is true with them."""
    bag = Strategy("bag", learner="logistic", plan="under_bagging")
    arms = [*as_strategies(["plain", "smote", "trees"]), bag, Tuned("plain", trials=2)]
    without = LearnerChoice("small")
    some: Any = object()
    supplied = LearnerChoice("small", supply=some)
    for arm in arms:
        assert without.takes_rows(arm) == (arm.name in ("plain", "bag"))
        assert not without.streams(arm)
        assert not without.shards(arm)
        assert supplied.streams(arm) == (arm.name == "plain")
        assert supplied.shards(arm) == (arm.name == "bag")
        assert supplied.takes_rows(arm) == without.takes_rows(arm)


def test_a_network_that_does_not_move_is_named() -> None:
    """It still improves by nothing to speak of when its epochs are over."""
    x, y = images()
    noise = np.random.default_rng(1).normal(size=x.shape).astype("float32")
    slow = Strategy("slow", options={"learning_rate": 1e-9})
    settings = TrainingSettings(epochs=3, patience=2)
    trial = compare(
        (noise, y),
        model=build,
        strategies=["prior", slow],
        folds=2,
        repeats=1,
        training=settings,
    )
    (note,) = [note for note in trial.notes if note.startswith("slow: ")]
    assert "in 2 of 2 fits the last epoch was the best" in note
    # What it proposes can be written so.
    assert "equipoise.training.TrainingSettings(epochs=30)" in note
    equipoise.training.TrainingSettings(epochs=30)
    assert 'equipoise.Strategy(options={"learning_rate": 0.003})' in note
    equipoise.Strategy(options={"learning_rate": 0.003})


def test_few_rows_are_given_patience_in_updates() -> None:
    learner = LearnerChoice(model=build, x=images()[0])(strategy("plain"))
    assert learner.settings is None
    short = patient_settings(200)
    steps = short.steps_for(200)
    assert short.patience * steps >= 250
    assert short.epochs * steps >= 2500
    assert patient_settings(100_000) == TrainingSettings()
    assert LearnerChoice(model=build).record()["patience_updates"] == 250


def test_products_in_bfloat16_are_refused_without_hidden_layers_of_ours() -> None:
    half = TrainingSettings(precision="bfloat16")
    record = LearnerChoice("small", training=half).record()
    assert record["precision"] == "bfloat16"
    assert "precision" not in LearnerChoice("small").record()
    with pytest.raises(UnsupportedError, match="a model of your own"):
        compare(images(), model=build, strategies="plain", precision="bfloat16")
    with pytest.raises(UnsupportedError, match="network='linear'"):
        LearnerChoice("linear", training=half)
    with pytest.raises(UnsupportedError, match="a model of your own"):
        UserModelLearner(build, images()[0], half)
    features = np.random.default_rng(0).normal(size=(90, 3))
    with pytest.raises(UnsupportedError, match="heads"):
        train_heads(features, np.arange(90) % 3 == 0, ["crt"], training=half)
