# SPDX-License-Identifier: Apache-2.0
"""What a report says of the columns that matter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from equipoise.explanations.importance import ColumnImportance, Importance
from equipoise.metrics.estimate import Estimate
from equipoise.report.columns_that_matter import importance_facts, importance_lines
from equipoise.report.page import render
from equipoise.report.summary import summarise

MADE = Importance(
    "average_precision",
    0.7,
    tuple(
        ColumnImportance(
            (f"<b>{k}",), Estimate(0.3 - 0.01 * k, 0.1, 0.4), 0.001, 0.01, "matters"
        )
        for k in range(25)
    ),
    100,
    2,
    5,
    0.95,
    0.8,
    "out of fold",
    ("A note on columns.",),
)


def test_facts_list_the_largest(make_trial: Callable[..., Any]) -> None:
    trial = make_trial()
    assert importance_facts(trial) == {}
    facts = importance_facts(dataclasses.replace(trial, importance=MADE))["importance"]
    assert len(facts["columns"]) == 20
    assert facts["left"] == 5
    assert facts["columns"][0]["bar"] == 1.0
    assert facts["columns"][0]["drop"]["value"] == pytest.approx(0.3)


def test_the_page_has_a_section(make_trial: Callable[..., Any]) -> None:
    trial = dataclasses.replace(make_trial(), importance=MADE)
    page = render(summarise(trial))
    assert "Which columns matter" in page
    assert "&lt;b&gt;0" in page
    assert "A note on columns." in page
    assert "Which columns matter" not in render(summarise(make_trial()))


def test_a_screen_has_lines(make_trial: Callable[..., Any]) -> None:
    lines = list(importance_lines(MADE, "plain", 80))
    assert max(map(len, lines)) <= 80
    assert "Columns that the ranking of plain depends on." in lines
    assert list(importance_lines(None, "plain", 80)) == []
