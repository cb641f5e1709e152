# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from equipoise.evaluation.kind_values import OF_KINDS, UnseenKinds
from equipoise.metrics.estimate import Estimate
from equipoise.report.unseen import kind_sentence, unseen_facts, unseen_lines


def of(value: float, low: float, high: float) -> dict[str, Estimate]:
    return dict.fromkeys(OF_KINDS, Estimate(value, low, high))


def trial(cases: int = 30) -> Any:
    unseen = UnseenKinds(
        "attack",
        {"dos": 40},
        {"dos": cases},
        1_234,
        {"plain": 0.02, "forest": 0.05},
        {
            "plain": {"dos": of(0.45, 0.4, 0.52)},
            "forest": {"dos": of(0.8, 0.7, 0.875)},
        },
        {"plain": {"dos": of(0.9, 0.85, 0.95)}},
    )
    return types.SimpleNamespace(unseen=unseen, names=("forest", "plain"))


def test_a_sentence_names_those_that_find_it_and_those_that_do_not() -> None:
    unseen = trial().unseen
    assert kind_sentence(unseen, "dos") == (
        "dos, 40 positives (30 independent), unseen: ranked above the negatives by "
        "'forest'; not shown for 'plain'."
    )
    assert "independent" not in kind_sentence(trial(40).unseen, "dos")
    unseen.unseen["forest"]["dos"] = of(0.6, 0.49, 0.7)
    assert "by no arm." in kind_sentence(unseen, "dos")


def test_a_table_where_it_fits_and_lines_where_not() -> None:
    wide = list(unseen_lines(trial(), 80))
    assert any("AP if seen" in line for line in wide)
    assert any("5%" in line and "forest" in line for line in wide)
    assert any(".900" in line for line in wide)
    for width in (80, 60, 30):
        lines = list(unseen_lines(trial(), width))
        assert max(map(len, lines)) <= width
        text = " ".join(" ".join(lines).split())
        assert "[.70, .88]" in text or "[.70," in text
    assert list(unseen_lines(types.SimpleNamespace(unseen=None), 80)) == []  # type: ignore[arg-type]  # all that is read


def test_facts_are_plain_data() -> None:
    facts = unseen_facts(trial())["unseen"]
    (kind,) = facts["kinds"]
    assert (facts["source"], facts["negatives"]) == ("attack", 1_234)
    first, second = kind["arms"]
    assert first["name"] == "forest"
    assert first["recall"]["low"] == pytest.approx(0.7)
    assert first["seen"] is None
    assert second["seen"]["roc_auc"]["value"] == pytest.approx(0.9)
    assert np.isfinite(first["false_alarms"])
    assert unseen_facts(types.SimpleNamespace(unseen=None)) == {}  # type: ignore[arg-type]  # all that is read
