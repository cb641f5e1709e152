# SPDX-License-Identifier: Apache-2.0
"""Tests of what fits learn from if there are many rows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, InputTypeError
from equipoise.jobs import Job
from equipoise.learners.registry import learner_for
from equipoise.learners.tuned.inner import inner_folds
from equipoise.models.container import TRIAL_FORMAT, read_bundle, write_bundle
from equipoise.models.trial_file import TRIAL_FILE
from equipoise.priors import probability
from equipoise.stores.class_shares import KeptShares
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials import fewer_rows as module
from equipoise.trials.fewer_rows import (
    LARGEST_PER_OTHER,
    MANY_ROWS,
    fewer_facts,
    fewer_note,
    fewer_rows,
    rows_learned_from,
)
from equipoise.trials.fold_scores import Scores, join
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import make_shards

BINARY = Task("binary", ("no", "yes"))
LEAST = 20_000


def labels(rows: int, positives: int, seed: int = 0):
    y = np.zeros(rows, np.int8)
    y[np.random.default_rng(seed).permutation(rows)[:positives]] = 1
    return y


def split(rows: int):
    order = np.random.default_rng(1).permutation(rows)
    return np.sort(order[: rows * 4 // 5]), np.sort(order[rows * 4 // 5 :])


def shifted_table(rows: int, positives: int, seed: int = 0) -> Table:
    """Two normal columns, of which the positives' mean is one higher."""
    y = labels(rows, positives, seed)
    x = np.random.default_rng(seed + 1).normal(size=(rows, 2)) + y[:, None]
    columns = tuple(Column(f"x{j}", "numeric", x[:, j]) for j in range(2))
    return Table(columns, y, BINARY)


@pytest.fixture
def few(monkeypatch):
    """Let a table of hundreds of rows be one of many rows."""
    monkeypatch.setattr(module, "MANY_ROWS", 300)
    for name in ("network", "logistic", "extra_trees"):
        record = replace(LEARNERS[name], fewer_rows=200)
        monkeypatch.setitem(LEARNERS, name, record)
    monkeypatch.setattr(module, "LARGEST_PER_OTHER", 2)


def test_up_to_the_limit_all_rows_are_kept():
    y = labels(60_000, 100)
    train = np.arange(MANY_ROWS)
    assert fewer_rows(y, train, np.arange(50_000, 60_000), BINARY, 0, LEAST) is None
    train = np.arange(MANY_ROWS + 1)
    assert fewer_rows(y, train, np.arange(50_000, 60_000), BINARY, 0, LEAST) is not None


def test_the_rare_class_is_whole_and_the_shares_are_those_of_the_rows():
    y = labels(100_000, 700)
    train, stop = split(100_000)
    fewer = fewer_rows(y, train, stop, BINARY, 5, LEAST)
    assert fewer is not None
    positives = train[y[train] == 1]
    assert set(positives) <= set(fewer.train)
    assert set(stop[y[stop] == 1]) <= set(fewer.stop)
    assert len(fewer.train) == LEAST + len(positives)
    assert set(fewer.train) <= set(train)
    assert set(fewer.stop) <= set(stop)
    assert fewer.shares == KeptShares(
        (len(train) - len(positives), len(positives)), (LEAST, len(positives))
    )
    negatives = int((y[stop] == 0).sum())
    kept = int((y[fewer.stop] == 0).sum())
    assert kept == round(fewer.shares.shares[0] * negatives)
    assert (np.diff(fewer.train) > 0).all()


def test_many_rows_of_the_other_classes_keep_more_of_the_largest():
    y = labels(100_000, 5_000)
    train, stop = split(100_000)
    fewer = fewer_rows(y, train, stop, BINARY, 5, LEAST)
    assert fewer is not None
    positives = int((y[train] == 1).sum())
    assert fewer.shares.kept == (LARGEST_PER_OTHER * positives, positives)
    assert fewer_rows(labels(100_000, 20_000), train, stop, BINARY, 5, LEAST) is None


def test_the_choice_is_that_of_the_seed_and_uniform():
    y = labels(50_000, 50)
    train, stop = np.arange(40_000), np.arange(40_000, 50_000)
    first, again, other = (
        fewer_rows(y, train, stop, BINARY, s, LEAST) for s in (1, 1, 2)
    )
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)
    counts = np.histogram(first.train, bins=10, range=(0, 40_000))[0]
    # Binomial counts of 4,000 rows at one half: their spread is 32.
    assert np.abs(counts - counts.mean()).max() < 5 * 32


