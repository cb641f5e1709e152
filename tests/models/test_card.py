# SPDX-License-Identifier: Apache-2.0
"""The model's card."""

from __future__ import annotations

import dataclasses
import re

import pytest

from equipoise.verbs.model import FittedModel


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
    assert "the intervals of the decisions allow for that" in linear.card()
    given = dataclasses.replace(linear.rule, basis="analytic")
    assert "flatter" not in dataclasses.replace(linear, rule=given).card()


def test_the_card_is_about_one_rule(linear: FittedModel) -> None:
    """The threshold of the decision is that of the figures, in the same digits."""
    text = linear.card()
    found = linear.evaluation
    assert found.threshold is not None
    assert found.confusion is not None
    assert found.threshold_range is not None
    said = float(re.search(r"probability is at least ([\d.e-]+)\.\n", text)[1])
    judged = float(re.search(r"flagged from a probability of ([\d.e-]+)", text)[1])
    assert said == judged == found.threshold
    c, tally = found.confusion, linear.rule.tally
    assert tally is not None
    for cell in ("tp", "fp", "fn", "tn"):
        share = getattr(c, cell) / found.rows
        assert share == pytest.approx(getattr(tally, cell), rel=1e-12)
    low = found.threshold_range[0]
    assert f"With one fold left out, the threshold would be {low:.2g} to" in text
