# SPDX-License-Identifier: Apache-2.0
"""The sentences of a report of several classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from equipoise.decision.cost_matrix import CostMatrix
from equipoise.report.task_words import (
    aim_of_decisions,
    decision_lines,
    fitting_code,
    rule_lines,
    task_methods,
    task_steps,
)
from equipoise.verbs.trial import Trial


def test_the_decision_is_named_with_its_rule(class_trial: Trial) -> None:
    lines = decision_lines(class_trial, class_trial.results)
    assert lines[0] == (
        "Use plain, and decide for the highest mean of the classes' F1."
    )
    assert any(line.startswith("Decide the class") for line in lines)
    assert rule_lines(class_trial.results["plain"]) == []


def test_a_long_rule_is_kept_apart(label_trial: Trial) -> None:
    results = label_trial.results
    names = tuple(f"label {k}" for k in range(9))
    rule = dataclasses.replace(
        results["plain"].rule, labels=names, rules=results["plain"].rule.rules[:1] * 9
    )
    arm = dataclasses.replace(results["plain"], rule=rule)
    assert len(rule_lines(arm)) == 9


def test_costs_are_the_aim(make_task_trial: Callable[..., Trial]) -> None:
    costs = CostMatrix(("c0", "c1", "c2"), ((0, 1, 1), (1, 0, 1), (7, 1, 0)))
    trial = make_task_trial((150, 60, 20), costs=costs, repeats=1)
    assert aim_of_decisions(trial).startswith("the lowest expected cost")
    assert not any("costs=" in step for step in task_steps(trial, trial.results)[1:])
    assert "equipoise.Goal(costs=costs)" in str(fitting_code(trial)["python"])


@pytest.mark.parametrize("kind", ["class_trial", "label_trial"])
def test_steps_and_methods_speak_of_the_task(
    kind: str, request: pytest.FixtureRequest
) -> None:
    trial = request.getfixturevalue(kind)
    texts = task_steps(trial, trial.results)
    texts += [item["text"] for item in task_methods(trial, trial.results)]
    joined = " ".join(texts)
    assert "positives" not in joined
    assert "threshold" not in joined
    assert ("classes" in joined) == (kind == "class_trial")
    assert fitting_code(trial)["python"] == 'equipoise.fit(table, strategy="plain")'
