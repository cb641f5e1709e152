# SPDX-License-Identifier: Apache-2.0
"""LightGBM, XGBoost and CatBoost as learners of every task."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from equipoise._core import extras
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import tree_matrix
from equipoise.errors import InputError, MissingExtraError
from equipoise.jobs import Job, Outcome
from equipoise.learners.boosting.learner import BoostingLearner
from equipoise.learners.boosting.library import Grown, GrowRows, TreeNodes, forest_from
from equipoise.learners.registry import learner_for
from equipoise.models.state import pack, unpack
from equipoise.priors import probability, softmax
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Table
from equipoise.task import Task

NAMES = ("lightgbm", "xgboost", "catboost")
QUICK = {"trees": 120, "patience": 20, "learning_rate": 0.1}
Jobs = Callable[..., list[Job]]


def strategy_of(name: str, **parts: Any) -> Strategy:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    options = {**QUICK, **parts.pop("options", {})}
    return Strategy(parts.pop("title", ""), learner=name, options=options, **parts)


def table_of(kind: str, rows: int = 1200, seed: int = 0) -> Table:
    """Numbers with gaps and categories; the target's logits are known."""
    random = np.random.default_rng(seed)
    x, few = random.normal(size=(rows, 3)), random.integers(0, 40, rows)
    holed = x[:, 2].copy()
    holed[random.random(rows) < 0.1] = np.nan
    columns = (
        Column("x", "numeric", x[:, 0]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few.astype(np.int32), tuple(map(str, range(40)))),
    )
    score = 1.5 * x[:, 0] + 2.0 * (few % 3 == 0)
    if kind == "multiclass":
        logits = np.stack([score, -score, 0 * score - 0.5, 1 - 2 * holed], axis=1)
        logits[:, 3] = np.where(np.isnan(holed), 1.5, -2)
        p = softmax(logits)
        y = np.array([random.choice(4, p=row) for row in p])
        return Table(columns, y, Task("multiclass", ("a", "b", "c", "d")))
    if kind == "multilabel":
        logits = np.stack([score - 2, -score, x[:, 1] - 1], axis=1)
        y = (random.random(logits.shape) < probability(logits)).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
        return Table(columns, y, Task("multilabel", ("l", "m", "n")))
    y = (random.random(rows) < probability(score - 3)).astype(np.int8)
    return Table(columns, y, Task("binary", ("n", "p")))


def run(table: Table, *jobs: Job, **arguments: Any) -> list[Outcome]:
    return list(learner_for(jobs[0].strategy).run(table, jobs, **arguments))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("name", NAMES)
def test_it_learns_every_task(name: str, kind: str, jobs_of: Jobs) -> None:
    table = table_of(kind)
    (job,) = jobs_of(table, strategy_of(name), parts=1)
    (outcome,) = run(table, job, keep=True)
    assert outcome.log_odds.shape == (len(job.scored_rows), table.task.width)
    assert np.isfinite(outcome.log_odds).all()
    y = table.labels()[job.scored_rows]
    (prior,) = learner_for(Strategy(learner="prior")).run(table, [job])
    if kind == "multiclass":
        losses = [
            log_loss(y, softmax(each.log_odds), labels=range(4))
            for each in (outcome, prior)
        ]
    else:
        known = y >= 0
        losses = [
            log_loss(np.ravel(y[known]), np.ravel(probability(z)[known]))
            for z in (np.reshape(each.log_odds, y.shape) for each in (outcome, prior))
        ]
    assert losses[0] < losses[1] - 0.05
    assert outcome.scorer is not None
    state = unpack(pack(outcome.scorer.state(), "state"), "state")
    again = LEARNERS[name].load_scorer().from_state(state)
    rows = table.take(job.scored_rows)
    assert np.array_equal(again.log_odds(rows), outcome.scorer.log_odds(rows))
    assert 0 < outcome.best_epoch <= outcome.updates