def test_several_classes_keep_all_but_the_largest():
    task = Task("multiclass", ("a", "b", "c"))
    y = np.zeros(60_000, np.int64)
    y[:30], y[30:900] = 2, 1
    y = np.random.default_rng(0).permutation(y)
    fewer = fewer_rows(y, np.arange(48_000), np.arange(48_000, 60_000), task, 0, LEAST)
    counts = np.bincount(y[:48_000])
    assert fewer.shares.kept == (LEAST, counts[1], counts[2])
    assert fewer.shares.shift[1:] == (0.0, 0.0)
    assert fewer.shares.shift[0] == pytest.approx(np.log(counts[0] / LEAST))


def test_several_labels_are_left_alone():
    task = Task("multilabel", ("a", "b"))
    y = np.zeros((60_000, 2), np.int8)
    assert fewer_rows(y, np.arange(48_000), np.arange(100), task, 0, LEAST) is None


def test_who_rows_learned_from():
    some = {"plain", "logistic", "piecewise", "extra_trees", "deep_trees", "focal"}
    none = {"trees", "prior", "balance_cascade", "rusboost"}
    assert all(rows_learned_from(strategy(name)) for name in some)
    assert not any(rows_learned_from(strategy(name)) for name in none)
    tuned = (Tuned(strategy(name), trials=2) for name in ("plain", "trees"))
    assert [rows_learned_from(arm) for arm in tuned] == [LEAST, 0]


def plan_of(table: Table, names, **more) -> TrialPlan:
    arms = tuple(strategy(name) for name in names)
    return TrialPlan(table, arms, Protocol(), LearnerChoice("small"), **more)


def shard_jobs(plan: TrialPlan) -> list[Job]:
    parts = plan.parts([0])
    shards = make_shards(plan, parts, plan.strategies)
    return [job for shard in shards for job in shard.jobs(plan, shard.strategies)]


def test_jobs_say_their_shares_and_score_all_rows(few):
    table = shifted_table(1_000, 40)
    plan = plan_of(table, ["logistic", "trees"])
    part = plan.parts([0])[0]
    fewer, whole = (
        next(j for j in shard_jobs(plan) if j.strategy.name == n and j.part == 0)
        for n in ("logistic", "trees")
    )
    assert fewer.shares.kept[0] == 200
    assert whole.shares is None
    assert np.array_equal(whole.train_rows, part.train)
    assert np.array_equal(fewer.scored_rows, whole.scored_rows)


def test_a_search_learns_from_the_rows_of_its_rival(few):
    """Or the verdict between the two would be one between rows."""
    table = shifted_table(1_000, 40)
    plan = plan_of(table, ["plain", "trees"])
    arms = [Tuned(arm, trials=2) for arm in plan.strategies]
    plan = replace(plan, strategies=(*plan.strategies, *arms))
    jobs = {(job.strategy.name, job.part): job for job in shard_jobs(plan)}
    for (name, part), job in jobs.items():
        if name.startswith("tuned "):
            rival = jobs[name.removeprefix("tuned "), part]
            assert np.array_equal(job.train_rows, rival.train_rows)
            assert np.array_equal(job.stop_rows, rival.stop_rows)
            assert job.shares == rival.shares
            assert (job.shares is not None) == (name == "tuned plain")
            folds = inner_folds(table, job, 3)
            searched = np.concatenate([fold.scored for fold in folds])
            used = np.concatenate([rival.train_rows, rival.stop_rows])
            assert np.array_equal(np.sort(searched), np.sort(used))


def test_a_search_gives_probabilities_of_all_rows(few):
    """The closed form of two normal classes, after a search in a share of the rows."""
    table = shifted_table(4_000, 80, seed=4)
    plan = plan_of(table, [])
    tuned = Tuned("plain", trials=2, space={"weight_decay": (1e-4, 1e-3)}, folds=2)
    settings = TrainingSettings(epochs=30)
    plan = replace(
        plan, strategies=(tuned,), learners=LearnerChoice("linear", training=settings)
    )
    job = next(j for j in shard_jobs(plan) if j.part == 0)
    assert job.shares.kept[0] == 200
    (outcome,) = plan.learners(tuned).run(table, [job])
    assert outcome.job.shares == job.shares
    x = np.stack([c.values for c in table.columns], axis=1)[job.scored_rows]
    exact = np.log(80 / 3_920) + x.sum(axis=1) - 1.0
    p, q = probability(outcome.log_odds).mean(), probability(exact).mean()
    assert p == pytest.approx(q, rel=0.25)  # 52 positives; the share alone is 12 times


