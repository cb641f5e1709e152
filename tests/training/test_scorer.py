# SPDX-License-Identifier: Apache-2.0
"""Fitted networks: a row's score is its own, and equal shapes share one program."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.learners.network import NetworkLearner
from equipoise.networks.spec import NetworkSpec
from equipoise.training.scorer import NetworkScorer
from equipoise.training.settings import TrainingSettings

QUICK = TrainingSettings(batch=64, epochs=3)


@pytest.fixture(scope="module")
def fitted(table, jobs_for) -> list[NetworkScorer]:
    spec = NetworkSpec("x", hidden=(13,), number_width=3, copies=2)
    # Few values, so that both parts have the same knots.
    columns = [
        dataclasses.replace(c, values=np.round(c.values)) if c.kind == "numeric" else c
        for c in table.columns
    ]
    rounded = dataclasses.replace(table, columns=tuple(columns))
    jobs = jobs_for(rounded, ["plain", "class_weight"], folds=1)
    outcomes = NetworkLearner(spec, QUICK).run(rounded, jobs, keep=True)
    return [outcome.scorer for outcome in outcomes]


def test_a_row_scores_the_same_alone_and_among_others(fitted, table) -> None:
    for scorer in fitted:
        whole = scorer.log_odds(table)
        turned = np.random.default_rng(0).permutation(len(table))
        np.testing.assert_array_equal(
            scorer.log_odds(table.take(turned)), whole[turned]
        )
        for rows in ([5], [7, 8, 9], range(40, 57)):
            found = scorer.log_odds(table.take(rows))
            np.testing.assert_array_equal(found, whole[np.asarray(rows)])
        assert scorer.log_odds(table.take(np.arange(0))).shape == (0, 1)


def test_networks_of_equal_shapes_share_one_program(fitted, table) -> None:
    first, second = fitted
    assert first._compiled is second._compiled
    assert not np.array_equal(first.log_odds(table), second.log_odds(table))
    again = NetworkScorer.from_state(first.state())
    np.testing.assert_array_equal(again.log_odds(table), first.log_odds(table))
    assert again._compiled is first._compiled
