# SPDX-License-Identifier: Apache-2.0
"""Leaves that hold shares of several classes: what they say, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import InputError
from equipoise.learners.trees.extra import forest_of_shares, leaf_shares
from equipoise.learners.trees.shares import ClassSharesScorer, LabelSharesScorer
from equipoise.priors import probability, softmax
from equipoise.table.table import Column, Table
from equipoise.task import Task

ROWS = 200


@pytest.fixture(scope="module")
def fitted():
    """A table, its encoding, the matrix, and scikit-learn's forest of three classes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 2))
    y = np.digitize(x[:, 0] + 0.5 * random.normal(size=ROWS), [-0.5, 0.8])
    columns = (Column("a", "numeric", x[:, 0]), Column("b", "numeric", x[:, 1]))
    table = Table(columns, y, Task("multiclass", ("p", "q", "r")))
    encoding = learn_encoding(table, np.arange(ROWS))
    matrix = ordinal_matrix(table, encoding)
    model = ExtraTreesClassifier(11, random_state=0).fit(matrix.astype("float32"), y)
    return table, encoding, matrix, model


def scorer_of(encoding, model) -> ClassSharesScorer:
    trees, prior = model.estimators_, np.array([0.5, 0.3, 0.2])
    more = len(trees) + 1
    return ClassSharesScorer(
        encoding,
        forest_of_shares(trees, 0.0),
        leaf_shares(trees) / more,
        prior / more,
        np.array([0.0, 0.4, -0.2]),
    )


def test_scores_are_the_mean_shares_of_scikit_learn(fitted) -> None:
    table, encoding, matrix, model = fitted
    scorer = scorer_of(encoding, model)
    share = model.predict_proba(matrix.astype("float32"))
    p = (11 * share + [0.5, 0.3, 0.2]) / 12
    np.testing.assert_allclose(
        softmax(scorer.log_odds(table) - scorer.offset), p, rtol=1e-9
    )
    again = ClassSharesScorer.from_state(scorer.state())
    np.testing.assert_array_equal(again.log_odds(table), scorer.log_odds(table))
    assert again.log_odds(table.take(np.arange(0))).shape == (0, 3)


def test_labels_have_forests_of_their_own(fitted) -> None:
    table, encoding, _, model = fitted
    forest = forest_of_shares(model.estimators_, 0.3)
    scorer = LabelSharesScorer(encoding, (forest, forest), np.array([0.0, 1.0]))
    scores = scorer.log_odds(table)
    np.testing.assert_allclose(scores[:, 1] - scores[:, 0], 1.0)
    assert (probability(scores) > 0).all()
    again = LabelSharesScorer.from_state(scorer.state())
    np.testing.assert_array_equal(again.log_odds(table), scores)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base", np.array([0.0, 0.1, 0.1])),
        ("shares", -1.0),
        ("shares", 5.0),
        ("offset", np.zeros(2)),
        ("base", np.zeros(2)),
    ],
)
def test_damaged_states_are_refused(fitted, name, value) -> None:
    _, encoding, _, model = fitted
    state = scorer_of(encoding, model).state()
    if isinstance(value, float):
        value = state[name] * 0 + value
    with pytest.raises(InputError):
        ClassSharesScorer.from_state({**state, name: value})
    forest = forest_of_shares(model.estimators_, 0.3).state()
    labels = {"encoding": state["encoding"], "forests": [forest], "offset": np.ones(2)}
    with pytest.raises(InputError):
        LabelSharesScorer.from_state(labels)
