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
            {"plan": "under_bagging", "learner": "tree"},
            EVEN,
            "plan='under_bagging' rebalances nothing",
        ),
        (
            {"plan": "adaboost", "learner": "tree", "options": {"rounds": 1}},
            RARE,
            "plan='adaboost' has no effect: with rounds=1",
        ),
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


# ---- several classes and labels

SEVERAL, ALIKE = (900, 60, 40), (300, 300, 300)
LABELS, HALVES = [[900, 100], [990, 10]], [[50, 50], [50, 50]]


@pytest.mark.parametrize("name", catalogue())
def test_every_part_counts_on_rare_classes_and_labels(name: str) -> None:
    strategy = catalogue()[name]
    assert not idle_parts(strategy, [9_000, 800, 30])
    assert not idle_parts(strategy, [[9_000, 800], [9_990, 10]])


@pytest.mark.parametrize(
    ("recipe", "totals", "says"),
    [
        ({"weights": "balanced"}, ALIKE, "has no effect: all classes count alike."),
        ({"weights": "sqrt"}, (300, 303, 300), "count alike, to within 2%"),
        ({"weights": "balanced"}, HALVES, "with each label and without it rows count"),
        ({"weights": "capped"}, (500, 100, 80), "cap=10 of weights='capped'"),
        ({"weights": "capped"}, [[50, 50], [80, 20]], "cap=10 of weights='capped'"),
        ({"sampling": "balanced"}, ALIKE, "each class is drawn at the share that it"),
        ({"sampling": "undersample"}, ALIKE, "sampling='undersample' rebalances"),
        ({"sampling": "rate", "options": {"rate": 0.1}}, SEVERAL, "rebalances nothing"),
        ({"sampling": "balanced"}, (300, 0, 300), "rebalances nothing"),
        (
            {"sampling": "balanced", "synthesis": "smote"},
            ALIKE,
            "synthesis='smote' has no effect: no class is drawn more often than",
        ),
        (
            {"loss": "logit_adjusted"},
            ALIKE,
            "all classes are drawn alike",
        ),
        ({"loss": "logit_adjusted"}, HALVES, "half of the rows have each label"),
        ({"loss": "focal", "options": {"gamma": 0.0}}, SEVERAL, "at gamma=0"),
    ],
)
def test_what_changes_nothing_for_classes_and_labels(
    recipe: dict[str, Any], totals: Any, says: str
) -> None:
    idle = idle_parts(Strategy(**recipe), totals)
    assert any(says in text for text in idle), idle
    assert all(text.endswith(".") and "positive" not in text for text in idle)


@pytest.mark.parametrize(
    ("recipe", "totals"),
    [
        ({"weights": "balanced"}, (300, 200, 300)),
        ({"weights": "balanced"}, [[50, 50], [90, 10]]),
        ({"weights": "capped"}, (5000, 100, 80)),
        ({"sampling": "balanced", "synthesis": "smote"}, (300, 200, 100)),
        ({"sampling": "balanced"}, LABELS),
        ({"loss": "logit_adjusted"}, (300, 300, 200)),
        ({"sampling": "oversample"}, (300, 0, 100)),
    ],
)
def test_what_counts_for_classes_and_labels_is_not_named(
    recipe: dict[str, Any], totals: Any
) -> None:
    assert not idle_parts(Strategy(**recipe), totals)


def test_rows_that_are_drawn_once_at_their_shares_are_all_rows() -> None:
    same = Strategy(learner="trees", sampling="stratified")
    expected = ("sampling='stratified' has no effect: all rows are drawn once.",)
    assert idle_parts(same, [90, 10]) == expected
    assert not idle_parts(Strategy(learner="trees", sampling="bootstrap"), [90, 10])
    assert not idle_parts(Strategy(learner="trees", sampling="undersample"), [90, 10])
    assert not idle_parts(Strategy(learner="trees"), [90, 10])