@pytest.mark.parametrize("name", NAMES)
def test_balanced_weights_are_undone_exactly(name: str, jobs_of: Jobs) -> None:
    table = table_of("binary", rows=4000)
    plain, weighted = (
        run(table, *jobs_of(table, strategy_of(name, weights=scheme), parts=1))[0]
        for scheme in (None, "balanced")
    )
    y = table.labels()[plain.job.scored_rows]
    p, q = (probability(each.log_odds[:, 0]) for each in (plain, weighted))
    assert not np.array_equal(p, q)
    (offset,) = weighted.job.strategy.correction([820, 180]).offset
    uncorrected = probability(weighted.log_odds[:, 0] - offset)
    assert q.mean() == pytest.approx(y.mean(), abs=0.06)
    assert uncorrected.mean() > y.mean() + 0.12
    assert log_loss(y, q) < log_loss(y, p) + 0.03
    assert roc_auc_score(y, q) > 0.8


class StubLibrary:
    """Grows given stumps, and remembers what it was given."""

    name = "Stub"

    def __init__(self, steps: tuple[float, ...]) -> None:
        self.steps = steps
        self.rows: GrowRows | None = None

    def grow(self, rows: GrowRows, options: Any, seed: int, threads: int) -> Grown:
        self.rows = rows
        trees = [
            TreeNodes(
                feature=np.full(3, rows.categories),
                threshold=np.array([0.0, 0, 0]),
                left=np.array([1, 1, 2]),
                right=np.array([2, 1, 2]),
                missing_left=np.zeros(3, bool),
                subset=np.full(3, -1),
                subsets=np.zeros((0, 256), bool),
                value=np.array([0.0, -step, step]),
                depth=1,
            )
            for step in self.steps
        ]
        forest = forest_from(trees, 0.0)
        return Grown((forest,), forest.raw(rows.stop)[:, None], 1e-9)


def test_as_many_trees_are_kept_as_give_the_least_corrected_loss(
    jobs_of: Jobs,
) -> None:
    table = table_of("binary")
    steps = (0.4, 0.4, 0.4, 3.0, 3.0)
    for scheme in (None, "balanced"):
        library = StubLibrary(steps)
        strategy = Strategy(learner="lightgbm", weights=scheme)
        (job,) = jobs_of(table, strategy, parts=1)
        (outcome,) = BoostingLearner(library).run(table, [job])
        part = table.take(job.stop_rows)
        matrix = tree_matrix(part, learn_encoding(table, job.train_rows))
        signs = np.where(matrix[:, 1] > 0, 1.0, -1.0)
        used = np.concatenate([job.train_rows, job.stop_rows])
        totals = np.bincount(table.labels()[used])
        offset = 0.0 if scheme is None else np.log(totals[1] / totals[0])
        sums = np.cumsum(steps)
        losses = [
            log_loss(part.labels(), probability(signs * each + offset)) for each in sums
        ]
        assert outcome.best_epoch == np.argmin(losses) + 1
        assert outcome.updates == len(steps)


def test_weights_of_rows_and_classes_are_multiplied(jobs_of: Jobs) -> None:
    table = table_of("binary")
    library = StubLibrary((0.1,))
    (job,) = jobs_of(table, Strategy(learner="xgboost", weights="balanced"), parts=1)
    weights = np.random.default_rng(1).random(len(table)) + 0.5
    list(BoostingLearner(library).run(table, [replace(job, row_weights=weights)]))
    assert library.rows is not None
    y = table.labels()[job.train_rows]
    used = np.concatenate([job.train_rows, job.stop_rows])
    totals = np.bincount(table.labels()[used], weights[used])
    expected = weights[job.train_rows] * (totals.sum() / (2 * totals))[y]
    assert library.rows.weights == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(library.rows.y, y)


@pytest.mark.parametrize("name", NAMES)
def test_columns_that_say_nothing_give_the_prior(name: str, jobs_of: Jobs) -> None:
    table = table_of("binary")
    same = Column("same", "numeric", np.full(len(table), 2.0))
    empty = Column("empty", "numeric", np.full(len(table), np.nan))
    for columns in ((same,), (same, empty), ()):
        bare = replace(table, columns=columns)
        (outcome,) = run(bare, *jobs_of(bare, strategy_of(name), parts=1))
        share = bare.labels()[outcome.job.train_rows].mean()
        assert probability(outcome.log_odds) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_class_counts_as_half_a_row(name: str, jobs_of: Jobs) -> None:
    table = table_of("multiclass")
    (job,) = jobs_of(table, strategy_of(name), parts=1)
    y = table.labels().copy()
    both = np.concatenate([job.train_rows, job.stop_rows])
    y[both[y[both] == 2]] = 0
    (outcome,) = run(replace(table, y=y), job)
    p = softmax(outcome.log_odds)
    assert "'c' has no training rows" in outcome.notes[0]
    assert p[:, 2].mean() == pytest.approx(0.5 / len(both), rel=0.5)
    (two,) = run(replace(table, y=np.where(y > 1, 0, y)), job)
    assert softmax(two.log_odds)[:, 2:].max() < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_label_of_one_value_is_its_share(name: str, jobs_of: Jobs) -> None:
    table = table_of("multilabel")
    y = table.labels().copy()
    y[:, 1] = np.where(y[:, 1] < 0, -1, 0)
    (outcome,) = run(replace(table, y=y), *jobs_of(table, strategy_of(name), parts=1))
    assert np.ptp(outcome.log_odds[:, 1]) == 0
    assert probability(outcome.log_odds[0, 1]) < 0.01
    assert np.ptp(outcome.log_odds[:, 0]) > 0


