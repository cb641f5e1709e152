# SPDX-License-Identifier: Apache-2.0
"""What the population promises: independence, reproducibility, equality with Keras."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import TrainingError
from equipoise.learners.keras_loop import KerasLoopLearner
from equipoise.learners.network import NetworkLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.strategy import Strategy
from equipoise.training.members import Member
from equipoise.training.settings import TrainingSettings

NETWORK_ARMS = [name for name, s in catalogue().items() if s.learner == "network"]
RICH = NetworkSpec("rich", hidden=(24, 17), number_width=5, dropout=0.3)
QUICK = TrainingSettings(batch=64, epochs=4, patience=2)


def test_a_member_among_others_is_the_same_member_alone(table, jobs_for) -> None:
    """Bit for bit: scores and weights, of every network arm of the catalogue."""
    small = [
        Strategy(s.name, plan=s.plan, options={"members": 2}) if s.plan else s
        for s in (catalogue()[name] for name in NETWORK_ARMS)
    ]
    jobs = jobs_for(table, small)
    learner = NetworkLearner(RICH, QUICK)
    together = list(learner.run(table, jobs, keep=True))
    for number in range(0, len(jobs), 3):
        (alone,) = learner.run(table, [jobs[number]], keep=True)
        among = together[number]
        np.testing.assert_array_equal(alone.log_odds, among.log_odds)
        assert alone.best == among.best
        assert alone.updates == among.updates
        for name, value in alone.scorer.weights.items():
            np.testing.assert_array_equal(value, among.scorer.weights[name])


def test_groups_do_not_change_numbers(table, jobs_for) -> None:
    jobs = jobs_for(table, ["plain", "focal", "smote", "pairwise_auc"])
    whole = NetworkLearner(RICH, QUICK).run(table, jobs)
    least = TrainingSettings(batch=64, epochs=4, patience=2, memory_limit=2**20)
    for one, other in zip(
        whole, NetworkLearner(RICH, least).run(table, jobs), strict=True
    ):
        assert one.job is other.job
        np.testing.assert_array_equal(one.log_odds, other.log_odds)


def test_blocks_do_not_change_numbers(table, jobs_for, monkeypatch) -> None:
    """Members that wait for their turn within an epoch are trained alike."""
    jobs = jobs_for(table, ["plain", "focal", "smote", "pairwise_auc"])
    learner = NetworkLearner(RICH, QUICK)
    whole = list(learner.run(table, jobs))
    monkeypatch.setattr("equipoise.training.grouping.BLOCK_BYTES", 600_000)
    for one, other in zip(whole, learner.run(table, jobs), strict=True):
        np.testing.assert_array_equal(one.log_odds, other.log_odds)


def numeric_part(table):
    from equipoise.table.table import Table

    return Table(table.columns[:3], table.y, table.classes)


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy(),
        Strategy(weights="balanced"),
        Strategy(sampling="oversample", synthesis="smote"),
        Strategy(loss="focal", options={"gamma": 1.5, "alpha": 0.3}),
        Strategy(loss="logit_adjusted", sampling="oversample", options={"ratio": 0.7}),
        Strategy(loss="pairwise_auc", options={"warm_start": 0.5, "margin": 0.7}),
        Strategy(loss="auc_margin", sampling="balanced"),
        Strategy(synthesis="mixup", sampling="rate", options={"rate": 0.3}),
    ],
    ids=lambda s: s.name,
)
def test_it_equals_plain_keras(table, jobs_for, strategy) -> None:
    """Same draws and first weights, float64: 1e-6 after 20 updates and more."""
    numbers = numeric_part(table)
    jobs = jobs_for(numbers, [strategy], folds=1)
    spec = NetworkSpec("x", hidden=(12, 9), learning_rate=3e-3)
    settings = TrainingSettings(batch=64, epochs=5, patience=5, dtype="float64")
    (ours,) = NetworkLearner(spec, settings).run(numbers, jobs)
    (keras,) = KerasLoopLearner(network=spec, settings=settings).run(numbers, jobs)
    assert ours.updates >= 20
    assert ours.best == keras.best
    np.testing.assert_allclose(ours.log_odds, keras.log_odds, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy(weights="balanced"),
        Strategy(sampling="oversample", synthesis="smote"),
        Strategy(loss="focal", sampling="balanced", options={"gamma": 1.5}),
    ],
    ids=lambda s: s.name,
)
def test_example_weights_equal_keras(table, jobs_for, strategy) -> None:
    numbers = numeric_part(table)
    weights = np.random.default_rng(2).uniform(0.1, 5.0, len(table)) * (1 + table.y)
    (plain,) = jobs_for(numbers, [strategy], folds=1)
    job = dataclasses.replace(plain, example_weights=weights)
    spec = NetworkSpec("x", hidden=(12, 9), learning_rate=3e-3)
    settings = TrainingSettings(batch=64, epochs=5, patience=5, dtype="float64")
    (ours,) = NetworkLearner(spec, settings).run(numbers, [job])
    (keras,) = KerasLoopLearner(network=spec, settings=settings).run(numbers, [job])
    assert ours.best == keras.best
    np.testing.assert_allclose(ours.log_odds, keras.log_odds, rtol=0, atol=1e-6)
    (unweighted,) = NetworkLearner(spec, settings).run(numbers, [plain])
    assert np.abs(ours.log_odds - unweighted.log_odds).max() > 0.1


@pytest.mark.parametrize("name", ["plain", "class_weight", "smote", "pairwise_auc"])
def test_equal_weights_change_no_bit(table, jobs_for, name) -> None:
    jobs = jobs_for(table, [name], folds=1)
    heavy = [dataclasses.replace(j, example_weights=np.full(600, 4.0)) for j in jobs]
    learner = NetworkLearner(RICH, QUICK)
    (ours,), (alike,) = learner.run(table, jobs), learner.run(table, heavy)
    np.testing.assert_array_equal(ours.log_odds, alike.log_odds)


def test_pairs_of_heavy_positives_count_more(table, jobs_for) -> None:
    (job,) = jobs_for(table, ["pairwise_auc"], folds=1)
    heavy = np.where(table["a"].values > 0, 50.0, 1.0)
    weighted = dataclasses.replace(job, example_weights=heavy)
    learner = NetworkLearner(RICH, QUICK)
    (found,), (other,) = learner.run(table, [job]), learner.run(table, [weighted])
    assert np.abs(found.log_odds - other.log_odds).max() > 0.01


@pytest.mark.parametrize("sampling", ["natural", "stratified"])
def test_weights_of_a_class_are_its_share_of_the_population(
    table, jobs_for, sampling
) -> None:
    """As a class weight of 5 would train, but the odds are then five times as high."""
    plain = Strategy("plain", sampling=sampling)
    five = {"positive_weight": 5.0}
    fixed = Strategy("fixed", sampling=sampling, weights="fixed", options=five)
    (job,), (other,) = (jobs_for(table, [arm], folds=1) for arm in (plain, fixed))
    weighted = dataclasses.replace(job, example_weights=np.where(table.y, 5.0, 1.0))
    settings = TrainingSettings(batch=64, epochs=3)
    learner = NetworkLearner(RICH, settings)
    (found,), (wanted,) = learner.run(table, [weighted]), learner.run(table, [other])
    assert found.best == wanted.best == 3
    np.testing.assert_allclose(
        found.log_odds, wanted.log_odds + np.log(5), rtol=0, atol=1e-4
    )


def test_epochs_that_are_parts_of_a_pass_equal_keras(table, jobs_for) -> None:
    numbers = numeric_part(table)
    jobs = jobs_for(numbers, folds=1)
    spec = NetworkSpec("x", hidden=(12,), learning_rate=3e-3)
    settings = TrainingSettings(batch=64, epochs=6, updates=3, dtype="float64")
    (ours,) = NetworkLearner(spec, settings).run(numbers, jobs)
    (keras,) = KerasLoopLearner(network=spec, settings=settings).run(numbers, jobs)
    assert ours.updates == keras.updates == 18
    np.testing.assert_allclose(ours.log_odds, keras.log_odds, rtol=0, atol=1e-6)


def test_weight_decay_equals_keras(table, jobs_for) -> None:
    numbers = numeric_part(table)
    jobs = jobs_for(numbers, folds=1)
    spec = NetworkSpec("x", hidden=(12,), weight_decay=0.1, learning_rate=1e-2)
    settings = TrainingSettings(batch=64, epochs=4, dtype="float64")
    (ours,) = NetworkLearner(spec, settings).run(numbers, jobs)
    (keras,) = KerasLoopLearner(network=spec, settings=settings).run(numbers, jobs)
    np.testing.assert_allclose(ours.log_odds, keras.log_odds, rtol=0, atol=1e-6)


def test_another_seed_gives_other_numbers(table, jobs_for) -> None:
    (job,) = jobs_for(table, folds=1)
    other = dataclasses.replace(job, seed=job.seed + 1)
    learner = NetworkLearner(RICH, QUICK)
    one, two = learner.run(table, [job, other])
    assert not np.array_equal(one.log_odds, two.log_odds)


def test_it_learns(table, jobs_for) -> None:
    from sklearn.metrics import roc_auc_score

    settings = TrainingSettings(batch=64, epochs=40, patience=8)
    for outcome in NetworkLearner("small", settings).run(table, jobs_for(table)):
        assert roc_auc_score(table.y[outcome.job.score], outcome.log_odds) > 0.75
        assert 0 < outcome.best <= 40


def test_a_network_that_explodes_is_named(table, jobs_for, monkeypatch) -> None:
    whole = Member.first_weights

    def broken(member: Member, *args: object) -> dict[str, np.ndarray]:
        weights = whole(member, *args)
        if member.strategy.name == "class_weight":
            weights["kernel_0"][0, 0] = np.inf
        return weights

    monkeypatch.setattr(Member, "first_weights", broken)
    jobs = jobs_for(table, ["plain", "class_weight"], folds=1)
    with pytest.raises(TrainingError, match="'class_weight' on part 0 after epoch 1"):
        list(NetworkLearner("small", QUICK).run(table, jobs))


def test_progress_counts_epochs_and_networks(table, jobs_for) -> None:
    said: list[tuple[str, float]] = []
    list(
        NetworkLearner("small", QUICK).run(
            table,
            jobs_for(table),
            progress=lambda text, share: said.append((text, share)),
        )
    )
    assert said[0][0].startswith("epoch 1: 2 of 2 networks left, at most")
    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
