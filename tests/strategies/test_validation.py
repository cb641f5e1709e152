# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies import Strategy

FITTED = ("trees", "extra_trees", "logistic", "prior")


@pytest.mark.parametrize(
    ("part", "wrong", "meant"),
    [
        ("learner", "netwrok", "network"),
        ("sampling", "balance", "balanced"),
        ("synthesis", "SMOTE", "smote"),
        ("weights", "effective", "effective_number"),
        ("loss", "focall", "focal"),
        ("plan", "underbagging", "under_bagging"),
    ],
)
def test_unknown_names_suggest_the_nearest(part, wrong, meant):
    with pytest.raises(InputError, match=f"Did you mean '{meant}'"):
        Strategy(**{part: wrong})


def test_names_are_texts():
    with pytest.raises(InputTypeError, match="loss=3"):
        Strategy(loss=3)
    with pytest.raises(InputTypeError, match="name=3"):
        Strategy(name=3)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"synthesis": "smote"}, "repeated positives"),
        ({"synthesis": "smote", "sampling": "undersample"}, "repeated positives"),
        ({"synthesis": "smote", "sampling": "stratified"}, "repeated positives"),
        ({"synthesis": "smote", "plan": "bagging"}, "repeated positives"),
        ({"synthesis": "mixup", "loss": "pairwise_auc"}, "forms no pair"),
        ({"weights": "balanced", "loss": "pairwise_auc"}, "cancel"),
        ({"weights": "log", "loss": "auc_margin"}, "cancel"),
        ({"sampling": "balanced", "loss": "logit_adjusted"}, "adjust nothing"),
        ({"sampling": "rate", "plan": "under_bagging"}, "The plan itself"),
    ],
)
def test_contradictions_are_refused_with_the_reason(parts, why):
    with pytest.raises(InputError, match=why):
        Strategy(**parts)


@pytest.mark.parametrize(
    ("learner", "part"),
    [
        *((name, {"loss": "focal"}) for name in FITTED),
        ("prior", {"sampling": "balanced"}),
        ("prior", {"weights": "balanced"}),
    ],
)
def test_what_a_learner_does_not_serve_is_named(learner, part):
    with pytest.raises(UnsupportedError, match=f"learner='{learner}'"):
        Strategy(learner=learner, **part)


def test_a_constant_makes_no_ensemble():
    with pytest.raises(UnsupportedError, match="learner='prior'"):
        Strategy(learner="prior", plan="bagging")


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"weights": "balanced"}, "how much each row counts"),
        ({"learner": "network", "synthesis": "mixup"}, "which rows its models"),
        ({"learner": "network", "loss": "pairwise_auc"}, "how sure a model is"),
        ({"learner": "network", "sampling": "rate"}, "The plan itself"),
    ],
)
@pytest.mark.parametrize("plan", ["adaboost", "self_paced", "easy_ensemble"])
def test_a_plan_by_rounds_leaves_no_room_for_it(plan, parts, why):
    with pytest.raises(InputError, match=why):
        Strategy(plan=plan, **{"learner": "tree", **parts})


def test_bagging_of_trees_takes_no_other_sampling():
    assert Strategy(plan="bagging", sampling="balanced").members == 10
    with pytest.raises(InputError, match="which rows its models"):
        Strategy(plan="bagging", learner="trees", sampling="balanced")


def test_the_epochs_of_a_round_are_a_networks():
    assert Strategy(plan="adaboost").option("epochs") == 5
    with pytest.raises(InputError, match="'epochs'"):
        Strategy(plan="adaboost", learner="tree", options={"epochs": 5})


@pytest.mark.parametrize("learner", ["extra_trees", "logistic", "prior"])
def test_a_learning_rate_is_a_network_s(learner):
    with pytest.raises(
        UnsupportedError, match=rf"learning_rate=0.001 with learner='{learner}'.*Adam"
    ):
        Strategy(learner=learner, options={"learning_rate": 1e-3})


@pytest.mark.parametrize("wrong", ["fast", True])
def test_a_learning_rate_is_a_number(wrong):
    with pytest.raises(InputTypeError, match="learning_rate="):
        Strategy(options={"learning_rate": wrong})


def test_the_prior_has_no_weights_but_trees_have():
    Strategy(learner="trees", weights="balanced")
    with pytest.raises(UnsupportedError, match="weights='balanced'"):
        Strategy(learner="prior", weights="balanced")


@pytest.mark.parametrize(
    ("parts", "option", "hint"),
    [
        ({"loss": "focal"}, "gama", "Did you mean 'gamma'"),
        ({}, "gamma", "learning_rate"),
        ({}, "learning_rat", "Did you mean 'learning_rate'"),
        ({"learner": "extra_trees"}, "gamma", "'leaf_rows', 'column_share' with these"),
        ({"learner": "prior"}, "gamma", "none with these"),
        ({"weights": "capped"}, "beta", "'cap'"),
        ({"loss": "pairwise_auc"}, "warmstart", "Did you mean 'warm_start'"),
    ],
)
def test_options_belong_to_a_part_in_use(parts, option, hint):
    with pytest.raises(InputError, match=hint):
        Strategy(**parts, options={option: 1})


@pytest.mark.parametrize(
    ("parts", "option", "value"),
    [
        ({"loss": "focal"}, "gamma", -1),
        ({"loss": "focal"}, "alpha", 1.0),
        ({"loss": "logit_adjusted"}, "tau", -0.1),
        ({"loss": "auc_margin"}, "margin", 0),
        ({"loss": "auc_margin"}, "warm_start", 1.1),
        ({"weights": "effective_number"}, "beta", 1.0),
        ({"sampling": "rate"}, "rate", 0.0),
        ({"sampling": "oversample", "synthesis": "smote"}, "neighbours", 0),
        ({"synthesis": "mixup"}, "concentration", 0.0),
        ({}, "learning_rate", 0.0),
        ({"plan": "bagging"}, "learning_rate", -1e-3),
        ({"loss": "focal"}, "learning_rate", 10.0),
    ],
)
def test_options_out_of_range_are_refused_at_once(parts, option, value):
    with pytest.raises(InputError, match=f"{option}="):
        Strategy(**parts, options={option: value})


@pytest.mark.parametrize("learner", ["trees", "logistic", "lightgbm"])
def test_blends_of_two_classes_are_for_networks(learner):
    with pytest.raises(UnsupportedError, match="learner='network'"):
        Strategy(learner=learner, synthesis="mixup")
    made = Strategy(learner=learner, sampling="oversample", synthesis="smote")
    assert "chawla2002" in made.citation()
    assert (
        "dalpozzolo2015" in Strategy(learner=learner, sampling="undersample").citation()
    )
