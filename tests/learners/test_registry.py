# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError
from equipoise.learners.logistic import LogisticLearner
from equipoise.learners.prior import PriorLearner, PriorScorer
from equipoise.learners.registry import learner_for, scorer_from_state
from equipoise.learners.trees import TreesLearner
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy


def test_each_learner_is_one_object() -> None:
    for name, kind in (
        ("trees", TreesLearner),
        ("logistic", LogisticLearner),
        ("prior", PriorLearner),
    ):
        learner = learner_for(strategy(name))
        assert isinstance(learner, kind)
        assert learner is learner_for(Strategy(f"my {name}", learner=name))


def test_scorers_are_rebuilt_by_their_learners_name() -> None:
    assert scorer_from_state("prior", {"value": 1.5}) == PriorScorer(1.5)


def test_an_unknown_learner_is_an_error_by_name() -> None:
    with pytest.raises(InputError, match="forrest"):
        scorer_from_state("forrest", {})
    object.__setattr__(other := Strategy(learner="trees"), "learner", "tree")
    with pytest.raises(InputError, match="Did you mean 'trees'"):
        learner_for(other)
