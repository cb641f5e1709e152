# SPDX-License-Identifier: Apache-2.0
"""The rule: decisions, words, and plain data."""

from __future__ import annotations

import math
from json import loads

import numpy as np
import pytest

from equipoise._core.files import to_json
from equipoise.decision import (
    Calibrator,
    Costs,
    DecisionRule,
    Tally,
    certified_rule,
    fit_calibrator,
    make_rule,
)
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import probability


def sample(rows: int = 3_000, seed: int = 0, share: float = 0.1):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(int)
    x = rng.normal(size=rows) + 2.5 * y
    return 2.5 * x - 2.5**2 / 2 + math.log(share / (1 - share)), y


def test_decisions_are_calibrated_shifted_and_compared() -> None:
    half = Calibrator("temperature", slope=0.5)
    rule = DecisionRule(threshold_log_odds=1.0, calibrator=half, offset=-0.5)
    assert rule.decide([2.9, 3.0, 3.1]).tolist() == [0, 1, 1]
    assert rule.decide([0.9, 1.0], calibrated=True).tolist() == [0, 1]
    assert rule.decide(np.full((2, 3), 9.0)).shape == (2, 3)
    p = probability(np.array([0.99, 1.01]))
    assert rule.decide_probability(p).tolist() == [0, 1]
    raw = probability(np.array([2.99, 3.01]))
    assert rule.decide_probability(raw, calibrated=False).tolist() == [0, 1]
    assert rule.decide_probability([0.0, 1.0]).tolist() == [0, 1]


def test_nothing_and_everything() -> None:
    assert DecisionRule(math.inf).decide([math.inf]).tolist() == [0]
    assert "no threshold meets the goal" in DecisionRule(math.inf).describe()
    assert DecisionRule(-math.inf).decide([-math.inf]).tolist() == [1]
    assert "every row" in DecisionRule(-math.inf).describe()


def test_thresholds_are_probabilities_and_log_odds() -> None:
    ends = math.log(1 / 4), math.log(1 / 19)
    rule = DecisionRule(*ends, prevalence=0.1)
    assert (rule.threshold, rule.lower) == (0.2, 0.05)
    assert (DecisionRule(math.inf).threshold, DecisionRule(0.0).lower) == (1.0, None)
    assert DecisionRule(-math.inf).threshold == 0.0
    stored = rule.to_dict()
    assert (stored["threshold"], stored["lower"]) == (
        rule.threshold_log_odds,
        rule.lower_log_odds,
    )
    assert DecisionRule.from_dict(stored) == rule


@pytest.mark.parametrize(
    "call",
    [
        lambda: DecisionRule(math.nan),
        lambda: DecisionRule(0.0, lower_log_odds=0.0),
        lambda: DecisionRule(0.0).decide([math.nan]),
        lambda: DecisionRule(0.0).decide_probability([1.5]),
        lambda: DecisionRule(0.0).decide_probability([math.nan]),
        lambda: DecisionRule.from_dict({"threshold": 0, "bias": 1}),
    ],
)
def test_errors_say_what_is_accepted(call) -> None:
    with pytest.raises(InputError, match="Accepted"):
        call()


def test_a_tally_costs_the_sum_of_shares_times_prices() -> None:
    shares, prices = (0.1, 0.2, 0.05, 0.6, 0.05), (-1.0, 2.0, 7.0, 0.5, 0.25)
    costs = Costs(tp=-1.0, fp=2.0, fn=7.0, tn=0.5, abstain=0.25)
    assert Tally(*shares).cost(costs) == pytest.approx(np.dot(shares, prices))
    without = Tally(0.1, 0.2, 0.1, 0.6).cost(costs)
    assert without == pytest.approx(np.dot([0.1, 0.2, 0.1, 0.6], prices[:4]))


def test_a_tally_without_a_price_for_what_is_left_is_undefined() -> None:
    assert math.isnan(Tally(0.1, 0.1, 0.1, 0.5, 0.2).cost(Costs(1, 2)))


@pytest.mark.parametrize(
    "rule",
    [
        DecisionRule(0.5),
        DecisionRule(math.inf, lower_log_odds=-math.inf, prevalence=math.nan),
        make_rule(*sample(300), objective="cost", fp=1, fn=9, abstain=0.2),
        make_rule(
            *sample(300),
            calibrator=fit_calibrator(*sample(300), method="isotonic"),
            objective="capacity",
            share=0.05,
            prevalence=0.3,
        ),
        certified_rule(*sample(), precision=0.7),
        make_rule([1.0, 0.0], [0, 1], objective="precision", floor=0.9),
    ],
)
def test_round_trip_through_json(rule) -> None:
    again = DecisionRule.from_dict(loads(to_json(rule.to_dict())))
    assert again.to_dict() == rule.to_dict()
    z = np.linspace(-6, 6, 50)
    assert again.decide(z).tolist() == rule.decide(z).tolist()
    assert again.describe() == rule.describe()


def test_large_numbers_are_written_in_full() -> None:
    everything = Tally(0.02, 0.98, 0.0, 0.0).describe(Costs(fp=25, fn=500))
    assert "it flags 1,000: 20 rightly, 980 wrongly; it misses 0" in everything
    assert "That costs 24,500." in everything
    assert "flags 0.0123" in Tally(1.23e-5, 0.0, 0.0, 0.9999877).describe()


def test_scores_that_are_no_numbers_are_refused() -> None:
    rule = DecisionRule(0.0)
    for use in (rule.decide, rule.decide_probability, rule.log_odds):
        with pytest.raises(InputTypeError, match="that are not numbers"):
            use(["a", "b"])


@pytest.mark.parametrize(
    ("threshold", "lower", "words"),
    [
        (np.inf, -np.inf, "Leave every row undecided."),
        (np.inf, 0.0, "Flag no row. Leave undecided from a probability of 0.5."),
        (0.0, -np.inf, "at least 0.5.\nLeave all others undecided."),
        (0.0, -1.0, "at least 0.5.\nLeave undecided from 0.2689"),
        (np.inf, None, "Flag no row: no threshold meets the goal."),
    ],
)
def test_what_is_left_undecided_is_said(threshold, lower, words) -> None:
    rule = DecisionRule(threshold, lower_log_odds=lower)
    assert words in rule.describe()
    assert words.startswith("Flag no row: ") == ("no threshold" in rule.describe())
