# SPDX-License-Identifier: Apache-2.0
"""Class multipliers: every cut is tried, and few rows are not believed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from equipoise.decision import multipliers
from equipoise.decision.class_rows import ClassRows, class_parts
from equipoise.decision.multipliers import (
    CrossFit,
    _ascend,
    _best_cut,
    _nearest_cut,
    balancing,
    centred,
    f1_terms,
    fit_multipliers,
    log_probabilities,
    objective_value,
    recall_logs,
    search_multipliers,
)
from equipoise.priors import softmax


def sample(rows: int, classes: int, seed: int, apart: float = 0.7) -> ClassRows:
    share = 1 / np.arange(1, classes + 1)
    share /= share.sum()
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, rows, p=share)
    centre = np.random.default_rng(5).normal(size=(classes, 4)) * apart
    x = centre[y] + rng.normal(size=(rows, 4))
    z = np.log(share) - ((x[:, None] - centre[None]) ** 2).sum(axis=2) / 2
    return ClassRows(softmax(z), y, np.ones(rows))


@pytest.mark.parametrize("terms", [f1_terms, recall_logs])
@pytest.mark.parametrize("seed", range(6))
def test_one_class_at_a_time_the_best_of_all_cuts_is_taken(terms, seed) -> None:
    rows = sample(60, 4, seed)
    rng = np.random.default_rng(seed)
    # Tied scores, weights, and a class that no row has.
    rows = ClassRows(np.round(rows.scores, 1) + 0.01, rows.y % 3, rng.random(60) + 0.1)
    log_p = log_probabilities(rows.scores)
    start = rng.normal(size=4)
    for k in range(3):
        log, value = _best_cut(k, log_p + start, start[k], rows, rows.totals, terms)

        def value_at(level: float, k: int = k) -> float:
            logs = start.copy()
            logs[k] = level
            decided = (log_p + logs).argmax(axis=1)
            return objective_value(decided, rows.y, rows.weights, terms, 4)

        others = np.delete(log_p + start, k, axis=1).max(axis=1)
        cuts = np.unique(others - log_p[:, k])
        levels = [cuts[0] - 1, *((cuts[1:] + cuts[:-1]) / 2), cuts[-1] + 1]
        best = max(map(value_at, levels))
        assert value == pytest.approx(best, abs=1e-9)
        assert value_at(log) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_against_all_rules_of_three_classes(seed) -> None:
    rows = sample(40, 3, seed)
    log_p = log_probabilities(rows.scores)
    found = search_multipliers(rows, f1_terms)
    reached = objective_value(
        (log_p + found).argmax(axis=1), rows.y, rows.weights, f1_terms, 3
    )
    grid = np.linspace(-6, 6, 121)
    best = max(
        objective_value(
            (log_p + np.array([0, a, b])).argmax(axis=1),
            rows.y,
            rows.weights,
            f1_terms,
            3,
        )
        for a in grid
        for b in grid
    )
    assert reached >= best - 0.09
    plain = objective_value(log_p.argmax(axis=1), rows.y, rows.weights, f1_terms, 3)
    assert reached >= plain


def test_the_terms_are_the_metrics() -> None:
    rows = sample(300, 5, 1)
    w = np.random.default_rng(0).random(300)
    decided = rows.scores.argmax(axis=1)
    value = objective_value(decided, rows.y, w, f1_terms, 5) / 5
    assert value == pytest.approx(
        f1_score(rows.y, decided, average="macro", sample_weight=w)
    )
    decided = (np.log(rows.scores) + balancing(rows.totals)).argmax(axis=1)
    logs = objective_value(decided, rows.y, w, recall_logs, 5)
    recalls = recall_score(rows.y, decided, average=None, sample_weight=w)
    assert np.exp(logs) == pytest.approx(np.prod(recalls))


def test_a_prediction_of_an_absent_class_counts_against_no_average() -> None:
    y, decided = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    value = objective_value(decided, y, np.ones(4), f1_terms, 3)
    assert value == pytest.approx(2 / 3 + 1)


def test_an_absent_class_keeps_a_neutral_multiplier() -> None:
    rows = sample(400, 6, 2)
    keep = rows.y != 4
    rows = rows.where(keep)
    for terms in (f1_terms, recall_logs):
        logs = search_multipliers(rows, terms)
        assert logs[4] == 0.0
        # The average row's multiplier is 1, so the absent class is not favoured.
        assert rows.totals @ logs == pytest.approx(0.0, abs=1e-9)
    assert balancing(rows.totals)[4] == 0.0
    assert centred(np.array([1.0, 3.0, 9.0]), np.array([1.0, 1.0, 0.0])).tolist() == [
        -1.0,
        1.0,
        0.0,
    ]


def test_it_ends_where_no_class_gains() -> None:
    rows = sample(300, 4, 3)
    log_p, totals = log_probabilities(rows.scores), rows.totals
    logs, value = _ascend(log_p, rows, totals, f1_terms, np.zeros(4))
    for k in range(4):
        _, again = _best_cut(k, log_p + logs, logs[k], rows, totals, f1_terms)
        assert again <= value + 5e-5


@pytest.mark.parametrize(
    ("ends", "log", "nearest"),
    [
        ([0], 3.0, 0.5),  # below all levels: half of e below the first
        ([3], 3.0, 9.5),
        ([1], 3.0, 3.0),  # it is one of the best, and stays
        ([1], 0.0, 2.5),
        ([1], 9.0, 2.5),
        ([2], 0.0, 6.5),
        ([0, 2], 3.9, 6.5),
        ([0, 2], 1.1, 0.5),
        ([1, 3], 8.0, 9.5),
    ],
)
def test_of_equally_good_cuts_the_nearest_is_taken(ends, log, nearest) -> None:
    levels = np.array([1.0, 4.0, 9.0])
    assert _nearest_cut(levels, np.array(ends), log) == nearest


def test_multipliers_that_gain_nothing_are_1() -> None:
    """Of equally good ways to hold back, the one nearest to 1 for all classes."""
    y = np.repeat([0, 1, 2], [60, 30, 10])
    rows = ClassRows(0.97 * np.eye(3)[y] + 0.01, y, np.ones(100))
    made = fit_multipliers(rows, class_parts(y), f1_terms)
    assert (made.factor, made.balance) == (0.0, 0.0)
    assert made.logs.tolist() == [0.0, 0.0, 0.0]


def true_value(logs, test: ClassRows) -> float:
    decided = (log_probabilities(test.scores) + logs).argmax(axis=1)
    return objective_value(decided, test.y, test.weights, f1_terms, test.classes)


@pytest.mark.parametrize(("rows", "classes"), [(80, 3), (300, 6)])
def test_what_is_held_back_does_better_on_new_rows(rows, classes) -> None:
    test = sample(20_000, classes, 999, 0.6)
    free, held, plain = [], [], []
    for seed in range(10):
        train = sample(rows, classes, seed, 0.6)
        made = fit_multipliers(train, class_parts(train.y, seed), f1_terms)
        assert 0 <= made.factor <= 1
        held.append(true_value(made.logs, test) / classes)
        free.append(true_value(search_multipliers(train, f1_terms), test) / classes)
        plain.append(true_value(np.zeros(classes), test) / classes)
    assert np.mean(held) > np.mean(free) - 0.004
    assert np.mean(held) > np.mean(plain) - 0.008


def test_many_rows_reach_the_best_multipliers() -> None:
    test = sample(20_000, 4, 999)
    best = true_value(search_multipliers(test, f1_terms), test) / 4
    train = sample(5_000, 4, 1)
    made = fit_multipliers(train, class_parts(train.y), f1_terms)
    assert true_value(made.logs, test) / 4 > best - 0.01
    assert best > true_value(np.zeros(4), test) / 4


def test_many_rows_are_searched_from_some_of_them(monkeypatch) -> None:
    rows = sample(3_000, 4, 8)
    alone = true_value(search_multipliers(rows, f1_terms), rows)
    monkeypatch.setattr(multipliers, "MANY", 500)
    quick = true_value(search_multipliers(rows, f1_terms), rows)
    assert quick > alone - 0.03


def test_parts_left_out_are_not_looked_at() -> None:
    rows = sample(200, 3, 0)
    parts = class_parts(rows.y)
    fits = CrossFit(rows, parts, f1_terms)
    without = fits.fit((2,))
    y = rows.y.copy()
    y[parts == 2] = 0
    again = CrossFit(rows._replace(y=y), parts, f1_terms).fit((2,))
    assert without.factor == again.factor
    assert (without.logs == again.logs).all()
