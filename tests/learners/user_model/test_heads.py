# SPDX-License-Identifier: Apache-2.0
"""One plain network for each part, and every head on its features."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, UnsupportedError
from equipoise.heads import split_at_features, tau_normalised
from equipoise.jobs import Job
from equipoise.learners.user_model.heads import HeadLearner, part_key, serves
from equipoise.learners.user_model.input import ArrayRows
from equipoise.learners.user_model.model import UserModelLearner
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SETTINGS = TrainingSettings(epochs=4, patience=3)
HEADS = ("crt", "tau_norm", "lws", "ncm", "logit_adjusted_head", "ldam_head")


def images(counts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Noise of 6 x 6 pixels; each class but the first has a brighter corner."""
    random = np.random.default_rng(2)
    y = random.permutation(np.repeat(np.arange(len(counts)), counts))
    x = random.normal(size=(len(y), 6, 6, 1)).astype(np.float32)
    x[y == 1, :3, :3] += 1.5
    x[y == 2, 3:, 3:] += 1.5
    return x, y


def three() -> tuple[np.ndarray, Table]:
    x, y = images((160, 60, 20))
    return x, Table((), y, Task("multiclass", ("a", "b", "c")))


def build_of(width: int) -> Callable[[], Any]:
    layers = keras.layers

    def build() -> Any:
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.BatchNormalization(),
                layers.Flatten(),
                layers.Dense(8, activation="relu"),
                layers.Dropout(0.2),
                layers.Dense(width),
            ]
        )

    return build


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the name of each network that is trained."""
    trained: list[str] = []
    usual = UserModelLearner._fit

    def fit(self: Any, table: Table, job: Job, *, keep: bool) -> Any:
        trained.append(job.strategy.name)
        return usual(self, table, job, keep=keep)

    monkeypatch.setattr(UserModelLearner, "_fit", fit)
    return trained


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_one_network_for_each_part_and_models_with_the_heads(
    jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, table = three()
    arms = [strategy(name) for name in (*HEADS[:2], "plain", *HEADS[2:])]
    jobs = sorted(jobs_of(table, *arms), key=lambda job: arms.index(job.strategy))
    trained = counted(monkeypatch)
    learner = UserModelLearner(build_of(3), x, SETTINGS, learning_rate=0.01)
    outcomes = list(learner.run(table, jobs, keep=True))
    assert trained == ["plain", "plain"]
    assert [outcome.job for outcome in outcomes] == jobs
    plain = {o.job.part: o for o in outcomes if o.job.strategy.name == "plain"}
    scores: dict[str, Any] = {}
    for outcome in outcomes:
        name, part = outcome.job.strategy.name, outcome.job.part
        scorer: Any = outcome.scorer
        rows = ArrayRows(x[outcome.job.scored_rows])
        np.testing.assert_allclose(
            scorer.log_odds(rows), outcome.log_odds, atol=1e-3, err_msg=name
        )
        assert outcome.log_odds.shape == (len(rows), 3)
        # all but the last layer is the plain network's
        backbone: Any = plain[part].scorer
        pairs = zip(
            scorer.models[0].get_weights()[:-2],
            backbone.models[0].get_weights()[:-2],
            strict=True,
        )
        assert all(np.array_equal(one, other) for one, other in pairs)
        again = type(scorer).from_state(scorer.state())
        np.testing.assert_array_equal(again.log_odds(rows), scorer.log_odds(rows))
        scores.setdefault(name, outcome.log_odds)
    assert len({s.tobytes() for s in scores.values()}) == len(arms)
    # the plain arm is what it is without heads
    alone = [job for job in jobs if job.strategy.name == "plain"]
    for outcome in UserModelLearner(build_of(3), x, SETTINGS, 0.01).run(table, alone):
        np.testing.assert_array_equal(
            outcome.log_odds, plain[outcome.job.part].log_odds
        )
        assert outcome.updates == plain[outcome.job.part].updates


def test_a_head_is_that_of_its_network_s_last_layer(jobs_of: Jobs) -> None:
    x, table = three()
    half = Strategy("half", learner="tau_norm", options={"power": 0.5})
    (job, plain) = jobs_of(table, half, strategy("plain"), parts=1)
    learner = UserModelLearner(build_of(3), x, SETTINGS, learning_rate=0.01)
    outcome, network = learner.run(table, [job, plain], keep=True)
    scorer: Any = network.scorer
    split = split_at_features(scorer.models[0], x[:2])
    expected = split.features(x[job.scored_rows]) @ tau_normalised(split.kernel, 0.5)
    np.testing.assert_allclose(outcome.log_odds, expected, rtol=1e-5, atol=1e-5)
    assert outcome.best_epoch == outcome.limit == 0


def test_what_does_not_serve_the_task_ends_alone(
    jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after it is fitted in another run, on the networks that there are."""
    x, y = images((150, 30))
    table = Table((), y.astype(np.int8), Task("binary", ("no", "yes")))
    arms = [strategy(name) for name in ("crt", "tau_norm", "ncm")]
    jobs = jobs_of(table, *arms, parts=1)
    trained = counted(monkeypatch)
    learner = UserModelLearner(build_of(1), x, SETTINGS, learning_rate=0.01)
    run = learner.run(table, jobs)
    first = next(run)
    with pytest.raises(UnsupportedError, match="several classes"):
        next(run)
    (rest,) = learner.run(table, jobs[2:])
    assert trained == ["plain"]
    assert first.log_odds.shape == rest.log_odds.shape == (len(jobs[0].scored_rows), 1)
    assert serves(arms[0], table)
    assert not serves(arms[1], table)
    # networks of other parts are forgotten
    other = dataclasses.replace(jobs[0], seed=9)
    assert part_key(other) != part_key(jobs[0])
    list(learner.run(table, [other]))
    assert trained == ["plain"] * 2
    list(learner.run(table, jobs[2:]))
    assert trained == ["plain"] * 3


