# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.user_model.input import ArrayRows
from equipoise.learners.user_model.model import (
    UserModelLearner,
    UserModelScorer,
    check_build,
    seeded,
)
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SETTINGS = TrainingSettings(epochs=3, patience=2)


def images(rows: int = 480) -> tuple[np.ndarray, Table]:
    """Noise of 6 x 6 pixels; a tenth has a brighter corner."""
    rng = np.random.default_rng(2)
    y = (rng.random(rows) < 0.1).astype(np.int8)
    x = rng.normal(size=(rows, 6, 6, 1)).astype(np.float32)
    x[y == 1, :3, :3] += 1.5
    return x, Table((), y, Task("binary", ("no", "yes")))


def build() -> Any:
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1),
        ]
    )


def test_a_strategy_s_rate_goes_before_the_learner_s(jobs_of: Jobs) -> None:
    x, table = images()
    (plain,) = jobs_of(table, strategy("plain"), parts=1)
    own = Strategy("own", options={"learning_rate": 0.02})
    arms = [plain, dataclasses.replace(plain, strategy=own)]
    slow, fast = UserModelLearner(build, x, SETTINGS, learning_rate=1e-4).run(
        table, arms
    )
    usual, same = UserModelLearner(build, x, SETTINGS, learning_rate=0.02).run(
        table, arms
    )
    np.testing.assert_array_equal(fast.log_odds, usual.log_odds)
    np.testing.assert_array_equal(fast.log_odds, same.log_odds)
    assert np.abs(fast.log_odds - slow.log_odds).max() > 0.1


@pytest.mark.parametrize("compiled", [True, False])
def test_the_loss_of_pairs_is_reached(
    jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    """Stopping begins anew with it, so that two such losses differ."""
    if not compiled:
        usual = "equipoise.learners.user_model.keras_fit.trains_as_usual"
        monkeypatch.setattr(usual, lambda model: False)
    x, table = images(240)
    settings = TrainingSettings(epochs=8, patience=1)
    learner = UserModelLearner(build, x, settings, learning_rate=0.02)
    arms = [strategy(name) for name in ("pairwise_auc", "auc_margin")]
    one, other = learner.run(table, jobs_of(table, *arms, parts=1))
    assert min(one.best_epoch, other.best_epoch) > 1
    assert (one.log_odds != other.log_odds).all()


def test_images_one_seed_one_result_and_scores_that_return(jobs_of: Jobs) -> None:
    x, table = images()
    learner = UserModelLearner(build, x, SETTINGS, learning_rate=0.02)
    state = random.getstate()
    (job,) = jobs_of(table, strategy("class_weight"), parts=1)
    told: list[str] = []
    (outcome,) = learner.run(
        table, [job], keep=True, progress=lambda text, share: told.append(text)
    )
    (again,) = learner.run(table, [job])
    (other,) = learner.run(table, [dataclasses.replace(job, seed=9)])
    np.testing.assert_array_equal(outcome.log_odds, again.log_odds)
    assert not np.array_equal(outcome.log_odds, other.log_odds)
    assert random.getstate() == state
    assert told == ["class_weight: fit 1 of 1"]
    assert roc_auc_score(table.y[job.scored_rows], outcome.log_odds) > 0.8
    assert outcome.updates == 3 * (288 // 32)
    scorer = outcome.scorer
    assert isinstance(scorer, UserModelScorer)
    np.testing.assert_allclose(
        scorer.log_odds(ArrayRows(x[job.scored_rows])), outcome.log_odds, atol=1e-5
    )


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_state_rebuilds_the_same_scores() -> None:
    x, _ = images(40)
    with seeded(1):
        scorer = UserModelScorer(
            (build(), build()), strategy("class_weight").correction([30, 10])
        )
    again = UserModelScorer.from_state(scorer.state())
    assert again.correction == scorer.correction
    rows = ArrayRows(x)
    np.testing.assert_array_equal(again.log_odds(rows), scorer.log_odds(rows))


def test_plans_and_mixup_run_through_the_same_protocol(jobs_of: Jobs) -> None:
    x, table = images(240)
    learner = UserModelLearner(build, x, TrainingSettings(epochs=1))
    bagging = dataclasses.replace(strategy("bagging"), options={"members": 2})
    jobs = jobs_of(table, bagging, strategy("mixup"), parts=1)
    bagged, mixed = learner.run(table, jobs, keep=True)
    assert isinstance(bagged.scorer, UserModelScorer)
    first, second = bagged.scorer.models
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])
    assert np.isfinite(mixed.log_odds).all()


class Subclassed(keras.Model):  # type: ignore[misc]  # keras is untyped
    """Makes its layers when it first sees rows."""

    def build(self, shape: Any) -> None:
        self.flat, self.last = keras.layers.Flatten(), keras.layers.Dense(1)
        self.last.build((None, 36))

    def call(self, x: Any) -> Any:
        return self.last(self.flat(x))


def without_input() -> Any:
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])


def with_input() -> Any:
    layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((6, 6, 1)), *layers])


