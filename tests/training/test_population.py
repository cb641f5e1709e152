# SPDX-License-Identifier: Apache-2.0
"""What the population promises: independence, reproducibility, equality with Keras."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from equipoise.errors import TrainingError
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.user_model.keras_fit import KerasLoopLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import Correction, probability
from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.synthesis import Neighbours
from equipoise.training import population as population_file
from equipoise.training.members import Member
from equipoise.training.population import _votes
from equipoise.training.settings import TrainingSettings

NETWORK_ARMS = [
    name
    for name, s in catalogue().items()
    if s.learner == "network" and s.synthesis != "mlsmote"
]
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
        assert alone.best_epoch == among.best_epoch
        assert alone.updates == among.updates
        for name, value in alone.scorer.weights.items():
            np.testing.assert_array_equal(value, among.scorer.weights[name])


def test_a_member_that_is_doubled_for_company_is_the_same_member(
    table, jobs_for, monkeypatch
) -> None:
    """A lone member is trained as two equal ones if lone products have other bits."""
    monkeypatch.setattr("equipoise.networks.alone.alone_differs", lambda: True)
    arms = [
        Strategy("plain"),
        Strategy("mixed", sampling="balanced", synthesis="smote"),
    ]
    for spec in (NetworkSpec("tiny", hidden=(8,)), RICH):
        jobs = jobs_for(table, arms)
        learner = NetworkLearner(spec, QUICK)
        together = list(learner.run(table, jobs, keep=True))
        for job, among in zip(jobs[::2], together[::2], strict=True):
            (alone,) = learner.run(table, [job], keep=True)
            np.testing.assert_array_equal(alone.log_odds, among.log_odds)
            assert alone.best_epoch == among.best_epoch
            for name, value in alone.scorer.weights.items():
                assert value.shape == among.scorer.weights[name].shape
                np.testing.assert_array_equal(value, among.scorer.weights[name])


def test_options_are_each_member_s_own(table, jobs_for) -> None:
    """Arms of one loss differ in numbers, in which are given, and in warm starts."""
    arms = [
        Strategy(name, loss=loss, options=options)
        for name, loss, options in (
            ("hard", "focal", {"gamma": 3.0}),
            ("mild", "focal", {"gamma": 0.5}),
            ("leaning", "focal", {"gamma": 0.5, "alpha": 0.8}),
            ("cold", "pairwise_auc", {"warm_start": 0.0}),
            ("warm", "pairwise_auc", {"warm_start": 0.5}),
            ("narrow", "pairwise_auc", {"warm_start": 0.5, "margin": 0.3}),
            ("half", "logit_adjusted", {"tau": 0.5}),
            ("whole", "logit_adjusted", {}),
        )
    ]
    arms += [
        Strategy(name, weights="balanced", options=options)
        for name, options in (
            ("at once", {}),
            ("late", {"deferred": 0.5}),
            ("later", {"deferred": 0.8}),
        )
    ]
    jobs = jobs_for(table, arms, folds=1)
    learner = NetworkLearner(RICH, QUICK)
    together = list(learner.run(table, jobs))
    for job, among in zip(jobs, together, strict=True):
        (alone,) = learner.run(table, [job])
        np.testing.assert_array_equal(alone.log_odds, among.log_odds)
    for one, other in itertools.combinations(together, 2):
        assert not np.array_equal(one.log_odds, other.log_odds)


def test_groups_do_not_change_numbers(table, jobs_for) -> None:
    jobs = jobs_for(table, ["plain", "focal", "smote", "pairwise_auc"])
    whole = NetworkLearner(RICH, QUICK).run(table, jobs)
    least = TrainingSettings(batch=64, epochs=4, patience=2, memory_limit=2**20)
    for one, other in zip(
        whole, NetworkLearner(RICH, least).run(table, jobs), strict=True
    ):
        assert one.job is other.job
        assert one.groups == (len(jobs),)
        assert len(other.groups) > 1
        assert sum(other.groups) == len(jobs)
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

    return Table(table.columns[:3], table.y, table.task)


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
        Strategy(sampling="oversample", synthesis="borderline_smote_2"),
        Strategy(sampling="oversample", synthesis="adasyn", weights="sqrt"),
        Strategy(sampling="oversample", synthesis="jitter"),
        Strategy(synthesis="remix"),
        Strategy(synthesis="balanced_mixup"),
        Strategy("slow", weights="balanced", options={"learning_rate": 4e-4}),
        Strategy("fast", loss="focal", options={"learning_rate": 2e-2}),
        Strategy("late", weights="balanced", options={"deferred": 0.5}),
        Strategy(
            "later",
            weights="sqrt",
            loss="focal",
            sampling="rate",
            options={"deferred": 0.7, "rate": 0.3},
        ),
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
    assert ours.best_epoch == keras.best_epoch
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
def test_row_weights_equal_keras(table, jobs_for, strategy) -> None:
    numbers = numeric_part(table)
    weights = np.random.default_rng(2).uniform(0.1, 5.0, len(table)) * (1 + table.y)
    (plain,) = jobs_for(numbers, [strategy], folds=1)
    job = dataclasses.replace(plain, row_weights=weights)
    spec = NetworkSpec("x", hidden=(12, 9), learning_rate=3e-3)
    settings = TrainingSettings(batch=64, epochs=5, patience=5, dtype="float64")
    (ours,) = NetworkLearner(spec, settings).run(numbers, [job])
    (keras,) = KerasLoopLearner(network=spec, settings=settings).run(numbers, [job])
    assert ours.best_epoch == keras.best_epoch
    np.testing.assert_allclose(ours.log_odds, keras.log_odds, rtol=0, atol=1e-6)
    (unweighted,) = NetworkLearner(spec, settings).run(numbers, [plain])
    assert np.abs(ours.log_odds - unweighted.log_odds).max() > 0.1


@pytest.mark.parametrize("name", ["plain", "class_weight", "smote", "pairwise_auc"])
def test_equal_weights_change_no_bit(table, jobs_for, name) -> None:
    jobs = jobs_for(table, [name], folds=1)
    heavy = [dataclasses.replace(j, row_weights=np.full(600, 4.0)) for j in jobs]
    learner = NetworkLearner(RICH, QUICK)
    (ours,), (alike,) = learner.run(table, jobs), learner.run(table, heavy)
    np.testing.assert_array_equal(ours.log_odds, alike.log_odds)


def test_pairs_of_heavy_positives_count_more(table, jobs_for) -> None:
    (job,) = jobs_for(table, ["pairwise_auc"], folds=1)
    heavy = np.where(table["a"].values > 0, 50.0, 1.0)
    weighted = dataclasses.replace(job, row_weights=heavy)
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
    weighted = dataclasses.replace(job, row_weights=np.where(table.y, 5.0, 1.0))
    settings = TrainingSettings(batch=64, epochs=3)
    learner = NetworkLearner(RICH, settings)
    (found,), (wanted,) = learner.run(table, [weighted]), learner.run(table, [other])
    assert found.best_epoch == wanted.best_epoch == 3
    np.testing.assert_allclose(
        found.log_odds, wanted.log_odds + np.log(5), rtol=0, atol=1e-4
    )


def test_weights_that_are_deferred_begin_at_the_best_epoch_without_them(
    table, population_of
) -> None:
    """Until then the networks are those of the strategy without weights, to the bit."""
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    never = Strategy("never")
    one, other = (
        population_of(table, [arm], epochs=8, patience=8) for arm in (late, never)
    )
    for _ in range(4):
        for each in (one, other):
            columns = each._columns(each.now.active)
            np.testing.assert_array_equal(columns["positive"], [1.0, 1.0])
            each.run_epoch()
    for name, value in other.now.best.items():
        np.testing.assert_allclose(one.now.best[name], value, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(
            one.now.state["weights"][name], one.now.best[name]
        )
    assert one.now.turned.tolist() == [4, 4]
    expected = [m.strategy.class_weights(m.part.totals())[1] for m in one.members]
    columns = one._columns(one.now.active)
    np.testing.assert_allclose(columns["positive"], expected, rtol=1e-6)
    assert min(expected) > 1.2
    while not one.done:
        one.run_epoch()
    one.finish()
    results = one.results(False)
    assert all(4 < fit.best_epoch <= 8 for fit in results)
    assert all(fit.member.correction.offset[0] < -0.1 for fit in results)


@pytest.mark.parametrize("epochs", [1, 4])
def test_whoever_ends_before_the_weights_count_needs_no_correction(
    table, population_of, epochs
) -> None:
    """In the start, and just after it, when what is kept is still of the start."""
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    population, never = (
        population_of(table, [arm], epochs=8, patience=8)
        for arm in (late, Strategy("never"))
    )
    for each in (population, never):
        for _ in range(epochs):
            each.run_epoch()
    assert population.now.turned.tolist() == [0 if epochs == 1 else 4] * 2
    population.finish()  # as Ctrl-C does
    never.finish()
    for fit, plain in zip(population.results(False), never.results(False), strict=True):
        assert fit.member.correction == Correction()
        assert fit.member.strategy == late
        np.testing.assert_allclose(fit.log_odds, plain.log_odds, rtol=0, atol=1e-5)


def test_whoever_never_improves_with_the_weights_needs_no_correction(
    table, population_of, monkeypatch
) -> None:
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    population = population_of(table, [late], epochs=8, patience=8)
    for _ in range(4):
        population.run_epoch()
    monkeypatch.setattr(population_file, "stop_value", lambda *_: np.nan)
    while not population.done:
        population.run_epoch()
    population.finish()
    fits = population.results(False)
    assert [fit.best_epoch for fit in fits] == population.now.patience.epoch.tolist()
    for fit in fits:
        assert fit.best_epoch <= 4
        assert fit.trained == 0
        assert fit.member.correction == Correction()


class Interrupted:
    """Replaces half of the negatives by others, and is then interrupted."""

    digest = "interrupted"

    def __init__(self, table) -> None:
        self.table = table

    def refill(self, block, jobs):
        labels = self.table.labels()
        pieces = []
        for train, _ in jobs:
            at = train[labels[train] == 0][::2]
            pieces.append((at, self.table.take(at[::-1])))
        yield pieces
        raise KeyboardInterrupt


def test_whoever_is_interrupted_while_rows_come_has_what_was_learned(
    table, population_of
) -> None:
    population, whole = (
        population_of(table, ["plain", "smote"], epochs=8) for _ in range(2)
    )
    population.supply = Interrupted(table)
    for each in (population, whole):
        each.run_epoch()
    with pytest.raises(KeyboardInterrupt):
        population.run_epoch()
    for each in (population, whole):
        each.finish()
    for fit, other in zip(population.results(True), whole.results(True), strict=True):
        assert fit.best_epoch == other.best_epoch == 1
        np.testing.assert_array_equal(fit.log_odds, other.log_odds)


def test_each_phase_is_judged_by_its_own_correction(
    table, population_of, monkeypatch
) -> None:
    judged, usual = [], population_file.stop_value

    def stop_value(*arguments):
        judged.append(arguments[3])
        return usual(*arguments)

    monkeypatch.setattr(population_file, "stop_value", stop_value)
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    population = population_of(table, [late], epochs=4, patience=4)
    while not population.done:
        population.run_epoch()
    assert judged[:4] == [Correction()] * 4
    assert [each.kind for each in judged[4:]] == ["calibrate"] * 4
    assert all(each.offset[0] < -0.1 for each in judged[4:])


WARM = [
    Strategy(f"{loss}-{name}", sampling="balanced", loss=loss, options=options)
    for loss in ("pairwise_auc", "auc_margin")
    for name, options in (("usual", {}), ("long", {"warm_start": 0.9}))
]


def test_what_is_kept_is_an_epoch_of_the_strategy_s_loss(
    table, population_of, jobs_for
) -> None:
    """Though the cross-entropy overfits, and its patience runs out."""
    how = {"epochs": 30, "patience": 2}
    population = population_of(table, WARM, **how)
    while not population.done:
        population.run_epoch()
    population.finish()
    most = np.array([m.family.warm_epochs(30) for m in population.members])
    assert sorted(set(most)) == [7, 27]
    turned, kept = population.now.turned, population.now.patience.epoch
    assert ((turned >= 2) & (turned <= most) & (kept > turned)).all()
    assert (turned[most == 27] < 27).any()
    learner = NetworkLearner(RICH, TrainingSettings(batch=64, **how))
    jobs = jobs_for(table, WARM, folds=1)
    outcomes = list(learner.run(table, jobs))
    for job, outcome in zip(jobs[1:3], outcomes[1:3], strict=True):
        (alone,) = learner.run(table, [job])
        np.testing.assert_array_equal(alone.log_odds, outcome.log_odds)
    for one, other in zip(outcomes[:2], outcomes[2:], strict=True):
        assert (one.log_odds != other.log_odds).mean() > 0.99


def test_a_warm_start_that_ends_early_equals_keras(table, jobs_for) -> None:
    numbers = numeric_part(table)
    spec = NetworkSpec("x", hidden=(12, 9), learning_rate=3e-2, weight_decay=0.01)
    settings = TrainingSettings(batch=64, epochs=24, patience=2, dtype="float64")
    jobs = jobs_for(numbers, WARM[1::2], folds=1)
    ours = NetworkLearner(spec, settings).run(numbers, jobs)
    keras = KerasLoopLearner(network=spec, settings=settings).run(numbers, jobs)
    for one, other in zip(ours, keras, strict=True):
        assert (one.best_epoch, one.updates) == (other.best_epoch, other.updates)
        np.testing.assert_allclose(one.log_odds, other.log_odds, rtol=0, atol=1e-6)


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


RATES = [
    Strategy(),
    Strategy("slow", options={"learning_rate": 1e-4}),
    Strategy("fast", loss="focal", options={"learning_rate": 2e-2}),
    Strategy("same", options={"learning_rate": 3e-3}),
    Strategy("bags", plan="bagging", options={"members": 2, "learning_rate": 1e-2}),
]


def test_a_rate_of_its_own_is_the_member_s_alone(table, jobs_for) -> None:
    """Bit for bit, whoever is beside it; and those who name none keep their bits."""
    spec = dataclasses.replace(RICH, weight_decay=0.1, learning_rate=3e-3)
    learner = NetworkLearner(spec, QUICK)
    jobs = jobs_for(table, RATES, folds=1)
    together = list(learner.run(table, jobs, keep=True))
    for job, among in zip(jobs, together, strict=True):
        (alone,) = learner.run(table, [job], keep=True)
        np.testing.assert_array_equal(alone.log_odds, among.log_odds)
        assert (alone.best_epoch, alone.updates) == (among.best_epoch, among.updates)
        for name, value in alone.scorer.weights.items():
            np.testing.assert_array_equal(value, among.scorer.weights[name])
    plain, slow, fast, same, _ = (found.log_odds for found in together)
    np.testing.assert_array_equal(plain, same)
    for one, other in itertools.combinations((plain, slow, fast), 2):
        assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("rate", [1e-3, 3e-2])
def test_a_strategy_s_rate_is_that_of_a_network_with_it(table, jobs_for, rate) -> None:
    """The network's own rate takes the fused update, so they agree up to rounding."""
    spec = dataclasses.replace(RICH, weight_decay=0.1)
    settings = TrainingSettings(batch=64, epochs=4, dtype="float64")
    (plain,) = jobs_for(table, folds=1)
    own = Strategy(options={"learning_rate": rate})
    (ours,) = NetworkLearner(
        dataclasses.replace(spec, learning_rate=0.2), settings
    ).run(table, [dataclasses.replace(plain, strategy=own)])
    network = dataclasses.replace(spec, learning_rate=rate)
    (other,) = NetworkLearner(network, settings).run(table, [plain])
    assert ours.updates >= 20
    np.testing.assert_allclose(ours.log_odds, other.log_odds, rtol=0, atol=1e-9)