def test_one_class_alone_is_refused(jobs_of: Jobs) -> None:
    table = replace(table_of("binary"), y=np.zeros(1200, np.int8))
    (job,) = jobs_of(table, Strategy(learner="lightgbm"), parts=1)
    with pytest.raises(InputError):
        list(BoostingLearner(StubLibrary((0.1,))).run(table, [job]))


@pytest.mark.parametrize(
    ("name", "extra"),
    [("lightgbm", "boosting"), ("xgboost", "boosting"), ("catboost", "catboost")],
)
def test_without_the_extra_it_says_what_to_install(
    name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as raised:
        learner_for(Strategy(learner=name))
    command = f'pip install "equipoise[{extra}]"'
    assert command in str(raised.value)
    assert f"learner={name!r} without {name!r}" in str(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_model_needs_no_library(
    name: str, jobs_of: Jobs, tmp_path: Path
) -> None:
    table = table_of("binary")
    (outcome,) = run(table, *jobs_of(table, strategy_of(name), parts=1), keep=True)
    scorer: Any = outcome.scorer
    path = tmp_path / "state.pickle"
    path.write_bytes(pickle.dumps(scorer.state()))
    code = f"""
import pickle, sys
sys.modules.update(dict.fromkeys({NAMES}, None))
from pathlib import Path
from equipoise.learners.registry import scorer_from_state
state = pickle.loads(Path({str(path)!r}).read_bytes())
scorer = scorer_from_state({name!r}, state)
print(len(scorer.forests[0].roots), "sklearn" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(len(scorer.forests[0].roots)), "False"]


@pytest.mark.parametrize("name", NAMES)
def test_the_records_options_are_those_that_the_library_takes(name: str) -> None:
    record = LEARNERS[name]
    assert record.options["learning_rate"].default in (0.04, 0.08)
    mine = Strategy(learner=name, options={"trees": 3, "learning_rate": 0.5})
    assert mine.option("trees") == 3
    with pytest.raises(InputError, match="trees"):
        Strategy(learner=name, options={"trees": 0})


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("name", NAMES)
def test_the_keras_layer_scores_as_the_arrays_do(
    name: str, kind: str, jobs_of: Jobs
) -> None:
    from equipoise.learners.trees.scorer_layers import boosted_layer

    table = table_of(kind, rows=500)
    strategy = strategy_of(name, options={"trees": 15})
    (outcome,) = run(table, *jobs_of(table, strategy, parts=1), keep=True)
    scorer: Any = outcome.scorer
    rows = table.take(outcome.job.scored_rows)
    scores = np.asarray(boosted_layer(scorer)(tree_matrix(rows, scorer.encoding)))
    assert scores == pytest.approx(scorer.log_odds(rows), abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_very_rare_class_is_learned_with_a_penalty(name: str, jobs_of: Jobs) -> None:
    table = gaussian_shift(
        rows=12_000, positives=30, features=4, auroc=0.95, seed=2
    ).table
    usual, one, none = (
        strategy_of(name, options=options) for options in ({}, {"l2": 1}, {"l2": 1e-5})
    )
    y, losses = None, []
    for strategy in (usual, one, none):
        (job,) = jobs_of(table, strategy, parts=1)
        (outcome,) = run(table, job)
        y = table.y[job.scored_rows]
        losses.append(log_loss(y, probability(outcome.log_odds[:, 0])))
    assert y is not None
    assert losses[0] == losses[1] != losses[2]
    assert losses[0] < log_loss(y, np.full(len(y), y.mean()))
