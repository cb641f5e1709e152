# SPDX-License-Identifier: Apache-2.0
"""The record of an average."""

from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies.blended import BLEND, Blend
from equipoise.strategies.catalogue import AUTO, catalogue, strategy
from equipoise.strategies.strategy import Strategy

TWO = (strategy("logistic"), strategy("plain"))


def test_auto_is_what_fit_averages() -> None:
    auto = catalogue()["auto"]
    assert isinstance(auto, Blend)
    assert auto.prior == AUTO
    text = auto.describe()
    members = "logistic, piecewise, trees, extra_trees, deep_trees and plain"
    assert members in text
    assert "7%, 7%, 29%, 29%, 14% and 14%" in text
    assert "chosen for the best ranking of out-of-fold scores" in text
    for key in (*BLEND.citations, "geurts2006", "ke2017", "caruana2004"):
        assert key in auto.citation()
    assert auto.correction([9, 1]).exact
    assert repr(auto) == (
        "Blend('auto', logistic=1, piecewise=1, trees=4, extra_trees=4, "
        "deep_trees=2, plain=2)"
    )


def test_the_rule_is_kept_and_a_usual_one_is_not_written() -> None:
    auto = catalogue()["auto"]
    assert auto.to_dict()["rule"] == "average_precision"
    assert Blend.from_dict(auto.to_dict()) == auto
    usual = Blend(blended=TWO, shares=(1, 1))
    assert usual.rule == "log_loss"
    assert "rule" not in usual.to_dict()
    assert "learned on out-of-fold scores" in usual.describe()
    assert "caruana2004" not in usual.citation()


def test_its_name_is_that_of_its_parts() -> None:
    assert Blend(blended=TWO, shares=(1, 1)).name == "logistic+plain"


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"blended": TWO[:1], "shares": (1,)}, InputError, "at least two"),
        ({"blended": (TWO[0],) * 2, "shares": (1, 1)}, InputError, "different names"),
        ({"blended": TWO, "shares": (1,)}, InputError, "2, one each"),
        ({"blended": TWO, "shares": (1, 0)}, InputError, "a share=0"),
        ({"blended": ("plain", TWO[0]), "shares": (1, 1)}, InputTypeError, "plain"),
        (
            {"blended": (catalogue()["auto"], TWO[0]), "shares": (1, 1)},
            UnsupportedError,
            "within a blend",
        ),
        (
            {"blended": TWO, "shares": (1, 1), "loss": "focal"},
            UnsupportedError,
            "loss='focal' with a blend",
        ),
        (
            {"blended": TWO, "shares": (1, 1), "learner": "trees"},
            UnsupportedError,
            "learner='trees' with a blend",
        ),
        ({"blended": TWO, "shares": (1, 1), "name": 3}, InputTypeError, "name=3"),
        (
            {"blended": TWO, "shares": (1, 1), "rule": "log loss"},
            InputError,
            "'log_loss'",
        ),
    ],
)
def test_it_refuses(given: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        Blend(**given)


def test_a_strategy_cannot_call_itself_one() -> None:
    with pytest.raises(InputError, match="learner='blend'"):
        Strategy(learner="blend")