def test_a_rate_decays_weights_as_keras_does(table, jobs_for) -> None:
    numbers = numeric_part(table)
    arms = [Strategy(), Strategy("fast", options={"learning_rate": 3e-2})]
    jobs = jobs_for(numbers, arms, folds=1)
    spec = NetworkSpec("x", hidden=(12,), weight_decay=0.1, learning_rate=1e-2)
    settings = TrainingSettings(batch=64, epochs=4, dtype="float64")
    ours = NetworkLearner(spec, settings).run(numbers, jobs)
    keras = KerasLoopLearner(network=spec, settings=settings).run(numbers, jobs)
    for one, other in zip(ours, keras, strict=True):
        np.testing.assert_allclose(one.log_odds, other.log_odds, rtol=0, atol=1e-6)


def test_members_of_all_rates_are_one_program(table, population_of) -> None:
    """Also when some have left: a column of rates follows the members."""
    population = population_of(table, RATES, patience=1, epochs=40, batch=48)
    sizes, traces = set(), set()
    while not population.done:
        sizes.add(len(population.now.active))
        population.run_epoch()
        traces.add(population._program._compiled)
    assert len(sizes) >= 3
    assert len(traces) == 1


def test_it_is_one_program_however_many_are_left(table, population_of) -> None:
    """Members leave one after another, and nothing is compiled again.

    One trace serves every number of members, so there is one compiled size.
    """
    arms = ["plain", "class_weight", "smote", "focal", "pairwise_auc"]
    # No other test has this batch, so the program is not one that others have used.
    population = population_of(table, arms, dtype="float64", patience=1, epochs=40)
    sizes, traces = [], set()
    while not population.done:
        active = population.now.active
        population.run_epoch()
        sizes.append(len(active))
        traces.add((population._program._compiled, population._program.logits))
        for own in (*population.now.state.values(), population.now.best):
            assert {len(value) for value in own.values()} == {
                len(population.now.active)
            }
    assert sizes[0] == 10
    assert len(set(sizes)) >= 4
    assert sizes == sorted(sizes, reverse=True)
    assert len(traces) == 1
    held = [v for own in population._program._held.values() for v in own.values()]
    assert {len(value.read_value()) for value in held} == {0}  # nothing between calls
    assert sorted(population.now.kept) == list(range(10))


