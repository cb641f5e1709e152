# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.linear import logistic
from equipoise.learners.linear.logistic import LogisticLearner, LogisticScorer, fit_path
from equipoise.priors import probability
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task

Jobs = Callable[..., list[Job]]


def test_equals_a_pipeline_of_scikit_learn(rare_table: Table, jobs_of: Jobs) -> None:
    (job,) = jobs_of(rare_table, strategy("logistic"), parts=1)
    (outcome,) = LogisticLearner().run(rare_table, [job])
    encoding = learn_encoding(rare_table, job.train_rows)
    encoded = encoding.transform(rare_table)
    x = np.hstack([encoded.numbers.astype(float), encoded.codes])
    d = encoded.numbers.shape[1]
    levels = [np.arange(level) for level in encoding.levels]
    one_hot = OneHotEncoder(categories=levels, handle_unknown="ignore")
    columns = make_column_transformer(
        (one_hot, slice(d, None)), remainder="passthrough"
    )
    y = rare_table.y
    found = []
    for c in logistic.STRENGTHS:
        pipeline = make_pipeline(
            columns, LogisticRegression(C=c, tol=1e-6, max_iter=5_000)
        )
        pipeline.fit(x[job.train_rows], y[job.train_rows])
        loss = log_loss(
            y[job.stop_rows], pipeline.predict_proba(x[job.stop_rows])[:, 1]
        )
        found.append((loss, pipeline.predict_proba(x[job.scored_rows])[:, 1]))
    best = int(np.argmin([loss for loss, _ in found]))
    assert outcome.best_epoch == best + 1
    # Both stop at a tolerance, from different starts.
    p = probability(outcome.log_odds[:, 0])
    np.testing.assert_allclose(p, found[best][1], atol=1e-4)


def test_weights_equal_repeated_rows(rare_table: Table) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = (rng.random(300) < 0.2).astype(float)
    weighted = fit_path(x, y, np.where(y == 1, 3.0, 1.0), (1.0,))[0]
    rows = np.r_[np.arange(300), np.repeat(np.flatnonzero(y), 2)]
    repeated = fit_path(x[rows], y[rows], np.ones(len(rows)), (1.0,))[0]
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, atol=1e-4)
    assert weighted.intercept == pytest.approx(repeated.intercept, abs=1e-4)


def test_class_weights_are_undone(rare_table: Table, jobs_of: Jobs) -> None:
    arms = (strategy("logistic"), Strategy(learner="logistic", weights="balanced"))
    jobs = jobs_of(rare_table, *arms, parts=1)
    plain, weighted = LogisticLearner().run(rare_table, jobs)
    share = rare_table.prevalence
    assert probability(weighted.log_odds).mean() == pytest.approx(share, abs=0.03)
    assert probability(plain.log_odds).mean() == pytest.approx(share, abs=0.03)
    assert np.corrcoef(plain.log_odds[:, 0], weighted.log_odds[:, 0])[0, 1] > 0.95


def test_state_rebuilds_the_same_scores(rare_table: Table, jobs_of: Jobs) -> None:
    (job,) = jobs_of(rare_table, strategy("logistic"), parts=1)
    (outcome,) = LogisticLearner().run(rare_table, [job], keep=True)
    assert outcome.scorer is not None
    again = LogisticScorer.from_state(outcome.scorer.state())
    scores = again.log_odds(rare_table.take(job.scored_rows))
    np.testing.assert_array_equal(scores, outcome.log_odds)
    assert roc_auc_score(rare_table.y[job.scored_rows], scores) > 0.7


def test_stopping_early_is_told(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic, "MOST_ITERATIONS", 2)
    jobs = jobs_of(rare_table, strategy("logistic"), parts=1)
    (outcome,) = LogisticLearner((0.1,)).run(rare_table, jobs)
    assert outcome.notes == (
        "the logistic regression did not converge in 2 iterations",
    )


@pytest.mark.parametrize("seed", [0, 3, 6, 8])
def test_the_strength_is_chosen_by_the_corrected_loss_of_the_stop_rows(
    seed: int,
) -> None:
    """Of weights 20 to 1 the uncorrected scores are far too high for the stop rows."""
    offset = -np.log(20)
    random = np.random.default_rng(seed)
    x = random.normal(size=(160, 6))
    y = (x[:, 0] + 1.5 * random.normal(size=160) > 2).astype(int)
    weights = np.where(y == 1, 20.0, 1.0)
    learner = LogisticLearner()
    chosen = learner.choose(
        x[:80], y[:80], x[80:], y[80:], (weights[:80], np.ones(80)), offset
    )
    fits = fit_path(x[:80], y[:80], weights[:80], learner.strengths)

    def best(shift: float) -> int:
        scores = [x[80:] @ fit.coefficients + fit.intercept + shift for fit in fits]
        return int(np.argmin([log_loss(y[80:], probability(z)) for z in scores]))

    assert chosen.place == best(offset) != best(0.0)
    assert chosen.intercept == fits[chosen.place].intercept + offset


