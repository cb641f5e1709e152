# SPDX-License-Identifier: Apache-2.0
"""Sampling and synthesis for learners that take all their rows at once."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import InputError
from equipoise.jobs import Job, Outcome
from equipoise.learners.drawn import DrawnLearner, drawn_job
from equipoise.learners.linear.logistic import LogisticLearner
from equipoise.learners.registry import learner_for
from equipoise.learners.trees.extra import ExtraTreesLearner
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.priors import probability
from equipoise.sampling.samplers import SAMPLERS
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis import Smote
from equipoise.synthesis.label_smote import rare_labels
from equipoise.table.table import Column, Table
from equipoise.task import Task

Jobs = Callable[..., list[Job]]
QUICK: dict[str, Any] = {
    "logistic": LogisticLearner(),
    "trees": TreesLearner(most_trees=40, members=3),
    "extra_trees": ExtraTreesLearner(trees=24, leaves=(3, 10)),
}
KINDS = ("binary", "multiclass", "multilabel")


def table_of(kind: str = "binary", rows: int = 1000, seed: int = 0) -> Table:
    random = np.random.default_rng(seed)
    x, few = random.normal(size=(rows, 2)), random.integers(0, 3, rows)
    holed = np.where(random.random(rows) < 0.1, np.nan, x[:, 1])
    columns = (
        Column("x", "numeric", x[:, 0]),
        Column("holed", "numeric", holed),
        Column("few", "categorical", few.astype(np.int32), ("a", "b", "c")),
    )
    if kind == "multiclass":
        p = softmax(np.stack([x[:, 0] + 2, -x[:, 0], x[:, 1] - 1], axis=1), axis=1)
        y = np.array([random.choice(3, p=row) for row in p])
        return Table(columns, y, Task("multiclass", ("p", "q", "r")))
    if kind == "multilabel":
        logits = np.stack([x[:, 0] - 2, x[:, 1] - 1, x[:, 0] + x[:, 1]], axis=1)
        y = (random.random(logits.shape) < probability(logits)).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
        return Table(columns, y, Task("multilabel", ("l", "m", "n")))
    y = (random.random(rows) < probability(1.5 * x[:, 0] - 2.5)).astype(np.int8)
    return Table(columns, y, Task("binary", ("n", "p")))


def totals_of(table: Table, rows: np.ndarray) -> np.ndarray:
    return np.bincount(table.labels()[rows], minlength=len(table.task.classes))


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize(
    "sampling",
    [
        name
        for name, sampler in SAMPLERS.items()
        if name != "natural" and not sampler.moves
    ],
)
def test_classes_are_drawn_in_the_samplers_shares(
    sampling: str, kind: str, jobs_of: Jobs
) -> None:
    table = table_of(kind)
    strategy = Strategy(learner="logistic", sampling=sampling)
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    before, after = totals_of(table, job.train_rows), totals_of(rows, made.train_rows)
    prior = strategy.sampler().prior(before.tolist())
    assert after / after.sum() == pytest.approx(prior, abs=0.012)
    assert made.totals(rows, made.train_rows) == pytest.approx(before)
    assert made.drawn
    if sampling == "undersample":
        assert after.min() == before.min()
        assert after.max() <= before.min() + 1
    if strategy.sampler().repeats_positives:
        assert after[before.argmax()] == pytest.approx(before.max(), abs=1)
    for place, name in (("stop_rows", "stop"), ("scored_rows", "scored")):
        old, new = table.take(getattr(job, place)), rows.take(getattr(made, place))
        assert np.array_equal(old.labels(), new.labels()), name
        assert np.array_equal(old["x"].values, new["x"].values), name


def test_an_extreme_rate_does_not_draw_without_end(jobs_of: Jobs) -> None:
    table = table_of()
    for rate in (1e-6, 0.999):
        strategy = Strategy(learner="trees", sampling="rate", options={"rate": rate})
        (job,) = jobs_of(table, strategy, parts=1)
        rows, made, _ = drawn_job(table, job)
        after = totals_of(rows, made.train_rows)
        assert after.min() >= 1
        assert after.sum() <= 10 * len(job.train_rows) + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", QUICK)
def test_every_learner_on_every_task(name: str, kind: str, jobs_of: Jobs) -> None:
    table = table_of(kind, rows=700)
    for sampling in ("undersample", "oversample"):
        (job,) = jobs_of(table, Strategy(learner=name, sampling=sampling), parts=1)
        drawn = DrawnLearner(QUICK[name])
        (outcome,) = drawn.run(table, [job], keep=True)
        (again,) = drawn.run(table, [job])
        assert outcome.job is job
        assert outcome.log_odds.shape == (len(job.scored_rows), table.task.width)
        assert np.isfinite(outcome.log_odds).all()
        assert np.array_equal(outcome.log_odds, again.log_odds)
        assert outcome.scorer is not None
        scores = outcome.scorer.log_odds(table.take(job.scored_rows))
        assert scores == pytest.approx(outcome.log_odds, abs=1e-9)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_boosting_libraries_on_drawn_rows(name: str, jobs_of: Jobs) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    options = {"trees": 60, "patience": 10}
    for kind in KINDS:
        table = table_of(kind)
        strategy = Strategy(learner=name, sampling="undersample", options=options)
        (job,) = jobs_of(table, strategy, parts=1)
        (outcome,) = learner_for(strategy).run(table, [job])
        p = table.task.probability(outcome.log_odds)
        y = table.labels()[job.scored_rows]
        if kind == "binary":
            assert p[:, -1].mean() == pytest.approx(y.mean(), abs=0.06)
        elif kind == "multiclass":
            shares = np.bincount(y, minlength=3) / len(y)
            assert p.mean(axis=0) == pytest.approx(shares, abs=0.1)
        else:
            shares = np.nanmean(np.where(y < 0, np.nan, y), axis=0)
            assert p.mean(axis=0) == pytest.approx(shares, abs=0.1)


@pytest.mark.parametrize("sampling", ["undersample", "oversample", "rate"])
@pytest.mark.parametrize("weights", [None, "balanced", "sqrt"])
def test_a_logistic_regression_returns_to_the_population(
    sampling: str, weights: str | None, jobs_of: Jobs
) -> None:
    table = table_of(rows=30_000)
    strategy = Strategy(learner="logistic", sampling=sampling, weights=weights)
    (plain,) = LogisticLearner().run(
        table, jobs_of(table, Strategy(learner="logistic"), parts=1)
    )
    jobs = jobs_of(table, strategy, parts=1)
    (drawn,) = DrawnLearner(LogisticLearner()).run(table, jobs)
    difference = drawn.log_odds - plain.log_odds
    assert abs(difference.mean()) < 0.1
    assert np.abs(difference).mean() < 0.2
    totals = totals_of(table, jobs[0].train_rows)
    (offset,) = strategy.correction(totals).offset
    assert offset < -0.5


def test_weights_and_corrections_follow_the_rows_that_were_drawn_from(
    jobs_of: Jobs,
) -> None:
    table = table_of()

    class Stub:
        def run(self, rows: Table, jobs: Any, **_: Any) -> Iterator[Outcome]:
            (self.job,) = jobs
            totals = self.job.totals(rows, self.job.train_rows)
            self.weights = self.job.strategy.class_weights(totals)
            self.offset = self.job.strategy.correction(totals).offset
            yield Outcome(self.job, np.zeros((len(self.job.scored_rows), 1)), 0.0)

    stub = Stub()
    strategy = Strategy(learner="trees", sampling="oversample", weights="balanced")
    (job,) = jobs_of(table, strategy, parts=1)
    list(DrawnLearner(stub).run(table, [job]))
    n0, n1 = totals_of(table, job.train_rows)
    assert stub.weights[1] / stub.weights[0] == pytest.approx(n0 / n1)
    drawn = (stub.job.train_rows.size - n0) / n0
    assert stub.offset[0] == pytest.approx(-np.log(n0 / n1) - np.log(drawn * n0 / n1))


def test_rows_of_labels_weigh_one_over_the_rate_of_drawing(jobs_of: Jobs) -> None:
    table = table_of("multilabel")
    strategy = Strategy(learner="logistic", sampling="balanced")
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    weights = made.weights(made.train_rows)
    y, before = rows.labels()[made.train_rows], table.labels()[job.train_rows]
    for label in range(3):
        known, known_before = y[:, label] >= 0, before[:, label] >= 0
        share = np.average(y[known, label], weights=weights[known])
        assert share == pytest.approx(before[known_before, label].mean(), abs=0.02)
        assert y[known, label].mean() > share
    assert made.weights(made.stop_rows) == pytest.approx(1)


def test_row_weights_go_with_their_rows(jobs_of: Jobs) -> None:
    table = table_of()
    (job,) = jobs_of(table, Strategy(learner="trees", sampling="oversample"), parts=1)
    weights = np.random.default_rng(1).random(len(table)) + 0.5
    rows, made, _ = drawn_job(table, dataclasses.replace(job, row_weights=weights))
    by_value = dict(zip(table["x"].values.tolist(), weights.tolist(), strict=True))
    expected = [by_value[value] for value in rows["x"].values.tolist()]
    assert made.weights(np.arange(len(rows))) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_made_rows_lie_between_rows_of_their_class(kind: str, jobs_of: Jobs) -> None:
    table = table_of(kind)
    strategy = Strategy(learner="trees", sampling="oversample", synthesis="smote")
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    old = np.isin(drawn["x"].values, part["x"].values)
    y, before = drawn.labels(), part.labels()
    largest = np.bincount(before).argmax()
    assert old[y == largest].all()
    for each in np.unique(before):
        mine, parents = drawn["x"].values[y == each], part["x"].values[before == each]
        assert mine.min() >= parents.min() - 1e-9
        assert mine.max() <= parents.max() + 1e-9
    rare = np.bincount(before).argmin()
    made_rows = (y == rare) & ~old
    assert made_rows.sum() > 0.5 * (y == rare).sum()
    assert {*drawn["few"].values.tolist()} <= {0, 1, 2}
    assert strategy.correction([90, 10]).kind == "calibrate"


def test_a_made_row_is_on_the_line_between_its_two(jobs_of: Jobs) -> None:
    table = dataclasses.replace(table_of(), columns=tuple(table_of().columns[:1]))
    strategy = Strategy(
        learner="trees",
        sampling="oversample",
        synthesis="smote",
        options={"neighbours": 1},
    )
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    positives = np.sort(part["x"].values[part.labels() == 1])
    nearest = {}
    for place, value in enumerate(positives):
        others = np.delete(positives, place)
        nearest[value] = others[np.abs(others - value).argmin()]
    new = drawn["x"].values[(drawn.labels() == 1)]
    new = new[~np.isin(new, positives)]
    assert len(new) > 50
    pairs = np.array([sorted(pair) for pair in nearest.items()])
    inside = (new[:, None] >= pairs[:, 0] - 1e-9) & (new[:, None] <= pairs[:, 1] + 1e-9)
    # "Nearest" is in the scaled space, whose order of distances may differ a little.
    assert inside.any(axis=1).mean() > 0.9


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_made_row_has_the_categories_of_a_vote(kind: str, jobs_of: Jobs) -> None:
    """With one neighbour the vote is that neighbour's; the row's own does not count."""
    table = table_of(kind)
    table = dataclasses.replace(table, columns=(table["x"], table["few"]))
    strategy = Strategy(
        learner="trees",
        sampling="oversample",
        synthesis="smote",
        options={"neighbours": 1},
    )
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    encoded = learn_encoding(part, np.arange(len(part))).transform(part)
    named = {"classes": part.task.classes} if kind == "multiclass" else {}
    near = Smote(1).prepare(encoded.numbers, encoded.codes, part.labels(), 0, **named)
    lines = near.of[near.of >= 0]
    x, few = part["x"].values, part["few"].values
    ends = np.stack([x[near.of >= 0], x[near.index[lines, 0]]], axis=1)
    theirs = few[near.index[lines, 0]]
    new = ~np.isin(drawn["x"].values, x)
    assert new.sum() > 20
    for value, code in zip(
        drawn["x"].values[new], drawn["few"].values[new], strict=True
    ):
        inside = (ends.min(axis=1) <= value) & (value <= ends.max(axis=1))
        assert code in theirs[inside]


def test_groups_and_times_do_not_stand_in_the_way(jobs_of: Jobs) -> None:
    table = table_of()
    grouped = dataclasses.replace(table, groups=np.arange(len(table)) // 2)
    timed = dataclasses.replace(table, time=np.arange(len(table)))
    for each in (grouped, timed):
        strategy = Strategy(learner="extra_trees", sampling="undersample")
        (job,) = jobs_of(each, strategy, parts=1)
        (outcome,) = DrawnLearner(QUICK["extra_trees"]).run(each, [job])
        assert np.isfinite(outcome.log_odds).all()


def test_extra_trees_learn_from_the_drawn_rows_alone(jobs_of: Jobs) -> None:
    table = table_of()
    strategy = Strategy(learner="extra_trees", sampling="undersample")
    (job,) = jobs_of(table, strategy, parts=1)
    (outcome,) = DrawnLearner(QUICK["extra_trees"]).run(table, [job], keep=True)
    scorer: Any = outcome.scorer
    trees = len(scorer.forest.roots)
    assert scorer.forest.base * (trees + 1) == pytest.approx(0.5, abs=0.01)
    half = np.median(probability(outcome.log_odds - scorer.offset))
    assert half == pytest.approx(0.5, abs=0.25)


def test_one_class_alone_is_refused(jobs_of: Jobs) -> None:
    table = dataclasses.replace(table_of(), y=np.zeros(1000, np.int8))
    (job,) = jobs_of(table, Strategy(learner="trees", sampling="undersample"), parts=1)
    with pytest.raises(InputError):
        list(DrawnLearner(QUICK["trees"]).run(table, [job]))


def test_who_draws_and_who_does_not() -> None:
    drawn = learner_for(Strategy(learner="trees", sampling="undersample"))
    assert isinstance(drawn, DrawnLearner)
    assert drawn is learner_for(Strategy("mine", learner="trees", sampling="rate"))
    assert isinstance(learner_for(Strategy(learner="trees")), TreesLearner)
    assert not isinstance(learner_for(Strategy(sampling="rate")), DrawnLearner)


def test_jitter_is_normal_around_rows_of_the_class(jobs_of: Jobs) -> None:
    table = dataclasses.replace(table_of(), columns=tuple(table_of().columns[:1]))
    strategy = Strategy(learner="trees", sampling="oversample", synthesis="jitter")
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    old = np.isin(drawn["x"].values, part["x"].values)
    assert old[drawn.labels() == 0].all()
    assert (~old).sum() > 50
    spread = drawn["x"].values[~old].std()
    assert spread > part["x"].values[part.labels() == 1].std()


def test_rows_made_of_labels_have_the_voted_labels(jobs_of: Jobs) -> None:
    table = table_of("multilabel")
    strategy = Strategy(learner="trees", sampling="oversample", synthesis="mlsmote")
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    new = ~np.isin(drawn["x"].values, part["x"].values)
    assert new.sum() > 20
    rare = rare_labels(part.labels())
    assert (drawn.labels()[new][:, rare] == 1).any(axis=1).all()
    assert len(drawn.labels()) == len(drawn)


def test_rows_moved_towards_negatives_are_positive(jobs_of: Jobs) -> None:
    table = table_of()
    strategy = Strategy(
        learner="trees", sampling="oversample", synthesis="borderline_smote_2"
    )
    (job,) = jobs_of(table, strategy, parts=1)
    rows, made, _ = drawn_job(table, job)
    part, drawn = table.take(job.train_rows), rows.take(made.train_rows)
    new = ~np.isin(drawn["x"].values, part["x"].values)
    assert new.sum() > 20
    assert (drawn.labels()[new] == 1).all()