def test_weights_and_the_setting_keep_all_rows(few):
    table = shifted_table(1_000, 40)
    weighted = plan_of(table, ["logistic"], weights=np.r_[2.0, np.ones(999)])
    assert all(job.shares is None for job in shard_jobs(weighted))
    plan = plan_of(table, ["logistic"])
    settings = TrainingSettings(fewer_rows=False)
    asked = replace(plan, learners=LearnerChoice("small", training=settings))
    assert all(job.shares is None for job in shard_jobs(asked))
    assert any(job.shares is not None for job in shard_jobs(plan))


def test_the_setting_is_recorded_only_if_it_is_asked_for():
    assert "fewer_rows" not in TrainingSettings().to_dict()
    asked = TrainingSettings(fewer_rows=False)
    assert asked.to_dict()["fewer_rows"] is False
    assert TrainingSettings.from_dict(asked.to_dict()) == asked
    with pytest.raises(InputTypeError, match="True or False"):
        TrainingSettings(fewer_rows=1)


@pytest.mark.parametrize("name", ["logistic", "piecewise", "extra_trees", "plain"])
@pytest.mark.parametrize("keep", [True, False])
def test_the_shift_is_that_of_the_shares(name, keep):
    """The same rows with and without shares: scores differ by the shift alone."""
    table = shifted_table(500, 60)
    learner = LearnerChoice("small", training=TrainingSettings(epochs=3))
    job = Job(
        strategy(name), np.arange(300), np.arange(300, 400), np.arange(400, 500), 3
    )
    shares = KeptShares((9_000, 40), (300, 40))
    who = learner(job.strategy)
    (before,) = who.run(table, [job], keep=keep)
    (after,) = who.run(table, [replace(job, shares=shares)], keep=keep)
    (shift,) = shares.shift
    assert shift == pytest.approx(-np.log(30))
    atol = 1e-3 if name in ("logistic", "piecewise") else 1e-12  # another solver
    assert np.allclose(after.log_odds, before.log_odds + shift, rtol=0, atol=atol)
    if keep:
        scored = after.scorer.log_odds(table.take(job.scored_rows))
        assert np.allclose(scored, after.log_odds, rtol=0, atol=1e-4)


def test_copies_are_averaged_after_the_shift():
    """The mean of shifted probabilities, not the shifted mean of probabilities."""
    table = shifted_table(400, 60)
    learner = LearnerChoice("default", training=TrainingSettings(epochs=2))
    plain = strategy("plain")
    rows = np.arange(200), np.arange(200, 300), np.arange(300, 400)
    shares = KeptShares((4_000, 40), (40, 40))
    (outcome,) = learner(plain).run(
        table, [Job(plain, *rows, 3, shares=shares)], keep=True
    )
    scorer = outcome.scorer
    each = [
        replace(
            scorer,
            weights={name: v[i : i + 1] for name, v in scorer.weights.items()},
        ).log_odds(table.take(rows[2]))
        for i in range(4)
    ]
    mean = np.mean([probability(z) for z in each], axis=0)
    assert np.allclose(probability(outcome.log_odds), mean, atol=1e-6)


def test_probabilities_are_those_of_all_rows():
    """The closed form of two normal classes, from a fortieth of the negatives."""
    table = shifted_table(80_000, 1_600, seed=4)
    plan = plan_of(table, ["logistic"])
    job = next(j for j in shard_jobs(plan) if j.part == 0)
    assert job.shares.kept[0] == LEAST
    (outcome,) = learner_for(job.strategy).run(table, [job])
    x = np.stack([c.values for c in table.columns], axis=1)[job.scored_rows]
    exact = np.log(1_600 / 78_400) + x.sum(axis=1) - 1.0
    differences = outcome.log_odds[:, 0] - exact
    assert np.abs(differences).mean() < 0.15
    assert abs(differences[np.abs(exact - np.log(1_600 / 78_400)) < 0.5].mean()) < 0.1
    assert probability(outcome.log_odds).mean() == pytest.approx(0.02, rel=0.05)