def test_few_parts_at_once_give_the_same_heads(
    jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, table = three()
    jobs = jobs_of(table, strategy("crt"), strategy("ncm"), parts=3)
    one = list(UserModelLearner(build_of(3), x, SETTINGS).run(table, jobs))
    monkeypatch.setattr("equipoise.learners.user_model.heads.COPIES", 10**12)
    other = list(UserModelLearner(build_of(3), x, SETTINGS).run(table, jobs))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(first.log_odds, second.log_odds, atol=1e-5)


def test_labels_and_row_weights(jobs_of: Jobs) -> None:
    x, y = images((100, 60, 40))
    labels = np.stack([y == 1, y == 2], axis=1).astype(np.int8)
    labels[::9, 0] = -1
    table = Table((), labels, Task("multilabel", ("one", "two")))
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    jobs = [
        dataclasses.replace(job, row_weights=weights)
        for job in jobs_of(table, strategy("crt"), strategy("ncm"), parts=1)
    ]
    learner = UserModelLearner(build_of(2), x, SETTINGS, learning_rate=0.01)
    for outcome in learner.run(table, jobs):
        assert outcome.log_odds.shape == (len(jobs[0].scored_rows), 2)
        assert np.isfinite(outcome.log_odds).all()


def test_a_network_with_another_end_is_told_what_to_do(jobs_of: Jobs) -> None:
    x, table = three()

    def build() -> Any:
        inputs = keras.Input((6, 6, 1))
        flat = keras.layers.Flatten()(inputs)
        ends = [keras.layers.Dense(3)(flat) for _ in range(2)]
        return keras.Model(inputs, keras.layers.Add()(ends))

    jobs = jobs_of(table, strategy("plain"), strategy("crt"), parts=1)
    run = UserModelLearner(build, x, SETTINGS).run(table, jobs)
    next(run)
    with pytest.raises(InputError, match=r"End it with keras.layers.Dense"):
        next(run)


def test_without_a_network_of_one_s_own() -> None:
    jobs = [Job(strategy("crt"), *(np.arange(3),) * 3, seed=0)]
    table = Table((), np.array([0, 1, 0], np.int8), Task("binary", ("a", "b")))
    assert list(HeadLearner().run(table, [])) == []
    with pytest.raises(UnsupportedError, match="model="):
        HeadLearner().run(table, jobs)
    generated = eq.read_table(
        (np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3 == 0)
    )
    trial = eq.compare(
        generated, strategies=["prior", "crt"], network="linear", folds=2, repeats=1
    )
    assert "model=build" in trial.failed["crt"]
    with pytest.raises(UnsupportedError, match="model=build"):
        eq.fit(generated, strategy="crt", folds=2, repeats=1)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_whole_way(tmp_path: Path) -> None:
    x, y = images((160, 60, 20))
    trial = eq.compare(
        (x, y),
        model=build_of(3),
        strategies=["crt", "tau_norm"],
        folds=2,
        repeats=1,
        training=SETTINGS,
    )
    assert set(trial.names) == {"crt", "tau_norm", "plain"}
    model = eq.fit(
        (x, y), model=build_of(3), strategy="crt", folds=2, repeats=1, training=SETTINGS
    )
    before = model.predict_proba(x)
    np.testing.assert_allclose(before.sum(axis=1), 1.0)
    path = model.save(tmp_path / "own.equipoise")
    np.testing.assert_array_equal(eq.load(path).predict_proba(x), before)
