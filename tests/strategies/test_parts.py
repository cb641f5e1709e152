# SPDX-License-Identifier: Apache-2.0
"""The names of a strategy are looked up once, and their facts kept together."""

from __future__ import annotations

import copy
import pickle

import pytest

from equipoise.sampling import Balanced, Bootstrap
from equipoise.strategies import Strategy
from equipoise.strategies.parts import missing_pieces
from equipoise.synthesis import Smote

MIXED = Strategy(
    sampling="balanced",
    synthesis="smote",
    weights="capped",
    loss="focal",
    options={"cap": 4.0, "neighbours": 3},
)


def test_the_parts_are_those_that_are_named() -> None:
    parts = MIXED.parts
    assert parts is MIXED.parts
    assert parts.learner.name == "network"
    assert (parts.sampler_type, parts.synthesis_type) == (Balanced, Smote)
    assert parts.scheme is not None
    assert (parts.scheme.name, parts.loss.name, parts.plan) == ("capped", "focal", None)
    assert parts.synthesis() == Smote(neighbours=3)
    assert parts.chosen == {"cap": 4.0, "neighbours": 3}
    assert parts.options == {
        **{"gamma": 2.0, "alpha": None},
        **dict.fromkeys(("learning_rate", "weight_decay", "dropout", "width", "depth")),
        **{"neighbours": 3, "cap": 4.0, "deferred": None},
    }


def test_a_plan_replaces_natural_sampling_only() -> None:
    bagging = Strategy(plan="bagging").parts
    assert (bagging.sampling, bagging.sampler_type) == ("natural", Bootstrap)
    assert Strategy(plan="bagging", sampling="balanced").parts.sampler_type is Balanced


def test_a_copy_looks_its_parts_up_again() -> None:
    assert MIXED.parts.sampler() == Balanced()
    for other in (pickle.loads(pickle.dumps(MIXED)), copy.deepcopy(MIXED)):
        assert other == MIXED
        assert "parts" not in vars(other)
        assert other.parts.chosen == MIXED.parts.chosen


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, []),
        (MIXED.to_dict(), []),
        ({"loss": "mine", "plan": "mine"}, ["the loss 'mine'", "the plan 'mine'"]),
        ({"loss": 3, "weights": None}, []),
    ],
)
def test_what_is_not_registered_is_named(
    fields: dict[str, object], missing: list[str]
) -> None:
    assert missing_pieces(fields) == missing