def test_a_model_without_an_input_layer_is_built_with_the_same_seed(
    jobs_of: Jobs,
) -> None:
    x, table = images(240)
    jobs = jobs_of(table, strategy("plain"), parts=1)
    scores = []
    for make in (without_input, with_input, Subclassed, Subclassed):
        (outcome,) = UserModelLearner(make, x, SETTINGS).run(table, jobs)
        scores.append(outcome.log_odds)
    open_, closed, first, again = scores
    np.testing.assert_array_equal(open_, closed)
    np.testing.assert_array_equal(first, again)
    assert np.ptp(first) > 0


def test_weights_that_a_loss_of_pairs_does_not_take_are_told_first(
    jobs_of: Jobs,
) -> None:
    x, table = images(240)
    jobs = [
        dataclasses.replace(job, row_weights=np.ones(240))
        for job in jobs_of(table, strategy("plain"), strategy("auc_margin"), parts=1)
    ]
    told: list[str] = []
    run = UserModelLearner(build, x, SETTINGS).run(
        table, jobs, progress=lambda text, share: told.append(text)
    )
    with pytest.raises(UnsupportedError, match="auc_margin"):
        list(run)
    assert not told


def test_the_table_has_as_many_rows_as_x(jobs_of: Jobs) -> None:
    x, table = images(100)
    learner = UserModelLearner(build, x[:-1], SETTINGS)
    with pytest.raises(InputError, match="99 rows of x"):
        next(learner.run(table, jobs_of(table, strategy("plain"), parts=1)))


@pytest.mark.parametrize(
    ("name", "dtype", "match"),
    [
        ("trees", np.float32, "learner='network'"),
        ("smote", np.float32, "mixup"),
        ("mixup", np.uint8, "astype"),
    ],
)
def test_strategies_that_need_columns_are_refused(
    jobs_of: Jobs, name: str, dtype: Any, match: str
) -> None:
    x, table = images(100)
    learner = UserModelLearner(build, np.abs(x).astype(dtype), SETTINGS)
    with pytest.raises(UnsupportedError, match=match):
        next(learner.run(table, jobs_of(table, strategy(name), parts=1)))


def ends_with(*layers: Any) -> Any:
    return lambda: keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Flatten(), *(make() for make in layers)]
    )


def compiled() -> Any:
    model = build()
    model.compile(loss="mse")
    return model


def two_outputs() -> Any:
    inputs = keras.Input((6, 6, 1))
    flat = keras.layers.Flatten()(inputs)
    ends = [keras.layers.Dense(1)(flat), keras.layers.Dense(1)(flat)]
    return keras.Model(inputs, ends)


SAME = build()


@pytest.mark.parametrize(
    ("wrong", "kind", "match"),
    [
        (build(), InputTypeError, "lambda"),
        ("build", InputTypeError, "function"),
        (lambda: 3, InputTypeError, "3 from model"),
        (lambda: SAME, InputError, "same model twice"),
        (compiled, InputError, "compile"),
        (two_outputs, InputError, "several outputs"),
        (ends_with(lambda: keras.layers.Dense(2)), InputError, r"\(2,\)"),
        (
            ends_with(lambda: keras.layers.Dense(1, activation="sigmoid")),
            InputError,
            "'sigmoid'",
        ),
        (
            ends_with(
                lambda: keras.layers.Dense(1),
                lambda: keras.layers.Activation("sigmoid"),
            ),
            InputError,
            "'sigmoid'",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((3,)), keras.layers.Dense(1)], name="narrow"
            ),
            InputError,
            "does not take",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(
    wrong: Any, kind: type[Exception], match: str
) -> None:
    with pytest.raises(kind, match=match):
        check_build(wrong, images(4)[0])


def test_a_model_inside_a_model_is_looked_into() -> None:
    def nested() -> Any:
        inner = ends_with(lambda: keras.layers.Dense(1, activation="sigmoid"))()
        return keras.Sequential([keras.Input((6, 6, 1)), inner])

    with pytest.raises(InputError, match="'sigmoid'"):
        check_build(nested, images(4)[0])


def test_an_activation_in_a_layer_of_another_kind_is_found() -> None:
    squeezed = ends_with(
        lambda: keras.layers.Dense(1, activation="sigmoid"), keras.layers.Flatten
    )
    with pytest.raises(InputError, match="'sigmoid'"):
        check_build(squeezed, images(4)[0])

    class Own(keras.Model):  # type: ignore[misc]  # Keras is untyped
        def __init__(self) -> None:
            super().__init__()
            self.flat, self.out = keras.layers.Flatten(), keras.layers.Dense(1)

        def call(self, rows: Any) -> Any:
            return keras.ops.sigmoid(self.out(self.flat(rows)))

    with pytest.raises(InputError, match="'sigmoid'"):
        check_build(Own, images(4)[0])


def test_the_recipe_of_a_network_is_refused_with_a_model_of_your_own(
    jobs_of: Jobs,
) -> None:
    """The message says where it belongs; a learning rate is taken."""
    x, table = images(240)
    learner = UserModelLearner(build, x, SETTINGS)
    for option, value in {"width": 8, "depth": 2, "dropout": 0.1}.items():
        arm = Strategy("s", options={option: value})
        with pytest.raises(UnsupportedError, match="where your function makes") as e:
            list(learner.run(table, jobs_of(table, arm, parts=1)))
        assert repr(option) in str(e.value)
