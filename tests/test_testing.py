# SPDX-License-Identifier: Apache-2.0
"""Every registered object against every contract, and the contracts themselves."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
import pytest

from equipoise import losses
from equipoise.sampling.natural import Natural
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.samplers import SAMPLERS, make_sampler
from equipoise.strategies.catalogue import catalogue, sweep_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.testing import (
    LOSS_CHECKS,
    SAMPLER_CHECKS,
    SCHEME_CHECKS,
    STRATEGY_CHECKS,
    check_loss,
    check_sampler,
)
from equipoise.weights.schemes import SCHEMES

# Settings other than the defaults, one set or more for every registered name.
LOSS_OPTIONS = {
    "cross_entropy": [{}],
    "focal": [{"gamma": 1.5, "alpha": 0.3}, {"gamma": 0.5}],
    "logit_adjusted": [{"prior": 0.04, "tau": 0.7}],
    "pairwise_auc": [{"margin": 0.6}],
    "auc_margin": [{"margin": 0.8}],
}
SAMPLER_OPTIONS = {
    "natural": [{}],
    "stratified": [{}],
    "balanced": [{}],
    "rate": [{"rate": 0.1}, {"rate": 1 / 3}, {"rate": 0.9}],
    "oversample": [{}, {"ratio": 0.37}, {"ratio": 20.0}],
    "undersample": [{}, {"ratio": 0.4}, {"ratio": 1.0, "fresh": False}],
    "bootstrap": [{}],
}
SCHEME_OPTIONS = {
    "balanced": [{}],
    "log": [{}],
    "sqrt": [{}],
    "effective_number": [{}, {"beta": 0.9}, {"beta": 0.0}],
    "capped": [{"cap": 4.0}, {"cap": 1.0}],
    "fixed": [{"positive_weight": 3.0}],
}
COMPOSED = [
    Strategy(weights="effective_number", sampling="balanced", loss="focal"),
    Strategy(sampling="rate", options={"rate": 0.2}, loss="logit_adjusted"),
    Strategy(sampling="balanced", synthesis="smote", weights="sqrt"),
    Strategy(plan="bagging", sampling="balanced", options={"members": 3}),
    Strategy(synthesis="mixup", loss="focal", options={"alpha": 0.25}),
    Strategy(learner="trees", weights="capped", options={"cap": 3}),
]


def pairs(options):
    return [(name, each) for name, sets in options.items() for each in sets]


def named(check):
    return check.__name__


def test_every_registered_name_is_enrolled():
    assert set(LOSS_OPTIONS) == set(losses.loss_names())
    assert set(SAMPLER_OPTIONS) == set(SAMPLERS)
    assert set(SCHEME_OPTIONS) == set(SCHEMES)


@pytest.mark.parametrize("check", LOSS_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(LOSS_OPTIONS), ids=str)
def test_loss(check, name, options):
    check(losses.get(name), options)


@pytest.mark.parametrize("check", SAMPLER_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(SAMPLER_OPTIONS), ids=str)
def test_sampler(check, name, options):
    check(make_sampler(name, **options))


@pytest.mark.parametrize("check", SCHEME_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(SCHEME_OPTIONS), ids=str)
def test_scheme(check, name, options):
    check(name, options)


@pytest.mark.parametrize("check", STRATEGY_CHECKS, ids=named)
@pytest.mark.parametrize(
    "strategy",
    [*catalogue().values(), *sweep_strategies(), *COMPOSED],
    ids=lambda strategy: strategy.name,
)
def test_strategy(check, strategy):
    check(strategy)


# ---- the contracts notice what they are there for


def broken_loss(change):
    spec = losses.get("cross_entropy")

    def function(targets, logits):
        return change(spec.function(targets, logits), logits)

    return dataclasses.replace(spec, function=function)


@pytest.mark.parametrize(
    "change",
    [
        lambda value, z: value / (z * 0 + value),  # 0 / 0 where it saturates
        lambda value, z: value + 0.1 * z,  # negative, and not the cross-entropy
    ],
)
def test_a_broken_loss_is_found(change):
    with pytest.raises(AssertionError):
        check_loss(broken_loss(change))


@dataclasses.dataclass(frozen=True)
class Forgetful(Sampler):
    """Never draws the last row."""

    name: ClassVar[str] = "forgetful"

    def prior(self, negatives, positives):
        return positives / (negatives + positives)

    def describe(self):
        return "but for the last row"

    def _positions(self, classes, start, count, seed):
        index = Natural()._positions(classes, start, count, seed)
        return np.where(index == len(classes) - 1, 0, index).astype(np.int32)


@dataclasses.dataclass(frozen=True)
class Boastful(Natural):
    """Declares a prior that it does not keep."""

    def prior(self, negatives, positives):
        return 0.5


@pytest.mark.parametrize("kind", [Forgetful, Boastful])
def test_a_broken_sampler_is_found(kind):
    with pytest.raises(AssertionError):
        check_sampler(kind())