PIECES = Strategy("bent", learner="logistic", options={"pieces": 6})


def test_pieces_equal_scikit_learn_on_pieces_written_out(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, PIECES, parts=1)
    (outcome,) = LogisticLearner((0.3,)).run(rare_table, [job], keep=True)
    encoding = learn_encoding(rare_table, job.train_rows)
    encoded = encoding.transform(rare_table)
    blocks = [encoded.numbers.astype(float)]
    blocks += [
        np.eye(n)[c] for n, c in zip(encoding.levels, encoded.codes.T, strict=True)
    ]
    positions = encoded.positions.T.astype(float)
    for count, x in zip(encoding.knots, positions, strict=True):
        ends = np.rint(np.linspace(0, count - 1, min(6, count - 1) + 1))
        for place in range(len(ends) - 1 if count > 2 else 0):
            below = -np.inf if place == 0 else ends[place]
            above = np.inf if place == len(ends) - 2 else ends[place + 1]
            inside = np.clip(x, below, above) - ends[place]
            blocks.append((inside / (ends[place + 1] - ends[place]))[:, None])
    x = np.hstack(blocks)
    model = LogisticRegression(C=0.3, tol=1e-6, max_iter=5_000)
    model.fit(x[job.train_rows], rare_table.y[job.train_rows])
    np.testing.assert_allclose(
        probability(outcome.log_odds[:, 0]),
        model.predict_proba(x[job.scored_rows])[:, 1],
        atol=1e-4,
    )
    again = LogisticScorer.from_state(outcome.scorer.state())
    rows = rare_table.take(job.scored_rows)
    np.testing.assert_array_equal(again.log_odds(rows), outcome.log_odds)
    assert "pieces" in outcome.scorer.state()


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_pieces_of_several_classes_and_labels(kind, make_task_table, jobs_of) -> None:
    """A label's line bends as that label's alone does; classes keep their columns."""
    table = make_task_table(3, kind)
    (job,) = jobs_of(table, PIECES, parts=1)
    (outcome,) = LogisticLearner((0.3,)).run(table, [job], keep=True)
    assert outcome.log_odds.shape == (len(job.scored_rows), 3)
    again = LogisticScorer.from_state(outcome.scorer.state())
    rows = table.take(job.scored_rows)
    np.testing.assert_array_equal(again.log_odds(rows), outcome.log_odds)
    (straight,) = LogisticLearner((0.3,)).run(
        table, jobs_of(table, strategy("logistic"), parts=1), keep=True
    )
    assert len(outcome.scorer.coefficients) > len(straight.scorer.coefficients)
    assert "pieces" not in straight.scorer.state()


def test_a_hump_is_learned_by_bends_alone(jobs_of: Jobs) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=1_500)
    y = (random.random(1_500) < np.where(np.abs(x) < 0.4, 0.6, 0.02)).astype(np.int8)
    table = Table((Column("x", "numeric", x),), y, Task("binary", ("no", "yes")))
    jobs = jobs_of(table, strategy("logistic"), PIECES, parts=1)
    straight, bent = LogisticLearner().run(table, jobs)
    truth = table.y[jobs[0].scored_rows]
    assert roc_auc_score(truth, straight.log_odds) < 0.65
    assert roc_auc_score(truth, bent.log_odds) > 0.85
    assert "up to 6 pieces" in PIECES.describe()


def test_a_state_whose_pieces_do_not_fit_is_refused(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, PIECES, parts=1)
    (outcome,) = LogisticLearner((0.3,)).run(rare_table, [job], keep=True)
    for pieces in (5, 0, 49):
        with pytest.raises(InputError):
            LogisticScorer.from_state({**outcome.scorer.state(), "pieces": pieces})


def test_a_large_table_has_fewer_pieces(
    rare_table: Table, jobs_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = jobs_of(rare_table, PIECES, parts=1)
    encoding = learn_encoding(rare_table, job.train_rows)
    rows, bent = len(job.train_rows), sum(count > 2 for count in encoding.knots)
    for cells, pieces in ((6, 6), (5, 5), (1, 1), (0, 1)):
        monkeypatch.setattr(logistic, "MOST_CELLS", cells * rows * bent)
        assert logistic.pieces_of(job, encoding, rows) == pieces
    (outcome,) = LogisticLearner((0.3,)).run(rare_table, [job], keep=True)
    assert "pieces" not in outcome.scorer.state()
