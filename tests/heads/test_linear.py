# SPDX-License-Identifier: Apache-2.0
"""Trained heads are those of a Keras loop on the same features."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from equipoise.heads.feature_part import FeaturePart
from equipoise.heads.linear import train_linear
from equipoise.jobs import Job
from equipoise.learners.user_model.keras_fit import KerasLoopLearner
from equipoise.networks.catalogue import network
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training import population as population_file
from equipoise.training.population import Population
from equipoise.training.settings import TrainingSettings
from equipoise.weights import class_weights

SETTINGS = TrainingSettings(epochs=20, patience=4, batch=32, dtype="float64")
THREE = Task("multiclass", ("a", "b", "c"))


def clouds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.permutation(np.repeat([0, 1, 2], [200, 80, 30]))
    means = random.normal(size=(3, 5))
    x = 3 * (means[y] + random.normal(size=(len(y), 5))) + 7
    return x.astype(np.float32), y


def job_of(chosen: Strategy, rows: int = 310, part: int = 0) -> Job:
    order = np.random.default_rng(part).permutation(rows)
    at = np.sort(order[:200]), np.sort(order[200:250]), np.sort(order[250:])
    return Job(chosen, *at, seed=part + 5, part=part)


def parts_of(jobs: list[Job]) -> list[FeaturePart]:
    x, y = clouds()
    table = Table((), y, THREE)
    return [FeaturePart.of(table, job, x) for job in jobs]


@pytest.mark.parametrize(
    "chosen",
    [
        strategy("crt"),
        strategy("logit_adjusted_head"),
        Strategy(learner="head", weights="sqrt", loss="focal"),
    ],
    ids=lambda s: s.name,
)
def test_a_head_is_a_linear_network_in_keras(chosen: Strategy) -> None:
    job = job_of(chosen)
    (part,) = parts_of([job])
    (fit,) = train_linear([job], [part], SETTINGS)
    scaled = part.encode().numbers

    def build() -> Any:
        model = keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(3, dtype="float64")]
        )
        (member,) = _members(job, part)
        model.set_weights(
            list(member.first_weights(network("linear"), part.exact).values())
        )
        return model

    plain = dataclasses.replace(job, strategy=_as_network(chosen))
    loop = KerasLoopLearner(build, scaled, "linear", SETTINGS, compiled=True)
    (outcome,) = loop.run(part.table, [plain])
    x, _ = clouds()
    raw = x[job.scored_rows] @ fit.kernel + fit.bias
    found = chosen.correction(part.totals()).apply(raw)
    np.testing.assert_allclose(found, outcome.log_odds, atol=2e-3)
    assert (fit.updates, fit.best_epoch) == (outcome.updates, outcome.best_epoch)


def _as_network(chosen: Strategy) -> Strategy:
    return dataclasses.replace(chosen, learner="network")


def _members(job: Job, part: FeaturePart) -> Any:
    from equipoise.training.members import make_members

    return make_members([job], [part], network("linear"))


def test_a_head_does_not_depend_on_the_others() -> None:
    names = ("crt", "logit_adjusted_head", "ldam_head")
    jobs = [job_of(strategy(name), part=part) for name in names for part in (0, 1)]
    together = train_linear(jobs, parts_of(jobs), SETTINGS)
    for job, fit in zip(jobs, together, strict=True):
        (alone,) = train_linear([job], parts_of([job]), SETTINGS)
        np.testing.assert_allclose(fit.kernel, alone.kernel, atol=1e-12)
        np.testing.assert_allclose(fit.bias, alone.bias, atol=1e-12)
        assert (fit.best_epoch, fit.updates) == (alone.best_epoch, alone.updates)


def test_deferred_weights_begin_at_the_best_unweighted_head() -> None:
    late = strategy("ldam_head")
    never = Strategy("ldam", learner="head", loss="ldam")
    settings = dataclasses.replace(SETTINGS, epochs=10, patience=10)
    job, alone = job_of(late), job_of(never)
    (part,) = parts_of([job])
    short = dataclasses.replace(settings, epochs=8)
    (before,) = train_linear([alone], parts_of([alone]), short)
    population = Population(
        _members(job, part), network("linear"), part.exact, settings
    )
    weights = []
    for _ in range(8):
        weights.append(population._columns(population.now.active)["weights"].numpy())
        population.run_epoch()
    held = {name: value.numpy()[0] for name, value in population.now.best.items()}
    kernel, bias = part.unscaled(held["kernel_0"], held["bias_0"])
    np.testing.assert_allclose(kernel, before.kernel, atol=1e-9)
    np.testing.assert_allclose(bias, before.bias, atol=1e-9)
    for name, value in population.now.state["weights"].items():
        np.testing.assert_array_equal(value.numpy()[0], held[name])
    weights.append(population._columns(population.now.active)["weights"].numpy())
    np.testing.assert_array_equal(weights[:8], np.ones((8, 1, 3)))
    expected = class_weights("effective_number", part.totals())
    np.testing.assert_allclose(weights[8], expected[None])
    assert weights[8][0, 2] > 2
    (after,) = train_linear([job], parts_of([job]), settings)
    assert 8 < after.best_epoch <= after.limit == 10
    assert after.updates == 10 * settings.steps_for(200)
    assert not after.idle
    # weights move the rarest class up
    assert (after.bias - before.bias)[2] > (after.bias - before.bias)[0]


def test_each_phase_is_judged_by_its_own_correction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[Any] = []
    usual = population_file.stop_value

    def stop_value(*arguments: Any) -> float:
        judged.append(arguments[3])
        return usual(*arguments)

    monkeypatch.setattr(population_file, "stop_value", stop_value)
    job = job_of(strategy("ldam_head"))
    (part,) = parts_of([job])
    train_linear([job], [part], dataclasses.replace(SETTINGS, epochs=5, patience=5))
    never = Strategy("ldam", learner="head", loss="ldam").correction(part.totals())
    assert judged[:4] == [never] * 4
    assert judged[4:] == [strategy("ldam_head").correction(part.totals())]


def test_weights_without_deferral_count_from_the_start() -> None:
    now = Strategy("now", learner="head", loss="ldam", weights="effective_number")
    late = dataclasses.replace(now, name="late", options={"deferred": 1e-9})
    jobs = [job_of(now), job_of(late)]
    one, other = train_linear(jobs, parts_of(jobs), SETTINGS)
    np.testing.assert_array_equal(one.kernel, other.kernel)


def test_smote_between_features() -> None:
    made = Strategy("made", learner="head", sampling="oversample", synthesis="smote")
    jobs = [job_of(made), job_of(dataclasses.replace(made, synthesis=None))]
    one, other = train_linear(jobs, parts_of(jobs), SETTINGS)
    assert np.isfinite(one.kernel).all()
    assert np.abs(one.kernel - other.kernel).max() > 1e-6
    assert not one.idle
