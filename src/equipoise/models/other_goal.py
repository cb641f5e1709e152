# SPDX-License-Identifier: Apache-2.0
"""Another rule for the same model, if it follows from the probabilities alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from equipoise._core.checks import sentence
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.rule import DecisionRule
from equipoise.errors import UnsupportedError
from equipoise.models.goal import Goal
from equipoise.priors import log_odds
from equipoise.task import Task

Rule = DecisionRule | ClassRule | LabelRule


def rule_for(goal: Goal, rule: Rule, task: Task) -> Rule:
    """Return a rule with the same calibration that decides by other costs.

    The rule of least expected cost needs no labelled rows; any other goal does.

    Args:
        goal: With costs.
        rule: The model's.
        task: The model's.

    Raises:
        UnsupportedError: The goal has no costs.
        InputError: The costs do not fit the task.
    """
    if goal.costs is None or goal.floors is not None:
        raise UnsupportedError(
            sentence(
                "a goal for a fitted model that is not one of costs",
                "costs, whose best rule follows from the probabilities",
                "Pass goal=equipoise.Goal(costs=...) here, or the goal to "
                "equipoise.fit, which chooses the rule on rows.",
            )
        )
    if isinstance(rule, DecisionRule):
        goal.require_binary(task)
        return _binary(goal.costs, rule)
    costs = goal.of_task(task).costs
    if isinstance(rule, LabelRule):
        each = [
            costs[label] if isinstance(costs, Mapping) else costs
            for label in rule.labels
        ]
        rules = tuple(map(_binary, each, rule.rules))
        return replace(rule, rules=rules, objective="cost", level=None, notes=())
    return _classes(costs, rule)


def _binary(costs: Costs, rule: DecisionRule) -> DecisionRule:
    """Return the thresholds of two classes that follow from costs."""
    band = costs.band()
    ends: tuple[float, float | None] = costs.log_odds, None
    if band is not None:
        low, high = (float(log_odds(p)) for p in band)
        ends = high, low
    named = costs.to_dict().items()
    return replace(
        rule,
        threshold_log_odds=ends[0],
        lower_log_odds=ends[1],
        objective="cost",
        options=tuple((name, value) for name, value in named if value is not None),
        basis="analytic",
        level=None,
        tally=None,
        certificates=(),
        reason="",
    )


def _classes(costs: CostMatrix, rule: ClassRule) -> ClassRule:
    return replace(
        rule,
        multipliers=None,
        costs=costs,
        floors=(),
        objective="cost",
        basis="analytic",
        factor=1.0,
        balance=0.0,
        level=None,
        notes=(),
    )
