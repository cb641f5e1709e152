# SPDX-License-Identifier: Apache-2.0
"""Copies of a classifier on parts of every task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import dense_matrix
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Job, Outcome
from equipoise.learners.classifier.learner import ClassifierLearner, seeded_copy
from equipoise.learners.registry import learner_for
from equipoise.priors import probability
from equipoise.strategies.classifier_object import Classified, classified
from equipoise.table.table import Column, Table
from equipoise.task import Task

Jobs = Callable[..., list[Job]]


def table_of(kind: str = "binary", rows: int = 600) -> Table:
    random = np.random.default_rng(0)
    x, few = random.normal(size=(rows, 2)), random.integers(0, 3, rows)
    holed = np.where(random.random(rows) < 0.1, np.nan, x[:, 1])
    columns = (
        Column("x", "numeric", x[:, 0]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few.astype(np.int32), ("a", "b", "c")),
    )
    if kind == "multiclass":
        p = softmax(np.stack([2 * x[:, 0], -2 * x[:, 0], x[:, 1]], axis=1), axis=1)
        y = np.array([random.choice(3, p=row) for row in p])
        return Table(columns, y, Task("multiclass", ("p", "q", "r")))
    if kind == "multilabel":
        logits = np.stack([2 * x[:, 0] - 1, 2 * x[:, 1] - 1, x[:, 0]], axis=1)
        y = (random.random(logits.shape) < probability(logits)).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
        return Table(columns, y, Task("multilabel", ("l", "m", "n")))
    y = (random.random(rows) < probability(2 * x[:, 0] - 1)).astype(np.int8)
    return Table(columns, y, Task("binary", ("n", "p")))


def run(table: Table, job: Job, **arguments: Any) -> Outcome:
    (outcome,) = ClassifierLearner().run(table, [job], **arguments)
    return outcome


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize(
    "classifier",
    [
        GaussianNB(),
        RandomForestClassifier(20),
        LogisticRegression(),
        SVC(),
        Perceptron(),
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
    ],
    ids=lambda item: type(item).__name__,
)
def test_every_task(classifier: Any, kind: str, jobs_of: Jobs) -> None:
    table = table_of(kind)
    (job,) = jobs_of(table, classified(classifier), parts=1)
    outcome = run(table, job, keep=True)
    assert outcome.log_odds.shape == (len(job.scored_rows), table.task.width)
    assert np.isfinite(outcome.log_odds).all()
    assert np.array_equal(run(table, job).log_odds, outcome.log_odds)
    y = table.labels()[job.scored_rows]
    if kind == "multiclass":
        assert (outcome.log_odds.argmax(axis=1) == y).mean() > 0.5
    else:
        known = np.reshape(y, outcome.log_odds.shape)
        hit = (outcome.log_odds > 0) == (known == 1)
        assert hit[known >= 0].mean() > 0.6
    assert outcome.scorer is not None
    none = outcome.scorer.log_odds(table.take(np.arange(0)))
    assert none.shape == (0, table.task.width)


def test_it_learns_from_training_and_stop_rows(jobs_of: Jobs) -> None:
    table = table_of()
    (job,) = jobs_of(table, classified(GaussianNB()), parts=1)
    encoding = learn_encoding(table, job.train_rows)
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    matrix = dense_matrix(table, encoding)
    model = GaussianNB().fit(matrix[used], table.labels()[used])
    p = model.predict_proba(matrix[job.scored_rows])[:, 1]
    inside = (len(used) * p + 0.5) / (len(used) + 1)
    expected = np.log(inside / (1 - inside))
    assert run(table, job).log_odds[:, 0] == pytest.approx(expected, abs=1e-9)


def test_probabilities_of_0_and_1_keep_their_order(jobs_of: Jobs) -> None:
    table = table_of()
    (job,) = jobs_of(table, classified(DecisionTreeClassifier()), parts=1)
    rows = len(job.train_rows) + len(job.stop_rows)
    most = np.log(rows + 0.5) - np.log(0.5)
    assert np.abs(run(table, job).log_odds).max() == pytest.approx(most)


class Recorder(GaussianNB):
    """Remembers what it was given."""

    seen: list[Any] = []  # noqa: RUF012

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Recorder:
        Recorder.seen.append((X.copy(), y.copy(), sample_weight))
        super().fit(X, y, sample_weight)
        return self


@pytest.mark.parametrize("piped", [False, True])
def test_class_and_row_weights_are_multiplied(piped: bool, jobs_of: Jobs) -> None:
    table = table_of()
    classifier = make_pipeline(Recorder()) if piped else Recorder()
    strategy = classified(classifier, weights="balanced")
    (job,) = jobs_of(table, strategy, parts=1)
    rows = np.random.default_rng(1).random(len(table)) + 0.5
    Recorder.seen.clear()
    run(table, replace(job, row_weights=rows))
    ((_, y, weights),) = Recorder.seen
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    totals = np.bincount(y, rows[used])
    assert weights == pytest.approx(rows[used] * (totals.sum() / (2 * totals))[y])
    Recorder.seen.clear()
    run(table, *jobs_of(table, classified(Recorder()), parts=1))
    assert Recorder.seen[0][2] is None


def test_drawn_rows_are_all_that_it_sees(jobs_of: Jobs) -> None:
    table = table_of()
    strategy = classified(Recorder(), sampling="undersample")
    (job,) = jobs_of(table, strategy, parts=1)
    Recorder.seen.clear()
    (outcome,) = learner_for(strategy).run(table, [job])
    ((_, y, _),) = Recorder.seen
    positives = int(table.labels()[job.train_rows].sum())
    assert np.bincount(y).tolist() == [positives, positives]
    assert outcome.job is job


def test_rows_of_unknown_labels_are_left_out(jobs_of: Jobs) -> None:
    table = table_of("multilabel")
    (job,) = jobs_of(table, classified(Recorder()), parts=1)
    Recorder.seen.clear()
    run(table, job)
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    for label, (_, y, _) in enumerate(Recorder.seen):
        known = table.labels()[used, label]
        assert np.array_equal(y, known[known >= 0])


@pytest.mark.parametrize("classifier", [GaussianNB(), LogisticRegression(), SVC()])
def test_an_absent_class_counts_as_half_a_row(classifier: Any, jobs_of: Jobs) -> None:
    table = table_of("multiclass")
    (job,) = jobs_of(table, classified(classifier), parts=1)
    both = np.concatenate([job.train_rows, job.stop_rows])
    y = table.labels().copy()
    y[both[y[both] == 1]] = 0
    outcome = run(replace(table, y=y), job)
    assert "'q' has no training rows" in outcome.notes[0]
    share = softmax(outcome.log_odds, axis=1)[:, 1]
    assert share.mean() == pytest.approx(0.5 / len(both), rel=0.9)
    assert share.mean() > 0.01 / len(both)


def test_a_label_of_one_value_is_its_share(jobs_of: Jobs) -> None:
    table = table_of("multilabel")
    y = table.labels().copy()
    y[:, 2] = np.where(y[:, 2] < 0, -1, 1)
    (job,) = jobs_of(table, classified(GaussianNB()), parts=1)
    scores = run(replace(table, y=y), job).log_odds
    assert np.ptp(scores[:, 2]) == 0
    assert probability(scores[0, 2]) > 0.99


class Failing(GaussianNB):
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Failing:
        raise RuntimeError("no luck today")


class Infinite(GaussianNB):
    def predict_proba(self, X: Any) -> Any:
        return np.full((len(X), 2), np.nan)


class Narrow(GaussianNB):
    def predict_proba(self, X: Any) -> Any:
        return super().predict_proba(X)[:, 1]


@pytest.mark.parametrize(
    ("classifier", "error", "says"),
    [
        (Failing(), InputError, r"'mine' in part 1 of the trial: it raised Runtime"),
        (Infinite(), InputError, "predict_proba that are not finite"),
        (Narrow(), UnsupportedError, r"predict_proba of shape \(\d+,\)"),
    ],
)
def test_what_goes_wrong_names_the_arm_and_the_reason(
    classifier: Any, error: type[Exception], says: str, jobs_of: Jobs
) -> None:
    table = table_of()
    (job,) = jobs_of(table, classified(classifier, "mine"), parts=1)
    with pytest.raises(error, match=says):
        run(table, job)


def test_row_weights_need_a_classifier_that_takes_them(jobs_of: Jobs) -> None:
    table = table_of()
    (job,) = jobs_of(table, classified(KNeighborsClassifier()), parts=1)
    with pytest.raises(UnsupportedError, match="row weights for KNeighbors"):
        run(table, replace(job, row_weights=np.ones(len(table))))


def test_a_text_in_place_of_the_classifier_learns_nothing(jobs_of: Jobs) -> None:
    table = table_of()
    text = Classified.from_dict(classified(GaussianNB()).to_dict())
    with pytest.raises(InputTypeError, match=r"made by classified\(\)"):
        run(table, *jobs_of(table, text, parts=1))


def test_seeds_are_set_where_there_are_none() -> None:
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5))
    copied = seeded_copy(pipeline, 7)
    assert copied.steps[-1][1].random_state == 7
    assert pipeline.steps[-1][1].random_state is None
    assert seeded_copy(RandomForestClassifier(random_state=3), 7).random_state == 3
    assert isinstance(seeded_copy(GaussianNB(), 7), GaussianNB)


def test_what_stays_in_memory_is_not_saved(jobs_of: Jobs) -> None:
    table = table_of()
    (job,) = jobs_of(table, classified(GaussianNB()), parts=1)
    outcome = run(table, job, keep=True)
    assert outcome.scorer is not None
    with pytest.raises(UnsupportedError, match="a GaussianNB to save"):
        outcome.scorer.state()
