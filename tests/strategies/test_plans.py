# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Balanced, Bootstrap, Undersample
from equipoise.strategies import Strategy
from equipoise.strategies.plans import PLANS


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


def test_networks_follow_a_sampler_where_the_plan_has_one():
    assert not Strategy(plan="under_bagging").parts.by_rounds
    assert Strategy(plan="under_bagging", learner="tree").parts.by_rounds
    assert Strategy(plan="adaboost").parts.by_rounds


@pytest.mark.parametrize(
    ("plan", "options", "models"),
    [
        ("adaboost", {"rounds": 7}, 7),
        ("easy_ensemble", {"members": 3, "rounds": 4}, 12),
        ("self_paced", {"members": 6}, 6),
        ("under_bagging", {}, 10),
    ],
)
def test_the_number_of_models_is_a_product_of_options(plan, options, models):
    assert Strategy(plan=plan, learner="tree", options=options).members == models


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_leads_to_its_algorithm(name):
    plan = PLANS[name]
    assert callable(plan.load_rounds().rounds)
    assert set(plan.counts) <= {*plan.options}
    exact = name in ("bagging", "under_bagging")
    assert exact == (not plan.obstacle)
    correction = Strategy(plan=name, learner="logistic").correction([90, 10])
    assert correction.exact == exact


def test_under_bagging_is_shifted_by_the_rate_of_drawing():
    correction = Strategy(plan="under_bagging", learner="trees").correction([900, 100])
    assert correction.kind == "offset"
    np.testing.assert_allclose(correction.offset, [np.log(100 / 900)])


def test_the_members_of_under_bagging_see_fixed_negatives():
    with pytest.raises(InputError, match="'fresh'"):
        Strategy(plan="under_bagging", options={"fresh": True})


def test_one_plan_gives_each_model_rows_of_its_own():
    assert [name for name, plan in PLANS.items() if plan.shards] == ["under_bagging"]
    assert all(plan.rounds for plan in PLANS.values() if plan.shards)
