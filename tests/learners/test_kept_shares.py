# SPDX-License-Identifier: Apache-2.0
"""Models of kept rows become models of all rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import spearmanr

from equipoise.errors import UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.kept_shares import shifted_scorer
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.strategies.catalogue import strategy
from equipoise.table.generated_tasks import make_classes
from equipoise.table.generators import gaussian_shift

NAMES = ("prior", "logistic", "trees", "extra_trees")


def fitted(name: str, table):  # type: ignore[no-untyped-def]
    rows = np.arange(len(table))
    arm = strategy(name).with_classes(table.task)
    job = Job(arm, rows[::2], rows[1::4], rows[3::4], seed=1)
    (outcome,) = learner_for(arm).run(table, [job], keep=True)
    return outcome


@pytest.mark.parametrize("name", NAMES)
def test_the_scores_move_by_the_constant(name: str) -> None:
    table = gaussian_shift(400, positives=80, seed=2).table
    scorer = fitted(name, table).scorer
    moved = shifted_scorer(scorer, (-2.5,), name, exact=True)
    before = scorer.log_odds(table)
    np.testing.assert_allclose(moved.log_odds(table), before - 2.5, atol=1e-9)
    learner = strategy(name).learner
    rebuilt = scorer_from_state(learner, moved.state())
    np.testing.assert_allclose(rebuilt.log_odds(table), before - 2.5, atol=1e-9)


@pytest.mark.parametrize("name", ["prior", "logistic", "trees", "extra_trees"])
def test_several_classes_move_each(name: str) -> None:
    table = make_classes(400, shares=(0.6, 0.3, 0.1), seed=3).table
    scorer = fitted(name, table).scorer
    shift = np.array([-1.0, 0.5, 2.0])
    moved = shifted_scorer(scorer, shift, name, exact=True)
    gap = moved.log_odds(table) - scorer.log_odds(table)
    gap -= gap.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        gap, np.broadcast_to(shift - shift.mean(), gap.shape), atol=1e-9
    )


@pytest.mark.parametrize("name", ["easy_ensemble", "rusboost", "isolation_forest"])
def test_other_scores_keep_their_order(name: str) -> None:
    """They are no log-odds: a calibrator makes them those of all rows."""
    table = gaussian_shift(400, positives=80, seed=2).table
    scorer = fitted(name, table).scorer
    moved = shifted_scorer(scorer, (-1.0,), name, exact=False)
    before, after = scorer.log_odds(table)[:, 0], moved.log_odds(table)[:, 0]
    assert spearmanr(before, after).statistic > 0.99


def test_scores_without_a_place_for_a_constant() -> None:
    @dataclasses.dataclass(frozen=True)
    class Odd:
        def log_odds(self, rows: object) -> np.ndarray:
            return np.zeros((1, 1))

        def state(self) -> dict[str, object]:
            return {}

    odd = Odd()
    assert shifted_scorer(odd, (0.0,), "odd", exact=True) is odd
    assert shifted_scorer(odd, (1.0,), "odd", exact=False) is odd
    with pytest.raises(UnsupportedError, match="'odd' for rows of which a share"):
        shifted_scorer(odd, (1.0,), "odd", exact=True)
