# SPDX-License-Identifier: Apache-2.0
"""Objectives: their values, and the property the search rests on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from equipoise.decision import Costs, objective, objective_names
from equipoise.decision.objectives import as_objective
from equipoise.errors import InputError, InputTypeError

OPTIONS = {
    "fbeta": {"beta": 3.0},
    "cost": {"fp": 2.0, "fn": 7.0, "tp": -1.0, "tn": 0.5},
    "capacity": {"share": 0.2},
    "precision": {"floor": 0.4},
    "recall": {"floor": 0.6},
}


@pytest.mark.parametrize("name", objective_names())
def test_fewer_false_alarms_are_never_worse_where_it_says_so(name) -> None:
    goal = objective(name, **OPTIONS.get(name, {}))
    tp, fp = np.meshgrid(np.arange(13.0), np.arange(31.0))
    value = goal.value(tp, fp, np.float64(12), np.float64(30))
    value = np.where(np.isnan(value), -1e9, value)
    # At no true positives MCC counts one answer for all rows as 0.
    rising = np.diff(value[:, 1:], axis=0) > 1e-12
    assert rising.any() == (not goal.at_positives)


@pytest.mark.parametrize("name", objective_names())
def test_every_objective_has_words_and_takes_empty_classes(name) -> None:
    goal = objective(name, **OPTIONS.get(name, {}))
    assert goal.words
    zero = np.zeros(1)
    assert goal.value(zero, zero, zero, zero).shape == (1,)
    assert as_objective(goal, {}) is goal


def test_values_equal_scikit_learn() -> None:
    y = np.repeat([1, 0], [12, 30])
    flags = np.r_[np.ones(7), np.zeros(5), np.ones(4), np.zeros(26)]
    counts = [np.float64(v) for v in (7, 4, 12, 30)]
    recall, kept = 7 / 12, 26 / 30
    expected = {
        "f1": sk.f1_score(y, flags),
        "f2": sk.fbeta_score(y, flags, beta=2),
        "f0.5": sk.fbeta_score(y, flags, beta=0.5),
        "fbeta": sk.fbeta_score(y, flags, beta=3),
        "balanced_accuracy": sk.balanced_accuracy_score(y, flags),
        "g_mean": math.sqrt(recall * kept),
        "mcc": sk.matthews_corrcoef(y, flags),
        "cost": -(2 * 4 + 7 * 5 - 7 + 0.5 * 26) / 42,
    }
    for name, value in expected.items():
        goal = objective(name, **OPTIONS.get(name, {}))
        assert float(goal.value(*counts)) == pytest.approx(value), name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"per_day": 5},
        {"rows_per_day": 90},
        {"k": 5, "share": 0.1},
        {"k": 5, "per_day": 3},
        {"share": 0.1, "rows_per_day": 90},
        {"k": 5, "per_day": 3, "rows_per_day": 90},
    ],
)
def test_a_capacity_is_said_in_one_way(options) -> None:
    with pytest.raises(InputTypeError, match="one of k, share, or per_day together"):
        objective("capacity", **options)


def test_costs_may_come_ready_made() -> None:
    costs = Costs(1, 9)
    assert objective("cost", costs=costs).costs == costs


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("precision", {"floor": 1.5}),
        ("recall", {"floor": -0.1}),
        ("fbeta", {"beta": 0}),
        ("capacity", {"share": 2}),
        ("capacity", {"k": -1}),
        ("capacity", {"per_day": 5, "rows_per_day": 0}),
    ],
)
def test_options_out_of_range_are_refused(name, options) -> None:
    with pytest.raises(InputError, match="Accepted"):
        objective(name, **options)


def test_costs_of_another_kind_are_refused() -> None:
    with pytest.raises(InputTypeError, match=r"Costs\(fp=1, fn=20\)"):
        objective("cost", costs=(1, 20))


@pytest.mark.parametrize("beta", [0, -1, 1e300, float("inf")])
def test_a_beta_whose_square_would_overflow_is_refused(beta) -> None:
    with pytest.raises(InputError, match=r"from 1e-30 to 1e\+30"):
        objective("fbeta", beta=beta)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("precision", {}, r"with no options\. .*floor.*Goal\(precision_floor=0\.5\)"),
        ("recall", {"flor": 0.5}, r"the option 'flor'\. .*Goal\(recall_floor=0\.9\)"),
        ("mcc", {"floor": 1, "k": 2}, r"'floor', 'k'\. Accepted: no options\."),
        ("f1", {"beta": 5}, r"'f1' with the option 'beta'\. Accepted: no options"),
        ("cost", {"fn": 5}, r"without fp and fn.*Goal\(costs=\(1, 20\)\)"),
        ("capacity", {}, r"share=None.*Goal\(capacity=0\.05\)"),
    ],
)
def test_options_that_are_not_there_are_named(name, options, words) -> None:
    """The message was the docstring, and F1 with another beta was called F1."""
    with pytest.raises(InputTypeError, match=words):
        objective(name, **options)