def test_a_trial_says_what_its_fits_learned_from(few, tmp_path):
    table = shifted_table(1_000, 60)
    trial = eq.compare(
        table, strategies=["logistic", "trees", "plain"], network="small", repeats=1
    )
    (note,) = [n for n in trial.notes if n.startswith("There are many rows")]
    assert "'plain', 'logistic'" in note or "'logistic', 'plain'" in note
    assert "from about 33%, drawn at random" in note
    assert "Nothing was left out for 'trees': what differs between this arm" in note
    facts = json.loads(json.dumps(trial.to_dict()))["fewer_rows"]
    assert set(facts) == {"logistic", "plain"}
    assert facts["plain"]["fitted_on"]["yes"] > 30
    assert facts["plain"]["fitted_on"]["no"] == 200
    assert facts["plain"]["added_to_scores"][0] < 0
    trial.write(tmp_path)
    again = eq.compare(
        table,
        strategies=["logistic", "trees", "plain"],
        network="small",
        repeats=1,
        folder=tmp_path,
    )
    assert again.to_dict()["fewer_rows"] == trial.to_dict()["fewer_rows"]


def test_a_small_trial_says_nothing():
    table = shifted_table(300, 60)
    trial = eq.compare(table, strategies=["logistic"], network="small", repeats=1)
    assert "fewer_rows" not in trial.to_dict()
    assert not any("many rows" in note for note in trial.notes)


def test_a_fitted_model_says_it_and_is_of_all_rows(few):
    table = shifted_table(1_000, 60)
    model = eq.fit(table, strategy="logistic", repeats=1)
    assert any(note.startswith("There are many rows") for note in model.notes)
    assert model.facts["fewer_rows"]["logistic"]["fitted_on"]["no"] == 200
    mean = float(np.asarray(model.predict_proba(table))[:, 1].mean())
    assert mean == pytest.approx(0.06, abs=0.02)


@pytest.mark.parametrize("name", ["logistic", "extra_trees", "plain"])
def test_weights_that_are_all_one_are_no_weights(few, name):
    table = shifted_table(1_000, 60)
    short = {"network": "small", "training": TrainingSettings(epochs=3), "repeats": 1}
    usual = eq.fit(table, strategy=name, **short)
    ones = eq.fit(table, strategy=name, weights=np.ones(1_000), **short)
    assert usual.facts["fewer_rows"][name]["fitted_on"]["no"] == 200
    assert ones.facts["fewer_rows"] == usual.facts["fewer_rows"]
    p, q = (np.asarray(model.predict_proba(table)) for model in (usual, ones))
    assert np.allclose(p, q, rtol=0, atol=1e-6)


def test_the_note_comes_once_for_arms_that_are_added(few, tmp_path):
    table = shifted_table(1_000, 60)
    trial = eq.compare(table, strategies=["logistic"], network="small", repeats=1)
    more = trial.add(["extra_trees"])
    notes = [n for n in more.notes if n.startswith("There are many rows")]
    assert len(notes) == 1
    assert "'logistic'" in notes[0]
    assert "'extra_trees'" in notes[0]
    more.write(tmp_path)
    again = eq.load(tmp_path)
    assert again.notes == more.notes


def test_the_note_names_what_is_fitted_and_no_average(few):
    table = shifted_table(1_000, 60)
    trial = eq.compare(
        table, strategies=["auto", "logistic"], network="small", repeats=1
    )
    (note,) = [n for n in trial.notes if n.startswith("There are many rows")]
    assert "Nothing was left out for 'auto: trees'" in note or "'trees'" in note
    assert "'auto'" not in note
    assert set(trial.scores.shares) <= set(re.findall("'([^']*)'", note))


def test_the_note_is_of_all_repeats():
    def scores(total: int) -> Scores:
        part = np.zeros((1, 2))
        return Scores(
            log_odds={"a": part},
            folds=np.zeros((1, 2), np.int64),
            extra={"a": part},
            seconds={"a": 1.0},
            updates={"a": 1.0},
            scorers={"a": ()},
            shares={"a": (KeptShares((total, 300), (20_000, 300)),)},
        )

    both = join(scores(40_000), scores(60_000))
    assert both.notes == ()
    (note,) = both.share_notes(BINARY)
    assert "from about 40%, drawn" in note
    assert "--all-rows" in note
    assert replace(both, shares={}).share_notes(BINARY) == ()


