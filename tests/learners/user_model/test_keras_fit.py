# SPDX-License-Identifier: Apache-2.0
"""`keras.Model.fit` as a learner, on tables and on the user's own arrays.

That the plain network equals the population engine is in tests/training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from equipoise.errors import InputError, TrainingError, UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.user_model.input import ArrayRows
from equipoise.learners.user_model.keras_fit import (
    KerasLoopLearner,
    KerasScorer,
    plain_model,
)
from equipoise.networks.layout import arrange, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import probability
from equipoise.strategies.by_task import require_task
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.encoded_store import encode_parts
from equipoise.training.members import make_members
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SPEC = NetworkSpec("x", hidden=(6,), learning_rate=1e-2)
QUICK = TrainingSettings(batch=64, epochs=3, patience=3)


@pytest.fixture(scope="module")
def numbers(rare_table: Table) -> Table:
    """Columns that a chain of dense layers takes as they are."""
    return dataclasses.replace(rare_table, columns=rare_table.columns[:3])


@pytest.fixture(scope="module")
def images(numbers: Table) -> np.ndarray:
    """`[rows, 4, 3]`; the label shifts the first line."""
    x = np.random.default_rng(5).normal(size=(len(numbers), 4, 3))
    x[:, 0] += 1.5 * numbers.y[:, None]
    return x.astype(np.float32)


def build() -> Any:
    def start() -> Any:
        return keras.initializers.GlorotUniform(3)

    layers = [
        keras.Input((4, 3)),
        keras.layers.Flatten(),
        keras.layers.Dense(5, "relu", kernel_initializer=start()),
        keras.layers.Dense(1, kernel_initializer=start()),
    ]
    return keras.Sequential(layers)


def learner_of(images: np.ndarray, **how: Any) -> KerasLoopLearner:
    return KerasLoopLearner(
        **{"build": build, "x": images, "network": SPEC, "settings": QUICK, **how}
    )


def test_rows_and_models_that_do_not_fit(
    numbers: Table, images: np.ndarray, rare_table: Table, jobs_of: Jobs
) -> None:
    jobs = jobs_of(numbers, strategy("plain"), parts=1)
    with pytest.raises(InputError, match=r"1,199 rows of x.*1,200, as the table"):
        next(learner_of(images[1:]).run(numbers, jobs))
    with pytest.raises(InputError, match="x without a model"):
        next(learner_of(images, build=None).run(numbers, jobs))
    embeds = NetworkSpec("embedding", hidden=(4,), number_width=2)
    with pytest.raises(InputError, match=r"'embedding' on columns that it embeds"):
        next(KerasLoopLearner(network=embeds, settings=QUICK).run(numbers, jobs))
    categories = NetworkSpec("codes", hidden=(4,), one_hot=1)
    with pytest.raises(InputError, match=r"'codes' .*NetworkLearner"):
        next(KerasLoopLearner(network=categories, settings=QUICK).run(rare_table, jobs))
    y = (np.arange(len(numbers)) % 3).astype(np.int16)
    three = dataclasses.replace(numbers, y=y, task=Task("multiclass", tuple("abc")))
    with pytest.raises(InputError, match="one logit for each of two classes"):
        next(learner_of(images).run(three, jobs))


def test_row_weights_and_a_loss_of_pairs_exclude_each_other(
    numbers: Table, images: np.ndarray, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(numbers, strategy("pairwise_auc"), parts=1)
    heavy = dataclasses.replace(job, row_weights=np.ones(len(numbers)))
    with pytest.raises(UnsupportedError, match="the pairwise_auc loss in this loop"):
        next(learner_of(images).run(numbers, [heavy]))


def test_a_user_s_model_learns_and_is_corrected(
    numbers: Table, images: np.ndarray, jobs_of: Jobs
) -> None:
    """Balanced weights are undone: the mean probability is the prevalence."""
    from sklearn.metrics import roc_auc_score

    told: list[tuple[str, float]] = []
    jobs = jobs_of(numbers, strategy("plain"), strategy("class_weight"), parts=1)
    settings = TrainingSettings(batch=64, epochs=25, patience=4)
    outcomes = list(
        learner_of(images, settings=settings).run(
            numbers, jobs, progress=lambda text, share: told.append((text, share))
        )
    )
    assert told == [("1 of 2 fits", 0.5), ("2 of 2 fits", 1.0)]
    for outcome in outcomes:
        y = numbers.y[outcome.job.scored_rows]
        assert outcome.scorer is None
        assert outcome.limit == 25
        assert outcome.log_odds.shape == (len(y), 1)
        assert roc_auc_score(y, outcome.log_odds[:, 0]) > 0.9
        mean = probability(outcome.log_odds).mean()
        assert mean == pytest.approx(numbers.prevalence, abs=0.04)


@pytest.mark.parametrize("x", ["arrays", "table"])
def test_a_kept_scorer_gives_the_scores_of_its_outcome(
    numbers: Table, images: np.ndarray, jobs_of: Jobs, x: str
) -> None:
    arm = Strategy("bag", plan="bagging", options={"members": 2})
    (job,) = jobs_of(numbers, arm, parts=1)
    learner = learner_of(images)
    if x == "table":
        learner = dataclasses.replace(learner, build=None, x=None)
    (outcome,) = learner.run(numbers, [job], keep=True)
    scorer = outcome.scorer
    assert isinstance(scorer, KerasScorer)
    rows: Any = numbers.take(job.scored_rows)
    if x == "arrays":
        rows = ArrayRows(images[job.scored_rows])
    np.testing.assert_allclose(
        scorer.log_odds(rows), outcome.log_odds, rtol=0, atol=1e-5
    )
    state = scorer.state()
    assert list(state) == ["model_0", "model_1"]
    for model, weights in zip(scorer.models, state.values(), strict=True):
        for one, other in zip(model.get_weights(), weights.values(), strict=True):
            np.testing.assert_array_equal(one, other)
    if x == "table":  # each network has first weights of its own
        assert (state["model_0"]["weight_0"] != state["model_1"]["weight_0"]).any()


@pytest.mark.parametrize(
    "arm",
    [
        Strategy(weights="balanced"),
        Strategy(synthesis="mixup", sampling="rate", options={"rate": 0.3}),
        Strategy(loss="pairwise_auc", options={"warm_start": 0.5}),
        Strategy(loss="focal", options={"learning_rate": 3e-3}),
        Strategy("late", weights="balanced", options={"deferred": 0.5}),
    ],
    ids=lambda s: s.name,
)
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_compiled_epoch_gives_the_same_model(
    numbers: Table, images: np.ndarray, jobs_of: Jobs, arm: Strategy, decay: float
) -> None:
    spec = dataclasses.replace(SPEC, weight_decay=decay)
    (job,) = jobs_of(numbers, arm, parts=1)
    if arm.weights:
        job = dataclasses.replace(job, row_weights=1.0 + numbers.y * 2.0)
    usual, compiled = (
        next(learner_of(images, network=spec, compiled=c).run(numbers, [job]))
        for c in (False, True)
    )
    assert usual.best_epoch == compiled.best_epoch
    assert usual.updates == compiled.updates == 3 * QUICK.steps_for(len(job.train_rows))
    np.testing.assert_allclose(usual.log_odds, compiled.log_odds, rtol=0, atol=1e-4)


def test_the_best_epoch_is_kept(
    numbers: Table, images: np.ndarray, jobs_of: Jobs
) -> None:
    """Whoever stops there has the same scores; patience ends the rest."""
    (job,) = jobs_of(numbers, strategy("plain"), parts=1)
    settings = TrainingSettings(batch=64, epochs=80, patience=3)
    spec = dataclasses.replace(SPEC, learning_rate=0.1)
    how = {"network": spec, "compiled": True}
    (whole,) = learner_of(images, settings=settings, **how).run(numbers, [job])
    assert whole.best_epoch < 77
    steps = settings.steps_for(len(job.train_rows))
    assert whole.updates == (whole.best_epoch + 3) * steps
    short = dataclasses.replace(settings, epochs=whole.best_epoch)
    (again,) = learner_of(images, settings=short, **how).run(numbers, [job])
    np.testing.assert_array_equal(again.log_odds, whole.log_odds)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_model_that_explodes_is_named(
    numbers: Table, images: np.ndarray, jobs_of: Jobs, compiled: bool
) -> None:
    def broken() -> Any:
        model = build()
        *others, bias = model.get_weights()
        model.set_weights([*others, bias + np.inf])
        return model

    (job,) = jobs_of(numbers, strategy("plain"), parts=1)
    learner = learner_of(images, build=broken, compiled=compiled)
    with pytest.raises(TrainingError, match="'plain' on part 0 after epoch 1"):
        next(learner.run(numbers, [job]))


@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_the_plain_network_has_the_engine_s_first_weights(
    numbers: Table, jobs_of: Jobs, dropout: float
) -> None:
    """Its output is that of the arrays, computed in NumPy."""
    spec = NetworkSpec("x", hidden=(7, 4), dropout=dropout)
    jobs = jobs_of(numbers, strategy("plain"), parts=1)
    parts = encode_parts(numbers, jobs, common_layout(numbers, spec))
    (member,) = make_members(jobs, parts, spec)
    x = arrange(parts[0].encode(), parts[0].exact, parts[0].exact).dense
    model = plain_model(spec, x.shape[1], member, "float64")
    layers = [layer for layer in model.layers if "dropout" in layer.name]
    assert [layer.rate for layer in layers] == [0.25] * (2 if dropout else 0)
    weights = member.first_weights(spec, parts[0].exact)
    h = x.astype(float)
    for i in range(3):
        h = h @ weights[f"kernel_{i}"] + weights[f"bias_{i}"]
        h = np.maximum(h, 0.0) if i < 2 else h
    np.testing.assert_allclose(model.predict(x, verbose=0), h, atol=1e-6)
    assert weights["bias_2"][0] == pytest.approx(
        np.log(np.divide(*np.bincount(numbers.y[jobs[0].train_rows])[::-1])), abs=1e-5
    )


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
@pytest.mark.parametrize(
    "arm",
    [
        Strategy("weighted", weights="balanced"),
        Strategy("even", sampling="balanced"),
        Strategy("adjusted", loss="logit_adjusted", options={"tau": 0.5}),
        Strategy("focal", loss="focal", options={"gamma": 1.5}),
        Strategy("margin", loss="auc_margin", options={"warm_start": 0.5}),
        Strategy("late", weights="balanced", options={"deferred": 0.5}),
        Strategy("mixed", synthesis="mixup"),
        Strategy("remixed", synthesis="remix"),
        Strategy("moved", sampling="oversample", synthesis="jitter"),
        Strategy("danger", sampling="oversample", synthesis="borderline_smote_2"),
        Strategy("made", sampling="oversample", synthesis="mlsmote"),
    ],
    ids=lambda arm: arm.name,
)
def test_several_classes_and_labels_equal_the_engine(arm, kind) -> None:
    """Same draws and first weights, float64: Keras fits what the engine does."""
    compiled = arm.name != "mixed"
    if arm.synthesis and kind not in arm.parts.synthesis_type.tasks:
        with pytest.raises(UnsupportedError, match=arm.synthesis):
            require_task(arm, Task(kind, tuple("abcd")))
        return
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    logits = x @ random.normal(size=(3, 4))
    columns = tuple(Column(f"x{i}", "numeric", x[:, i]) for i in range(3))
    if kind == "multiclass":
        y = np.argmax(logits + random.gumbel(size=logits.shape), axis=1)
    else:
        y = (logits + random.logistic(size=logits.shape) > 0).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
    table = Table(columns, y, Task(kind, tuple("abcd")))
    rows = np.random.default_rng(1).permutation(300)
    job = Job(arm, np.sort(rows[:180]), np.sort(rows[180:240]), np.sort(rows[240:]), 3)
    weighted = dataclasses.replace(job, row_weights=random.random(300) + 0.5)
    settings = TrainingSettings(batch=32, epochs=3, patience=3, dtype="float64")
    spec = NetworkSpec("plain", hidden=(16,), one_hot=64)
    for each in (job, weighted):
        if arm.loss_record.kind == "set" and each is weighted:
            continue
        (ours,) = NetworkLearner(spec, settings).run(table, [each])
        loop = KerasLoopLearner(network=spec, settings=settings, compiled=compiled)
        (theirs,) = loop.run(table, [each], keep=True)
        np.testing.assert_allclose(theirs.log_odds, ours.log_odds, atol=1e-6)
        np.testing.assert_allclose(
            theirs.scorer.log_odds(table.take(each.scored_rows)),
            theirs.log_odds,
            atol=1e-6,
        )
