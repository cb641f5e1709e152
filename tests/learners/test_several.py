# SPDX-License-Identifier: Apache-2.0
"""Learners on several classes and several labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import linear_matrix
from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.linear.logistic import LogisticLearner
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.learners.trees.extra import ExtraTreesLearner
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.priors import one_against_rest, softmax
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task

CLASSES = ("a", "b", "c", "d")
QUICK = {
    "prior": learner_for(Strategy(learner="prior")),
    "logistic": LogisticLearner(),
    "trees": TreesLearner(most_trees=40, members=2),
    "extra_trees": ExtraTreesLearner(trees=24, leaves=(3, 10)),
}
FITTED = tuple(QUICK)[1:]


def columns(rows: int, seed: int = 0) -> tuple[tuple[Column, ...], np.ndarray]:
    random = np.random.default_rng(seed)
    x, few = random.normal(size=(rows, 3)), random.integers(0, 3, rows)
    holed = x[:, 2].copy()
    holed[random.random(rows) < 0.1] = np.nan
    return (
        Column("x", "numeric", x[:, 0]),
        Column("y", "numeric", x[:, 1]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few.astype(np.int32), ("p", "q", "r")),
    ), x


def class_table(rows: int = 900, classes: tuple[str, ...] = CLASSES) -> Table:
    """Classes of shares about .6 to .05 whose true posterior is a softmax."""
    given, x = columns(rows)
    random = np.random.default_rng(1)
    kernel = np.array([[1.5, -1, 0, 1], [0, 1.5, -1.5, 0], [0, 0, 0, 0]])
    logits = (
        x @ kernel[:, : len(classes)] + np.array([1.5, 0, -0.5, -1.5])[: len(classes)]
    )
    p = softmax(logits)
    y = np.array([random.choice(len(classes), p=row) for row in p])
    return Table(given, y, Task("multiclass", classes))


def label_table(rows: int = 700, unknown: float = 0.1) -> Table:
    given, x = columns(rows)
    random = np.random.default_rng(2)
    logits = np.stack([x[:, 0] - 1, 1.5 * x[:, 1] - 2, x[:, 0] + x[:, 1]], axis=1)
    y = (random.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    y[random.random(y.shape) < unknown] = -1
    return Table(given, y, Task("multilabel", ("l", "m", "n")))


def log_loss(table: Table, rows: np.ndarray, scores: np.ndarray) -> float:
    y = table.labels()[rows]
    if table.task.kind == "multiclass":
        return float(-log_softmax(scores, axis=1)[np.arange(len(y)), y].mean())
    cells = np.logaddexp(0, scores) - (y == 1) * scores
    return float(cells[y >= 0].mean())


@pytest.mark.parametrize("make", [class_table, label_table])
@pytest.mark.parametrize("name", tuple(QUICK))
def test_scores_are_one_per_class_and_come_back_from_a_state(name, make, jobs_of):
    table = make()
    jobs = jobs_of(table, Strategy(learner=name))
    prior = list(QUICK["prior"].run(table, jobs_of(table, Strategy(learner="prior"))))
    outcomes = list(QUICK[name].run(table, jobs, keep=True))
    for outcome, floor in zip(outcomes, prior, strict=True):
        rows = outcome.job.scored_rows
        assert outcome.log_odds.shape == (len(rows), table.task.width)
        assert np.isfinite(outcome.log_odds).all()
        again = scorer_from_state(name, outcome.scorer.state())
        for many in (rows, rows[:7], rows[:0]):
            part = table.take(many)
            np.testing.assert_array_equal(
                again.log_odds(part), outcome.scorer.log_odds(part)
            )
        np.testing.assert_allclose(
            again.log_odds(table.take(rows[:7])), outcome.log_odds[:7], rtol=1e-12
        )
        if name != "prior":
            least = 0.9 * log_loss(table, rows, floor.log_odds)
            assert log_loss(table, rows, outcome.log_odds) < least
    (twice,) = QUICK[name].run(table, jobs[:1])
    np.testing.assert_array_equal(twice.log_odds, outcomes[0].log_odds)


@pytest.mark.parametrize("name", tuple(QUICK))
def test_a_class_without_training_rows_has_a_finite_score_and_a_note(name, jobs_of):
    table = class_table()
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    y = table.labels()
    job = dataclasses.replace(
        job,
        train_rows=job.train_rows[y[job.train_rows] != 2],
        stop_rows=job.stop_rows[y[job.stop_rows] != 2],
    )
    (outcome,) = QUICK[name].run(table, [job])
    assert any(note.startswith("'c' has no training rows") for note in outcome.notes)
    p = softmax(outcome.log_odds)
    assert np.isfinite(outcome.log_odds).all()
    rows = len(job.train_rows)
    assert 0 < p[:, 2].mean() < 3 / rows
    present = np.array([True, True, False, True])
    smaller = Table(
        table.columns,
        np.searchsorted([0, 1, 3], y),
        Task("multiclass", ("a", "b", "d")),
    )
    (alone,) = QUICK[name].run(smaller, [job])
    if name == "trees":  # whose folds depend on the numbers of the classes
        scored = job.scored_rows[y[job.scored_rows] != 2]
        here = y[job.scored_rows] != 2
        one = log_loss(table, scored, outcome.log_odds[here])
        other = log_loss(smaller, scored, alone.log_odds[here])
        assert abs(one - other) < 0.15 * other
        return
    np.testing.assert_allclose(
        softmax(outcome.log_odds[:, present]), softmax(alone.log_odds), atol=2e-3
    )


@pytest.mark.parametrize("name", FITTED)
def test_two_classes_left_of_four(name, jobs_of):
    table = class_table()
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    y = table.labels()
    job = dataclasses.replace(
        job,
        train_rows=job.train_rows[y[job.train_rows] < 2],
        stop_rows=job.stop_rows[y[job.stop_rows] < 2],
    )
    (outcome,) = QUICK[name].run(table, [job])
    binary = Table(table.columns, (y == 1).astype(np.int8), Task("binary", ("a", "b")))
    (alone,) = QUICK[name].run(binary, [job])
    gap = outcome.log_odds[:, 1] - outcome.log_odds[:, 0]
    if name == "trees":  # whose folds differ
        assert np.corrcoef(gap, alone.log_odds[:, 0])[0, 1] > 0.9
        return
    np.testing.assert_allclose(gap, alone.log_odds[:, 0], atol=1e-3)
    assert softmax(outcome.log_odds)[:, 2:].max() < 0.05


@pytest.mark.parametrize("name", FITTED)
def test_nothing_to_tell_apart_is_refused(name, jobs_of):
    table = class_table()
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    lone = job.train_rows[table.labels()[job.train_rows] == 0]
    job = dataclasses.replace(job, train_rows=lone, stop_rows=lone[:5])
    with pytest.raises(InputError, match="1 classes to train on"):
        next(iter(QUICK[name].run(table, [job])))


def test_the_logistic_regression_is_scikit_learn_s_multinomial_one(jobs_of):
    table = class_table()
    (job,) = jobs_of(table, Strategy(learner="logistic", weights="balanced"), parts=1)
    (outcome,) = LogisticLearner(strengths=(0.3,)).run(table, [job])
    encoding = learn_encoding(table, job.train_rows)
    x, test = (
        linear_matrix(table.take(rows), encoding)
        for rows in (job.train_rows, job.scored_rows)
    )
    y = table.labels()[job.train_rows]
    counts = np.bincount(y)
    model = LogisticRegression(C=0.3, tol=1e-8, max_iter=5000)
    model.fit(x, y, sample_weight=(len(y) / (4 * counts))[y])
    # balanced weights w_c = n / (4 n_c) are undone by -log w_c
    expected = model.decision_function(test) + np.log(counts)
    np.testing.assert_allclose(
        log_softmax(outcome.log_odds, axis=1), log_softmax(expected, axis=1), atol=2e-4
    )


def test_each_label_is_a_logistic_regression_of_its_own(jobs_of):
    table = label_table(unknown=0.0)
    strategy = Strategy(learner="logistic", weights="sqrt")
    (job,) = jobs_of(table, strategy, parts=1)
    (outcome,) = LogisticLearner().run(table, [job])
    for label, name in enumerate(table.task.classes):
        y = table.labels()[:, label]
        binary = Table(table.columns, y, Task("binary", (f"no {name}", name)))
        (alone,) = LogisticLearner().run(binary, [job])
        np.testing.assert_allclose(
            outcome.log_odds[:, label], alone.log_odds[:, 0], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("name", FITTED)
def test_unknown_labels_weigh_nothing(name, jobs_of):
    """What is behind an unknown label changes nothing that is learned."""
    table = label_table(unknown=0.3)
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    (outcome,) = QUICK[name].run(table, [job])
    y = table.labels().copy()
    y[job.scored_rows] = -1
    (blind,) = QUICK[name].run(dataclasses.replace(table, y=y), [job])
    np.testing.assert_array_equal(outcome.log_odds, blind.log_odds)


@pytest.mark.parametrize("name", tuple(QUICK))
def test_a_label_that_is_constant_in_a_part_is_a_constant(name, jobs_of):
    table = label_table()
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    y = table.labels().copy()
    taught = np.concatenate([job.train_rows, job.stop_rows])
    y[taught, 1] = np.minimum(y[taught, 1], 0)
    (outcome,) = QUICK[name].run(dataclasses.replace(table, y=y), [job])
    assert any(note.startswith("'m' has only one value") for note in outcome.notes)
    constant = outcome.log_odds[:, 1]
    assert np.isfinite(constant).all()
    assert np.ptp(constant) < 1e-12
    assert constant[0] < -np.log(len(job.train_rows))


@pytest.mark.parametrize("name", tuple(QUICK))
def test_a_weight_of_two_is_a_second_copy(name, jobs_of):
    """Exact where nothing is drawn at random, near it otherwise."""
    table = class_table(500)
    (job,) = jobs_of(table, Strategy(learner=name), parts=1)
    weights = np.ones(len(table))
    twice = job.train_rows[::3]
    weights[twice] = 2.0
    (weighted,) = QUICK[name].run(
        table, [dataclasses.replace(job, row_weights=weights)]
    )
    if name in ("prior", "logistic"):
        copies = np.sort(np.concatenate([job.train_rows, twice]))
        (copied,) = QUICK[name].run(
            table, [dataclasses.replace(job, train_rows=copies)]
        )
        close = {"atol": 1e-9} if name == "prior" else {"atol": 0.06}
        np.testing.assert_allclose(
            log_softmax(weighted.log_odds, axis=1),
            log_softmax(copied.log_odds, axis=1),
            **close,
        )
    (plain,) = QUICK[name].run(table, [job])
    assert not np.array_equal(plain.log_odds, weighted.log_odds)


@pytest.mark.parametrize("name", FITTED)
def test_balanced_weights_are_undone(name, jobs_of):
    """The corrected scores of a weighted fit are near those of the plain one."""
    table = class_table(2500)
    (plain_job, weighted_job) = jobs_of(
        table,
        Strategy("plain", learner=name),
        Strategy("balanced", learner=name, weights="balanced"),
        parts=1,
    )
    (plain,) = QUICK[name].run(table, [plain_job])
    (weighted,) = QUICK[name].run(table, [weighted_job])
    one, other = softmax(plain.log_odds), softmax(weighted.log_odds)
    assert np.abs(one.mean(axis=0) - other.mean(axis=0)).max() < 0.04
    rows = plain_job.scored_rows
    assert log_loss(table, rows, weighted.log_odds) < 1.1 * log_loss(
        table, rows, plain.log_odds
    )


def test_one_class_against_the_rest_is_ordered_as_two_classes_are(jobs_of):
    """Statistically: the views of several classes rank as binary problems do."""
    from sklearn.metrics import roc_auc_score

    table = class_table(2000)
    for name in FITTED:
        (job,) = jobs_of(table, Strategy(learner=name), parts=1)
        (outcome,) = QUICK[name].run(table, [job])
        odds, y = one_against_rest(outcome.log_odds), table.labels()
        truth = (y == 1).astype(np.int8)
        binary = Table(table.columns, truth, Task("binary", ("rest", "b")))
        (alone,) = QUICK[name].run(binary, [job])
        scores = truth[job.scored_rows]
        one = roc_auc_score(scores, odds[:, 1])
        other = roc_auc_score(scores, alone.log_odds[:, 0])
        assert abs(one - other) < 0.05


def test_the_job_s_totals_are_vectors():
    table, labels = class_table(60), label_table(60)
    rows = np.arange(40)
    job = Job(Strategy(), rows, rows[:0], rows[:0], 0, row_weights=np.full(60, 2.0))
    np.testing.assert_array_equal(
        job.totals(table, rows), 2 * np.bincount(table.labels()[rows], minlength=4)
    )
    y = labels.labels()[rows]
    np.testing.assert_array_equal(
        job.totals(labels, rows),
        2 * np.stack([(y == 0).sum(axis=0), (y == 1).sum(axis=0)], axis=1),
    )
