# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Balanced, Bootstrap, Undersample
from equipoise.strategies import Strategy


@pytest.mark.parametrize(
    ("strategy", "sampler"),
    [
        (Strategy(plan="bagging"), Bootstrap()),
        (Strategy(plan="bagging", sampling="balanced"), Balanced()),
        (Strategy(plan="under_bagging"), Undersample(fresh=False)),
        (
            Strategy(plan="under_bagging", options={"ratio": 0.5}),
            Undersample(0.5, fresh=False),
        ),
    ],
)
def test_members_draw_with_the_plans_sampler(strategy, sampler):
    assert strategy.sampler() == sampler
    assert strategy.members == 10


def test_members_are_a_whole_number():
    assert Strategy(plan="bagging", options={"members": 3}).members == 3
    assert Strategy().members == 1
    with pytest.raises(InputTypeError, match=r"members=2\.5"):
        Strategy(plan="bagging", options={"members": 2.5})
    with pytest.raises(InputError, match="members=0"):
        Strategy(plan="bagging", options={"members": 0})


def test_the_members_of_under_bagging_see_fixed_negatives():
    with pytest.raises(InputError, match="'fresh'"):
        Strategy(plan="under_bagging", options={"fresh": True})
