# SPDX-License-Identifier: Apache-2.0
"""A rule of several classes is plain data that decides as it says."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from equipoise.decision import (
    ClassCalibrator,
    ClassFloor,
    ClassRule,
    CostMatrix,
    certify_class_rule,
)
from equipoise.errors import InputError
from equipoise.priors import softmax

NAMES = ("a", "b", "c")
RANDOM = np.random.default_rng(0)
P = softmax(RANDOM.normal(size=(40, 3)))
COSTS = CostMatrix(NAMES, [[0, 1, 5], [2, 0, 1], [20, 3, 0]], abstain=1.2)


def test_multipliers_weigh_probabilities() -> None:
    rule = ClassRule(NAMES, multipliers=(1.0, 2.5, 0.5))
    assert (rule.decide(P) == (P * [1.0, 2.5, 0.5]).argmax(axis=1)).all()
    stacked = P.reshape(4, 10, 3)
    assert (rule.decide(stacked) == rule.decide(P).reshape(4, 10)).all()
    assert rule.decide(P[0]).shape == ()
    # Only ratios count.
    scaled = ClassRule(NAMES, multipliers=(3.0, 7.5, 1.5))
    assert (scaled.decide(P) == rule.decide(P)).all()


def test_costs_decide_and_abstain() -> None:
    rule = ClassRule(NAMES, costs=COSTS, objective="cost", basis="analytic")
    assert (rule.decide(P) == COSTS.decide(P)).all()
    assert (rule.decide(P) == -1).any()
    assert rule.abstains
    assert "leave the row undecided if that costs less" in rule.describe()


def test_costs_by_row() -> None:
    rule = ClassRule(NAMES, multipliers=(1.0, 1.0, 1.0))
    missed = RANDOM.exponential(size=(40, 3))
    assert (
        rule.decide(P, row_costs=missed) == (P * missed).argmax(axis=1)
    ).all()  # argmin of the total missed is argmax of what is not
    full = RANDOM.exponential(size=(40, 3, 3))
    by_hand = [int(np.argmin(p @ c)) for p, c in zip(P, full, strict=True)]
    assert rule.decide(P, row_costs=full).tolist() == by_hand
    with pytest.raises(InputError, match="costs by row of shape"):
        rule.decide(P, row_costs=missed[:3])
    with pytest.raises(InputError, match="probabilities"):
        rule.decide(P.reshape(4, 10, 3), row_costs=missed)


def test_certain_probabilities_are_served() -> None:
    rule = ClassRule(NAMES, multipliers=(1.0, 2.5, 0.5))
    assert rule.decide(np.eye(3)).tolist() == [0, 1, 2]


def test_scores_are_calibrated_first() -> None:
    calibrator = ClassCalibrator(
        "shifts", (1.0,) * 3, shifts=(0.0, 2.0, 0.0), base_rates=(0.4, 0.3, 0.3)
    )
    rule = ClassRule(NAMES, multipliers=(1.0, 1.0, 1.0), calibrator=calibrator)
    z = RANDOM.normal(size=(30, 3))
    assert rule.probability(z) == pytest.approx(calibrator.probability(z))
    assert (rule.decide_scores(z) == (z + np.array([0, 2, 0])).argmax(axis=1)).all()
    plain = ClassRule(NAMES, multipliers=(1.0, 1.0, 1.0))
    far = plain.decide_scores([[np.inf, 0, 0], [0, 0, -np.inf], [0, 2000, 1000]])
    assert far.tolist() == [0, 0, 1]


def certified() -> ClassRule:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 600)
    p = softmax(2 * np.eye(3)[y] + rng.normal(size=(600, 3)))
    rule = ClassRule(
        NAMES,
        multipliers=(1.0, 2.0, 0.5),
        objective="macro_f1",
        basis="estimated",
        factor=0.4,
        balance=0.5,
        rows=100,
        totals=(50, 30, 20),
        notes=("a note",),
    )
    return certify_class_rule(rule, p, y, {"c": {"recall": 0.8}}, level=0.9)


@pytest.mark.parametrize(
    "rule",
    [
        ClassRule(NAMES, multipliers=(1.0, 2.5, 0.5)),
        ClassRule(NAMES, costs=COSTS, objective="cost", basis="analytic"),
        ClassRule(
            NAMES,
            multipliers=(1.0, 1.0, 1.0),
            floors=(ClassFloor("b", float("inf"), recall=0.5),),
        ),
        certified(),
    ],
)
def test_it_survives_json(rule) -> None:
    again = ClassRule.from_dict(json.loads(json.dumps(rule.to_dict())))
    assert again == rule
    assert (again.decide(P) == rule.decide(P)).all()


def test_it_says_what_it_does() -> None:
    text = certified().describe()
    assert "probability times its multiplier is highest: a 1, b 2, c 0.5" in text
    assert "Decide c also if its probability is at least" in text
    assert "recall of at least 0.8, certified at 0.9" in text
    assert "from multipliers of (1 / share)^0.5" in text
    assert "A note." in text
    plain = ClassRule(NAMES, multipliers=(2.0, 2.0, 2.0))
    assert plain.describe().startswith("Decide the class of highest probability.")


def test_it_says_how_surely_several_floors_hold_together() -> None:
    text = "All floors hold together with a probability of at least 0.9."
    assert text not in certified().describe()
    floors = certified().floors
    two = (*floors, dataclasses.replace(floors[0], name="a"))
    assert text in dataclasses.replace(certified(), floors=two).describe()
    unsure = dataclasses.replace(certified(), floors=two, level=None)
    assert "hold together" not in unsure.describe()


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: ClassRule(NAMES), "neither multipliers and costs"),
        (
            lambda: ClassRule(NAMES, multipliers=(1.0,) * 3, costs=COSTS),
            "both multipliers and costs",
        ),
        (lambda: ClassRule(NAMES, multipliers=(1.0, 2.0)), "2 multipliers for 3"),
        (lambda: ClassRule(NAMES, multipliers=(1.0, 0.0, 1.0)), "multiplier=0.0"),
        (lambda: ClassRule(("c", "b", "a"), costs=COSTS), "in the same order"),
        (
            lambda: ClassRule(
                NAMES, (1.0,) * 3, floors=(ClassFloor("d", 0.0, recall=0.5),)
            ),
            "class='d'",
        ),
        (lambda: ClassRule(NAMES, (1.0,) * 3, basis="lucky"), "basis='lucky'"),
        (lambda: ClassRule.from_dict({"colour": 1}), "rule fields"),
    ],
)
def test_what_does_not_fit_is_refused(build, says) -> None:
    with pytest.raises(InputError, match=says):
        build()


@pytest.mark.parametrize(
    ("factor", "balance", "says"),
    [
        (0.0, 0.0, "On rows left out, equal multipliers did best."),
        (0.0, 0.75, "On rows left out, multipliers of (1 / share)^0.75 did best."),
        (0.2, 0.0, "go 0.2 of the way from equal multipliers to the searched ones."),
        (0.6, 0.5, "from multipliers of (1 / share)^0.5 to the searched ones."),
        (1.0, 0.5, "estimated on 90 rows."),
    ],
)
def test_how_far_multipliers_were_held_back_is_said(factor, balance, says) -> None:
    rule = ClassRule(
        ("a", "b"),
        multipliers=(1.0, 2.0),
        objective="macro_f1",
        basis="estimated",
        factor=factor,
        balance=balance,
        rows=90,
    )
    assert rule.describe().split("\n")[1].endswith(says)
