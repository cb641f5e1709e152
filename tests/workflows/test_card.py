# SPDX-License-Identifier: Apache-2.0
"""The model's card."""

from __future__ import annotations

import dataclasses

from equipoise.workflows.model import FittedModel


def test_it_tells_what_the_model_is_and_how_good(network: FittedModel) -> None:
    text = network.card()
    assert text.startswith("# A model of fraud = yes\n")
    for component in network.components:
        assert f"- {component.weight:.0%} {component.strategy.name}: " in text
        assert f"({len(component.scorers)} fold models)" in text
    assert "300 rows" in text
    assert f"{network.facts['positives']} of them positive" in text
    assert str(network.evaluation) in text
    assert network.rule.describe() in text
    assert f"tensorflow {network.facts['versions']['tensorflow']}" in text
    for column in ("amount", "city", "paid", "when"):
        assert column in text


def test_notes_are_limits(linear: FittedModel) -> None:
    text = linear.card()
    limits = text.index("## Limits")
    for note in linear.notes:
        assert text.index(note) > limits


def test_it_holds_no_rows(linear: FittedModel) -> None:
    assert "2020-" not in linear.card()


def test_a_chosen_threshold_is_said_to_flatter(linear: FittedModel) -> None:
    assert linear.rule.basis == "estimated"
    known = linear.card().index("## What is known")
    assert linear.card().index("its own figures flatter it") > known
    given = dataclasses.replace(linear.rule, basis="analytic")
    assert "flatter" not in dataclasses.replace(linear, rule=given).card()
