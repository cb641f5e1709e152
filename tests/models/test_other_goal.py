# SPDX-License-Identifier: Apache-2.0
"""Decisions for other costs than those that a model was fitted for."""

from __future__ import annotations

import numpy as np
import pytest

import equipoise as eq
from equipoise.decision import Costs
from equipoise.errors import UnsupportedError

X = np.random.default_rng(0).normal(size=(150, 2))
Y = (X[:, 0] + np.random.default_rng(1).normal(size=150) > 1).astype(int)


def fitted(y: np.ndarray, **options: object) -> eq.FittedModel:
    return eq.fit(X, y, strategy="logistic", folds=2, repeats=1, **options)


def test_two_classes_are_decided_by_least_expected_cost() -> None:
    model = fitted(Y)
    p = model.predict_proba(X)[:, 1]
    made = model.decide(X, goal=eq.Goal(costs=(1, 9)))
    np.testing.assert_array_equal(made == 1, 9 * p >= 1 - p)
    dear = fitted(Y, goal=eq.Goal(costs=(1, 9)))
    np.testing.assert_array_equal(made, dear.decide(X))
    waits = model.decide(X, goal=eq.Goal(costs=Costs(fp=1, fn=9, abstain=0.5)))
    np.testing.assert_array_equal(waits == -1, (p >= 0.5 / 9) & (p < 0.5))


def test_several_classes_and_labels() -> None:
    y = np.digitize(X[:, 0], [0, 1])
    model = fitted(y)
    costs = np.array([[0, 1, 1], [2, 0, 1], [9, 5, 0.0]])
    made = model.decide(X, goal=eq.Goal(costs=costs))
    expected = (model.predict_proba(X) @ costs).argmin(axis=1)
    np.testing.assert_array_equal(made, expected)
    labels = fitted(np.stack([Y, X[:, 1] > 0], axis=1).astype(int))
    p = labels.predict_proba(X)
    made = labels.decide(X, goal=eq.Goal(costs={"label_0": (1, 9), "label_1": (3, 1)}))
    np.testing.assert_array_equal(made == 1, p >= np.array([0.1, 0.75]))


def test_other_goals_need_rows() -> None:
    with pytest.raises(UnsupportedError, match=r"equipoise\.fit"):
        fitted(Y).decide(X, goal="f1")