def test_all_members_read_one_copy_of_the_rows(table, population_of) -> None:
    """A part is encoded once, whoever trains on it."""
    few, many = population_of(table, ["plain"]), population_of(table, NETWORK_ARMS)
    assert len(many.members) > 10 * len(few.members)
    for name, value in few.data.items():
        assert len(value) == 2 * len(table)
        np.testing.assert_array_equal(value, many.data[name])


@pytest.mark.parametrize("name", ["plain", "smote", "focal"])
def test_what_is_kept_is_the_best_epoch(table, jobs_for, name) -> None:
    """Who stops training after that epoch has the same weights."""
    jobs = jobs_for(table, [name])
    whole = TrainingSettings(batch=64, epochs=60, patience=5)
    for outcome in NetworkLearner(RICH, whole).run(table, jobs, keep=True):
        assert 0 < outcome.best_epoch < outcome.updates / whole.steps_for(320)
        short = dataclasses.replace(whole, epochs=outcome.best_epoch)
        (again,) = NetworkLearner(RICH, short).run(table, [outcome.job], keep=True)
        assert again.best_epoch == outcome.best_epoch
        for key, value in outcome.scorer.weights.items():
            np.testing.assert_array_equal(value, again.scorer.weights[key])


def test_the_rows_to_score_decide_nothing(table, jobs_for) -> None:
    """Their labels may be anything: weights, best epoch and scores are the same."""
    jobs = jobs_for(table, ["plain", "smote", "pairwise_auc"], folds=1)
    y = table.y.copy()
    y[jobs[0].scored_rows] = 1 - y[jobs[0].scored_rows]
    turned = dataclasses.replace(table, y=y)
    learner = NetworkLearner(RICH, QUICK)
    for one, other in zip(
        learner.run(table, jobs), learner.run(turned, jobs), strict=True
    ):
        assert one.best_epoch == other.best_epoch
        np.testing.assert_array_equal(one.log_odds, other.log_odds)


