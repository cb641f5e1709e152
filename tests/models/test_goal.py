# SPDX-License-Identifier: Apache-2.0
"""What a decision rule is to reach: one thing, in range."""

from __future__ import annotations

import re
from typing import Any

import pytest

from equipoise.decision.costs import Costs
from equipoise.errors import InputError, InputTypeError
from equipoise.models.goal import Goal, as_goal


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision_floor": 1.5}, "precision_floor=1.5"),
        ({"certify": 0.95}, "without a floor"),
        ({"precision_floor": 0.5, "recall_floor": 0.5}, "two floors"),
        ({"costs": (1, 2), "objective": "f1"}, "one goal"),
        ({"costs": (1, 2), "capacity": 0.1}, "one goal"),
        ({"costs": (1, -2)}, "fn above tp"),
        ({"capacity": 0}, "capacity=0"),
        ({"objective": "f3"}, "'f3'"),
        ({"options": {"beta": 2.0}}, "an objective with them"),
        ({"floors": {"a": {"recall": 90}}}, "recall of 'a'=90"),
        ({"floors": {"a": {"recal": 0.9}}}, "Did you mean 'recall'"),
    ],
)
def test_odd_goals_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Goal(**options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("f1", {})),
        ({"objective": "mcc"}, ("mcc", {})),
        ({"precision_floor": 0.5}, ("precision", {"floor": 0.5})),
        ({"recall_floor": 0.9}, ("recall", {"floor": 0.9})),
        ({"capacity": 0.02}, ("capacity", {"share": 0.02})),
    ],
)
def test_each_goal_has_an_objective(
    options: dict[str, Any], expected: tuple[str, dict[str, Any]]
) -> None:
    assert Goal(**options).estimated() == expected


def test_costs_may_be_a_pair() -> None:
    goal = Goal(costs=(1, 20))
    assert goal.costs == Costs(fp=1, fn=20)
    name, options = goal.estimated()
    assert (name, options["fp"], options["fn"]) == ("cost", 1, 20)


def test_a_goal_may_be_a_name_or_left_out() -> None:
    usual, own = Goal(costs=(1, 1)), Goal(capacity=0.1)
    assert as_goal(None, usual) is usual
    assert as_goal(own, usual) is own
    assert as_goal("g_mean", usual) == Goal(objective="g_mean")
    with pytest.raises(InputError, match="'f3'"):
        as_goal("f3", usual)
    with pytest.raises(InputTypeError, match=r"Goal\(precision_floor=0\.5\)"):
        as_goal({"precision_floor": 0.5}, usual)


@pytest.mark.parametrize("name", ["", "acuracy"])
def test_a_name_is_one_of_those_of_any_task(name: str) -> None:
    with pytest.raises(InputError, match="'accuracy'"):
        Goal(objective=name)


@pytest.mark.parametrize("name", ["fbeta", "cost", "capacity", "precision", "recall"])
def test_what_an_objective_without_its_numbers_proposes_is_a_goal(name: str) -> None:
    with pytest.raises(InputTypeError) as raised:
        Goal(objective=name)
    proposed = re.search(r"In a goal: (Goal\(.*\))[.;]", str(raised.value))
    assert proposed is not None
    goal = eval(proposed[1], {"Goal": Goal})
    assert goal.estimated()[0] == name
