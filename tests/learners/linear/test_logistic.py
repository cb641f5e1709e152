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
from equipoise.jobs import Job
from equipoise.learners.linear import logistic
from equipoise.learners.linear.logistic import LogisticLearner, LogisticScorer, fit_path
from equipoise.priors import probability
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

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