def test_the_stop_rows_decide_when_to_stop_and_nothing_else(table, jobs_for) -> None:
    """As long as nobody has stopped, their labels change no weight."""
    (job,) = jobs_for(table, folds=1)
    y = table.y.copy()
    y[job.stop_rows] = 1 - y[job.stop_rows]
    turned = dataclasses.replace(table, y=y)
    patient = TrainingSettings(batch=64, epochs=30, patience=4)
    learner = NetworkLearner(RICH, patient)
    (found,), (other,) = learner.run(table, [job]), learner.run(turned, [job])
    # What fits the training rows is bad on turned labels: the first epoch is best.
    assert other.best_epoch < found.best_epoch
    first = NetworkLearner(RICH, dataclasses.replace(patient, epochs=other.best_epoch))
    (short,) = first.run(table, [job])
    np.testing.assert_array_equal(short.log_odds, other.log_odds)


@pytest.fixture(scope="module")
def calibration() -> dict[str, np.ndarray]:
    """Of each network arm and table: the gap and the slope of its log-odds."""
    from equipoise.decision.calibration import fit_calibrator
    from equipoise.table.generators import gaussian_shift

    arms = [catalogue()[name] for name in NETWORK_ARMS]
    arms = [
        Strategy(s.name, plan=s.plan, options={"members": 2}) if s.plan else s
        for s in arms
    ]
    found: dict[str, list[tuple[float, float]]] = {arm.name: [] for arm in arms}
    for seed in range(3):
        known = gaussian_shift(12_000, prevalence=0.05, features=3, seed=seed)
        order = np.random.default_rng(seed).permutation(12_000)
        rows = [np.sort(part) for part in np.split(order, [6_000, 8_000])]
        jobs = [Job(arm, *rows, seed=3, part=0) for arm in arms]
        learner = NetworkLearner("small", TrainingSettings(epochs=30))
        for outcome in learner.run(known.table, jobs):
            z, true = outcome.log_odds[:, 0], known.log_odds[outcome.job.scored_rows]
            if not outcome.job.strategy.correction([3, 1]).exact:
                y = known.table.y[outcome.job.scored_rows]
                half = np.arange(len(y)) < len(y) // 2
                calibrator = fit_calibrator(z[half], y[half], exact=False)
                z, true = calibrator.apply(z[~half]), true[~half]
            p = probability(true)
            gap = np.average(z - true, weights=p * (1 - p))
            slope = np.polyfit(true, z, 1, w=np.sqrt(p * (1 - p)))[0]
            found[outcome.job.strategy.name].append((gap, slope))
    return {name: np.mean(values, axis=0) for name, values in found.items()}


