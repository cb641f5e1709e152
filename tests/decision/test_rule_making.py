# SPDX-License-Identifier: Apache-2.0
"""Rules made from rows: searched, analytic, certified."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from equipoise.decision import (
    Costs,
    certified_rule,
    certify_precision,
    certify_recall,
    choose_threshold,
    fit_calibrator,
    make_rule,
)
from equipoise.decision.objectives import objective
from equipoise.errors import InputError, RefusedError
from equipoise.priors import probability


def sample(rows: int = 3_000, seed: int = 0, share: float = 0.1):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(int)
    x = rng.normal(size=rows) + 2.5 * y
    return 2.5 * x - 2.5**2 / 2 + math.log(share / (1 - share)), y


@pytest.mark.parametrize(
    "call",
    [
        lambda: make_rule([0.0, 1.0], [0, 1], abstain=0.1),
        lambda: make_rule([0.0, 1.0], [0, 1], objective="cost", fp=[1, 2], fn=3),
        lambda: certified_rule([0.0, 1.0], [0, 1]),
        lambda: certified_rule([0.0, 1.0], [0, 1], recall=0.5, abstain=True),
    ],
)
def test_errors_say_what_is_accepted(call) -> None:
    with pytest.raises(InputError, match="Accepted"):
        call()


def test_the_rule_holds_the_threshold_of_calibrated_scores() -> None:
    z, y = sample()
    calibrator = fit_calibrator(2 * z + 1, y, method="platt")
    rule = make_rule(2 * z + 1, y, objective="mcc", calibrator=calibrator)
    found = choose_threshold(calibrator.apply(2 * z + 1), y, objective="mcc")
    flags = found.flag(rule.log_odds(2 * z + 1))
    assert np.array_equal(rule.decide(2 * z + 1) == 1, flags)
    # Moved to a short decimal between the same two scores.
    assert rule.threshold_log_odds == pytest.approx(found.value, abs=0.01)
    assert len(f"{probability(rule.threshold_log_odds):.10g}") <= 8
    assert rule.basis == "estimated"
    assert "estimated on 3,000 rows" in rule.describe()


def test_the_tally_counts_what_the_rule_does() -> None:
    z, y = sample()
    w = np.random.default_rng(1).integers(0, 3, len(y))
    rule = make_rule(z, y, objective="cost", fp=1, fn=12, abstain=0.4, weights=w)
    decided = rule.decide(z)
    t = rule.tally
    assert t is not None
    total = w.sum()
    assert t.tp == pytest.approx((w * (y == 1) * (decided == 1)).sum() / total)
    assert t.fp == pytest.approx((w * (y == 0) * (decided == 1)).sum() / total)
    assert t.fn == pytest.approx((w * (y == 1) * (decided == 0)).sum() / total)
    assert t.tn == pytest.approx((w * (y == 0) * (decided == 0)).sum() / total)
    assert t.abstained == pytest.approx((w * (decided == -1)).sum() / total)
    assert t.tp + t.fp + t.fn + t.tn + t.abstained == pytest.approx(1)
    costs = rule.costs
    assert costs == Costs(1, 12, abstain=0.4)
    assert t.cost(costs) == pytest.approx(t.fp + 12 * t.fn + 0.4 * t.abstained)
    words = rule.describe()
    assert f"{1_000 * t.cost(costs):.4g}" in words
    assert "undecided" in words


def test_abstaining_lowers_the_cost_where_the_probabilities_are_right() -> None:
    z, y = sample(200_000)
    prices = {"fp": 1.0, "fn": 12.0}
    plain = make_rule(z, y, objective="cost", **prices)
    band = make_rule(z, y, objective="cost", abstain=0.3, **prices)
    dear = make_rule(z, y, objective="cost", abstain=5.0, **prices)
    costs = Costs(1, 12, abstain=0.3)
    assert band.tally.cost(costs) < plain.tally.cost(costs)
    assert dear.lower is None
    assert band.lower < plain.threshold < band.threshold


def test_another_prevalence_shifts_and_reweights() -> None:
    z, y = sample(60_000, share=0.1)
    other, label = sample(60_000, seed=1, share=0.02)
    rule = make_rule(z, y, objective="f1", prevalence=0.02)
    own = make_rule(other, label, objective="f1")
    assert rule.prevalence == 0.02
    # The same threshold on the same scale, and the same figures, up to noise.
    assert rule.threshold_log_odds == pytest.approx(own.threshold_log_odds, abs=0.4)
    assert rule.tally.tp == pytest.approx(own.tally.tp, abs=0.002)
    shifted = z + rule.offset
    np.testing.assert_allclose(rule.log_odds(z), shifted)
    assert "for a prevalence of 0.02" in rule.describe()


def test_certified_rules() -> None:
    z, y = sample()
    one = certified_rule(z, y, precision=0.7)
    assert one.threshold_log_odds == certify_precision(z, y, 0.7).threshold
    assert one.basis == "certified"
    assert "certified at 0.95 on 3,000 rows" in one.describe()
    two = certified_rule(z, y, recall=0.8, level=0.9)
    assert two.threshold_log_odds == certify_recall(z, y, 0.8, level=0.9).threshold
    both = certified_rule(z, y, precision=0.5, recall=0.6)
    assert both.certificates[0].precision == 0.5
    assert both.lower is None


def test_two_floors_that_no_threshold_has_leave_rows_undecided() -> None:
    z, y = sample()
    with pytest.raises(RefusedError):
        certified_rule(z, y, precision=0.85, recall=0.9)
    rule = certified_rule(z, y, precision=0.85, recall=0.9, abstain=True)
    assert (
        rule.threshold_log_odds == certify_precision(z, y, 0.85, level=0.975).threshold
    )
    assert rule.lower_log_odds == certify_recall(z, y, 0.9, level=0.975).threshold
    decided = rule.decide(z)
    assert set(np.unique(decided)) == {-1, 0, 1}
    assert len(rule.certificates) == 2
    # Where one threshold has both, nothing needs to be left.
    easy = certified_rule(z, y, precision=0.4, recall=0.6, abstain=True)
    assert easy.lower is None


def test_a_wish_that_cannot_be_met_is_said() -> None:
    rule = make_rule([1.0, 0.0], [0, 1], objective="precision", floor=0.9)
    assert rule.threshold_log_odds == math.inf
    assert "No threshold on these rows" in rule.describe()


def test_a_rule_of_costs_may_hold_the_price_of_abstaining() -> None:
    z, y = sample(300)
    given = make_rule(z, y, objective="cost", fp=1, fn=9, abstain=0.2)
    assert make_rule(z, y, objective="cost", costs=Costs(1, 9, abstain=0.2)) == given
    ready = objective("cost", costs=Costs(1, 9, abstain=0.2))
    assert make_rule(z, y, objective=ready) == given
    assert given.lower is not None
    with pytest.raises(InputError, match="two thresholds: make_rule"):
        choose_threshold(z, y, objective="cost", fp=1, fn=9, abstain=0.2)


@pytest.mark.parametrize(
    ("name", "options"),
    [("f1", {}), ("precision", {"floor": 0.5}), ("capacity", {"share": 0.1})],
)
def test_the_printed_threshold_is_the_rule(name: str, options: dict) -> None:
    """Chosen rules are short decimals that decide as the exact cut does."""
    z, y = sample(400)
    rule = make_rule(z, y, objective=name, **options)
    text = re.search(r"at least ([\d.e-]+)\.\n", rule.describe() + "\n")
    assert text is not None
    assert len(text[1]) <= 8
    exact = choose_threshold(z, y, objective=name, **options).value
    assert np.array_equal(rule.decide(z) == 1, z >= exact)
    assert np.array_equal(rule.decide(z) == 1, probability(z) >= float(text[1]))