def test_the_advice_can_be_taken_in_a_fresh_session(few):
    table = shifted_table(1_000, 60)
    trial = eq.compare(table, strategies=["logistic"], network="small", repeats=1)
    (note,) = [n for n in trial.notes if n.startswith("There are many rows")]
    (setting,) = re.findall(r"training=(equipoise[.\w]*\([^)]*\))", note)
    code = f"import equipoise; print({setting}.fewer_rows)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"


def as_by_a_version_without_the_setting(folder):
    """Write the trial of a folder as it was when all fits learned from all rows."""
    parts = read_bundle(folder / TRIAL_FILE)
    state = json.loads(parts["trial.json"])
    del state["settings"]["fewer_rows"]
    state["training"].pop("fewer_rows", None)
    parts["trial.json"] = json.dumps(state).encode()
    write_bundle(folder / TRIAL_FILE, parts, format=TRIAL_FORMAT)


def test_an_old_trial_of_many_rows_is_not_joined_with_arms_on_a_share(few, tmp_path):
    table = shifted_table(1_000, 60)
    every = {"training": TrainingSettings(fewer_rows=False)}
    shared = {"network": "small", "repeats": 1, "folder": tmp_path}
    first = eq.compare(table, strategies=["logistic"], **every, **shared)
    first.write(tmp_path)
    as_by_a_version_without_the_setting(tmp_path)
    with pytest.raises(InputError, match=r"all of them.*--all-rows"):
        eq.compare(table, strategies=["logistic", "extra_trees"], **shared)
    again = eq.compare(table, strategies=["logistic", "extra_trees"], **every, **shared)
    assert again.scores.shares == {}
    assert np.array_equal(
        again.scores.log_odds["logistic"], first.scores.log_odds["logistic"]
    )
    added = eq.load(tmp_path).add(["extra_trees"], table)
    assert added.scores.shares == {}
    assert added.to_dict()["training"]["fewer_rows"] is False
    with pytest.raises(InputError, match="'training'"):
        eq.compare(
            table, strategies=["plain"], training=TrainingSettings(epochs=9), **shared
        )


def test_an_old_trial_of_few_rows_goes_on(tmp_path):
    table = shifted_table(300, 60)
    shared = {"network": "small", "repeats": 1, "folder": tmp_path}
    first = eq.compare(table, strategies=["logistic"], **shared)
    first.write(tmp_path)
    as_by_a_version_without_the_setting(tmp_path)
    again = eq.compare(table, strategies=["logistic", "trees"], **shared)
    assert again.to_dict()["training"] == first.to_dict()["training"]


def test_facts_are_means_over_fits():
    facts = fewer_facts(
        [KeptShares((900, 10), (90, 10)), KeptShares((1_100, 12), (110, 12))],
        ("no", "yes"),
    )
    assert facts["fitted_on"] == {"no": 100.0, "yes": 11.0}
    assert facts["totals"] == {"no": 1_000.0, "yes": 11.0}
    assert facts["added_to_scores"] == [pytest.approx(-np.log(10))]
    assert fewer_note({"plain": []}, ("no", "yes")) == ""


def test_the_note_names_the_share_of_each_arm():
    few, more = KeptShares((900, 10), (90, 10)), KeptShares((900, 10), (300, 10))
    note = fewer_note({"a": [few], "b": [more], "c": [few]}, ("no", "yes"))
    assert "of 'no' were learned from" in note
    assert "'a', 'c' from about 10%; each fit of 'b' from about 33%, drawn" in note
    assert "Nothing was left out" not in note
    note = fewer_note({"a": [few], "b": [], "c": []}, ("no", "yes"))
    assert "left out for 'b', 'c': what differs between these arms" in note


def test_several_classes_are_moved_back(few):
    task = Task("multiclass", ("a", "b", "c"))
    random = np.random.default_rng(0)
    y = random.choice(3, 1_200, p=[0.9, 0.06, 0.04])
    x = random.normal(size=(1_200, 2)) + np.stack([y == 1, y == 2], axis=1)
    columns = tuple(Column(f"x{j}", "numeric", x[:, j]) for j in range(2))
    trial = eq.compare(
        Table(columns, y, task),
        strategies=[Strategy("mine", learner="logistic"), "plain"],
        network="small",
        repeats=1,
    )
    assert set(trial.to_dict()["fewer_rows"]) == {"mine", "plain"}
    p = task.probability(trial.scores.log_odds["mine"][0])
    assert np.allclose(p.mean(axis=0), np.bincount(y) / len(y), atol=0.02)
