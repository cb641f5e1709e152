# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise._core.files import to_json
from equipoise.errors import InputError, InputTypeError
from equipoise.strategies import Strategy, as_strategies, sweep_strategies
from equipoise.strategies.catalogue import catalogue, strategy


def test_names_are_their_own_keys_and_recipes_differ():
    entries = catalogue()
    assert all(name == entry.name for name, entry in entries.items())
    recipes = {to_json({**e.to_dict(), "name": ""}) for e in entries.values()}
    assert len(recipes) == len(entries)


def test_the_catalogue_cannot_be_changed():
    catalogue().clear()
    assert strategy("plain") == Strategy()


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'class_weight'"):
        strategy("class_weights")


def test_as_strategies():
    mine = Strategy("mine", loss="focal")
    assert as_strategies("plain") == as_strategies(["plain"]) == [strategy("plain")]
    assert [s.name for s in as_strategies(["trees", mine])] == ["trees", "mine"]
    assert as_strategies(mine) == [mine]
    assert as_strategies("sweep") == sweep_strategies()
    assert as_strategies("weight_3") == [
        s for s in sweep_strategies() if s.name == "weight_3"
    ]


@pytest.mark.parametrize(
    ("items", "error", "match"),
    [
        ([], InputError, "no strategy"),
        (["plain", "plain"], InputError, "two strategies of the name 'plain'"),
        (["plain", 3], InputTypeError, "the strategy 3"),
        (["nope"], InputError, "strategy='nope'"),
    ],
)
def test_as_strategies_refuses(items, error, match):
    with pytest.raises(error, match=match):
        as_strategies(items)


def test_the_sweep():
    sweep = sweep_strategies()
    ratios = [w1 / w0 for w0, w1 in (s.class_weights([900, 100]) for s in sweep)]
    assert ratios[0] == pytest.approx(1)
    assert ratios[-1] == pytest.approx(30)
    assert ratios == sorted(ratios)
    with pytest.raises(InputError, match="each weight once"):
        sweep_strategies([2, 2.0])
    with pytest.raises(InputError, match="a weight=0"):
        sweep_strategies([0])
