# SPDX-License-Identifier: Apache-2.0
"""Networks of several classes and labels: the promises of populations hold."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
from scipy.special import log_softmax

from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner, NetworkScorer
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.checkpoints import CheckpointStore
from equipoise.training.settings import TrainingSettings

RICH = NetworkSpec("rich", hidden=(24, 17), number_width=5, dropout=0.3)
LINEAR = NetworkSpec("line", hidden=())
QUICK = TrainingSettings(batch=64, epochs=4, patience=2)
ARMS = [
    Strategy("plain"),
    Strategy("weighted", weights="balanced"),
    Strategy("even", sampling="balanced"),
    Strategy("focal", loss="focal", options={"gamma": 1.5}),
    Strategy("adjusted", loss="logit_adjusted", options={"tau": 0.5}),
    Strategy("ranking", loss="pairwise_auc", options={"warm_start": 0.5}),
    Strategy("margin", loss="auc_margin", options={"warm_start": 0.0}),
    Strategy("mixed", synthesis="mixup"),
    Strategy("moved", sampling="oversample", synthesis="jitter"),
    Strategy("slow", options={"learning_rate": 3e-4}),
    Strategy("late", weights="balanced", options={"deferred": 0.5}),
]


def make(kind: str, rows: int = 400, width: int = 5) -> Table:
    random = np.random.default_rng(4)
    x, few = random.normal(size=(rows, 3)), random.integers(0, 3, rows)
    logits = x @ random.normal(size=(3, width)) - 0.4 * np.arange(width)
    columns = (
        *(Column(f"x{i}", "numeric", x[:, i]) for i in range(3)),
        Column("few", "categorical", few.astype(np.int32), ("p", "q", "r")),
    )
    names = tuple("abcdefghijklm"[:width])
    if kind == "multiclass":
        y = np.argmax(logits + random.gumbel(size=logits.shape), axis=1)
        return Table(columns, y, Task("multiclass", names))
    y = (random.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    y[random.random(y.shape) < 0.1] = -1
    return Table(columns, y, Task("multilabel", names))


def jobs(table: Table, strategies: list[Strategy], parts: int = 2) -> list[Job]:
    result = []
    for part in range(parts):
        order = np.random.default_rng(part).permutation(len(table))
        cut, end = int(0.6 * len(table)), int(0.8 * len(table))
        rows = (np.sort(order[a:b]) for a, b in ((0, cut), (cut, end), (end, None)))
        train, stop, score = rows
        result += [Job(s, train, stop, score, 7 + part, part) for s in strategies]
    return result


@pytest.mark.parametrize("width", [3, 5])
@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_member_among_others_is_the_same_member_alone(kind: str, width: int) -> None:
    """Bit for bit, whatever the number of classes and the losses around it."""
    table = make(kind, width=width)
    everyone = jobs(table, ARMS)
    learner = NetworkLearner(RICH, QUICK)
    together = list(learner.run(table, everyone, keep=True))
    for place in range(0, len(everyone), 4):
        (alone,) = learner.run(table, [everyone[place]], keep=True)
        among = together[place]
        np.testing.assert_array_equal(alone.log_odds, among.log_odds)
        for name, value in alone.scorer.weights.items():
            np.testing.assert_array_equal(value, among.scorer.weights[name])
    assert len({outcome.log_odds.tobytes() for outcome in together}) == len(everyone)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_fitted_model_scores_as_it_did_and_comes_back(kind: str) -> None:
    table = make(kind)
    (job,) = jobs(table, [Strategy("two", plan="bagging", options={"members": 2})], 1)
    (outcome,) = NetworkLearner(RICH, QUICK).run(table, [job], keep=True)
    assert outcome.log_odds.shape == (len(job.scored_rows), 5)
    scorer = outcome.scorer
    np.testing.assert_array_equal(
        scorer.log_odds(table.take(job.scored_rows)), outcome.log_odds
    )
    state = scorer.state()
    assert ("link" in state["plain"]) == (kind == "multiclass")
    again = NetworkScorer.from_state(state)
    for rows in (job.scored_rows[:5], job.scored_rows[:0]):
        part = table.take(rows)
        np.testing.assert_array_equal(again.log_odds(part), scorer.log_odds(part))


class KilledError(Exception):
    pass


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_run_goes_on_where_it_was_killed(kind: str, tmp_path, monkeypatch) -> None:
    table = make(kind)
    arms = jobs(table, ARMS, parts=1)
    settings = dataclasses.replace(QUICK, epochs=6, save_every=0.0)

    def run(folder) -> str:
        digest = hashlib.sha256()
        for outcome in NetworkLearner(RICH, settings, folder).run(table, arms):
            digest.update(outcome.log_odds.tobytes())
        return digest.hexdigest()

    whole, saved, times = run(None), CheckpointStore.save, []

    def save(self, key, arrays):
        saved(self, key, arrays)
        times.append(key)
        if len(times) == 3:
            raise KilledError

    monkeypatch.setattr(CheckpointStore, "save", save)
    with pytest.raises(KilledError):
        run(tmp_path)
    monkeypatch.undo()
    assert run(tmp_path) == whole


def test_every_arm_serves_one_label() -> None:
    """A pattern may match one column, and constant labels are left out."""
    table = make("multilabel", width=1)
    everyone = jobs(table, ARMS, 1)
    together = list(NetworkLearner(RICH, QUICK).run(table, everyone))
    assert {outcome.log_odds.shape for outcome in together} == {(80, 1)}
    assert len({outcome.log_odds.tobytes() for outcome in together}) == len(everyone)


@pytest.mark.parametrize("width", [1, 3])
def test_linear_networks_of_labels_are_networks_of_each_label(width: int) -> None:
    """The loss is the sum over the labels, and Adam changes each weight alone."""
    table = make("multilabel", width=width)
    table = dataclasses.replace(table, y=np.abs(table.labels()))
    settings = dataclasses.replace(QUICK, dtype="float64", epochs=3, patience=3)
    for arm in (ARMS[0], ARMS[1], ARMS[3], ARMS[4]):
        (job,) = jobs(table, [arm], 1)
        (several,) = NetworkLearner(LINEAR, settings).run(table, [job], keep=True)
        for label in range(width):
            y = table.labels()[:, label]
            binary = dataclasses.replace(table, y=y, task=Task("binary", ("n", "y")))
            first = several_first_weights(table, binary, job, label)
            (alone,) = run_from(binary, job, settings, first)
            if alone.best_epoch == several.best_epoch == 3:
                np.testing.assert_allclose(
                    several.log_odds[:, label], alone.log_odds[:, 0], atol=1e-9
                )
                break
        else:
            raise AssertionError("no label was best at the last epoch")


def several_first_weights(table, binary, job, label):
    """The first weights of one label's column, in place of a binary network's."""
    from equipoise.networks.layout import common_layout
    from equipoise.training.encoded_store import encode_parts
    from equipoise.training.members import make_members

    common = common_layout(table, LINEAR)
    (part,) = encode_parts(table, [job], common)
    (member,) = make_members([job], [part], LINEAR)
    first = member.first_weights(LINEAR, common)
    return {name: value[..., label : label + 1] for name, value in first.items()}


def run_from(table, job, settings, first):
    from equipoise.training.members import Member

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Member, "first_weights", lambda self, spec, common: first)
        return list(NetworkLearner(LINEAR, settings).run(table, [job]))


def test_a_softmax_of_two_classes_is_the_binary_network_statistically() -> None:
    """Same rows, other first weights: the mean gap of log losses is near 0."""
    table = make("multiclass", rows=1200, width=2)
    binary = dataclasses.replace(
        table, y=table.labels().astype(np.int8), task=Task("binary", ("a", "b"))
    )
    settings = TrainingSettings(batch=32, epochs=40, patience=8)
    for arm in (ARMS[0], ARMS[1], ARMS[3]):
        both = jobs(table, [arm], 3)
        gaps = []
        for one, other in zip(
            NetworkLearner("small", settings).run(table, both),
            NetworkLearner("small", settings).run(binary, both),
            strict=True,
        ):
            y = table.labels()[one.job.scored_rows]
            loss = -log_softmax(one.log_odds, axis=1)[np.arange(len(y)), y].mean()
            z = other.log_odds[:, 0]
            gaps.append(loss - np.mean(np.logaddexp(0, z) - y * z))
        assert abs(np.mean(gaps)) < 0.03


def test_row_weights_are_copies_of_rows() -> None:
    """A weight of 3 for one class is a class weight of 3, within rounding."""
    table = make("multiclass", width=3)
    (job,) = jobs(table, [ARMS[0]], 1)
    weights = np.where(table.labels() == 2, 3.0, 1.0)
    settings = dataclasses.replace(QUICK, dtype="float64")
    (alike,) = NetworkLearner(RICH, settings).run(
        table, [dataclasses.replace(job, row_weights=np.ones(len(table)))]
    )
    (plain,) = NetworkLearner(RICH, settings).run(table, [job])
    np.testing.assert_allclose(alike.log_odds, plain.log_odds, atol=1e-9)
    (heavy,) = NetworkLearner(RICH, settings).run(
        table, [dataclasses.replace(job, row_weights=weights)]
    )
    more = heavy.log_odds - np.logaddexp.reduce(heavy.log_odds, axis=1, keepdims=True)
    less = plain.log_odds - np.logaddexp.reduce(plain.log_odds, axis=1, keepdims=True)
    assert more[:, 2].mean() > less[:, 2].mean() + 0.3


def test_balanced_draws_of_labels_are_undone_by_importance_weights() -> None:
    """The shares of the labels come back, though rows are drawn by their rarest one."""
    table = make("multilabel", rows=3000, width=4)
    settings = TrainingSettings(batch=64, epochs=40, patience=6)
    arms = jobs(table, [ARMS[0], ARMS[2]], 1)
    plain, even = NetworkLearner(LINEAR, settings).run(table, arms)
    y = table.labels()[plain.job.scored_rows]
    truth = [(y[:, j] == 1).sum() / (y[:, j] >= 0).sum() for j in range(4)]
    for outcome in (plain, even):
        p = 1 / (1 + np.exp(-outcome.log_odds))
        np.testing.assert_allclose(p.mean(axis=0), truth, atol=0.05)


def test_a_class_that_a_part_lacks_has_finite_scores_and_a_note() -> None:
    table = make("multiclass")
    (job,) = jobs(table, [ARMS[1]], 1)
    y = table.labels()
    job = dataclasses.replace(job, train_rows=job.train_rows[y[job.train_rows] != 4])
    (outcome,) = NetworkLearner(RICH, QUICK).run(table, [job])
    assert np.isfinite(outcome.log_odds).all()
    assert any("'e' has no training rows" in note for note in outcome.notes)
    logs = log_softmax(outcome.log_odds, axis=1)
    assert np.exp(logs[:, 4]).mean() < 0.05


def test_labels_that_are_not_known_teach_nothing() -> None:
    """Scores do not depend on what other rows than the training and stop rows hold,
    nor on a label of a training row once it is called unknown."""
    table = make("multilabel", width=3)
    (job,) = jobs(table, [ARMS[1]], 1)
    y = table.labels().copy()
    y[job.scored_rows] = -1
    learner = NetworkLearner(RICH, QUICK)
    (one,) = learner.run(table, [job])
    (other,) = learner.run(dataclasses.replace(table, y=y), [job])
    np.testing.assert_array_equal(one.log_odds, other.log_odds)


def test_smote_and_samplers_where_a_class_has_no_training_rows() -> None:
    """A class between the others is absent; the rest are made and drawn as named."""
    table = make("multiclass", width=4)
    arms = [
        Strategy("smote", sampling="oversample", synthesis="smote"),
        Strategy("root", sampling="sqrt"),
    ]
    lacking = table.labels() != 2
    every = [
        dataclasses.replace(job, train_rows=job.train_rows[lacking[job.train_rows]])
        for job in jobs(table, arms, parts=1)
    ]
    for outcome in NetworkLearner(LINEAR, QUICK).run(table, every):
        assert outcome.log_odds.shape == (len(outcome.job.scored_rows), 4)
        assert np.isfinite(outcome.log_odds).all()
        shares = np.exp(log_softmax(outcome.log_odds, axis=1)).mean(axis=0)
        assert shares[2] < 0.1
        assert shares[[0, 1, 3]].min() > 0.02
