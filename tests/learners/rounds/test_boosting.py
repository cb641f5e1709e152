# SPDX-License-Identifier: Apache-2.0
"""Boosting against scikit-learn, and against the algorithms written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from equipoise.learners.rounds.boosting import AdaBoost, RusBoost, SmoteBoost
from equipoise.learners.rounds.learner import RoundsLearner
from equipoise.strategies import Strategy
from equipoise.synthesis.smote import Smote


def drive(algorithm, answer):
    """Run an algorithm with answers of a function of a fit; return its fits."""
    fits = []
    rounds = algorithm.rounds()
    asked = next(rounds)
    try:
        while True:
            fits += asked
            asked = rounds.send([answer(fit) for fit in asked])
    except StopIteration:
        return fits


def matrix(table):
    return np.stack([column.values for column in table.columns], axis=1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("shrinkage", [1.0, 0.5])
def test_samme_is_scikit_learns(table_of, job_of, stumps, classes, shrinkage):
    table = table_of(classes)
    options = {"rounds": 12, "shrinkage": shrinkage}
    job = job_of(table, Strategy(plan="adaboost", learner="tree", options=options))
    (outcome,) = RoundsLearner(stumps).run(table, [job])
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x, y = matrix(table), table.labels()
    theirs = AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=1, random_state=0),
        n_estimators=12,
        learning_rate=shrinkage,
        random_state=0,
    ).fit(x[rows], y[rows])
    assert outcome.best_epoch == len(theirs.estimators_) > 3
    # Theirs code votes as 1 and -1 / (K - 1), and divide by the sum of the weights.
    decision = theirs.decision_function(x[job.scored_rows])
    total = theirs.estimator_weights_.sum()
    if classes == 2:  # theirs is the difference of both codes: twice the votes
        ours = outcome.log_odds[:, 0]
        np.testing.assert_allclose(ours, decision * total / 2, rtol=1e-9)
        return
    votes = (decision * total * (classes - 1) + total) / classes
    np.testing.assert_allclose(outcome.log_odds, votes, rtol=1e-9, atol=1e-9)


def test_the_weights_of_the_rounds_are_scikit_learns(table_of, job_of, stumps):
    table = table_of()
    job = job_of(
        table, Strategy(plan="adaboost", learner="tree", options={"rounds": 8})
    )
    list(RoundsLearner(stumps).run(table, [job]))
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x, y = matrix(table)[rows], table.labels()[rows]
    weights = np.full(len(rows), 1 / len(rows))
    for (asked,) in stumps.runs:
        np.testing.assert_allclose(
            asked.weights(rows) / asked.weights(rows).sum(), weights, rtol=1e-9
        )
        tree = DecisionTreeClassifier(max_depth=1, random_state=0)
        wrong = tree.fit(x, y, weights).predict(x) != y
        error = weights[wrong].sum()
        weights = weights * np.where(wrong, (1 - error) / error, 1.0)
        weights /= weights.sum()


def test_samme_r_is_the_algorithm_written_out(table_of, job_of, deeper):
    table = table_of(3)
    options = {"rounds": 5, "real": True}
    job = job_of(table, Strategy(plan="adaboost", learner="tree", options=options))
    (outcome,) = RoundsLearner(deeper).run(table, [job])
    rows = np.concatenate([job.train_rows, job.stop_rows])
    x, y = matrix(table), table.labels()
    weights = np.full(len(rows), 1 / len(rows))
    total = np.zeros((len(job.scored_rows), 3))
    for _ in range(5):
        tree = DecisionTreeClassifier(max_depth=3, random_state=0)
        tree.fit(x[rows], y[rows], weights)

        def logs(at, tree=tree):
            p = np.maximum(tree.predict_proba(x[at]), 1e-6)
            return np.log(p / p.sum(axis=1, keepdims=True))

        h = logs(job.scored_rows)
        total += 2 * (h - h.mean(axis=1, keepdims=True))
        code = np.where(np.arange(3) == y[rows][:, None], 1.0, -0.5)
        weights = weights * np.exp(-2 / 3 * (code * logs(rows)).sum(axis=1))
        weights /= weights.sum()
    # up to the factor K - 1 and a constant per row
    ours = outcome.log_odds - outcome.log_odds.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(ours * 2, total, rtol=1e-6, atol=1e-8)


def test_rusboost_weighs_all_rows_by_what_a_subset_taught(rows_of):
    rows = rows_of([0] * 24 + [1] * 6)
    options = {"rounds": 4, "shrinkage": 1.0, "ratio": 1.0}
    random = np.random.default_rng(0)
    answers = []

    def answer(fit):
        p = np.clip(
            0.5 + 0.3 * (2 * rows.y - 1) + random.normal(0, 0.2, 30), 0.05, 0.95
        )
        answers.append(p)
        return np.stack([1 - p, p], axis=1)

    fits = drive(RusBoost(rows, options, 3), answer)
    weights = np.full(30, 1 / 30)
    for fit, p in zip(fits, answers, strict=True):
        assert np.bincount(rows.y[fit.places]).tolist() == [6, 6]
        shown = weights[fit.places] / weights[fit.places].mean()
        asked = np.ones(12) if fit.weights is None else fit.weights
        np.testing.assert_allclose(asked, shown, rtol=1e-9)
        real = np.where(rows.y == 1, p, 1 - p)
        loss = float((weights * (1 - real)).sum())  # 1/2 (1 - h + (1 - h)) = 1 - h
        beta = loss / (1 - loss)
        assert fit.share == pytest.approx(math.log(1 / beta))
        weights = weights * beta**real  # 1/2 (1 + h - (1 - h)) = h
        weights /= weights.sum()
    assert len(fits) == 4
    assert len({tuple(fit.places) for fit in fits}) == 4


def test_smoteboost_makes_other_rows_in_each_round_and_drops_them(rows_of):
    random = np.random.default_rng(0)
    y = np.array([0] * 40 + [1] * 8)
    numbers = random.normal(size=(48, 2)).astype(np.float32)
    rows = rows_of(y)
    object.__setattr__(rows, "features", lambda: (numbers, np.zeros((48, 0), np.int32)))
    options = {"rounds": 3, "shrinkage": 1.0, "made": 2.0, "neighbours": 3}

    def answer(fit):
        p = np.where(y == 1, 0.7, 0.4) + 0.1 * random.random(48)
        return np.stack([1 - p, p], axis=1)

    fits = drive(SmoteBoost(rows, options, 5), answer)
    near = np.argsort(
        np.linalg.norm(numbers[40:, None] - numbers[None, 40:], axis=2), axis=1
    )[:, 1:4]
    for fit in fits:
        assert len(fit.places) == 48
        assert np.bincount(fit.made.first)[40:].tolist() == [2] * 8
        for first, second in zip(fit.made.first, fit.made.second, strict=True):
            assert second - 40 in near[first - 40]
        assert ((fit.made.mix >= 0) & (fit.made.mix < 1)).all()
        weights = np.ones(48) if fit.weights is None else fit.weights
        expected = (1 - fit.made.mix) * weights[fit.made.first]
        expected += fit.made.mix * weights[fit.made.second]
        np.testing.assert_allclose(fit.made.weights, expected, rtol=1e-6)
    assert not np.array_equal(fits[0].made.mix, fits[1].made.mix)


def test_smoteboost_gives_made_rows_the_category_of_most_of_the_nearest(rows_of):
    random = np.random.default_rng(1)
    y = np.array([0] * 60 + [1] * 12 + [2] * 9 + [3])
    numbers = random.normal(size=(82, 2)).astype(np.float32)
    codes = random.integers(0, 3, (82, 2)).astype(np.int32)
    rows = rows_of(y, classes=4)
    object.__setattr__(rows, "features", lambda: (numbers, codes))
    options = {"rounds": 1, "shrinkage": 1.0, "made": 2.0, "neighbours": 4}
    (fit,) = drive(SmoteBoost(rows, options, 5), lambda _: np.full((82, 4), 1 / 4))
    assert fit.made.voters.shape == (len(fit.made.first), 2)
    smote = Smote(neighbours=4)
    for first, voters in zip(fit.made.first, fit.made.voters, strict=True):
        group = np.flatnonzero(y == y[first])
        if len(group) == 1:
            assert voters.tolist() == [first, first]
            continue
        of_class = np.ones(len(group), np.int8)
        near = smote.prepare(numbers[group], codes[group], of_class, 0)
        nearest = group[near.index[np.searchsorted(group, first)]]
        for column, voter in enumerate(voters):
            counts = np.bincount(codes[nearest, column], minlength=3)
            assert counts[codes[voter, column]] == counts.max()
            assert voter in nearest


def test_no_class_becomes_larger_than_the_largest(rows_of):
    y = np.array([0] * 20 + [1] * 15 + [2])
    rows = rows_of(y, classes=3)
    numbers = np.random.default_rng(0).normal(size=(36, 2)).astype(np.float32)
    object.__setattr__(rows, "features", lambda: (numbers, np.zeros((36, 0), np.int32)))
    options = {"rounds": 1, "shrinkage": 1.0, "made": 50.0, "neighbours": 5}
    fits = drive(SmoteBoost(rows, options, 0), lambda _: np.full((36, 3), 1 / 3))
    assert np.bincount(y[fits[0].made.first]).tolist() == [0, 5, 19]
    assert fits[0].made.voters is None  # no categories
    lone = fits[0].made.first == 35
    assert (fits[0].made.second[lone] == 35).all()


def right(rows):
    return np.eye(2)[rows.y] * 0.8 + 0.1


def test_no_error_ends_and_says_so(rows_of):
    rows = rows_of([0] * 8 + [1] * 2)
    algorithm = AdaBoost(rows, {"rounds": 9, "shrinkage": 1.0, "real": False}, 0)
    fits = drive(algorithm, lambda _: right(rows))
    assert len(fits) == 1
    assert fits[0].share == 1.0
    assert "ended before round 9" in algorithm.notes[0]


def test_a_model_no_better_than_chance_is_left_out_unless_it_is_the_first(rows_of):
    rows = rows_of([0] * 8 + [1] * 2)
    half = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1])
    options = {"rounds": 9, "shrinkage": 1.0, "real": False}
    algorithm = AdaBoost(rows, options, 0)
    fits = drive(algorithm, lambda _: np.eye(2)[half])
    assert [fit.share for fit in fits] == [1.0]
    first = [True]

    def answer(fit):
        if first:
            first.clear()
            said = right(rows)
            said[0] = said[0, ::-1]
            return said
        return np.eye(2)[1 - rows.y]

    algorithm = AdaBoost(rows, options, 0)
    fits = drive(algorithm, answer)
    assert fits[0].share > 0
    assert fits[1].share == 0.0
    assert "no better than chance" in algorithm.notes[0]


def test_the_weights_of_the_rows_are_where_boosting_begins(table_of, job_of, stumps):
    import dataclasses

    table = table_of()
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(table))
    job = job_of(
        table, Strategy(plan="adaboost", learner="tree", options={"rounds": 2})
    )
    job = dataclasses.replace(job, row_weights=weights)
    list(RoundsLearner(stumps).run(table, [job]))
    rows = np.concatenate([job.train_rows, job.stop_rows])
    shown = stumps.runs[0][0].weights(rows)
    np.testing.assert_allclose(shown, weights[rows] / weights[rows].mean())
