# SPDX-License-Identifier: Apache-2.0
"""One rule for all folds and repeats, and what it decides."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.evaluation.decided import Decided, DecisionCells, definitions
from equipoise.metrics import METRICS
from equipoise.priors import log_odds, probability

F1 = as_objective("f1", {})


def test_the_rule_is_the_best_of_the_mean_counts(drawn) -> None:
    """Brute force over every cut of both repeats together."""
    y, z = drawn.y == 1, drawn.scores["noisy"]
    found = Decided.choose(z, y, F1)
    values = {}
    for cut in np.unique(z):
        tp, fp = ((z >= cut) & y).sum() / 2, ((z >= cut) & ~y).sum() / 2
        values[cut] = 2 * tp / (tp + fp + y.sum())
    best = max(values, key=lambda cut: (values[cut], cut))
    assert np.array_equal(found.flagged, z >= best)
    assert np.array_equal(found.flagged, probability(z) >= found.threshold)
    assert found.goal is F1
    assert (found.lower, found.lower_threshold) == (None, None)
    assert not found.undecided.any()


def test_a_number_of_rows_is_that_of_one_table(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["noisy"]
    found = Decided.choose(z, y, as_objective("capacity", {"k": 10}))
    assert found.flagged.sum() / 2 == 10


def test_weights_are_copies_of_rows(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["noisy"]
    times = np.random.default_rng(0).integers(1, 5, y.size)
    rows = np.repeat(np.arange(y.size), times)
    weighted = Decided.choose(z, y, F1, times.astype(float))
    assert weighted.upper == Decided.choose(z[:, rows], y[rows], F1).upper
    cells = DecisionCells.of(weighted, y, times.astype(float))
    copied = DecisionCells.of(Decided(z[:, rows], weighted.upper), y[rows])
    for name, part in vars(cells).items():
        assert part == pytest.approx(getattr(copied, name)), name


def test_costs_set_the_rule_and_leave_rows_undecided(drawn) -> None:
    y, z = drawn.y == 1, drawn.scores["plain"]
    costs = Costs(fp=1, fn=9, tp=0.2, tn=0.1, abstain=0.5)
    found = Decided.choose(z, y, as_objective("cost", {"costs": costs}))
    low, high = costs.band() or (0, 0)
    assert (found.lower, found.upper) == pytest.approx(
        (float(log_odds(low)), float(log_odds(high)))
    )
    assert found.goal is None
    p = probability(z)
    assert np.array_equal(found.undecided, (p >= low) & (p < high))
    cells = DecisionCells.of(found, y).mean
    made = np.where(p >= high, 1, np.where(p >= low, -1, 0))
    each = [costs.per_row(y.astype(float), line).mean() for line in made]
    values = definitions(costs, undecided=True)
    assert values["cost"](cells) == pytest.approx(np.mean(each))
    assert values["undecided"](cells) == pytest.approx((made == -1).mean())
    # Rows left undecided count as not flagged.
    both, on = np.tile(y, 2), (made == 1).ravel().astype(float)
    for name in ("recall", "precision", "f1", "balanced_accuracy"):
        assert values[name](cells) == pytest.approx(METRICS[name](both, on)), name
    assert "undecided" not in definitions(None, undecided=False)


def test_a_rule_that_flags_nothing_flags_not_even_infinity() -> None:
    z = np.array([[math.inf, 0.0]])
    assert not Decided(z, math.inf).flagged.any()
    low = Decided(z, math.inf, 0.0)
    assert low.undecided.tolist() == [[True, True]]
