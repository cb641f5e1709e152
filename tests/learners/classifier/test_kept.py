# SPDX-License-Identifier: Apache-2.0
"""Fitted classifiers that are kept as plain arrays score as they do themselves."""

from __future__ import annotations

import dataclasses
import importlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import (
    LogisticRegression,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

import equipoise as eq
from equipoise._core.seeds import derive
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import dense_matrix
from equipoise.errors import UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.classifier.kept import KeptScorer, keeper, raw_scores
from equipoise.learners.classifier.learner import ClassifierLearner, seeded_copy
from equipoise.models.state import pack, unpack
from equipoise.priors import probability
from equipoise.strategies.classifier_object import classified
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Table
from equipoise.task import Task

Jobs = Callable[..., list[Job]]
QUIET: dict[str, dict[str, Any]] = {
    "lightgbm.LGBMClassifier": {"n_estimators": 15, "verbose": -1},
    "xgboost.XGBClassifier": {"n_estimators": 15},
    "catboost.CatBoostClassifier": {
        "iterations": 15,
        "logging_level": "Silent",
        "allow_writing_files": False,
    },
}
OURS = (
    HistGradientBoostingClassifier(max_iter=15),
    LogisticRegression(C=0.5),
    RidgeClassifier(),
    RidgeClassifierCV(),
    SGDClassifier(loss="log_loss"),
    LinearSVC(),
    LinearDiscriminantAnalysis(),
)
ALL = [*QUIET, *OURS]


def made(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    module, _, name = item.partition(".")
    return getattr(pytest.importorskip(module), name)(**QUIET[item])


def name_of(item: Any) -> str:
    return item if isinstance(item, str) else type(item).__name__


def table_of(kind: str, rows: int = 500) -> Table:
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 2))
    holed = np.where(random.random(rows) < 0.1, np.nan, x[:, 1])
    few = random.integers(0, 4, rows).astype(np.int32)
    columns = (
        Column("x", "numeric", x[:, 0]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few, tuple("abcd")),
    )
    if kind == "multiclass":
        p = softmax(np.stack([2 * x[:, 0], -2 * x[:, 0], x[:, 1]], axis=1), axis=1)
        y = np.array([random.choice(3, p=row) for row in p])
        return Table(columns, y, Task("multiclass", ("p", "q", "r")))
    if kind == "multilabel":
        logits = np.stack([2 * x[:, 0] - 1, 2 * x[:, 1] - 1], axis=1)
        y = (random.random(logits.shape) < probability(logits)).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
        return Table(columns, y, Task("multilabel", ("l", "m")))
    y = (random.random(rows) < probability(2 * x[:, 0] - 1)).astype(np.int8)
    return Table(columns, y, Task("binary", ("n", "p")))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("item", ALL, ids=name_of)
def test_the_arrays_score_as_the_classifier_does(
    item: Any, kind: str, jobs_of: Jobs
) -> None:
    classifier = made(item)
    table = table_of(kind)
    (job,) = jobs_of(table, classified(classifier), parts=1)
    (outcome,) = ClassifierLearner().run(table, [job], keep=True)
    scorer: Any = outcome.scorer
    again = KeptScorer.from_state(unpack(pack(scorer.state(), "s"), "s"))
    rows = table.take(job.scored_rows)
    assert np.array_equal(again.log_odds(rows), outcome.log_odds)
    if kind == "multilabel":
        return
    matrix = dense_matrix(table, learn_encoding(table, job.train_rows))
    used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    model = seeded_copy(classifier, derive(job.seed, "classifier") % 2**31)
    model.fit(matrix[used], table.labels()[used].astype(np.int64))
    expected = raw_scores(model, matrix[job.scored_rows])
    assert outcome.log_odds == pytest.approx(expected, abs=3e-6)


@pytest.mark.parametrize("item", [*QUIET, *OURS[:2]], ids=name_of)
def test_two_of_three_classes(item: Any, jobs_of: Jobs) -> None:
    classifier = made(item)
    table = table_of("multiclass")
    (job,) = jobs_of(table, classified(classifier), parts=1)
    both = np.concatenate([job.train_rows, job.stop_rows])
    y = table.labels().copy()
    y[both[y[both] == 0]] = 2
    (outcome,) = ClassifierLearner().run(
        dataclasses.replace(table, y=y), [job], keep=True
    )
    p = softmax(outcome.log_odds, axis=1)
    assert p[:, 0].mean() == pytest.approx(0.5 / len(both), rel=2)
    scorer: Any = outcome.scorer
    assert KeptScorer.from_state(scorer.state())


def test_what_is_not_a_plain_sum_of_trees_is_not_kept() -> None:
    x = np.random.default_rng(0).normal(size=(200, 2))
    y = (x[:, 0] > 0).astype(int)
    lightgbm = pytest.importorskip("lightgbm")
    forest = lightgbm.LGBMClassifier(
        n_estimators=5,
        boosting_type="rf",
        subsample=0.5,
        subsample_freq=1,
        verbose=-1,
    ).fit(x, y)
    read: Any = keeper(forest)
    assert read(forest, 2) is None
    xgboost = pytest.importorskip("xgboost")
    for changed in ({"booster": "dart"}, {"booster": "gblinear"}):
        model = xgboost.XGBClassifier(n_estimators=5, **changed).fit(x, y)
        read = keeper(model)
        assert read(model, 2) is None


def test_what_fit_cannot_keep_compare_serves() -> None:
    table = gaussian_shift(rows=200, positives=40, seed=1).table
    short: Any = {"folds": 2, "repeats": 1}
    with pytest.raises(UnsupportedError, match="fit with 'KNeighborsClassifier'"):
        eq.fit(table, strategy=KNeighborsClassifier(), **short)
    strategies = ["prior", KNeighborsClassifier()]
    trial = eq.compare(table, strategies=strategies, network="linear", **short)
    assert "KNeighborsClassifier" in trial.names


def test_a_model_of_classifiers_is_saved_and_exported(tmp_path: Path) -> None:
    table = gaussian_shift(rows=200, positives=40, seed=1).table
    arms = [HistGradientBoostingClassifier(max_iter=5), LogisticRegression()]
    model = eq.fit(table, strategy=arms, folds=2, repeats=1)
    path = tmp_path / "model.equipoise"
    model.save(path)
    loaded = eq.load(path)
    p = model.predict_proba(table)
    assert np.array_equal(loaded.predict_proba(table), p)
    assert b"sklearn" not in pickle.dumps(loaded.components[0].scorers)
    assert "max_iter=5" in str(loaded.components[0].strategy)
    columns = {name: value for name, value in table.raw().items()}
    keras_model = importlib.import_module("equipoise.export.keras").keras_model
    twin = keras_model(loaded)
    assert np.asarray(twin(columns))[:, 0] == pytest.approx(p[:, 1], abs=1e-6)