@pytest.mark.parametrize("name", NETWORK_ARMS)
def test_corrected_probabilities_are_those_of_the_table(calibration, name) -> None:
    """Three tables of 300 training positives whose log-odds are known.

    An intercept from 900 positives has a standard error of .03 to .05. Without the
    correction the gap is 1.4 to 3 (measured) wherever classes are weighted, and the
    slope of the focal loss .4. Where the correction is `calibrate`, half of the
    scored rows calibrate the other half.
    """
    gap, slope = calibration[name]
    assert abs(gap) < 0.2
    assert abs(slope - 1) < 0.15


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
        assert roc_auc_score(table.y[outcome.job.scored_rows], outcome.log_odds) > 0.75
        assert 0 < outcome.best_epoch <= 40


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
    assert said[0][0] == "compiling the program of 2 networks"
    assert said[1][0] == "epoch 1: 2 of 2 networks left"
    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_jobs_of_one_part_may_weight_its_rows_differently(table, jobs_for) -> None:
    """As in runs of their own; one job has no weights at all."""
    (job,) = jobs_for(table, ["plain"], folds=1)
    random = np.random.default_rng(0)
    jobs = [
        dataclasses.replace(job, row_weights=weights)
        for weights in (
            random.uniform(0.5, 2.0, len(table)),
            None,
            random.uniform(0.5, 2.0, len(table)),
        )
    ]
    learner = NetworkLearner(RICH, QUICK)
    together = list(learner.run(table, jobs))
    assert len({outcome.log_odds.tobytes() for outcome in together}) == 3
    for one, outcome in zip(jobs, together, strict=True):
        (alone,) = learner.run(table, [one])
        np.testing.assert_allclose(outcome.log_odds, alone.log_odds, rtol=1e-5)


def test_votes_are_codes_of_the_neighbours() -> None:
    codes = np.array([[1, 5], [2, 6], [3, 7], [4, 8]], np.uint8)
    near = Neighbours(
        np.array([-1, 0, 1], np.int32),
        np.array([[2], [1]], np.int32),
        voters=np.array([[2, 1], [1, 0]], np.int32),
    )
    part = SimpleNamespace(train=np.array([3, 0, 2]))
    votes = _votes(SimpleNamespace(neighbours=near, part=part), codes)
    assert votes.tolist() == [[3, 5], [2, 6], [1, 8], [4, 8]]
    part = SimpleNamespace(neighbours=Neighbours.none(3), part=part)
    assert _votes(part, codes).tolist() == codes.tolist()
