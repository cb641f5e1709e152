# SPDX-License-Identifier: Apache-2.0
"""Parts of a strategy that change nothing on the rows at hand."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.idle import idle_parts
from equipoise.strategies.sampler_object import resampled
from equipoise.strategies.strategy import Strategy

EVEN, RARE = (300, 300), (900, 100)


@pytest.mark.parametrize("name", catalogue())
def test_every_part_of_the_catalogue_counts_on_a_rare_class(name: str) -> None:
    idle = idle_parts(catalogue()[name], [9_900, 100])
    assert not idle


@pytest.mark.parametrize(
    ("recipe", "counts", "says"),
    [
        ({"weights": "balanced"}, EVEN, "weights='balanced' has no effect"),
        ({"weights": "balanced"}, (303, 300), "to within 2%"),
        ({"weights": "log"}, EVEN, "weights='log' has no effect"),
        ({"weights": "sqrt"}, EVEN, "weights='sqrt' has no effect"),
        ({"weights": "fixed"}, RARE, "weights='fixed' has no effect"),
        (
            {"weights": "capped", "options": {"cap": 1}},
            RARE,
            "weights='capped' has no effect",
        ),
        ({"weights": "capped"}, (500, 100), "cap=10 of weights='capped' has no effect"),
        (
            {"weights": "effective_number", "options": {"beta": 0.0}},
            RARE,
            "weights='effective_number' has no effect",
        ),
        (
            {"weights": "balanced", "learner": "trees"},
            EVEN,
            "weights='balanced' has no effect",
        ),
        ({"sampling": "balanced"}, EVEN, "sampling='balanced' rebalances nothing"),
        ({"sampling": "oversample"}, (100, 300), "sampling='oversample' rebal"),
        ({"sampling": "undersample"}, (100, 300), "sampling='undersample' rebal"),
        (
            {"sampling": "undersample", "options": {"ratio": 1 / 9}},
            RARE,
            "sampling='undersample' rebalances nothing",
        ),
        (
            {"sampling": "rate", "options": {"rate": 0.1}},
            RARE,
            "sampling='rate' rebalances nothing",
        ),
        ({"plan": "under_bagging"}, EVEN, "plan='under_bagging' rebalances nothing"),
        (
            {"plan": "bagging", "options": {"members": 1}},
            RARE,
            "plan='bagging' has no effect: with members=1",
        ),
        (
            {"sampling": "oversample", "synthesis": "smote", "options": {"ratio": 0.1}},
            RARE,
            "synthesis='smote' has no effect",
        ),
        (
            {"sampling": "rate", "synthesis": "smote", "options": {"rate": 0.05}},
            RARE,
            "synthesis='smote' has no effect",
        ),
        (
            {"loss": "focal", "options": {"gamma": 0.0}},
            RARE,
            "loss='focal' has no effect: at gamma=0",
        ),
        (
            {"loss": "focal", "options": {"gamma": 0.0, "alpha": 0.8}},
            RARE,
            "gamma=0 of loss='focal' has no effect",
        ),
        (
            {"loss": "focal", "options": {"alpha": 0.5}},
            RARE,
            "alpha=0.5 of loss='focal' has no effect",
        ),
        (
            {"loss": "logit_adjusted", "options": {"tau": 0.0}},
            RARE,
            "loss='logit_adjusted' has no effect: at tau=0",
        ),
        ({"loss": "logit_adjusted"}, EVEN, "loss='logit_adjusted' has no effect: half"),
    ],
)
def test_what_changes_nothing_is_named(
    recipe: dict[str, Any], counts: tuple[int, int], says: str
) -> None:
    idle = idle_parts(Strategy(**recipe), counts)
    assert any(says in text for text in idle), idle
    assert all(text.endswith(".") for text in idle)


@pytest.mark.parametrize(
    ("recipe", "counts"),
    [
        ({"weights": "capped"}, (5_000, 100)),
        ({"weights": "balanced"}, (330, 300)),
        ({"weights": "fixed", "options": {"positive_weight": 2.0}}, EVEN),
        ({"loss": "focal", "options": {"alpha": 0.8}}, EVEN),
        ({"loss": "logit_adjusted"}, RARE),
        ({"sampling": "rate", "options": {"rate": 0.05}}, RARE),
        ({"sampling": "stratified"}, RARE),
        ({"plan": "bagging"}, EVEN),
        ({"learner": "logistic"}, EVEN),
    ],
)
def test_what_counts_is_not_named(
    recipe: dict[str, Any], counts: tuple[int, int]
) -> None:
    assert not idle_parts(Strategy(**recipe), counts)


def test_a_sampler_object_is_judged_by_what_it_returns() -> None:
    from imblearn.over_sampling import SMOTE

    assert not idle_parts(resampled(SMOTE()), EVEN)
